"""Delivered names and numbers leave the raw table before anything is recorded of it.

A cell becomes `sealed:<number>` with the form that it had, or what was wrong with it; what it said
goes to `store.persons.vault`, sealed under the customer's key, read as the contract has it. Columns
that nobody knows go the same way, for they may say anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.core.contract import Column, Table, load_contract
from pipelines.core.quoting import (
    quote_name,
    quote_text,
    scan_numbered_rows,
    scan_parquet,
)
from pipelines.core.values import (
    MACROS,
    SEALED,
    write_broken_rule,
    write_plain_condition,
    write_typed_cell,
)
from pipelines.sources.operator.delivery import FAULT, FILE, LINE
from pipelines.store.files import write_parquet
from pipelines.store.persons.cipher import seal_contents
from pipelines.store.persons.vault import (
    UNNUMBERED,
    find_file,
    make_place,
    writing_cells,
)

if TYPE_CHECKING:
    from pipelines.store.persons.keys import PersonKeys

OWNER, LINE_KEY = "customer_id", "service_id"
_OURS = (FILE, LINE, FAULT)
_ROW = "_row"  # the number of a row in its table
_VALUE, _FORM, _RULE, _FIRST = "value", "form", "rule", "first"


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
        work = _Work(sealing, connection, keys)
        work.look_at(path, draft)
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
    def tells_owner(self) -> bool:
        """Whether a row says whose it is, rather than the line that it is about."""
        return self.table.column(OWNER) is not None

    @property
    def subject(self) -> str:
        """Whom a row is about: a line where the table is one of lines, else a customer."""
        is_of_lines = self.table.name == "service" or not self.tells_owner
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
    """One table on its way; the engine tells whose each row is and what stands in its place."""

    sealing: _Sealing
    connection: duckdb.DuckDBPyConnection
    keys: PersonKeys
    physical: dict[str, str] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()

    def look_at(self, path: Path, draft: Path) -> None:
        """Learn how the columns are read, whose each line is, and who has several rows."""
        described = self.connection.execute(f"DESCRIBE FROM {scan_parquet(path)}")
        self.physical = {name: kind for name, kind, *_ in described.fetchall()}
        self.plain = self._find_plain(path)
        if not self.sealing.tells_owner:
            owners = _select_owners(draft)
            self.connection.execute(f"CREATE TABLE line_owner AS {owners}")
        again = self._select_again(scan_numbered_rows(path))
        self.connection.execute(f"CREATE TABLE again AS {again}")

    def seal_file(
        self, whole: Path, path: Path, write: Callable[[pa.Table], None]
    ) -> None:
        """Write the table without what is personal, and what was sealed beside it.

        Some rows are sealed while others are read and written.
        """

        def read() -> Iterator[pa.RecordBatch]:
            begin = 0
            before: Future[pa.Table] | None = None
            with pq.ParquetFile(whole) as file, ThreadPoolExecutor(1) as beside:
                for batch in file.iter_batches():
                    told = self._tell_batch(batch, begin)
                    begin += batch.num_rows
                    if before is not None:
                        write(before.result())
                    before = beside.submit(self._seal_cells, told)
                    yield self._replace_columns(batch, told)
                if before is not None:
                    write(before.result())

        output = self.sealing.output
        write_parquet(path, pa.RecordBatchReader.from_batches(output, read()))

    def _find_plain(self, path: Path) -> frozenset[str]:
        """The columns whose cells are all empty or plain: they are read by a cast alone."""
        looks = {}
        for column in self._list_read():
            condition = write_plain_condition(column, self.physical[column.name])
            looks[column.name] = f"COALESCE(BOOL_AND({condition or 'TRUE'}), TRUE)"
        if not looks:
            return frozenset()
        sql = f"SELECT {', '.join(looks.values())} FROM {scan_parquet(path)} AS raw"
        [found] = self.connection.execute(sql).fetchall()
        return frozenset(
            name for name, is_plain in zip(looks, found, strict=True) if is_plain
        )

    def _list_read(self) -> list[Column]:
        """The columns that are read by the contract: ids and what is personal."""
        columns = list(self.sealing.personal)
        for name in {self.sealing.subject, OWNER}:
            column = self.sealing.table.column(name)
            if column is not None and name in self.physical:
                columns.append(column)
        return columns

    # -- what the engine is asked ------------------------------------------------------------------

    def _tell_batch(self, batch: pa.RecordBatch, begin: int) -> pa.Table:
        """Return of each row its subject and owner, its cells as JSON, and the tokens for them.

        `begin` is the number of the first row. Of a row that nobody can be told of, `ordinal` is 0.
        """
        positions = pa.array(range(begin, begin + batch.num_rows), pa.int64())
        numbered = batch.append_column(_ROW, positions)
        self.connection.register("batch", numbered)
        told = self.connection.execute(self._select_told()).to_arrow_table()
        self.connection.unregister("batch")
        return told

    def _select_told(self) -> str:
        """What is asked of each row of a batch."""
        cells = self._select_cells("batch")
        ordinal = "CASE WHEN is_whose THEN COALESCE(number, 1) ELSE 0 END AS ordinal"
        told = ["subject", "owner", ordinal, f"{self._write_json()} AS cells"]
        told += [self._write_token(column.name) for column in self.sealing.personal]
        return (
            f"SELECT {', '.join(told)} FROM ({cells}) AS read "
            f"LEFT JOIN again USING ({_ROW}) ORDER BY read.{_ROW}"
        )

    def _select_again(self, rows: str) -> str:
        """The rows of those who have several: the number of each, and who said its cells first."""
        subject = self._write_value(self.sealing.subject)
        several = (
            f"SELECT {subject} AS id FROM {rows} AS raw GROUP BY id HAVING COUNT(*) > 1"
        )
        of_several = (
            f"(SELECT *, file_row_number AS {_ROW} FROM {rows} AS raw "
            f"WHERE {subject} IN ({several}))"
        )
        number = f"ROW_NUMBER() OVER (PARTITION BY subject ORDER BY {_ROW}) AS number"
        cells = self._select_cells(of_several)
        numbered = f"SELECT *, {number} FROM ({cells}) AS read WHERE is_whose"
        told = [_ROW, "number"]
        for column in self.sealing.personal:
            value = _name_cell(_VALUE, column.name)
            first = f"MIN(number) OVER (PARTITION BY subject, {value})"
            told.append(f"{first} AS {_name_cell(_FIRST, column.name)}")
        return f"SELECT {', '.join(told)} FROM ({numbered}) AS numbered"

    def _select_cells(self, rows: str) -> str:
        """Ids and personal cells of rows, read by the contract; other columns as they are."""
        subject = self._name_value(self.sealing.subject)
        owner = self._name_value(OWNER)
        if not self.sealing.tells_owner:
            owner = "line_owner.owner"
        read = [f"raw.{_ROW}", f"{subject} AS subject", f"{owner} AS owner"]
        for column in self.sealing.personal:
            read += self._read_personal(column)
        for name in self.sealing.strangers:
            text = f"CAST(raw.{quote_name(name)} AS VARCHAR)"
            read.append(f"{text} AS {_name_cell(_VALUE, name)}")
        cells = f"SELECT {', '.join(read)} FROM ({self._select_values(rows)}) AS raw"
        if not self.sealing.tells_owner:
            cells += f" LEFT JOIN line_owner ON line_owner.line = {subject}"
        is_whose = "subject IS NOT NULL AND owner IS NOT NULL"
        return f"SELECT *, {is_whose} AS is_whose FROM ({cells}) AS cells"

    def _select_values(self, rows: str) -> str:
        """Rows with the values of their cells beside them, each worked out once."""
        values = ["raw.*"]
        for column in self._list_read():
            value = f"CAST({self._write_value(column.name)} AS VARCHAR)"
            values.append(f"{value} AS {_name_cell(_VALUE, column.name)}")
        return f"SELECT {', '.join(values)} FROM {rows} AS raw"

    def _name_value(self, name: str) -> str:
        """The value of an id, where the table has the column."""
        if name not in self.physical:
            return "CAST(NULL AS VARCHAR)"
        return f"raw.{_name_cell(_VALUE, name)}"

    def _write_value(self, name: str) -> str:
        """What a cell says, by a cast alone where it is plain."""
        column = self.sealing.table.column(name)
        if column is None or name not in self.physical:
            return "NULL"
        short = write_typed_cell(column, self.physical[name], is_plain=True).value
        if name in self.plain:
            return short
        value = write_typed_cell(column, self.physical[name]).value
        is_plain = write_plain_condition(column, self.physical[name])
        return f"CASE WHEN {is_plain} THEN {short} ELSE {value} END"

    def _read_personal(self, column: Column) -> Iterator[str]:
        """A personal cell's value, the form that it had, and what was wrong with it."""
        value = f"raw.{_name_cell(_VALUE, column.name)}"
        form = broken = "CAST(NULL AS VARCHAR)"
        if column.name not in self.plain:
            physical = self.physical[column.name]
            cell = write_typed_cell(column, physical)
            is_plain = write_plain_condition(column, physical)
            # The value is there by now: it need not be worked out again to tell its form.
            told = (cell.form or "NULL").replace(cell.value, value)
            form = f"CASE WHEN {is_plain} THEN NULL ELSE {told} END"
            raw = f"CAST(raw.{quote_name(column.name)} AS VARCHAR)"
            rule = write_broken_rule(column, raw)
            is_broken = f"{value} IS NULL AND NOT ({cell.empty})"
            broken = f"CASE WHEN {is_broken} THEN {rule} END"
        for kind, sql in ((_VALUE, value), (_FORM, form), (_RULE, broken)):
            yield f"{sql} AS {_name_cell(kind, column.name)}"

    def _write_json(self) -> str:
        """What is to be sealed of a row, by column; NULL of one that says nothing."""
        columns = [column.name for column in self.sealing.personal]
        columns += self.sealing.strangers
        pairs = []
        values = []
        for name in columns:
            value = _name_cell(_VALUE, name)
            label = json.dumps(name, ensure_ascii=False)
            pairs.append(f"{quote_text(f'{label}: ')} || to_json({value})")
            values.append(value)
        content = f"'{{' || concat_ws(', ', {', '.join(pairs)}) || '}}'"
        return f"CASE WHEN COALESCE({', '.join(values)}) IS NOT NULL THEN {content} END"

    def _write_token(self, column: str) -> str:
        """What stands in the table in place of a personal cell."""
        value, form, rule, first = [
            _name_cell(kind, column) for kind in (_VALUE, _FORM, _RULE, _FIRST)
        ]
        broken = f"WHEN {rule} IS NOT NULL THEN {quote_text(f'{SEALED}!')} || {rule}"
        empty = f"WHEN {value} IS NULL THEN {quote_text(f'{SEALED}:')} || {form}"
        number = f"CASE WHEN is_whose THEN COALESCE({first}, 1) ELSE 0 END"
        numbered = f"{quote_text(SEALED)} || {number} || COALESCE(':' || {form}, '')"
        token = f"CASE {broken} {empty} ELSE {numbered} END"
        return f"{token} AS {quote_name(column)}"

    # -- what is kept ------------------------------------------------------------------------------

    def _seal_cells(self, told: pa.Table) -> pa.Table:
        """Seal what rows say that is personal, each row under its customer's key."""
        owners = pc.unique(told.column("owner")).drop_null()
        keys = self.keys.make(owners.to_pylist())
        # Of who was deleted there is no key, and nothing is kept.
        has_key = pc.is_in(told.column("owner"), pa.array(keys, pa.string()))
        says_something = pc.is_valid(told.column("cells"))
        has_number = pc.greater(told.column("ordinal"), 0)
        kept = told.filter(pc.and_(pc.and_(has_key, has_number), says_something))

        place = make_place(self.sealing.table.name, "").encode()
        subjects = kept.column("subject").cast(pa.binary()).to_pylist()
        sealed = seal_contents(
            [keys[owner] for owner in kept.column("owner").to_pylist()],
            [place + subject for subject in subjects],
            kept.column("cells").cast(pa.binary()).to_pylist(),
        )
        rows = kept.select(["subject", "ordinal", "owner"])
        return rows.append_column("sealed", pa.array(sealed, pa.binary()))

    def _replace_columns(self, batch: pa.RecordBatch, told: pa.Table) -> pa.RecordBatch:
        output = self.sealing.output
        personal = {column.name for column in self.sealing.personal}
        arrays = []
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            if name in personal:
                arrays.append(told.column(name).combine_chunks())
            elif name in self.sealing.strangers:
                mark = pa.scalar(UNNUMBERED, pa.string())
                nothing = pa.scalar(None, pa.string())
                arrays.append(pc.if_else(array.is_valid(), mark, nothing))
            else:
                arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, schema=output)


def _name_cell(kind: str, column: str) -> str:
    """The name of what is read of a delivered column: its value, its form, its rule."""
    return quote_name(f"{kind}.{column}")


def _select_owners(draft: Path) -> str:
    """Return the SELECT of whose each delivered line is; nobody's where no lines were delivered."""
    path = draft / "extract_service.parquet"
    names = set(pq.read_schema(path).names) if path.exists() else set()
    if not names >= {LINE_KEY, OWNER}:
        return "SELECT '' AS line, '' AS owner WHERE FALSE"
    line = f"CAST({LINE_KEY} AS VARCHAR)"
    owner = f"CAST({OWNER} AS VARCHAR)"
    # Of a line that is delivered twice the last one counts.
    return (
        f"SELECT {line} AS line, ARG_MAX({owner}, file_row_number) AS owner "
        f"FROM {scan_numbered_rows(path)} "
        f"WHERE {line} <> '' AND {owner} <> '' GROUP BY {line}"
    )
