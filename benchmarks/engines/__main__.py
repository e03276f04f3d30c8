"""The same months by both engines, in one part and in parts: whether files differ, and what each run cost.

    python -m benchmarks.engines SOURCE [--parts 1 16] [--runs duckdb spark] [--memory 1GB] [--held HOME] [--months 1]

A run is `duckdb`, `spark` (in this process), `cluster` (`local-cluster[2,1,2048]`), or `workers-1` and `workers-2`:
a master of its own with so many workers of one core. The driver takes 16 MB of results and no more. `--held` is a home
of earlier months that every run begins with. CPU seconds are those of all processes; those of a master and its workers
stand beside them, the rest is the driver's. `--rooms` tells them room by room. The files of a month are held against
those of the first run in as many parts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks.engines.costs import (
    Cost,
    count_as_worker,
    join_group,
    split_costs,
    watch_month,
)
from tests.e2e.airflow_house import free_port, kill_family, wait_for
from tests.support.comparable import read_folder

RESULTS = "16m"  # that the driver takes of its executors
_HEADS = f"{'CPU s':>8}{'workers':>9}{'wall s':>8}{'shuffle MB':>11}"
RETENTION = Path(sys.executable).with_name("retention")


class Run(NamedTuple):
    """An engine, and in how many parts it writes."""

    engine: str
    parts: int


def main(words: Sequence[str] | None = None) -> None:
    """Make the months and print what came of them."""
    asked = _parse_words(words)
    months = sorted(path.name for path in asked.source.glob("[0-9]*-[0-9]*"))
    kept = tempfile.mkdtemp(prefix="engines-", dir=asked.into)
    first: dict[tuple[int, str], dict[str, bytes]] = {}
    print(
        f"{'month':8}{'run':>12}{'parts':>6}{'code':>5}{_HEADS}{'MB':>8}{'files':>7}{'differ':>7}"
    )
    for parts in asked.parts:
        for engine in asked.runs:
            run = Run(engine, parts)
            home = Path(kept) / f"{engine}-{parts}"
            if asked.held:
                shutil.copytree(asked.held, home)
            for month in months[-asked.months :]:
                code, costs = make_month(run, month, asked.source, home, asked.memory)
                made = read_month(home, month)
                known = first.setdefault((parts, month), made)
                names = known.keys() | made.keys()
                differing = [n for n in names if known.get(n) != made.get(n)]
                size = measure_size(home, month) / 1e6
                told = _tell_cost(costs.pop("all"))
                print(f"{month:8}{engine:>12}{parts:6}{code:5}{told}{size:8.1f}{len(made):7}{len(differing):7}", flush=True)  # fmt: skip
                for room, cost in costs.items() if asked.rooms else ():
                    print(f"{room:>31}{_tell_cost(cost)}", flush=True)
                for name in sorted(differing)[:10]:
                    print(f"    differs: {name}")
    if not asked.keep:
        shutil.rmtree(kept)


def _tell_cost(cost: Cost) -> str:
    """CPU seconds, those of the workers, seconds of the clock, MB shuffled; a dash for what is not known."""
    cpu = "–" if cost.cpu is None else f"{cost.cpu:.1f}"
    workers = f"{cost.workers:.1f}" if cost.workers else "–"
    return f"{cpu:>8}{workers:>9}{cost.wall:8.1f}{cost.shuffled / 1e6:11.1f}"


def _parse_words(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.engines")
    parser.add_argument("source", type=Path)
    parser.add_argument("--parts", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--runs", nargs="+", default=["duckdb", "spark"])
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--months", type=int, default=1, help="the newest so many")
    parser.add_argument("--held", type=Path)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--rooms", action="store_true")
    return parser.parse_args(words)


def make_month(
    run: Run, month: str, source: Path, home: Path, memory: str
) -> tuple[int, dict[str, Cost]]:
    """Run a month; return what the command ended with, and what it took by room and in all."""
    home.mkdir(parents=True, exist_ok=True)
    events = home.with_name(f"{home.name}-{month}-events")
    events.mkdir()
    (events / "spark-defaults.conf").write_text(
        f"spark.driver.maxResultSize {RESULTS}\n"
        f"spark.eventLog.enabled true\nspark.eventLog.compress false\nspark.eventLog.dir {events.as_uri()}\n"
    )
    command = [str(RETENTION), "run", month, "--json"]
    command += ["--source", str(source), "--home", str(home)]
    with open_master(run.engine, home.with_name(f"{home.name}-cluster")) as master:
        environment = {
            **os.environ,
            "RETENTION_ENGINE": "duckdb" if run.engine == "duckdb" else "spark",
            "RETENTION_TABLE_PARTS": str(run.parts),
            "RETENTION_MEMORY_LIMIT": memory,
            "RETENTION_THREADS": "2",
            "RETENTION_DEMONSTRATION": "true",
            "SPARK_CONF_DIR": str(events),
            **({"RETENTION_SPARK_MASTER": master} if master else {}),
        }
        with (events / "said.txt").open("w") as said:
            process = subprocess.Popen(
                command, env=environment, stdout=said, stderr=said
            )
            # What the cluster ran before is not the month's.
            looks = list(watch_month(process, home, month))
    return process.returncode, split_costs(looks, events)


def read_month(home: Path, month: str) -> dict[str, bytes]:
    """Every file of a month's version; nothing of one that was not made."""
    version = _find_version(home, month)
    return {} if version is None else read_folder(version)


def measure_size(home: Path, month: str) -> int:
    """The bytes that a month's version takes on disk."""
    version = _find_version(home, month)
    if version is None:
        return 0
    return sum(path.stat().st_size for path in version.rglob("*") if path.is_file())


def _find_version(home: Path, month: str) -> Path | None:
    current = home / "months" / month / "CURRENT"
    if not current.exists():
        return None
    return current.parent / current.read_text().strip()


# -- the masters -----------------------------------------------------------------------------------


@contextmanager
def open_master(engine: str, folder: Path) -> Iterator[str | None]:
    """Give where Spark is asked; None where it is asked here, or not at all."""
    name, _, workers = engine.partition("-")
    if name == "workers":
        with _open_workers(int(workers), folder) as master:
            yield master
        return
    yield "local-cluster[2,1,2048]" if name == "cluster" else None


@contextmanager
def _open_workers(count: int, folder: Path) -> Iterator[str]:
    folder.mkdir(exist_ok=True)
    found = find_spec("pyspark")
    assert found is not None and found.origin is not None
    spark = str(Path(found.origin).parent / "bin" / "spark-class")
    port = free_port()
    master = f"spark://127.0.0.1:{port}"
    place = ["--host", "127.0.0.1", "--webui-port", "0"]
    roles = [["master.Master", "--port", str(port), *place]]
    for number in range(count):
        own = ["--work-dir", str(folder / f"worker-{number}"), "--cores", "1"]
        roles.append(["worker.Worker", *own, "--memory", "2g", *place, master])
    log = folder / "log.txt"
    started = []
    try:
        with log.open("w") as said:
            for role, *rest in roles:
                command = [spark, f"org.apache.spark.deploy.{role}", *rest]
                one = subprocess.Popen(
                    command, stdout=said, stderr=said, start_new_session=True
                )
                count_as_worker(one)
                started.append(one)
                time.sleep(5)
        wait_for(
            "the workers",
            300,
            lambda: log.read_text().count("Registering worker") >= count,
        )
        yield master
    finally:
        for one in started:
            kill_family(one)


if __name__ == "__main__":
    join_group()
    main()
