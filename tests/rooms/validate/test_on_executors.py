"""Executors count what is large; a rule that Spark does not take is counted here, and the log says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from pipelines.catalogue.spec import TableName
from pipelines.core.calendar import Calendar
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.engines import open_engine
from pipelines.rooms.context import Context
from pipelines.rooms.validate import on_executors
from pipelines.rooms.validate.on_executors import ask_executors
from pipelines.store.manifest import TableEntry
from pipelines.store.parts import Parts, place_table
from pipelines.store.versions import Draft
from tests.support.spark import needs_spark

pytestmark = needs_spark
TABLE = "snapshot_service"
PARTS = Parts(16, "service_id", ("service_id",))
ROWS = "SELECT 's' || n AS service_id, 'c' || n % 40 AS customer_id FROM range(100) AS r(n)"
HERE = {"services": -1}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A month whose services stand in sixteen parts, with Spark."""
    folder = tmp_path_factory.mktemp("gate")
    settings = load_settings(
        engine="spark", table_parts=16, memory_limit="1GB", threads=2
    )
    with open_engine(settings, folder / "scratch", [folder]) as engine:
        place = place_table(folder, TABLE, PARTS)
        written = engine.write(ROWS, place, PARTS.order, None, PARTS)
        engine.bind(TableName(TABLE), place)
        entry = TableEntry.computed("snapshot", written, parts=PARTS)
        month = Month.parse("2026-08")
        draft = Draft(month, folder)
        draft.finished = {TABLE: entry}
        yield Context(month, settings, Calendar(), draft, engine, {})


def count(
    context: Context, monkeypatch: pytest.MonkeyPatch, where: str, few: int
) -> tuple[Mapping[str, object], list[str]]:
    """Return the counts of the services that a condition names, and what was told meanwhile."""
    told: list[str] = []
    monkeypatch.setattr(on_executors, "FEW_ROWS", few)
    monkeypatch.setattr(context, "progress", told.append)
    ask = ask_executors(context, lambda statement: HERE)
    counts = ask(f"SELECT COUNT(*) AS services FROM delivered_service WHERE {where}")
    return counts, told


@pytest.mark.parametrize(("few", "found"), [(99, {"services": 3}), (100, HERE)])
def test_executors_count_what_one_machine_would_not_count_sooner(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    found: Mapping[str, object],
) -> None:
    assert count(context, monkeypatch, "customer_id = 'c7'", few) == (found, [])


def test_a_rule_that_spark_does_not_take_is_counted_here_and_told(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_embedded = "HAMMING(service_id, customer_id) = 1"
    told = ["validate_counted_here"]
    assert count(context, monkeypatch, only_embedded, 99) == (HERE, told)
