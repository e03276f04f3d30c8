"""A task in an interpreter of its own, so that its CPU seconds and its peak memory are its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_UV = Path(__file__).parents[2] / "build" / "uv" / "bin" / "uv"

Told = dict[str, float]  # what a task tells of itself, by name
Task = Callable[..., Told]


class Measured(NamedTuple):
    """A process of its own: seconds of CPU and of the clock, peak memory, and what it told."""

    cpu: float
    wall: float
    peak_bytes: int
    told: Told


def measure(task: str, *words: object, packages: Sequence[str] = ()) -> Measured:
    """Run a task in an interpreter of its own, with packages besides that nothing else needs."""
    command = [sys.executable]
    if packages:
        command = [str(_UV), "run", "--no-sync", "--frozen"]
        for package in packages:
            command += ["--with", package]
        command.append("python")
    command += ["-m", "benchmarks.month", "--one", task, *map(str, words)]
    environment = {**os.environ, "RETENTION_DEMONSTRATION": "true"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    wall = time.perf_counter() - started
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured(told.pop("cpu"), wall, told.pop("peak"), told)


def tell_task(tasks: Mapping[str, Task], words: Sequence[str]) -> None:
    """Do a task in this process, and print what it told and took."""
    name, *rest = words
    told = tasks[name](*rest)
    used = resource.getrusage(resource.RUSAGE_SELF)
    told["cpu"] = used.ru_utime + used.ru_stime
    told["peak"] = read_peak()
    print(json.dumps(told))


# -- memory ----------------------------------------------------------------------------------------


def read_peak() -> int:
    """Return the most bytes that this process has held since `forget_peak`, or ever."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    raise LookupError("VmHWM")


def forget_peak() -> None:
    """Have the peak count from what is held now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
