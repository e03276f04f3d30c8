"""What customers want of the office: said on the record, and honoured in what is open already.

Lists honour it with the next run (`pipelines/sources/office/consents.py`). Orders that are out are
taken back, by which they leave queues, workbooks and notices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from console.changes import change_orders
from console.models import AuditEntry, ConsentEntry, ContactMark, Order
from console.persons.notes import SAID, seal_words
from pipelines.catalogue.outputs import load_lists
from pipelines.core.errors import UsageError
from pipelines.core.outcomes import load_outcomes
from pipelines.sources.office.changes import WITHDRAWN

DO_NOT_CONTACT, OPTED_OUT = "do_not_contact", "opted_out"
KINDS = (DO_NOT_CONTACT, OPTED_OUT)
_CHUNK = 500
# What stands as the reason of an order that is taken back; the person's own words stay with them.
_WHY = {
    DO_NOT_CONTACT: "客户拒绝联系 / the customer objects to contact",
    OPTED_OUT: "客户拒绝自动化决策 / the customer objects to scores",
}


@dataclass(frozen=True)
class Wish:
    """What a customer says to one kind of use: objects to it, or takes the objection back."""

    customer_id: str
    kind: str
    is_objection: bool


def record_wish(wish: Wish, why: str, actor: str, today: date) -> ConsentEntry:
    """Put a wish on record with a reason; take back what is open and must not be.

    Raise UsageError without a reason, or for a kind of use that there is not.
    """
    if wish.kind not in KINDS:
        raise UsageError("consent.unknown_kind", kind=wish.kind)
    if not why.strip():
        raise UsageError("consent.no_reason")
    marks = ContactMark.objects.filter(customer_id=wish.customer_id)
    last_mark = marks.order_by("-pk").values_list("pk", flat=True).first()
    with transaction.atomic():
        entry: ConsentEntry = ConsentEntry.objects.create(
            customer_id=wish.customer_id,
            kind=wish.kind,
            is_objection=wish.is_objection,
            since_on=today,
            last_mark=last_mark or 0,
            why=seal_words(wish.customer_id, SAID, why.strip()),
            actor=actor,
        )
        AuditEntry.objects.create(
            actor=actor,
            action="object" if wish.is_objection else "consent",
            subject=wish.customer_id,
            detail={"kind": wish.kind},
        )
        take_back_objected({wish.customer_id}, actor)
    return entry


# -- what stands -----------------------------------------------------------------------------------


def find_objections(customer_ids: Collection[str]) -> Mapping[str, set[str]]:
    """Return by customer the kinds of use that they object to, by register or answer."""
    found: dict[str, set[str]] = defaultdict(set)
    for chunk in _split(customer_ids):
        standing: dict[tuple[str, str], ConsentEntry] = {}
        entries = ConsentEntry.objects.filter(customer_id__in=chunk).order_by("pk")
        for entry in entries:
            standing[entry.customer_id, entry.kind] = entry
        for entry in standing.values():
            if entry.is_objection:
                found[entry.customer_id].add(entry.kind)
        for mark in _list_marks(chunk):
            last = standing.get((mark.customer_id, DO_NOT_CONTACT))
            is_ended = (
                last is not None and not last.is_objection and mark.pk <= last.last_mark
            )
            if not is_ended:
                found[mark.customer_id].add(DO_NOT_CONTACT)
    return found


def _list_marks(customer_ids: Collection[str]) -> list[ContactMark]:
    """The marks of answers by which customers are not to be contacted."""
    marks = ContactMark.objects.filter(
        customer_id__in=customer_ids, kind=DO_NOT_CONTACT, lifted_by=None
    )
    return list(marks)


def list_objecting() -> set[str]:
    """Return every customer who ever objected: of these is asked what stands."""
    objecting = set(
        ConsentEntry.objects.filter(is_objection=True).values_list(
            "customer_id", flat=True
        )
    )
    marks = ContactMark.objects.filter(kind=DO_NOT_CONTACT, lifted_by=None)
    return objecting | set(marks.values_list("customer_id", flat=True))


# -- what is open ----------------------------------------------------------------------------------


def take_back_objected(customer_ids: Collection[str], actor: str) -> int:
    """Take back the open orders of customers that they object to; return how many."""
    objections = find_objections(customer_ids)
    scored = {spec.name for spec in load_lists() if spec.meta.get("scored")}
    going: dict[str, list[str]] = defaultdict(list)
    for order in _list_open(set(objections)):
        kinds = objections[order.customer_id]
        if DO_NOT_CONTACT in kinds:
            going[DO_NOT_CONTACT].append(order.pk)
        elif OPTED_OUT in kinds and order.list in scored:
            going[OPTED_OUT].append(order.pk)
    count = 0
    for kind, order_ids in going.items():
        count += change_orders(order_ids, WITHDRAWN, _WHY[kind], actor)
    return count


def _list_open(customer_ids: Collection[str]) -> Iterator[Order]:
    """The orders of customers that no answer has closed and nobody has taken back."""
    closing = [code for code, outcome in load_outcomes().items() if outcome.closes]
    for chunk in _split(customer_ids):
        orders = Order.objects.filter(customer_id__in=chunk)
        still = orders.exclude(answers__outcome__in=closing)
        for order in still.prefetch_related("changes"):
            changes = sorted(order.changes.all(), key=lambda change: change.pk)
            if not changes or changes[-1].kind != WITHDRAWN:
                yield order


def _split(ids: Collection[str]) -> Iterator[list[str]]:
    """Some hundreds at a time: a database takes no more in one question."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
