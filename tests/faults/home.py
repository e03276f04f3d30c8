"""A small operator of two months, its homes, and what two homes must have in common."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.core.month import Month
from tests.support.comparable import read_comparable
from tests.support.small import Town

BEFORE, MONTH = Month.parse("2026-07"), Month.parse("2026-08")


def write_source(folder: Path) -> Path:
    """Deliver two months of a few customers, so that a room of the second reads the first."""
    for month in (BEFORE, MONTH):
        town = Town(month)
        for number in range(12):
            town.person(
                f"c{number:02d}",
                manager=f"M{number % 3 + 1}",
                revenue=f"{60 + 10 * number}.00",
            )
        town.owe("c03").owe("c07", "20.00").write(folder)
    return folder


def contents(home: Path) -> dict[str, bytes]:
    """Every file of a home but the locks; of those that know the hour, what else they say."""
    found = {}
    for path in sorted(home.rglob("*")):
        if path.is_file() and not _is_lock(path):
            found[str(path.relative_to(home))] = _read_without_hour(path)
    return found


def _read_without_hour(path: Path) -> bytes:
    """A file's bytes; of the office database the orders, of the record of releases who released what."""
    if path.name == "office.sqlite3":
        return _orders(path)
    if path.name == "releases.jsonl":
        return _releases(path)
    return read_comparable(path)


def _releases(record: Path) -> bytes:
    lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    return repr([{**line, "at": ""} for line in lines]).encode()


def _orders(office: Path) -> bytes:
    with closing(sqlite3.connect(office)) as connection:
        return repr(
            connection.execute(
                "SELECT * FROM console_order ORDER BY order_id"
            ).fetchall()
        ).encode()


def _is_lock(path: Path) -> bool:
    return path.name.endswith(".lock")


def readable(home: Path) -> str | None:
    """Read the current version as any reader would; return its name, None where there is none yet."""
    current = home / "months" / str(MONTH) / "CURRENT"
    if not current.exists():
        return None
    name = current.read_text().strip()
    tables = list((current.parent / name).glob("*.parquet"))
    assert tables and (current.parent / name / "manifest.json").exists()
    for table in tables:
        pq.read_metadata(table)
    return name


def run_args(source: Path, home: Path, month: Month = MONTH) -> list[str]:
    """The command that runs and releases a month."""
    return [
        "run",
        str(month),
        "--source",
        str(source),
        "--home",
        str(home),
        "--release",
    ]


def assert_same(home: Path, wanted: Path, about: str = "") -> None:
    """Assert that two homes hold the same files with the same bytes."""
    now, then = contents(home), contents(wanted)
    assert now.keys() == then.keys(), (about, now.keys() ^ then.keys())
    assert not [name for name in now if now[name] != then[name]], about
