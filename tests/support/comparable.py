"""What two homes made of the same deliveries have in common, byte for byte: all but the keys of persons.

Those are drawn by chance, and what is sealed under them differs with them; whose it is does not.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq

_WHOSE = ["subject", "ordinal", "owner"]


def read_comparable(path: Path) -> bytes:
    """A file's bytes; of sealed cells and of keys whose they are."""
    if path.suffix == ".cells":
        return repr(pq.read_table(path, columns=_WHOSE).to_pylist()).encode()
    if path.name == "persons.sqlite3":
        with closing(sqlite3.connect(path)) as keys:
            owners = keys.execute("SELECT owner FROM key ORDER BY owner").fetchall()
        return repr(owners).encode()
    return path.read_bytes()


def read_folder(folder: Path) -> dict[str, bytes]:
    """The same of every file below a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): read_comparable(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
