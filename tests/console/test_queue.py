"""The queue: every order in one state, what is overdue first, and what a page costs."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from console.database import start_django
from tests.support.console.visitors import TODAY, Console

start_django()

DUE = date(2026, 9, 14)


def say(console: Console, customer: str, outcome: str, **more: Any) -> None:
    """Have an answer in the office."""
    from console.models import Answer, Intake

    counts = {"accepted": 1, "unchanged": 0, "refused": 0, "unfilled": 0}
    intake = Intake.objects.create(file="x", sha256="x", actor="wang", **counts)
    facts = {"contacted_on": TODAY, "line": 1, "digest": f"{outcome}{more}"} | more
    Answer.objects.create(
        order_id=console.order_of(customer), intake=intake, outcome=outcome, **facts
    )


PLAN = {
    "promised_on": DUE + timedelta(days=4),
    "promised_on_2": DUE + timedelta(days=6),
    "promised_on_3": DUE + timedelta(days=9),
}


def states_on(today: date) -> dict[str, str]:
    from console.models import OrderState
    from console.work.states import rank_states, read_states

    queue = read_states(rank_states(OrderState.objects.all(), today))
    return {queued.order.customer_id: queued.state.value for queued in queue}


@pytest.mark.parametrize(
    ("outcome", "more", "today", "state"),
    [
        (None, {}, TODAY, "open"),
        (None, {}, DUE, "today"),
        (None, {}, DUE + timedelta(days=1), "overdue"),
        ("no_answer", {}, TODAY, "not_reached"),
        ("no_answer", {}, DUE, "today"),
        ("no_answer", {}, DUE + timedelta(days=1), "overdue"),
        ("call_back", {}, TODAY, "open"),
        ("promised", {"promised_on": DUE + timedelta(days=5)}, TODAY, "promised"),
        ("promised", {"promised_on": DUE + timedelta(days=5)}, DUE + timedelta(days=1), "promised"),
        ("promised", {"promised_on": TODAY}, TODAY, "today"),
        ("promised", {"promised_on": TODAY}, TODAY + timedelta(days=1), "overdue"),
        ("promised", PLAN, TODAY, "promised"),
        ("promised", PLAN, DUE + timedelta(days=5), "promised"),
        ("promised", PLAN, DUE + timedelta(days=9), "today"),
        ("promised", PLAN, DUE + timedelta(days=10), "overdue"),
        ("paid", {}, DUE + timedelta(days=30), "done"),
        ("do_not_contact", {}, TODAY, "done"),
    ],
)  # fmt: skip
def test_an_order_is_in_one_state(
    console: Console, outcome: str | None, more: dict[str, Any], today: date, state: str
) -> None:
    if outcome:
        say(console, "ann", outcome, **more)
    assert states_on(today)["ann"] == state


def test_of_several_answers_the_later_contact_stands(console: Console) -> None:
    say(console, "ann", "paid", contacted_on=TODAY)
    say(console, "ann", "no_answer", contacted_on=TODAY - timedelta(days=1))
    assert states_on(TODAY)["ann"] == "done"
    say(console, "ann", "no_answer", contacted_on=TODAY, note="same day, came in later")
    assert states_on(TODAY)["ann"] == "not_reached"


def test_what_nobody_may_answer_any_more_is_left_out(console: Console) -> None:
    assert states_on(date(2026, 11, 30)) != {}
    assert states_on(date(2026, 12, 1)) == {}


def test_chips_count_every_order_once_and_the_overdue_come_first(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console import clock
    from console.models import Order

    say(console, "bob", "promised", promised_on=TODAY - timedelta(days=1))
    say(console, "cat", "paid")
    page = console.visit("wang").get("/queue/").content.decode()
    counts = dict(
        re.findall(r'class="(\w+)" href="/queue/\?state=.*?<b>(\d+)</b>', page)
    )
    assert counts == {
        "overdue": "1", "today": "0", "open": "1", "promised": "0", "not_reached": "0", "done": "1",
    }  # fmt: skip
    assert page.index("博哨兵") < page.index("安哨兵") and "采哨兵" not in page
    done = console.visit("wang").get("/queue/?state=done").content.decode()
    assert "采哨兵" in done and "博哨兵" not in done
    assert re.search(r'class="overdue" href.*?<b>1</b>', done)
    assert Order.objects.count() == 5
    monkeypatch.setattr(clock, "find_today", lambda: DUE + timedelta(days=2))
    late = console.visit("wang").get("/queue/").content.decode()
    assert "逾期 2 天" in late


def test_orders_that_no_answer_is_taken_for_are_not_said_never_to_have_been(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console import clock

    monkeypatch.setattr(clock, "find_today", lambda: date(2027, 1, 4))
    page = console.visit("wang").get("/queue/").content.decode()
    assert "超过三个月" in page and "安哨兵" not in page
    assert "您还没有派单" not in page


def test_a_demonstration_says_which_day_it_is() -> None:
    """Of a month that is long over nothing could be worked on the real day."""
    from django.test import override_settings

    from console import clock

    with override_settings(CONSOLE_TODAY=DUE):
        assert clock.find_today() == DUE
    assert clock.find_today() != DUE


def test_a_list_can_be_chosen_and_what_nobody_knows_chooses_nothing(
    console: Console,
) -> None:
    wang = console.visit("wang")
    assert "安哨兵" in wang.get("/queue/?list=arrears").content.decode()
    assert "安哨兵" not in wang.get("/queue/?list=renewal").content.decode()
    assert "安哨兵" in wang.get("/queue/?state=nonsense&page=99").content.decode()


def test_an_order_shows_why_and_its_neighbours(console: Console) -> None:
    wang = console.visit("wang")
    first, second, third = (console.order_of(who) for who in _in_order(wang, console))
    page = wang.get(f"/orders/{second}/").content.decode()
    assert f'rel="prev" href="/orders/{first}/"' in page
    assert f'rel="next" href="/orders/{third}/"' in page
    assert "2 / 3" in page and "手机欠费 50.00 元" in page


def _in_order(client: Any, console: Console) -> list[str]:
    page = client.get("/queue/").content.decode()
    ids = re.findall(r'href="/orders/([^/"]+)/"', page)
    by_id = {console.order_of(who): who for who in ("ann", "bob", "cat")}
    return [by_id[order_id] for order_id in ids]


def test_the_past_of_a_customer_is_one_line_of_time(console: Console) -> None:
    from console.changes import change_orders

    order = console.order_of("ann")
    say(console, "ann", "no_answer", note="rang twice")
    change_orders([order], "reassigned", "ill", "head1", "M1")
    page = console.visit("wang").get(f"/orders/{order}/").content.decode()
    for said in ("rang twice", "无人接听", "改派给 M1", "ill"):
        assert said in page


def test_a_page_asks_the_database_as_often_for_one_order_as_for_many(
    console: Console,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for name in ("li", "wang"):  # one order, three orders
        client = console.visit(name)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get("/queue/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12


def test_a_home_that_no_longer_holds_the_month_still_shows_the_orders(
    console: Console,
) -> None:
    import os
    import shutil

    months = console.home / "months"
    for folder, _names, _files in os.walk(months):
        os.chmod(folder, 0o700)
    shutil.rmtree(months)
    wang = console.visit("wang")
    assert wang.get("/queue/").status_code == 200
    page = wang.get(f"/orders/{console.order_of('ann')}/")
    assert page.status_code == 200 and "不再保存" in page.content.decode()
