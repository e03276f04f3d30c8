"""Functions that executors call, each by itself.

What they write lies in the home, what they return is small. An error of ours comes back as what it
is, whatever Spark makes of errors.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic

import pyarrow as pa

from pipelines.core.errors import RetentionError
from pipelines.engines.duckdb import T
from pipelines.engines.executors import (
    Batches,
    list_versions,
    require_folder,
    require_versions,
)
from pipelines.store.files import keep_files_private

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_COLUMNS = "number long, called binary"
_CALLED = pa.schema([("number", pa.int64()), ("called", pa.binary())])


@dataclass(frozen=True)
class Called(Generic[T]):
    """What a function came to: what it returned, or the error of ours that it raised."""

    returned: T | None = None
    raised: RetentionError | None = None


def call_on_executors(
    session: SparkSession, tasks: Sequence[Callable[[], T]], folder: Path
) -> list[Called[T]]:
    """Call functions on executors that see a folder of the home, each in a task of its own."""
    if not tasks:
        return []
    numbers = session.range(0, len(tasks), 1, len(tasks))
    rows = numbers.mapInArrow(_make_caller(tasks, folder), _COLUMNS).collect()
    in_order = sorted(rows, key=lambda row: row.number)
    # What executors of ours have pickled: it is no stranger's.
    return [pickle.loads(row.called) for row in in_order]


def read_called(called: Sequence[Called[T]]) -> list[T]:
    """Return what functions returned; raise what the first of them raised."""
    for one in called:
        if one.raised is not None:
            raise one.raised
    return [one.returned for one in called]  # type: ignore[misc]  # T may be None itself


def _make_caller(
    tasks: Sequence[Callable[[], T]], folder: Path
) -> Callable[[Batches], Batches]:
    """Return what a Spark task calls its functions with: numbers become what they returned."""
    expected = list_versions()

    def call_task(numbers: Batches) -> Iterator[pa.RecordBatch]:
        require_versions(expected)
        require_folder(folder)
        keep_files_private()
        for batch in numbers:
            for number in batch.column(0).to_pylist():
                called = pickle.dumps(_call(tasks[number]))
                row = {"number": number, "called": called}
                yield pa.RecordBatch.from_pylist([row], _CALLED)

    return call_task


def _call(task: Callable[[], T]) -> Called[T]:
    try:
        return Called(task())
    except RetentionError as error:
        return Called(raised=error)
