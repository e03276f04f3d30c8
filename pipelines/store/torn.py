"""What is kept is read with care: a torn record is an error that names its file, never a guess.

A power cut, a full disk or a hand may leave any file of a home empty, cut off or with something
else in it. Whoever reads goes through here, so that a command says which file it is and what to do,
and paths out of records stay in the home.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pipelines.core.errors import StorageError

_T = TypeVar("_T")
Json = dict[str, Any]  # one JSON object, as it is read and written
_MARK, _FIELD = b"PAR1", b"\x15"
_FOOTER_END = 8  # the footer's length, and the mark behind it
_SMALLEST_FRAME = (
    12  # the marks at both ends, and the footer's length before the second
)
_MOST_PARTS = 256
VERSION_NAME = re.compile(r"v\d{4,9}")
TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


def read_kept(path: Path) -> bytes:
    """Read a file that should be there.

    Raise StorageError naming it where it is gone or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise _name_unread(path, error) from error


def _name_unread(path: Path, error: OSError) -> StorageError:
    """The error for a file that is gone, or that the disk does not give."""
    if isinstance(error, FileNotFoundError):
        return StorageError("storage.gone", where=path)
    why = error.strerror or type(error).__name__
    return StorageError("storage.unreadable", where=path, why=why)


def torn(path: Path, line: int | None = None) -> StorageError:
    """The error for a file that is there but does not hold what it should."""
    if line is not None:
        return StorageError("storage.torn_line", where=path, line=line)
    return StorageError("storage.torn", where=path)


def is_inside(name: str) -> bool:
    """Say whether a relative path out of a record stays below the folder it is joined to."""
    path = Path(name)
    if not path.parts or path.is_absolute():
        return False
    return ".." not in path.parts and "\0" not in name


# -- records ---------------------------------------------------------------------------------------


def parse_record(path: Path, content: bytes, line: int | None = None) -> Json:
    """Read one JSON object of a file; raise StorageError naming file and line where it is none."""
    try:
        record = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise torn(path, line)
    return record


def read_lines(path: Path, make: Callable[..., _T]) -> list[_T]:
    """Read a record of JSON lines, each made into what `make` wants.

    Nothing where there is no file.

    Raise StorageError naming file and line for one that is torn.
    """
    if not path.exists():
        return []
    made = []
    for number, line in enumerate(read_kept(path).splitlines(), start=1):
        record = parse_record(path, line, number)
        try:
            made.append(make(**record))
        except (TypeError, ValueError) as error:
            raise torn(path, number) from error
    return made


def check_manifest(path: Path, manifest: Json) -> Json:
    """Return a manifest that has the form of one: its tables are names, never paths.

    Raise StorageError otherwise.
    """
    tables = manifest.get("tables")
    if not isinstance(manifest.get("month"), str) or not _are_texts(
        manifest.get("rooms", [])
    ):
        raise torn(path)
    if not _are_inputs(manifest.get("inputs")) or not isinstance(tables, dict):
        raise torn(path)
    for name, entry in tables.items():
        if not _is_entry(name, entry):
            raise torn(path)
    return manifest


def _is_entry(name: str, entry: object) -> bool:
    """Whether a table of a manifest has a sound name, and an entry of one of the two forms."""
    if TABLE_NAME.fullmatch(name) is None or not isinstance(entry, dict):
        return False
    if not isinstance(entry.get("room", ""), str) or not _has_forms(entry, _ENTRY):
        return False
    if "parts" in entry and not _are_parts(entry["parts"]):
        return False
    if entry.get("status") == "computed":
        return isinstance(entry.get("rows"), int) and isinstance(
            entry.get("sha256"), str
        )
    return entry.get("status") == "not_computed" and isinstance(
        entry.get("reasons"), list
    )


def _are_parts(parts: object) -> bool:
    """Whether a manifest says soundly how a table stands in parts."""
    if not isinstance(parts, dict) or not isinstance(parts.get("count"), int):
        return False
    if not 1 < parts["count"] <= _MOST_PARTS:
        return False
    order = parts.get("order")
    if not isinstance(order, list) or not isinstance(parts.get("column"), str):
        return False
    return all(isinstance(column, str) for column in order)


def _are_inputs(inputs: object) -> bool:
    """Whether it may be what a version is made of; of a plan `parts` is a hash, else a number."""
    if not isinstance(inputs, dict) or not _has_forms(inputs, _INPUTS):
        return False
    return "plan" in inputs or isinstance(inputs.get("parts", 1), int)


def _has_forms(record: object, forms: Mapping[str, Callable[[object], bool]]) -> bool:
    """Whether a record is an object, and each of its values that have a form is of it."""
    if not isinstance(record, dict):
        return False
    return all(form(record[name]) for name, form in forms.items() if name in record)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_object_or_none(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_texts_or_none(value: object) -> bool:
    return isinstance(value, dict) and all(
        one is None or isinstance(one, str) for one in value.values()
    )


def _is_hash_or_count(value: object) -> bool:
    """Whether it may be the parts of a plan, or in how many parts a month's tables stand."""
    return isinstance(value, str) or (
        isinstance(value, int) and 1 <= value <= _MOST_PARTS
    )


# What is an object or a list in `store.inputs` and in an entry of `store.manifest`.
_INPUTS: Mapping[str, Callable[[object], bool]] = {
    "settings": _is_object,
    "waivers": _are_objects,
    "champion": _is_object_or_none,
    "uplift": _is_object_or_none,
    "earlier": _are_texts_or_none,
    "days": _are_texts,
    "plan": _is_object,
    "keys": _are_texts_or_none,
    "targets": _are_texts_or_none,
    "months": _are_texts_or_none,
    "parts": _is_hash_or_count,
}
_ENTRY: Mapping[str, Callable[[object], bool]] = {
    "reasons": _are_texts,
    "absent": _are_texts,
    "inputs": _are_texts_or_none,
    "definition": _is_object,
    "missing": _are_texts,
    "facts": _is_object,
}


# -- Parquet ---------------------------------------------------------------------------------------


class _Frame(NamedTuple):
    """What stands around the rows of a Parquet file."""

    size: int
    first_mark: bytes
    footer_start: bytes
    footer_length: int
    last_mark: bytes

    def is_whole(self) -> bool:
        """Whether the file is there to its end."""
        if self.first_mark != _MARK or self.last_mark != _MARK:
            return False
        # A block that the disk never got is zeros: a footer begins with its version's field.
        if self.footer_start != _FIELD:
            return False
        return 0 < self.footer_length <= self.size - _SMALLEST_FRAME


def check_table(path: Path) -> Path:
    """Return a Parquet file that is there to its end.

    Raise StorageError naming one that is gone or cut off.
    """
    try:
        frame = _read_frame(path)
    except OSError as error:
        raise _name_unread(path, error) from error
    if not frame.is_whole():
        raise torn(path)
    return path


def _read_frame(path: Path) -> _Frame:
    size = path.stat().st_size
    with path.open("rb") as stream:
        first_mark = stream.read(len(_MARK))
        stream.seek(max(size - _FOOTER_END, 0))
        end = stream.read()
        length = int.from_bytes(end[:4], "little")
        stream.seek(max(size - _FOOTER_END - length, 0))
        footer_start = stream.read(1)
    return _Frame(size, first_mark, footer_start, length, end[4:])
