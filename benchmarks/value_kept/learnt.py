"""What the office holds of each list's orders, beside what they truly do, month by month."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from benchmarks.value_kept.policies import PERSUASION
from benchmarks.value_kept.town import read_orders, read_table
from models.holdout.effects import WHOLE_LIST
from pipelines.catalogue.outputs import find_prior_persuadability, load_lists
from pipelines.store.lake import Version
from twin.truth.expected import expect_orders
from twin.truth.prospects import Prospects
from twin.world.state import World

LEARNT = "feedback_persuasion"
PRIORS = {
    spec.name: find_prior_persuadability(spec)
    for spec in load_lists()
    if spec.meta["holdout"]
}


def compare_beliefs(
    held: Version, world: World, prospects: Prospects
) -> list[dict[str, object]]:
    """Return a row a list: leavers and stayers of the month's orders in expectation, what is held of it, whether paused.

    Bounds are missing while nothing has been learnt.
    """
    truth = _add_up_truth(held, world, prospects)
    beliefs = _read_beliefs(held)
    states = read_table(held, "dispatch_list").set_index("list")["reason"]
    rows: list[dict[str, object]] = []
    for name in PERSUASION:
        reason = states.get(name)
        row: dict[str, object] = {"list": name}
        row["is_paused"] = isinstance(reason, str) and "paused" in reason
        row.update(truth.get(name, {"orders": 0, "leaving": 0.0, "staying": 0.0}))
        row.update(beliefs.get(name, {"mean": PRIORS[name]}))
        rows.append(row)
    return rows


def _add_up_truth(
    held: Version, world: World, prospects: Prospects
) -> dict[str, dict[str, float]]:
    expected = expect_orders(world, read_orders(held), prospects).to_pandas()
    found = {}
    for name, mine in expected.groupby("list", observed=True):
        sums = {"orders": float(len(mine))}
        for column in ("leaving", "staying"):
            sums[column] = float(mine[column].sum())
        found[str(name)] = sums
    return found


def _read_beliefs(held: Version) -> dict[str, dict[str, float]]:
    if not held.is_computed(LEARNT):
        return {}
    table = read_table(held, LEARNT)
    whole = table[table["segment"] == WHOLE_LIST]
    found = {}
    for row in whole.to_dict("records"):
        found[row["list"]] = {
            "mean": row["persuadability"],
            "low": row["persuadability_low"],
            "high": row["persuadability_high"],
        }
    return found


def make_learning_table(learnt: pd.DataFrame) -> list[list[str]]:
    """Return a row a month with orders: how far the means are off, how many bounds hold, how many lists are paused.

    The truth of a list is over the orders of all months of its town so far. The first row has the heads.
    """
    rows = learnt.sort_values(["seed", "month"]).copy()
    groups = rows.groupby(["seed", "list"])
    for column in ("leaving", "staying"):
        rows[column] = groups[column].cumsum()
    judged = rows[rows["leaving"] > 0].assign(
        truth=lambda all_rows: all_rows["staying"] / all_rows["leaving"]
    )
    judged["error"] = (judged["mean"] - judged["truth"]).abs()
    is_above = judged["truth"] >= judged["low"]
    judged["is_covered"] = is_above & (judged["truth"] <= judged["high"])
    lines = [["month", "truth", "held", "mean error", "bounds hold", "lists paused"]]
    for month in sorted(judged["month"].unique()):
        mine = judged[judged["month"] == month]
        bounded = mine[mine["low"].notna()]
        lines.append(
            [
                f"{int(month) + 1}",
                f"{mine['truth'].mean():.3f}",
                f"{mine['mean'].mean():.3f}",
                f"{mine['error'].mean():.3f}",
                _share(bounded["is_covered"]),
                _share(rows.loc[rows["month"] == month, "is_paused"]),
            ]
        )
    return lines


def find_pauses(learnt: pd.DataFrame) -> list[list[str]]:
    """Return a row a list: of how many towns it was paused, after how many months with orders."""
    lines = [["list", "paused in towns", "after months with orders"]]
    towns = learnt["seed"].nunique()
    for name in PERSUASION:
        mine = learnt[(learnt["list"] == name) & learnt["is_paused"]]
        first = mine.groupby("seed")["month"].min()
        lines.append([name, f"{len(first)} of {towns}", _list_months(first)])
    return lines


def _list_months(months: Iterable[int]) -> str:
    return ", ".join(str(month) for month in sorted(months)) or "–"


def _share(marks: pd.Series) -> str:
    return f"{marks.mean():.1%}" if len(marks) else "–"
