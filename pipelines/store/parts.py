"""A table that grows may stand in parts: a folder of Parquet files, told apart by a key's MD5.

    v0002/kpi_monthly.parquet                        a table of one part is a file
    v0002/features_line/0.parquet … f.parquet        one of sixteen, a folder of them

A row lies in the part that its key's MD5 begins with, so that every engine, and every worker of
one, cuts a table the same way. All parts are there, an empty one too. The hash of a table in parts
is that of the list that `sha256sum` makes of them:

    cd v0002/features_line && sha256sum *.parquet | sha256sum

Who reads a table asks its version (`store.versions`), which sees no parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from shutil import copy2, copytree
from typing import TYPE_CHECKING, NamedTuple

from pipelines.core.errors import StorageError
from pipelines.core.quoting import quote_name
from pipelines.store.files import Written, hash_file, write_parquet
from pipelines.store.torn import Json, check_table

if TYPE_CHECKING:
    import pyarrow as pa

PART = "_part"  # the column by which a stream of rows says which part each belongs to
_SUFFIX = ".parquet"
_DESCENDING = " DESC"


class Ordered(NamedTuple):
    """A column that rows are ordered by; what is NULL comes last, whichever way."""

    name: str
    is_descending: bool = False

    @property
    def sql(self) -> str:
        """It, in an ORDER BY."""
        way = " DESC NULLS LAST" if self.is_descending else ""
        return f"{quote_name(self.name)}{way}"


@dataclass(frozen=True)
class Parts:
    """How a table stands in parts: how many, of which column's MD5, and how each is ordered.

    The order is in words of SQL: `rank`, `arm DESC`.
    """

    count: int
    column: str
    order: tuple[str, ...]

    @classmethod
    def from_json(cls, record: Json) -> Parts:
        """Read what a manifest says."""
        return cls(record["count"], record["column"], tuple(record["order"]))

    def to_json(self) -> Json:
        """Give the JSON of a manifest."""
        return {
            "count": self.count,
            "column": self.column,
            "order": list(self.order),
        }

    @property
    def ordered(self) -> tuple[Ordered, ...]:
        """The columns that the rows of a part are ordered by, and those of the whole table."""
        columns = []
        for term in self.order:
            name = term.removesuffix(_DESCENDING)
            columns.append(Ordered(name, is_descending=name != term))
        return tuple(columns)

    @property
    def names(self) -> list[str]:
        """What the parts are called: all beginnings of an MD5 of as many digits."""
        return [f"{number:0{self.digits}x}" for number in range(self.count)]

    @property
    def digits(self) -> int:
        """With how many digits of an MD5 a part is told."""
        return len(f"{self.count - 1:x}")

    def mark_sql(self, sql: str) -> str:
        """Return a SELECT with each row's part beside it."""
        key = f"COALESCE({quote_name(self.column)}, '')"
        part = f"SUBSTR(MD5({key}), 1, {self.digits})"
        return f"SELECT *, {part} AS {PART} FROM ({sql})"

    def order_sql(self, sql: str) -> str:
        """Return the same in the order that parts are written."""
        order = ", ".join([PART, *(column.sql for column in self.ordered)])
        return f"SELECT * FROM ({self.mark_sql(sql)}) ORDER BY {order}"


class WrittenPart(NamedTuple):
    """A part that was written: its name, its rows, the hash of its file."""

    name: str
    rows: int
    sha256: str


# -- where a table stands --------------------------------------------------------------------------


def place_table(folder: Path, name: str, parts: Parts | None = None) -> Path:
    """Return where a table stands: its file, or the folder of its parts."""
    if parts is None:
        return folder / f"{name}{_SUFFIX}"
    return folder / name


def stands_in_parts(path: Path) -> bool:
    """Say whether a table's place is the folder of its parts."""
    return path.suffix != _SUFFIX


def name_files(folder: Path, name: str, parts: Parts | None) -> list[Path]:
    """Return the files that a table has when all of it is there."""
    place = place_table(folder, name, parts)
    if parts is None:
        return [place]
    return [place / f"{part}{_SUFFIX}" for part in parts.names]


