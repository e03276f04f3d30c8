"""State the true KPIs of a month for the company: numerator and denominator, in hundredths."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from twin.codes import (
    ACTIVE,
    ARREARS,
    COMPLAINT,
    GROUP,
    INDIVIDUAL,
    MOBILE,
    NONE,
    PRIVATE_LINE,
    SUSPENDED_ARREARS,
)
from twin.months import first_day
from twin.truth.memory import Memory, high_value, open_amount, padded
from twin.world.care import fitting_cards
from twin.world.organisation import newest_manager
from twin.world.rows import Array, StatusChanges
from twin.world.state import SECONDS, World

ONE = 100  # counts are stated in hundredths, as money is in fen
WINDOW = 6  # months of stops that the reactivation rate looks at
Row = tuple[str, str, int, int | None]


@dataclass
class Cohort:
    """Hold the base month's high-value customers and their revenue then (fen)."""

    member: Array
    revenue: Array


@dataclass
class Past:
    """Hold the notes of the months written so far, and the cohorts frozen in them."""

    notes: dict[int, Memory]
    cohorts: dict[int, Cohort]
    revenue: dict[int, int] = field(
        default_factory=dict
    )  # by month, in fen; kept for all months, as targets are
    target: dict[int, int] = field(default_factory=dict)

    def base_of(self, world: World) -> int:
        """Give the base month: last December, or the first month held of this year."""
        december = world.span.number - world.span.calendar_month
        return (
            december
            if december in self.notes
            else min(n for n in self.notes if n > december)
        )


def state_kpis(world: World, past: Past) -> Iterator[Row]:
    """State every KPI whose months are all held."""
    now = past.notes[world.span.number]
    before = past.notes.get(world.span.number - 1)
    yield from _state_this_month(world, now)
    yield from _state_arrears(world, past)
    yield from _state_cohort(world, past)
    yield from _state_reactivation(world, past)
    yield from _state_year(world, past)
    if before:
        yield from _state_churn(world, now, before)
        yield from _state_pairs(world, now, before)
        yield from _state_down_migration(world, past)
        yield from _state_rolls(now, before)


def _count(mask: Array) -> int:
    return int(mask.sum()) * ONE


def _state_this_month(world: World, now: Memory) -> Iterator[Row]:
    services, customers, span = world.services, world.customers, world.span
    holds = fitting_cards(world, span.last)
    yield "vip_card_holding_rate", "holding", _count(now.vip & holds), _count(now.vip)
    settled = now.active_mobile & (services.activated_on < span.first)
    yield "zero_usage_rate", "calls", _count(settled & now.no_calls), _count(settled)
    yield "zero_usage_rate", "all", _count(settled & now.unused), _count(settled)
    billed, unclaimed = now.customer_revenue > 0, newest_manager(world) == NONE
    yield "unclaimed_rate", "customers", _count(billed & unclaimed), _count(billed)
    owed = now.customer_revenue[billed]
    yield (
        "unclaimed_rate",
        "revenue",
        int(now.customer_revenue[billed & unclaimed].sum()),
        int(owed.sum()),
    )
    tickets = world.tickets
    complaints = (tickets.category == COMPLAINT) & (
        tickets.opened_at >= span.first * SECONDS
    )
    yield "complaint_rate", "per_10k", _count(complaints) * 10_000, _count(now.net)
    scores = world.happened.answers.score
    yield "perception_rate", "top_two", _count(scores >= 4), len(scores) * ONE
    yield "days_sales_outstanding", "dso", now.open * span.days, now.revenue
    free = (
        (services.kind == PRIVATE_LINE)
        & (services.status == ACTIVE)
        & ~services.waiver
        & ~services.excluded
    )
    yield (
        "zero_tariff_circuits",
        "count",
        _count(free & (now.service_revenue == 0)),
        None,
    )
    has_member = np.zeros(len(customers), bool)
    has_member[customers.group[billed & (customers.group >= 0)]] = True
    groups = has_member & (customers.kind == GROUP)
    yield (
        "group_registration_rate",
        "registered",
        _count(groups & customers.registered),
        _count(groups),
    )


def _state_arrears(world: World, past: Past) -> Iterator[Row]:
    number, now = world.span.number, past.notes[world.span.number]
    yield "arrears_rate", "current_amount", open_amount(world, number), now.revenue
    past_due = np.zeros(len(world.services), bool)
    past_due[world.bills.service[world.bills.due_on <= world.span.last]] = True
    yield "arrears_rate", "services", _count(past_due & now.net), _count(now.net)
    held = [month for month in range(number - 12, number) if month in past.notes]
    if held:
        revenue = {month: past.notes[month].revenue for month in held}
        yield (
            "arrears_rate",
            "t1_amount",
            open_amount(world, number - 1),
            revenue[number - 1],
        )
        yield (
            "arrears_rate",
            "rolling_12m",
            sum(open_amount(world, month) for month in held),
            sum(revenue.values()),
        )


def _state_churn(world: World, now: Memory, before: Memory) -> Iterator[Row]:
    services = world.services
    base = padded(before.net, len(services))
    lost = base & ~now.net
    unknown = lost & (services.reason == NONE)
    involuntary = lost & (services.reason == ARREARS)
    yield "churn_rate", "start_base", _count(lost), _count(base)
    yield (
        "churn_rate",
        "voluntary",
        _count(lost & ~unknown & ~involuntary),
        _count(base),
    )
    yield "churn_rate", "involuntary", _count(involuntary), _count(base)
    yield "churn_rate", "unknown_reason", _count(unknown), _count(base)
    mean = (_count(base) + _count(now.net)) // 2
    yield "churn_rate", "mean_base", _count(lost), mean
    yield "arpu", "mean_base", now.revenue, mean


