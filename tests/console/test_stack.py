"""What the console is served with: headers, vendored files, the server, its commands."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from console.database import start_django
from pipelines.core.errors import UsageError
from pipelines.core.paths import ROOT
from tests.support.console.visitors import Console
from tests.support.postgres import Cluster
from tests.support.small import KEY

start_django()

STATIC = ROOT / "console" / "static" / "console"
POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
    "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
}  # fmt: skip


def test_every_page_forbids_what_it_does_not_need(console: Console) -> None:
    wang = console.visit("wang")
    order = console.order_of("ann")
    for path in ("/log-in/", "/queue/", f"/orders/{order}/", "/books/", "/nothing/"):
        answer = wang.get(path)
        said = answer["Content-Security-Policy"].split("; ")
        assert set(said) == POLICY, path
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "console" / "templates").rglob("*.html")),
    ids=lambda p: p.stem,
)
def test_no_template_has_script_or_style_inside(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(
        r"<style|\sstyle=|\son\w+=|hx-on|javascript:|js:|hx-vals", text
    )
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"hx-trigger=\"[^\"]*\[", text)
    assert not re.search(r"https?://", text)


def test_what_is_vendored_is_what_the_page_of_the_console_says() -> None:
    page = (ROOT / "docs" / "console.md").read_text("utf-8")
    rows = re.findall(
        r"^\| `([\w.-]+\.js)` \|.*`([0-9a-f]{64})` \|$", page, re.MULTILINE
    )
    assert [name for name, _ in rows] == ["htmx-2.0.11.min.js"]
    for name, digest in rows:
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest
        assert name in (ROOT / "console/templates/console/base.html").read_text("utf-8")


def test_static_files_are_kept_for_ever_under_an_address_that_names_them(
    console: Console,
) -> None:
    client = console.visit()
    page = client.get("/log-in/").content.decode()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(addresses) == 4
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "max-age=31536000" in answer["Cache-Control"]
        answer.close()


def run_python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with a key of the tests' own."""
    return subprocess.run(
        [sys.executable, *words], text=True, capture_output=True, cwd=ROOT, timeout=120,
        env={**os.environ, "RETENTION_SECRET_KEY": KEY, **environment},
    )  # fmt: skip


