"""Who stands on the lists of cohorts, falling use, cards, new customers, points and activities.

No list is made by a score here: there is none.
"""

from __future__ import annotations

from fractions import Fraction

import pandas as pd

from tests.oracle.customer_rules import card_holding
from tests.oracle.owners import owners, with_manager
from tests.oracle.parts import Part
from tests.oracle.service_rules import down_migration, low_saturation
from tests.oracle.state import Held, MissingError, shift

from .office import Office

CUSTOMER = "customer_id"
LOWEST_REWARD = 1_000  # points
Members = set[str]


def further_members(held: Held, office: Office) -> dict[str, Members]:
    """Who is on each of these lists in the month; nobody where it is not computed."""
    rules = {
        "cohort_at_risk": lambda: _cohort_falling(held),
        "down_migration": lambda: _moving_down(held),
        "card_issue": lambda: _without_card(held),
        "vip_allocation": lambda: _to_be_allocated(held, office),
        "unclaimed": lambda: _unclaimed(held, office),
        "points_redemption": lambda: _with_points(held),
        "activity_invite": lambda: _invited(held),
    }
    found: dict[str, Members] = {}
    for name, rule in rules.items():
        try:
            found[name] = rule()
        except MissingError:
            found[name] = set()
    return found


def _cohort_falling(held: Held) -> Members:
    """The cohort in Net whose revenue is below half of the base month's."""
    cohort = held.cohort()
    still = cohort[cohort.isin(held.now.net[CUSTOMER])]
    now = held.now.revenue_of(still, CUSTOMER)
    base = held.base().revenue_of(still, CUSTOMER)
    return set(still[(now * 2 < base).to_numpy(bool)])


def _moving_down(held: Held) -> Members:
    return _hit(down_migration(held)) | _hit(low_saturation(held))


def _without_card(held: Held) -> Members:
    return set(held.now.vip) - _hit(card_holding(held))


def _hit(part: Part) -> Members:
    """Whom a KPI counts in its numerator."""
    return set(part.num.index[part.num.to_numpy() > 0])


def _to_be_allocated(held: Held, office: Office) -> Members:
    """HV without a manager, and those who were not HV a month ago and never on this list."""
    high = set(held.high_value(held.month))
    without = high - set(with_manager(held))
    before = shift(held.month, -1)
    if before not in held:
        return without
    new = high - set(held.high_value(before))
    return without | (new - _ever_allocated(held, office))


def _ever_allocated(held: Held, office: Office) -> Members:
    """Who was on the list in an earlier month of which orders were made."""
    ever: Members = set()
    for name in sorted(office.orders):
        if name < held.month:
            try:
                ever |= _to_be_allocated(held.as_of(name), office)
            except MissingError:
                continue
    return ever


def _unclaimed(held: Held, office: Office) -> Members:
    billed = set(held.now.billed(CUSTOMER)) - set(with_manager(held))
    return billed - _to_be_allocated(held, office)


def _with_points(held: Held) -> Members:
    rows = held.now.need("loyalty")
    enough = rows["points_balance"].map(lambda points: points >= LOWEST_REWARD)
    free = pd.Series(True, index=rows.index)
    if "is_barred" in rows:
        free = ~rows["is_barred"].fillna(False).astype(bool)
    return set(rows.loc[enough.astype(bool) & free, CUSTOMER])


def _invited(held: Held) -> Members:
    """Of each activity of the next month the HV of its branch worth most, as many as it has seats."""
    month = held.now
    activities = month.need("activity", "seats")
    first = month.last + pd.Timedelta(days=1)
    last = first + pd.offsets.MonthEnd(0)
    held_on = activities["held_on"]
    rows = activities[(held_on >= first) & (held_on <= last)]
    branch_of = owners(held)["branch"]
    worth = _value_at_risk(held)
    by_worth = sorted(worth, key=lambda who: (-worth[who], who))
    found: Members = set()
    for row in rows.to_dict("records"):
        branch, seats = row.get("branch_id"), row["seats"]
        if pd.isna(seats):
            continue  # nobody knows for how many there is room
        guests = [who for who in by_worth if _is_of(branch, who, branch_of)]
        found |= set(guests[: int(seats)])
    return found


def _is_of(branch: str | None, who: str, branch_of: pd.Series) -> bool:
    """Whether a customer is of an activity's branch; one of no branch is for all."""
    return pd.isna(branch) or branch_of.get(who) == branch


def _value_at_risk(held: Held) -> dict[str, int]:
    """Fen by HV customer: mean revenue of the months in which they were in Net, to the fen."""
    people = held.high_value(held.month)
    fen, count = pd.Series(0, index=people), pd.Series(0, index=people)
    for name in (shift(held.month, -ago) for ago in range(3)):
        if name in held:
            one = held.at(name)
            there = people.isin(one.net[CUSTOMER])
            fen += one.revenue_of(people, CUSTOMER).where(there, 0)
            count += there.astype("int64")
    means = zip(people, fen, count, strict=True)
    return {str(who): _rounded(Fraction(int(sum_), int(n))) for who, sum_, n in means}


def _rounded(fen: Fraction) -> int:
    """To the whole fen, a half away from nought."""
    whole = int(abs(fen) + Fraction(1, 2))
    return whole if fen >= 0 else -whole
