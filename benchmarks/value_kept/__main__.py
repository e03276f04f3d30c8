"""What each policy's orders are worth, month by month, on the same towns: no fate is drawn.

    RETENTION_SECRET_KEY=… python -m benchmarks.value_kept [--services 3000] [--seeds 30] [--months 7] [--out docs/value.md]
    … --world nothing --rows nothing.csv       the same where no contact does anything; `harm`: where each drives away

A town is lived by the office (`--lived priority`): months before, a champion, then `--months` months with orders. Each
month's orders are judged before it is lived. Rows are kept in `--rows` after every town, and the page is written from
them: a run that was stopped, or that ended by `--minutes`, goes on with the same command. What the office holds of its
lists' effects is kept beside them (`….learnt.csv`). The whole, over as many nights as it takes, one process:

    … --services 20000 --seeds 30 --judged 7 --minutes 480 --rows build/value.csv --out docs/value.md
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.value_kept.kept_rows import Judged, RowsFile
from benchmarks.value_kept.learnt import compare_beliefs
from benchmarks.value_kept.page import make_policy_table, write_page
from benchmarks.value_kept.policies import (
    PRIORITY_INSIDE,
    VALUE_INSIDE,
    MonthView,
    judge,
    make_policies,
)
from benchmarks.value_kept.town import Town, begin_office, by_rule, live_on
from pipelines.core.month import Month
from pipelines.store.lake import Version
from twin import TwinConfig
from twin.truth.prospects import Prospects, foresee


class OfficePolicy(NamedTuple):
    """One of the office's own: the rule by which places are given, to whom, and what it is not shown."""

    rule: str
    forgotten: str = ""
    duties_take_places: bool = False


OFFICE = {
    "priority": OfficePolicy("priority"),
    "value": OfficePolicy("value"),
    "value by priors": OfficePolicy("value", forgotten="feedback_persuasion"),
    PRIORITY_INSIDE: OfficePolicy("priority", duties_take_places=True),
    VALUE_INSIDE: OfficePolicy("value", duties_take_places=True),
}

_NO_LIFT = {"save_lift": 0.0, "debt_lift": 0.0, "renewal_lift": 0.0, "wake_lift": 0.0}
# What the twin's contacts do: as it has it, nothing at all, or to everybody three times the hazard of leaving.
WORLDS: dict[str, dict[str, Any]] = {
    "usual": {},
    "nothing": {**_NO_LIFT, "treated_factors": (1.0, 1.0, 1.0)},
    "harm": {**_NO_LIFT, "treated_factors": (3.0, 3.0, 3.0)},
}


def judge_town(options: argparse.Namespace, seed: int, work: Path) -> Judged:
    """Live a town, and judge the orders of its months."""
    low, high = options.places
    config = TwinConfig(
        capacity_low=low,
        capacity_high=high,
        offers_a_list=options.offers,
        **WORLDS[options.world],
    )
    first = Month.parse(options.first)
    town = Town(work, options.services, seed, config, first)
    town.settings = by_rule(town.settings, options.lived)
    training = ["--quick"] if options.quick else []
    version = begin_office(town, options.before, *training)

    rows, learnt = [], []
    for number, held in enumerate(live_on(town, options.months, version)):
        prospects = foresee(town.world)
        about = {"seed": seed, "month": number}
        for row in compare_beliefs(held, town.world, prospects):
            learnt.append({**about, **row})
        if number + 1 not in (options.judged or [number + 1]):
            continue
        for row in judge_month(town, held, prospects, seed, work):
            rows.append({**about, **row})
    return Judged(pd.DataFrame(rows), pd.DataFrame(learnt))


def judge_month(
    town: Town, held: Version, prospects: Prospects, seed: int, work: Path
) -> list[dict[str, object]]:
    """Return a row a policy and list of the month whose orders are about to be lived."""
    months = {}
    for name, policy in OFFICE.items():
        path = work / f"{town.month}-{name}.partial"
        settings = by_rule(town.settings, policy.rule, policy.duties_take_places)
        months[name] = town.redo_dispatch(held, settings, path, policy.forgotten)
    view = MonthView(months["priority"], town.month, town.world, seed, prospects)
    return judge(view, make_policies(view, months))


def main() -> None:
    """Judge the towns that are not in the rows yet, and write the page anew behind each."""
    options = _read_options()
    file = RowsFile(options.rows, options)
    judged = file.read()
    begun, longest = time.perf_counter(), 0.0
    for seed in range(1, options.seeds + 1):
        if seed in judged.seeds:
            continue
        started = time.perf_counter()
        if options.minutes and started - begun + longest > options.minutes * 60:
            print(f"no time for seed {seed}: the same command goes on", file=sys.stderr)
            break
        with tempfile.TemporaryDirectory(prefix="value-kept-") as name:
            town = judge_town(options, seed, Path(name))
        judged = judged.add(town)
        file.write(judged)
        took = time.perf_counter() - started
        longest = max(longest, took)
        print(f"seed {seed}: {took:.0f} s", file=sys.stderr, flush=True)
        print("\n".join(make_policy_table(judged.rows)), file=sys.stderr, flush=True)
        _tell(judged, options, is_last=False)
    if judged.seeds:
        _tell(judged, options, is_last=True)


def _tell(judged: Judged, options: argparse.Namespace, is_last: bool) -> None:
    """Write the page of the towns so far; without a file for it, print it once, at the end."""
    page = write_page(judged.rows, judged.learnt, options)
    if options.out is not None:
        options.out.write_text(page, encoding="utf-8")
    elif is_last:
        print(page)


def _read_options() -> argparse.Namespace:
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
    parser.add_argument("--world", choices=tuple(WORLDS), default="usual")
    parser.add_argument("--offers", type=int, default=0, help="offers a list has")
    # So few places that they run out: about one customer in ten a month.
    parser.add_argument("--places", type=int, nargs=2, default=(8, 16))
    parser.add_argument("--quick", action="store_true", help="train in seconds")
    parser.add_argument(
        "--minutes", type=float, help="begin no town that would not be done by then"
    )
    parser.add_argument("--rows", type=Path, default=Path("value_kept.csv"))
    parser.add_argument("--out", type=Path, help="the page; without it, to the screen")
    return parser.parse_args()


if __name__ == "__main__":
    main()
