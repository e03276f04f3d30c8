"""What a source hands over: one Delivery a contract table, one FileReceipt a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipelines.core.contract import Table
from pipelines.core.month import Month

if TYPE_CHECKING:
    from pipelines.sources.operator.mapping import NamesMapping

# Cells whose spreadsheet type betrays damage carry one of these private-use characters in front,
# because the Parquet holds text and the typing room cannot see the cell type any more.
DAMAGED_ID = (
    "\ue000"  # a number, date or boolean where an id stands: leading zeros or digits may be lost
)
EXCEL_SERIAL = "\ue001"  # a plain number in a date column: days since 1899-12-30 (1904 workbooks already shifted)
NO_CACHED_VALUE = (
    "\ue002"  # nothing to be read: an error, a formula without a result; what stands there follows
)

RAGGED, TRUNCATED, TOTAL_ROW = "ragged", "truncated", "total_row"
FILE, LINE, FAULT = "_file", "_line", "_fault"
EXTRA = "_extra_"  # and its place: a column whose own name could not be kept


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
    xlsx_ratio_floor: int = 1 << 20  # below this a high ratio is only a repetitive sheet
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
    """One contract table as delivered; `state` is present, empty (header, no rows), absent or refused."""

    table: str
    state: str
    rows: int = 0
    columns: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    files: tuple[FileReceipt, ...] = ()
    reason: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def absent_table(table: Table) -> Delivery:
    """Say that nothing was delivered for a table."""
    return Delivery(table.name, "absent", missing=tuple(c.name for c in table.columns))


def written_table(table: Table, names: Sequence[str], files: tuple[FileReceipt, ...]) -> Delivery:
    """Say what was written for a table that could be read."""
    rows = sum(file.rows for file in files)
    known = tuple(c.name for c in table.columns if c.name in names)
    missing = tuple(c.name for c in table.columns if c.name not in names)
    unknown = tuple(name for name in names if table.column(name) is None)
    return Delivery(
        table.name, "present" if rows else "empty", rows, known, missing, unknown, files
    )


class Source(Protocol):
    """Where a month's tables come from."""

    def fingerprint(self, month: Month) -> str | None:
        """Hash names and content of the month's files; None when known only after reading."""

    def mapping(self, month: Month) -> NamesMapping | None:
        """Return the operator's own names for the month; raise SpecError when they cannot be used."""

    def unknown_files(self, month: Month) -> tuple[str, ...]:
        """Name what lies in the month but belongs to no contract table."""

    def extract(self, month: Month, into: Path) -> list[Delivery]:
        """Write `into/extract_<table>.parquet` for every delivered table; one Delivery a contract table."""


class FileRefused(Exception):
    """One file cannot be trusted: its table is refused, the others go on.

    `strangers` are the headers of a file that its table does not know.
    """

    strangers: tuple[str, ...] = ()

    def __init__(self, key: str, **facts: object) -> None:
        self.key = f"source.{key}"
        self.facts = {name: str(value) for name, value in facts.items()}
        super().__init__(f"{self.key}: {self.facts}")
