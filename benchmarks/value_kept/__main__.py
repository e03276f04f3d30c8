"""What each policy's orders are worth, month by month, on the same towns: no fate is drawn.

    RETENTION_SECRET_KEY=… python -m benchmarks.value_kept [--services 3000] [--seeds 30] [--months 7] [--out docs/value.md]
    … --world nothing --rows nothing.csv       the same where no contact does anything; `harm`: where each drives away

A town is lived by the office (`--lived priority`): months before, a champion, then `--months` months with orders. Each
month's orders are judged before it is lived. Rows are kept in `--rows` after every town, so that a run can go on, and
the page is written from them. What the office holds of its lists' effects is kept beside them (`….learnt.csv`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.value_kept.learnt import compare_beliefs
from benchmarks.value_kept.page import write_page
from benchmarks.value_kept.policies import MonthView, judge, make_policies
from benchmarks.value_kept.town import Town, begin_office, by_rule, live_on
from pipelines.core.month import Month
from pipelines.store.lake import Version
from twin import TwinConfig
from twin.truth.prospects import Prospects, foresee

# The office's own policies: the rule by which places are given, and what it is not shown.
OFFICE = {
    "priority": ("priority", ""),
    "value": ("value", ""),
    "value by priors": ("value", "feedback_persuasion"),
}

_NO_LIFT = {"save_lift": 0.0, "debt_lift": 0.0, "renewal_lift": 0.0, "wake_lift": 0.0}
# What the twin's contacts do: as it has it, nothing at all, or to everybody three times the hazard of leaving.
WORLDS: dict[str, dict[str, Any]] = {
    "usual": {},
    "nothing": {**_NO_LIFT, "treated_factors": (1.0, 1.0, 1.0)},
    "harm": {**_NO_LIFT, "treated_factors": (3.0, 3.0, 3.0)},
}


class Judged(NamedTuple):
    """What came of a town: a row a month, policy and list, and a row a month and list of what was learnt."""

    rows: pd.DataFrame
    learnt: pd.DataFrame


def judge_town(options: argparse.Namespace, seed: int, work: Path) -> Judged:
    """Live a town, and judge the orders of its months."""
    low, high = options.places
    config = TwinConfig(capacity_low=low, capacity_high=high, **WORLDS[options.world])
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
    for name, (rule, forgotten) in OFFICE.items():
        path = work / f"{town.month}-{name}.partial"
        settings = by_rule(town.settings, rule, duties_take_places=False)
        months[name] = town.redo_dispatch(held, settings, path, forgotten)
    view = MonthView(months["priority"], town.month, town.world, seed, prospects)
    return judge(view, make_policies(view, months))


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
    parser.add_argument("--world", choices=tuple(WORLDS), default="usual")
    # So few places that they run out: about one customer in ten a month.
    parser.add_argument("--places", type=int, nargs=2, default=(8, 16))
    parser.add_argument("--quick", action="store_true", help="train in seconds")
    parser.add_argument("--rows", type=Path, default=Path("value_kept.csv"))
    parser.add_argument("--out", type=Path, help="the page; without it, to the screen")
    options = parser.parse_args()

    learnt_path = options.rows.with_suffix(".learnt.csv")
    rows = _read_kept(options.rows)
    learnt = _read_kept(learnt_path)
    known = set(rows["seed"]) if len(rows) else set()
    for seed in range(1, options.seeds + 1):
        if seed in known:
            continue
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="value-kept-") as name:
            town = judge_town(options, seed, Path(name))
        learnt = pd.concat([learnt, town.learnt], ignore_index=True)
        learnt.to_csv(learnt_path, index=False)
        rows = pd.concat([rows, town.rows], ignore_index=True)
        rows.to_csv(options.rows, index=False)
        took = time.perf_counter() - started
        print(f"seed {seed}: {took:.0f} s", file=sys.stderr, flush=True)

    page = write_page(rows, learnt, options)
    if options.out is None:
        print(page)
    else:
        options.out.write_text(page, encoding="utf-8")


def _read_kept(path: Path) -> pd.DataFrame:
    """The rows of an earlier run; none where there is no file."""
    return pd.read_csv(path) if path.exists() else pd.DataFrame()


if __name__ == "__main__":
    main()
