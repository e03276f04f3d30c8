"""What happened about a customer: orders, answers, what the bills said, complaints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from console import clock
from console.models import Order
from console.persons.notes import NOTE, open_words
from console.work.published import list_released
from pipelines.catalogue.outputs import name_lists
from pipelines.core.month import Month
from pipelines.store.lake import list_held_months
from pipelines.text.texts import load_labels

_MOST_MONTHS = 6  # of the published months that are looked at
_TICKETS = "snapshot_trouble_ticket"
_VERDICTS = "feedback_outcome"


@dataclass(frozen=True)
class Event:
    """Something that happened on a day: what kind, in words, and what was noted."""

    on: date
    kind: str
    what: str
    who: str = ""
    note: str = ""


def list_events(home: Path, order: Order, language: str) -> list[Event]:
    """Return what happened about an order's customer, the latest first.

    The notes of other managers are part of it: who calls next should know what was said.
    """
    orders = list(
        Order.objects.filter(customer_id=order.customer_id)
        .select_related("held")
        .prefetch_related("answers__intake", "changes")
    )
    events: list[Event] = []
    for one in orders:
        events.extend(_tell_order(one, language))
    for month in list_held_months(home)[-_MOST_MONTHS:]:
        events.extend(_tell_month(home, month, orders, order.customer_id, language))
    return sorted(events, key=lambda event: event.on, reverse=True)


def _tell_order(order: Order, language: str) -> Iterator[Event]:
    """When an order went out, what was answered, and who had it since."""
    title = _name_list(order.list, language)
    labels = load_labels(language)
    yield Event(order.dispatched_on, "order", title, order.manager_id or "")
    for answer in order.answers.all():
        on = answer.contacted_on or timezone.localdate(answer.intake.received_at)
        said = labels.get(f"outcome.{answer.outcome}", answer.outcome)
        note = open_words(order.customer_id, NOTE, answer.note)
        yield Event(on, "answer", said, answer.intake.actor, note)
        if answer.promised_on:
            yield _tell_promise(answer.promised_on, answer.promised_amount)
        for instalment in answer.later:
            yield _tell_promise(instalment.promised_on, instalment.amount)
    held = getattr(order, "held", None)
    if held is not None:
        said = labels[f"outcome.{held.outcome}"]
        on = held.contacted_on or clock.find_today()
        note = open_words(order.customer_id, NOTE, held.note)
        yield Event(on, "answer", said, held.actor, note)
    for change in order.changes.all():
        on = timezone.localdate(change.at)
        words = {
            "reassigned": _("Given to %(manager)s") % {"manager": change.manager_id},
            "withdrawn": _("Taken back"),
        }
        yield Event(on, "change", words[change.kind], change.actor, change.why)


def _tell_promise(on: date, amount: Decimal | None) -> Event:
    """What was promised for a day."""
    what = _("Promised: %(amount)s yuan") % {"amount": amount or "–"}
    return Event(on, "promise", what)


def _name_list(name: str, language: str) -> str:
    titles = name_lists(language)
    return titles.get(name, name)


def _tell_month(
    home: Path, month: Month, orders: list[Order], customer_id: str, language: str
) -> Iterator[Event]:
    """What a released month says: whether claims held, and what the customer complained of."""
    for version in list_released(home, month):
        if version.occasion != str(month):
            continue
        if version.is_computed(_VERDICTS):
            order_ids = tuple(order.pk for order in orders)
            columns = ["order_id", "list", "is_claimed", "is_verified"]
            wanted = {"order_id": order_ids}
            for row in version.read_rows(_VERDICTS, columns, wanted):
                yield from _tell_verdict(row, month, language)
        if version.is_computed(_TICKETS):
            columns = ["opened_at", "category"]
            tickets = version.read_rows(_TICKETS, columns, {"customer_id": customer_id})
            for row in tickets:
                yield _tell_ticket(row)


def _tell_verdict(row: dict[str, Any], month: Month, language: str) -> Iterator[Event]:
    """What the bills said of a claim; nothing while they do not say."""
    if not row["is_claimed"] or row["is_verified"] is None:
        return
    title = _name_list(row["list"], language)
    if row["is_verified"]:
        yield Event(month.last_day, "verdict", _("The bills confirm it"), note=title)
    else:
        yield Event(
            month.last_day, "verdict", _("The bills do not confirm it"), note=title
        )


def _tell_ticket(row: dict[str, Any]) -> Event:
    words = {
        "complaint": _("Complained"),
        "fault": _("Reported a fault"),
        "enquiry": _("Asked something"),
        "other": _("Turned to us"),
    }
    return Event(row["opened_at"].date(), "ticket", words[row["category"]])
