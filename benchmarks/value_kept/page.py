"""The page of `benchmarks.value_kept`: what each policy keeps, beside the others and the ceiling."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.value_kept.policies import COST, PERSUASION

POLICIES = (
    "priority",
    "value",
    "value by priors",
    "risk x value",
    "risk x value, held to the rules",
    "risk",
    "last month's rule",
    "random",
    "ceiling of the lists",
    "ceiling",
)
PLAIN = POLICIES[:8]
RIVALS = (
    "risk x value",
    "risk x value, held to the rules",
    "risk",
    "last month's rule",
    "random",
    "priority",
    "value by priors",
)
LISTS_CEILING, CEILING = POLICIES[-2:]
RESAMPLES = 4000


def write_page(rows: pd.DataFrame, options: argparse.Namespace) -> str:
    """Return the page as Markdown."""
    by_town = add_up_towns(rows)
    towns = len(by_town.index.get_level_values("seed").unique())
    months = rows["month"].nunique()
    command = f"python -m benchmarks.value_kept --services {options.services} --seeds {options.seeds}"
    parts = [
        "# What the orders are worth",
        "",
        f"Written by `{command}`: {towns} towns of {options.services:,} lines, {months} months of orders each (the "
        f"first has no hold-out behind it), lived by `{options.lived}`. Yuan a month and town, means over towns; "
        "intervals are 95 %, Student over towns. Nothing is drawn: every order is judged by the twin's hazards with "
        "and without the contact, the chance that it is worked and somebody answers, and the days that are left "
        "(`twin/truth/expected.py`). What is kept is revenue of the year that begins: who leaves next month pays in "
        "none of its months, a contract that a call renews binds in all of them, a line that a call wakes is used "
        f"again (`twin/truth/prospects.py`). A worked order costs {COST:.2f} yuan. Duties go out beside the places "
        "(`RETENTION_DUTIES_TAKE_PLACES=false`), so that every policy has the same duties and as many orders to "
        "persuade, 8 to 16 a manager. All policies have the same score.",
        "",
        *_policy_table(by_town),
        "",
        "*Persuasion* is revenue kept by the lists that hold somebody out; *duties* is revenue kept by the others "
        "(requests to dismantle, lines cut off); *paid* is debt that comes in. Net is all three less the calls. The "
        "plain rules call about leaving, anybody whom a manager owns and may call, also month after month; *held to "
        "the rules* spares whom the office must spare: who is held out, was called within sixty days, complains or "
        "opted out. `value by priors` is `value` without what hold-outs have taught.",
        "",
        "## Side by side",
        "",
        *_difference_table(by_town),
        "",
        "## Share of the ceiling, persuasion",
        "",
        *_share_table(by_town),
        "",
        "A ceiling knows each customer's hazard and persuasion; no policy can. That of the lists asks whom the lists "
        "name, held out or not, the other anybody.",
        "",
        "## List by list",
        "",
        *_list_table(rows),
        "",
        "## Month by month",
        "",
        *_month_table(rows),
        "",
    ]
    return "\n".join(parts)


def add_up_towns(rows: pd.DataFrame) -> pd.DataFrame:
    """Means a month by policy and town: orders, reached, persuasion, duties, paid, net."""
    rows = rows.assign(
        persuasion=rows["kept"].where(rows["list"].isin(PERSUASION), 0.0),
        duties=rows["kept"].where(~rows["list"].isin(PERSUASION), 0.0),
    )
    months = rows.groupby("seed")["month"].nunique()
    columns = ["orders", "worked", "reached", "persuasion", "duties", "paid"]
    sums = rows.groupby(["policy", "seed"])[columns].sum()
    means = sums.div(months, axis=0, level="seed")
    earned = means["persuasion"] + means["duties"] + means["paid"]
    found: pd.DataFrame = means.assign(net=earned - COST * means["worked"])
    return found


def _policy_table(by_town: pd.DataFrame) -> list[str]:
    lines = []
    for policy in POLICIES:
        mine = by_town.loc[policy]
        cells = [
            policy,
            f"{mine['orders'].mean():,.0f}",
            f"{mine['reached'].mean():,.0f}",
        ]
        for name in ("persuasion", "duties", "paid", "net"):
            cells.append(_interval(mine[name]))
        lines.append(cells)
    head = ["policy", "orders", "reached", "persuasion", "duties", "paid", "net"]
    return _table(head, lines)


def _difference_table(by_town: pd.DataFrame) -> list[str]:
    lines = []
    for policy in ("priority", "value"):
        for rival in RIVALS:
            if rival == policy or (policy, rival) == ("priority", "value by priors"):
                continue
            cells = [f"`{policy}` less {rival}"]
            for name in ("persuasion", "net"):
                more = by_town.loc[policy][name] - by_town.loc[rival][name]
                won = int((more > 0).sum())
                cells.append(f"{_interval(more)}, more in {won} of {len(more)}")
            lines.append(cells)
    return _table(["", "persuasion", "net"], lines)


def _share_table(by_town: pd.DataFrame) -> list[str]:
    lines = []
    for policy in PLAIN:
        kept = by_town.loc[policy]["persuasion"]
        cells = [policy]
        for other in (LISTS_CEILING, CEILING, *RIVALS[:2]):
            cells.append(_ratio(kept, by_town.loc[other]["persuasion"]))
        lines.append(cells)
    return _table(
        [
            "policy",
            "of the ceiling of the lists",
            "of the ceiling",
            "of risk x value",
            "of risk x value, held to the rules",
        ],
        lines,
    )


def _list_table(rows: pd.DataFrame) -> list[str]:
    towns = rows.groupby("seed")["month"].nunique().sum()
    sums = rows.groupby(["list", "policy"])[["orders", "kept", "paid"]].sum() / towns
    shown = ("priority", "value", LISTS_CEILING)
    lines = []
    for name in sorted(rows["list"].unique()):
        cells = [name]
        for policy in shown:
            if (name, policy) not in sums.index:
                cells.append("–")
                continue
            mine = sums.loc[(name, policy)]
            cell = f"{mine['orders']:,.1f}: {mine['kept']:+,.1f}"
            if mine["paid"]:
                cell += f", paid {mine['paid']:,.1f}"
            cells.append(cell)
        lines.append(cells)
    heads = [f"{policy}, orders: kept" for policy in shown]
    return _table(["list", *heads], lines)


def _month_table(rows: pd.DataFrame) -> list[str]:
    persuading = rows[rows["list"].isin(PERSUASION)]
    towns = rows["seed"].nunique()
    sums = persuading.groupby(["month", "policy"])["kept"].sum() / towns
    lines = []
    for month in sorted(rows["month"].unique()):
        cells = [str(int(month) + 1)]
        for policy in PLAIN:
            cells.append(f"{sums.get((month, policy), 0.0):,.0f}")
        lines.append(cells)
    return _table(["month of orders", *PLAIN], lines)


def _interval(values: pd.Series) -> str:
    mean = float(values.mean())
    if len(values) < 2:
        return f"{mean:,.0f}"
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.sem())
    return f"{mean:,.0f} [{mean - half:,.0f}, {mean + half:,.0f}]"


def _ratio(above: pd.Series, below: pd.Series) -> str:
    """The ratio of two sums over the same towns; bounds by drawing towns again."""
    pairs = np.column_stack([above, below.reindex(above.index)])
    value = pairs[:, 0].sum() / pairs[:, 1].sum()
    if len(pairs) < 2:
        return f"{value:.2f}"
    random = np.random.default_rng(1)
    drawn = pairs[random.integers(len(pairs), size=(RESAMPLES, len(pairs)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> list[str]:
    heads = list(head)
    rows = [heads, ["---"] * len(heads), *lines]
    return [f"| {' | '.join(row)} |" for row in rows]
