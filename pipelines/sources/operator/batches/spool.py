"""Put batches aside on disk until all types are known.

So no source is held in memory or read twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from pipelines.sources.operator.staging import cannot_write

T = TypeVar("T")


def spool_batches(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path
) -> Callable[[], Iterator[pa.RecordBatch]]:
    """Write batches to a file of ours; return a reader of it."""
    guard_writing(path, lambda: _write_spool(batches, schema, path))
    return partial(read_spool, path)


def _write_spool(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path
) -> None:
    with pa.ipc.new_file(str(path), schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def read_spool(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the batches that were put aside in a file of ours."""
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def guard_writing(path: Path, act: Callable[[], T]) -> T:
    """Return what `act` returns; turn a full or read-only disk into a StorageError."""
    try:
        return act()
    except OSError as error:
        raise cannot_write(path, error) from error
