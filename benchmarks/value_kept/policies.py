"""The same month's orders by each policy, as many a manager for all.

What is not persuasion (debts, requests to dismantle, cards, claims: lists that hold nobody out) goes out beside the
places and is the same in all policies, so that these orders are no part of a difference. For the rest each manager has
as many orders as `priority` gave them. A plain rule calls a manager's own customers about their leaving, spares nobody
but who must not be called, and holds nobody out; `on contracts too` makes the same calls, about the contract where one
ends; only `risk x value, held to the rules` keeps to what the office must
(hold-out, cool-down, complaints, opt-outs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.value_kept.town import read_orders, read_table, to_orders
from pipelines.catalogue.outputs import load_lists
from pipelines.core.month import Month
from pipelines.store.lake import Made
from twin.truth.expected import expect_orders
from twin.truth.prospects import Prospects
from twin.world.state import World

COST = 5.0
# What parts the office from the ceiling of the lists: its rules, and what no file shows.
RULES_CEILING = "ceiling within the rules"
HAZARDS_KNOWN = "true hazards within the rules"
# The office's own where duties take places, as is the default.
PRIORITY_INSIDE = "priority, duties in the places"
VALUE_INSIDE = "value, duties in the places"
NOTHING_OFFERED = "value, nothing offered"
CALL = "churn_risk"  # what a plain rule's call is about
PERSUASION = tuple(spec.name for spec in load_lists() if spec.meta["holdout"])
# What keeps somebody off every list's orders; the other reasons say who had no place, or was held out.
BARRED = (
    "do_not_contact",
    "wrong_number",
    "opted_out",
    "complaint",
    "cool_down",
    "no_manager",
)


@dataclass(frozen=True)
class MonthView:
    """A month as it stands before its orders are worked: its tables by the rule `priority`, and the twin's world."""

    made: Made
    month: Month
    world: World
    seed: int
    prospects: Prospects  # what there is to lose in the year after

    def table(self, name: str) -> pd.DataFrame:
        """A table of the month."""
        return read_table(self.made, name)


def make_policies(view: MonthView, office: Mapping[str, Made]) -> dict[str, pa.Table]:
    """Return the orders of each policy; `office` are the months dispatched by the office's own."""
    given = read_orders(view.made).to_pandas()
    is_duty = ~given["list"].isin(PERSUASION)
    duties, persuading = given[is_duty], given[~is_duty]
    places = _find_places(view, persuading)
    callable_ = find_callable(view)
    free = callable_[~callable_["customer_id"].isin(duties["customer_id"])]
    random = np.random.default_rng([view.seed, view.month.year, view.month.number])
    scores = {
        "risk": free["risk"],
        "risk x value": free["risk"] * free["value"],
        "last month's rule": free["fall"],
        "random": pd.Series(random.random(len(free)), free.index),
    }

    chosen = {}
    for name, score in scores.items():
        chosen[name] = take_best(free, score, places)
    allowed = free[~free["customer_id"].isin(_find_spared(view))]
    score = allowed["risk"] * allowed["value"]
    chosen["risk x value, held to the rules"] = take_best(allowed, score, places)
    chosen["risk x value, on contracts too"] = talk_of_contracts(
        view, chosen["risk x value"]
    )
    rows = worth_of_rows(view, callable_)
    is_open = rows["list"].isin(PERSUASION)
    is_open &= ~rows["customer_id"].isin(duties["customer_id"])
    rows = rows[is_open]
    listed = rows[rows["is_listed"]]
    bound = keep_to_rules(view, listed)
    chosen[RULES_CEILING] = take_best(bound, bound["worth"], places)
    foreseen = weigh_without_persuasion(view, bound)
    chosen[HAZARDS_KNOWN] = take_best(bound, foreseen, places)
    chosen["ceiling of the lists"] = take_best(listed, listed["worth"], places)
    chosen["ceiling"] = take_best(rows, rows["worth"], places)

    found = {name: read_orders(made) for name, made in office.items()}
    if found["value"]["offer_id"].null_count < len(found["value"]):
        found[NOTHING_OFFERED] = _offer_nothing(found["value"])
    for name, orders in chosen.items():
        found[name] = to_orders(pd.concat([duties, orders], ignore_index=True))
    return found


