"""What Spark's executors run of ours: rows of a SELECT become the parts of a table where they are.

Only what is known of the parts comes back. A part's file is the embedded engine's to the byte: the
types are cast by DuckDB, a batch at a time, and `write_parts` writes as it does on one machine.
A task that is tried again writes the same bytes under the same name.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from pipelines.core.paths import ROOT
from pipelines.core.quoting import write_casts
from pipelines.engines.duckdb import BatchMaker
from pipelines.store.files import write_parquet
from pipelines.store.parts import PART, WrittenPart, write_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a worker sends back of each part that it wrote.
WRITTEN_COLUMNS = "name string, rows long, sha256 string"
_WRITTEN = pa.schema(
    [("name", pa.string()), ("rows", pa.int64()), ("sha256", pa.string())]
)
# What a file's bytes depend on besides its rows.
_LIBRARIES = ("pyarrow", "duckdb", "numpy", "pandas", "scikit-learn", "scipy")
# Whatever of ours a worker may run: its readers, its writers, models, what they read beside them.
_CODE = {"pipelines": (".py", ".yml"), "models": (".py",)}


def _hash_code() -> str:
    """The code that this process runs, whatever becomes of its files meanwhile."""
    code = sha256()
    for folder, suffixes in _CODE.items():
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes:
                code.update(path.read_bytes())
    return code.hexdigest()[:12]


_RUNNING = _hash_code()
Batches = Iterator[pa.RecordBatch]


class WorkerDiffers(RuntimeError):
    """A worker would write other bytes than the rest of the month is made of."""


class FolderUnseen(RuntimeError):
    """A worker would write where the driver does not look."""


def make_part_writer(
    folder: Path, types: Mapping[str, str]
) -> Callable[[Batches], Batches]:
    """Return what a task writes its parts with: rows, sorted by part, become what was written.

    `types` are the DuckDB types of the columns, in their order.
    """
    expected = list_versions()
    select = f"SELECT {write_casts(types)}, {PART} FROM answered"

    def write_task(batches: Batches) -> Batches:
        require_versions(expected)
        require_folder(folder)
        with _open_engine() as engine:
            yield from _write_batches(engine, select, folder, batches)

    return write_task


def make_rows_keeper(folder: Path) -> Callable[[Batches], Batches]:
    """Return what a task keeps its rows with: a file of the task's number, told as a part is.

    A task that is tried again puts its file in the place of the first.
    """
    expected = list_versions()

    def keep_task(batches: Batches) -> Batches:
        from pyspark import TaskContext  # there on every worker

        require_versions(expected)
        require_folder(folder)
        first = next(batches, None)
        if first is None:
            return
        name = f"{TaskContext.get().partitionId():06d}"
        stream = pa.RecordBatchReader.from_batches(first.schema, _chain(first, batches))
        file = write_parquet(folder / f"{name}.parquet", stream, makes_folder=False)
        told = _tell(WrittenPart(name, file.rows, file.sha256))
        yield pa.RecordBatch.from_pylist([told], _WRITTEN)

    return keep_task


def make_rows_maker(make: BatchMaker) -> Callable[[Batches], Batches]:
    """Return what a task makes rows with; `make` gives, there, what each batch goes through."""
    expected = list_versions()

    def make_task(batches: Batches) -> Batches:
        require_versions(expected)
        make_batch = make()
        for batch in batches:
            if batch.num_rows:
                yield from make_batch(batch).to_batches()

    return make_task


def make_group_maker(
    make: Callable[[pa.Table], pa.Table],
) -> Callable[[pa.Table], pa.Table]:
    """Return what a task makes of the rows of a group."""
    expected = list_versions()

    def make_group(rows: pa.Table) -> pa.Table:
        require_versions(expected)
        return make(rows)

    return make_group


def make_each(types: Mapping[str, str], each: str) -> BatchMaker:
    """Return a maker of what a SELECT gives of `answered`, in the types the embedded engine has."""
    select = f"WITH answered AS (SELECT {write_casts(types)} FROM delivered) {each}"

    def make() -> Callable[[pa.RecordBatch], pa.Table]:
        engine = _open_engine()

        def make_batch(batch: pa.RecordBatch) -> pa.Table:
            engine.register("delivered", pa.Table.from_batches([batch]))
            return engine.execute(select).to_arrow_table()

        return make_batch

    return make


def list_versions() -> dict[str, str]:
    """Return the versions of the libraries, and the code, that a file's bytes depend on."""
    versions = {name: version(name) for name in _LIBRARIES}
    return {**versions, "code": _RUNNING}


@cache
def _read_versions() -> dict[str, str]:
    return list_versions()


def require_versions(expected: Mapping[str, str]) -> None:
    """Raise WorkerDiffers where this process has other versions than are expected."""
    found = _read_versions()
    for name, wanted in expected.items():
        if found[name] != wanted:
            here = socket.gethostname()
            raise WorkerDiffers(f"worker {here} has {name} {found[name]}, not {wanted}")


def require_folder(folder: Path) -> None:
    """Raise FolderUnseen where the folder that the driver has made is not to be seen."""
    if not folder.is_dir():
        here = socket.gethostname()
        raise FolderUnseen(f"worker {here} does not see {folder}")


def _open_engine() -> duckdb.DuckDBPyConnection:
    """Return a connection of its own to the worker's engine.

    To start an engine takes longer than to write a small part.
    """
    return _start_engine().cursor()


@cache
def _start_engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def _write_batches(
    engine: duckdb.DuckDBPyConnection, select: str, folder: Path, batches: Batches
) -> Batches:
    """Write the parts of a task; yield what was written, if anything."""
    typed = _cast_batches(engine, select, batches)
    first = next(typed, None)
    if first is None:
        return
    stream = pa.RecordBatchReader.from_batches(first.schema, _chain(first, typed))
    written = write_parts(folder, stream)
    yield pa.RecordBatch.from_pylist([_tell(part) for part in written], _WRITTEN)


def _cast_batches(
    engine: duckdb.DuckDBPyConnection, select: str, batches: Batches
) -> Batches:
    """Yield batches in the types of the table."""
    for batch in batches:
        if not batch.num_rows:
            continue
        engine.register("answered", pa.Table.from_batches([batch]))
        yield from engine.execute(select).to_arrow_table().to_batches()
        engine.unregister("answered")


def _chain(first: pa.RecordBatch, others: Batches) -> Batches:
    yield first
    yield from others


def _tell(part: WrittenPart) -> dict[str, object]:
    return part._asdict()
