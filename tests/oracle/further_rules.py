"""KPIs of longer windows, of collection, and those that belong to scopes rather than to customers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pandas as pd

from .customer_rules import cohort_billed, revenue_net
from .parts import Mean, Part, Placed, Rule, Scope, Score, entries, share
from .state import Held, MissingError, Month, shift

CUSTOMER, SERVICE = "customer_id", "service_id"
NOBODY = "unclaimed"
BUCKETS = {
    "0_30": (0, 30),
    "31_60": (31, 60),
    "61_90": (61, 90),
    "91_180": (91, 180),
    "181_365": (181, 365),
}  # days past due; what is older rolls no further


def _year(held: Held, year: int = 0) -> list[Month]:
    """The months of the year to the month computed, or of the same months so many years before."""
    number = int(held.month[5:])
    return [
        held.at(shift(held.month, 12 * year - ago)) for ago in reversed(range(number))
    ]


def _revenue(months: list[Month]) -> pd.Series:
    """Fen by customer, one entry a customer and month."""
    revenues = [month.revenue(CUSTOMER) for month in months]
    found: pd.Series = pd.concat([entries(fen.index, fen) for fen in revenues])
    return found


def _of_cohort(held: Held, fen: pd.Series) -> pd.Series:
    return fen[fen.index.isin(held.cohort())]


def ytd_annualised(held: Held) -> Part:
    base = held.base().name
    if base[5:] != "12":
        raise MissingError("the base month is no December")
    before = [held.at(shift(base, -ago)) for ago in range(12)]
    year = _year(held)
    now = _of_cohort(held, _revenue(year))
    return Part(now * 12, _of_cohort(held, _revenue(before)), 100 * len(year), 100)


def growth(held: Held) -> Part:
    return Part(_revenue(_year(held)), _revenue(_year(held, -1)), 100, 100)


def _open(month: Month) -> pd.Series:
    return _open_of(month.lines("receivable"))


def effectiveness(held: Held) -> Part:
    before, now = held.back(1), held.now
    could = pd.concat([_open(before), _revenue([now])])
    items = now.lines("receivable")
    still = _open_of(items[items["bill_month"] == now.name])
    return Part(pd.concat([could, -_open(now)]), pd.concat([could, -still]), 100, 100)


def outstanding(held: Held) -> Part:
    return Part(_open(held.now) * held.now.last.day, _revenue([held.now]), 100, 100)


def roll(bucket: str) -> Rule:
    """Of the items of a bucket a month ago: what is still open of those that are in any later one now."""
    first, last = BUCKETS[bucket]

    def rule(held: Held) -> Part:
        before, now = _aged(held.back(1)), _aged(held.now)
        items = before[(before["age"] >= first) & (before["age"] <= last)]
        rolled = now[now["bill_id"].isin(items["bill_id"]) & (now["age"] > last)]
        return Part(_open_of(rolled), _open_of(items), 100, 100)

    return rule


def _aged(month: Month) -> pd.DataFrame:
    items = month.lines("receivable")
    return items.assign(age=(month.last - items["due_on"]).dt.days)


def _open_of(items: pd.DataFrame) -> pd.Series:
    return entries(items[CUSTOMER], items["open_amount"])


def perception(held: Held) -> Part:
    answers = held.now.need("survey_answer")
    return share(answers[CUSTOMER], answers["score"].astype(int) >= 4)


def reactivation(days: int) -> Rule:
    def rule(held: Held) -> Part:
        months = [held.back(ago) for ago in reversed(range(6))]
        known = [month.lines("status_change") for month in months]
        owners = [month.services.set_index(SERVICE)[CUSTOMER] for month in months]
        rows = pd.concat(
            [
                c.assign(customer_id=c[SERVICE].map(o))
                for c, o in zip(known, owners, strict=True)
            ]
        )
        stops = rows[rows["to_status"] == "suspended_arrears"]
        back = rows[rows["to_status"] == "active"]
        stops = stops[
            stops["changed_at"].dt.normalize() + pd.Timedelta(days=days)
            <= held.now.last
        ]
        hits = [_is_back(stop, back, days) for stop in stops.itertuples()]
        return share(stops[CUSTOMER], pd.Series(hits, dtype=bool))

    return rule


def _is_back(stop: Any, back: pd.DataFrame, days: int) -> bool:
    mine = back[
        (back[SERVICE] == stop.service_id) & (back["changed_at"] > stop.changed_at)
    ]
    if mine.empty:
        return False
    first = mine["changed_at"].min().normalize()
    return bool((first - stop.changed_at.normalize()).days <= days)


def complaints_by(column: str) -> Rule:
    def rule(held: Held) -> Placed:
        month = held.now
        tickets = month.need("trouble_ticket", column)
        inside = (tickets["opened_at"] >= month.first) & (
            tickets["opened_at"] < month.last + pd.Timedelta(days=1)
        )
        opened = tickets[inside & (tickets["category"] == "complaint")]
        counts = {NOBODY: 0} | opened[column].fillna(NOBODY).value_counts().to_dict()
        net = Fraction(len(month.net))
        return Placed(
            {
                (column, str(scope)): (Fraction(10_000 * int(n)), net)
                for scope, n in counts.items()
            }
        )

    return rule


def _targets(months: list[Month], kpi: str) -> dict[Scope, tuple[Fraction, Fraction]]:
    """The sums of the targets of scopes that have one in each of the months."""
    rows = pd.concat([month.need("target") for month in months])
    rows = rows[rows["kpi"] == kpi]
    found: dict[Scope, tuple[Fraction, Fraction]] = {}
    for (kind, scope), each in rows.groupby(["scope_kind", "scope_id"])["target_value"]:
        if len(each) == len(months):
            found[str(kind), str(scope)] = (
                Fraction(0),
                sum((Fraction(v) for v in each), Fraction(0)),
            )
    return found


def completion(held: Held) -> Placed:
    year = _year(held)
    return Placed(_targets(year, "revenue"), Part(_revenue(year), None, 100))


def private_line(held: Held) -> Score:
    now = held.now
    lines = now.services[now.services["service_type"] == "private_line"]
    billed = lines[lines[SERVICE].isin(now.revenue(SERVICE).index)]
    fen = now.revenue_of(billed[SERVICE], SERVICE)
    part = Part(entries(billed[CUSTOMER], fen.reset_index(drop=True)), None, 100)
    return Score(Placed(_targets([now], "private_line_revenue"), part))


def composite(held: Held) -> Mean:
    return Mean((cohort_billed(held), revenue_net(held)))


FURTHER_RULES: dict[tuple[str, str], Rule] = {
    ("revenue_retention_rate", "ytd_annualised"): ytd_annualised,
    ("revenue_growth", "ytd"): growth,
    ("revenue_completion", "ytd"): completion,
    ("collection_effectiveness", "cei"): effectiveness,
    ("days_sales_outstanding", "dso"): outstanding,
    **{("roll_rate", bucket): roll(bucket) for bucket in BUCKETS},
    ("perception_rate", "top_two"): perception,
    **{("reactivation_rate", f"d{days}"): reactivation(days) for days in (3, 5, 7, 30)},
    ("complaint_rate", "touch_point"): complaints_by("touch_point"),
    ("complaint_rate", "owning_channel"): complaints_by("owning_channel"),
    ("private_line_score", "score"): private_line,
    ("composite_retention_rate", "mean"): composite,
}
