"""Take the rows of a returned file into the office: all that can be taken or, if it dies, none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction

from console.models import Answer, AuditEntry, ContactMark, Intake, Order
from console.persons.consent import DO_NOT_CONTACT, take_back_objected
from console.persons.notes import NOTE, seal_all
from pipelines.catalogue.outputs import list_outcomes
from pipelines.catalogue.spec import load_named_specs
from pipelines.core.month import Month
from pipelines.core.outcomes import (
    GRACE_DAYS,
    LAST_CHECK,
    load_outcomes,
    make_standing_key,
)
from pipelines.documents.workbooks.columns import WORK_LIST_COLUMNS
from pipelines.documents.workbooks.signature import make_stable_text
from pipelines.returns.filled import Refusal, Return, ReturnedRow, name_returned_file
from pipelines.sources.office.instalments import FIRST_DAY, LATER, spread_later
from pipelines.store.failpoints import failpoint

_CHUNK = 500
_KINDS = {column.name: column.kind for column in WORK_LIST_COLUMNS}
_KNOWN_CELLS = ("customer_id", "service_id", "amount", "due_on")


@dataclass(frozen=True)
class Receipt:
    """What became of a file's rows.

    `accepted + unchanged + refused` are all that were filled in.
    """

    file: str
    accepted: int
    unchanged: int
    refused: Sequence[ReturnedRow]
    unfilled: int


def take_answers_back(returned: Return, actor: str) -> Receipt:
    """Store a file's answers in one transaction; what is there already changes nothing."""
    with transaction.atomic():
        orders = _lock_orders({row.order_id for row in returned.rows})
        judged = [judge_row(row, orders.get(row.order_id)) for row in returned.rows]
        good = [row for row in judged if row.refusal is None]
        taken = _find_new(good, orders)
        receipt = Receipt(
            file=name_returned_file(returned.path),
            accepted=len(taken),
            unchanged=len(good) - len(taken),
            refused=[row for row in judged if row.refusal is not None],
            unfilled=returned.unfilled,
        )
        intake = _record_intake(receipt, returned.sha256, actor)
        answers = [_make_answer(row, note, intake) for row, note in taken]
        Answer.objects.bulk_create(answers, batch_size=_CHUNK)
        failpoint("office.answered")
        _mark_customers(intake, orders)
        failpoint("office.marked")
        _honour_objections(intake)
    failpoint("office.taken")
    return receipt


def _lock_orders(order_ids: set[str]) -> dict[str, Order]:
    """The orders of those ids, held until the transaction ends so that two files take turns."""
    orders: dict[str, Order] = {}
    for chunk in _split_ids(order_ids):
        found = Order.objects.select_for_update().filter(order_id__in=chunk)
        for order in found.order_by("order_id"):
            orders[order.order_id] = order
    return orders


