"""What waits for whom today: due, promised and not kept, a month to approve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from django.db.models import Q

from console.access.roles import Role
from console.access.scope import list_standing, name_holders
from console.accounts.models import Account
from console.models import Order
from console.work.states import QueuedOrder, State, read_queue
from pipelines.core.settings import Settings
from pipelines.delivery.notices import Day, Digest, deliver_notices
from pipelines.delivery.post import Report
from pipelines.delivery.senders import Pace
from pipelines.sources.office.changes import WITHDRAWN
from pipelines.store.lake import MonthFolder, list_held_months

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
    to_approve = _list_to_approve(home)
    for account in Account.objects.filter(is_active=True).exclude(email=""):
        digest = Digest(address=account.email)
        if account.known_role in (Role.MANAGER, Role.HEAD):
            queue = read_queue(list_standing(account), today)
            digest = _count(queue, today, digest)
        elif account.known_role is Role.QUALITY:
            digest = replace(digest, to_approve=to_approve)
        yield digest


def _sum_up(home: Path, today: date) -> Digest:
    """What waits for all together."""
    is_standing = Q(last_kind__isnull=True) | ~Q(last_kind=WITHDRAWN)
    orders = name_holders(Order.objects.all()).filter(is_standing)
    digest = Digest(to_approve=_list_to_approve(home))
    return _count(read_queue(orders, today), today, digest)


def _count(queue: Iterable[QueuedOrder], today: date, digest: Digest) -> Digest:
    due_today = overdue = broken = 0
    for queued in queue:
        if queued.state is State.TODAY:
            due_today += 1
        elif queued.state is State.OVERDUE:
            overdue += 1
            promised_on = queued.order.promised_on
            if promised_on is not None and promised_on < today:
                broken += 1
    return replace(digest, due_today=due_today, overdue=overdue, broken_promises=broken)


def _list_to_approve(home: Path) -> tuple[str, ...]:
    """The months that are made and wait for their release."""
    waiting = []
    for month in list_held_months(home):
        folder = MonthFolder(home, month)
        if folder.current() is not None and folder.read_seal() is None:
            waiting.append(str(month))
    return tuple(waiting)
