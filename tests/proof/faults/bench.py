"""The fault bench: every fault of the twin planted into a month, and what the gate makes of it, with clean months as control.

What a fault affects is derived, not listed: the month is run with the fault and without, and an output whose value differs
is affected, whatever the gate says of it. A KPI's value is its numerator and denominator; a list's is what it would say
were it the only one, so that capacity taken by other lists is no difference.

    python -m tests.proof.faults [FAULT …]      without names: all of them, and docs/fault_bench.md is written
"""

from __future__ import annotations

import multiprocessing
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import twin
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.jobs.run import Job, run_month
from pipelines.store.lake import MonthFolder, list_held_months
from tests.proof.faults.page import draw_page
from tests.proof.faults.told import tell_month, tell_stop
from tests.proof.faults.verdicts import Control, Result, Told, compare, control_of
from tests.support.small import judge_by_one_process
from twin.faults import FAULTS, plant_faults

PAGE = Path(__file__).parents[3] / "docs" / "fault_bench.md"
SERVICES = 2_000
MONTHS = 5  # the first has no month before it and is no control
# Seed -> newest month; together the judged months cover the year, the Spring Festival twice.
OPERATORS = {1: "2025-12", 2: "2026-04", 3: "2026-08", 4: "2026-03", 5: "2026-07"}
PROCESSES = 2


def run_clean_months(work: Path, seed: int) -> dict[str, Told]:
    """Make an operator and run its months one after the other; return what each but the first says."""
    source, home = work / f"{seed}" / "source", work / f"{seed}" / "home"
    twin.generate(
        source, services=SERVICES, months=MONTHS, seed=seed, through=OPERATORS[seed]
    )
    months = sorted(path.name for path in source.iterdir() if path.name != "truth")
    return {month: run_one(home, source, month) for month in months}


def run_one(home: Path, source: Path, month: str) -> Told:
    """Run a month through all rooms, gate included; return what it says."""
    job = Job(
        home,
        Month.parse(month),
        str(source),
        settings=load_settings(threads=1),
        judge=judge_by_one_process,  # seconds, once instead of every run
    )
    try:
        run_month(job)
    except Exception as error:  # noqa: BLE001 - a crash is a result as well, and the other faults go on
        return tell_stop(error)
    return tell_month(home, job.month)


def run_fault(
    work: Path, seed: int, name: str, clean: Told, *, before: bool = False
) -> Result:
    """Plant a fault into an operator's newest month, or the one before it, and compare the newest month with the clean one."""
    newest = Month.parse(OPERATORS[seed])
    planted = newest.plus(-1) if before else newest
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=work))
    try:
        shutil.copytree(work / f"{seed}", folder, dirs_exist_ok=True)
        home, source = folder / "home", folder / "source"
        for month in [month for month in list_held_months(home) if month >= planted]:
            shutil.rmtree(MonthFolder(home, month).path)
        plant_faults(source, str(planted), [name], seed)
        told = [
            run_one(home, source, str(month))
            for month in ((planted, newest) if before else (newest,))
        ][-1]
        result = compare(
            FAULTS[name], source / "truth" / "faults.json", newest, clean, told
        )
        print(
            f"{name}{' a month ago' if before else ''}: {', '.join(result.seen) or 'nothing'}",
            file=sys.stderr,
            flush=True,
        )
        return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_bench(names: Sequence[str]) -> tuple[list[Result], list[Result], list[Control]]:
    """Run the clean months and the faults; return results, those of the month after a lingering fault, and the control."""
    seeds = dict(zip(names, [*OPERATORS] * len(names), strict=False))
    work = Path(tempfile.mkdtemp(prefix="fault-bench-"))
    try:
        with ProcessPoolExecutor(
            PROCESSES, mp_context=multiprocessing.get_context("fork")
        ) as pool:
            chains = {
                seed: pool.submit(run_clean_months, work, seed)
                for seed in sorted(set(seeds.values()))
            }
            clean = {seed: chain.result() for seed, chain in chains.items()}
            last = {seed: months[OPERATORS[seed]] for seed, months in clean.items()}
            jobs = [
                pool.submit(run_fault, work, seeds[name], name, last[seeds[name]])
                for name in names
            ]
            late = [name for name in names if FAULTS[name].lingers]
            after = [
                pool.submit(run_fault, work, seeds[n], n, last[seeds[n]], before=True)
                for n in late
            ]
            control = [
                control_of(month, told)
                for months in clean.values()
                for month, told in [*months.items()][1:]
            ]
            return (
                [job.result() for job in jobs],
                [job.result() for job in after],
                control,
            )
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main() -> None:
    """Run the faults named, or all, and print the page; all of them also write it."""
    names = sys.argv[1:] or list(FAULTS)
    page = draw_page(*run_bench(names))
    print(page)
    if len(names) == len(FAULTS):
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
