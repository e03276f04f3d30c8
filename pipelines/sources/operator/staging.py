"""Copy a delivered file once while hashing it, so that the run reads its own copy."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipelines.core.errors import SourceNotReady, StorageError
from pipelines.core.names import show_name
from pipelines.sources.operator.delivered_file import (
    open_delivered,
    refuse_unreadable,
    stat_delivered,
)
from pipelines.sources.operator.delivery import FileRefused, Limits

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Staged:
    """Our copy of one delivered file, unpacked if it came as .gz."""

    name: str
    kind: str  # csv, xlsx or parquet
    path: Path
    sha256: str
    size: int  # bytes as delivered


def stage_file(
    source: Path,
    kind: str,
    folder: Path,
    limits: Limits,
    roots: Sequence[Path] | None = None,
) -> Staged:
    """Copy and hash a file.

    Raise SourceNotReady if it changes meanwhile, FileRefused for what is no file or a bad .gz. A
    link may lead to files under the roots; without roots, anywhere.
    """
    number = len(list(folder.iterdir()))
    copy = folder / f"{number}-{kind}"
    name = show_name(source.name)

    before = stat_delivered(source)
    digest = _copy_file(source, copy, roots)
    size = copy.stat().st_size
    if stat_delivered(source) != before:
        raise SourceNotReady("source.growing", file=name)

    if kind == "csv.gz":
        copy = _unpack_file(copy, name, limits)
    return Staged(name, kind.removesuffix(".gz"), copy, digest, size)


def stage_files(
    files: Sequence[tuple[Path, str]],
    folder: Path,
    limits: Limits,
    roots: Sequence[Path] | None = None,
) -> Iterator[Staged]:
    """Stage several files, each with its kind, in order, into a new folder."""
    make_folder(folder)
    for path, kind in files:
        yield stage_file(path, kind, folder, limits, roots)


def make_folder(folder: Path) -> None:
    """Make a folder of ours; a full or read-only disk is a StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def prepare_output(table: str, into: Path) -> Path:
    """Return where a table's raw Parquet goes, with any older one removed."""
    output = into / f"extract_{table}.parquet"
    make_folder(into)
    try:
        output.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(output, error) from error
    return output


def hash_file(path: Path, roots: Sequence[Path] | None = None) -> str:
    """Return the SHA-256 of a file's content; raise FileRefused for no file of the delivery."""
    digest = hashlib.sha256()
    for block in _read_blocks(path, roots):
        digest.update(block)
    return digest.hexdigest()


def _copy_file(source: Path, copy: Path, roots: Sequence[Path] | None) -> str:
    """Copy a file; return the SHA-256 of its content."""
    digest = hashlib.sha256()
    with open_output(copy) as out:
        for block in _read_blocks(source, roots):
            digest.update(block)
            write_block(out, block)
    return digest.hexdigest()


def _read_blocks(path: Path, roots: Sequence[Path] | None) -> Iterator[bytes]:
    """Yield a delivered file's bytes."""
    with open_delivered(path, roots) as file:
        try:
            while block := file.read(_BLOCK):
                yield block
        except OSError as error:
            raise refuse_unreadable(path, error) from error


def _unpack_file(packed: Path, name: str, limits: Limits) -> Path:
    """Unpack a .gz beside itself and drop it; stop at the bomb limit."""
    plain = packed.with_suffix(".plain")
    packed_size = packed.stat().st_size
    try:
        with gzip.open(packed, "rb") as file, open_output(plain) as out:
            _unpack_blocks(file, out, name, packed_size, limits)
    except EOFError as error:
        raise FileRefused("gzip_truncated", file=name) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FileRefused("gzip_damaged", file=name) from error
    packed.unlink()
    return plain


def _unpack_blocks(
    file: gzip.GzipFile,
    out: BinaryIO,
    name: str,
    packed_size: int,
    limits: Limits,
) -> None:
    """Copy what is unpacked; raise FileRefused when it is too much, or packed too well."""
    steep_size = packed_size * limits.gzip_ratio
    total = 0
    while block := file.read(_BLOCK):
        total += len(block)
        if total > limits.gzip_bytes and total > steep_size:
            raise _refuse_bomb(name, limits.gzip_bytes)
        if total > limits.unpacked_bytes:
            raise _refuse_bomb(name, limits.unpacked_bytes)
        write_block(out, block)


def _refuse_bomb(name: str, limit: int) -> FileRefused:
    return FileRefused("archive_bomb", file=name, limit=f"{limit:,} bytes")


def open_output(path: Path) -> BinaryIO:
    """Open a file of ours for writing; a full or read-only disk is a StorageError."""
    try:
        return open(path, "wb")
    except OSError as error:
        raise cannot_write(path, error) from error


def write_block(out: BinaryIO, block: bytes) -> None:
    """Write a block; a full disk is a StorageError."""
    try:
        out.write(block)
    except OSError as error:
        raise cannot_write(Path(out.name), error) from error


def cannot_write(path: Path, error: OSError) -> StorageError:
    """Say which folder of ours could not be written, and why."""
    reason = os.strerror(error.errno or 0)
    return StorageError("source.cannot_write", folder=path.parent, error=reason)
