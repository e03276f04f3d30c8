"""The errands: what was asked for on a page, by whom, and what became of it.

A run of a month takes minutes and a release writes every workbook once, so neither lives in a
request: the page writes an errand down, and `retention errands` does it by the same code as the
commands. What a dead process had begun is begun again; running and releasing go on where they
stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.models import AuditEntry, Errand

RUN, RELEASE, RESTATE = "run", "release", "restate"
GATHER, ERASE = "gather", "erase"
PROMOTE = "promote"  # a model (`subject`)
WAITING, BEGUN, DONE, FAILED = "waiting", "begun", "done", "failed"
OPEN = (WAITING, BEGUN)
_MOST_TRIES = 3


@dataclass(frozen=True)
class Wanted:
    """What is asked for of a month, a version of it or a `subject` (person, model), and why."""

    kind: str
    month: str = ""
    version: int | None = None
    subject: str = ""
    why: str = ""


def ask_for(wanted: Wanted, actor: str) -> Errand:
    """Write an errand down, on the record; the one that is open where the same was asked for."""
    facts = {
        "kind": wanted.kind,
        "month": wanted.month,
        "version": wanted.version,
        "subject": wanted.subject,
    }
    with transaction.atomic():
        same: Errand | None = Errand.objects.filter(state__in=OPEN, **facts).first()
        if same is not None:
            return same
        said = {"why": wanted.why} if wanted.why else {}
        errand: Errand = Errand.objects.create(asked_by=actor, said=said, **facts)
        AuditEntry.objects.create(
            actor=actor,
            action=f"ask_{wanted.kind}",
            subject=wanted.month or wanted.subject,
            detail={"version": wanted.version, **said},
        )
    return errand


def is_anything_waiting() -> bool:
    """Whether there is something to do."""
    return bool(Errand.objects.filter(state=WAITING).exists())


def take_up_interrupted() -> None:
    """Let wait again what was begun by a process that is no more; what died too often has failed.

    Only who holds the lock of errands may ask for it: then nobody else is at one.
    """
    for errand in Errand.objects.filter(state=BEGUN):
        if errand.tries < _MOST_TRIES:
            errand.state = WAITING
            errand.save(update_fields=["state"])
        else:
            finish(errand, FAILED, {"error": "errand.died"})


def begin_next() -> Errand | None:
    """Begin the oldest errand that waits; None where nothing does."""
    with transaction.atomic():
        waiting = Errand.objects.select_for_update().filter(state=WAITING)
        errand: Errand | None = waiting.order_by("not_before", "pk").first()
        if errand is None or errand.not_before > timezone.now():
            return None
        errand.state = BEGUN
        errand.tries += 1
        errand.save(update_fields=["state", "tries"])
    return errand


def report_step(errand: Errand, step: str) -> None:
    """Say how far an errand is."""
    Errand.objects.filter(pk=errand.pk).update(step=step[:64])


def finish(errand: Errand, state: str, said: Mapping[str, Any]) -> None:
    """Say what became of an errand."""
    errand.state = state
    errand.said = dict(said)
    errand.step = ""
    errand.ended_at = timezone.now()
    errand.save(update_fields=["state", "said", "step", "ended_at"])


def put_off(errand: Errand, seconds: int) -> None:
    """Let an errand wait for some seconds: what it needs is in use."""
    errand.state = WAITING
    errand.tries -= 1
    errand.not_before = timezone.now() + timedelta(seconds=seconds)
    errand.save(update_fields=["state", "tries", "not_before"])
