"""One month against the limit of merely decoding it, room by room, and against what others do.

The limit L is what pyarrow needs to decode the month's delivered Parquet files, in the same run. CPU seconds are the
measure, because they say the same beside other work; ratios are the result. The month measured is the last of the
twin's: those before it are held and carried. Everything runs in turn, round by round, each time in a process of its
own, so that what else the machine does meets all of them; medians are told.

    python -m benchmarks.month [--services 20000 300000] [--months 12] [--times 3] [--rivals 20000] [--picture]
    python -m benchmarks.month --held 12 60        what a month costs behind so many held ones
    python -m benchmarks.month --scores            scikit-learn's predict_proba and shap's TreeExplainer
    python -m benchmarks.month --profile 300000    where the engine's time goes, by kind of operator
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import twin
from benchmarks.month import operators, rivals, tasks
from benchmarks.month.process import Measured, Task, measure, tell_task
from benchmarks.month.told import draw_month, median_of, print_rooms
from pipelines import ROOMS

SERVICES = (20_000, 300_000)
LARGEST_FOR_RIVALS = 20_000
SERVICES_OF_LONG_HISTORIES = 2_000
BUSY = 2.0  # a load of the machine beside which seconds of the clock say little

TASKS: dict[str, Task] = {
    "decode": tasks.decode_month,
    "month": tasks.run_month,
    "operators": operators.profile_month,
    "pandas": rivals.ask_pandas,
    "polars": rivals.ask_polars,
    "great_expectations": rivals.check_with_pandas,
    "score_and_explain": rivals.score_and_explain,
}
# What each rival brings along, and which rooms do what it does a part of.
PACKAGES = {"polars": ("polars==2.1.0",), "score_and_explain": ("shap",)}
COMPARED = {
    "pandas": ("kpi",),
    "polars": ("features", "kpi"),
    "great_expectations": ("validate",),
}
RIVAL_NAMES = {
    "pandas": "the KPIs by the tests' pandas code",
    "polars": "features and six KPIs by Polars",
    "great_expectations": "forty checks by Great Expectations on pandas",
}


def measure_size(
    services: int, months: int, times: int, *, has_rivals: bool, is_drawn: bool
) -> float:
    """Print what a month of a size costs; return its CPU seconds net of imports."""
    work = Path(tempfile.mkdtemp(prefix="retention-bench-"))
    try:
        source, home = work / "twin", work / "home"
        last = _hold_months(source, home, services, months)
        limits: list[Measured] = []
        runs: list[Measured] = []
        found: dict[str, list[Measured]] = {}
        for _ in range(times):
            limits.append(measure("decode", source, last))
            shutil.rmtree(home / "months" / last, ignore_errors=True)
            runs.append(measure("month", source, home, last))
            for rival in COMPARED if has_rivals else ():
                asked = measure(rival, source, last, packages=PACKAGES.get(rival, ()))
                found.setdefault(rival, []).append(asked)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    limit = median_of(limits, "decode")
    _tell_size(services, limit, runs)
    _tell_rivals(limit, runs, found)
    if is_drawn:
        ours = {f"room {room}": median_of(runs, room) for room in ROOMS}
        theirs = {
            RIVAL_NAMES[name]: median_of(asked, name) for name, asked in found.items()
        }
        draw_month(services, limit, ours, theirs)
    return median_of(runs, "rooms")


def _hold_months(source: Path, home: Path, services: int, months: int) -> str:
    """Make a twin and run its months but the last; return that one."""
    twin.generate(source, services=services, months=months, seed=1)
    held = sorted(path.name for path in source.iterdir() if path.name != "truth")
    for month in held[:-1]:
        measure("month", source, home, month)
    return held[-1]


def _tell_size(services: int, limit: float, runs: list[Measured]) -> None:
    """Print the medians of a size, in seconds and in L."""
    rooms = [run.told["rooms"] for run in runs]
    wall = median(run.wall for run in runs)
    whole = median(run.cpu for run in runs)
    print(
        f"\n{services:,} services{_say_if_busy()}: the rooms take {median(rooms) / limit:.0f} L, "
        f"{median(rooms):.1f} CPU s ({min(rooms):.1f} to {max(rooms):.1f}); L is {limit:.3f} CPU s; "
        f"the whole process {whole:.1f} CPU s, {wall:.1f} s of the clock"
    )
    print_rooms(services, limit, runs)


def _tell_rivals(
    limit: float, runs: list[Measured], found: dict[str, list[Measured]]
) -> None:
    """Print what each rival cost, beside the rooms that do what it does a part of."""
    if not found:
        return
    print(
        "\n| a rival, in the same rounds | times the rooms beside it | L | CPU s | these rooms | CPU s |"
    )
    print("|---|---|---|---|---|---|")
    for name, asked in found.items():
        spent = median_of(asked, name)
        ours = sum(median_of(runs, room) for room in COMPARED[name])
        rooms = ", ".join(COMPARED[name])
        print(
            f"| {RIVAL_NAMES[name]} | {spent / ours:.2f} | {spent / limit:.1f} | {spent:.2f} | {rooms} | {ours:.2f} |"
        )
    sys.stdout.flush()


def _say_if_busy() -> str:
    """Say so where the machine has other work than this."""
    load = os.getloadavg()[0]
    return f" (busy: load {load:.0f})" if load > BUSY else ""


def compare_histories(lengths: list[int], times: int) -> None:
    """Print what the same month costs behind few and behind many held months, in turn."""
    work = Path(tempfile.mkdtemp(prefix="retention-bench-"))
    try:
        found: dict[int, list[Measured]] = {}
        places: dict[int, tuple[Path, Path, str]] = {}
        for held in lengths:
            source, home = work / f"twin{held}", work / f"home{held}"
            last = _hold_months(source, home, SERVICES_OF_LONG_HISTORIES, held + 1)
            places[held] = (source, home, last)
        for _ in range(times):
            for held, (source, home, last) in places.items():
                shutil.rmtree(home / "months" / last, ignore_errors=True)
                run = measure("month", source, home, last)
                found.setdefault(held, []).append(run)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    few = median_of(found[lengths[0]], "rooms")
    for held, runs in found.items():
        spent = median_of(runs, "rooms")
        print(
            f"{held} months held: {spent:.2f} CPU s, {spent / few:.2f} times those of {lengths[0]}"
        )


def profile_size(services: int, months: int) -> None:
    """Print where the engine's time of a month of a size goes."""
    work = Path(tempfile.mkdtemp(prefix="retention-bench-"))
    try:
        source, home = work / "twin", work / "home"
        last = _hold_months(source, home, services, months)
        told = measure("operators", source, home, last).told
    finally:
        shutil.rmtree(work, ignore_errors=True)
    operators.print_operators(told)


