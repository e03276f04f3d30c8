"""What waits for whom today: due, promised and not kept, a month to approve, places asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from django.db.models import QuerySet
from django.utils import timezone

from console.access.roles import Role
from console.access.scope import list_standing, scope_states
from console.accounts.models import Account
from console.branch.decisions import RETURNED, count_decisions, count_unsaid
from console.branch.requests import count_open_requests
from console.models import OrderState, PlacesAnswer
from console.work.states import State, count_states, find_place, rank_states
from pipelines.core.settings import Settings
from pipelines.delivery.notices import Day, Digest, deliver_notices
from pipelines.delivery.post import Report
from pipelines.delivery.senders import Pace
from pipelines.store.lake import MonthFolder, Version, list_held_months

_USUAL_PACE = Pace()


def send_notices(
    home: Path,
    settings: Settings,
    today: date,
    pace: Pace = _USUAL_PACE,
    is_dry: bool = False,
) -> Report:
    """Tell everybody with an address what waits for them, once a day, and the groups in sum."""
    day = Day(today, list(_list_personal(home, today)), _sum_up(home, today))
    return deliver_notices(home, day, settings, pace, is_dry=is_dry)


def _list_personal(home: Path, today: date) -> Iterator[Digest]:
    """The digests of the accounts that may come in and have an address."""
    waiting = _list_to_approve(home)
    for account in Account.objects.filter(is_active=True).exclude(email=""):
        digest = Digest(address=account.email)
        role = account.known_role
        if role in (Role.MANAGER, Role.HEAD):
            digest = _count_orders(scope_states(account), today, digest)
        if role is Role.HEAD:
            digest = _count_for_head(account.branch_id, waiting, digest)
        elif role is Role.QUALITY:
            digest = _count_for_quality(waiting, digest)
        elif role is Role.ADMINISTRATOR:
            digest = replace(digest, places_asked=count_open_requests())
        yield digest


def _sum_up(home: Path, today: date) -> Digest:
    """What waits for all together."""
    digest = _count_for_quality(_list_to_approve(home), Digest())
    return _count_orders(OrderState.objects.all(), today, digest)


def _count_orders(states: QuerySet[OrderState], today: date, digest: Digest) -> Digest:
    ranked = rank_states(list_standing(states), today)
    counts = count_states(ranked)
    overdue = ranked.filter(place=find_place(State.OVERDUE))
    return replace(
        digest,
        due_today=counts[State.TODAY],
        overdue=counts[State.OVERDUE],
        broken_promises=overdue.filter(promised_on__lt=today).count(),
    )


def _count_for_head(branch_id: str, waiting: list[Version], digest: Digest) -> Digest:
    """What a head has not said yet, and what was said to the head since yesterday."""
    answers = PlacesAnswer.objects.filter(request__branch_id=branch_id)
    yesterday = timezone.now() - timedelta(days=1)
    return replace(
        digest,
        lists_unsaid=sum(count_unsaid(version, branch_id) for version in waiting),
        places_answered=answers.filter(at__gt=yesterday).count(),
    )


def _count_for_quality(waiting: list[Version], digest: Digest) -> Digest:
    """The months that wait, what heads returned of them, and who asks for places."""
    months = tuple(str(version.month) for version in waiting)
    returned = sum(count_decisions(month)[RETURNED] for month in months)
    return replace(
        digest,
        to_approve=months,
        lists_returned=returned,
        places_asked=count_open_requests(),
    )


def _list_to_approve(home: Path) -> list[Version]:
    """The versions of months that are made and wait for their release."""
    waiting = []
    for month in list_held_months(home):
        folder = MonthFolder(home, month)
        version = folder.current()
        if version is not None and folder.read_seal() is None:
            waiting.append(version)
    return waiting
