"""Write down what was used, changed, asked and given."""

import numpy as np
import pyarrow as pa

from twin import codes
from twin.books.accounts import event_ids
from twin.books.master import branch_ids, customer_ids, plan_ids, service_ids
from twin.codes import INDIVIDUAL, NONE
from twin.months import day_number
from twin.world.rows import Array
from twin.world.state import SECONDS, World
from twin.writer import boolean, date, identifier, money, stamp, text, whole

ACTIVITY_NAMES = ("高端客户俱乐部活动", "节日慰问", "存量客户关怀活动")


def usage_table(world: World) -> pa.Table:
    """Write the month's usage."""
    used = world.happened.usage
    return pa.table(
        {
            "service_id": service_ids(used.service),
            "voice_calls": whole(used.calls),
            "voice_minutes": whole(used.minutes),
            "sms_count": whole(used.messages),
            "data_mb": whole(used.megabytes),
            "off_net_minutes": whole(used.off_net),
            "active_days": whole(used.active_days),
            "last_used_on": date(used.last_used_on),
        }
    )


def plan_change_table(world: World) -> pa.Table:
    """Write the month's changes of plan."""
    changed = world.happened.plan_changes
    return pa.table(
        {
            "service_id": service_ids(changed.service),
            "changed_on": date(changed.day),
            "from_plan_id": plan_ids(changed.before),
            "to_plan_id": plan_ids(changed.after),
        }
    )


def status_change_table(world: World) -> pa.Table:
    """Write the month's changes of status."""
    changed = world.happened.status_changes
    return pa.table(
        {
            "service_id": service_ids(changed.service),
            "changed_at": stamp(changed.at),
            "from_status": text(codes.STATUSES, changed.before),
            "to_status": text(codes.STATUSES, changed.after),
            "reason": text(codes.CHANGE_REASONS, changed.reason),
        }
    )


def ticket_table(world: World) -> pa.Table:
    """Write the tickets opened in the month or still open."""
    tickets, cut_off = world.tickets, (world.span.last + 1) * SECONDS
    opened_now = tickets.opened_at >= world.span.first * SECONDS
    tickets = tickets.take(opened_now | (tickets.closed_at >= cut_off))
    return pa.table(
        {
            "ticket_id": identifier("T", tickets.number, 10),
            "customer_id": customer_ids(tickets.customer),
            "service_id": service_ids(tickets.service),
            "opened_at": stamp(tickets.opened_at),
            "closed_at": stamp(
                np.where(tickets.closed_at < cut_off, tickets.closed_at, NONE)
            ),
            "category": text(codes.TICKET_CATEGORIES, tickets.category),
            "touch_point": text(codes.TOUCH_POINTS, tickets.touch_point),
            "owning_channel": text(codes.CHANNELS, tickets.channel),
            "severity": text(codes.SEVERITIES, tickets.severity),
        }
    )


def card_table(world: World, shown: Array) -> pa.Table:
    """Write the VIP cards of the month's customers; a delivery that lies ahead is not known yet."""
    cards = world.cards
    rows = np.flatnonzero(shown[cards.customer])
    cards = cards.take(rows)
    delivered = np.where(
        cards.delivered_on <= world.span.last, cards.delivered_on, NONE
    )
    return pa.table(
        {
            "card_id": identifier("V", rows + 1, 9),
            "customer_id": customer_ids(cards.customer),
            "tier": text(codes.TIERS, cards.tier),
            "card_status": text(codes.CARD_STATUSES, cards.status),
            "issued_on": date(cards.issued_on),
            "delivered_on": date(delivered),
            "expires_on": date(cards.expires_on),
        }
    )


def loyalty_table(world: World, shown: Array) -> pa.Table:
    """Write the points of individuals."""
    rows = np.flatnonzero(shown & (world.customers.kind == INDIVIDUAL))
    people = world.customers.take(rows)
    year_end = np.full(len(rows), day_number(f"{world.span.year}-12-31"))
    return pa.table(
        {
            "customer_id": customer_ids(rows),
            "points_balance": whole(people.points),
            "points_expiring": whole(people.points_expiring),
            "points_expire_on": date(
                np.where(people.points_expiring > 0, year_end, NONE)
            ),
            "points_redeemed": whole(people.redeemed),
            "is_barred": boolean(people.barred),
        }
    )


def activity_ids(numbers: np.ndarray) -> pa.Array:
    """Write activity ids."""
    return identifier("E", numbers, 8)


def activity_table(world: World) -> pa.Table:
    """Write this month's activities and the next month's plans."""
    held = world.happened.activities
    kinds = text(ACTIVITY_NAMES, held.kind).to_pylist()
    days = date(held.held_on)
    return pa.table(
        {
            "activity_id": activity_ids(held.number),
            "kind": text(codes.ACTIVITY_KINDS, held.kind),
            "name": pa.array(
                [
                    f"{day:%Y%m}{name}"
                    for day, name in zip(days.to_pylist(), kinds, strict=True)
                ],
                pa.string(),
            ),
            "held_on": days,
            "branch_id": branch_ids(held.branch),
            "seats": whole(held.seats),
            "budget_amount": money(held.budget),
            "cost_amount": money(held.cost, held.cost < 0),
        }
    )


def guest_table(world: World) -> pa.Table:
    """Write the guests of this month's activities."""
    guests = world.happened.guests
    return pa.table(
        {
            "activity_id": activity_ids(guests.activity),
            "customer_id": customer_ids(guests.customer),
            "is_invited": boolean(np.ones(len(guests))),
            "has_attended": boolean(guests.has_attended),
        }
    )


def answer_table(world: World) -> pa.Table:
    """Write the month's survey answers."""
    answers = world.happened.answers
    return pa.table(
        {
            "answer_id": event_ids(world, "Q", len(answers)),
            "customer_id": customer_ids(answers.customer),
            "activity_id": activity_ids(answers.activity),
            "answered_on": date(answers.day),
            "score": whole(answers.score),
        }
    )
