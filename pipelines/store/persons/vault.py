"""Where names and numbers of a month stand: sealed, beside its tables and in none of them.

    <version>/personal/customer.cells    a row a delivered row: whose it is, and its sealed cells
    <version>/personal/service.cells     the same of what customers call their lines

Each is Parquet. They are no tables of the month: keys are drawn by chance, so that two homes with
the same deliveries have the same tables and other cells.

A table has `sealed:1` where a name was delivered: the number of the row among those of its subject
(customer or line) that says it first. So tables tell what is equal and nothing else, and their
bytes and hashes are the same whoever is deleted. This is the one way to the names themselves:

    read_open_rows(version, "snapshot_person", ["customer_id", "name"], {"customer_id": ("7",)})

A value whose key is gone is None there. Months that were made before are read as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.core.values import SEALED
from pipelines.store.files import OWNER_ALONE, replacing
from pipelines.store.persons.cipher import open_text
from pipelines.store.persons.keys import PersonKeys
from pipelines.store.rows import TableRow, WantedValue, read_rows
from pipelines.store.versions import Made

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "personal"
# Delivered, and kept under no number: whose it is cannot be told, or nothing ever asks for it.
UNNUMBERED = f"{SEALED}0"


class Origin(NamedTuple):
    """Of which delivered table a table's personal columns are, and whom its rows are about."""

    delivered: str
    subject: str
    columns: tuple[str, ...]


ORIGINS = {
    "snapshot_person": Origin("customer", "customer_id", ("name", "phone")),
    "snapshot_number": Origin("service", "service_id", ("number",)),
    "extract_customer": Origin("customer", "customer_id", ("name", "phone")),
    "extract_service": Origin("service", "service_id", ("number",)),
}


class SealedRow(NamedTuple):
    """What is kept of a delivered row: about whom, which of several, whose key, sealed cells."""

    subject: str
    ordinal: int
    owner: str
    sealed: bytes


def find_file(made: Path, delivered: str) -> Path:
    """Return where the sealed cells of a delivered table lie below a version or a draft."""
    return made / FOLDER / f"{delivered}.cells"


def find_schema() -> pa.Schema:
    """Return the columns of such a file."""
    import pyarrow as pa

    return pa.schema(
        [
            ("subject", pa.string()),
            ("ordinal", pa.int64()),
            ("owner", pa.string()),
            ("sealed", pa.binary()),
        ]
    )


