"""Heads and analysts in real Chromium, in both languages, on a desk and a phone, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.console.browser import (
    Visit,
    chromium,
    playwright_here,
    serve_here,
    visiting,
)
from tests.support.console.visitors import PASSWORD, Console

__all__ = ["chromium", "playwright_here"]

# Every two of language, width and scripts come together.
WAYS = (
    ("zh-CN", 1280, True),
    ("zh-CN", 390, False),
    ("en-GB", 1280, False),
    ("en-GB", 390, True),
)
# What the tests' town is called in Chinese in either language: managers, branches, masked customers.
CALLED = re.compile(r"经理M\d|B\d 支局|[安博采丹伊]\*\*|中文")


@pytest.fixture
def url(chromium: Browser, crowded: Console) -> Iterator[str]:
    with serve_here() as address:
        yield address


def come_in(visit: Visit, console: Console, name: str) -> None:
    """Log in with the second factor."""
    visit.log_in(name, PASSWORD)
    visit.page.fill("[name=code]", console.code_of(name))
    visit.page.click("main button.main")
    visit.page.locator(".bar nav").wait_for()


def find_faults(visit: Visit, locale: str, has_scripts: bool) -> list[str]:
    """What is wrong with the page that is open: words in another language, what sticks out, what axe finds."""
    text = CALLED.sub("", visit.page.locator("body").inner_text())
    faults = []
    if locale.startswith("en"):
        faults += re.findall(r"[\u4e00-\u9fff]+", text)
    if has_scripts:
        faults += visit.list_faults_for_the_blind()
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        viewport = visit.page.viewport_size
        if viewport is not None and width > viewport["width"]:
            faults.append(f"{width} wide")
    return [f"{visit.page.url} {fault}" for fault in faults]


@pytest.mark.parametrize(("locale", "width", "has_scripts"), WAYS)
def test_a_head_reassigns_slides_a_place_and_approves(
    crowded: Console,
    url: str,
    chromium: Browser,
    locale: str,
    width: int,
    has_scripts: bool,
) -> None:
    from console.models import ListDecision, OrderChange, PlacesRequest

    faults = []
    with visiting(chromium, url, width, has_scripts, locale) as visit:
        page = visit.page
        come_in(visit, crowded, "head1")
        faults += find_faults(visit, locale, has_scripts)

        visit.open("/branch/orders/")
        page.locator(".tick input").first.check()
        page.fill("[name=why]", "ill")
        page.select_option("[name=to]", "M2")
        page.locator("button[value=reassigned]").click()
        page.locator("section .wide, section table").first.wait_for()
        faults += find_faults(visit, locale, has_scripts)

        page.locator('.bar nav a[href="/branch/places/"]').click()
        page.locator('a[href="/branch/places/M1/"]').click()
        faults += find_faults(visit, locale, has_scripts)
        reached = page.locator("section table tbody tr").count()
        page.locator('.slide a[href="?places=2"]').click()
        assert reached == 1 and page.locator("section table").count() == 0
        if has_scripts:
            page.locator("[type=range]").press("ArrowLeft")
        else:
            page.locator('.slide a[href="?places=1"]').click()
        page.locator("#lost").wait_for()
        visit.open("/branch/places/M1/?places=3")
        page.fill("[name=why]", "one waits")
        page.locator("button.main").click()
        page.locator("#requests").wait_for()
        assert "2 → 3" in page.locator(".log").inner_text()

        page.locator('.bar nav a[href="/branch/lists/"]').click()
        page.locator(".tick input").first.check()
        page.locator("button[value=approved]").click()
        page.locator(".log").wait_for()
        faults += find_faults(visit, locale, has_scripts)

        visit.open("/branch/days_sales_outstanding/dso/")
        faults += find_faults(visit, locale, has_scripts)
        page.locator('a[href$="/rows/"]').click()
        assert "安**" in page.locator("main").inner_text()
        faults += find_faults(visit, locale, has_scripts)
        assert visit.complaints == []
    assert faults == []
    assert OrderChange.objects.get().manager_id == "M2"
    assert PlacesRequest.objects.get().places_wanted == 3
    assert ListDecision.objects.get().kind == "approved"


@pytest.mark.parametrize(("locale", "width", "has_scripts"), WAYS)
def test_an_analyst_goes_from_a_figure_to_its_rows_and_asks_why_not(
    crowded: Console,
    url: str,
    chromium: Browser,
    locale: str,
    width: int,
    has_scripts: bool,
) -> None:
    from pipelines.store.lake import MonthFolder
    from tests.support.small import MONTH, read

    faults = []
    version = MonthFolder(crowded.home, MONTH).version()
    [left] = read(version, "dispatch_why_not", list="arrears", reason="capacity")
    kpi = "/analysis/figures/days_sales_outstanding/dso/"
    with visiting(chromium, url, width, has_scripts, locale) as visit:
        page = visit.page
        come_in(visit, crowded, "ana")
        faults += find_faults(visit, locale, has_scripts)
        page.locator(f'a[href="{kpi}"]').click()
        faults += find_faults(visit, locale, has_scripts)
        page.locator(f'a[href="{kpi}B1/"]').click()
        faults += find_faults(visit, locale, has_scripts)
        page.locator(f'a[href="{kpi}rows/manager/M1/"]').click()
        ids = page.locator("tbody th").all_inner_texts()
        assert {"ann", "bob", "cat"} <= set(ids) and "dan" not in ids
        assert "**" not in page.locator("main").inner_text()
        faults += find_faults(visit, locale, has_scripts)

        page.locator('.bar nav a[href="/analysis/why/"]').click()
        page.fill("[name=customer]", left["customer_id"])
        page.locator("button.main").click()
        said = page.locator("section").first.inner_text()
        assert "sql/dispatch/arrears.sql" in said and "M1" in said
        faults += find_faults(visit, locale, has_scripts)

        for path in (
            "/analysis/definitions/",
            "/analysis/definitions/arrears_rate/",
            "/analysis/models/",
            "/analysis/effects/",
        ):
            visit.open(path)
            faults += find_faults(visit, locale, has_scripts)
        assert visit.complaints == []
    assert faults == []
