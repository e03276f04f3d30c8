"""What a month costs: CPU seconds of all its processes, those of Spark's workers apart, room by room; bytes shuffled.

CPU seconds are told by control groups; without the right to make one they are not told.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from pipelines import ROOMS

_ALL = Path("/sys/fs/cgroup/cpuacct") / f"retention-{os.getpid()}"
_WORKERS = _ALL / "workers"
_NANOSECONDS = 1e-9
_PAUSE = 0.2  # seconds between two looks at how far a month is


class Cost(NamedTuple):
    """CPU seconds of all processes, and of Spark's workers with theirs; seconds of the clock, bytes shuffled."""

    cpu: float | None
    workers: float | None
    wall: float
    shuffled: int


class Look(NamedTuple):
    """How far a month was at a second of the epoch, and the CPU seconds until then."""

    room: str
    at: float
    cpu: float | None
    workers: float | None


def join_group() -> None:
    """Have this process, and all that it starts, counted together."""
    with suppress(OSError):
        _WORKERS.mkdir(parents=True, exist_ok=True)
        (_ALL / "cgroup.procs").write_text(str(os.getpid()))


def count_as_worker(process: subprocess.Popen[bytes]) -> None:
    """Have a process just begun, and all that it starts, counted among the workers."""
    with suppress(OSError):
        (_WORKERS / "cgroup.procs").write_text(str(process.pid))


def _read_cpu(group: Path) -> float | None:
    told = group / "cpuacct.usage"
    return int(told.read_text()) * _NANOSECONDS if told.exists() else None


def watch_month(
    process: subprocess.Popen[bytes], home: Path, month: str
) -> Iterator[Look]:
    """Look once as each room begins, until the process ends, and then."""
    last = ""
    while process.poll() is None:
        room = ROOMS[min(_count_finished(home, month), len(ROOMS) - 1)]
        if room != last:
            yield _look(room)
            last = room
        time.sleep(_PAUSE)
    yield _look("")


def _count_finished(home: Path, month: str) -> int:
    """How many rooms a draft has behind it; all of them where it has become a version."""
    month_folder = home / "months" / month
    if (month_folder / "CURRENT").exists():
        return len(ROOMS)
    for record in month_folder.glob("v*.partial/draft.json"):
        with suppress(FileNotFoundError):
            return len(json.loads(record.read_text()).get("rooms", ()))
    return 0


def _look(room: str) -> Look:
    return Look(room, time.time(), _read_cpu(_ALL), _read_cpu(_WORKERS))


def split_costs(looks: list[Look], events: Path) -> dict[str, Cost]:
    """What each room took, and under `all` what the month did."""
    tasks = list(_read_tasks(events))
    spans = {before.room: (before, after) for before, after in pairwise(looks)}
    spans["all"] = (looks[0], looks[-1])
    costs = {}
    for name, (before, after) in spans.items():
        shuffled = sum(size for end, size in tasks if before.at <= end < after.at)
        cpu = _subtract(after.cpu, before.cpu)
        workers = _subtract(after.workers, before.workers)
        costs[name] = Cost(cpu, workers, after.at - before.at, shuffled)
    return costs


def _subtract(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _read_tasks(events: Path) -> Iterator[tuple[float, int]]:
    """When each task of an application ended, and the bytes that it wrote for others to read."""
    for log in events.rglob("events_*"):
        for line in log.open():
            event = json.loads(line)
            if event["Event"] == "SparkListenerTaskEnd":
                metrics = event.get("Task Metrics") or {}
                written = metrics.get("Shuffle Write Metrics", {})
                end = event["Task Info"]["Finish Time"] / 1000
                yield end, written.get("Shuffle Bytes Written", 0)
