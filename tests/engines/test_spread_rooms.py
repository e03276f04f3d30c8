"""Rooms that executors answer: the tables of the embedded engine to the byte, whatever happens to a worker meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psutil
import pytest

from pipelines.core.paths import ROOT
from pipelines.rooms.context import Context
from pipelines.rooms.validate import on_executors
from pipelines.store.lake import MonthFolder
from pipelines.store.manifest import TableEntry
from tests.e2e.airflow_house import kill_family, wait_for
from tests.support.made_once import open_shared_folder
from tests.support.scored import scored_operator
from tests.support.small import own_settings
from tests.support.spark import Cluster, has_written, needs_spark, open_cluster
from tests.support.spark.room import COUNT, Cut, cut_tables

pytestmark = [needs_spark, pytest.mark.slow]
ROOMS = ("validate", "score", "dispatch", "kpi")
# Rooms whose executors write; those before them are held in tests of their own.
WRITING = ("features", "score", "dispatch", "kpi")
# An executor has a core and this much memory; the driver is a process of its own.
CLUSTER = "local-cluster[2,1,1024]"
PATIENCE = 900


@cache
def cut() -> Cut:
    """The newest month of the operator with a champion, its tables in parts."""
    operator = scored_operator()
    version = MonthFolder(operator.home, operator.months[-1]).version()
    folder = Path(mkdtemp(prefix="cut-", dir=open_shared_folder()))
    return cut_tables(version, operator.home, folder)


def make(folder: Path, room: str, engine: str, **settings: Any) -> dict[str, Any]:
    """Make a room; return the rows and the hash of each of its tables."""
    given = {"threads": 2, "memory_limit": "1GB", "table_parts": COUNT, **settings}
    made = cut().make_room(folder, room, own_settings(engine=engine, **given))
    return read_made(made)


def read_made(entries: dict[str, TableEntry]) -> dict[str, Any]:
    return {name: (one.rows, one.sha256, one.reasons) for name, one in entries.items()}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_the_same_to_the_byte(
    tmp_path: Path, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no count of the gate is given up to the embedded engine."""
    told: list[str] = []
    monkeypatch.setattr(on_executors, "FEW_ROWS", 0)
    monkeypatch.setattr(Context, "progress", lambda _, event, **__: told.append(event))
    here = make(tmp_path / "here", room, "duckdb")
    there = make(tmp_path / "there", room, "spark")
    assert there == here
    assert "validate_counted_here" not in told
    assert any(rows for rows, _, _ in here.values())


_SCRIPT = """
import json, sys
from pathlib import Path
from tests.engines.test_spread_rooms import CLUSTER, make

made = make(Path(sys.argv[1]), sys.argv[2], "spark", spark_master=CLUSTER)
print(json.dumps(made, default=str))
"""


