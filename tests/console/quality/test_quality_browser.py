"""Quality in real Chromium: findings to the release, and a person's rights, on a desk and a phone, with scripts and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.console.quality.findings import SEPTEMBER, SHARE, TWICE
from tests.console.quality.test_quality import work
from tests.console.test_browser import fits
from tests.support.console.browser import (
    Visit,
    chromium,
    playwright_here,
    serve_here,
    visiting,
)
from tests.support.console.visitors import PASSWORD, Console
from tests.support.console.walks import WAYS, Way, walking

__all__ = ["chromium", "playwright_here"]

WIDTHS = (1280, 390)
MONTH_PAGE = f"/quality/{SEPTEMBER}/"


@pytest.fixture
def url(chromium: Browser, found: Console) -> Iterator[str]:
    with serve_here() as address:
        yield address


def come_in(visit: Visit, console: Console, name: str) -> None:
    visit.log_in(name, PASSWORD)
    visit.prove(console.code_of(name))


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_quality_waives_runs_again_and_releases(
    found: Console, url: str, chromium: Browser, way: Way
) -> None:
    with walking(chromium, url, "qi", way) as walk:
        page = walk.page
        walk.come_in(found)
        walk.visit.press(f'a[href="{MONTH_PAGE}"]')
        assert fits(walk.visit, way.has_scripts)
        walk.tell("opens the month")
        for finding in (TWICE, SHARE):
            walk.visit.press(f'a[href="{MONTH_PAGE}findings/{finding}/"]')
            assert fits(walk.visit, way.has_scripts)
            walk.type_why()
            walk.visit.press("main button.main")
            walk.tell(f"waives {finding}")
        expect(page.locator("#errands li")).to_have_count(1)
        assert [one.state for one in work(found)] == ["done"]
        walk.visit.open(MONTH_PAGE)
        walk.tell("has the month run again")
        expect(page.locator(".finding.waived")).to_have_count(2)
        page.check("[name=sure]")
        walk.visit.press("button.main")
        assert [one.state for one in work(found)] == ["done"]
        walk.visit.open("/quality/")
        walk.tell("releases it")
        expect(page.locator(".row.month").first).to_contain_text("qi")


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("width", WIDTHS)
def test_who_does_not_see_the_pages_can_use_them(
    chromium: Browser, found: Console, url: str, width: int, locale: str
) -> None:
    paths = (
        "/quality/",
        MONTH_PAGE,
        f"{MONTH_PAGE}findings/{TWICE}/",
        "/persons/",
        "/persons/ann/",
    )
    faults = []
    with visiting(chromium, url, width, locale=locale) as visit:
        come_in(visit, found, "qi")
        for path in paths:
            visit.open(path)
            assert fits(visit, has_scripts=True), path
            faults += [f"{path} {fault}" for fault in visit.list_faults_for_the_blind()]
        assert (faults, visit.complaints) == ([], [])


def test_the_page_looks_again_by_itself_while_something_is_asked_for(
    found: Console, url: str, chromium: Browser
) -> None:
    from console.errands.board import FAILED, finish
    from console.models import Errand

    with visiting(chromium, url, 1280) as visit:
        come_in(visit, found, "qi")
        visit.open(MONTH_PAGE)
        visit.press(f'form[action="{MONTH_PAGE}run/"] button')
        expect(visit.page.locator("#errands .call")).to_have_count(1)
        finish(
            Errand.objects.get(), FAILED, {"error": "source.none", "month": "2026-09"}
        )
        expect(visit.page.locator("#errands li.ticket")).to_be_visible()
        expect(visit.page.locator("#errands .call")).to_have_count(0)
        assert visit.complaints == []


def test_a_person_objects_and_takes_it_back_on_a_phone(
    found: Console, url: str, chromium: Browser
) -> None:
    with visiting(chromium, url, 390) as visit:
        page = visit.page
        come_in(visit, found, "qi")
        visit.open("/persons/")
        page.fill("[name=customer_id]", "ann")
        visit.press("main button.main")
        page.fill("#why-do_not_contact", "9 月 8 日来电")
        visit.press("button[value=object] >> nth=0")
        page.fill("#why-do_not_contact", "9 月 9 日来电同意")
        visit.press("button[value=consent]")
        expect(page.locator("button[value=object] >> nth=1")).to_be_visible()
        assert page.locator(".events time").count() >= 2
        assert visit.complaints == []
