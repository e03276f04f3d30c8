"""What disk, engine and office throw, as an error that says what, where and what next.

Libraries are told apart by their names: none of them is imported to find out that it was not the
one that failed.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from pipelines.core.errors import RetentionError, StorageError

_OFFICES = ("sqlalchemy", "django", "sqlite3", "psycopg", "psycopg2")
_AWAY = (
    "OperationalError",
    "DatabaseError",
    "InterfaceError",
)  # others are faults of ours
_ENGINES = ("duckdb", "_duckdb", "pyarrow")
# Their messages are about files and memory; what others say may quote a cell.
_OUTSPOKEN = ("IOException", "OutOfMemoryException", "ArrowMemoryError")


def as_known(error: BaseException, where: object = None) -> StorageError | None:
    """Return what a library threw as an error of ours; None for what is a fault of this program.

    `where` is named for what does not say itself which file it was.
    """
    library = type(error).__module__.partition(".")[0]
    if library in _ENGINES:
        return _name_engine_fault(error, where)
    if library in _OFFICES and type(error).__name__ in _AWAY:
        return StorageError("office.away", why=type(error).__name__)
    if isinstance(error, OSError):
        return _name_disk_fault(error, where)
    if isinstance(error, MemoryError):
        return StorageError("storage.memory", where=where or "-")
    return None


def _name_engine_fault(error: BaseException, where: object) -> StorageError:
    return StorageError("storage.engine", month=where or "-", why=outline_fault(error))


def _name_disk_fault(error: OSError, where: object) -> StorageError:
    if error.errno is None:
        return _name_engine_fault(
            error, where
        )  # Arrow's, of a file whose inside is torn
    # What the machine says; of a library that says no more than a text, its kind alone.
    why = error.strerror or type(error).__name__
    file = _find_file(error) or where or "stdout"
    return StorageError("storage.failed", where=file, why=why)


def _find_file(error: OSError) -> Path | None:
    """The file that an error is about, where it says so."""
    name = error.filename
    if not name:
        return None
    if isinstance(name, bytes):
        return Path(name.decode("utf-8", "backslashreplace"))
    return Path(name) if isinstance(name, str) else None


def outline_fault(error: BaseException) -> str:
    """Say what failed in the engine without a customer's data."""
    kind = type(error).__name__
    if kind not in _OUTSPOKEN:
        return kind
    lines = str(error).splitlines()
    return lines[0] if lines else kind


class StorageErrors:
    """Turn what the disk, the engine and the office throw into an error of ours; others pass."""

    def __init__(self, home: Path, period: object) -> None:
        self.home = home
        self.period = period

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, RetentionError):
            return
        is_of_disk = isinstance(error, OSError)
        known = as_known(error, self.home if is_of_disk else self.period)
        if known is not None:
            raise known from error
