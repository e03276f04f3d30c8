"""The access log: every order, number and file that somebody opened, and every refusal."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.utils import timezone

from console.accounts.models import AccessEntry
from pipelines.core.names import show_name

_LONGEST = {"actor": 150, "subject": 255}
NUMBER_SHOWN = "number_shown"


def record_access(
    request: Any, action: str, subject: str = "", is_refused: bool = False
) -> None:
    """Add an entry on whoever asks; names and subjects on one visible line."""
    account = getattr(request, "user", None)
    actor = account.name if account is not None and account.is_authenticated else ""
    write_entry(actor, action, subject, find_address(request), is_refused)


def write_entry(
    actor: str, action: str, subject: str, address: str, is_refused: bool = False
) -> None:
    """Add an entry on somebody by name: also one whose name is no account's."""
    AccessEntry.objects.create(
        actor=show_name(actor)[: _LONGEST["actor"]],
        action=action,
        subject=show_name(subject)[: _LONGEST["subject"]],
        address=address[:45],
        is_refused=is_refused,
    )


def find_address(request: Any) -> str:
    """Return the address that a request came from.

    Behind proxies that is what the outermost of ours wrote: what a visitor says before it counts
    for nothing.
    """
    seen = str(request.META.get("REMOTE_ADDR") or "")
    proxies = settings.CONSOLE_PROXIES
    if not proxies:
        return seen
    passed_on = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(passed_on) < proxies:
        return seen
    said = passed_on[-proxies].strip()
    return said if _is_address(said) else seen


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def count_shown_numbers(actor: str) -> int:
    """Count the numbers that somebody was shown in the last hour."""
    hour_ago = timezone.now() - timedelta(hours=1)
    entries = AccessEntry.objects.filter(
        actor=actor, action=NUMBER_SHOWN, at__gt=hour_ago, is_refused=False
    )
    return int(entries.count())