def compare_scores(times: int) -> None:
    """Print how fast scikit-learn scores and shap explains; ours is told by `benchmarks.model`."""
    package = PACKAGES["score_and_explain"]
    runs = [measure("score_and_explain", packages=package) for _ in range(times)]
    for name in ("rows_scored_a_cpu_second", "rows_explained_a_second"):
        print(f"{name.replace('_', ' ')}: {median_of(runs, name):,.0f}")


def main() -> None:
    """Measure the sizes named, and how the cost grows from the smallest to the largest."""
    if sys.argv[1:2] == ["--one"]:
        tell_task(TASKS, sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, nargs="+", default=SERVICES)
    parser.add_argument("--months", type=int, default=3)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--rivals", type=int, default=LARGEST_FOR_RIVALS)
    parser.add_argument("--held", type=int, nargs="+")
    parser.add_argument("--scores", action="store_true")
    parser.add_argument("--profile", type=int)
    parser.add_argument(
        "--picture", action="store_true", help="of the size of --rivals"
    )
    asked = parser.parse_args()
    if asked.held:
        compare_histories(asked.held, asked.times)
        return
    if asked.profile:
        profile_size(asked.profile, asked.months)
        return
    if asked.scores:
        compare_scores(asked.times)
        return
    spent = {}
    for services in asked.services:
        has_rivals = services <= asked.rivals
        is_drawn = asked.picture and services == asked.rivals
        spent[services] = measure_size(
            services,
            asked.months,
            asked.times,
            has_rivals=has_rivals,
            is_drawn=is_drawn,
        )
    small, large = min(spent), max(spent)
    if small != large:
        exponent = math.log(spent[large] / spent[small]) / math.log(large / small)
        print(f"\nfrom {small:,} to {large:,}: exponent {exponent:.2f}")


if __name__ == "__main__":
    main()
