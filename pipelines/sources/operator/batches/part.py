"""A part: one delivered file, opened, whose rows come as Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from pipelines.sources.operator.delivery import FAULT, LINE, FileReceipt

READING_COLUMNS = 2  # what `batch_schema` adds behind the data: line and fault


@dataclass
class Part:
    """Data columns with their types, and a reader of batches that also carry `_line`, `_fault`.

    `size` is in bytes, as delivered; `rows` and `notes` are complete once `read` is exhausted.
    """

    name: str
    sha256: str
    size: int
    schema: pa.Schema
    read: Callable[[], Iterator[pa.RecordBatch]]
    encoding: str | None = None
    delimiter: str | None = None
    notes: list[str] = field(default_factory=list)
    rows: int = 0

    def note_count(self, what: str, count: int) -> None:
        """Note that something happened so many times, unless it never did."""
        if count:
            self.notes.append(f"{what}: {count}")

    def make_receipt(self) -> FileReceipt:
        """Say what was read; complete once `read` is exhausted."""
        return FileReceipt(
            name=self.name,
            sha256=self.sha256,
            bytes=self.size,
            encoding=self.encoding,
            delimiter=self.delimiter,
            rows=self.rows,
            notes=tuple(self.notes),
        )


def read_nothing() -> Iterator[pa.RecordBatch]:
    """Yield no batch: the reader of a part that is not open yet, or has no rows."""
    return iter(())


def text_schema(names: tuple[str, ...]) -> pa.Schema:
    """Return a schema with every column as text."""
    return pa.schema([(name, pa.string()) for name in names])


def batch_schema(data: pa.Schema) -> pa.Schema:
    """Add the line and fault columns every batch carries."""
    line = pa.field(LINE, pa.int64())
    fault = pa.field(FAULT, pa.string())
    return data.append(line).append(fault)
