"""A part: one delivered file, opened, whose rows come as Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from pipelines.sources.operator.delivery import FAULT, LINE, FileReceipt


@dataclass
class Part:
    """Data columns with their types, and a reader of batches that also carry `_line` and `_fault`."""

    name: str
    sha256: str
    size: int
    schema: pa.Schema
    read: Callable[[], Iterator[pa.RecordBatch]]
    encoding: str | None = None
    delimiter: str | None = None
    notes: list[str] = field(default_factory=list)
    rows: int = 0

    def receipt(self) -> FileReceipt:
        """Say what was read; complete once `read` is exhausted."""
        return FileReceipt(
            self.name,
            self.sha256,
            self.size,
            self.encoding,
            self.delimiter,
            self.rows,
            tuple(self.notes),
        )


def text_schema(names: tuple[str, ...]) -> pa.Schema:
    """Return a schema with every column as text."""
    return pa.schema([(name, pa.string()) for name in names])


def batch_schema(data: pa.Schema) -> pa.Schema:
    """Add the line and fault columns every batch carries."""
    return data.append(pa.field(LINE, pa.int64())).append(pa.field(FAULT, pa.string()))
