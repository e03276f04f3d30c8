"""A small HTTP server beside the home: its metrics, whether this process lives, and whether the home can be worked with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from pipelines.core.errors import StorageError, UsageError
from pipelines.metrics import draw_metrics, readable_version
from pipelines.store.lake import MonthFolder, held_months
from pipelines.words.deadlines import local_today

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

CACHED_SECONDS = 5.0  # two scrapers, or an impatient one, read the home once
STALE_DAYS = 45  # a month is made in the first days of the one after it, and stands until the next is made


class Office:
    """Answers /metrics, /healthz and /readyz for one home."""

    def __init__(self, home: Path, stale_days: int = STALE_DAYS, today: Callable[[], date] = local_today) -> None:
        self.home = home
        self.stale_days = stale_days
        self.today = today
        self._drawn: tuple[float, str] | None = None

    def __call__(self, request: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI wants it."""
        pages = {"/metrics": self._metrics, "/healthz": self._health, "/readyz": self._readiness}
        page = pages.get(request.get("PATH_INFO", ""))
        status, kind, text = page() if page else ("404 Not Found", "text/plain; charset=utf-8", "not found\n")
        body = text.encode()
        start(status, [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")])
        return [body]

    def _metrics(self) -> tuple[str, str, str]:
        now = time.monotonic()
        if self._drawn is None or now - self._drawn[0] >= CACHED_SECONDS:
            self._drawn = now, draw_metrics(self.home, self.today())
        return "200 OK", CONTENT_TYPE_PLAIN_0_0_4, self._drawn[1]

    def _health(self) -> tuple[str, str, str]:
        return "200 OK", "application/json", '{"lives": true}\n'

    def _readiness(self) -> tuple[str, str, str]:
        reason = find_reason(self.home, self.today(), self.stale_days)
        status = "503 Service Unavailable" if reason else "200 OK"
        return status, "application/json", json.dumps({"ready": reason is None, "reason": reason}) + "\n"


def find_reason(home: Path, today: date, stale_days: int) -> str | None:
    """Say why a home is not ready (home_unreadable, no_month, month_unreadable, month_stale); None when it is."""
    try:
        months = held_months(home)
        if not home.is_dir():
            return "home_unreadable"
    except OSError:
        return "home_unreadable"
    if not months:
        return "no_month"
    if readable_version(MonthFolder(home, months[-1])) is None:
        return "month_unreadable"
    return "month_stale" if (today - months[-1].last_day).days > stale_days else None


class QuietHandler(WSGIRequestHandler):
    """A scrape every few seconds is no news."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def open_server(office: Office, address: str) -> WSGIServer:
    """Listen on `HOST:PORT` (port 0: any free one).

    Raise UsageError for what is no address, StorageError where nobody may listen.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError("metrics.bad_address", address=address)
    try:
        return make_server(host, int(port), office, handler_class=QuietHandler)
    except OSError as error:
        raise StorageError("metrics.cannot_listen", address=address, why=error.strerror) from error
