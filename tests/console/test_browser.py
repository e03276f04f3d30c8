"""The console in real Chromium: a manager's work from the log-in to the workbook, on a desk and a phone, with scripts and without.

In every page: no word on the browser's console, no request to another host, nothing that the policy stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.console.browser import (
    Visit,
    chromium,
    playwright_here,
    serve_here,
    visiting,
)
from tests.support.console.visitors import (
    DEBTORS,
    PASSWORD,
    TODAY,
    Console,
    debtors_town,
    make_console_home,
    open_copy,
)
from tests.support.console.walks import WAYS, Walk, Way, walking
from tests.support.office import answers_of, fill

__all__ = ["chromium", "playwright_here"]

WIDTHS = (1280, 390)


TEN = [f"d{number:02d}" for number in range(10)]
# What each of ten says: one way through all the kinds of outcomes there are.
SAID = ("promised", "paid", "no_answer", "paid", "call_back", "refused", "paid", "promised", "no_answer", "paid")  # fmt: skip


@pytest.fixture(scope="session")
def ten_home() -> Path:
    """A home in which a manager has ten orders. Nobody may change it."""
    town = debtors_town()
    for customer in DEBTORS:
        for person in town.tables["ownership"]:
            if person["customer_id"] == customer:
                person["manager_id"] = "M2"
    for number, customer in enumerate(TEN):
        phone = f"1380000{number:04d}"
        town.person(customer, manager="M1", name=f"客户{number}", phone=phone)
        town.owe(customer)
    return make_console_home("ten", town)


@pytest.fixture
def busy(
    ten_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    with open_copy(ten_home, tmp_path, monkeypatch) as opened:
        yield opened


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_manager_works_ten_orders_and_hands_a_workbook_in(
    busy: Console,
    chromium: Browser,
    way: Way,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give_time(monkeypatch)
    language = way.locale[:2]
    with (
        serve_here() as address,
        walking(chromium, address, "wang", way) as walk,
    ):
        page, visit = walk.page, walk.visit
        walk.come_in(busy)
        expect(page.locator(".row .name a")).to_have_count(10)
        visit.press(page.locator(".row .name a").first)
        walk.tell("opens the first order")
        visit.press_for("button.call", 'a[href^="tel:1380000"]')
        walk.tell("is shown the number")
        for place, outcome in enumerate(SAID, start=1):
            answer_order(walk, outcome)
            walk.tell(f"order {place}: {outcome}")
        settle_now()
        kept = {row["customer_id"]: row["outcome"] for row in answers_of(busy.home)}  # fmt: skip
        assert sorted(kept) == TEN and sorted(kept.values()) == sorted(SAID)

        visit.open("/books/")
        with page.expect_download() as download:
            page.locator('a[href="/books/2026-08/"]').click()
        book = tmp_path / download.value.suggested_filename
        download.value.save_as(book)
        walk.tell("fetches the workbook")
        others = [customer for customer in TEN if kept[customer] == "paid"][:2]
        refused = {"outcome": "refused", "contacted_on": TODAY.replace(day=9)}
        fill(book, dict.fromkeys(others, refused), language)
        page.set_input_files("[name=file]", book)
        visit.press("main button.main")
        expect(page.locator(".counts b")).to_have_text(["2", "0", "0", "8"])
        walk.tell("hands it in: it says other things of two")
        visit.open("/queue/?state=done")
        walk.tell("looks at what is done")
    later = [row for row in answers_of(busy.home) if row["customer_id"] in others]  # fmt: skip
    assert sorted(row["outcome"] for row in later) == ["paid"] * 2 + ["refused"] * 2


def answer_order(walk: Walk, outcome: str) -> None:
    """Answer the order that is open and go on, by its key where there are keys."""
    page, has_keys = walk.page, walk.way.has_scripts and walk.way.width > 640
    button = page.locator(f"button[name=outcome][value={outcome}]")
    key = button.get_attribute("data-key") if has_keys else None
    with walk.visit.next_page():
        if key:
            page.keyboard.press(key)
        else:
            button.click()
    if outcome == "promised":
        page.fill("[name=promised_on]", "2026-09-15")
        walk.visit.press("button.main[value=promised]")
    expect(page.locator(".undo")).to_be_visible()


@pytest.fixture
def url(chromium: Browser, console: Console) -> Iterator[str]:
    with serve_here() as address:
        yield address


def give_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let answers be undone as long as the slowest machine may take to the next page."""
    from console.work import holding, pages

    for module in (holding, pages):
        monkeypatch.setattr(module, "UNDO_SECONDS", 600)