def _offer_nothing(orders: pa.Table) -> pa.Table:
    """The same orders, with nothing to offer."""
    place = orders.column_names.index("offer_id")
    nothing = pa.nulls(len(orders), pa.string())
    return orders.set_column(place, "offer_id", nothing)


def _find_places(view: MonthView, persuading: pd.DataFrame) -> pd.Series:
    """How many orders each manager has: as many as the office gave, or could have given had it paused no list."""
    states = view.table("dispatch_list")
    is_paused = states["reason"].fillna("").str.contains("paused")
    if not is_paused.any():
        return persuading["manager_id"].value_counts()
    managers = view.table("features_manager").set_index("manager_id")
    return managers["capacity"]


def talk_of_contracts(view: MonthView, calls: pd.DataFrame) -> pd.DataFrame:
    """Let the same calls be about a renewal where the customer is on that list."""
    listed = view.table("dispatch_candidate")
    ends = listed.loc[listed["list"] == "renewal", "customer_id"]
    topic = calls["list"].mask(calls["customer_id"].isin(ends), "renewal")
    return calls.assign(list=topic)


def find_callable(view: MonthView) -> pd.DataFrame:
    """Whom a manager could call: their own customers with a score, but who must not be called.

    Columns of an order, capacity, risk, value, and by how much use fell.
    """
    people = view.table("features_owner")[["customer_id", "manager_id"]]
    people = people.merge(view.table("features_manager"), on="manager_id")
    consent = view.table("features_consent")
    spared = consent["is_do_not_contact"] | consent["is_wrong_number"]
    people = people[~people["customer_id"].isin(consent.loc[spared, "customer_id"])]
    scores = view.table("score_churn")
    risk = scores.groupby("customer_id")["p_voluntary"].max()
    value = view.table("features_high_value").set_index("customer_id")["value_at_risk"]
    people = people[people["customer_id"].isin(risk.index)].copy()
    people["risk"] = people["customer_id"].map(risk)
    people["value"] = people["customer_id"].map(value).astype(float).fillna(0.0)
    falls = _find_falls(view, scores)
    people["fall"] = people["customer_id"].map(falls).fillna(-9.0)
    return _as_calls(view, people)


def _find_spared(view: MonthView) -> set[str]:
    """Whom the office may not ask: held out, called lately, complaining, opted out of scores."""
    holdout = view.table("dispatch_holdout")
    consent = view.table("features_consent")
    why_not = view.table("dispatch_why_not")
    is_stopped = why_not["reason"].isin(("cool_down", "complaint"))
    return {
        *holdout.loc[holdout["is_drawn"], "customer_id"],
        *consent.loc[consent["is_opted_out"], "customer_id"],
        *why_not.loc[is_stopped, "customer_id"],
    }


def _find_falls(view: MonthView, scores: pd.DataFrame) -> pd.Series:
    """By customer how much the use of a line fell at most against the months before."""
    use = view.table("features_usage_trend").merge(
        scores[["service_id", "customer_id"]], on="service_id"
    )
    change = use[["voice_change_rate", "data_change_rate"]].min(axis=1)
    return -change.groupby(use["customer_id"]).min()


def _as_calls(view: MonthView, people: pd.DataFrame) -> pd.DataFrame:
    """Give people the columns of an order about their leaving."""
    prefix = f"{view.month.year}{view.month.number:02d}-R"
    people = people.assign(
        order_id=prefix + people["customer_id"],
        list=CALL,
        service_id=None,
        amount=None,
        due_on=view.month.plus(1).first_day.replace(day=12),
    )
    return people.sort_values("customer_id", ignore_index=True)


