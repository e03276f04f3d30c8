"""What was asked for, and what became of it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from console.errands.board import (
    BEGUN,
    DONE,
    ERASE,
    FAILED,
    GATHER,
    OPEN,
    PROMOTE,
    RELEASE,
    RESTATE,
    RUN,
    WAITING,
)
from console.models import Errand
from pipelines.text.texts import fill_label

KIND_WORDS = {
    RUN: _("Run again"),
    RELEASE: _("Release"),
    RESTATE: _("Restate"),
    GATHER: _("Gather a person's data"),
    ERASE: _("Delete a person"),
    PROMOTE: _("Make it champion"),
}
STATE_WORDS = {
    WAITING: _("waits"),
    BEGUN: _("is being done"),
    DONE: _("done"),
    FAILED: _("failed"),
}


_MOST_ERRANDS = 10


@dataclass(frozen=True)
class ErrandLine:
    """An errand as a page shows it."""

    kind: str
    words: object
    state: str
    state_words: object
    said: str
    asked_by: str
    asked_at: datetime
    is_open: bool


def list_errands(language: str, **wanted: str) -> dict[str, Any]:
    """Return for `console/errands.html` what was asked for, the last first.

    With it goes whether any of it is still to be done.
    """
    errands = Errand.objects.filter(**wanted).order_by("-pk")[:_MOST_ERRANDS]
    lines = [describe_errand(errand, language) for errand in errands]
    return {"errands": lines, "is_open": any(line.is_open for line in lines)}


def describe_errand(errand: Errand, language: str) -> ErrandLine:
    """Return an errand in words: how far it is, what came of it, or why nothing did."""
    return ErrandLine(
        kind=errand.kind,
        words=KIND_WORDS[errand.kind],
        state=errand.state,
        state_words=STATE_WORDS[errand.state],
        said=_say_result(errand, language),
        asked_by=errand.asked_by,
        asked_at=errand.asked_at,
        is_open=errand.state in OPEN,
    )


def _say_result(errand: Errand, language: str) -> str:
    said = dict(errand.said)
    text = errand.step
    if errand.state == FAILED:
        key = said.pop("error")
        text = fill_label(language, f"error.{key}", **said)
    elif said.get("remains"):
        kinds = ", ".join(said["remains"])
        text = fill_label(language, "error.erase.remains", kinds=kinds)
    elif "version" in said:
        text = gettext("version %(number)s") % {"number": said["version"]}
    return str(text)
