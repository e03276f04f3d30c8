"""Good files to begin from, one of each kind, as the program or its pages write them; and what was once found."""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import openpyxl

from pipelines.core.paths import ROOT
from pipelines.operations.backup import back_up
from tests.sources.test_fuzz import GOOD
from tests.support.office import exported, fill, released_town
from tests.support.small import Town, own_settings

CORPUS = Path(__file__).with_name("corpus")  # a find a file, in its reader's folder
_YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
_DATABASE = (
    b"url_env: OPERATOR_URL\nencoding: gb18030\ntables: {plan: SELECT 1 AS plan_id}\n"
)
_GATE = b"bill.column_values_to_be_unique:bill_id: {severity: warning, mostly: 0.9}\n"


@cache
def make_seeds() -> Mapping[str, list[bytes]]:
    """Good files by reader, and behind them what was once found."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        seeds = _make_delivered() | _make_written() | _make_kept(folder)
        _open_sealed(folder)
    for name, files in seeds.items():
        finds = sorted((CORPUS / name).glob("*"))
        files.extend(path.read_bytes() for path in finds)
    return seeds


def _make_delivered() -> dict[str, list[bytes]]:
    """What an operator delivers."""
    plain = [GOOD["plan.csv"], GOOD["plan.part-1.csv"]]
    return {
        "csv": plain,
        "csv_packed": plain,
        "gzip": [gzip.compress(content, mtime=0) for content in plain],
        "xlsx": [GOOD["plan.xlsx"]],
        "parquet": [GOOD["plan.parquet"]],
        "mapping": [_read_example("delivery.md")],
        "database": [_DATABASE],
    }


def _make_written() -> dict[str, list[bytes]]:
    """What people of the office write."""
    sql = ROOT / "sql" / "kpi" / "arrears_rate.sql"
    scorecard = ROOT / "pipelines" / "catalogue" / "scorecard.yml"
    return {
        "deliveries": [_read_example("deliveries.md")],
        "plan": [_read_example("plan.md")],
        "scorecard": [scorecard.read_bytes()],
        "gate": [_GATE],
        "spec": [sql.read_bytes()],
    }


def _make_kept(folder: Path) -> dict[str, list[bytes]]:
    """What a released month leaves: tables, manifest, archive, a filled workbook."""
    home = folder / "home"
    town = Town().person("ann").person("bob").owe("ann")
    version = released_town(home, town).version().path
    book = exported(home, folder / "out")["M1"]
    fill(book, {"ann": {"outcome": "no_answer"}})
    now = datetime(2026, 11, 1, tzinfo=UTC)
    archive = back_up(home, folder / "archives", own_settings(), now).path
    return {
        "manifest": [(version / "manifest.json").read_bytes()],
        "table": [(version / "kpi_monthly.parquet").read_bytes()],
        "archive": [archive.read_bytes()],
        "returned_xlsx": [book.read_bytes()],
        "returned_csv": [_write_csv(book)],
    }


def _write_csv(book: Path) -> bytes:
    """Return a workbook's first sheet as CSV, as a spreadsheet saves it."""
    lines = []
    for row in openpyxl.load_workbook(book).worksheets[0].iter_rows(values_only=True):
        cells = ["" if cell is None else str(cell) for cell in row]
        quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        lines.append(",".join(quoted))
    return "\r\n".join(lines).encode("utf-8-sig")


def _read_example(page: str) -> bytes:
    """Return the first YAML that a page of the documentation shows."""
    match = _YAML.search((ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert match is not None, page
    return match[1].encode()


def _open_sealed(folder: Path) -> None:
    """Sealed folders take the right to write away, also from who cleans up."""
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(folder / "home")
