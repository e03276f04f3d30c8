"""Deliver a file or two and read back what the source made of them."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.core.month import Month
from pipelines.sources import Delivery, Limits, open_source

MONTH = Month.parse("2026-10")
PLAN = (
    "plan_id,name,monthly_fee\n"  # a small table: two ids' worth of text and an amount
)


def put_files(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write a month's files; text becomes UTF-8."""
    month = folder / "source" / str(MONTH)
    month.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (month / name).write_bytes(
            content.encode() if isinstance(content, str) else content
        )
    return folder / "source"


def extract_files(
    folder: Path,
    files: Mapping[str, bytes | str],
    table: str = "plan",
    limits: Limits | None = None,
) -> Delivery:
    """Deliver files and return what became of one table."""
    source = open_source(put_files(folder, files), limits)
    deliveries = source.extract(MONTH, folder / "out")
    assert not [p for p in (folder / "out").iterdir() if p.name.startswith(".")], (
        "staging left behind"
    )
    return next(delivery for delivery in deliveries if delivery.table == table)


def read_rows(folder: Path, table: str = "plan") -> list[dict[str, Any]]:
    """Return the raw rows written for a table."""
    rows: list[dict[str, Any]] = pq.read_table(
        folder / "out" / f"extract_{table}.parquet"
    ).to_pylist()
    return rows


def deliver(
    folder: Path,
    files: Mapping[str, bytes | str],
    table: str = "plan",
    limits: Limits | None = None,
) -> tuple[Delivery, list[dict[str, Any]]]:
    """Deliver files that must be read; return the delivery and its rows."""
    delivery = extract_files(folder, files, table, limits)
    assert delivery.state in ("present", "empty"), (delivery.reason, delivery.facts)
    rows = read_rows(folder, table)
    assert delivery.rows == len(rows) == sum(file.rows for file in delivery.files)
    return delivery, rows


def refused(
    folder: Path,
    files: Mapping[str, bytes | str],
    table: str = "plan",
    limits: Limits | None = None,
) -> tuple[str, Mapping[str, str]]:
    """Deliver files that must be refused; return the message key and its facts."""
    delivery = extract_files(folder, files, table, limits)
    assert delivery.state == "refused" and delivery.reason is not None
    assert (
        delivery.rows == 0
        and not (folder / "out" / f"extract_{table}.parquet").exists()
    )
    return delivery.reason.removeprefix("source."), delivery.facts


def run_limited(
    module: str, folder: Path, seconds: int = 60, memory: int = 3 << 30
) -> dict[str, str]:
    """Call `try_hostile` of a test module in a process that may use so much of the processor and of memory.

    The bounds are several times what is usual, and far below what work that grows faster than its input would take.
    """
    script = (
        "import json, sys; from pathlib import Path; from importlib import import_module;"
        f"print(json.dumps(import_module('tests.sources.{module}').try_hostile(Path(sys.argv[1]))))"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

    command = [sys.executable, "-c", script, str(folder)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, cwd=root, preexec_fn=limit, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, str] = json.loads(done.stdout)
    return found
