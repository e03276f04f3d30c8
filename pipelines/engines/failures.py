"""What the engine throws, as an error of ours: it names the table, and no value of a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from pipelines.core.errors import StorageError
from pipelines.store.faults import outline_fault

ENGINE_FAULTS = (duckdb.Error, pa.ArrowException)


class Step:
    """Tells which table is being made, and remembers the last."""

    def __init__(self, tell: Callable[[str], None], first: str) -> None:
        self._tell = tell
        self.table = first

    def __call__(self, table: str) -> None:
        """Tell of a table."""
        self.table = table
        self._tell(table)


@contextmanager
def naming_table(step: Step, period: object) -> Iterator[None]:
    """Raise StorageError, with the table that was being made, for whatever the engine throws."""
    try:
        yield
    except ENGINE_FAULTS as error:
        why = outline_fault(error)
        raise StorageError(
            "storage.table", table=step.table, month=period, why=why
        ) from error
