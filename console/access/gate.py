"""The gate before every page: who may open it, and for how long.

A page says its roles (`open_to`, `open_to_all`). One that says nothing is open to nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from console.access.carried import show_log_in_instead
from console.access.record import record_access
from console.access.roles import EVERYBODY, Role

Page = TypeVar("Page", bound=Callable[..., Any])
Respond = Callable[[Any], Any]

_BEGAN = "began_at"  # of a session: seconds since the epoch
# What somebody may open who has still to prove a second factor, or to choose a password.
_ON_THE_WAY_IN = ("second_factor", "password", "log_out", "choose_language")


def open_to(*roles: Role) -> Callable[[Page], Page]:
    """Open a page to accounts of some roles; to all roles where none is named."""

    def declare(page: Page) -> Page:
        page.roles = frozenset(roles) or EVERYBODY  # type: ignore[attr-defined]
        return page

    return declare


def open_to_all(page: Page) -> Page:
    """Open a page to whoever comes, logged in or not."""
    page.roles = None  # type: ignore[attr-defined]
    return page


class GateMiddleware:
    """Lets in who may come in; everybody else is sent to the log-in or refused."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: Any) -> Any:
        """End a session that has lasted its time, and answer."""
        if request.user.is_authenticated and _has_lasted(request.session):
            logout(request)
        response = self.respond(request)
        _forbid_keeping(response)
        return response

    def process_view(
        self, request: Any, page: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse, or send to what has to be done first; None lets the request through."""
        name = request.resolver_match.view_name
        roles: frozenset[Role] | None = getattr(page, "roles", frozenset())
        if roles is None:
            return None
        if not request.user.is_authenticated:
            return _ask_to_log_in(request)
        if name not in _ON_THE_WAY_IN:
            step = find_step_before(request.user)
            if step is not None:
                return redirect(step)
        if request.user.known_role not in roles:
            record_access(request, "page", request.path, is_refused=True)
            raise PermissionDenied
        return None


def begin_session(request: Any) -> None:
    """Note when a session began: it ends so many hours later, however it is used."""
    request.session[_BEGAN] = int(time.time())


def needs_second_factor(account: Any) -> bool:
    """Whether an account comes in by a second factor: all but managers, and these by setting."""
    for_all = settings.CONSOLE_SECOND_FACTOR == "all"
    return for_all or account.known_role is not Role.MANAGER


def find_step_before(account: Any) -> str | None:
    """Return the page that somebody has to pass before any other; None where there is none."""
    if needs_second_factor(account) and not account.is_verified():
        return "second_factor"
    if account.must_change_password:
        return "password"
    return None


def _has_lasted(session: Any) -> bool:
    began_at: int = session.get(_BEGAN, 0)
    seconds: int = settings.CONSOLE_SESSION_SECONDS
    return time.time() - began_at > seconds


def _ask_to_log_in(request: Any) -> HttpResponse:
    """Send to the log-in; what was typed into a form goes along and comes back."""
    if request.method == "POST":
        return show_log_in_instead(request)
    query = urlencode({"next": request.get_full_path()})
    return redirect(f"{reverse('log_in')}?{query}")


def _forbid_keeping(response: Any) -> None:
    """No page is kept by a browser or on the way to it; what never changes says so itself."""
    if not response.has_header("Cache-Control"):
        response["Cache-Control"] = "no-store"
