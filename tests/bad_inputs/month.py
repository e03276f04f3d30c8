"""A clean month of the twin, into which one fault is planted; and the rooms that read it."""

from __future__ import annotations

import atexit
import copy
import csv
import hashlib
import io
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xlsxwriter

from pipelines.core.contract import load_contract
from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.jobs.run import run_room
from pipelines.store.lake import MonthFolder
from pipelines.store.persons.vault import read_open_rows
from tests.support.small import job
from twin import generate

MONTH = Month.parse("2026-08")
REQUIRED = ("customer", "service", "bill")
Rows = list[dict[str, str]]


@cache
def scratch() -> Path:
    """A folder of this test run."""
    folder = Path(tempfile.mkdtemp(prefix="bad-inputs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def twin_source() -> Path:
    """Two clean months of a synthetic operator; nobody may change them."""
    generate(scratch() / "twin", services=300, months=2, seed=1, through=str(MONTH))
    return scratch() / "twin"


@cache
def _schema(table: str) -> pa.Schema:
    return pq.read_schema(twin_source() / str(MONTH) / f"{table}.parquet")


@cache
def _texts(table: str) -> bytes:
    found = pq.read_table(twin_source() / str(MONTH) / f"{table}.parquet")
    columns = [
        pc.fill_null(pc.cast(column, pa.string()), "").to_pylist()
        for column in found.columns
    ]
    return pickle.dumps(
        [
            dict(zip(found.column_names, row, strict=True))
            for row in zip(*columns, strict=True)
        ]
    )


def parquet(rows: Rows, schema: pa.Schema) -> bytes:
    """Rows of text as Parquet with proper types; an empty cell is NULL."""
    arrays = [
        _typed([row[name] for row in rows], schema.field(name).type)
        for name in schema.names
    ]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink)
    return sink.getvalue()


def _typed(cells: list[str], kind: pa.DataType) -> pa.Array:
    return pc.cast(pa.array([cell or None for cell in cells], pa.string()), kind)


@dataclass
class Planting:
    """What is right (`right`), and what is delivered instead of it: changed rows, or whole files of bytes."""

    right: dict[str, Rows] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    _wrong: dict[str, Rows] = field(default_factory=dict)

    def true(self, table: str) -> Rows:
        """The rows as they should come out; changes go into the clean month as well. Ask before `rows`."""
        if table not in self.right:
            self.right[table] = pickle.loads(_texts(table))
        return self.right[table]

    def rows(self, table: str) -> Rows:
        """The rows as they are delivered; changes are the fault."""
        if table not in self._wrong:
            known = self.right.get(table)
            self._wrong[table] = (
                copy.deepcopy(known)
                if known is not None
                else pickle.loads(_texts(table))
            )
        return self._wrong[table]

    def names(self, table: str) -> list[str]:
        """The table's columns in the twin."""
        return list(_schema(table).names)

    def csv(
        self, table: str, delimiter: str = ",", end: str = "\n", **options: Any
    ) -> str:
        """The delivered rows as CSV."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end, **options)
        writer.writerow(self.names(table))
        writer.writerows(row.values() for row in self.rows(table))
        return out.getvalue()

    def lines(self, table: str, delimiter: str = ",") -> list[str]:
        """The delivered rows as lines of CSV, the header first."""
        return self.csv(table, delimiter).splitlines()

    def send(self, name: str, content: bytes | str | Iterable[str]) -> None:
        """Deliver a file; text becomes UTF-8, lines become text."""
        if not isinstance(content, bytes | str):
            content = "\n".join(content) + "\n"
        self.files[name] = content if isinstance(content, bytes) else content.encode()

    def send_csv(self, table: str) -> None:
        """Deliver the rows as a plain CSV file."""
        self.send(f"{table}.csv", self.csv(table))

    def send_parquet(self, table: str, **kinds: pa.DataType) -> None:
        """Deliver the rows as Parquet, some columns with other types."""
        schema = pa.schema(
            [
                (name, kinds.get(name, _schema(table).field(name).type))
                for name in self.names(table)
            ]
        )
        self.send(f"{table}.parquet", parquet(self.rows(table), schema))

    def send_xlsx(
        self,
        table: str,
        change: Callable[[Any, Any], object] | None = None,
        **options: Any,
    ) -> None:
        """Deliver the rows as a workbook whose cells are all text; `change` may rewrite some."""
        self.send(
            f"{table}.xlsx",
            workbook(
                [self.names(table), *map(_values, self.rows(table))], change, **options
            ),
        )

    def tables(self) -> list[str]:
        """The tables of this month: the required ones and those with a fault."""
        return [
            t
            for t in load_contract()
            if t in REQUIRED or t in self.right or t in self._sent()
        ]

    def _sent(self) -> set[str]:
        return {name.split(".")[0] for name in self.files}

    def file(self, table: str) -> str:
        """The name of the file a table comes in."""
        return next(
            (name for name in self.files if name.split(".")[0] == table),
            f"{table}.parquet",
        )

    def line(self, table: str, place: int) -> int:
        """The line of a row: a Parquet file has no header line."""
        return place + (1 if self.file(table).endswith(".parquet") else 2)

    def write(self, folder: Path, is_clean: bool = False) -> Path:
        """Write the month's folder; return the source."""
        target = folder / str(MONTH)
        target.mkdir(parents=True)
        for table in self.tables():
            if is_clean or table not in self._sent():
                self._write_clean(table, target)
        for name, content in {} if is_clean else self.files.items():
            (target / name).write_bytes(content)
        return folder

    def _write_clean(self, table: str, target: Path) -> None:
        if table in self.right:
            (target / f"{table}.parquet").write_bytes(
                parquet(self.right[table], _schema(table))
            )
        else:
            shutil.copy(twin_source() / str(MONTH) / f"{table}.parquet", target)


def _values(row: dict[str, str]) -> list[str]:
    return list(row.values())


def workbook(
    rows: Sequence[Sequence[str]],
    change: Callable[[Any, Any], object] | None = None,
    **options: Any,
) -> bytes:
    """Write rows of text as a workbook of one sheet."""
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True, **options}) as book:
        sheet = book.add_worksheet("Sheet1")
        write_sheet(sheet, rows)
        if change:
            change(book, sheet)
    return sink.getvalue()


