"""Whatever is asked of the console is answered: no request ends in a failure. `RETENTION_FUZZ=N` tries N times as many."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.core.paths import ROOT
from tests.console.test_scopes import ADDRESSES, Address
from tests.support.console.visitors import PEOPLE, Console

MORE = int(os.environ.get("RETENTION_FUZZ", "1"))
EXAMPLES = 120
# They end a session, which the requests that follow need.
ENDING = ("log_out", "change_account")
METHODS = ("get", "post", "head", "put", "delete", "options", "patch")
GOOD = ("2026-08", "2026-07", "B1", "M1", "ann", "arrears", "done", "1", "2026-09-08", "json", "on", "/queue/", "zh", "en")  # fmt: skip
ODD = (
    "", " ", "0", "-1", "1e9", "9" * 30, "٣", "２", "½", "2026-13", "2026-00", "0000-00", "9999-12", "10000-01", "+2026-08", "2026-8",
    "\x00", "a\x00b", "\n", "\r\nX: y", "'", '"', "' OR 1=1 --", "%", "%%", "%s", "{}", "{0}", "<b>", "../../etc/passwd", "//evil.example/",
    "javascript:1", "a" * 5000, "安" * 300, "\u202e", "\ufeff", "😀", "NaN", "None", "null", "true", "[]", "9999-99-99", "0001-01-01",
)  # fmt: skip
_READ = re.compile(r'(?:GET|POST)(?:\.get\(|\.getlist\(|\[)"(\w+)"')
_NAMED = re.compile(r'name="(\w+)"')


@cache
def list_fields() -> tuple[str, ...]:
    """Every field that a view reads or a form names."""
    fields = {"contacted_on", "note", "promised_on", "code", "password", "shown"}
    for path in (ROOT / "console").rglob("*.py"):
        fields.update(_READ.findall(path.read_text(encoding="utf-8")))
    for path in (ROOT / "console").rglob("*.html"):
        fields.update(_NAMED.findall(path.read_text(encoding="utf-8")))
    return tuple(sorted(fields))


VALUES = st.one_of(st.sampled_from(GOOD), st.sampled_from(ODD), st.text(max_size=12))
FIELDS = st.dictionaries(st.sampled_from(list_fields()), VALUES, max_size=5)
HEADERS = st.dictionaries(
    st.sampled_from(("Accept-Language", "HX-Request", "Range", "Referer", "If-Modified-Since", "Cookie", "X-Forwarded-For")),
    st.one_of(st.sampled_from(("zh", "en;q=x", "bytes=5-1", "true", "::", "language=xx", "Sat, 99 Foo")), st.text("az;=,/:*-0", max_size=20)),
    max_size=3,
)  # fmt: skip
BODIES = st.one_of(
    FIELDS.map(lambda fields: ("form", fields)),
    st.binary(max_size=200).map(lambda content: ("file", content)),
    st.binary(max_size=200).map(lambda content: ("raw", content)),
)


@st.composite
def make_requests(
    draw: Any,
) -> tuple[str, str, str, tuple[str, Any], Mapping[str, str]]:
    """Draw who asks, by which method, where, with what body and which headers."""
    name = draw(st.sampled_from([name for name in ADDRESSES if name not in ENDING]))
    address = ADDRESSES[name]
    askers = sorted(_list_visitors(address))
    visitor = draw(st.sampled_from(askers))
    # Mostly as it is meant: what is refused at the door tells nothing of the room.
    method = draw(st.one_of(st.just(address.method), st.sampled_from(METHODS)))
    return visitor, method, draw(make_paths(address.path)), draw(BODIES), draw(HEADERS)


@st.composite
def make_paths(draw: Any, pattern: str) -> str:
    """Draw a path like the address's, with a segment exchanged or not, and a query."""
    segments = pattern.strip("/").split("/")
    if draw(st.booleans()):
        at = draw(st.integers(0, len(segments) - 1))
        segments[at] = quote(draw(VALUES), safe="")
    query = "&".join(f"{field}={quote(value)}" for field, value in draw(FIELDS).items())
    return f"/{'/'.join(segments)}/?{query}"


def _list_visitors(address: Address) -> set[str]:
    return {name for name, facts in PEOPLE.items() if facts["role"] in address.roles}


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Months that are asked for wait for a process that this test does not start."""
    monkeypatch.setenv("RETENTION_CONSOLE_ERRANDS", "elsewhere")


@pytest.mark.usefixtures("quiet")
def test_any_request_is_answered(console: Console) -> None:
    clients = {name: console.visit(name) for name in PEOPLE}
    for client in clients.values():
        client.raise_request_exception = True  # a failure is told with its place
    order = console.order_of("ann")
    statuses = set()

    @settings(
        max_examples=EXAMPLES * MORE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(request=make_requests())
    def ask(request: tuple[str, str, str, tuple[str, Any], dict[str, str]]) -> None:
        visitor, method, path, body, headers = request
        path = path.replace("{order}", order).replace("{manager}", "M1")
        path = path.replace("{link}", "bm90aGluZw:1x:abc")
        sent = _send(clients[visitor], method, path, body, headers)
        if sent.streaming:
            b"".join(sent.streaming_content)
        sent.close()
        assert sent.status_code < 500, (visitor, method, path, body, headers)
        statuses.add(sent.status_code)

    ask()
    # Not all of it was refused at the door.
    assert {200, 404, 405} <= statuses


def _send(
    client: Any,
    method: str,
    path: str,
    body: tuple[str, Any],
    headers: Mapping[str, str],
) -> Any:
    kind, content = body
    if method in ("get", "head", "options"):
        return getattr(client, method)(path, headers=headers)
    if method == "post" and kind == "form":
        return client.post(path, content, headers=headers)
    if method == "post" and kind == "file":
        handed = SimpleUploadedFile("安.xlsx", content)
        return client.post(path, {"file": handed}, headers=headers)
    written = content if isinstance(content, bytes) else repr(content).encode()
    return client.generic(
        method.upper(), path, written, "application/json", headers=headers
    )
