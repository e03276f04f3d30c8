"""Metrics and health: what they say is what the tables say, no customer is among it, and what is broken is told."""

from __future__ import annotations

import io
import json
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipelines.core.errors import StorageError, UsageError
from pipelines.operations.metrics import draw_metrics, write_metrics
from pipelines.operations.serving import HomeApplication, is_beyond, open_server
from pipelines.store.lake import MonthFolder
from tests.support.office import exported, fill, released_town, taken
from tests.support.scored import scored_operator
from tests.support.small import MONTH, Town, read, read_people, twin_operator

TODAY = date(2026, 9, 30)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    """Every series of a text by name and labels, as Prometheus itself reads it."""
    families = list(text_string_to_metric_families(text))
    assert all(f.type == "gauge" and f.documentation for f in families)
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for f in families
        for s in f.samples
    }


def of(found: Samples, name: str, **labels: str) -> dict[tuple[str, ...], float]:
    """The series of a name that carry those labels, by the values of their other labels."""
    wanted = set(labels.items())
    return {
        tuple(v for k, v in names if k not in labels): value
        for (n, names), value in found.items()
        if n == name and wanted <= set(names)
    }


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A released month with three orders, of which the office has one answered."""
    monkeypatch.chdir(tmp_path)
    town = (
        Town()
        .person("ann")
        .person("bob")
        .person("cat")
        .owe("ann")
        .owe("bob")
        .owe("cat")
    )
    released_town(tmp_path / "home", town)
    return tmp_path / "home"


def test_the_metrics_are_what_the_tables_say() -> None:
    operator = twin_operator()
    found, version, month = (
        samples(draw_metrics(operator.home, TODAY)),
        operator.version,
        str(MONTH),
    )
    tables = version.manifest["tables"]
    rows = {(name,): entry["rows"] for name, entry in tables.items() if "rows" in entry}
    assert of(found, "retention_table_rows", month=month) == rows and len(rows) > 100
    orders = Counter(
        (row["arm"], row["list"]) for row in read(version, "dispatch_order")
    )
    drawn = of(found, "retention_orders", month=month)
    assert {key: value for key, value in drawn.items() if value} == orders and sum(
        orders.values()
    ) > 10
    kpis = Counter(
        row["status"] for row in read(version, "kpi_monthly", scope_kind="company")
    )
    said = of(found, "retention_outputs", month=month, kind="kpi")
    assert {status: count for (status,), count in said.items() if count} == kpis
    assert set(said) == {("released",), ("caveat",), ("withheld",), ("not_computed",)}
    assert of(found, "retention_months_held") == {(): 3} and of(
        found, "retention_months_released"
    ) == {(): 0}
    assert not of(found, "retention_newest_released_month_end_timestamp_seconds")
    assert of(found, "retention_newest_month_end_timestamp_seconds") == {
        (): 1788220800
    }  # 2026-09-01T00:00Z
    assert of(found, "retention_home_free_bytes")[()] > 0


def test_no_customer_is_among_the_metrics_and_their_number_does_not_grow_with_people() -> (
    None
):
    operator = twin_operator()
    text = draw_metrics(operator.home, TODAY)
    people = {
        str(v) for row in read_people(operator.version) for v in row.values() if v
    }
    people |= {
        row["manager_id"] for row in read(operator.version, "snapshot_account_manager")
    }
    values = {value for _, names in samples(text) for _, value in names}
    assert len(people) > 100 and not values & people
    assert {value for value in values if value.startswith("20")} == {
        str(month) for month in operator.months
    }


def test_overdue_are_orders_that_nobody_answered(released: Path) -> None:
    orders = read(MonthFolder(released, MONTH).version(), "dispatch_order")
    due = max(order["due_on"] for order in orders)
    before, after = (
        of(samples(draw_metrics(released, d)), "retention_orders_overdue")
        for d in (due, TODAY)
    )
    assert sum(after.values()) == len(orders) == 3 and sum(before.values()) == 0
    book = exported(released, released.parent / "out")["M1"]
    taken(released, fill(book, {"ann": {"outcome": "refused", "contacted_on": due}}))
    left = samples(draw_metrics(released, TODAY))
    assert sum(of(left, "retention_orders_overdue").values()) == 2 and of(
        left, "retention_office_up"
    ) == {(): 1}
    assert of(left, "retention_months_released") == {(): 1}


@pytest.mark.slow
def test_the_watch_of_the_model_is_told() -> None:
    operator = scored_operator()
    found, looks = (
        samples(draw_metrics(operator.home, TODAY)),
        read(operator.version, "score_watch"),
    )
    told = of(found, "retention_model_look_value", measure="stability")
    assert {s: v for (_, s), v in told.items()} == {
        row["subject"]: row["value"] for row in looks if row["measure"] == "stability"
    }
    levels = Counter(row["level"] for row in looks if row["measure"] != "retrain")
    assert {
        level: v for (level, _), v in of(found, "retention_model_looks").items() if v
    } == levels


def test_an_office_and_a_month_that_cannot_be_read_are_told(
    released: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (released / "months" / str(MONTH) / "v0001" / "kpi_monthly.parquet").write_bytes(
        b"PAR1"
    )
    monkeypatch.setenv(
        "RETENTION_OFFICE_URL", "postgresql+psycopg://o:secret@127.0.0.1:1/office"
    )
    found = samples(draw_metrics(released, TODAY))
    assert of(found, "retention_month_readable") == {(str(MONTH),): 0} and not of(
        found, "retention_table_rows"
    )
    assert of(found, "retention_office_up") == {(): 0} and not of(
        found, "retention_orders_overdue"
    )
    assert of(
        samples(draw_metrics(tmp_path / "none", TODAY)), "retention_months_held"
    ) == {(): 0}


def test_the_file_is_written_whole(released: Path, tmp_path: Path) -> None:
    out = tmp_path / "textfiles" / "retention.prom"
    count = write_metrics(released, TODAY, out)
    assert count == len(samples(out.read_text())) and [
        p.name for p in out.parent.iterdir()
    ] == [out.name]


# -- over HTTP ---------------------------------------------------------------------------------------------------

Ask = Callable[[str], tuple[int, str]]


@pytest.fixture
def ask(released: Path) -> Iterator[Ask]:
    """Ask a running server for a page."""
    with open_server(
        HomeApplication(released, 45, lambda: TODAY), "127.0.0.1:0"
    ) as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()

        def answer(path: str) -> tuple[int, str]:
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{server.server_port}{path}", timeout=30
                ) as page:
                    return page.status, page.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        yield answer
        server.shutdown()
        thread.join()


def test_a_server_tells_metrics_life_and_readiness(ask: Ask, released: Path) -> None:
    code, text = ask("/metrics")
    assert (
        code == 200
        and samples(text).keys() == samples(draw_metrics(released, TODAY)).keys()
    )
    assert ask("/healthz") == (200, '{"lives": true}\n') and ask("/nothing")[0] == 404
    assert ask("/readyz") == (200, '{"ready": true, "reason": null}\n')
    (released / "months" / str(MONTH) / "v0001" / "manifest.json").write_text("{")
    assert ask("/readyz") == (503, '{"ready": false, "reason": "month_unreadable"}\n')
    shutil.rmtree(released / "months")
    assert json.loads(ask("/readyz")[1])["reason"] == "no_month"
    shutil.rmtree(released)
    assert (
        json.loads(ask("/readyz")[1])["reason"] == "home_unreadable"
        and ask("/healthz")[0] == 200
    )


def test_a_scrape_soon_after_another_is_answered_from_the_same_reading(
    released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings, clock = [], iter([100.0, 104.0, 106.0])

    def draw_nothing(*where: Any) -> str:
        readings.append(where)
        return ""

    monkeypatch.setattr("pipelines.operations.serving.draw_metrics", draw_nothing)
    monkeypatch.setattr(
        "pipelines.operations.serving.time.monotonic", lambda: next(clock)
    )
    office = HomeApplication(released, 45, lambda: TODAY)
    for _ in range(3):
        office({"PATH_INFO": "/metrics"}, lambda *head: io.BytesIO().write)
    assert len(readings) == 2


def test_an_old_month_is_not_ready(released: Path) -> None:
    from pipelines.operations.serving import find_reason

    assert find_reason(released, date(2026, 10, 15), 45) is None
    assert find_reason(released, date(2026, 10, 16), 45) == "month_stale"


@pytest.mark.parametrize("address", ["9464", "127.0.0.1:x", "127.0.0.1:70000", ":9464"])
def test_what_is_no_address_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_server(HomeApplication(tmp_path), address)


def test_a_port_somebody_has_is_told(tmp_path: Path) -> None:
    with (
        open_server(HomeApplication(tmp_path), "127.0.0.1:0") as server,
        pytest.raises(StorageError),
    ):
        open_server(HomeApplication(tmp_path), f"127.0.0.1:{server.server_port}")


def test_who_says_nothing_keeps_nobody_waiting_and_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.operations.serving.QuietHandler.timeout", 0.5)
    monkeypatch.setattr("pipelines.operations.serving.LONGEST_SECONDS", 1.5)
    with open_server(HomeApplication(tmp_path), "127.0.0.1:0") as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()
        idle = [
            socket.create_connection(("127.0.0.1", server.server_port), 60)
            for _ in range(5)
        ]
        dripping = socket.create_connection(("127.0.0.1", server.server_port), 60)
        url = f"http://127.0.0.1:{server.server_port}/healthz"
        with urllib.request.urlopen(url, timeout=60) as page:
            assert page.status == 200
        assert [one.recv(1) for one in idle] == [b""] * 5, "let go"
        begun = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - begun < 60:
                dripping.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() - begun < 60, "let go though it never stops"
        for one in (*idle, dripping):
            one.close()
        server.shutdown()
        thread.join()


def test_more_connections_than_there_are_places_are_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.operations.serving.MOST_AT_ONCE", 2)
    with open_server(HomeApplication(tmp_path), "127.0.0.1:0") as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()
        taken = [
            socket.create_connection(("127.0.0.1", server.server_port), 60)
            for _ in range(2)
        ]
        time.sleep(0.3)
        with socket.create_connection(("127.0.0.1", server.server_port), 60) as third:
            assert third.recv(100).startswith(b"HTTP/1.0 503")
        for one in taken:
            one.close()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("address", "beyond"),
    [
        *(
            (f"{host}:1", False)
            for host in ("127.0.0.1", "127.9.9.9", "localhost", "[::1]")
        ),
        *(
            (f"{host}:1", True)
            for host in ("0.0.0.0", "10.0.0.5", "[::]", "office.example")
        ),
    ],
)
def test_an_address_that_others_can_reach_is_told(address: str, beyond: bool) -> None:
    assert is_beyond(address) is beyond
