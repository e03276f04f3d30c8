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

from pipelines.operations.backup import back_up
from pipelines.operations.metrics import draw_metrics
from tests.console.test_answering import open_form, read_hidden
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
PAGES = (
    "/", "/queue/", "/queue/?state=done", "/mine/", "/books/", "/books/2026-08/", "/branch/", "/branch/orders/",
    "/branch/orders/?state=done", "/branch/churn_rate/start_base/", "/accounts/", "/nothing/",
)  # fmt: skip


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
    for place, path in enumerate(PAGES):
        answer = client.get(path, follow=True)
        content = (
            b"".join(answer.streaming_content) if answer.streaming else answer.content
        )
        answer.close()
        (folder / f"{place}.page").write_bytes(content)


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
    hits: list[str] = []
    for visitor in PEOPLE:
        folder = looked / visitor
        folder.mkdir()
        write_pages(console, visitor, folder)
        foreign = [mark for mark in SENTINELS if mark not in OWN[visitor]]
        hits += [f"{visitor}: {hit}" for hit in find_leaks(folder, foreign)]
    assert hits == []
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
