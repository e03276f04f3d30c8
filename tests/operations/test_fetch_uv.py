"""uv is fetched with Python alone: from the index that is set, with its password, and only if it is the pinned file."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@dataclass
class Index:
    """A package index on this machine: its pages, and who asked for them."""

    address: str = ""
    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def fetching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script, with a home of its own and no setting of this machine."""
    place = importlib.util.spec_from_file_location(
        "fetch_uv", ROOT / "deploy" / "fetch_uv.py"
    )
    assert place is not None and place.loader is not None
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(
        module,
        "_find_wheel",
        lambda: ("uv-0.13.9-any.whl", hashlib.sha256(WHEEL).hexdigest()),
    )
    return module


def make_wheel() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as wheel:
        wheel.writestr("uv-0.13.9.data/scripts/uv", "#!/bin/sh\necho uv\n")
    return raw.getvalue()


WHEEL = make_wheel()


@pytest.fixture
def index() -> Iterator[Index]:
    """An index that has the wheel."""
    held = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            held.asked.append((self.path, self.headers.get("Authorization")))
            content = held.pages.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    held.address = f"127.0.0.1:{server.server_port}"
    held.pages = {
        "/simple/uv/": b'<a href="../../files/uv-0.13.9-any.whl#sha256=0">uv</a>',
        "/files/uv-0.13.9-any.whl": WHEEL,
    }
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_pinned_file_is_unpacked_from_the_index_that_is_set(
    fetching: ModuleType, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:s%40cret@{index.address}/simple/")
    fetching.fetch_uv(tmp_path / "bin")
    placed = tmp_path / "bin" / "uv"
    assert (
        placed.read_text() == "#!/bin/sh\necho uv\n"
        and placed.stat().st_mode & 0o111 == 0o111
    )
    assert [path for path, _ in index.asked] == [
        "/simple/uv/",
        "/files/uv-0.13.9-any.whl",
    ]
    assert index.asked[0][1] == f"Basic {base64.b64encode(b'me:s@cret').decode()}"


def test_the_index_is_the_one_of_pip_s_configuration(
    fetching: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    (tmp_path / ".config" / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://mirror.example/simple\n"
    )
    assert fetching._find_index() == "https://mirror.example/simple"


def test_another_file_is_not_taken_and_no_password_is_said(
    fetching: ModuleType,
    index: Index,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:secret@{index.address}/simple")
    monkeypatch.setattr("sys.argv", ["fetch_uv.py", str(tmp_path / "bin")])
    for path, content, said in (
        ("/files/uv-0.13.9-any.whl", b"another", "SHA-256"),
        ("/simple/uv/", b"<a href='x'>nothing</a>", "has no uv-0.13.9-any.whl"),
    ):
        index.pages[path] = content
        assert fetching.main() == 1
        told = capsys.readouterr()
        assert (
            said in told.err
            and "make UV=" in told.err
            and "secret" not in told.out + told.err
        )
    assert not (tmp_path / "bin").exists()
