"""A raw table is finished: its content is hashed, and what is personal leaves it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from pipelines.core.quoting import quote_names, scan_parquet
from pipelines.sources.operator.delivery import FILE, LINE
from pipelines.sources.operator.sealing import seal_table
from pipelines.store.files import hash_file, move_file, read_column_names
from pipelines.store.persons.vault import find_file

if TYPE_CHECKING:
    from pipelines.store.persons.keys import PersonKeys

_OWNERS = "service"  # the table that says whose each line is


class FinishedTable(NamedTuple):
    """A raw table in its place: the hash of its rows whatever their order, that of its file."""

    content: str
    sha256: str


def finish_table(
    name: str, raw: Path, draft: Path, keys: PersonKeys | None
) -> FinishedTable:
    """Put a raw table into its draft without what is personal; without keys it stays as it is.

    What lies in `raw` is left there: who begins again, or does the same at the same time, finds it,
    and puts the same in the same place.
    """
    with TemporaryDirectory(dir=raw) as own:
        folder = Path(own)
        for table in {name, _OWNERS}:
            delivered = _name_raw(raw, table)
            if delivered.exists():
                os.link(delivered, _name_raw(folder, table))
        made = _name_raw(folder, name)
        content = _hash_content(made)
        if keys is not None and seal_table(name, folder, keys):
            cells = find_file(draft, name)
            cells.parent.mkdir(mode=0o700, exist_ok=True)
            move_file(find_file(folder, name), cells)
        sha256 = hash_file(made)
        move_file(made, _name_raw(draft, name))
    return FinishedTable(content, sha256)


def select_content_hash(path: Path) -> str:
    """Return the SELECT of what a raw table's rows are known by, whatever their order."""
    names = read_column_names(path)
    cells = quote_names(name for name in names if name not in (FILE, LINE))
    return (
        f"SELECT COUNT(*) AS n, SUM(CAST(HASH({cells}) AS HUGEINT)) AS total "
        f"FROM {scan_parquet(path)}"
    )


def write_content_hash(row: Mapping[str, object]) -> str:
    """Return the hash of a raw table's rows, of the row that its SELECT gives."""
    return f"{row['n']}:{row['total']}"


def _hash_content(path: Path) -> str:
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        found = connection.execute(select_content_hash(path))
        [row] = found.to_arrow_table().to_pylist()
    return write_content_hash(row)


def _name_raw(folder: Path, table: str) -> Path:
    return folder / f"extract_{table}.parquet"
