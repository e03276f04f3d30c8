"""A person's deletion in the office: notes and hashes of numbers go, open orders are taken back.

Orders and answers stay under the customer's id, because months are proven by them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from console import clock
from console.models import (
    Answer,
    AuditEntry,
    ConsentEntry,
    ContactMark,
    HeldAnswer,
    Order,
    OrderChange,
)
from console.persons.consent import DO_NOT_CONTACT, Wish, find_objections, record_wish
from console.persons.notes import is_sealed
from console.returns import digest_answer
from pipelines.operations.persons.erasure import (
    ACTION,
    GONE,
    REMAINS,
    STAYS,
    Request,
    Trace,
)
from pipelines.store.persons.keys import PersonKeys

if TYPE_CHECKING:
    from collections.abc import Sequence

_OBJECTION = "deleted on request"


def find_in_office(customer_id: str) -> list[Trace]:
    """Return what the office has of a customer, and its fate."""
    orders = Order.objects.filter(customer_id=customer_id)
    wishes = list(ConsentEntry.objects.filter(customer_id=customer_id))
    said = [wish for wish in wishes if is_sealed(wish.why)]
    has_key = bool(PersonKeys(settings.CONSOLE_HOME).find([customer_id]))
    marks = ContactMark.objects.filter(customer_id=customer_id)
    digests = orders.exclude(phone_digest=None).count()
    digests += marks.exclude(phone_digest=None).count()
    # What the staff wrote of an order when it was given away, or taken back.
    reasons = OrderChange.objects.filter(order__customer_id=customer_id)
    noted = _find_noted(customer_id).count() + _find_held(customer_id).count()
    found = [
        Trace("notes", GONE, noted),
        Trace("digests", GONE, digests),
        Trace("words", GONE, len(said) if has_key else 0),
        Trace("orders", STAYS, orders.count()),
        Trace("reasons", STAYS, reasons.count()),
        Trace("words", REMAINS, len(wishes) - len(said)),
    ]
    return [trace for trace in found if trace.count]


def erase_from_office(request: Request, traces: Sequence[Trace]) -> None:
    """Take out of the office what a deletion takes out, and write down that it was done."""
    customer_id = request.customer_id
    with transaction.atomic():
        _overwrite_deleted()
        _find_held(customer_id).update(note="")
        for answer in _find_noted(customer_id):
            _erase_note(answer)
        Order.objects.filter(customer_id=customer_id).update(phone_digest=None)
        ContactMark.objects.filter(customer_id=customer_id).update(phone_digest=None)
        objections = find_objections({customer_id}).get(customer_id, set())
        if DO_NOT_CONTACT not in objections:
            wish = Wish(customer_id, DO_NOT_CONTACT, is_objection=True)
            record_wish(wish, _OBJECTION, request.actor, clock.find_today())
        AuditEntry.objects.create(
            actor=request.actor,
            action=ACTION,
            subject=customer_id,
            detail={
                "why": request.why.strip(),
                "traces": [
                    {name: asdict(trace)[name] for name in ("kind", "fate", "count")}
                    for trace in traces
                ],
            },
        )


def list_erased() -> list[str]:
    """Return the customers whom the record says to be deleted."""
    entries = AuditEntry.objects.filter(action=ACTION)
    return sorted(set(entries.values_list("subject", flat=True)))


def _find_noted(customer_id: str) -> QuerySet[Answer]:
    answers = Answer.objects.filter(order__customer_id=customer_id)
    return answers.exclude(note="")


def _find_held(customer_id: str) -> QuerySet[HeldAnswer]:
    return HeldAnswer.objects.filter(Q(order__customer_id=customer_id) & ~Q(note=""))


def _erase_note(answer: Answer) -> None:
    """Leave of an answer what it says without its note; the same answer again is the same."""
    digest = digest_answer(answer, "")
    same = Answer.objects.filter(order=answer.order, digest=digest).exclude(
        pk=answer.pk
    )
    answer.note = ""
    answer.digest = f"{digest[:40]}-{answer.pk}" if same.exists() else digest
    answer.save(update_fields=["note", "digest"])


def _overwrite_deleted() -> None:
    """Have SQLite write zeros over what goes; what PostgreSQL leaves behind its vacuum takes."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")
