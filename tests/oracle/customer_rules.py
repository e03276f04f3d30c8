"""KPIs about customers: cards, amounts in arrears, retention, claiming, complaints, arpu."""

from __future__ import annotations

import pandas as pd

from .owners import with_manager
from .parts import Part, Rule, entries, isin, mean_base, share
from .state import GRADE, Held, MissingError, Month, shift

CUSTOMER = "customer_id"


def card_holding(held: Held) -> Part:
    month = held.now
    vip = month.vip
    cards = month.need("vip_card", "delivered_on", "expires_on")
    delivered = cards["delivered_on"] <= month.last
    running = cards["expires_on"].isna() | (cards["expires_on"] > month.last)
    enough = cards["tier"].map(GRADE) >= cards[CUSTOMER].map(month.grades)
    good = cards[(cards["card_status"] == "valid") & delivered & running & enough]
    return share(vip, isin(vip, good[CUSTOMER]))


def _open_of(held: Held, billed_months: list[Month]) -> Part:
    """Open at the cut-off of the bills of these months, over their revenue."""
    items = held.now.lines("receivable")
    items = items[items["bill_month"].isin([month.name for month in billed_months])]
    revenues = [month.revenue(CUSTOMER) for month in billed_months]
    revenue = pd.concat([entries(fen.index, fen) for fen in revenues])
    return Part(entries(items[CUSTOMER], items["open_amount"]), revenue, 100, 100)


def arrears_t1(held: Held) -> Part:
    return _open_of(held, [held.back(1)])


def arrears_current(held: Held) -> Part:
    return _open_of(held, [held.now])


def arrears_rolling(held: Held) -> Part:
    window = [shift(held.month, -by) for by in range(12, 0, -1)]
    months = [held.at(name) for name in window if name in held]
    if not months:
        raise MissingError("none of the 12 months before is held")
    return _open_of(held, months)


def dynamic_retention(held: Held) -> Part:
    before, now = held.back(1).vip, held.now
    kept = isin(before, now.vip) & isin(before, now.billed(CUSTOMER))
    return share(before, kept)


def cohort_billed(held: Held) -> Part:
    cohort = held.cohort()
    return share(cohort, isin(cohort, held.now.billed(CUSTOMER)))


def revenue_net(held: Held) -> Part:
    cohort = held.cohort()
    now, base = (
        held.now.revenue_of(cohort, CUSTOMER),
        held.base().revenue_of(cohort, CUSTOMER),
    )
    return Part(entries(cohort, now), entries(cohort, base), 100, 100)


def revenue_gross(held: Held) -> Part:
    cohort = held.cohort()
    now, base = (
        held.now.revenue_of(cohort, CUSTOMER),
        held.base().revenue_of(cohort, CUSTOMER),
    )
    return Part(
        entries(cohort, now.where(now < base, base).clip(lower=0)),
        entries(cohort, base),
        100,
        100,
    )


def revenue_in_tier(held: Held) -> Part:
    cohort = held.cohort()
    now = held.now.revenue_of(cohort, CUSTOMER)
    still = now.where(cohort.isin(held.high_value(held.month)), 0)
    return Part(entries(cohort, still), entries(cohort, now), 100, 100)


def unclaimed_customers(held: Held) -> Part:
    billed = held.now.billed(CUSTOMER)
    return share(billed, ~isin(billed, with_manager(held)))


def unclaimed_revenue(held: Held) -> Part:
    billed = held.now.billed(CUSTOMER)
    fen = held.now.revenue_of(billed, CUSTOMER)
    return Part(
        entries(billed, fen.where(~billed.isin(with_manager(held)), 0)),
        entries(billed, fen),
        100,
        100,
    )


def complaints(held: Held) -> Part:
    month = held.now
    tickets = month.need("trouble_ticket")
    inside = (tickets["opened_at"] >= month.first) & (
        tickets["opened_at"] < month.last + pd.Timedelta(days=1)
    )
    opened = tickets[inside & (tickets["category"] == "complaint")]
    return Part(entries(opened[CUSTOMER], 10_000), entries(month.net[CUSTOMER]))


def arpu(held: Held) -> Part:
    fen = held.now.revenue(CUSTOMER)
    return Part(entries(fen.index, fen), mean_base(held), 100, 2)


def group_registration(held: Held) -> Part:
    month = held.now
    people = month.need("customer", "group_customer_id", "is_key_account_registered")
    members = people[
        people["group_customer_id"].notna()
        & people[CUSTOMER].isin(month.billed(CUSTOMER))
    ]
    groups = members["group_customer_id"].drop_duplicates()
    registered = people[people["is_key_account_registered"].fillna(False).astype(bool)]
    return share(groups, isin(groups, registered[CUSTOMER]))


CUSTOMER_RULES: dict[tuple[str, str], Rule] = {
    ("vip_card_holding_rate", "holding"): card_holding,
    ("arrears_rate", "t1_amount"): arrears_t1,
    ("arrears_rate", "current_amount"): arrears_current,
    ("arrears_rate", "rolling_12m"): arrears_rolling,
    ("dynamic_retention_rate", "rolling"): dynamic_retention,
    ("cohort_retention_rate", "billed"): cohort_billed,
    ("revenue_retention_rate", "net"): revenue_net,
    ("revenue_retention_rate", "gross"): revenue_gross,
    ("revenue_retention_rate", "in_tier"): revenue_in_tier,
    ("unclaimed_rate", "customers"): unclaimed_customers,
    ("unclaimed_rate", "revenue"): unclaimed_revenue,
    ("complaint_rate", "per_10k"): complaints,
    ("arpu", "mean_base"): arpu,
    ("group_registration_rate", "registered"): group_registration,
}
