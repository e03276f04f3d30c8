"""What is measured of this project: the limit L, a month room by room, the checks by themselves."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

from benchmarks.month.process import Told, forget_peak, read_peak

DECODED = 3  # the first time, Arrow starts its threads


def decode_month(source: str, month: str) -> Told:
    """Decode every file of a delivered month; tell the least CPU seconds of three times: the limit L."""
    import pyarrow.parquet as pq

    paths = sorted((Path(source) / month).glob("*.parquet"))
    spent = []
    for _ in range(DECODED):
        started = time.process_time()
        for path in paths:
            pq.read_table(path)
        spent.append(time.process_time() - started)
    return {"decode": min(spent)}


def run_month(source: str, home: str, month: str) -> Told:
    """Run a month; tell of each room its CPU seconds, peak memory and bytes written."""
    from pipelines import ROOMS
    from pipelines.core.month import Month
    from pipelines.jobs.job import Job
    from pipelines.jobs.run import run_month

    told: Told = {}
    began: list[tuple[str, float]] = []

    def note(step: str) -> None:
        if step not in ROOMS:
            return
        if began:
            told[f"{began[-1][0]}.peak"] = read_peak()
        forget_peak()
        began.append((step, time.process_time()))

    version = run_month(Job(Path(home), Month.parse(month), source, progress=note))
    told[f"{began[-1][0]}.peak"] = read_peak()
    began.append(("", time.process_time()))
    for (room, start), (_, end) in pairwise(began):
        told[room] = end - start
    told["rooms"] = sum(told[room] for room in ROOMS)
    for name, entry in version.entries.items():
        if entry.is_computed:
            written = f"{entry.room}.bytes"
            told[written] = told.get(written, 0) + version.count_bytes(name)
    told["bytes"] = sum(told.get(f"{room}.bytes", 0) for room in ROOMS)
    told["peak_of_rooms"] = max(told[f"{room}.peak"] for room in ROOMS)
    return told
