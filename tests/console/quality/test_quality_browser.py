"""Quality in real Chromium: findings to the release, and a person's rights, on a desk and a phone, with scripts and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

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
    visit.page.fill("[name=code]", console.code_of(name))
    visit.page.click("main button.main")
    visit.page.wait_for_url(lambda address: "second" not in address)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_quality_waives_runs_again_and_releases(
    found: Console, url: str, chromium: Browser, way: Way
) -> None:
    with walking(chromium, url, "qi", way) as walk:
        page = walk.page
        walk.come_in(found)
        page.click(f'a[href="{MONTH_PAGE}"]')
        assert fits(walk.visit, way.has_scripts)
        walk.tell("opens the month")
        for finding in (TWICE, SHARE):
            page.click(f'a[href="{MONTH_PAGE}findings/{finding}/"]')
            assert fits(walk.visit, way.has_scripts)
            walk.type_why()
            page.click("main button.main")
            walk.tell(f"waives {finding}")
        assert page.locator("#errands li").count() == 1
        assert [one.state for one in work(found)] == ["done"]
        walk.visit.open(MONTH_PAGE)
        walk.tell("has the month run again")
        assert page.locator(".finding.waived").count() == 2
        page.check("[name=sure]")
        page.click("button.main")
        assert [one.state for one in work(found)] == ["done"]
        walk.visit.open("/quality/")
        walk.tell("releases it")
        assert "qi" in page.locator(".row.month").first.inner_text()


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
        visit.page.click(f'form[action="{MONTH_PAGE}run/"] button')
        assert visit.page.locator("#errands .call").count() == 1
        finish(
            Errand.objects.get(), FAILED, {"error": "source.none", "month": "2026-09"}
        )
        visit.page.locator("#errands li.ticket").wait_for(timeout=12_000)
        assert visit.page.locator("#errands .call").count() == 0
        assert visit.complaints == []


def test_a_person_objects_and_takes_it_back_on_a_phone(
    found: Console, url: str, chromium: Browser
) -> None:
    with visiting(chromium, url, 390) as visit:
        page = visit.page
        come_in(visit, found, "qi")
        visit.open("/persons/")
        page.fill("[name=customer_id]", "ann")
        page.click("main button.main")
        page.fill("#why-do_not_contact", "9 月 8 日来电")
        page.click("button[value=object] >> nth=0")
        page.locator("button[value=consent]").wait_for()
        page.fill("#why-do_not_contact", "9 月 9 日来电同意")
        page.click("button[value=consent]")
        page.locator("button[value=object] >> nth=1").wait_for()
        assert page.locator(".events time").count() >= 2
        assert visit.complaints == []
