"""The same months by both engines, in one part and in parts: whether files differ, and what each run cost.

    python -m benchmarks.engines SOURCE [--parts 1 16] [--runs duckdb spark] [--memory 1GB] [--held HOME] [--months 1]

A run is `duckdb`, `spark` (in this process), `cluster` (`local-cluster[2,1,2048]`), or `workers-1` and `workers-2`:
a master of its own with so many workers of one core. The driver takes 16 MB of results and no more. `--held` is a home
of earlier months that every run begins with. CPU seconds are those of all processes, told by a control group; without
the right to make one they are not told. The files of a month are held against those of the first run in as many parts.
"""

from __future__ import annotations

import argparse
import json
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

from tests.e2e.airflow_house import free_port, kill_family, wait_for
from tests.support.comparable import read_folder

RESULTS = "16m"  # that the driver takes of its executors
RETENTION = Path(sys.executable).with_name("retention")
_GROUP = Path("/sys/fs/cgroup/cpuacct") / f"retention-{os.getpid()}"
_SECONDS = 1e-9  # of what the group tells


class Run(NamedTuple):
    """An engine, and in how many parts it writes."""

    engine: str
    parts: int


class Cost(NamedTuple):
    """What a month took: CPU seconds of all processes, seconds of the clock, bytes shuffled."""

    cpu: float | None
    wall: float
    shuffled: int


def main(words: Sequence[str] | None = None) -> None:
    """Make the months and print what came of them."""
    asked = _parse_words(words)
    months = sorted(path.name for path in asked.source.glob("[0-9]*-[0-9]*"))
    kept = tempfile.mkdtemp(prefix="engines-", dir=asked.into)
    first: dict[tuple[int, str], dict[str, bytes]] = {}
    print(f"{'month':8}{'run':>12}{'parts':>6}{'code':>5}{'CPU s':>8}{'wall s':>8}{'shuffle MB':>11}{'files':>7}{'differ':>7}")  # fmt: skip
    for parts in asked.parts:
        for engine in asked.runs:
            run = Run(engine, parts)
            home = Path(kept) / f"{engine}-{parts}"
            if asked.held:
                shutil.copytree(asked.held, home)
            for month in months[-asked.months :]:
                code, cost = make_month(run, month, asked.source, home, asked.memory)
                made = read_month(home, month)
                known = first.setdefault((parts, month), made)
                names = known.keys() | made.keys()
                differing = [n for n in names if known.get(n) != made.get(n)]
                cpu = "–" if cost.cpu is None else f"{cost.cpu:.1f}"
                print(f"{month:8}{engine:>12}{parts:6}{code:5}{cpu:>8}{cost.wall:8.1f}{cost.shuffled / 1e6:11.1f}{len(made):7}{len(differing):7}", flush=True)  # fmt: skip
                for name in sorted(differing)[:10]:
                    print(f"    differs: {name}")
    if not asked.keep:
        shutil.rmtree(kept)


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
    return parser.parse_args(words)


def make_month(
    run: Run, month: str, source: Path, home: Path, memory: str
) -> tuple[int, Cost]:
    """Run a month; return what the command ended with, and what it took."""
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
        before = read_cpu()
        begun = time.monotonic()
        with (events / "said.txt").open("w") as said:
            done = subprocess.run(
                command, env=environment, stdout=said, stderr=said, check=False
            )
        wall = time.monotonic() - begun
        # What the cluster ran before is not the month's.
        after = read_cpu()
    cpu = None if before is None or after is None else after - before
    return done.returncode, Cost(cpu, wall, count_shuffled(events))


def read_month(home: Path, month: str) -> dict[str, bytes]:
    """Every file of a month's version; nothing of one that was not made."""
    current = home / "months" / month / "CURRENT"
    if not current.exists():
        return {}
    return read_folder(current.parent / current.read_text().strip())


def count_shuffled(events: Path) -> int:
    """The bytes that tasks have written for others to read, of an application's log."""
    total = 0
    for log in events.rglob("events_*"):
        for line in log.open():
            event = json.loads(line)
            if event["Event"] == "SparkListenerTaskEnd":
                metrics = event.get("Task Metrics") or {}
                total += metrics.get("Shuffle Write Metrics", {}).get(
                    "Shuffle Bytes Written", 0
                )
    return total


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


# -- CPU seconds -----------------------------------------------------------------------------------


def join_group() -> None:
    """Have this process, and all that it starts, counted together."""
    try:
        _GROUP.mkdir()
        (_GROUP / "cgroup.procs").write_text(str(os.getpid()))
    except OSError:
        return


def read_cpu() -> float | None:
    """CPU seconds of the group; None without one."""
    told = _GROUP / "cpuacct.usage"
    return int(told.read_text()) * _SECONDS if told.exists() else None


if __name__ == "__main__":
    join_group()
    main()
