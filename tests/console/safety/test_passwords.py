"""Passwords that may be chosen, and addresses that may be believed."""

from __future__ import annotations

from typing import Any

import pytest

from console.database import start_django
from tests.support.console.visitors import PASSWORD, Console

start_django()


def choose(client: Any, password: str) -> int:
    """Change the password of the tests; return the status."""
    new = {"new_password1": password, "new_password2": password}
    return int(client.post("/password/", {"old_password": PASSWORD, **new}).status_code)


@pytest.mark.parametrize(
    "password",
    [
        "fourteen!",  # nine letters
        "1234567890",
        "qwertyuiop",  # of the list of those that were found in breaches
        "basketball",
        "retention26",
        "Console!2026",
    ],
)
def test_a_password_that_is_easy_to_guess_is_not_taken(
    console: Console, password: str
) -> None:
    assert choose(console.visit("wang"), password) == 422


@pytest.mark.parametrize(
    "password",
    [
        "abcdefghkz",
        "只有汉字也可以当作口令",
        "x y" * 40,
        "  blanks count at the ends  ",
    ],
)
def test_any_letters_and_any_length_are_taken_as_they_are(
    console: Console, password: str
) -> None:
    assert choose(console.visit("wang"), password) == 302
    right = {"username": "wang", "password": password}
    assert console.visit().post("/log-in/", right).status_code == 302
    other = right | {"password": password.strip()[:-1]}
    assert console.visit().post("/log-in/", other).status_code == 422


def test_the_old_password_is_asked_for_and_fields_do_not_show_it(
    console: Console,
) -> None:
    wang = console.visit("wang")
    new = {"new_password1": "another plain sentence", "new_password2": "another plain sentence"}  # fmt: skip
    assert wang.post("/password/", {"old_password": "no", **new}).status_code == 422
    page = wang.get("/password/").content.decode()
    assert page.count('type="password"') == 3 and 'autocomplete="off"' not in page


def test_first_passwords_are_drawn_and_never_the_same(console: Console) -> None:
    from console.accounts.models import Account
    from console.accounts.register import reset_account

    account = Account.objects.get(name="wang")
    drawn = {reset_account(account, "test") for _ in range(5)}
    assert len(drawn) == 5 and {len(password) for password in drawn} == {14}
    assert account.password.startswith("argon2$argon2id$")


def test_an_address_is_believed_from_our_own_proxies_alone(
    console: Console, settings_of: Any
) -> None:
    wang = console.visit("wang")
    lie = {"HTTP_X_FORWARDED_FOR": "1.2.3.4, 10.0.0.9"}
    wang.get("/queue/", **lie)
    settings_of(CONSOLE_PROXIES=1)
    wang.get("/queue/", **lie)
    wang.get("/queue/", HTTP_X_FORWARDED_FOR="nonsense")
    wang.get("/queue/")
    settings_of(CONSOLE_PROXIES=3)
    wang.get("/queue/", **lie)
    seen = [entry.address for entry in console.entries(action="queue")]
    assert seen == ["127.0.0.1", "10.0.0.9", "127.0.0.1", "127.0.0.1", "127.0.0.1"]


def test_a_browser_forgets_at_the_log_out(console: Console) -> None:
    left = console.visit("wang").post("/log-out/")
    assert left["Clear-Site-Data"] == '"cache", "storage"'


def test_every_page_leads_out(console: Console) -> None:
    wang = console.visit("wang")
    order = console.order_of("ann")
    for path in ("/queue/", f"/orders/{order}/", "/mine/", "/books/", "/nothing/"):
        assert 'action="/log-out/"' in wang.get(path).content.decode(), path


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "CONNECT"])
def test_nothing_answers_to_methods_it_does_not_know(
    console: Console, method: str
) -> None:
    wang = console.visit("wang")
    for path in ("/queue/", "/books/", "/log-in/"):
        assert wang.generic(method, path).status_code == 405, path