def list_files(path: Path) -> list[Path]:
    """Return the files of a table: the one that it is, or all its parts in their order.

    Raise StorageError naming a part that is gone.
    """
    if not stands_in_parts(path):
        return [path]

    there = sorted(path.glob(f"*{_SUFFIX}"))
    if not there:
        raise StorageError("storage.gone", where=path)
    digits = len(there[0].stem)
    for number in range(16**digits):
        file = path / f"{number:0{digits}x}{_SUFFIX}"
        if number >= len(there) or there[number] != file:
            raise StorageError("storage.gone", where=file)
    return there


def check_stored(path: Path) -> Path:
    """Return a table's place when all of it is there to its end.

    Raise StorageError naming a file that is gone or cut off.
    """
    for file in list_files(path):
        check_table(file)
    return path


def copy_stored(path: Path, folder: Path) -> None:
    """Copy a table into another folder, under its name."""
    if stands_in_parts(path):
        copytree(path, folder / path.name)
    else:
        copy2(path, folder / path.name)


# -- its hash --------------------------------------------------------------------------------------


def hash_stored(path: Path) -> str:
    """Return the hash of a table: of its file, or over those of its parts."""
    if not stands_in_parts(path):
        return hash_file(path)
    return _hash_list({file.stem: hash_file(file) for file in list_files(path)})


def _hash_list(hashes: Mapping[str, str]) -> str:
    """The hash of what `sha256sum` says of the parts."""
    lines = [f"{hashes[name]}  {name}{_SUFFIX}\n" for name in sorted(hashes)]
    return sha256("".join(lines).encode()).hexdigest()


# -- writing ---------------------------------------------------------------------------------------


def write_parts(folder: Path, batches: pa.RecordBatchReader) -> list[WrittenPart]:
    """Write the parts that a stream brings, and only those.

    Its rows say their part in the column `_part`, and are in the order of `Parts.order_sql`.
    """
    import pyarrow as pa  # here, so that who only reads does not wait for it

    folder.mkdir(mode=0o700, exist_ok=True)
    schema = leave_part_out(batches.schema)
    written = []
    for name, cut in groupby(_cut_batches(batches), itemgetter(0)):
        rows = pa.RecordBatchReader.from_batches(schema, map(itemgetter(1), cut))
        file = write_parquet(folder / f"{name}{_SUFFIX}", rows)
        written.append(WrittenPart(name, file.rows, file.sha256))
    return written


def complete_parts(
    folder: Path, schema: pa.Schema, parts: Parts, written: Iterable[WrittenPart]
) -> Written:
    """Write the parts of which no row came; return the rows and the hash of the whole table.

    `schema` is that of the table. Raise StorageError naming a part that was written twice.
    """
    import pyarrow as pa

    folder.mkdir(mode=0o700, exist_ok=True)
    rows = 0
    hashes: dict[str, str] = {}
    for part in written:
        if part.name in hashes:
            raise StorageError("storage.torn", where=folder / f"{part.name}{_SUFFIX}")
        hashes[part.name] = part.sha256
        rows += part.rows

    for name in parts.names:
        if name not in hashes:
            nothing = pa.RecordBatchReader.from_batches(schema, [])
            file = write_parquet(folder / f"{name}{_SUFFIX}", nothing)
            hashes[name] = file.sha256

    return Written(rows, _hash_list(hashes))


def leave_part_out(schema: pa.Schema) -> pa.Schema:
    """Return the schema of the table that a stream of rows with their parts is of."""
    return schema.remove(schema.get_field_index(PART))


def _cut_batches(
    batches: pa.RecordBatchReader,
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the stream in pieces that are of one part each, with its name."""
    import pyarrow.compute as pc

    for batch in batches:
        runs = pc.run_end_encode(batch.column(PART))
        rows = batch.drop_columns([PART])
        begin = 0
        for name, end in zip(
            runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True
        ):
            yield name, rows.slice(begin, end - begin)
            begin = end