@contextmanager
def writing_cells(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Give what writes sealed cells of a delivered table (`find_schema`), some rows at a time."""
    import pyarrow.parquet as pq

    schema = find_schema()
    with (
        replacing(path, OWNER_ALONE) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        path.parent.chmod(0o700)

        def write(rows: pa.Table) -> None:
            writer.write_table(rows.cast(schema))

        yield write


def copy_cells(
    source: Path, into: Path, delivered: str, subjects: Iterable[str]
) -> None:
    """Copy the sealed cells of some subjects into another version that speaks of them."""
    file = find_file(source, delivered)
    if not file.exists():
        return
    wanted = tuple(sorted(subjects))
    import pyarrow as pa

    kept = pa.Table.from_pylist(read_rows(file, subject=wanted), find_schema())
    with writing_cells(find_file(into, delivered)) as write:
        write(kept)


# -- reading ---------------------------------------------------------------------------------------


def read_open_rows(
    made: Made,
    table: str,
    columns: Sequence[str] = (),
    where: Mapping[str, WantedValue] | None = None,
) -> list[TableRow]:
    """Return the rows of a table with names and numbers as they were delivered.

    What was sealed under a key that is gone is None. Raise as `read_rows` does.
    """
    found: list[TableRow] = []
    for batch in read_open_batches(made, table, columns, where):
        found += batch
    return found


def read_open_batches(
    made: Made,
    table: str,
    columns: Sequence[str] = (),
    where: Mapping[str, WantedValue] | None = None,
) -> Iterator[list[TableRow]]:
    """Yield the same rows some thousands at a time."""
    origin = ORIGINS.get(table)
    asked = list(columns)
    is_subject_added = bool(origin and asked and origin.subject not in asked)
    if origin and is_subject_added:
        asked.append(origin.subject)
    for batch in made.read_batches(table, asked, where or {}):
        open_rows(made, table, batch)
        if origin and is_subject_added:
            for row in batch:
                del row[origin.subject]
        yield batch


def open_rows(made: Made, table: str, rows: Sequence[TableRow]) -> None:
    """Put what was sealed into rows of a table, in their places."""
    origin = ORIGINS.get(table)
    if origin is None:
        return
    _hide_deleted(made, origin, rows)
    subjects = {
        row[origin.subject]
        for row in rows
        if any(is_sealed(row.get(column)) for column in origin.columns)
    }
    if not subjects:
        return
    opened = _open_cells(made.path, origin.delivered, subjects - {None})
    for row in rows:
        for column in origin.columns:
            token = row.get(column)
            if is_sealed(token):
                cells = opened.get((row[origin.subject], _find_ordinal(token)), {})
                row[column] = cells.get(column)


def _hide_deleted(made: Made, origin: Origin, rows: Sequence[TableRow]) -> None:
    """Show no name that stands in a month of before, once its customer is deleted."""
    is_plain = any(
        row.get(column) is not None and not is_sealed(row[column])
        for row in rows
        for column in origin.columns
    )
    if origin.delivered != "customer" or not is_plain:
        return
    destroyed = PersonKeys(made.path.parents[2]).read_destroyed()
    for row in rows:
        if row[origin.subject] in destroyed:
            row.update({column: None for column in origin.columns if column in row})


def is_sealed(value: object) -> bool:
    """Whether a value of a table says that what was delivered is sealed elsewhere."""
    return isinstance(value, str) and value.startswith(SEALED)


def _find_ordinal(token: object) -> int:
    number = str(token).removeprefix(SEALED).partition(":")[0]
    return int(number) if number.isdecimal() else 0


def _open_cells(
    made: Path, delivered: str, subjects: Iterable[str]
) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the cells of subjects by number, as far as their keys are there."""
    wanted = tuple(sorted(subjects))
    rows = _read_sealed(made, delivered, "subject", wanted)
    return {
        (row.subject, row.ordinal): cells
        for row, cells in _open_all(made, delivered, rows)
    }


def read_delivered(
    made: Path, delivered: str, subjects: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what was delivered of subjects, accepted or not, as far as their keys are there."""
    rows = _read_sealed(made, delivered, "subject", subjects)
    for row, cells in _open_all(made, delivered, rows):
        yield row.subject, cells


def read_owned(made: Path, delivered: str, owner: str) -> list[dict[str, Any]]:
    """Return what is sealed under a customer's key, as long as it is there."""
    rows = _read_sealed(made, delivered, "owner", (owner,))
    return [cells for _, cells in _open_all(made, delivered, rows)]


def _read_sealed(
    made: Path, delivered: str, column: str, wanted: tuple[str, ...]
) -> list[SealedRow]:
    file = find_file(made, delivered)
    if not file.exists():
        return []
    return [SealedRow(**row) for row in read_rows(file, (), **{column: wanted})]


def _open_all(
    made: Path, delivered: str, rows: Sequence[SealedRow]
) -> Iterator[tuple[SealedRow, dict[str, Any]]]:
    keys = PersonKeys(made.parents[2]).find({row.owner for row in rows})
    for row in rows:
        cells = _open_row(keys, delivered, row)
        if cells is not None:
            yield row, cells


def _open_row(
    keys: Mapping[str, bytes], delivered: str, row: SealedRow
) -> dict[str, Any] | None:
    """Return the cells of a sealed row by column; None without the key."""
    place = make_place(delivered, row.subject)
    text = open_text(keys.get(row.owner), place, row.sealed)
    if text is None:
        return None
    cells: dict[str, Any] = json.loads(text)
    return cells


def make_place(delivered: str, subject: str) -> str:
    """Return what binds sealed cells to the row they are of."""
    return f"{delivered}\x1f{subject}"
