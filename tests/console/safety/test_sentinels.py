"""Marked names and numbers through a delivery, a month and a day in the console: where they must not be there is none."""

from __future__ import annotations

import io
import logging
import tarfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver

from pipelines.operations.backup import back_up
from pipelines.operations.metrics import draw_metrics
from tests.console.quality.findings import SHARE, TWICE
from tests.console.test_answering import open_form, read_hidden
from tests.console.test_scopes import ADDRESSES
from tests.e2e.canaries import find_leaks
from tests.support.console.visitors import DEBTORS, PASSWORD, PEOPLE, Console
from tests.support.office import exported, fill
from tests.support.small import own_settings

SENTINELS = [mark for _, _, *marks in DEBTORS.values() for mark in marks]
# What a page of theirs may say: the own customers of each manager.
OWN = {
    name: [
        mark
        for manager, _, *marks in DEBTORS.values()
        if manager == facts.get("manager_id")
        for mark in marks
    ]
    for name, facts in PEOPLE.items()
}
# What is chosen on pages, besides their addresses; and what nobody knows.
CHOSEN = (
    "/queue/?state=done", "/branch/orders/?state=done", "/branch/orders/?holder=M1", "/branch/lists/?month=2026-08",
    "/branch/places/M1/?places=1", "/branch/days_sales_outstanding/dso/rows/", "/branch/days_sales_outstanding/dso/rows/M1/",
    "/analysis/figures/days_sales_outstanding/dso/rows/branch/B1/", "/months/2026-09/lists/", "/quality/2026-09/",
    "/quality/2026-09/errands/", "/quality/2026-09/set-aside/", f"/quality/2026-09/findings/{TWICE}/",
    f"/quality/2026-09/findings/{SHARE}/", "/nothing/",
)  # fmt: skip
# What is asked for in words and changes nothing: by whom, where, and in which field a customer stands.
ASKED = {"ana": ("/analysis/why/", "customer"), "qi": ("/persons/", "customer_id"), "root": ("/persons/", "customer_id")}  # fmt: skip


def list_paths() -> Iterator[str]:
    """Every address that can be looked at, of every order, manager and person, from the list of addresses itself."""
    from console.models import Order

    orders = Order.objects.values_list("pk", flat=True)
    for pattern in get_resolver().url_patterns:
        address = ADDRESSES[pattern.name]  # one without a row fails
        if address.method != "get":
            continue
        if "{order}" in address.path:
            yield from (address.path.format(order=order) for order in orders)
            continue
        for customer, (manager, *_) in DEBTORS.items():
            path = address.path.format(manager=manager, link="bm90aGluZw:1x:abc")
            yield path.replace("/ann/", f"/{customer}/")
    yield from CHOSEN


def work_a_day(console: Console, folder: Path, fail: Any) -> None:
    """Do as a manager what a day brings, with names and numbers in every field that takes words."""
    wang = console.visit("wang")
    order = console.order_of("ann")
    words = "安哨兵 13900000001 rang back"
    wang.get("/queue/?state=overdue")
    wang.post(f"/orders/{order}/number/")
    form = open_form(wang, order) | {"outcome": "call_back", "note": words}
    assert wang.post(f"/orders/{order}/", form).status_code == 302
    wang.post("/orders/undo/")
    form = open_form(wang, order) | {"outcome": "call_back", "note": words}
    assert wang.post(f"/orders/{order}/", form).status_code == 302
    typed = open_form(wang, console.order_of("bob")) | {"outcome": "paid", "note": words}  # fmt: skip

    book = fill(exported(console.home, folder)["M1"], {"bob": {"outcome": "promised", "note": words}})  # fmt: skip
    handed = SimpleUploadedFile("安哨兵.xlsx", book.read_bytes())
    assert wang.post("/books/hand-in/", {"file": handed}).status_code == 200
    fail(wang)
    # The session is lost while something is typed, and the password is wrong once.
    del wang.cookies["__Host-session"]
    lost = wang.post(f"/orders/{console.order_of('bob')}/", typed).content.decode()
    carried = read_hidden(lost, "carried")
    wrong = {"username": "wang", "password": "wrong", "carried": carried}
    assert wang.post("/log-in/", wrong).status_code == 422
    wang.post("/log-in/", wrong | {"password": PASSWORD})


