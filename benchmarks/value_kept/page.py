"""The page of `benchmarks.value_kept`: what each policy keeps, beside the others and the ceiling."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.value_kept.learnt import find_pauses, make_learning_table
from benchmarks.value_kept.policies import (
    COST,
    HAZARDS_KNOWN,
    NOTHING_OFFERED,
    PERSUASION,
    PRIORITY_INSIDE,
    RULES_CEILING,
    VALUE_INSIDE,
)

POLICIES = (
    "priority",
    "value",
    "value by priors",
    "risk x value",
    "risk x value, on contracts too",
    "risk x value, held to the rules",
    "risk",
    "last month's rule",
    "random",
    HAZARDS_KNOWN,
    RULES_CEILING,
    "ceiling of the lists",
    "ceiling",
)
PLAIN = POLICIES[:9]
RIVALS = (
    "risk x value",
    "risk x value, on contracts too",
    "risk x value, held to the rules",
    "risk",
    "last month's rule",
    "random",
    "priority",
    "value by priors",
)
LISTS_CEILING, CEILING = POLICIES[-2:]
RESAMPLES = 4000


def write_page(
    rows: pd.DataFrame, learnt: pd.DataFrame, options: argparse.Namespace
) -> str:
    """Return the page as Markdown."""
    by_town = add_up_towns(rows)
    parts = [
        "# What the orders are worth",
        "",
        _describe_run(rows, options),
        "",
        *_policy_table(by_town),
        "",
        "*Kept* is revenue kept, *net* is that less the calls and what is offered; both of the lists that hold somebody out. The "
        "plain rules call about leaving, anybody whom a manager owns and may call, also month after month; *on contracts too* "
        "makes the same calls, about the contract where one ends; *held to "
        "the rules* spares whom the office must spare: who is held out, was called within sixty days, complains or "
        "opted out. `value by priors` is `value` without what hold-outs have taught.",
        "",
        "## Side by side",
        "",
        *_difference_table(by_town),
        "",
        *_compare_inside(rows),
        "## Share of the ceiling",
        "",
        *_share_table(by_town),
        "",
        "A ceiling knows each customer's hazard and persuasion; no policy can. That of the lists asks whom the lists "
        "name, held out or not, the last one anybody. Within the rules nobody held out is asked, and each customer "
        "about the first list that may have them; who knows only the hazards takes persuasion to be what it is on the mean.",
        "",
        "## List by list",
        "",
        *_list_table(rows),
        "",
        "## Month by month",
        "",
        *_month_table(rows),
        "",
        "## What is learnt",
        "",
        "How much of the risk of leaving the orders of a list take away, in truth (over its orders so far) and as the "
        "office holds it, means over lists and towns:",
        "",
        *_draw_table(make_learning_table(learnt)),
        "",
        *_draw_table(find_pauses(learnt)),
        "",
    ]
    return "\n".join(parts)


def _describe_run(rows: pd.DataFrame, options: argparse.Namespace) -> str:
    """What was lived and judged, by which command, and what is counted."""
    towns = rows["seed"].nunique()
    months = rows["month"].nunique()
    command = _write_command(rows, towns, options)
    low, high = options.places
    return (
        f"Written by `{command}`: {towns} towns of {options.services:,} lines, {months} months of orders of each "
        f"judged (numbered from the first with orders), lived by `{options.lived}`. Yuan a month and town, means over towns; "
        "intervals are 95 %, Student over towns. Nothing is drawn: every order is judged by the twin's hazards with "
        "and without the contact, the chance that it is worked and somebody answers, and the days that are left "
        "(`twin/truth/expected.py`). What is kept is revenue of the year that begins: who leaves next month pays in "
        "none of its months, a contract that a call renews binds in all of them, a line that a call wakes is used "
        f"again (`twin/truth/prospects.py`). A worked order costs {COST:.2f} yuan. Duties go out beside the places "
        "(`RETENTION_DUTIES_TAKE_PLACES=false`), so that every policy has the same duties and as many orders to "
        f"persuade, {low} to {high} a manager. All policies have the same score."
    )


def _write_command(rows: pd.DataFrame, towns: int, options: argparse.Namespace) -> str:
    """Return the command that gives these rows again."""
    judged = " ".join(str(month + 1) for month in sorted(rows["month"].unique()))
    command = (
        f"python -m benchmarks.value_kept --services {options.services} --seeds {towns}"
    )
    command += f" --months {options.months} --judged {judged}"
    if options.world != "usual":
        command += f" --world {options.world}"
    low, high = options.places
    if (low, high) != (8, 16):
        command += f" --places {low} {high}"
    if options.offers:
        command += f" --offers {options.offers}"
    if options.quick:
        command += " --quick"
    return command


def add_up_towns(rows: pd.DataFrame) -> pd.DataFrame:
    """Means a month by policy and town of what persuasion does: orders, worked, reached, kept, net."""
    persuading = rows[rows["list"].isin(PERSUASION)]
    months = rows.groupby("seed")["month"].nunique()
    columns = ["orders", "worked", "reached", "kept", "offered"]
    # Whoever pauses all lists has no orders, and keeps nothing.
    everybody = pd.MultiIndex.from_product(
        [rows["policy"].unique(), months.index], names=["policy", "seed"]
    )
    sums = persuading.groupby(["policy", "seed"])[columns].sum()
    sums = sums.reindex(everybody, fill_value=0.0)
    means = sums.div(months, axis=0, level="seed")
    spent = COST * means["worked"] + means["offered"]
    found: pd.DataFrame = means.assign(net=means["kept"] - spent)
    return found


def make_policy_table(rows: pd.DataFrame) -> list[str]:
    """Orders, kept and net by policy of the towns so far, as lines of Markdown."""
    return _policy_table(add_up_towns(rows))


def _policy_table(by_town: pd.DataFrame) -> list[str]:
    lines = []
    known = by_town.index.get_level_values("policy")
    for policy in (*POLICIES, NOTHING_OFFERED):
        if policy not in known:  # nothing is offered
            continue
        mine = by_town.loc[policy]
        cells = [
            policy,
            f"{mine['orders'].mean():,.0f}",
            f"{mine['reached'].mean():,.0f}",
        ]
        for name in ("kept", "net"):
            cells.append(_interval(mine[name]))
        lines.append(cells)
    head = ["policy", "orders", "reached", "kept", "net"]
    return _table(head, lines)


def _difference_table(by_town: pd.DataFrame) -> list[str]:
    lines = []
    for policy in ("priority", "value"):
        for rival in RIVALS:
            if rival == policy or (policy, rival) == ("priority", "value by priors"):
                continue
            more = by_town.loc[policy]["kept"] - by_town.loc[rival]["kept"]
            lines.append([f"`{policy}` less {rival}", *_say_more(more)])
    return _table(["", "kept", "more in towns"], lines)


def _compare_inside(rows: pd.DataFrame) -> list[str]:
    """Both rules where duties take places, as is the default; nothing of rows without them."""
    if VALUE_INSIDE not in set(rows["policy"]):
        return []
    rows = rows[rows["policy"].isin((PRIORITY_INSIDE, VALUE_INSIDE))]
    # Of the towns that were judged by them.
    months = rows.groupby("seed")["month"].nunique()
    is_persuasion = rows["list"].isin(PERSUASION)
    lines = []
    for about, these in (
        ("lists that persuade", rows[is_persuasion]),
        ("all lists", rows),
    ):
        sums = these.groupby(["policy", "seed"])[["orders", "kept"]].sum()
        means = sums.div(months, axis=0, level="seed")
        cells = [about]
        for policy in (PRIORITY_INSIDE, VALUE_INSIDE):
            mine = means.loc[policy]
            cells.append(f"{mine['orders'].mean():,.0f}: {_interval(mine['kept'])}")
        more = means.loc[VALUE_INSIDE]["kept"] - means.loc[PRIORITY_INSIDE]["kept"]
        lines.append([*cells, *_say_more(more)])
    head = ["orders: kept", "`priority`", "`value`", "more by `value`", "more in towns"]
    return [
        f"Where duties take places, as is the default, in {len(months)} of these towns:",
        "",
        *_table(head, lines),
        "",
    ]


def _say_more(more: pd.Series) -> tuple[str, str]:
    """A difference by town: its mean, and in how many towns it is above nought."""
    won = int((more > 0).sum())
    return _interval(more), f"{won} of {len(more)}"


def _share_table(by_town: pd.DataFrame) -> list[str]:
    others = (HAZARDS_KNOWN, RULES_CEILING, LISTS_CEILING, CEILING, *RIVALS[:3])
    lines = []
    for policy in PLAIN:
        kept = by_town.loc[policy]["kept"]
        cells = [policy]
        for other in others:
            cells.append(_ratio(kept, by_town.loc[other]["kept"]))
        lines.append(cells)
    return _table(["policy", *(f"of {other}" for other in others)], lines)


def _list_table(rows: pd.DataFrame) -> list[str]:
    towns = rows.groupby("seed")["month"].nunique().sum()
    sums = rows.groupby(["list", "policy"])[["orders", "kept"]].sum() / towns
    by_list = sums.to_dict("index")
    shown = ("priority", "value", LISTS_CEILING)
    lines = []
    for name in PERSUASION:
        cells = [name]
        for policy in shown:
            mine = by_list.get((name, policy))
            if mine is None:
                cells.append("–")
                continue
            cells.append(f"{mine['orders']:,.1f}: {mine['kept']:+,.1f}")
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
    if not pairs[:, 1].any():
        return "–"
    value = pairs[:, 0].sum() / pairs[:, 1].sum()
    if len(pairs) < 2:
        return f"{value:.2f}"
    random = np.random.default_rng(1)
    drawn = pairs[random.integers(len(pairs), size=(RESAMPLES, len(pairs)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _draw_table(lines: Sequence[list[str]]) -> list[str]:
    head, *rest = lines
    return _table(head, rest)


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> list[str]:
    heads = list(head)
    rows = [heads, ["---"] * len(heads), *lines]
    return [f"| {' | '.join(row)} |" for row in rows]
