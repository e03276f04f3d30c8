"""A small HTTP server beside the home: its metrics, whether it lives, and whether it is ready."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from pipelines.core.errors import StorageError, UsageError
from pipelines.operations.deadlines import local_today
from pipelines.operations.metrics import draw_metrics, find_readable_version
from pipelines.store.lake import MonthFolder, list_held_months

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

# Of one connection; a scrape takes less than a second.
SILENT_SECONDS = 5
LONGEST_SECONDS = 20
MOST_AT_ONCE = 32
CACHED_SECONDS = 5.0  # two scrapers, or an impatient one, read the home once
# A month is made in the first days of the one after it, and stands until the next is made.
STALE_DAYS = 45
_OK = "200 OK"
_JSON = "application/json"
_TOO_MANY = (
    b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"
)


class _Page(NamedTuple):
    """What is answered: HTTP's status line, the content's type, and the text."""

    status: str
    content_type: str
    text: str


_NOT_FOUND = _Page("404 Not Found", "text/plain; charset=utf-8", "not found\n")


class _DrawnMetrics(NamedTuple):
    """Metrics as they were drawn, and at what second of the monotonic clock."""

    at: float
    text: str


class HomeApplication:
    """Answers /metrics, /healthz and /readyz for one home, as a WSGI application."""

    def __init__(
        self,
        home: Path,
        stale_days: int = STALE_DAYS,
        today: Callable[[], date] = local_today,
    ) -> None:
        self.home = home
        self.stale_days = stale_days
        self.today = today
        self._drawn: _DrawnMetrics | None = None
        self._drawing = threading.Lock()

    def __call__(
        self, request: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request, as WSGI wants it."""
        page = self._make_page(request.get("PATH_INFO", ""))
        body = page.text.encode()
        headers = [
            ("Content-Type", page.content_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        start(page.status, headers)
        return [body]

    def _make_page(self, path: str) -> _Page:
        if path == "/metrics":
            return _Page(_OK, CONTENT_TYPE_PLAIN_0_0_4, self._draw_metrics())
        if path == "/healthz":
            return _Page(_OK, _JSON, '{"lives": true}\n')
        if path == "/readyz":
            return self._make_readiness_page()
        return _NOT_FOUND

    def _draw_metrics(self) -> str:
        with self._drawing:
            now = time.monotonic()
            if self._drawn is None or now - self._drawn.at >= CACHED_SECONDS:
                self._drawn = _DrawnMetrics(now, draw_metrics(self.home, self.today()))
            return self._drawn.text

    def _make_readiness_page(self) -> _Page:
        reason = find_reason(self.home, self.today(), self.stale_days)
        status = "503 Service Unavailable" if reason else _OK
        content = json.dumps({"ready": reason is None, "reason": reason})
        return _Page(status, _JSON, f"{content}\n")


def find_reason(home: Path, today: date, stale_days: int) -> str | None:
    """Say why a home is not ready (home_unreadable, no_month, month_unreadable, month_stale).

    None when it is.
    """
    try:
        months = list_held_months(home)
        if not home.is_dir():
            return "home_unreadable"
    except (OSError, StorageError):
        return "home_unreadable"

    if not months:
        return "no_month"

    newest = months[-1]
    if find_readable_version(MonthFolder(home, newest)) is None:
        return "month_unreadable"

    age_days = (today - newest.last_day).days
    if age_days > stale_days:
        return "month_stale"
    return None


class QuietHandler(WSGIRequestHandler):
    """A scrape every few seconds is no news; who says nothing, or a byte now and then, is let go.

    The names of its methods are those that Python's server calls.
    """

    timeout = SILENT_SECONDS

    def setup(self) -> None:
        """Take the connection for so long, however it is used."""
        super().setup()
        self._end = threading.Timer(LONGEST_SECONDS, self._let_go)
        self._end.daemon = True
        self._end.start()

    def finish(self) -> None:
        """Give the connection back."""
        self._end.cancel()
        super().finish()

    def _let_go(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class PatientServer(ThreadingMixIn, WSGIServer):
    """Answers each connection in a thread of its own, and no more than so many at once."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *args: Any, **more: Any) -> None:
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(*args, **more)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection on; one too many gets a 503 and is let go."""
        if not self._free.acquire(blocking=False):
            with suppress(OSError):
                request.settimeout(0.1)
                request.sendall(_TOO_MANY)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection, and let another one have its turn."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of who went away or was let go; all else is this program's."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def is_beyond(address: str) -> bool:
    """Say whether other machines can reach an address.

    A name may lead anywhere but for localhost's.
    """
    host = address.rpartition(":")[0].strip("[]")
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def open_server(application: HomeApplication, address: str) -> WSGIServer:
    """Listen on `HOST:PORT` (port 0: any free one).

    Raise UsageError for what is no address, StorageError where nobody may listen.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError("metrics.bad_address", address=address)
    try:
        return make_server(host, int(port), application, PatientServer, QuietHandler)
    except OSError as error:
        raise StorageError(
            "metrics.cannot_listen", address=address, why=error.strerror
        ) from error
