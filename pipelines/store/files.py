"""Files that are there whole or not at all: temporary name, fsync, rename, fsync of the folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.store.failpoints import failpoint
from pipelines.store.torn import Json, parse_record, read_kept

if TYPE_CHECKING:
    import pyarrow as pa
    from _typeshed import DataclassInstance

OWNER_ALONE, EVERYBODY = 0o600, 0o644
ROW_GROUP = 122_880  # DuckDB's own row-group size, so its scans split evenly
# A column of few values is told by number. One of many is not: its dictionary is given up as soon
# as it is larger than this, which costs less than a megabyte of it, and the file is smaller.
_DICTIONARY_BYTES = 32 * 1024
_ANY_WRITE = 0o222
_PERMISSIONS = 0o777


def keep_files_private() -> None:
    """Have this process make files and folders for their owner alone, before it makes the first.

    A home holds names, numbers and pay from its first minute on, also where a run dies before it
    has said so of a file.
    """
    os.umask(0o077)


@dataclass(frozen=True)
class Written:
    """What a finished file holds; `types` are the engine's of its columns, where it told them."""

    rows: int
    sha256: str
    types: Mapping[str, str] | None = None


@contextmanager
def replacing(
    path: Path, mode: int = OWNER_ALONE, makes_folder: bool = True
) -> Iterator[Path]:
    """Give a temporary path beside `path`.

    On success sync it and put it in `path`'s place, else leave nothing.

    It is its owner's alone from its first byte; `mode` is what it gets at the end. The folder is
    made where it is not there, unless the caller would write into one that is gone for good.
    """
    if makes_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    # Two machines that write the same file may have a process of the same number.
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        temporary.touch(OWNER_ALONE)
        yield temporary
        os.chmod(temporary, mode)
        _sync_to_disk(temporary)
        failpoint(f"file.ready:{path.name}")
        os.replace(temporary, path)
        _sync_to_disk(path.parent)
        failpoint(f"file.there:{path.name}")
    except OSError as error:
        if not error.filename:
            error.filename = str(
                path
            )  # a full disk does not say which file it had no room for
        raise
    except Exception as error:
        cause = error.args[0] if error.args else None
        if not isinstance(cause, OSError):
            raise
        # XlsxWriter wraps what the disk says in an error of its own.
        raise OSError(cause.errno, cause.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _sync_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- folders ---------------------------------------------------------------------------------------


def rename_folder(source: Path, target: Path) -> None:
    """Rename a folder so that the new name survives a power cut."""
    _sync_to_disk(source)
    os.rename(source, target)
    _sync_to_disk(target.parent)


def move_file(source: Path, target: Path) -> None:
    """Put a finished file in its place, instead of what stood there, also after a power cut."""
    _sync_to_disk(source)
    os.replace(source, target)
    _sync_to_disk(target.parent)


def protect_folder(folder: Path) -> None:
    """Take the right to write from a folder and all that is in it.

    The folder itself comes last and tells that it is done.
    """
    if not folder.stat().st_mode & _ANY_WRITE:
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        _protect_path(path)
    _protect_path(folder)


def _protect_path(path: Path) -> None:
    mode = path.stat().st_mode & _PERMISSIONS
    path.chmod(mode & ~_ANY_WRITE)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, protected or not."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)


def sweep_folder(folder: Path) -> None:
    """Remove the temporary files that a run left behind when it was killed.

    Call it only where no other run writes.
    """
    for temporary in folder.glob("**/.*.tmp"):
        temporary.unlink(missing_ok=True)


# -- text and JSON ---------------------------------------------------------------------------------


def write_text(path: Path, text: str, mode: int = OWNER_ALONE) -> None:
    """Write a text file whole or not at all."""
    with replacing(path, mode) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Json, mode: int = OWNER_ALONE) -> None:
    """Write JSON whole or not at all, keys in order, so that the same content is the same bytes."""
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    write_text(path, text + "\n", mode)


def write_record(path: Path, entries: Iterable[DataclassInstance]) -> None:
    """Write a record, a JSON line an entry, whole or not at all.

    Call it only under the record's lock: what a killed writer left beside it is swept.
    """
    for temporary in path.parent.glob(f".{path.name}.*.tmp"):
        temporary.unlink(missing_ok=True)
    lines = [json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in entries]
    write_text(path, "".join(lines))


def read_json(path: Path) -> Json | None:
    """Read a JSON file.

    None when there is none. Raise StorageError naming one that is torn or cannot be read.
    """
    if not path.exists():
        return None
    return parse_record(path, read_kept(path))


# -- Parquet ---------------------------------------------------------------------------------------


def write_parquet(
    path: Path,
    batches: pa.RecordBatchReader,
    mode: int = OWNER_ALONE,
    makes_folder: bool = True,
) -> Written:
    """Write Arrow batches as Parquet, zstd, in fixed row groups: same rows, same bytes."""
    import pyarrow.parquet as pq  # here, so that who only reads does not wait for it

    rows = 0
    with replacing(path, mode, makes_folder) as temporary:
        with pq.ParquetWriter(
            temporary,
            batches.schema,
            compression="zstd",
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
        ) as writer:
            for table in _regroup_batches(batches):
                writer.write_table(table, row_group_size=ROW_GROUP)
                rows += table.num_rows
        digest = hash_file(temporary)
    return Written(rows, digest)


def _regroup_batches(batches: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Cut the stream into tables of ROW_GROUP rows, whatever sizes the batches come in."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += batch.num_rows
        while count >= ROW_GROUP:
            table = pa.Table.from_batches(held, batches.schema)
            yield table.slice(0, ROW_GROUP).combine_chunks()
            rest = table.slice(ROW_GROUP)
            held, count = rest.to_batches(), rest.num_rows
    yield pa.Table.from_batches(held, batches.schema).combine_chunks()


def read_column_names(path: Path) -> list[str]:
    """Return the names of a Parquet file's columns, in their order."""
    import pyarrow.parquet as pq

    return list(pq.read_schema(path).names)


def hash_file(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
