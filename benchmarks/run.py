"""One month against the limit of merely decoding it, at two sizes, in one run.

The limit L is what pyarrow needs to decode the month's delivered Parquet files. Ratios, not seconds, are the result:
how many L a month costs, how that grows with the size, and how much memory a million services take.

    python -m benchmarks.run [SERVICES …]
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

import twin

SIZES = (20_000, 100_000)
MONTHS = 2


def decode(folder: Path) -> float:
    """Seconds to decode every file of a delivered month."""
    started = time.perf_counter()
    for path in sorted(folder.glob("*.parquet")):
        pq.read_table(path)
    return time.perf_counter() - started


def run_month(source: Path, home: Path, month: str) -> tuple[float, float]:
    """Seconds and peak gigabytes of one `retention run` in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "pipelines",
        "run",
        month,
        "--source",
        str(source),
        "--home",
        str(home),
        "--json",
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    return seconds, max(
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, before
    ) / 1e6


def measure(services: int) -> None:
    """Print one line for a size: the second month, so that history is carried."""
    work = Path(tempfile.mkdtemp(prefix="retention-bench-"))
    try:
        started = time.perf_counter()
        twin.generate(work / "twin", services=services, months=MONTHS, seed=1)
        made = time.perf_counter() - started
        months = sorted(p.name for p in (work / "twin").iterdir() if p.name != "truth")
        run_month(work / "twin", work / "home", months[0])
        limit = min(decode(work / "twin" / months[1]) for _ in range(3))
        seconds, gigabytes = run_month(work / "twin", work / "home", months[1])
        print(
            f"{services:>10,} services: twin {services * MONTHS / made * 60 / 1e6:.1f} M service-months a minute · "
            f"L {limit:.3f} s · month {seconds:.1f} s = {seconds / limit:.0f} L · peak {gigabytes:.2f} GB",
            flush=True,
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main() -> None:
    """Measure the sizes named, or the default ones."""
    for services in [int(a) for a in sys.argv[1:]] or SIZES:
        measure(services)


if __name__ == "__main__":
    main()
