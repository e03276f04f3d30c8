"""A real Chromium and the console behind it, on this machine alone; what went wrong in a page is kept.

Pressing something only begins what it leads to: `Visit.press` waits for the page that follows, `Visit.press_for` for what
comes into the page, and `expect` waits for what is read. `RETENTION_TEST_SLOWNESS_MS=1500` makes every answer take that
long, `0-1500` anything in between: a test that reads too early fails then.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    Locator,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# What axe finds of these weights is a fault.
_SERIOUS = {"moderate", "serious", "critical"}


# How long anything may take that a test waits for: a busy machine is slow, and no fault.
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)
_SLOWNESS = "RETENTION_TEST_SLOWNESS_MS"


# A Chromium that cannot call asks with what it should, in a window that nobody sees and that takes every click.
_HANG_UP = """document.addEventListener("click", (event) => {
    if (event.target.closest("a[href^='tel:']")) event.preventDefault();
});"""


def _draw_pause() -> float:
    """The seconds that an answer takes longer, as the environment asks for."""
    least, _, most = os.environ.get(_SLOWNESS, "0").partition("-")
    return random.uniform(float(least), float(most or least)) / 1000


class _Slowed:
    """The console on a slow line: it waits before it does anything, before it answers, and amid its answer."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self.application = application
        self.at_work = 0
        self.is_changed = threading.Condition()

    def __call__(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        with self.is_changed:
            self.at_work += 1
        try:
            yield from self._answer(environ, start_response)
        finally:
            with self.is_changed:
                self.at_work -= 1
                self.is_changed.notify_all()

    def _answer(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        pause = _draw_pause() / 3
        time.sleep(pause)
        answer = self.application(environ, start_response)
        try:
            body = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        time.sleep(pause)
        half = len(body) // 2
        yield body[:half]
        time.sleep(pause)
        yield body[half:]

    def wait_until_idle(self) -> None:
        """Wait for what is still being answered: it would reach into the home of the next test."""
        with self.is_changed:
            assert self.is_changed.wait_for(lambda: self.at_work == 0, 60)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@contextmanager
def serve_here() -> Iterator[str]:
    """Serve the console in threads of this process, which the test's own clock reaches; give its address."""
    from django.core.wsgi import get_wsgi_application

    console = _Slowed(get_wsgi_application())
    server = make_server("127.0.0.1", 0, console, _Threaded, _Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        console.wait_until_idle()


@pytest.fixture(scope="module")
def playwright_here() -> Iterator[Playwright]:
    """Playwright, where there is a Chromium. While it runs, Django takes this thread for an asynchronous one."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright


@pytest.fixture(scope="module")
def chromium(playwright_here: Playwright) -> Iterator[Browser]:
    """A Chromium without a window."""
    browser = playwright_here.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox"]
    )
    yield browser
    browser.close()


@dataclass
class Visit:
    """A page of a browser, and what it complained of: errors, policies, requests to other hosts."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Keep what goes wrong from now on."""
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._see_request)

    def _hear(self, message: Any) -> None:
        # A refusal that the page shows (409, 422) is told on the console as well, and is none.
        is_status = "the server responded with a status of 4" in message.text
        if message.type in ("error", "warning") and not is_status:
            self.complaints.append(message.text)

    def _see_request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "tel:")):
            self.complaints.append(f"asked {request.url}")

    def open(self, path: str) -> None:
        """Go to a page of the console."""
        self.page.goto(self.url + path)

    def log_in(self, name: str, password: str) -> None:
        """Log in by the page."""
        self.open("/log-in/")
        self.page.fill("[name=username]", name)
        self.page.fill("[name=password]", password)
        self.press("main button.main")

    def prove(self, code: str) -> None:
        """Give the second factor by the page."""
        self.page.fill("[name=code]", code)
        self.press("main button.main")

    @contextmanager
    def next_page(self) -> Iterator[None]:
        """Wait, in the end, for the page that what was done here leads to."""
        with self.page.expect_navigation(wait_until="load"):
            yield

    def press(self, what: str | Locator) -> None:
        """Press it, and wait for the page that follows, with scripts or without."""
        with self.next_page():
            self._find(what).click()

    def press_for(self, what: str | Locator, awaited: str) -> None:
        """Press it, and wait for what it brings: into the page by a script, else with another page."""
        self._find(what).click()
        self.page.locator(awaited).first.wait_for()
        self.settle()

    def settle(self) -> None:
        """Wait until the page is whole."""
        self.page.wait_for_load_state("load")

    def _find(self, what: str | Locator) -> Locator:
        return self.page.locator(what) if isinstance(what, str) else what

    def list_faults_for_the_blind(self) -> list[str]:
        """What axe finds on the page, of moderate weight and more."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{fault['id']}: {node['html'][:120]}"
            for fault in found
            if fault["impact"] in _SERIOUS
            for node in fault["nodes"]
        ]


@contextmanager
def visiting(
    browser: Browser,
    url: str,
    width: int,
    has_scripts: bool = True,
    locale: str = "zh-CN",
) -> Iterator[Visit]:
    """Open a page as wide as that: a desk's from 641, else a phone's."""
    is_phone = width <= 640
    context = browser.new_context(
        viewport={"width": width, "height": 844 if is_phone else 900},
        java_script_enabled=has_scripts,
        locale=locale,
        is_mobile=is_phone,
        has_touch=is_phone,
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(_HANG_UP)
    visit = Visit(context.new_page(), url)
    visit.watch()
    try:
        yield visit
    finally:
        context.close()
