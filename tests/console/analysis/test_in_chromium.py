"""Heads and analysts in real Chromium, in both languages, on a desk and a phone, with scripts and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

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
        page, visit = walk.page, walk.visit
        walk.come_in(crowded)
        visit.press('.bar nav a[href="/branch/orders/"]')
        page.locator(".tick input").first.check()
        walk.type_why()
        page.select_option("[name=to]", "M2")
        visit.press("button[value=reassigned]")
        expect(page.locator("section .log")).to_be_visible()
        walk.tell("gives an order to another manager")

        visit.press('.bar nav a[href="/branch/places/"]')
        visit.press('a[href="/branch/places/M1/"]')
        walk.tell("opens the places of a manager")
        expect(page.locator("section table tbody tr")).to_have_count(1)
        visit.press('.slide a[href="?places=2"]')
        expect(page.locator("section table")).to_have_count(0)
        if way.has_scripts:
            page.locator("[type=range]").press("ArrowLeft")
        else:
            visit.press('.slide a[href="?places=1"]')
        expect(page.locator("#lost")).to_be_visible()
        walk.tell("slides one place down")
        visit.open("/branch/places/M1/?places=3")
        walk.type_why()
        visit.press("button.main")
        expect(page.locator("#requests")).to_be_visible()
        expect(page.locator(".log")).to_contain_text("2 → 3")
        walk.tell("asks for a place more")

        visit.press('.bar nav a[href="/branch/lists/"]')
        page.locator(".tick input").first.check()
        visit.press("button[value=approved]")
        expect(page.locator(".log")).to_be_visible()
        walk.tell("approves a list")

        visit.open("/branch/days_sales_outstanding/dso/")
        walk.tell("opens a figure")
        visit.press('a[href$="/rows/"]')
        expect(page.locator("main")).to_contain_text("安**")
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
        page, visit = walk.page, walk.visit
        walk.come_in(crowded)
        visit.press(f'a[href="{kpi}"]')
        walk.tell("opens a figure of the company")
        visit.press(f'a[href="{kpi}B1/"]')
        walk.tell("opens it for a branch")
        visit.press(f'a[href="{kpi}rows/manager/M1/"]')
        ids = page.locator("tbody th").all_inner_texts()
        assert {"ann", "bob", "cat"} <= set(ids) and "dan" not in ids
        assert "**" not in page.locator("main").inner_text()
        walk.tell("goes down to a manager's rows")

        visit.press('.bar nav a[href="/analysis/why/"]')
        page.fill("[name=customer]", left["customer_id"])
        visit.press("button.main")
        said = page.locator("section").first.inner_text()
        assert "sql/dispatch/arrears.sql" in said and "M1" in said
        walk.tell("asks why a customer has no order")

        for path in (
            "/analysis/definitions/",
            "/analysis/definitions/arrears_rate/",
            "/analysis/models/",
            "/analysis/effects/",
        ):
            visit.open(path)
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
        page, visit = walk.page, walk.visit
        walk.come_in(crowded)
        visit.press('.bar nav a[href="/places/"]')
        walk.tell("opens what heads ask for")
        visit.press("button[value=refused]")
        expect(page.locator(".wrong")).to_have_count(1)
        walk.tell("refuses without a reason, and is asked for one")
        why = walk.type_why()
        visit.press("button[value=refused]")
        expect(page.locator("section .badge.overdue")).to_be_visible()
        walk.tell("refuses and says why")
    assert PlacesAnswer.objects.get().why == why