def begin(
    folder: Path, room: str, conf: str = "", script: str = _SCRIPT
) -> subprocess.Popen[str]:
    """Begin a room on two executors, with a driver that takes next to nothing of results."""
    (folder / "spark-defaults.conf").write_text(
        f"spark.driver.maxResultSize 16m\n{conf}"
    )
    (folder / "script.py").write_text(script)
    return subprocess.Popen(
        [sys.executable, folder / "script.py", folder / "there", room],
        env={**os.environ, "SPARK_CONF_DIR": str(folder), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def find_executors(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes of the executors, the oldest first."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.Error):  # one that has ended meanwhile
            if "CoarseGrainedExecutorBackend" in " ".join(child.cmdline()):
                found.append(child)
    return sorted(found, key=lambda one: one.create_time())


def wait_for_file(
    process: subprocess.Popen[str], folder: Path, patterns: Sequence[str]
) -> None:
    """Wait until a process has written a file of such a name."""
    end = time.monotonic() + PATIENCE
    while not any(has_written(folder, pattern) for pattern in patterns):
        assert process.poll() is None, "nothing was written"
        assert time.monotonic() < end
        time.sleep(0.1)


def kill_writer(
    process: subprocess.Popen[str], folder: Path, patterns: Sequence[str]
) -> str:
    """Kill an executor once one of them has written something; return what the process said in the end."""
    try:
        wait_for_file(process, folder, patterns)
        find_executors(process)[0].kill()
        out, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 0, said[-3000:]
    return out


@pytest.mark.long
@pytest.mark.parametrize("room", WRITING)
def test_an_executor_killed_in_the_middle(tmp_path: Path, room: str) -> None:
    """Spark gives its work to another; no part is doubled, none is missing."""
    here = make(tmp_path / "here", room, "duckdb")
    process = begin(tmp_path, room)
    written = ("tmp/kept/*/*.parquet", f"{room}_*/*.parquet")
    out = kill_writer(process, tmp_path / "there", written)
    assert json.loads(out) == json.loads(json.dumps(here, default=str))


@pytest.mark.long
@pytest.mark.parametrize("room", WRITING)
def test_a_driver_killed_in_the_middle(tmp_path: Path, room: str) -> None:
    """The next run makes the room again, beside what the first has left."""
    here = make(tmp_path / "here", room, "duckdb")
    process = begin(tmp_path, room)
    left = tmp_path / "there" / "v0001.partial" / "tmp" / "kept"
    wait_for_file(process, tmp_path / "there", ["tmp/kept/*/*.parquet"])
    kill_family(process)
    process.communicate()  # closes its pipes
    assert list(left.iterdir())
    again = begin(tmp_path, room)
    out, said = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, said[-3000:]
    assert json.loads(out) == json.loads(json.dumps(here, default=str))


_STRAGGLER = """
import sys, time
from dataclasses import dataclass
from pathlib import Path
from pipelines.catalogue.spec import TableName
from pipelines.core.settings import load_settings
from pipelines.engines import open_engine
from pipelines.store.parts import place_table
from tests.engines.test_spread import LENGTH, PARTS, ROWS, CountLetters


@dataclass(frozen=True)
class Straggle(CountLetters):
    mark: Path = Path()

    def __call__(self):
        try:
            self.mark.touch(exist_ok=False)
        except FileExistsError:
            return self.make_batch
        time.sleep(120)
        return self.make_batch


folder = Path(sys.argv[1])
settings = load_settings(
    engine="spark", table_parts=16, memory_limit="1GB", spark_master=sys.argv[2]
)
with open_engine(settings, folder / "scratch", [folder]) as engine:
    place = place_table(folder, "feature_given", PARTS)
    engine.write(ROWS, place, PARTS.order, None, PARTS)
    engine.bind(TableName("feature_given"), place)
    engine.spreads = True
    sql = "SELECT customer_id FROM feature_given"
    engine.map_rows("warm", [sql], CountLetters(0), LENGTH, 500)
    begun = time.monotonic()
    engine.map_rows("mapped", [sql], Straggle(0, folder / "mark"), LENGTH, 500)
    took = time.monotonic() - begun
    print(engine.rows("SELECT COUNT(*) AS n FROM mapped")[0]["n"], took < 100)
"""
_SPECULATION = """
spark.speculation true
spark.speculation.interval 200ms
spark.speculation.multiplier 1.2
spark.speculation.quantile 0.2
spark.sql.files.maxPartitionBytes 8192
spark.sql.files.openCostInBytes 0
"""


def count_workers(cluster: Cluster) -> int:
    return cluster.log("spark-master").count("Registering worker")


@pytest.mark.long
def test_a_straggler_is_overtaken(tmp_path: Path) -> None:
    """Its double writes the file; the rows are there once. Spark gives no double to the host of the first."""
    with open_cluster(tmp_path) as cluster:
        cluster.launch("spark-worker", host="127.0.0.2")
        wait_for("the second worker", 300, lambda: count_workers(cluster) == 2)
        process = begin(tmp_path, cluster.master, _SPECULATION, _STRAGGLER)
        out, said = process.communicate(timeout=PATIENCE)
    assert out.split() == ["3000", "True"], said[-3000:]


@pytest.mark.long
def test_a_worker_whose_disk_is_full(tmp_path: Path) -> None:
    """A month ends with storage, and says nothing of a customer."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(small)],
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    try:
        process = begin(tmp_path, "dispatch", f"spark.local.dir {small}\n")
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)
    assert process.returncode != 0
    assert "StorageError" in said
