"""What is released: one wheel that runs by itself, licences an operator can take, an audit that is never green by silence."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from deploy.dependencies import (
    STATED,
    add_licences,
    find_licence,
    is_allowed,
    list_refused,
)
from pipelines.core.calendar import Calendar
from pipelines.core.month import Month
from pipelines.core.paths import ROOT
from pipelines.core.settings import load_settings
from pipelines.operations.doctor.machine import PYTHONS, check_python
from tests.homes.make import write_source

UV = ROOT / "build" / "uv" / "bin" / "uv"
FOUND, NOT_AUDITED = 1, 3
NOTHING_LISTENS = "http://127.0.0.1:9"

needs_uv = pytest.mark.skipif(
    not UV.exists(), reason="uv is not set up here: make setup"
)


# -- what it is said to run on ---------------------------------------------------------------------------------------


def test_every_page_and_the_doctor_name_the_pythons_that_the_package_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = SpecifierSet(project["requires-python"])
    running = [f"3.{minor}" for minor in range(8, 30) if f"3.{minor}" in stated]
    classified = [
        one.rpartition(" :: ")[2]
        for one in project["classifiers"]
        if one.startswith("Programming Language :: Python :: 3.")
    ]
    assert running == classified
    assert running == [f"{major}.{minor}" for major, minor in PYTHONS]
    makefile = (ROOT / "Makefile").read_text()
    assert f"for one in {' '.join(f'python{one}' for one in running)};" in makefile
    for page in ("README.md", "README.zh-CN.md"):
        text = (ROOT / page).read_text("utf-8")
        assert re.search(" (or|或) ".join(running), text), page


@pytest.mark.parametrize(
    ("running", "state"),
    [((3, 11, 2), "ok"), ((3, 12, 1), "ok"), ((3, 10, 9), "fail"), ((3, 13, 0), "fail")],
)  # fmt: skip
def test_the_doctor_takes_those_pythons_and_no_others(
    running: tuple[int, int, int], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", running)
    found = check_python()
    assert found.state == state
    said = ".".join(map(str, running))
    assert found.facts == {"version": said, "wanted": "3.11, 3.12"}


def test_the_changes_begin_with_the_version_that_this_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+) ", changes, re.MULTILINE)
    assert released[0] == project["version"]
    upgrades = (ROOT / "docs" / "upgrade.md").read_text("utf-8")
    assert f"## To {project['version']}" in upgrades


def test_the_demonstration_is_worked_on_the_day_its_newest_orders_go_out() -> None:
    script = (ROOT / "deploy" / "first_run.sh").read_text("utf-8")
    said = dict(re.findall(r"\b(newest|worked_on)=([\d-]+)", script))
    month = Month.parse(said["newest"]).plus(1)
    goes_out = Calendar.load(None).nth_of(month, load_settings().dispatch_working_day)
    assert said["worked_on"] == str(goes_out)


# -- licences ------------------------------------------------------------------------------------------------------


@needs_uv
def test_every_locked_dependency_has_a_licence_that_may_be_used() -> None:
    bill = write_bill("--all-groups")
    add_licences(bill)
    assert len(bill["components"]) > 200
    assert list_refused(bill) == []


@needs_uv
def test_a_bill_of_one_lock_is_the_same_every_time_and_names_every_hash() -> None:
    one, other = write_bill("--no-dev"), write_bill("--no-dev")
    assert one != other  # as uv writes it, with the time and a number of its own
    add_licences(one)
    add_licences(other)
    assert one == other
    for component in one["components"]:
        for reference in component["externalReferences"]:
            assert reference["hashes"][0]["alg"] == "SHA-256", component["name"]


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT AND Zlib", True),
        ("GPL-3.0-only OR MIT", True),
        ("(Apache-2.0 OR GPL-2.0-only) ", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-only", False),
        ("", False),
    ],
)
def test_one_alternative_must_be_allowed_in_all_its_parts(
    expression: str, allowed: bool
) -> None:
    assert is_allowed(expression) is allowed


def test_what_is_nowhere_said_is_refused_by_name() -> None:
    assert find_licence("no-such-package") is None
    bill = {"components": [{"name": "no-such-package"}]}
    assert list_refused(bill) == [("no-such-package", None)]
    assert all(map(is_allowed, STATED.values()))


def write_bill(*which: str) -> dict[str, Any]:
    """The bill of materials as uv writes it."""
    command = [str(UV), "export", "--frozen", "--quiet", "--all-extras", *which]
    form = ["--preview-features", "sbom-export", "--format", "cyclonedx1.5"]
    written = subprocess.run(
        [*command, *form], cwd=ROOT, capture_output=True, text=True, check=True
    )
    bill: dict[str, Any] = json.loads(written.stdout)
    return bill


# -- the audit -----------------------------------------------------------------------------------------------------


@needs_uv
def test_an_audit_that_nobody_answers_says_so_and_is_not_green() -> None:
    ended = audit(NOTHING_LISTENS)
    assert ended.returncode == NOT_AUDITED
    assert "NOT AUDITED" in ended.stderr


@needs_uv
def test_an_audit_ends_by_what_is_known() -> None:
    with serve_osv({}) as address:
        assert audit(address).returncode == 0
    with serve_osv({"django": "TEST-2026-1"}) as address:
        ended = audit(address)
    assert ended.returncode == FOUND
    assert "TEST-2026-1" in ended.stdout + ended.stderr


def audit(address: str) -> subprocess.CompletedProcess[str]:
    """Audit with a service at an address, past every proxy."""
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "UV_HTTP_RETRIES": "0"}
    return subprocess.run(
        ["deploy/audit.sh", str(UV), "--service-url", address],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@contextmanager
def serve_osv(known: dict[str, str]) -> Iterator[str]:
    """Answer as OSV does: what is known of a package, by name."""

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            results = []
            for query in asked["queries"]:
                found = known.get(query["package"]["name"])
                listed = [{"id": found, "modified": "2026-01-01T00:00:00Z"}]
                results.append({"vulns": listed} if found else {})
            self.answer({"results": results})

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            self.answer({"id": name, "modified": "2026-01-01T00:00:00Z"})

        def answer(self, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# -- the wheel -----------------------------------------------------------------------------------------------------


@needs_uv
@pytest.mark.slow
def test_the_wheel_is_the_same_every_time_and_runs_without_the_tree(
    tmp_path: Path,
) -> None:
    built = subprocess.run(
        ["deploy/build_wheel.sh", str(UV), sys.executable, str(tmp_path / "wheel")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if "hatchling" in built.stderr:
        pytest.skip("what builds a wheel cannot be had here")
    assert built.returncode == 0, built.stderr
    [wheel] = (tmp_path / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    source = write_source(tmp_path / "source")
    ran = subprocess.run(
        [sys.executable, "-m", "pipelines", "run", "2026-07", "--source", source],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "home" / "months" / "2026-07" / "CURRENT").exists()
