"""An answer that was just given is held for ten seconds, in which it can be undone.

Then it is taken as if it had come back in a workbook: judged and kept by the same code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.models import AuditEntry, HeldAnswer, Order
from console.persons.notes import NOTE, open_words, seal_words
from console.returns import take_answers_back
from pipelines.returns.filled import Return, ReturnedRow
from pipelines.sources.office.instalments import spread_later

UNDO_SECONDS = 10
SOURCE = "console"  # what stands for the file's name where there was none
Respond = Callable[[Any], Any]


def hold_answer(order: Order, row: ReturnedRow, actor: str) -> HeldAnswer:
    """Hold an answer that was judged to be sound; one held before it is taken at once."""
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        for before in HeldAnswer.objects.filter(order=order):
            _take_held(before)
        held: HeldAnswer = HeldAnswer.objects.create(
            order=order,
            actor=actor,
            outcome=row.outcome,
            contacted_on=row.contacted_on,
            promised_amount=row.promised_amount,
            promised_on=row.promised_on,
            **spread_later(row.later),
            note=seal_words(order.customer_id, NOTE, row.note),
            due_at=timezone.now() + timedelta(seconds=UNDO_SECONDS),
        )
    return held


def undo_answer(held_id: int, actor: str) -> HeldAnswer | None:
    """Take a held answer back while there is time; None where it is too late or another's."""
    with transaction.atomic():
        mine = HeldAnswer.objects.select_for_update().filter(pk=held_id, actor=actor)
        held: HeldAnswer | None = mine.filter(due_at__gt=timezone.now()).first()
        if held is None:
            return None
        AuditEntry.objects.create(
            actor=actor,
            action="undo_answer",
            subject=held.order_id,
            detail={"outcome": held.outcome},
        )
        held.delete()
    return held


def settle_answers(only_due: bool = True) -> int:
    """Take the held answers whose time is over, or all; return how many."""
    wanted = HeldAnswer.objects.all()
    if only_due:
        wanted = wanted.filter(due_at__lte=timezone.now())
    if not wanted.exists():
        return 0
    with transaction.atomic():
        taken = list(wanted.select_for_update().order_by("pk"))
        for held in taken:
            _take_held(held)
    return len(taken)


def _take_held(held: HeldAnswer) -> None:
    """Make an answer of what was held, by the way that every answer goes."""
    row = ReturnedRow(
        line=held.pk,
        cells={},
        order_id=held.order_id,
        outcome=held.outcome,
        contacted_on=held.contacted_on,
        promised_amount=held.promised_amount,
        promised_on=held.promised_on,
        later=held.later,
        note=open_words(held.order.customer_id, NOTE, held.note),
    )
    content = hashlib.sha256(repr(row).encode()).hexdigest()
    take_answers_back(Return(Path(SOURCE), content, "", [row], 0), held.actor)
    held.delete()


class SettleMiddleware:
    """Whoever asks for anything first takes what was held long enough."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: Any) -> Any:
        """Settle, then answer."""
        settle_answers()
        return self.respond(request)