def write_sheet(sheet: Any, rows: Sequence[Sequence[str]]) -> None:
    """Write rows of text; an empty cell stays empty."""
    for line, row in enumerate(rows):
        for place, cell in enumerate(row):
            if cell:
                sheet.write_string(line, place, cell)


# -- running -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """What the rooms extract and snapshot made of a month; `error` when they stopped."""

    home: Path
    error: RetentionError | None = None

    @property
    def draft(self) -> Path:
        """The draft's folder."""
        return MonthFolder(self.home, MONTH).draft().path

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table's rows."""
        found: list[dict[str, Any]] = pq.read_table(
            self.draft / f"{table}.parquet"
        ).to_pylist()
        return found

    def people(self) -> list[dict[str, Any]]:
        """Who the customers are, as the one reader of names opens them."""
        draft = MonthFolder(self.home, MONTH).draft()
        return read_open_rows(draft, "snapshot_person")

    def entry(self, table: str) -> dict[str, Any]:
        """What the manifest says of a table."""
        return MonthFolder(self.home, MONTH).draft().finished[table].to_json()


def take_in(source: Path, home: Path, last: str = "snapshot") -> Taken:
    """Run the rooms extract and snapshot (and validate, if asked)."""
    try:
        for room in ("extract", "snapshot", "validate"):
            run_room(job(home, source, MONTH), room)
            if room == last:
                break
    except RetentionError as error:
        return Taken(home, error)
    return Taken(home)


_CLEAN: dict[str, Taken] = {}


def clean(month: Planting) -> Taken:
    """The same month without the fault, run once for the same tables and rows."""
    key = (
        hashlib.sha256(pickle.dumps(month.right)).hexdigest() if month.right else "twin"
    )
    if key not in _CLEAN:
        folder = scratch() / key
        source = (
            month.write(folder / "source", is_clean=True)
            if month.right
            else twin_source()
        )
        _CLEAN[key] = take_in(source, folder / "home")
    return _CLEAN[key]
