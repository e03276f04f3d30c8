"""The gate by itself: who passes it, what has to be done first, what it records, what a browser may keep."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.support.console.visitors import Console

ROLES = ("manager", "head", "analyst", "quality", "administrator")
ADDRESS = "/queue/?page=2"


def make_request(
    role: str | None, address: str = ADDRESS, is_verified: bool = True, **facts: object
) -> Any:
    """A request of somebody with that role, or of nobody, as it stands at the gate."""
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import RequestFactory
    from django.urls import resolve

    from console.accounts.models import Account

    request: Any = RequestFactory().get(address)
    request.user = AnonymousUser()
    if role is not None:
        account = {"name": "x", "role": role, "must_change_password": False} | facts
        request.user = Account(**account)
        request.user.is_verified = lambda: is_verified
    request.session = SessionStore()
    request.resolver_match = resolve(request.path)
    return request


def pass_gate(page: Any, request: Any) -> Any:
    """What the gate says of a request for a page; None where it lets it through."""
    from django.core.exceptions import PermissionDenied
    from django.http import HttpResponse

    from console.access.gate import GateMiddleware

    try:
        return GateMiddleware(lambda _: HttpResponse()).process_view(
            request, page, (), {}
        )
    except PermissionDenied:
        return "refused"


def make_page() -> Any:
    def page(request: object) -> None:
        """Show nothing."""

    return page


def test_a_page_is_open_to_the_roles_it_names_and_a_refusal_is_recorded(
    console: Console,
) -> None:
    from console.access.gate import open_to
    from console.access.roles import Role

    page = open_to(Role.HEAD, Role.ANALYST)(make_page())
    answers = {role: pass_gate(page, make_request(role)) for role in ROLES}
    assert answers == dict.fromkeys(ROLES, "refused") | {"head": None, "analyst": None}
    [entry, *others] = console.entries(actor="x")
    assert len(others) == 2
    assert (entry.action, entry.subject, entry.is_refused) == ("page", "/queue/", True)


def test_a_page_that_names_no_role_is_open_to_all_of_them_and_one_that_says_nothing_to_none(
    console: Console,
) -> None:
    from console.access.gate import open_to, open_to_all

    for role in ROLES:
        assert pass_gate(open_to()(make_page()), make_request(role)) is None
        assert pass_gate(make_page(), make_request(role)) == "refused"
        assert pass_gate(open_to_all(make_page()), make_request(role)) is None
    assert pass_gate(open_to_all(make_page()), make_request(None)) is None


def test_who_is_nobody_is_sent_to_the_log_in_and_back(console: Console) -> None:
    from console.access.gate import open_to

    answer = pass_gate(open_to()(make_page()), make_request(None))
    assert answer.url == "/log-in/?next=%2Fqueue%2F%3Fpage%3D2"


def test_a_form_of_nobody_is_answered_by_the_log_in_itself(console: Console) -> None:
    answer = console.visit().post(ADDRESS, {"note": "typed"})
    assert answer.status_code == 401
    assert 'name="username"' in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "facts", "for_whom", "first"),
    [
        ("head", {"is_verified": False}, "", "/second-factor/"),
        ("manager", {"is_verified": False}, "", None),
        ("manager", {"is_verified": False}, "all", "/second-factor/"),
        ("manager", {"must_change_password": True}, "", "/password/"),
        ("head", {"must_change_password": True}, "", "/password/"),
    ],
)
def test_what_has_to_be_done_first_is_asked_first(
    console: Console,
    settings_of: Callable[..., None],
    role: str,
    facts: dict[str, bool],
    for_whom: str,
    first: str | None,
) -> None:
    from console.access.gate import open_to

    settings_of(CONSOLE_SECOND_FACTOR=for_whom)
    page = open_to()(make_page())
    answer = pass_gate(page, make_request(role, **facts))  # type: ignore[arg-type]
    assert (answer and answer.url) == first
    if first is not None:
        on_the_way = make_request(role, first, **facts)
        assert pass_gate(page, on_the_way) is None


@pytest.mark.parametrize(("over", "is_ended"), [(-1, False), (0, False), (1, True)])
def test_a_session_lasts_its_seconds_and_none_that_says_no_beginning(
    console: Console,
    settings_of: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    over: int,
    is_ended: bool,
) -> None:
    from django.http import HttpResponse

    from console.access.gate import GateMiddleware, begin_session

    settings_of(CONSOLE_SESSION_SECONDS=3600)
    monkeypatch.setattr(time, "time", lambda: 1_790_000_000.0)
    gate = GateMiddleware(lambda _: HttpResponse())
    request = make_request("manager")
    begin_session(request)
    monkeypatch.setattr(time, "time", lambda: 1_790_003_600.0 + over)
    gate(request)
    assert request.user.is_authenticated is not is_ended
    forgotten = make_request("manager")
    gate(forgotten)
    assert not forgotten.user.is_authenticated


def test_no_page_is_kept_but_what_says_so_itself(console: Console) -> None:
    from console.access.gate import GateMiddleware

    answers = {}
    for said in ({}, {"Cache-Control": "max-age=60"}):
        gate = GateMiddleware(partial(_respond, said))
        answers[said.get("Cache-Control")] = gate(make_request(None))["Cache-Control"]
    assert answers == {None: "no-store", "max-age=60": "max-age=60"}


def _respond(headers: dict[str, str], request: object) -> Any:
    from django.http import HttpResponse

    return HttpResponse(headers=headers)
