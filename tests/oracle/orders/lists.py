"""Who stands on the lists, those about debts, ends, requests to leave and no use worked out here; whom nobody calls."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from tests.oracle.service_rules import active_mobile, is_idle
from tests.oracle.state import GRADE, Held, Month, shift
from twin.months import month_number, span_of
from twin.working_days import working_day

from .debts import DEBT
from .further_lists import further_members
from .office import Office
from .verdicts import CONTRACT, PROMOTION

CUSTOMER, SERVICE = "customer_id", "service_id"
DISPATCHED_ON = 3  # working day of the month after
LISTED_UNTIL = timedelta(days=14)  # after the next month's dispatch
Members = set[str]


def dispatch_date(month: str) -> date:
    """The day on which the orders of a month go out."""
    after = span_of(month_number(shift(month, 1)))
    return pd.Timestamp(np.datetime64(working_day(after, DISPATCHED_ON), "D")).date()


def members(held: Held, office: Office) -> dict[str, Members]:
    """Who is on each of these lists in the month; orders need managers, and without any no list is computed."""
    if not held.now.has("ownership", "manager_id"):
        return {}
    found = {name: _in_debt(held, office, name) for name in DEBT[1:]}
    found["suspended_reactivation"] = _suspended(held.now)
    found["termination_save"] = _about_to_leave(held)
    found["renewal"] = {end[0] for end in ends_listed(held, office)}
    asleep = _asleep(held.now)
    found["vip_zero_usage"] = asleep & set(held.high_value(held.month))
    found["group_zero_usage"] = _groups_of(held.now, asleep)
    return found | further_members(held, office)


def _in_debt(held: Held, office: Office, name: str) -> Members:
    items = office.opening(held, held.month).listed(name)
    owing, month = {item[CUSTOMER] for item in items}, held.now
    if name == "arrears":
        return owing & set(held.high_value(held.month))
    known = month.last_known_customers
    if name == "fixed_arrears":
        return owing & set(known.index[known["customer_type"] == "individual"])
    groups = set(known.index[known["customer_type"] == "group"])
    return (owing & groups) | _groups_of(month, owing)


def _groups_of(month: Month, people: Members) -> Members:
    """The groups that some of these belong to, or did when they were last known."""
    known = month.last_known_customers
    return set(known.loc[known.index.isin(people), "group_customer_id"].dropna())


def _suspended(month: Month) -> Members:
    stopped = month.services["status"] == "suspended_arrears"
    return set(month.services.loc[stopped, CUSTOMER])


def _about_to_leave(held: Held) -> Members:
    """Individuals who asked to end a line, were HV, or would be if that line counted."""
    month = held.now
    asking = month.services[month.services["status"] == "pre_terminated"]
    people = set(asking[CUSTOMER]) & set(month.individuals)
    before = shift(held.month, -1)
    were = set(held.high_value(before)) if before in held else set()
    mobile = set(month.net.loc[month.net["service_type"] == "mobile", CUSTOMER])
    mobile |= set(asking.loc[asking["service_type"] == "mobile", CUSTOMER])
    asked = people & mobile
    return (people & were) | _worth(held, asked)


def _worth(held: Held, people: Members) -> Members:
    """Those of a tier, or of enough mean revenue, the month itself counted as one in which each was there."""
    month, ids = held.now, pd.Index(sorted(people), dtype=object)
    fen, count = pd.Series(0, index=ids), pd.Series(0, index=ids)
    for name in (shift(held.month, -ago) for ago in range(3)):
        if name in held:
            one = held.at(name)
            there = ids.isin(one.net[CUSTOMER]) | (name == held.month)
            fen += one.revenue_of(ids, CUSTOMER).where(there, 0)
            count += there.astype("int64")
    enough = fen * held.theta.denominator >= count * (100 * held.theta.numerator)
    if month.has("customer", "vip_tier"):
        enough |= month.grades.reindex(ids) >= GRADE["silver"]
    return set(ids[enough.to_numpy(bool)])


End = tuple[str, str, str, date]  # customer, line, column, day


def ends_listed(held: Held, office: Office) -> set[End]:
    """What ends from one dispatch to a fortnight after the next, and was on no order before."""
    ordered: set[tuple[str, str, date]] = set()
    for name in sorted(office.orders):
        if name < held.month:
            orders = office.of(name)
            who = {o[CUSTOMER] for o in orders if o["list"] == "renewal"}
            listed = _ends_of(held.at(name), ordered)
            ordered |= {end[1:] for end in listed if end[0] in who}
    return _ends_of(held.now, ordered)


def _ends_of(month: Month, ordered: set[tuple[str, str, date]]) -> set[End]:
    first = pd.Timestamp(dispatch_date(month.name))
    last = pd.Timestamp(dispatch_date(shift(month.name, 1)) + LISTED_UNTIL)
    listed: set[End] = set()
    for column in (CONTRACT, PROMOTION):
        if month.has("service", column):
            ends = month.net[column]
            rows = month.net[(ends > first) & (ends <= last)]
            for row in rows[[CUSTOMER, SERVICE, column]].itertuples(index=False):
                end = (str(row[0]), str(row[1]), column, row[2].date())
                if end[1:] not in ordered:
                    listed.add(end)
    return listed


def _asleep(month: Month) -> Members:
    """Customers with active mobile lines, all of them older than the month and without use."""
    lines = active_mobile(month)
    sleeps = is_idle(month, lines) & (lines["activated_on"] < month.first)
    each = sleeps.groupby(lines[CUSTOMER]).all()
    return set(each.index[each])


def blocked(held: Held, office: Office) -> dict[str, str]:
    """Whom nobody is to call whatever the list, and why, by what was answered before the orders are made.

    Who ever asked not to be called is not; a wrong number stands until another answer does, or another phone comes.
    """
    phones = _phones(held.now)
    found: dict[str, str] = {}
    for name, orders in office.orders.items():
        if name >= held.month:
            continue
        then = _phones(held.at(name))
        for order in orders:
            who = order[CUSTOMER]
            if office.standing(order, date.max, "do_not_contact"):
                found[who] = "do_not_contact"
            answer = office.standing(order, date.max)
            is_wrong = answer is not None and answer["outcome"] == "wrong_number"
            if is_wrong and phones.get(who) in (None, then.get(who)):
                found.setdefault(who, "wrong_number")
    return found


def _phones(month: Month) -> dict[str, str]:
    people = month.need("customer", "phone").dropna(subset="phone")
    return dict(zip(people[CUSTOMER], people["phone"], strict=True))
