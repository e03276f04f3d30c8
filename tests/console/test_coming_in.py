"""Coming in: names and passwords, the second factor, how long a session lasts, and who is kept out."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from tests.support.console.visitors import PASSWORD, Console


def test_a_manager_comes_in_by_name_and_password(console: Console) -> None:
    manager = console.visit("wang")
    assert manager.get("/").url == "/queue/"
    assert manager.get("/queue/").status_code == 200
    assert [entry.actor for entry in console.entries(action="log_in")] == ["wang"]


@pytest.mark.parametrize("name", ["wang", "nobody"])
def test_a_wrong_password_says_the_same_of_who_is_there_and_who_is_not(
    console: Console, name: str
) -> None:
    answer = console.visit().post("/log-in/", {"username": name, "password": "wrong"})
    assert answer.status_code == 422
    assert "用户名或密码错误" in answer.content.decode()
    assert console.entries(action="log_in", is_refused=True)[0].subject == name


def test_five_wrong_passwords_lock_the_name_at_this_address_alone(
    console: Console,
) -> None:
    visitor = console.visit()
    guess = {"username": "wang", "password": "wrong"}
    answers = [visitor.post("/log-in/", guess).status_code for _ in range(5)]
    assert answers[:4] == [422] * 4 and answers[4] == 429
    right = {"username": "wang", "password": PASSWORD}
    assert visitor.post("/log-in/", right).status_code == 429
    assert visitor.post("/log-in/", right, REMOTE_ADDR="10.0.0.9").status_code == 302


def test_a_disabled_account_does_not_come_in_and_its_session_ends_at_once(
    console: Console,
) -> None:
    manager = console.visit("wang")
    administrator = console.visit("root")
    answer = administrator.post("/accounts/wang/", {"act": "disable"})
    assert answer.url == "/accounts/"
    assert manager.get("/queue/").url == "/log-in/?next=%2Fqueue%2F"
    right = {"username": "wang", "password": PASSWORD}
    assert console.visit().post("/log-in/", right).status_code == 422
    administrator.post("/accounts/wang/", {"act": "enable"})
    assert console.visit("wang").get("/queue/").status_code == 200


def test_an_administrator_ends_all_sessions_and_gives_a_new_first_password(
    console: Console,
) -> None:
    manager, administrator = console.visit("wang"), console.visit("root")
    administrator.post("/accounts/wang/", {"act": "end"})
    assert manager.get("/queue/").status_code == 302
    page = administrator.post("/accounts/wang/", {"act": "reset"}).content.decode()
    password = page.split("<code>")[1].split("</code>")[0]
    again = console.visit()
    assert again.post("/log-in/", {"username": "wang", "password": password}).url == "/"
    assert again.get("/queue/").url == "/password/"


def test_who_has_a_first_password_chooses_another_before_anything_else(
    console: Console,
) -> None:
    from console.accounts.register import NewAccount, make_account

    first = make_account(NewAccount("sun", "manager", "M2"), "test")
    visitor = console.visit()
    visitor.post("/log-in/", {"username": "sun", "password": first})
    assert visitor.get("/queue/").url == "/password/"
    said = {"old_password": first, "new_password1": PASSWORD}
    weak = visitor.post(
        "/password/", said | {"new_password1": "12345", "new_password2": "12345"}
    )
    assert weak.status_code == 422
    assert visitor.post("/password/", said | {"new_password2": PASSWORD}).url == "/"
    assert visitor.get("/queue/").status_code == 200


# -- the second factor --------------------------------------------------------------------------------------------


def test_all_but_managers_prove_a_second_factor_first(console: Console) -> None:
    quality = console.visit("qi", is_verified=False)
    assert quality.get("/").url == "/second-factor/"
    page = quality.get("/second-factor/").content.decode()
    assert "<svg" in page
    assert quality.post("/second-factor/", {"code": "000000"}).status_code == 422


def test_a_secret_is_not_shown_again_and_a_code_counts_once(console: Console) -> None:
    first = console.visit("qi")
    assert first.get("/", follow=True).status_code == 200
    again = console.visit("qi", is_verified=False)
    assert "<svg" not in again.get("/second-factor/").content.decode()
    used = console.code_of("qi")
    assert again.post("/second-factor/", {"code": used}).status_code == 422


def test_managers_prove_one_where_the_setting_says_so(
    console: Console, settings_of: Any
) -> None:
    settings_of(CONSOLE_SECOND_FACTOR="all")
    assert console.visit("wang").get("/queue/").url == "/second-factor/"


# -- how long -----------------------------------------------------------------------------------------------------


def test_a_session_ends_when_it_rests_and_when_its_time_is_over(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    resting = console.visit("wang")
    half_hour = timezone.now() + timedelta(minutes=30, seconds=5)
    assert Session.objects.get().expire_date < half_hour
    Session.objects.update(expire_date=timezone.now())
    assert resting.get("/queue/").status_code == 302

    busy = console.visit("wang")
    later = time.time() + settings.CONSOLE_SESSION_SECONDS + 1
    monkeypatch.setattr("console.access.gate.time.time", lambda: later)
    assert busy.get("/queue/").status_code == 302


def test_a_new_session_is_made_at_the_log_in_and_ended_at_the_log_out(
    console: Console,
) -> None:
    manager = console.visit("wang")
    cookie = manager.cookies["__Host-session"]
    assert cookie["secure"] and cookie["httponly"] and cookie["path"] == "/"
    assert cookie["samesite"] == "Lax" and not cookie["domain"]
    manager.post("/log-out/")
    stolen = console.visit()
    stolen.cookies["__Host-session"] = cookie.value
    assert stolen.get("/queue/").status_code == 302


def test_a_changed_cookie_is_nobody(console: Console) -> None:
    manager = console.visit("wang")
    value = manager.cookies["__Host-session"].value
    manager.cookies["__Host-session"] = value[:-1] + ("a" if value[-1] != "a" else "b")
    assert manager.get("/queue/").status_code == 302


def test_a_form_without_its_token_is_refused(console: Console) -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    answer = client.post("/log-in/", {"username": "wang", "password": PASSWORD})
    assert answer.status_code == 403 and "表单" in answer.content.decode()


def test_nobody_is_sent_to_another_site_after_the_log_in(console: Console) -> None:
    right = {"username": "wang", "password": PASSWORD}
    for bad in ("https://example.org/", "//example.org/", "javascript:alert(1)"):
        assert console.visit().post("/log-in/", right | {"next": bad}).url == "/"
    assert (
        console.visit().post("/log-in/", right | {"next": "/books/"}).url == "/books/"
    )


def test_the_access_log_is_only_added_to(console: Console) -> None:
    console.visit("wang")
    entry = console.entries()[0]
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()


def test_the_history_of_an_account_holds_no_password(console: Console) -> None:
    from console.accounts.models import Account

    console.visit("root").post("/accounts/li/", {"act": "disable"})
    steps = list(Account.history.filter(name="li").order_by("history_date"))
    assert [step.is_active for step in steps] == [True, False]
    assert not hasattr(steps[0], "password")