@pytest.fixture
def told(console: Console) -> Iterator[io.StringIO]:
    """All that the server writes while it is asked, as the console has it written."""
    from console.server import FailureFormatter

    stream = io.StringIO()
    teller = logging.StreamHandler(stream)
    teller.setFormatter(FailureFormatter())
    loggers = [logging.getLogger(name) for name in ("django", "axes", "console")]
    for logger in loggers:
        logger.addHandler(teller)
    yield stream
    for logger in loggers:
        logger.removeHandler(teller)


def write_tables(folder: Path) -> None:
    """Write the tables of the office in which no customer may be named."""
    from django.apps import apps

    for table in (
        "accounts.Account", "accounts.HistoricalAccount", "accounts.AccessEntry", "axes.AccessAttempt",
        "axes.AccessFailureLog", "console.AuditEntry", "console.OrderChange",
    ):  # fmt: skip
        rows = apps.get_model(table).objects.values()
        (folder / f"{table}.txt").write_text("\n".join(map(str, rows)), "utf-8")


def write_pages(console: Console, visitor: str, folder: Path) -> None:
    """Write every page and workbook that somebody is shown."""
    client = console.visit(visitor)
    folder.mkdir(parents=True)
    paths = set(list_paths())
    answers = {path: client.get(path, follow=True) for path in paths}
    asked = ASKED.get(visitor)
    if asked is not None:
        path, field = asked
        for customer in DEBTORS:
            answers[f"{path} {customer}"] = client.post(path, {field: customer}, follow=True)  # fmt: skip
    for place, answer in enumerate(answers.values()):
        content = (
            b"".join(answer.streaming_content) if answer.streaming else answer.content
        )
        answer.close()
        (folder / f"{place}.page").write_bytes(content)


def find_foreign_marks(console: Console, looked: Path) -> list[str]:
    """Show everybody every page; return who was shown a name or number of another's customer."""
    hits: list[str] = []
    for visitor in PEOPLE:
        write_pages(console, visitor, looked / visitor)
        foreign = [mark for mark in SENTINELS if mark not in OWN[visitor]]
        hits += [f"{visitor}: {hit}" for hit in find_leaks(looked / visitor, foreign)]
    return hits


def test_names_and_numbers_are_with_their_manager_and_nowhere_else(
    console: Console,
    told: io.StringIO,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(client: Any) -> None:
        def raise_words(*args: object, **more: object) -> None:
            raise ValueError("安哨兵 13900000001")

        with monkeypatch.context() as patch:
            patch.setattr("console.work.pages.read_cards", raise_words)
            client.raise_request_exception = False
            page = client.get("/queue/")
        assert page.status_code == 500
        looked = tmp_path / "looked" / "errors"
        looked.mkdir(parents=True)
        (looked / "500.page").write_bytes(page.content)

    work_a_day(console, tmp_path / "out", fail)
    looked = tmp_path / "looked"
    assert find_foreign_marks(console, looked) == []
    # What is looked for can be found: in the manager's own pages and workbook.
    assert {hit.split(": ")[1] for hit in find_leaks(looked / "wang", OWN["wang"])} >= {"安哨兵", "13900000001"}  # fmt: skip

    logs = looked / "logs"
    logs.mkdir()
    write_tables(logs)
    (logs / "server.log").write_text(told.getvalue(), "utf-8")
    assert "ValueError" in told.getvalue()
    (logs / "metrics").write_text(draw_metrics(console.home, date(2026, 9, 8)), "utf-8")
    made = back_up(console.home, tmp_path / "archives", own_settings(), datetime.now(UTC))  # fmt: skip
    with tarfile.open(made.path) as archive:
        (logs / "backup.txt").write_text("\n".join(archive.getnames()), "utf-8")
    names = [str(path.relative_to(console.home)) for path in console.home.rglob("*")]
    (logs / "home.txt").write_text("\n".join(names), "utf-8")
    assert find_leaks(logs, SENTINELS) == []
    assert find_leaks(looked / "errors", SENTINELS) == []


@pytest.mark.parametrize("home", ["found", "crowded"])
def test_findings_and_places_that_are_waited_for_name_nobody(
    request: pytest.FixtureRequest, home: str, tmp_path: Path
) -> None:
    console = request.getfixturevalue(home)
    assert find_foreign_marks(console, tmp_path / "looked") == []
