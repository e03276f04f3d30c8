"""What each policy's orders are worth, month by month, on the same towns: no fate is drawn.

    RETENTION_SECRET_KEY=… python -m benchmarks.value_kept [--services 3000] [--seeds 30] [--months 7] [--out docs/value.md]

A town is lived by the office (`--lived priority`): months before, a champion, then `--months` months with orders. Each
month's orders are judged before it is lived. Rows are kept in `--rows` after every town, so that a run can go on, and
the page is written from them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks.value_kept.page import write_page
from benchmarks.value_kept.policies import MonthView, judge, make_policies
from benchmarks.value_kept.town import Town, begin_office, by_rule, live_on
from pipelines.core.month import Month
from pipelines.store.lake import Version
from twin import TwinConfig

# The office's own policies: the rule by which places are given, and what it is not shown.
OFFICE = {
    "priority": ("priority", ""),
    "value": ("value", ""),
    "value by priors": ("value", "feedback_persuasion"),
}


def judge_town(options: argparse.Namespace, seed: int, work: Path) -> pd.DataFrame:
    """Live a town, and return a row a month, policy and list."""
    # So few places that they run out: about one customer in ten a month.
    config = TwinConfig(capacity_low=8, capacity_high=16)
    first = Month.parse(options.first)
    town = Town(work, options.services, seed, config, first)
    town.settings = by_rule(town.settings, options.lived)
    training = ["--quick"] if options.quick else []
    version = begin_office(town, options.before, *training)

    rows = []
    for number, held in enumerate(live_on(town, options.months, version)):
        if number + 1 not in (options.judged or [number + 1]):
            continue
        for row in judge_month(town, held, seed, work):
            rows.append({"seed": seed, "month": number, **row})
    return pd.DataFrame(rows)


def judge_month(
    town: Town, held: Version, seed: int, work: Path
) -> list[dict[str, object]]:
    """Return a row a policy and list of the month whose orders are about to be lived."""
    folders = {}
    for name, (rule, forgotten) in OFFICE.items():
        path = work / f"{town.month}-{name}.partial"
        settings = by_rule(town.settings, rule, duties_take_places=False)
        folders[name] = town.redo_dispatch(held, settings, path, forgotten).path
    view = MonthView(folders["priority"], town.month, town.world, seed)
    return judge(view, make_policies(view, folders))


def main() -> None:
    """Judge the towns that are not in the rows yet, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.value_kept")
    parser.add_argument("--services", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--before", type=int, default=5, help="months before orders")
    parser.add_argument("--months", type=int, default=7, help="months with orders")
    parser.add_argument(
        "--judged", type=int, nargs="*", help="of these months of orders; all"
    )
    parser.add_argument("--first", default="2025-10", help="the first month of all")
    parser.add_argument("--lived", choices=("priority", "value"), default="priority")
    parser.add_argument("--quick", action="store_true", help="train in seconds")
    parser.add_argument("--rows", type=Path, default=Path("value_kept.csv"))
    parser.add_argument("--out", type=Path, help="the page; without it, to the screen")
    options = parser.parse_args()

    rows = pd.DataFrame()
    if options.rows.exists():
        rows = pd.read_csv(options.rows)
    known = set(rows["seed"]) if len(rows) else set()
    for seed in range(1, options.seeds + 1):
        if seed in known:
            continue
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="value-kept-") as name:
            town = judge_town(options, seed, Path(name))
        rows = pd.concat([rows, town], ignore_index=True)
        rows.to_csv(options.rows, index=False)
        took = time.perf_counter() - started
        print(f"seed {seed}: {took:.0f} s", file=sys.stderr, flush=True)

    page = write_page(rows, options)
    if options.out is None:
        print(page)
    else:
        options.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