def _split_ids(ids: set[str]) -> Iterator[Sequence[str]]:
    """The ids in order, some hundreds at a time: a database takes no more in one question."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


# -- may it go in ----------------------------------------------------------------------------------


def judge_row(row: ReturnedRow, order: Order | None) -> ReturnedRow:
    """Return the row, with the reason if it cannot be an answer to that order."""
    if row.refusal is not None:
        return row
    return replace(row, refusal=_find_fault(row, order))


def _find_fault(row: ReturnedRow, order: Order | None) -> Refusal | None:
    if order is None:
        return Refusal("unknown_order", "order_id")
    if not row.is_signed:
        for name in _KNOWN_CELLS:
            if name in row.cells and not _agrees_with(row, order, name):
                return Refusal("changed_cell", name)
    spec = load_named_specs("dispatch").get(order.list)
    # Of a list that is no more nobody knows what it took.
    if spec is not None and row.outcome not in list_outcomes(spec):
        return Refusal("foreign_outcome", "outcome", list=order.list)
    return _find_impossible_day(row, order)


def _agrees_with(row: ReturnedRow, order: Order, name: str) -> bool:
    """Whether a cell says what the order says."""
    kind = _KINDS.get(name, "text")
    returned = make_stable_text(kind, row.cells[name])
    kept = make_stable_text(kind, getattr(order, name))
    return returned == kept


def _find_impossible_day(row: ReturnedRow, order: Order) -> Refusal | None:
    """Refuse a contact before the order went out or after its last check, and an odd promise.

    A promise may not be for a day before the contact, nor for one that is never checked. The clock
    is not asked: the same file is judged the same on any day.
    """
    last = Month.parse(order.release_id).plus(LAST_CHECK).last_day
    if row.contacted_on and not order.dispatched_on <= row.contacted_on <= last:
        return Refusal("impossible_day", "contacted_on")
    first = row.contacted_on or order.dispatched_on
    last_promise = last - timedelta(days=GRACE_DAYS)
    if row.promised_on and not first <= row.promised_on <= last_promise:
        return Refusal("impossible_day", FIRST_DAY)
    for names, instalment in zip(LATER, row.later, strict=False):
        if not first <= instalment.promised_on <= last_promise:
            return Refusal("impossible_day", names.day)
    return None


# -- what is new -----------------------------------------------------------------------------------


class _AnswerKey(NamedTuple):
    """An answer given twice to an order is one answer."""

    order_id: str
    digest: str


class _Noted(NamedTuple):
    """A row, and its note as it is kept."""

    row: ReturnedRow
    note: str


def _find_new(rows: Sequence[ReturnedRow], orders: Mapping[str, Order]) -> list[_Noted]:
    """The rows that say something the office does not have yet, each once."""
    known = set(_list_known({row.order_id for row in rows}))
    texts = [(orders[row.order_id].customer_id, row.note) for row in rows]
    new: dict[_AnswerKey, _Noted] = {}
    for row, note in zip(rows, seal_all(texts, NOTE), strict=True):
        key = _AnswerKey(row.order_id, digest_answer(row, note))
        # An answer of before notes were sealed has the digest of its text.
        before = _AnswerKey(row.order_id, digest_answer(row, row.note))
        if key not in known and before not in known:
            new.setdefault(key, _Noted(row, note))
    return list(new.values())


def _list_known(order_ids: set[str]) -> Iterator[_AnswerKey]:
    for chunk in _split_ids(order_ids):
        answers = Answer.objects.filter(order_id__in=chunk)
        for order_id, digest in answers.values_list("order_id", "digest"):
            yield _AnswerKey(order_id, digest)


def digest_answer(row: ReturnedRow | Answer, note: str) -> str:
    """Return what two answers to an order have in common when they say the same."""
    values = [
        row.outcome,
        row.contacted_on,
        row.promised_amount,
        row.promised_on,
        note,
    ]
    for instalment in row.later:
        values += instalment
    texts = [None if value is None else str(value) for value in values]
    content = json.dumps(texts, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _record_intake(receipt: Receipt, sha256: str, actor: str) -> Intake:
    counts = {
        "accepted": receipt.accepted,
        "unchanged": receipt.unchanged,
        "refused": len(receipt.refused),
        "unfilled": receipt.unfilled,
    }
    detail = counts | {"sha256": sha256}
    AuditEntry.objects.create(
        actor=actor, action="take_back", subject=receipt.file, detail=detail
    )
    intake: Intake = Intake.objects.create(
        file=receipt.file, sha256=sha256, actor=actor, **counts
    )
    return intake


def _make_answer(row: ReturnedRow, note: str, intake: Intake) -> Answer:
    return Answer(
        order_id=row.order_id,
        intake=intake,
        line=row.line,
        outcome=row.outcome,
        contacted_on=row.contacted_on,
        promised_amount=row.promised_amount,
        promised_on=row.promised_on,
        **spread_later(row.later),
        note=note,
        digest=digest_answer(row, note),
    )


# -- what it says of the customer ------------------------------------------------------------------


def find_standing(answers: Iterable[Answer]) -> Answer | None:
    """Return of an order's answers the one that stands; None where there is none."""
    return max(
        answers,
        key=lambda answer: make_standing_key(answer.contacted_on, answer.pk),
        default=None,
    )


def _mark_customers(intake: Intake, orders: Mapping[str, Order]) -> None:
    """Mark the customers of a file's answers, and lift what a later answer takes back.

    Who asked not to be contacted stays so whatever is said later; a wrong number was wrong only
    while that answer stands.
    """
    new = list(Answer.objects.filter(intake=intake).order_by("pk"))
    marks = []
    for answer in new:
        if load_outcomes()[answer.outcome].marks:
            marks.append(_make_mark(answer, orders[answer.order_id]))
    ContactMark.objects.bulk_create(marks, batch_size=_CHUNK)
    for chunk in _split_ids({answer.order_id for answer in new}):
        _lift_wrong_numbers(chunk)


def _honour_objections(intake: Intake) -> None:
    """Take back the other open orders of who asked in a file's answers not to be contacted."""
    asked = ContactMark.objects.filter(
        answer__intake=intake, kind=DO_NOT_CONTACT
    ).values_list("customer_id", flat=True)
    take_back_objected(set(asked), intake.actor)


def _lift_wrong_numbers(order_ids: Sequence[str]) -> None:
    """Lift the marks of wrong numbers of those orders whose standing answer says nothing of one."""
    marks = ContactMark.objects.filter(
        answer__order_id__in=order_ids, kind="wrong_number", lifted_by=None
    )
    for mark in marks.select_related("answer"):
        stands = find_standing(Answer.objects.filter(order_id=mark.answer.order_id))
        if stands and load_outcomes()[stands.outcome].marks != "wrong_number":
            mark.lifted_by = stands
            mark.save(update_fields=["lifted_by"])


def _make_mark(answer: Answer, order: Order) -> ContactMark:
    return ContactMark(
        customer_id=order.customer_id,
        kind=load_outcomes()[answer.outcome].marks,
        since_on=answer.contacted_on or order.dispatched_on,
        phone_digest=order.phone_digest,
        answer=answer,
    )