def _state_pairs(world: World, now: Memory, before: Memory) -> Iterator[Row]:
    """State the KPIs of two months running."""
    services, people, lines = world.services, len(world.customers), len(world.services)
    vip_before = padded(before.vip, people)
    kept = vip_before & now.vip & (now.customer_revenue > 0)
    yield "dynamic_retention_rate", "rolling", _count(kept), _count(vip_before)
    both = padded(before.active_mobile, lines) & now.active_mobile
    settled = both & (services.activated_on < world.span.first)
    yield (
        "zero_usage_rate",
        "all_2m",
        _count(settled & padded(before.unused, lines) & now.unused),
        _count(settled),
    )
    yield (
        "low_saturation_rate",
        "two_months",
        _count(both & padded(before.low, lines) & now.low),
        _count(both),
    )
    known = padded(before.contract_end, lines)
    due = (
        (known >= world.span.first)
        & (known <= world.span.last)
        & ~services.excluded
        & (np.arange(lines) < len(before.net))
    )
    due &= (services.terminated_on == NONE) | (
        services.terminated_on >= first_day(world.span.number - 1)
    )
    yield (
        "renewal_rate",
        "renewed",
        _count(due & (services.contract_end > known) & now.net),
        _count(due),
    )
    collected = before.open + now.revenue - now.open
    due_fen = before.open + now.revenue - open_amount(world, world.span.number)
    yield "collection_effectiveness", "cei", collected, due_fen


def _state_rolls(now: Memory, before: Memory) -> Iterator[Row]:
    """State how much of the items of each age a month ago is open in an older one now."""
    for place, name in enumerate(("0_30", "31_60", "61_90", "91_180", "181_365")):
        was_here = before.late.bucket == place
        rolled = np.isin(now.late.number, before.late.number[was_here])
        rolled &= now.late.bucket > place
        open_before = int(before.late.open[was_here].sum())
        yield "roll_rate", name, int(now.late.open[rolled].sum()), open_before


def _state_year(world: World, past: Past) -> Iterator[Row]:
    """State the year's revenue so far against its targets and against the year before, where all months are held."""
    number = world.span.number
    year = range(number - world.span.calendar_month + 1, number + 1)
    if all(month in past.revenue for month in year):
        revenue = sum(past.revenue[month] for month in year)
        yield (
            "revenue_completion",
            "ytd",
            revenue,
            sum(past.target[month] for month in year),
        )
        if all(month - 12 in past.revenue for month in year):
            yield (
                "revenue_growth",
                "ytd",
                revenue,
                sum(past.revenue[month - 12] for month in year),
            )


def _state_down_migration(world: World, past: Past) -> Iterator[Row]:
    number, services, size = world.span.number, world.services, len(world.services)
    first = past.notes.get(number - 2)
    if first is None:
        return
    now, before = past.notes[number], past.notes[number - 1]
    earlier = padded(first.service_revenue, size)
    individual = world.customers.kind[services.customer] == INDIVIDUAL
    base = now.net & individual & (services.kind == MOBILE) & (earlier > 0)
    base &= services.activated_on < first_day(number - 2)
    fallen = padded(before.plan_changed, size) & (now.service_revenue < earlier)
    yield "down_migration_rate", "revenue_drop", _count(base & fallen), _count(base)


def _state_cohort(world: World, past: Past) -> Iterator[Row]:
    """State what is left of the cohort; in the base month itself there is nothing to state."""
    number, now, size = (
        world.span.number,
        past.notes[world.span.number],
        len(world.customers),
    )
    base = past.base_of(world)
    if base == number:
        return
    member, then = (
        padded(past.cohorts[base].member, size),
        padded(past.cohorts[base].revenue, size),
    )
    owed = now.customer_revenue
    revenue, base_revenue = int(owed[member].sum()), int(then[member].sum())
    gross = np.clip(np.minimum(owed, then), 0, None)[member]
    still = member & high_value(world, past.notes)
    yield "cohort_retention_rate", "billed", _count(member & (owed > 0)), _count(member)
    yield "revenue_retention_rate", "net", revenue, base_revenue
    yield "revenue_retention_rate", "gross", int(gross.sum()), base_revenue
    yield "revenue_retention_rate", "in_tier", int(owed[still].sum()), revenue


def _state_reactivation(world: World, past: Past) -> Iterator[Row]:
    window = range(world.span.number - WINDOW + 1, world.span.number + 1)
    if not all(month in past.notes for month in window):
        return
    changes = StatusChanges.build(0)
    for month in window:
        changes.append(past.notes[month].changes)
    stopped_on, back_on = _pair_stops(changes)
    for days in (3, 5, 7, 30):
        over = stopped_on + days <= world.span.last
        back = (back_on != NONE) & (back_on - stopped_on <= days)
        yield "reactivation_rate", f"d{days}", _count(over & back), _count(over)


def _pair_stops(changes: StatusChanges) -> tuple[Array, Array]:
    """Give the day of each stop and of the return after it (NONE = not back)."""
    changes = changes.take(np.isin(changes.after, (SUSPENDED_ARREARS, ACTIVE)))
    changes = changes.take(np.lexsort((changes.at, changes.service)))
    day = changes.at // SECONDS
    follows = np.r_[
        (changes.service[1:] == changes.service[:-1]) & (changes.after[1:] == ACTIVE),
        False,
    ]
    back = np.where(follows, np.r_[day[1:], NONE], NONE)
    stop = changes.after == SUSPENDED_ARREARS
    return day[stop], back[stop]
