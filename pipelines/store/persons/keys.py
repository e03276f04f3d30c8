"""The keys of persons: one random key a customer, in one file outside months and archives.

    <home>/keys/persons.sqlite3     key: a customer's secret · destroyed: whose secret is gone
    <home>/keys/copies.json         the folders beside whose archives a copy lies

What is sealed under a key (`store.persons.vault`, notes of the office) can be read as long as the
key is there. A customer whose key was destroyed never gets another one: what is delivered of them
later is sealed under none and kept nowhere. The record of destructions wins over every copy.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.errors import StorageError
from pipelines.store.files import OWNER_ALONE, replacing

if TYPE_CHECKING:
    import sqlite3

KEYS_FOLDER = "keys"
KEYS_FILE = "persons.sqlite3"
_KEY_BYTES = 32  # AES-SIV takes two keys of 128 bits
_WAIT_SECONDS = 60
_CHUNK = 20_000
_TABLES = """
CREATE TABLE IF NOT EXISTS key (owner TEXT PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS destroyed (owner TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
"""
_FIND = """
SELECT asked.value, key.secret FROM json_each(?) AS asked
JOIN key ON key.owner = asked.value
"""
_MAKE = """
INSERT OR IGNORE INTO key SELECT ?, ?
WHERE NOT EXISTS (SELECT 1 FROM destroyed WHERE owner = ?)
"""


class PersonKeys:
    """The keys of a home's customers; the file is made by the first key."""

    def __init__(self, home: Path) -> None:
        self.path = home / KEYS_FOLDER / KEYS_FILE

    def with_whole_path(self) -> PersonKeys:
        """Return the same keys by a path that holds wherever a process stands."""
        return PersonKeys(self.path.resolve().parents[1])

    def find(self, owners: Iterable[str]) -> dict[str, bytes]:
        """Return the keys of those who have one; nobody gets one by being asked for."""
        if not self.path.exists():
            return {}
        with self._open() as database:
            return _find_keys(database, sorted(set(owners)))

    def make(self, owners: Iterable[str]) -> dict[str, bytes]:
        """Return the keys of customers, new ones for who has none; none for who was deleted."""
        wanted = sorted(set(owners))
        with self._open() as database:
            found = _find_keys(database, wanted)
            lacking = [owner for owner in wanted if owner not in found]
            if not lacking:
                return found
            rows = [(owner, os.urandom(_KEY_BYTES), owner) for owner in lacking]
            with database:
                database.executemany(_MAKE, rows)
            return found | _find_keys(database, lacking)

    def destroy(self, owners: Iterable[str], at: str) -> int:
        """Destroy the keys of customers for good; return how many were there."""
        ordered = sorted(set(owners))
        with self._open() as database, database:
            marks = [(owner, at) for owner in ordered]
            database.executemany("INSERT OR IGNORE INTO destroyed VALUES (?, ?)", marks)
            return _remove_destroyed(database)

    def read_destroyed(self) -> dict[str, str]:
        """Return whose keys were destroyed, and when."""
        if not self.path.exists():
            return {}
        with self._open() as database:
            return dict(database.execute("SELECT owner, at FROM destroyed"))

    def list_like(self, customer_id: str) -> list[str]:
        """Return the ids under which a customer's rows may have been sealed.

        A spreadsheet takes the zeros before an id of digits away.
        """
        core = customer_id.lstrip("0")
        if not self.path.exists() or not core:
            return []
        with self._open() as database:
            rows = database.execute(
                "SELECT owner FROM key WHERE ltrim(owner, '0') = ?", (core,)
            )
            return [owner for (owner,) in rows]

    def absorb(self, destroyed: Mapping[str, str]) -> int:
        """Take over what another record says was destroyed; return how many keys went by it."""
        if not destroyed:
            return 0
        with self._open() as database, database:
            database.executemany(
                "INSERT OR IGNORE INTO destroyed VALUES (?, ?)", destroyed.items()
            )
            return _remove_destroyed(database)

    # -- copies ------------------------------------------------------------------------------------

    def copy_to(self, path: Path) -> None:
        """Put a copy in a place, for its owner alone; what lay there before is gone.

        What the copy there knows to be destroyed is destroyed here first.
        """
        self.absorb(read_copied_destructions(path))
        import sqlite3

        with self._open() as database, replacing(path, OWNER_ALONE) as temporary:
            target = sqlite3.connect(temporary)
            try:
                database.backup(target)
                target.execute("VACUUM")  # no page that was freed goes with it
            finally:
                target.close()

    def record_copy(self, path: Path) -> None:
        """Write down that a copy lies there, so that a deletion reaches it."""
        copies = sorted({*self.list_copies(), path.absolute()})
        texts = [str(copy) for copy in copies]
        with replacing(self._copies_file, OWNER_ALONE) as temporary:
            temporary.write_text(json.dumps(texts, ensure_ascii=False))

    def list_copies(self) -> list[Path]:
        """Return where copies lie that are known of."""
        if not self._copies_file.exists():
            return []
        texts = json.loads(self._copies_file.read_text())
        return [Path(text) for text in texts]

    @property
    def _copies_file(self) -> Path:
        return self.path.with_name("copies.json")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file; what is deleted from it is overwritten, also in its journal."""
        import sqlite3  # here, so that who reads no names does not wait for it

        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.path.exists():
                self.path.touch(OWNER_ALONE)
            database = sqlite3.connect(self.path, timeout=_WAIT_SECONDS)
            try:
                database.execute("PRAGMA secure_delete = ON")
                database.execute("PRAGMA synchronous = FULL")
                database.executescript(_TABLES)
                yield database
            finally:
                database.close()
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                "storage.failed", where=self.path, why=str(error)
            ) from error


def _find_keys(database: sqlite3.Connection, owners: list[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for start in range(0, len(owners), _CHUNK):
        chunk = json.dumps(owners[start : start + _CHUNK])
        found.update(database.execute(_FIND, (chunk,)))
    return found


def _remove_destroyed(database: sqlite3.Connection) -> int:
    removed = database.execute(
        "DELETE FROM key WHERE owner IN (SELECT owner FROM destroyed)"
    )
    return removed.rowcount


def read_copied_destructions(path: Path) -> dict[str, str]:
    """Return what a copy of the keys records as destroyed; nothing where there is no copy."""
    import sqlite3

    if not path.exists():
        return {}
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return dict(database.execute("SELECT owner, at FROM destroyed"))
        finally:
            database.close()
    except sqlite3.Error as error:
        raise StorageError("storage.failed", where=path, why=str(error)) from error