def test_djangos_own_check_of_a_deployment_finds_nothing() -> None:
    done = run_python(
        "-m", "console", "check", "--deploy", "--fail-level", "WARNING",
        RETENTION_CONSOLE_HOSTS="office.example",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


def test_no_migration_is_missing() -> None:
    done = run_python("-m", "console", "makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "address", ["0.0.0.0:8000", "example.org:80", "8000", "a:b", "::1"]
)
def test_other_machines_come_only_by_the_names_that_are_set(address: str) -> None:
    from console.server import check_address

    with pytest.raises(UsageError):
        check_address(address, is_in_service=False)


def test_this_machine_is_always_let_in() -> None:
    from console.server import check_address

    for address in ("127.0.0.1:0", "localhost:8000", "[::1]:8000"):
        assert check_address(address, is_in_service=False) == address
    assert check_address("0.0.0.0:8000", is_in_service=True)


def test_a_failure_says_nothing_of_whom_it_was_about(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.test import Client

    from console.server import FailureFormatter

    def fail(*args: object, **more: object) -> None:
        raise ValueError("安哨兵 13900000001")

    wang = console.visit("wang")
    monkeypatch.setattr("console.work.pages.read_cards", fail)
    wang.raise_request_exception = False
    page = wang.get("/queue/")
    assert isinstance(wang, Client) and page.status_code == 500
    assert "安哨兵" not in page.content.decode() and "请重试" in page.content.decode()
    record = logging.LogRecord(
        "django.request", 40, "", 0, "安哨兵", None, page.exc_info
    )
    told = FailureFormatter().format(record)
    assert "ValueError in" in told and "哨兵" not in told and "13900000001" not in told


def test_the_same_pages_stand_on_postgresql(
    console: Console, postgres_cluster: Cluster
) -> None:
    """Orders, answers, undoing and the lock-out, on the database of service."""
    from console.database import open_console
    from console.orders import import_orders
    from console.work.holding import settle_answers
    from pipelines.store.lake import MonthFolder
    from tests.support.console.visitors import TODAY, make_accounts
    from tests.support.small import MONTH, own_settings

    settings = own_settings(office_url=postgres_cluster.create("console"))
    import_orders(console.home, MonthFolder(console.home, MONTH), settings, "test")
    open_console(console.home, settings)
    make_accounts()
    wang = console.visit("wang")
    order = console.order_of("ann")
    page = wang.get(f"/orders/{order}/").content.decode()
    said = dict(re.findall(r'name="(author|seen)" value="([^"]*)"', page))
    said |= {"outcome": "paid", "contacted_on": str(TODAY)}
    assert wang.post(f"/orders/{order}/", said).status_code == 302
    assert "安哨兵" in wang.get("/queue/?state=done").content.decode()
    assert settle_answers(only_due=False) == 1
    assert "安哨兵" in wang.get("/queue/?state=done").content.decode()
    guess = {"username": "li", "password": "wrong"}
    tries = [console.visit().post("/log-in/", guess).status_code for _ in range(5)]
    assert tries[-1] == 429


# -- the commands -------------------------------------------------------------------------------------------------


def run_account(home: Path, *words: str) -> tuple[int, Any]:
    """Run `retention account …`; return its exit code and what it answers."""
    done = run_python(
        "-m", "pipelines", "account", *words, "--home", str(home), "--json"
    )
    return done.returncode, json.loads(
        done.stdout
    ) if done.stdout.strip() else done.stderr


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Start `retention console` on a free port; give its address."""
    words = [
        "-m",
        "pipelines",
        "console",
        "--home",
        str(home),
        "--listen",
        "127.0.0.1:0",
        "--lang",
        "en",
    ]
    environment = {**os.environ, "RETENTION_SECRET_KEY": KEY, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, *words],
        text=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://[\d.:]+", line)
            assert found, line
            yield found[0]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=120) == 0


def test_an_empty_home_gets_an_account_and_a_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    code, made = run_account(
        home, "add", "wang", "--role", "manager", "--manager-id", "M1"
    )
    assert code == 0 and len(made["password"]) == 14
    assert run_account(home, "add", "wang", "--role", "analyst")[0] == 2
    assert run_account(home, "add", "sun", "--role", "manager")[0] == 2
    assert run_account(home, "add", "sun", "--role", "king")[0] == 2
    code, listed = run_account(home, "list")
    assert (code, listed["name"], listed["works_as"]) == (0, "wang", "M1")
    with served(home) as url:
        deadline = time.monotonic() + 120
        while True:
            try:
                page = urllib.request.urlopen(f"{url}/log-in/", timeout=60)
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        assert page.status == 200 and b"console.css" in page.read()
        assert (home / "office.sqlite3").stat().st_mode & 0o777 == 0o600


# A worker that ends while its thread is in the engine. Without waiting for the thread, Python ends it inside C++.
_ENDING = """
from pathlib import Path
from threading import Event
import duckdb
from console.database import start_django
start_django()
from console.errands import settler
from console.work import holding

is_inside = Event()

def settle() -> None:
    is_inside.set()
    duckdb.sql("SELECT sum(i * i) FROM range(300000000) t(i)").fetchall()

holding.settle_answers = settle
settler._SETTLE_SECONDS = 0
working = settler.Settler(Path("nowhere"), does_errands=False)
working.start()
is_inside.wait()
STOP
"""


def test_a_worker_ends_cleanly_while_its_thread_is_in_the_engine() -> None:
    ended = run_python("-c", _ENDING.replace("STOP", "working.stop()"))
    assert (ended.returncode, ended.stderr) == (0, "")
    # What it is there for: a worker that does not wait is aborted.
    aborted = run_python("-c", _ENDING.replace("STOP", ""))
    assert aborted.returncode == -signal.SIGABRT
