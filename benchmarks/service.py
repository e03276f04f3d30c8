"""The topology of docker-compose.yml without Docker: months of a small twin as one backfill, approved through the API.

Each month must be, byte for byte, the month run and released by hand. Told: how long the services took to answer, each
month from its first room to its seal, and how many files were compared.

    python -m benchmarks.service [--executor LocalExecutor|CeleryExecutor] [--engine duckdb|spark] [--months 24]
        [--services 300] [--parts 16] [--keep DIR]

Needs PostgreSQL's programs, redis-server for CeleryExecutor, Java and PySpark for Spark.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.core.settings import ENGINES, load_settings
from pipelines.jobs.run import Job, release_month, run_month
from pipelines.store.files import hash_file
from pipelines.store.lake import list_held_months
from tests.e2e.airflow_house import House, house, wait_for
from tests.support import postgres, spark
from twin import generate

DAG = "retention_monthly"
KEY = "the key of a measurement, nothing else"
LAST = "2024-06"  # long past: the waits for the 10th and 12th are over at once
PATIENCE = 600  # seconds a month


def run_by_hand(home: Path, source: Path, months: list[str], parts: int) -> float:
    """Run and release the months one after the other; return the seconds."""
    began = time.perf_counter()
    settings = load_settings(secret_key=KEY, table_parts=parts)
    for name in months:
        job = Job(home, Month.parse(name), str(source), settings=settings)
        run_month(job)
        release_month(job)
    return time.perf_counter() - began


def backfill(service: House, months: list[str]) -> list[dict[str, Any]]:
    """Run the months as one backfill, approving each through the API; return the runs as Airflow tells them."""
    wait_for("the DAG", 120, lambda: service.call("GET", f"dags/{DAG}"))
    words = [
        "--from-date",
        f"{months[0]}-01",
        "--to-date",
        f"{months[-1]}-28",
        "--max-active-runs",
        "1",
    ]
    service.airflow("backfill", "create", "--dag-id", DAG, *words)
    service.call("PATCH", f"dags/{DAG}", {"is_paused": False})
    seen: set[str] = set()
    return wait_for(
        "the backfill",
        PATIENCE * len(months),
        lambda: _ended(service, len(months), seen),
        pause=2,
    )


def _ended(service: House, count: int, seen: set[str]) -> list[dict[str, Any]] | None:
    approve_waiting(service, seen)
    found = service.call(
        "GET", f"dags/{DAG}/dagRuns?run_type=backfill&order_by=id&limit=100"
    )["dag_runs"]
    ended = [one for one in found if one["state"] in ("success", "failed")]
    return (
        found
        if len(ended) == count or any(one["state"] == "failed" for one in found)
        else None
    )


def approve_waiting(service: House, seen: set[str]) -> None:
    """Approve what waits, at the second sight: an answer at once may cross the report of the parked task."""
    waiting = service.call(
        "GET",
        f"dags/{DAG}/dagRuns/~/hitlDetails?response_received=false&state=awaiting_input",
    )
    for detail in waiting["hitl_details"]:
        task = detail["task_instance"]
        if task["id"] in seen:
            path = f"dags/{DAG}/dagRuns/{task['dag_run_id']}/taskInstances/approve/{task['map_index']}/hitlDetails"
            service.call(
                "PATCH",
                path,
                {
                    "chosen_options": ["Approve"],
                    "params_input": {"who": "a measurement"},
                },
            )
        seen.add(task["id"])


def compare(one: Path, other: Path) -> tuple[int, list[str]]:
    """Compare every file of the current versions of two homes; return how many, and which differ or are missing."""
    names = [_files(home) for home in (one, other)]
    differing = [
        n
        for n in sorted(names[0].keys() | names[1].keys())
        if names[0].get(n) != names[1].get(n)
    ]
    return len(names[0]), differing


def _files(home: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for month in list_held_months(home):
        folder = home / "months" / str(month)
        version = folder / (folder / "CURRENT").read_text().strip()
        # Sealed cells differ by the keys of persons, which are drawn by chance.
        files = (p for p in version.rglob("*") if p.is_file() and p.suffix != ".cells")
        paths = [*files, folder / "SEAL.json"]
        found |= {f"{month}/{p.relative_to(folder)}": hash_file(p) for p in paths}
    return found


def _seconds(run: dict[str, Any]) -> float:
    begin, end = (
        datetime.fromisoformat(run[name]) for name in ("start_date", "end_date")
    )
    return (end - begin).total_seconds()


def measure(folder: Path, asked: argparse.Namespace) -> int:
    """Measure, tell, and return 1 where anything differs."""
    twin = folder / "twin"
    generate(twin, services=asked.services, months=asked.months, seed=7, through=LAST)
    names = [str(Month.parse(LAST).plus(back)) for back in range(1 - asked.months, 1)]
    by_hand = run_by_hand(folder / "by_hand", twin, names, asked.parts)
    print(f"by hand: {asked.months} months in {by_hand:.0f} s", flush=True)
    with ExitStack() as stack:
        cluster = stack.enter_context(postgres.open_cluster())
        server = f"postgres@127.0.0.1:{cluster.port}"
        with psycopg.connect(
            f"postgresql://{server}/postgres", autocommit=True
        ) as connection:
            connection.execute("CREATE DATABASE airflow")
        settings: dict[str, str | Path] = {
            "AIRFLOW__CORE__EXECUTOR": asked.executor,
            "RETENTION_SECRET_KEY": KEY,
            "RETENTION_HOME": folder / "home",
            "RETENTION_SOURCE": twin,
            "RETENTION_ENGINE": asked.engine,
            "RETENTION_MEMORY_LIMIT": "2GB",
            "RETENTION_TABLE_PARTS": str(asked.parts),
        }
        if asked.engine == "spark":
            settings["RETENTION_SPARK_MASTER"] = stack.enter_context(
                spark.open_cluster(folder)
            ).master
        began = time.perf_counter()
        service = stack.enter_context(
            house(folder, f"postgresql+psycopg2://{server}/airflow", **settings)
        )
        print(
            f"{asked.executor}, {asked.engine}: {', '.join(service.services)} answer after {time.perf_counter() - began:.0f} s",
            flush=True,
        )
        runs = backfill(service, names)
    for one in runs:
        print(
            f"{one['partition_key']}: {one['state']}, {_seconds(one):.0f} s", flush=True
        )
    files, differing = compare(folder / "by_hand", folder / "home")
    print(
        f"{files} files of {asked.months} months compared with those made by hand, {len(differing)} differ"
    )
    print("\n".join(differing[:10]))
    return 1 if differing else 0


def main() -> None:
    """Measure in a folder of its own, or in one that is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service")
    parser.add_argument(
        "--executor",
        default="LocalExecutor",
        choices=("LocalExecutor", "CeleryExecutor"),
    )
    parser.add_argument("--engine", default="duckdb", choices=ENGINES)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--services", type=int, default=300)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", flush=True)
    with tempfile.TemporaryDirectory(prefix="service-") as folder:
        where = asked.keep or Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        try:
            raise SystemExit(measure(where, asked))
        except RetentionError as error:
            raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
