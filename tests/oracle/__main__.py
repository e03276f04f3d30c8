"""`python -m tests.oracle SOURCE MONTH`: prints the expected table, or compares a CSV of the home with it."""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd

from .compare import compare
from .kpis import THETA, expected_kpis
from .read import month_folders


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("month")
    parser.add_argument(
        "--home-csv",
        type=Path,
        help="from `retention show kpi_monthly MONTH --out FILE.csv`",
    )
    parser.add_argument("--theta", type=Decimal, default=THETA)
    parser.add_argument(
        "--company", action="store_true", help="print the company rows only"
    )
    options = parser.parse_args(argv)
    expected = expected_kpis(
        options.source, month_folders(options.source), options.month, options.theta
    )
    if options.home_csv:
        actual = pd.read_csv(
            options.home_csv, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
        report = compare(expected, actual[actual["month"].str[:7] == options.month])
        sys.stdout.write(f"{report}\n")
        return 0 if report.ok else 1
    shown = (
        expected[expected["scope_kind"] == "company"] if options.company else expected
    )
    sys.stdout.write(shown.to_string(index=False, na_rep="") + "\n")
    for name, why in expected.attrs["reasons"].items():
        sys.stdout.write(f"not computed: {name}: {why}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
