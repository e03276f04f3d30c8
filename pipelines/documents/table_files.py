"""A month's tables as people may see them, personal data masked; and as files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core.contract import load_contract
from pipelines.core.errors import UsageError
from pipelines.store.files import replacing
from pipelines.store.lake import Made
from pipelines.store.persons.vault import is_sealed, read_open_batches
from pipelines.text.masking import MASKS, mask_text
from pipelines.text.units import write_plain_cell

if TYPE_CHECKING:
    import pyarrow as pa

# Rows of any table: only the table knows its columns.
TableRow = dict[str, Any]
Batches = Iterator[list[TableRow]]

# The names people use for tables of the snapshot room.
TABLE_ALIASES = {"quarantine": "snapshot_quarantine"}
# Of what was sealed and has no number to be opened by.
HIDDEN = "***"
# What a spreadsheet would take for the beginning of a formula.
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


# -- reading ---------------------------------------------------------------------------------------


def find_table_name(table: str) -> str:
    """Return the name of a table by its name or alias."""
    return TABLE_ALIASES.get(table, table)


def read_masked_batches(
    made: Made, table: str, columns: Sequence[str] = (), **wanted: str
) -> Batches:
    """Yield a table's rows some thousands at a time, personal data masked.

    All columns where none is named; all rows, or those that have the wanted values.
    """
    name = find_table_name(table)
    shown_columns = columns or made.list_columns(name)
    hidden = _find_personal_columns(name, shown_columns)
    for batch in read_open_batches(made, name, columns, wanted):
        for row in batch:
            _mask_row_in_place(row, hidden)
        yield batch


def read_masked_rows(
    made: Made, table: str, columns: Sequence[str] = (), **wanted: str
) -> Iterator[TableRow]:
    """Yield a table's rows, all or those that have the wanted values; personal data masked."""
    for batch in read_masked_batches(made, table, columns, **wanted):
        yield from batch


def _find_personal_columns(table: str, names: Iterable[str]) -> set[str]:
    """Return the columns that may hold personal data; of a raw table also those nobody knows."""
    if table == "snapshot_person":
        return {"name", "phone"}
    if table == "snapshot_number":
        return {"number"}
    delivered = load_contract().get(table.removeprefix("extract_"))
    if not table.startswith("extract_") or delivered is None:
        return set()

    open_columns = {column.name for column in delivered.columns if not column.personal}
    hidden = set()
    for name in names:
        is_ours = name.startswith("_")
        if name not in open_columns and not is_ours:
            hidden.add(name)
    return hidden


def _mask_row_in_place(row: TableRow, hidden: Iterable[str]) -> None:
    """Mask the hidden columns of a row."""
    for column in hidden:
        mask = MASKS.get(column, mask_text)
        value = row.get(column)
        row[column] = HIDDEN if is_sealed(value) else mask(value)


# -- writing ---------------------------------------------------------------------------------------


def write_table_file(made: Made, table: str, out: Path) -> int:
    """Write a table to .csv, .parquet or .xlsx, personal data masked.

    Return how many rows it has.
    """
    schema = made.read_schema(find_table_name(table))
    return write_rows_file(out, schema, read_masked_batches(made, table))


def write_rows_file(out: Path, schema: pa.Schema, batches: Batches) -> int:
    """Write rows to .csv, .parquet or .xlsx, whole or not at all; return how many.

    Raise UsageError for a file of another kind.
    """
    write = _WRITERS.get(out.suffix)
    if write is None:
        raise UsageError("show.bad_out", file=out.name)
    with replacing(out) as temporary:
        return write(temporary, schema, batches)


def _write_csv(path: Path, schema: pa.Schema, batches: Batches) -> int:
    """Write rows as CSV that Excel opens (UTF-8 with BOM); return how many."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(schema.names)
        for batch in batches:
            for row in batch:
                writer.writerow([_make_csv_cell(row[name]) for name in schema.names])
            count += len(batch)

    return count


def _make_csv_cell(value: object) -> object:
    """Keep a spreadsheet from taking text for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_BEGINNINGS):
        return "'" + value
    return write_plain_cell(value)


def _write_parquet(path: Path, schema: pa.Schema, batches: Batches) -> int:
    """Write rows as Parquet; return how many."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            table = pa.Table.from_pylist(batch, schema=schema)
            writer.write_table(table)
            count += len(batch)

    return count


def _write_xlsx(path: Path, schema: pa.Schema, batches: Batches) -> int:
    """Write rows as a workbook of one sheet; return how many."""
    from pipelines.documents.plain_sheet import write_plain_sheet

    rows = (row for batch in batches for row in batch)
    return write_plain_sheet(path, schema.names, rows)


_WRITERS = {".csv": _write_csv, ".parquet": _write_parquet, ".xlsx": _write_xlsx}


def make_json_value(value: object) -> object:
    """Turn what JSON does not know into text: exact decimals, ISO dates."""
    if isinstance(value, Decimal):
        as_double = float(value)
        is_exact = value == Decimal(str(as_double))
        if is_exact:
            return as_double
        return str(value)

    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
