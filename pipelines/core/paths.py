"""Where the project's own files lie. Imports nothing of ours."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "sql"
EXPECTATIONS = ROOT / "expectations"
LOCALES = ROOT / "locales"
