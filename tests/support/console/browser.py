"""A real Chromium and the console behind it, on this machine alone; what went wrong in a page is kept."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# What axe finds of these weights is a fault.
_SERIOUS = {"moderate", "serious", "critical"}


# A Chromium that cannot call asks with what it should, in a window that nobody sees and that takes every click.
_HANG_UP = """document.addEventListener("click", (event) => {
    if (event.target.closest("a[href^='tel:']")) event.preventDefault();
});"""


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@contextmanager
def serve_here() -> Iterator[str]:
    """Serve the console in threads of this process, which the test's own clock reaches; give its address."""
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", 0, get_wsgi_application(), _Threaded, _Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
        self.page.click("main button.main")

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
    context.add_init_script(_HANG_UP)
    visit = Visit(context.new_page(), url)
    visit.watch()
    try:
        yield visit
    finally:
        context.close()
