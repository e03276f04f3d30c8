"""Delivered names and numbers leave the raw table before anything is recorded of it.

A cell becomes `sealed:<number>` with the form that it had, or what was wrong with it; what it said
goes to `store.persons.vault`, sealed under the customer's key, read as the contract has it. Columns
that nobody knows go the same way, for they may say anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.core.contract import Column, Table, load_contract
from pipelines.core.quoting import quote_name, scan_parquet
from pipelines.core.values import MACROS, SEALED, write_broken_rule, write_typed_cell
from pipelines.sources.operator.delivery import FAULT, FILE, LINE
from pipelines.store.files import write_parquet
from pipelines.store.persons.cipher import seal_text
from pipelines.store.persons.vault import (
    UNNUMBERED,
    SealedRow,
    find_file,
    make_place,
    writing_cells,
)

if TYPE_CHECKING:
    from pipelines.store.persons.keys import PersonKeys

OWNER, LINE_KEY = "customer_id", "service_id"
_OURS = (FILE, LINE, FAULT)
_VALUE, _FORM, _RULE = "value", "form", "rule"


def seal_table(name: str, draft: Path, keys: PersonKeys) -> bool:
    """Take what is personal out of a delivered table of a draft; return whether it had any."""
    table = load_contract()[name]
    path = draft / f"extract_{name}.parquet"
    schema = pq.read_schema(path)
    sealing = _plan_sealing(table, schema)
    if sealing is None:
        return False
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        for macro in MACROS:
            connection.execute(f"CREATE MACRO {macro}")
        work = _Work(sealing, connection, keys, draft)
        work.look_at(path)
        cells = find_file(draft, name)
        cells.parent.mkdir(mode=0o700, exist_ok=True)
        whole = path.with_name(f".{path.name}.whole.tmp")
        path.rename(whole)
        try:
            with writing_cells(cells) as write:
                work.seal_file(whole, path, write)
        finally:
            whole.unlink(missing_ok=True)
    return True


@dataclass(frozen=True)
class _Sealing:
    """What of a delivered table is sealed: columns that the contract knows, and others."""

    table: Table
    schema: pa.Schema
    personal: tuple[Column, ...]
    strangers: tuple[str, ...]

    @property
    def output(self) -> pa.Schema:
        """The columns of the raw table afterwards: what was sealed is text."""
        hidden = {column.name for column in self.personal} | set(self.strangers)
        fields = []
        for one in self.schema:
            fields.append(
                pa.field(one.name, pa.string()) if one.name in hidden else one
            )
        return pa.schema(fields)

    @property
    def subject(self) -> str:
        """Whom a row is about: a line where the table is one of lines, else a customer."""
        is_of_lines = self.table.name == "service" or self.table.column(OWNER) is None
        return LINE_KEY if is_of_lines else OWNER


def _plan_sealing(table: Table, schema: pa.Schema) -> _Sealing | None:
    """None of a table that is about no customer, or has nothing to be sealed."""
    is_about_customers = table.column(OWNER) or table.column(LINE_KEY)
    if not is_about_customers:
        return None
    personal = []
    strangers = []
    for name in schema.names:
        column = table.column(name)
        if column is None:
            strangers.append(name)
        elif column.personal:
            personal.append(column)
    strangers = [name for name in strangers if name not in _OURS]
    if not personal and not strangers:
        return None
    return _Sealing(table, schema, tuple(personal), tuple(strangers))


@dataclass
class _Work:
    """One table on its way: what says the same twice is known by its number."""

    sealing: _Sealing
    connection: duckdb.DuckDBPyConnection
    keys: PersonKeys
    draft: Path
    physical: dict[str, str] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    rows_of: dict[str, int] = field(default_factory=dict)
    numbers: dict[tuple[str, str, str], int] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)

    def look_at(self, path: Path) -> None:
        """Learn the types of the columns, and of whom there is more than one row."""
        scan = scan_parquet(path)
        described = self.connection.execute(f"DESCRIBE FROM {scan}").fetchall()
        self.physical = {name: kind for name, kind, *_ in described}
        table = self.sealing.table
        subject = self._read_id(self.sealing.subject)
        if self.sealing.personal and subject:
            repeated = self.connection.execute(
                f"SELECT {subject} AS id FROM {scan} AS raw GROUP BY id HAVING COUNT(*) > 1"
            )
            self.repeated = {one for (one,) in repeated.fetchall() if one is not None}
        if table.column(OWNER) is None:
            self.owners = _read_owners(self.draft)

    def _read_id(self, name: str) -> str | None:
        column = self.sealing.table.column(name)
        if column is None or name not in self.physical:
            return None
        return write_typed_cell(column, self.physical[name]).value

    def seal_file(
        self, whole: Path, path: Path, write: Callable[[Sequence[SealedRow]], None]
    ) -> None:
        """Write the table without what is personal, and what was sealed beside it."""

        def read() -> Iterator[pa.RecordBatch]:
            with pq.ParquetFile(whole) as file:
                for batch in file.iter_batches():
                    kept, sealed = self._seal_batch(batch)
                    write(sealed)
                    yield kept

        output = self.sealing.output
        write_parquet(path, pa.RecordBatchReader.from_batches(output, read()))

    def _seal_batch(
        self, batch: pa.RecordBatch
    ) -> tuple[pa.RecordBatch, list[SealedRow]]:
        told = self._read_batch(batch)
        owners = self._find_owners(told)
        keys = self.keys.make(filter(None, owners))
        tokens: dict[str, list[str | None]] = {
            column.name: [] for column in self.sealing.personal
        }
        sealed: list[SealedRow] = []
        for index, owner in enumerate(owners):
            subject = told["subject"][index]
            # Of a row without a sound id nobody can say whose name it has: it is kept nowhere.
            is_whose = subject is not None and owner is not None
            number = self._count_row(subject) if is_whose else 0
            for name, made in tokens.items():
                made.append(self._make_token(told, index, name, subject, number))
            key = keys.get(owner or "")
            if is_whose and key is not None:
                sealed += self._seal_row(told, index, number, owner or "", key)
        return self._replace_columns(batch, tokens), sealed

    def _seal_row(
        self,
        told: Mapping[str, list[Any]],
        index: int,
        number: int,
        owner: str,
        key: bytes,
    ) -> Iterator[SealedRow]:
        """Seal what a row says that is personal; nothing of one that says nothing."""
        cells = self._tell_row(told, index)
        if not cells:
            return
        subject = told["subject"][index]
        place = make_place(self.sealing.table.name, subject)
        text = json.dumps(cells, ensure_ascii=False)
        yield SealedRow(subject, number, owner, seal_text(key, place, text))

    def _read_batch(self, batch: pa.RecordBatch) -> dict[str, list[Any]]:
        """Read ids and personal cells of a batch by the contract; other columns as they are."""
        subject = self._read_id(self.sealing.subject)
        owner = self._read_id(OWNER)
        read = [f"{subject or 'NULL'} AS subject", f"{owner or 'NULL'} AS owner"]
        for column in self.sealing.personal:
            read += self._read_personal(column)
        for name in self.sealing.strangers:
            text = f"CAST(raw.{quote_name(name)} AS VARCHAR)"
            read.append(f"{text} AS {quote_name(f'stranger.{name}')}")
        self.connection.register("batch", batch)
        answer = self.connection.execute(f"SELECT {', '.join(read)} FROM batch AS raw")
        told: dict[str, list[Any]] = answer.to_arrow_table().to_pydict()
        self.connection.unregister("batch")
        return told

    def _read_personal(self, column: Column) -> Iterator[str]:
        cell = write_typed_cell(column, self.physical[column.name])
        raw = f"CAST(raw.{quote_name(column.name)} AS VARCHAR)"
        is_empty = cell.empty or f"{cell.value} IS NULL"
        rule = write_broken_rule(column, raw)
        broken = f"CASE WHEN {cell.value} IS NULL AND NOT ({is_empty}) THEN {rule} END"
        for kind, sql in (
            (_VALUE, f"CAST({cell.value} AS VARCHAR)"),
            (_FORM, cell.form or "NULL"),
            (_RULE, broken),
        ):
            yield f"{sql} AS {quote_name(f'{kind}.{column.name}')}"

    def _find_owners(self, told: Mapping[str, list[Any]]) -> list[str | None]:
        if self.sealing.table.column(OWNER) is not None:
            return told["owner"]
        return [self.owners.get(line) for line in told["subject"]]

    def _tell_row(self, told: Mapping[str, list[Any]], index: int) -> dict[str, str]:
        """What is to be sealed of a row, by column."""
        cells = {}
        for column in self.sealing.personal:
            value = told[f"{_VALUE}.{column.name}"][index]
            if value is not None:
                cells[column.name] = value
        for name in self.sealing.strangers:
            value = told[f"stranger.{name}"][index]
            if value is not None:
                cells[name] = value
        return cells

    def _count_row(self, subject: str) -> int:
        """The number of a row among those of its subject."""
        if self.sealing.personal and subject not in self.repeated:
            return 1
        number = self.rows_of.get(subject, 0) + 1
        self.rows_of[subject] = number
        return number

    def _make_token(
        self,
        told: Mapping[str, list[Any]],
        index: int,
        column: str,
        subject: str | None,
        number: int,
    ) -> str | None:
        """What stands in the table in place of a personal cell."""
        form = told[f"{_FORM}.{column}"][index]
        rule = told[f"{_RULE}.{column}"][index]
        value = told[f"{_VALUE}.{column}"][index]
        if rule is not None:
            return f"{SEALED}!{rule}"
        if value is None:
            return f"{SEALED}:{form}" if form else None
        if subject in self.repeated and number:
            number = self.numbers.setdefault((subject, column, value), number)
        return f"{SEALED}{number}:{form}" if form else f"{SEALED}{number}"

    def _replace_columns(
        self, batch: pa.RecordBatch, tokens: Mapping[str, list[str | None]]
    ) -> pa.RecordBatch:
        output = self.sealing.output
        arrays = []
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            if name in tokens:
                arrays.append(pa.array(tokens[name], pa.string()))
            elif name in self.sealing.strangers:
                marks = [
                    UNNUMBERED if one else None for one in array.is_valid().to_pylist()
                ]
                arrays.append(pa.array(marks, pa.string()))
            else:
                arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, schema=output)


def _read_owners(draft: Path) -> dict[str, str]:
    """Return whose each delivered line is; nobody's where no lines were delivered."""
    path = draft / "extract_service.parquet"
    if not path.exists():
        return {}
    names: Sequence[str] = pq.read_schema(path).names
    if LINE_KEY not in names or OWNER not in names:
        return {}
    table = pq.read_table(path, columns=[LINE_KEY, OWNER])
    lines = table.column(LINE_KEY).cast(pa.string()).to_pylist()
    owners = table.column(OWNER).cast(pa.string()).to_pylist()
    return {
        line: owner for line, owner in zip(lines, owners, strict=True) if line and owner
    }
