"""What a month costs that is the same on every machine, room by room; a program of its own.

    python -m tests.jobs.month_costs FOLDER        tell the costs as JSON
    python -m tests.jobs.month_costs --record      write those of now into the budget

The second month of a small twin is counted, in an interpreter that has run the first as well: what
is imported, read or prepared once a process counts for neither.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa

import twin
from pipelines import ROOMS
from pipelines.catalogue.spec import TableName
from pipelines.core.month import Month
from pipelines.engines.duckdb import DuckEngine
from pipelines.jobs.job import Job
from pipelines.jobs.run import run_month
from pipelines.store.lake import Version
from tests.support.small import own_settings

BUDGET = Path(__file__).with_suffix(".json")
MONTHS = (Month.parse("2026-07"), Month.parse("2026-08"))
SERVICES = 800
_WORD = re.compile(r"\w+")

Costs = dict[str, dict[str, int]]  # by room, then by what is counted


class Tally:
    """The counts of a month, each under the room that was at work."""

    def __init__(self) -> None:
        self.room = ROOMS[0]
        self.counts: Counter[tuple[str, str]] = Counter()

    def enter(self, step: str) -> None:
        """Count what comes under the room that begins, if one does."""
        if step in ROOMS:
            self.room = step

    def add(self, what: str, number: int) -> None:
        """Add to a count of the room at work."""
        self.counts[self.room, what] += number


TALLY = Tally()


class CountingEngine(DuckEngine):
    """The embedded engine, which counts what it is asked."""

    def __init__(self, *options: Any) -> None:
        self._sizes: dict[TableName, int] = {}
        super().__init__(*options)

    def bind(self, table: TableName, path: Path) -> None:
        """Bind a table, and know how large its file is."""
        self._sizes[table] = path.stat().st_size
        super().bind(table, path)

    def execute(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Run a statement; the files that it names are read, however often."""
        answer = super().execute(sql, parameters)
        TALLY.add("statements", 1)
        if not sql.startswith("CREATE OR REPLACE VIEW"):
            TALLY.add("bytes_read", self._sum_named(sql))
        return answer

    def _sum_named(self, sql: str) -> int:
        """The bytes of the Parquet files that a statement names."""
        words = set(_WORD.findall(sql))
        named = 0
        for table, size in self._sizes.items():
            if table.name in words and (not table.era or table.era in words):
                named += size
        return named

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Return rows as dicts, which are rows that pass through Python."""
        rows = super().rows(sql, parameters)
        TALLY.add("python_rows", len(rows))
        return rows

    def register(self, name: str, rows: pa.Table) -> None:
        """Take rows in that code has made."""
        TALLY.add("python_rows", rows.num_rows)
        super().register(name, rows)


def count_costs(folder: Path) -> Costs:
    """Run two months of a small twin in a folder; return the costs of the second."""
    source = folder / "source"
    last = MONTHS[-1]
    twin.generate(
        source, services=SERVICES, months=len(MONTHS), seed=3, through=str(last)
    )
    first, second = [_open_job(folder / "home", source, month) for month in MONTHS]
    run_month(first)

    TALLY.counts.clear()
    with mock.patch("pipelines.engines.DuckEngine", CountingEngine):
        version = run_month(second)
    _add_tables(version)
    costs: Costs = {room: {} for room in ROOMS}
    for (room, what), number in sorted(TALLY.counts.items()):
        costs[room][what] = number
    return costs


def _open_job(home: Path, source: Path, month: Month) -> Job:
    return Job(home, month, str(source), settings=own_settings(), progress=TALLY.enter)


def _add_tables(version: Version) -> None:
    """Count the tables of each room and their bytes."""
    for name, entry in version.entries.items():
        if entry.is_computed:
            TALLY.room = str(entry.room)
            TALLY.add("tables", 1)
            TALLY.add("bytes_written", version.count_bytes(name))


def main() -> None:
    """Tell the costs of a month, or record them as its budget."""
    with TemporaryDirectory() as folder:
        costs = count_costs(Path(folder))
    text = json.dumps(costs, indent=1, sort_keys=True) + "\n"
    if sys.argv[1:] == ["--record"]:
        BUDGET.write_text(text, encoding="utf-8")
        return
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
