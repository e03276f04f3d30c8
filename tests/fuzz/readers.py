"""Every reader of something from outside, as a function of bytes: rows, a value, or a typed error.

A reader here writes the bytes where the program would find them and reads them as the program does.
What comes out is a `RetentionError`, or something that is looked at; anything else is a find.
"""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from pipelines.catalogue.expectations import load_suite
from pipelines.catalogue.scorecard import load_rules
from pipelines.catalogue.spec import load_spec
from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.delivery.config import load_deliveries
from pipelines.jobs.plan.form import read_plan
from pipelines.operations.restoring import restore_home
from pipelines.returns.filled import read_return
from pipelines.sources import Limits
from pipelines.sources.operator.database_spec import load_spec as load_database_spec
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.mapping import load_mapping
from pipelines.store.torn import check_table
from pipelines.store.versions import Version
from tests.sources.test_fuzz import check_any
from tests.support.small import KEY, own_settings

MONTH = Month.parse("2026-10")
LIMITS = Limits(gzip_bytes=1 << 22, xlsx_cells=10_000)

Reader = Callable[[bytes], None]


def _deliver(name: str) -> Reader:
    """Deliver the bytes as a file of the table `plan`."""
    return partial(check_any, name)


def _read_file(name: str, load: Callable[[Path], object]) -> Reader:
    """Write the bytes into a file of that name and load it."""

    def read(content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            load(path)

    return read


def _take_back(path: Path) -> None:
    returned = read_return(path, KEY.encode(), LIMITS)
    assert returned.rows or returned.unfilled >= 0


def _restore(path: Path) -> None:
    restore_home(path, path.parent / "home", own_settings())
    outside = set(os.listdir(path.parent)) - {path.name, "home"}
    assert not outside, outside


def _read_manifest(path: Path) -> None:
    version = Version(MONTH, path.parent)
    version.read_manifest().to_json()
    version.month_inputs.to_json()
    assert version.of_month and version.entries is not None


READERS: Mapping[str, Reader] = {
    "csv": _deliver("plan.csv"),
    "csv_packed": lambda content: _deliver("plan.csv.gz")(gzip.compress(content)),
    "gzip": _deliver("plan.csv.gz"),
    "xlsx": _deliver("plan.xlsx"),
    "parquet": _deliver("plan.parquet"),
    "returned_xlsx": _read_file("book.xlsx", _take_back),
    "returned_csv": _read_file("book.csv", _take_back),
    "mapping": _read_file("mapping.yml", load_mapping),
    "database": _read_file("source.yml", load_database_spec),
    "deliveries": _read_file("deliveries.yml", load_deliveries),
    "plan": _read_file("plan.yml", read_plan),
    "scorecard": _read_file("scorecard.yml", load_rules),
    "gate": _read_file("gate.yml", lambda path: load_suite("bill", MONTH, path)),
    "spec": _read_file("sql/kpi/arrears_rate.sql", load_spec),
    "manifest": _read_file("v0001/manifest.json", _read_manifest),
    "table": _read_file("kpi_monthly.parquet", check_table),
    "archive": _read_file("home.tar", _restore),
}


def try_reader(name: str, content: bytes) -> None:
    """Give a reader bytes; raise whatever is no answer of ours."""
    try:
        READERS[name](content)
    except (RetentionError, FileRefused):
        return