def settle_now() -> None:
    """Take what is held as if ten seconds were over."""
    from console.work.holding import settle_answers

    settle_answers(only_due=False)


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "plain"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_manager_works_the_queue_to_its_end(
    console: Console,
    url: str,
    chromium: Browser,
    width: int,
    has_scripts: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give_time(monkeypatch)
    with visiting(chromium, url, width, has_scripts) as visit:
        page = visit.page
        visit.log_in("wang", PASSWORD)
        expect(page.locator(".row .name a")).to_have_count(3)
        assert fits(visit, has_scripts)
        visit.press(page.locator(".row .name a").first)
        expect(page.locator(".call")).to_have_text("拨打 139****0001")
        assert fits(visit, has_scripts)
        visit.press_for("button.call", 'a[href="tel:13900000001"]')

        press(visit, "promised", has_key=has_scripts and width > 640)
        page.fill("[name=promised_on]", "2026-09-15")
        page.fill("[name=note]", "发工资后")
        visit.press("button.main[name=outcome]")
        expect(page.locator(".undo")).to_contain_text("已保存")

        press(visit, "paid")
        visit.press(".undo button")
        expect(page.locator(".steps")).to_be_visible()
        press(visit, "no_answer")
        press(visit, "paid")

        visit.open("/queue/?state=promised")
        expect(page.locator(".row .name a")).to_have_count(1)
        settle_now()
        assert sorted(kept["outcome"] for kept in answers_of(console.home)) == [
            "no_answer", "paid", "promised",
        ]  # fmt: skip

        # The workbook says other things of two of them, on a later day.
        visit.open("/books/")
        with page.expect_download() as download:
            page.locator('a[href="/books/2026-08/"]').click()
        book = tmp_path / download.value.suggested_filename
        download.value.save_as(book)
        refused = {"outcome": "refused", "contacted_on": TODAY.replace(day=9)}
        fill(book, {"ann": refused, "bob": refused})
        page.set_input_files("[name=file]", book)
        visit.press("main button.main")
        expect(page.locator(".counts b")).to_have_text(["2", "0", "0", "1"])
        visit.open("/queue/?state=done")
        expect(page.locator(".row .name a")).to_have_count(3)
        assert visit.complaints == []


def press(visit: Visit, outcome: str, has_key: bool = False) -> None:
    """Press an outcome, by its key where it shall be so."""
    button = visit.page.locator(f"button[name=outcome][value={outcome}]")
    if not has_key:
        visit.press(button)
        return
    key = button.get_attribute("data-key")
    assert key
    with visit.next_page():
        visit.page.keyboard.press(key)


def fits(visit: Visit, has_scripts: bool) -> bool:
    """Whether nothing sticks out of the page to the right, and what is tapped is large enough."""
    if not has_scripts:
        return True
    visit.settle()
    width = visit.page.evaluate("document.documentElement.scrollWidth")
    small = visit.page.evaluate(
        """() => [...document.querySelectorAll("main button, .chips a, .call")]
            .filter((part) => part.offsetParent && part.getBoundingClientRect().height < 44)
            .map((part) => part.outerHTML)"""
    )
    viewport = visit.page.viewport_size
    return viewport is not None and width <= viewport["width"] and small == []


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("width", WIDTHS)
def test_who_does_not_see_the_pages_can_use_them(
    chromium: Browser, console: Console, url: str, width: int, locale: str
) -> None:
    with visiting(chromium, url, width, locale=locale) as visit:
        visit.open("/log-in/")
        faults = visit.list_faults_for_the_blind()
        visit.log_in("wang", PASSWORD)
        order = f"/orders/{console.order_of('ann')}/"
        for path in (
            "/queue/",
            "/queue/?state=done",
            order,
            "/mine/",
            "/books/",
            "/password/",
            "/no/",
        ):
            visit.open(path)
            faults += [f"{path} {fault}" for fault in visit.list_faults_for_the_blind()]
        assert (faults, visit.complaints) == ([], [])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_head_and_an_administrator_see_their_pages_whole(
    chromium: Browser, console: Console, url: str, width: int
) -> None:
    pages = {
        "head1": ("/branch/", "/branch/orders/", "/branch/days_sales_outstanding/dso/"),
        "root": ("/accounts/",),
        "ana": ("/analysis/",),
        "qi": ("/",),
    }
    faults = []
    for name, paths in pages.items():
        with visiting(chromium, url, width) as visit:
            visit.log_in(name, PASSWORD)
            faults += visit.list_faults_for_the_blind()
            visit.prove(console.code_of(name))
            for path in paths:
                visit.open(path)
                assert fits(visit, has_scripts=True), path
                faults += visit.list_faults_for_the_blind()
            faults += visit.complaints
    assert faults == []


def test_a_double_tap_saves_once_and_a_chip_changes_the_queue_in_place(
    chromium: Browser, console: Console, url: str
) -> None:
    from console.models import HeldAnswer

    with visiting(chromium, url, 390) as visit:
        page = visit.page
        visit.log_in("wang", PASSWORD)
        visit.press_for(".chips a.done", ".empty")
        page.wait_for_url("**/queue/?state=done")
        page.go_back()
        visit.press(page.locator(".row .name a").first)
        with visit.next_page():
            page.locator("button[value=paid]").dblclick()
        expect(page.locator(".undo")).to_be_visible()
        assert HeldAnswer.objects.count() == 1
        expect(page.locator(".undo")).to_have_count(0)
        assert visit.complaints == []
