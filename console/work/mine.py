"""A manager's own figures: claims beside what the bills say, KPIs, appraisal and the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console import clock
from console.access.context import find_language
from console.access.gate import open_to
from console.access.roles import Role
from console.access.scope import scope
from console.figures.kpis import Scope, read_scope
from console.figures.months import find_newest_release
from console.models import Answer, HeldAnswer
from console.work.appraisal import read_appraisal
from console.work.published import list_released
from pipelines.catalogue.outputs import name_lists
from pipelines.core.outcomes import load_outcomes
from pipelines.store.lake import list_held_months
from pipelines.text.texts import load_labels

_MOST_MONTHS = 6
_VERDICTS = "feedback_outcome"


class Claim(NamedTuple):
    """A success that a manager claimed, and what the bills said of it; None while they do not."""

    order_id: str
    month: str
    list_title: str
    outcome: str
    contacted_on: date | None
    is_verified: bool | None
    is_still_mine: bool


@open_to(Role.MANAGER)
@require_safe
def show_own_figures(request: Any) -> Any:
    """Show a manager the own claims, KPIs, appraisal and day."""
    language = find_language()
    home: Path = settings.CONSOLE_HOME
    claims = list_claims(home, request.user, language)
    verdicts = Counter(claim.is_verified for claim in claims)
    version = find_newest_release(home)
    lines, appraisal = [], None
    if version is not None:
        own = Scope("manager", request.user.manager_id)
        lines = read_scope(version, own, language)
        appraisal = read_appraisal(version, request.user.manager_id, language)
    context = {
        "version": version,
        "lines": lines,
        "appraisal": appraisal,
        "claims": claims,
        "confirmed": verdicts[True],
        "denied": verdicts[False],
        "unsaid": verdicts[None],
        **count_day(request.user.name),
    }
    return render(request, "console/mine.html", context)


def list_claims(home: Path, account: Any, language: str) -> list[Claim]:
    """Return what a manager claimed in the last months, the latest order first.

    Each month judges the orders before it: of several judgements the last counts.
    """
    labels = load_labels(language)
    titles = name_lists(language)
    rows = {row["order_id"]: row for row in _read_verdicts(home, account.manager_id)}
    mine = scope(account).filter(pk__in=rows).values_list("pk", flat=True)
    still_mine = set(mine)
    claims = [
        Claim(
            order_id=order_id,
            month=row["order_month"],
            list_title=titles.get(row["list"], row["list"]),
            outcome=labels.get(f"outcome.{row['outcome']}", row["outcome"]),
            contacted_on=row["contacted_on"],
            is_verified=row["is_verified"],
            is_still_mine=order_id in still_mine,
        )
        for order_id, row in rows.items()
    ]
    return sorted(claims, key=lambda claim: claim.order_id, reverse=True)


def _read_verdicts(home: Path, manager_id: str) -> Iterator[dict[str, Any]]:
    """The judged claims of a manager, month by month."""
    wanted = {"manager_id": manager_id}
    for month in list_held_months(home)[-_MOST_MONTHS:]:
        for version in list_released(home, month):
            if version.is_computed(_VERDICTS) and version.occasion == str(month):
                for row in version.read_rows(_VERDICTS, where=wanted):
                    if row["is_claimed"]:
                        yield row


def count_day(actor: str) -> dict[str, int]:
    """Count what somebody answered today: all, with a contact, closed."""
    today = datetime.combine(clock.find_today(), time.min)
    begin = timezone.make_aware(today)
    taken = Answer.objects.filter(intake__actor=actor, intake__received_at__gte=begin)
    codes = list(taken.values_list("outcome", flat=True))
    held = HeldAnswer.objects.filter(actor=actor)
    codes += held.values_list("outcome", flat=True)
    outcomes = [load_outcomes()[code] for code in codes]
    return {
        "answered": len(outcomes),
        "reached": sum(outcome.is_contact for outcome in outcomes),
        "closed": sum(outcome.closes for outcome in outcomes),
    }
