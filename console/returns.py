"""Take the rows of a returned file into the office: all that can be taken or, if it dies half-way, none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction

from console.models import Answer, AuditEntry, ContactMark, Intake, Order
from pipelines.core.month import Month
from pipelines.core.outcomes import outcomes, standing_key
from pipelines.core.promises import GRACE_DAYS, LAST_CHECK
from pipelines.documents.workbooks.columns import WORK_LIST_COLUMNS
from pipelines.documents.workbooks.signature import stable_text
from pipelines.returns.filled import Refusal, Return, ReturnedRow, file_name
from pipelines.store.failpoints import failpoint

_CHUNK = 500
_KINDS = {column.name: column.kind for column in WORK_LIST_COLUMNS}
_KNOWN_CELLS = ("customer_id", "service_id", "amount", "due_on")


@dataclass(frozen=True)
class Receipt:
    """What became of a file's rows; `accepted + unchanged + refused` are all that were filled in."""

    file: str
    accepted: int
    unchanged: int
    refused: Sequence[ReturnedRow]
    unfilled: int


def take_back(returned: Return, actor: str) -> Receipt:
    """Store a file's answers in one transaction; what is there already changes nothing."""
    with transaction.atomic():
        orders = _orders(row.order_id for row in returned.rows)
        judged = [_judge(row, orders.get(row.order_id)) for row in returned.rows]
        taken, unchanged = _new(judged)
        receipt = Receipt(
            file_name(returned.path),
            len(taken),
            unchanged,
            [row for row in judged if row.refusal],
            returned.unfilled,
        )
        intake = _record(receipt, returned.sha256, actor)
        Answer.objects.bulk_create([_answer(row, intake) for row in taken], batch_size=_CHUNK)
        failpoint("office.answered")
        _mark(intake, orders)
        failpoint("office.marked")
    failpoint("office.taken")
    return receipt


def _orders(order_ids: Iterable[str]) -> dict[str, Order]:
    """The orders of those ids, held until the transaction ends so that two files take turns."""
    found: dict[str, Order] = {}
    for chunk in _chunks(sorted(set(order_ids))):
        rows = Order.objects.select_for_update().filter(order_id__in=chunk).order_by("order_id")
        found |= {order.order_id: order for order in rows}
    return found


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


# -- may it go in ------------------------------------------------------------------------------------------------


def _judge(row: ReturnedRow, order: Order | None) -> ReturnedRow:
    """Return the row, with the reason if it cannot be an answer to that order."""
    if row.refusal:
        return row
    return replace(row, refusal=_fault(row, order))


def _fault(row: ReturnedRow, order: Order | None) -> Refusal | None:
    if order is None:
        return Refusal("unknown_order", "order_id")
    if not row.is_signed:
        changed = next(
            (name for name in _KNOWN_CELLS if name in row.cells and not _agrees(row, order, name)),
            None,
        )
        if changed:
            return Refusal("changed_cell", changed)
    return _impossible_day(row, order)


def _agrees(row: ReturnedRow, order: Order, name: str) -> bool:
    kind = _KINDS.get(name, "text")
    return stable_text(kind, row.cells[name]) == stable_text(kind, getattr(order, name))


def _impossible_day(row: ReturnedRow, order: Order) -> Refusal | None:
    """No contact before the order went out or after its last check; no promise for a day before the contact.

    The clock is not asked: the same file is judged the same on any day.
    """
    last = Month.parse(order.release_id).plus(LAST_CHECK).last_day
    if row.contacted_on and not order.dispatched_on <= row.contacted_on <= last:
        return Refusal("impossible_day", "contacted_on")
    first = row.contacted_on or order.dispatched_on
    if row.promised_on and not first <= row.promised_on <= last - timedelta(days=GRACE_DAYS):
        return Refusal("impossible_day", "promised_on")
    return None


# -- what is new -------------------------------------------------------------------------------------------------


def _new(rows: Sequence[ReturnedRow]) -> tuple[list[ReturnedRow], int]:
    """Part the rows that say something new from the count of those that were said before."""
    good = [row for row in rows if not row.refusal]
    known = {
        pair
        for chunk in _chunks(sorted({row.order_id for row in good}))
        for pair in Answer.objects.filter(order_id__in=chunk).values_list("order_id", "digest")
    }
    new: dict[tuple[str, str], ReturnedRow] = {}
    for row in good:
        place = (row.order_id, _digest(row))
        if place not in known:
            new.setdefault(place, row)
    return list(new.values()), len(good) - len(new)


def _digest(row: ReturnedRow) -> str:
    said = [row.outcome, row.contacted_on, row.promised_amount, row.promised_on, row.note]
    text = json.dumps([None if value is None else str(value) for value in said], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _record(receipt: Receipt, sha256: str, actor: str) -> Intake:
    counts = {
        "accepted": receipt.accepted,
        "unchanged": receipt.unchanged,
        "refused": len(receipt.refused),
        "unfilled": receipt.unfilled,
    }
    AuditEntry.objects.create(
        actor=actor, action="take_back", subject=receipt.file, detail=counts | {"sha256": sha256}
    )
    intake: Intake = Intake.objects.create(file=receipt.file, sha256=sha256, actor=actor, **counts)
    return intake


def _answer(row: ReturnedRow, intake: Intake) -> Answer:
    return Answer(
        order_id=row.order_id,
        intake=intake,
        line=row.line,
        outcome=row.outcome,
        contacted_on=row.contacted_on,
        promised_amount=row.promised_amount,
        promised_on=row.promised_on,
        note=row.note,
        digest=_digest(row),
    )


# -- what it says of the customer --------------------------------------------------------------------------------


def standing(answers: Iterable[Answer]) -> Answer | None:
    """Of an order's answers the one that stands; None where there is none."""
    return max(
        answers, key=lambda answer: standing_key(answer.contacted_on, answer.pk), default=None
    )


def _mark(intake: Intake, orders: Mapping[str, Order]) -> None:
    """Mark the customers of a file's answers, and lift what a later answer of the same order takes back.

    Who asked not to be contacted stays so whatever is said later; a wrong number was wrong only while that answer stands.
    """
    new = list(Answer.objects.filter(intake=intake).order_by("pk"))
    marks = [
        _mark_of(answer, orders[answer.order_id])
        for answer in new
        if outcomes()[answer.outcome].marks
    ]
    ContactMark.objects.bulk_create(marks, batch_size=_CHUNK)
    for chunk in _chunks(sorted({answer.order_id for answer in new})):
        wrong = ContactMark.objects.filter(
            answer__order_id__in=chunk, kind="wrong_number", lifted_by=None
        )
        for mark in wrong.select_related("answer"):
            stands = standing(Answer.objects.filter(order_id=mark.answer.order_id))
            if stands and outcomes()[stands.outcome].marks != "wrong_number":
                mark.lifted_by = stands
                mark.save(update_fields=["lifted_by"])


def _mark_of(answer: Answer, order: Order) -> ContactMark:
    return ContactMark(
        customer_id=order.customer_id,
        kind=outcomes()[answer.outcome].marks,
        since_on=answer.contacted_on or order.dispatched_on,
        phone_digest=order.phone_digest,
        answer=answer,
    )
