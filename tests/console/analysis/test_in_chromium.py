"""Heads and analysts in real Chromium, in both languages, on a desk and a phone, with scripts and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.console.browser import chromium, playwright_here, serve_here
from tests.support.console.visitors import Console
from tests.support.console.walks import WAYS, Way, walking

__all__ = ["chromium", "playwright_here"]


@pytest.fixture
def url(chromium: Browser, crowded: Console) -> Iterator[str]:
    with serve_here() as address:
        yield address


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_head_reassigns_slides_a_place_and_approves(
    crowded: Console, url: str, chromium: Browser, way: Way
) -> None:
    from console.models import ListDecision, OrderChange, PlacesRequest

    with walking(chromium, url, "head1", way) as walk:
        page = walk.page
        walk.come_in(crowded)
        page.locator('.bar nav a[href="/branch/orders/"]').click()
        page.locator(".tick input").first.check()
        walk.type_why()
        page.select_option("[name=to]", "M2")
        page.locator("button[value=reassigned]").click()
        page.locator("section .wide, section table").first.wait_for()
        walk.tell("gives an order to another manager")

        page.locator('.bar nav a[href="/branch/places/"]').click()
        page.locator('a[href="/branch/places/M1/"]').click()
        walk.tell("opens the places of a manager")
        reached = page.locator("section table tbody tr").count()
        page.locator('.slide a[href="?places=2"]').click()
        page.wait_for_url("**/?places=2")
        assert reached == 1 and page.locator("section table").count() == 0
        if way.has_scripts:
            page.locator("[type=range]").press("ArrowLeft")
        else:
            page.locator('.slide a[href="?places=1"]').click()
        page.locator("#lost").wait_for()
        walk.tell("slides one place down")
        walk.visit.open("/branch/places/M1/?places=3")
        walk.type_why()
        page.locator("button.main").click()
        page.locator("#requests").wait_for()
        assert "2 → 3" in page.locator(".log").inner_text()
        walk.tell("asks for a place more")

        page.locator('.bar nav a[href="/branch/lists/"]').click()
        page.locator(".tick input").first.check()
        page.locator("button[value=approved]").click()
        page.locator(".log").wait_for()
        walk.tell("approves a list")

        walk.visit.open("/branch/days_sales_outstanding/dso/")
        walk.tell("opens a figure")
        page.locator('a[href$="/rows/"]').click()
        assert "安**" in page.locator("main").inner_text()
        walk.tell("goes down to its rows")
    assert OrderChange.objects.get().manager_id == "M2"
    assert PlacesRequest.objects.get().places_wanted == 3
    assert ListDecision.objects.get().kind == "approved"


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_an_analyst_goes_from_a_figure_to_its_rows_and_asks_why_not(
    crowded: Console, url: str, chromium: Browser, way: Way
) -> None:
    from pipelines.store.lake import MonthFolder
    from tests.support.small import MONTH, read

    version = MonthFolder(crowded.home, MONTH).version()
    [left] = read(version, "dispatch_why_not", list="arrears", reason="capacity")
    kpi = "/analysis/figures/days_sales_outstanding/dso/"
    with walking(chromium, url, "ana", way) as walk:
        page = walk.page
        walk.come_in(crowded)
        page.locator(f'a[href="{kpi}"]').click()
        walk.tell("opens a figure of the company")
        page.locator(f'a[href="{kpi}B1/"]').click()
        walk.tell("opens it for a branch")
        page.locator(f'a[href="{kpi}rows/manager/M1/"]').click()
        ids = page.locator("tbody th").all_inner_texts()
        assert {"ann", "bob", "cat"} <= set(ids) and "dan" not in ids
        assert "**" not in page.locator("main").inner_text()
        walk.tell("goes down to a manager's rows")

        page.locator('.bar nav a[href="/analysis/why/"]').click()
        page.fill("[name=customer]", left["customer_id"])
        page.locator("button.main").click()
        said = page.locator("section").first.inner_text()
        assert "sql/dispatch/arrears.sql" in said and "M1" in said
        walk.tell("asks why a customer has no order")

        for path in (
            "/analysis/definitions/",
            "/analysis/definitions/arrears_rate/",
            "/analysis/models/",
            "/analysis/effects/",
        ):
            walk.visit.open(path)
            walk.tell(f"opens {path}")


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_an_administrator_answers_a_request_for_places(
    crowded: Console, url: str, chromium: Browser, way: Way
) -> None:
    from console.models import PlacesAnswer, PlacesRequest

    PlacesRequest.objects.create(
        month="2026-08", branch_id="B1", manager_id="M1", places_now=2, places_wanted=3,
        worth_amount=40, why="3", actor="head1",
    )  # fmt: skip
    with walking(chromium, url, "root", way) as walk:
        page = walk.page
        walk.come_in(crowded)
        page.locator('.bar nav a[href="/places/"]').click()
        walk.tell("opens what heads ask for")
        page.locator("button[value=refused]").click()
        assert page.locator(".wrong").count() == 1
        walk.tell("refuses without a reason, and is asked for one")
        why = walk.type_why()
        page.locator("button[value=refused]").click()
        page.locator("section .badge.overdue").wait_for()
        walk.tell("refuses and says why")
    assert PlacesAnswer.objects.get().why == why
