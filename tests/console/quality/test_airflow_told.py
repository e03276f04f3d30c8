"""Airflow's question about a month that the console released: answered over HTTP, once, and again when it was away.

The server speaks Airflow's words; that Airflow itself understands ours, `tests/e2e/test_airflow.py` says.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.console.visitors import Console
from tests.support.small import MONTH, own_settings

RUN = "scheduled__2026-08"
DETAIL = (
    f"/api/v2/dags/retention_monthly/dagRuns/{RUN}/taskInstances/approve/-1/hitlDetails"
)


class _Airflow(BaseHTTPRequestHandler):
    """Gives a token, says what waits, and takes an answer."""

    def do_GET(self) -> None:
        about = {"task_id": "approve", "dag_run_id": RUN, "map_index": -1}
        details = [
            {
                "subject": f"Release {month}?",
                "created_at": self.server.asked_at.isoformat(),  # type: ignore[attr-defined]
                "task_instance": about | {"dag_run_id": run},
            }
            for month, run in ((MONTH, RUN), (MONTH.plus(-1), "another"))
        ]
        self._answer({"hitl_details": details})

    def do_POST(self) -> None:
        assert self._read() == {"username": "office", "password": "canary"}
        self._answer({"access_token": "token"})

    def do_PATCH(self) -> None:
        assert self.headers["Authorization"] == "Bearer token"
        self.server.answers.append((self.path, self._read()))  # type: ignore[attr-defined]
        self._answer({})

    def _read(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, content: object) -> None:
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def airflow() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Airflow)
    server.answers = []  # type: ignore[attr-defined]
    server.asked_at = datetime.now(UTC) - timedelta(minutes=1)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def released_here() -> Any:
    """An errand by which the month was released in the console."""
    from console.errands.board import DONE, RELEASE, Wanted, ask_for, finish

    errand = ask_for(Wanted(RELEASE, str(MONTH), 1), "qi")
    finish(errand, DONE, {"version": 1})
    return errand


def tell(console: Console, port: int, tmp_path: Path) -> int:
    from console.errands.airflow import answer_airflow

    (tmp_path / "password").write_text("canary\n")
    settings = own_settings(
        airflow_url=f"http://127.0.0.1:{port}",
        airflow_user="office",
        airflow_password_file=tmp_path / "password",
    )
    return answer_airflow(console.home, settings)


def test_the_month_s_question_alone_is_answered_once_with_who_released_it(
    console: Console, tmp_path: Path
) -> None:
    errand = released_here()
    with airflow() as server:
        port = server.server_address[1]
        assert tell(console, port, tmp_path) == 1
        assert tell(console, port, tmp_path) == 0
        [(path, said)] = server.answers  # type: ignore[attr-defined]
    assert path == DETAIL and said["chosen_options"] == ["Approve"]
    assert "(command, " in said["params_input"]["who"]  # as it is on record
    errand.refresh_from_db()
    assert errand.is_told


def test_an_airflow_that_is_away_hears_of_it_later(
    console: Console, tmp_path: Path
) -> None:
    errand = released_here()
    with airflow() as server:
        port = server.server_address[1]
    assert tell(console, port, tmp_path) == 0
    errand.refresh_from_db()
    assert not errand.is_told
    with airflow() as server:
        assert tell(console, server.server_address[1], tmp_path) == 1
    errand.refresh_from_db()
    assert errand.is_told


def test_a_question_just_put_is_left_to_settle(
    console: Console, tmp_path: Path
) -> None:
    errand = released_here()
    with airflow() as server:
        port = server.server_address[1]
        server.asked_at = datetime.now(UTC)  # type: ignore[attr-defined]
        assert tell(console, port, tmp_path) == 0
        errand.refresh_from_db()
        assert not errand.is_told
        server.asked_at -= timedelta(seconds=30)  # type: ignore[attr-defined]
        assert tell(console, port, tmp_path) == 1
    errand.refresh_from_db()
    assert errand.is_told


def test_without_an_address_nobody_is_asked(console: Console) -> None:
    from console.errands.airflow import answer_airflow

    released_here()
    assert answer_airflow(console.home, own_settings()) == 0