def take_best(rows: pd.DataFrame, score: pd.Series, places: pd.Series) -> pd.DataFrame:
    """Fill each manager's places with the highest scores, one order a customer."""
    ranked = rows.assign(score=score).sort_values(
        ["score", "customer_id"], ascending=[False, True]
    )
    ranked = ranked.drop_duplicates("customer_id")
    in_line = ranked.groupby("manager_id").cumcount()
    has_place = in_line < ranked["manager_id"].map(places)
    taken: pd.DataFrame = ranked[has_place]
    return taken


def worth_of_rows(view: MonthView, callable_: pd.DataFrame) -> pd.DataFrame:
    """Everything a manager could be asked to do for their own customers, with what it is truly worth.

    Each list's candidates who may have an order of it, held out or not, and a call to everybody.
    """
    listed = _find_listed(view, callable_)
    asked = [listed[listed["list"] == name] for name in sorted(set(listed["list"]))]
    parts: list[pd.DataFrame] = []
    for rows in [*asked, callable_]:
        expected = expect(view, to_orders(rows))
        worth = expected["worth"].to_numpy()
        parts.append(rows.assign(worth=worth, is_listed=rows is not callable_))
    return pd.concat(parts, ignore_index=True)


def keep_to_rules(view: MonthView, listed: pd.DataFrame) -> pd.DataFrame:
    """Leave of what lists name whom the office may ask: nobody held out, each on the first list that may have them."""
    holdout = view.table("dispatch_holdout")
    drawn = holdout.loc[holdout["is_drawn"], "customer_id"]
    open_ = listed[~listed["customer_id"].isin(drawn)]
    in_order = open_.assign(place=open_["list"].map(PERSUASION.index))
    first: pd.DataFrame = in_order.sort_values(
        ["place", "customer_id"]
    ).drop_duplicates("customer_id")
    return first


def weigh_without_persuasion(view: MonthView, rows: pd.DataFrame) -> pd.Series:
    """The worth of rows to who knows each line's hazard and future, and of persuasion only how common each kind is."""
    config = view.world.config
    mean = float(np.dot(config.persuasion_shares, config.treated_factors))
    same = replace(config, treated_factors=(mean,) * 3)
    blind = replace(view, world=replace(view.world, config=same))
    worth = expect(blind, to_orders(rows))["worth"].to_numpy()
    return pd.Series(worth, rows.index)


def _find_listed(view: MonthView, callable_: pd.DataFrame) -> pd.DataFrame:
    owners = view.table("features_owner")[["customer_id", "manager_id"]]
    listed = view.table("dispatch_candidate").merge(owners, on="customer_id")
    why_not = view.table("dispatch_why_not")
    barred = why_not[why_not["reason"].isin(BARRED)][["list", "customer_id"]]
    listed = listed.merge(
        barred.assign(is_barred=True), on=["list", "customer_id"], how="left"
    )
    has_place = listed["manager_id"].isin(callable_["manager_id"])
    listed = listed[has_place & listed["is_barred"].isna()]
    return listed.assign(
        order_id=listed["list"] + listed["customer_id"],
        due_on=view.month.plus(1).first_day.replace(day=12),
    )


def expect(view: MonthView, orders: pa.Table) -> pd.DataFrame:
    """What orders do on average, by order, `worth` the yuan kept over a year and paid."""
    found = expect_orders(view.world, orders, view.prospects).to_pandas()
    worth = found["kept_year"] + found["paid"]
    renamed: pd.DataFrame = found.drop(columns="kept").rename(
        columns={"kept_year": "kept"}
    )
    return renamed.assign(worth=worth)


def judge(view: MonthView, policies: dict[str, pa.Table]) -> list[dict[str, object]]:
    """A row a policy and list: orders, chances, and yuan."""
    rows: list[dict[str, object]] = []
    for name, orders in policies.items():
        expected = expect(view, orders)
        for list_name, mine in expected.groupby("list", observed=True):
            rows.append({"policy": name, "list": str(list_name), **_add_up(mine)})
    return rows


def _add_up(orders: pd.DataFrame) -> dict[str, float]:
    sums = {"orders": float(len(orders))}
    for name in ("worked", "reached", "kept", "paid", "offered"):
        sums[name] = float(orders[name].sum())
    return sums
