"""What a home and its office hold, read without the program under test, to be compared later."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

# Who reads sees these whole. What only grows: an entry that was there stays as it was.
GROWING = {
    "console_answer": "id, order_id, outcome, contacted_on, note",
    "console_orderchange": "id, order_id, kind, manager_id, why, actor",
    "console_intake": "id, file, sha256, accepted, refused",
    "console_order": "order_id, month, list, customer_id, manager_id, due_on",
    "console_auditentry": "id, actor, action, subject",
}
HELD = {"console_heldanswer": "order_id, outcome, contacted_on"}
Row = tuple[Any, ...]


@dataclass
class Kept:
    """What was seen of a home so far, and must be found again."""

    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    sealed: dict[str, str] = field(default_factory=dict)
    rows: dict[str, set[Row]] = field(default_factory=dict)
    held: set[Row] = field(default_factory=set)  # said by phone, taken in ten seconds

    def copy(self) -> Kept:
        """What was seen until now: for who goes back to it."""
        rows = {table: set(seen) for table, seen in self.rows.items()}
        return Kept(dict(self.versions), dict(self.sealed), rows, set(self.held))


def list_months(home: Path) -> list[Path]:
    """The folders of a home's months and days."""
    return sorted([*home.glob("months/????-??"), *home.glob("days/????-??-??")])


def read_current(month: Path) -> str | None:
    """The version that readers of a month use, None where there is none."""
    path = month / "CURRENT"
    return path.read_text().strip() if path.exists() else None


def hash_files(folder: Path) -> dict[str, str]:
    """The hash of each file of a folder, by its path in it."""
    hashes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(folder))
            hashes[name] = sha256(path.read_bytes()).hexdigest()
    return hashes


def check_version(version: Path) -> None:
    """Assert that a version holds what its manifest says, to the byte."""
    manifest = json.loads((version / "manifest.json").read_text())
    for name, entry in manifest["tables"].items():
        path = version / f"{name}.parquet"
        if entry["status"] == "computed":
            found = sha256(path.read_bytes()).hexdigest()
            assert found == entry["sha256"], (version, name)
        else:
            assert not path.exists(), (version, name)


def read_office(home: Path) -> dict[str, set[Row]]:
    """The rows that the office must never lose, by table, and beside them what it holds back."""
    office = home / "office.sqlite3"
    if not office.exists():
        return {}
    rows: dict[str, set[Row]] = {}
    with closing(sqlite3.connect(office)) as connection:
        there = connection.execute("SELECT name FROM sqlite_master").fetchall()
        for table, columns in (GROWING | HELD).items():
            if (table,) in there:
                found = connection.execute(f"SELECT {columns} FROM {table}").fetchall()
                rows[table] = set(found)
    return rows


def check_home(home: Path, kept: Kept) -> None:
    """Assert what must hold after every step, and take down what is to be found again."""
    for month in list_months(home):
        current = read_current(month)
        if current is not None:
            assert (month / current / "manifest.json").exists(), (month, current)
        for version in month.glob("v[0-9]*[0-9]"):
            _check_unchanged(home, version, kept)
        _check_seal(home, month, kept)
    _check_office(home, kept)


def _check_unchanged(home: Path, version: Path, kept: Kept) -> None:
    """A version is whole when it is first seen, and the same ever after."""
    name = str(version.relative_to(home))
    hashes = hash_files(version)
    if name not in kept.versions:
        check_version(version)
        kept.versions[name] = hashes
    outbox = {file for file in hashes if file.startswith("outbox/")}
    now = {file: value for file, value in hashes.items() if file not in outbox}
    then = {f: v for f, v in kept.versions[name].items() if not f.startswith("outbox/")}
    assert now == then, (name, now.items() ^ then.items())


def _check_seal(home: Path, month: Path, kept: Kept) -> None:
    """A seal is never lifted, and never names another version."""
    seal = month / "SEAL.json"
    name = str(month.relative_to(home))
    if name in kept.sealed:
        assert seal.read_text() == kept.sealed[name], name
    elif seal.exists():
        kept.sealed[name] = seal.read_text()
    if name in kept.sealed:
        sealed = json.loads(kept.sealed[name])
        assert read_current(month) == f"v{sealed['version']:04d}", name


def _check_office(home: Path, kept: Kept) -> None:
    """What the office was told is never lost or overwritten; a customer is once on a list."""
    rows = read_office(home)
    held = rows.pop("console_heldanswer", set())
    answered = {row[1:4] for row in rows.get("console_answer", set())}
    assert kept.held <= held | answered, kept.held - held - answered
    kept.held = held
    for table, seen in kept.rows.items():
        lost = seen - rows.get(table, set())
        assert not lost, (table, lost)
    kept.rows = rows
    orders = rows.get("console_order", set())
    places = Counter((month, listed, who) for _, month, listed, who, *_ in orders)
    repeated = [place for place, count in places.items() if count > 1]
    assert not repeated, repeated
