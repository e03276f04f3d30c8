"""One month against the limit of merely decoding it, room by room, and against the same figures by pandas.

The limit L is what pyarrow needs to decode the month's delivered Parquet files, in the same run. CPU seconds are the
measure, because they say the same beside other work; ratios are the result. The month measured is the last of the
twin's: those before it are held and carried.

    python -m benchmarks.month [--services 20000 300000] [--months 3] [--times 3] [--rival 20000]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import twin

SERVICES = (20_000, 300_000)
LARGEST_FOR_THE_RIVAL = 20_000
SCALE = {"KB": 1e3, "MB": 1e6, "GB": 1e9}
BUSY = 1.0  # a load of the machine beside which seconds of the clock say little


class Measured(NamedTuple):
    """A process of its own: seconds of CPU and of the clock, peak memory, and what it told."""

    cpu: float
    wall: float
    peak_bytes: int
    told: dict[str, float]


# -- what is measured, each in a process of its own ------------------------------------------------


def decode_month(folder: Path) -> dict[str, float]:
    """Decode every file of a delivered month; return its CPU seconds net of imports."""
    import pyarrow.parquet as pq

    started = time.process_time()
    for path in sorted(folder.glob("*.parquet")):
        pq.read_table(path)
    return {"decode": time.process_time() - started}


def run_month(source: Path, home: Path, month: str) -> dict[str, float]:
    """Run a month; return the CPU seconds of the imports and of each room."""
    from pipelines import ROOMS
    from pipelines.core.month import Month
    from pipelines.jobs.job import Job
    from pipelines.jobs.run import run_month

    spent = {"before": time.process_time()}
    began = [("before", time.process_time())]

    def note(step: str) -> None:
        if step in ROOMS:
            began.append((step, time.process_time()))

    version = run_month(Job(home, Month.parse(month), str(source), progress=note))
    began.append(("after", time.process_time()))
    for (room, at), (_, until) in pairwise(began):
        if room in ROOMS:
            spent[room] = until - at
    spent["rooms"] = sum(spent.get(room, 0.0) for room in ROOMS)
    files = [path for path in version.path.rglob("*") if path.is_file()]
    spent["bytes"] = sum(path.stat().st_size for path in files)
    return spent


def ask_pandas(source: Path, month: str) -> dict[str, float]:
    """Work out the same KPIs by the tests' pandas code; return its CPU seconds net of imports."""
    from tests.oracle.kpis import THETA, expected_kpis
    from tests.oracle.read import month_folders

    started = time.process_time()
    expected_kpis(source, month_folders(source), month, THETA)
    return {"pandas": time.process_time() - started}


# -- measuring -------------------------------------------------------------------------------------


def measure(*words: object) -> Measured:
    """Run one of the above in an interpreter of its own."""
    command = [sys.executable, "-m", "benchmarks.month", "--one", *map(str, words)]
    environment = {**os.environ, "RETENTION_DEMONSTRATION": "true"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    wall = time.perf_counter() - started
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured(told.pop("cpu"), wall, told.pop("peak"), told)


def tell_one(words: Sequence[str]) -> None:
    """Do what is to be measured, and tell it."""
    what, *rest = words
    if what == "decode":
        told = decode_month(Path(rest[0]))
    elif what == "month":
        told = run_month(Path(rest[0]), Path(rest[1]), rest[2])
    else:
        told = ask_pandas(Path(rest[0]), rest[1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    told["cpu"] = used.ru_utime + used.ru_stime
    told["peak"] = used.ru_maxrss * 1024
    print(json.dumps(told))


def measure_size(services: int, months: int, times: int, *, has_rival: bool) -> float:
    """Print what a month of a size costs; return its CPU seconds net of imports."""
    work = Path(tempfile.mkdtemp(prefix="retention-bench-"))
    try:
        source, home = work / "twin", work / "home"
        twin.generate(source, services=services, months=months, seed=1)
        held = sorted(path.name for path in source.iterdir() if path.name != "truth")
        for month in held[:-1]:
            measure("month", source, home, month)
        last = held[-1]
        limits, runs, rivals = [], [], []
        for _ in range(times):
            limits.append(measure("decode", source / last).told["decode"])
            shutil.rmtree(home / "months" / last, ignore_errors=True)
            runs.append(measure("month", source, home, last))
            if has_rival:
                rivals.append(measure("pandas", source, last).told["pandas"])
        return tell_size(services, limits, runs, rivals)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def tell_size(
    services: int, limits: list[float], runs: list[Measured], rivals: list[float]
) -> float:
    """Print the medians of a size, in seconds and in L."""
    limit = median(limits)
    rooms = median(run.told["rooms"] for run in runs)
    whole = median(run.cpu for run in runs)
    wall = median(run.wall for run in runs)
    peak = max(run.peak_bytes for run in runs) / SCALE["GB"]
    written = median(run.told["bytes"] for run in runs) / SCALE["MB"]
    print(
        f"\n{services:,} services: L {limit:.3f} CPU s; the rooms {rooms:.1f} CPU s = {rooms / limit:.0f} L; "
        f"the whole process {whole:.1f} CPU s, {wall:.1f} s of the clock{_busy()}; "
        f"peak {peak:.2f} GB; {written:.0f} MB written"
    )
    names = [name for name in runs[0].told if name not in ("rooms", "bytes", "before")]
    for name in names:
        spent = [run.told[name] for run in runs]
        low, high = min(spent), max(spent)
        print(
            f"  {name:<10}{median(spent):>8.2f} CPU s{median(spent) / limit:>8.1f} L   ({low:.2f} to {high:.2f})"
        )
    if rivals:
        rival = median(rivals)
        print(
            f"  the KPIs alone by the tests' pandas code: {rival:.1f} CPU s; this month's room kpi: "
            f"{rival / median(run.told['kpi'] for run in runs):.1f} x less, all nine rooms: {rival / rooms:.1f} x less"
        )
    sys.stdout.flush()
    return rooms


def _busy() -> str:
    """Say so where the machine has other work than this."""
    return " (busy)" if os.getloadavg()[0] > BUSY + 1 else ""


def main() -> None:
    """Measure the sizes named, and how the cost grows from the smallest to the largest."""
    if sys.argv[1:2] == ["--one"]:
        tell_one(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, nargs="+", default=SERVICES)
    parser.add_argument("--months", type=int, default=3)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--rival", type=int, default=LARGEST_FOR_THE_RIVAL)
    asked = parser.parse_args()
    spent = {}
    for services in asked.services:
        has_rival = services <= asked.rival
        spent[services] = measure_size(
            services, asked.months, asked.times, has_rival=has_rival
        )
    small, large = min(spent), max(spent)
    if small != large:
        exponent = math.log(spent[large] / spent[small]) / math.log(large / small)
        print(f"\nfrom {small:,} to {large:,}: exponent {exponent:.2f}")


if __name__ == "__main__":
    main()
