"""How fast the twin writes, in how much memory, how many bytes; and that the same seed gives the same bytes.

    python -m benchmarks.twin_speed [SERVICESxMONTHS …]      by default 20000x13 on one core and on all, then 300000x13
    python -m benchmarks.twin_speed 3000000x3                needs about 2 GB of disk

Each size runs in a process of its own, so that its peak memory is its own. The months before the first written one
(`burn_in_months`) are lived as well and are in the time; service-months count only what was written.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

import twin

DEFAULT = ("20000x13", "20000x13", "300000x13")
BYTES_A_SERVICE_MONTH = 150  # room to ask for; what is written is told
SEED = 1


def measure(size: str, cores: int) -> dict[str, float | str]:
    """Write one operator in this process and tell time, CPU time, peak memory, bytes, rows and a hash."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    services, months = map(int, size.split("x"))
    out = Path(tempfile.mkdtemp(prefix="twin-speed-"))
    try:
        _need_room(out, services * months * BYTES_A_SERVICE_MONTH)
        started, used = time.perf_counter(), time.process_time()
        twin.generate(out, services=services, months=months, seed=SEED)
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
        paths = sorted(path for path in out.rglob("*") if path.is_file())
        lines = sum(
            pq.read_metadata(path).num_rows for path in out.glob("20*/service.parquet")
        )
        return {
            "seconds": seconds,
            "cpu_seconds": cpu,
            "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
            "megabytes": sum(path.stat().st_size for path in paths) / 1e6,
            "service_months": lines,
            "million_a_minute": lines / seconds * 60 / 1e6,
            "hash": _hash(out, paths),
        }
    finally:
        shutil.rmtree(out, ignore_errors=True)


def _need_room(out: Path, wanted: int) -> None:
    free = shutil.disk_usage(out).free
    if free < 2 * wanted:
        raise SystemExit(
            f"{wanted / 1e9:.1f} GB are to be written to {out} and {free / 1e9:.1f} GB are free"
        )


def _hash(out: Path, paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(str(path.relative_to(out)).encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def main() -> None:
    """Measure the sizes asked for, each in its own process, on one core; a size named again runs on all."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
        return
    print(
        "services x months | cores | s | CPU s | peak GiB | MB | service-months | million a minute | hash of all files"
    )
    seen: set[str] = set()
    for size in sys.argv[1:] or DEFAULT:
        cores = 1 if size not in seen else os.cpu_count() or 1
        seen.add(size)
        asked = [
            sys.executable,
            "-m",
            "benchmarks.twin_speed",
            "--one",
            size,
            str(cores),
        ]
        told = json.loads(
            subprocess.run(asked, check=True, capture_output=True, text=True).stdout
        )
        print(
            f"{size} | {cores} | {told['seconds']:.1f} | {told['cpu_seconds']:.1f} | {told['peak_gib']:.2f} | "
            f"{told['megabytes']:.0f} | {told['service_months']:,.0f} | {told['million_a_minute']:.2f} | {told['hash']}",
            flush=True,
        )


if __name__ == "__main__":
    main()
