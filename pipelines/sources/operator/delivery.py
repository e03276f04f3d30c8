"""What a source hands over: one Delivery a contract table, one FileReceipt a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.core.contract import Table

# Cells whose spreadsheet type betrays damage carry one of these private-use characters in front,
# because the Parquet holds text and the typing room cannot see the cell type any more.

# A number, date or boolean where an id stands: leading zeros or digits may be lost.
DAMAGED_ID = "\ue000"
# A plain number in a date column: days since 1899-12-30 (1904 workbooks already shifted).
EXCEL_SERIAL = "\ue001"
# Nothing to be read: an error, a formula without a result; what stands there follows.
NO_CACHED_VALUE = "\ue002"

# What `_fault` can say of a row.
RAGGED = "ragged"
TRUNCATED = "truncated"
TOTAL_ROW = "total_row"

# The columns that we add to those delivered.
FILE = "_file"
LINE = "_line"
FAULT = "_fault"
# Followed by its number: a column whose own name could not be kept.
EXTRA = "_extra_"


@dataclass(frozen=True)
class Limits:
    """Bounds on what one file may cost us; a file beyond them is refused by name."""

    field_chars: int = 100_000
    line_bytes: int = 16 << 20
    gzip_ratio: int = 200
    gzip_bytes: int = 1 << 30  # below this a high ratio is only a repetitive table
    unpacked_bytes: int = 64 << 30  # of a packed file, and of all rows as they are held
    rows: int = 100_000_000
    columns: int = 2_000
    seconds: int = 3_600  # of the processor, for the rows of one file
    xlsx_ratio: int = 200
    xlsx_ratio_floor: int = (
        1 << 20
    )  # below this a high ratio is only a repetitive sheet
    xlsx_bytes: int = 512 << 20
    xlsx_cells: int = 30_000_000  # that hold something
    parquet_ratio: int = 200
    parquet_bytes: int = 1 << 30
    batch_rows: int = 50_000


@dataclass(frozen=True)
class FileReceipt:
    """One delivered file (or query): what it was and how it was read."""

    name: str
    sha256: str
    bytes: int
    encoding: str | None
    delimiter: str | None
    rows: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """One contract table as delivered.

    `state` is present, empty (header, no rows), absent or refused; a refused one has the key of
    its reason and the facts that the reason's text needs.
    """

    table: str
    state: str
    rows: int = 0
    columns: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    files: tuple[FileReceipt, ...] = ()
    reason: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


class FileRefused(Exception):
    """One file cannot be trusted: its table is refused, the others go on.

    `strangers` are the headers of a file that its table does not know.
    """

    strangers: tuple[str, ...] = ()

    def __init__(self, key: str, **facts: object) -> None:
        self.key = f"source.{key}"
        self.facts = {name: str(value) for name, value in facts.items()}
        super().__init__(f"{self.key}: {self.facts}")


def absent_table(table: Table) -> Delivery:
    """Return the delivery of a table for which nothing was delivered."""
    missing = tuple(column.name for column in table.columns)
    return Delivery(table.name, "absent", missing=missing)


def written_table(
    table: Table, names: Sequence[str], files: tuple[FileReceipt, ...]
) -> Delivery:
    """Return the delivery of a table that was written with columns of these names."""
    known: list[str] = []
    missing: list[str] = []
    for column in table.columns:
        if column.name in names:
            known.append(column.name)
        else:
            missing.append(column.name)
    unknown = tuple(name for name in names if table.column(name) is None)

    rows = sum(file.rows for file in files)
    return Delivery(
        table.name,
        state="present" if rows else "empty",
        rows=rows,
        columns=tuple(known),
        missing=tuple(missing),
        unknown=unknown,
        files=files,
    )


def refused_table(
    table: Table, refusal: FileRefused, files: tuple[FileReceipt, ...] = ()
) -> Delivery:
    """Return the delivery of a table that one of its files kept from being read."""
    return Delivery(
        table.name,
        state="refused",
        unknown=refusal.strangers,
        files=files,
        reason=refusal.key,
        facts=refusal.facts,
    )
