"""What is kept as text is read with care: a torn record is an error that names its file, never a guess.

A power cut, a full disk or a hand may leave any file of a home empty, cut off or with something else in it. Whoever
reads goes through here, so that a command says which file it is and what to do, and paths out of records stay in the home.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pipelines.core.errors import StorageError

_T = TypeVar("_T")
_MARK, _FIELD = b"PAR1", b"\x15"
_FOOTER = 12  # the marks at both ends, and the footer's length before the second
VERSION_NAME = re.compile(r"v\d{4,9}")
TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


def read_kept(path: Path) -> bytes:
    """Read a file that should be there; raise StorageError naming it where it is gone or cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise StorageError("storage.gone", where=path) from error
    except OSError as error:
        raise StorageError(
            "storage.unreadable", where=path, why=error.strerror or type(error).__name__
        ) from error


def parse_record(path: Path, content: bytes, line: int | None = None) -> dict[str, Any]:
    """Read one JSON object of a file; raise StorageError naming file and line where it is none."""
    try:
        record = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise torn(path, line)
    return record


def torn(path: Path, line: int | None = None) -> StorageError:
    """The error for a file that is there but does not hold what it should."""
    if line is not None:
        return StorageError("storage.torn_line", where=path, line=line)
    return StorageError("storage.torn", where=path)


def read_lines(path: Path, make: Callable[..., _T]) -> list[_T]:
    """Read a record of JSON lines, each made into what `make` wants; nothing where there is no file.

    Raise StorageError naming file and line for one that is torn.
    """
    if not path.exists():
        return []
    return list(_made(path, make))


def _made(path: Path, make: Callable[..., _T]) -> Iterator[_T]:
    for number, line in enumerate(read_kept(path).splitlines(), start=1):
        record = parse_record(path, line, number)
        try:
            yield make(**record)
        except (TypeError, ValueError) as error:
            raise torn(path, number) from error


def check_manifest(path: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest that has the form of one: its tables are names, never paths; raise StorageError otherwise."""
    tables = manifest.get("tables")
    is_whole = (
        isinstance(manifest.get("month"), str)
        and isinstance(manifest.get("inputs"), dict)
        and isinstance(manifest.get("rooms", []), list)
        and isinstance(tables, dict)
        and all(_is_entry(name, entry) for name, entry in tables.items())
    )
    if not is_whole:
        raise torn(path)
    return manifest


def _is_entry(name: str, entry: object) -> bool:
    if (
        TABLE_NAME.fullmatch(name) is None
        or not isinstance(entry, dict)
        or not isinstance(entry.get("room", ""), str)
    ):
        return False
    if entry.get("status") == "computed":
        return isinstance(entry.get("rows"), int) and isinstance(entry.get("sha256"), str)
    return entry.get("status") == "not_computed" and isinstance(entry.get("reasons"), list)


def check_table(path: Path) -> Path:
    """Return a Parquet file that is there to its end; raise StorageError naming one that is gone or cut off."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            begins = stream.read(len(_MARK))
            stream.seek(max(size - 8, 0))
            ends = stream.read()
            length = int.from_bytes(ends[:4], "little")
            stream.seek(max(size - 8 - length, 0))
            footer = stream.read(1)
    except FileNotFoundError as error:
        raise StorageError("storage.gone", where=path) from error
    except OSError as error:
        raise StorageError(
            "storage.unreadable", where=path, why=error.strerror or type(error).__name__
        ) from error
    # A block that the disk never got is zeros: a footer begins with its version's field.
    if begins != _MARK or ends[4:] != _MARK or footer != _FIELD or not 0 < length <= size - _FOOTER:
        raise torn(path)
    return path


def is_inside(name: str) -> bool:
    """Say whether a relative path out of a record stays below the folder it is joined to."""
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts and "\0" not in name
