"""No feature knows what happened after the cut-off: shown by walking its lineage, and by planting one that does."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlglot import exp

from pipelines import ROOMS
from pipelines.catalogue.expectations import load_suite
from pipelines.catalogue.lineage import (
    CARRY_MONTHS,
    list_table_columns,
    trace_origin,
    trace_sources,
)
from pipelines.catalogue.spec import EARLIER, Spec, TableName, load_room_specs
from pipelines.core.contract import load_contract
from pipelines.rooms.score.frame import list_feature_groups
from tests.support.small import MONTH

# A delivered day that is known before it comes; whoever reads one reads a plan.
PLANNED = {
    "contract_end_on",
    "promotion_end_on",
    "due_on",
    "expires_on",
    "points_expire_on",
    "valid_to",
    "held_on",
}
# Read as rows that were valid at the cut-off (`valid_from <= :last_day`), whatever else the table holds.
DATED = {"ownership"}
LEFT_OF_FEATURES = ROOMS[: ROOMS.index("features")]


def violations(spec: Spec) -> set[str]:
    """What a feature group reads that its month cannot know at the cut-off, through every SQL file behind it."""
    found: set[str] = set()
    seen: set[TableName] = set()
    queue = [spec]
    while queue:
        reader = queue.pop()
        for table in reader.reads - seen:
            seen.add(table)
            found |= _reads_later(reader, table)
            queue += (
                [s for s in load_room_specs(table.room) if s.table == table.name]
                if table.room in ROOMS
                else []
            )
    for source in () if found else trace_sources(spec):
        if not 0 <= source.months < CARRY_MONTHS or source.anchor not in (
            "",
            "prior",
            "base",
        ):
            found.add(
                f"{source.table} of {source.anchor or 'this month'} {source.months:+d}"
            )
        found |= _unbounded_days(source.table.removeprefix("snapshot_"), source.column)
    return found


def _reads_later(reader: Spec, table: TableName) -> set[str]:
    """A table of a month not before, or of a room that comes later in the month."""
    if table.era and table.era not in EARLIER:
        return {f"{reader.name}: {table}"}
    known = LEFT_OF_FEATURES if table.era == "" else ROOMS
    is_known = table.room in known or (not table.era and table.room == "features")
    return (
        set()
        if is_known and list_table_columns(table.name)
        else {f"{reader.name}: {table}"}
    )


def _unbounded_days(table: str, read: str) -> set[str]:
    """Days whose rows after the cut-off nobody sets aside: the one a row is about, and any other that is read."""
    if table in DATED or table not in load_contract():
        return set()
    dated = [
        c for c in load_contract()[table].columns if c.kind in ("date", "timestamp")
    ]
    days = {
        c.name.removesuffix("_at") + "_on"
        if c.name.endswith("_at")
        else c.name: c.required
        for c in dated
    }
    wanted = {
        day
        for day, is_required in days.items()
        if (is_required or day == read) and day not in PLANNED
    }
    rules = [e.offending() for e in load_suite(table, MONTH) if e.takes_rows]
    return {
        f"{table}.{day}"
        for day in wanted
        if not any(f"{day} > DATE '{MONTH.last_day}'" in r for r in rules)
    }


@pytest.mark.parametrize("spec", list_feature_groups(), ids=lambda spec: spec.name)
def test_a_feature_group_reads_nothing_later_than_its_month(spec: Spec) -> None:
    assert violations(spec) == set()


@pytest.mark.parametrize("spec", list_feature_groups(), ids=lambda spec: spec.name)
def test_a_feature_group_asks_no_clock(spec: Spec) -> None:
    clocks = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime)
    assert (
        not list(spec.tree.find_all(*clocks))
        and not {"next_first_day", "next_last_day"} & spec.parameters
    )


def planted(sql: str) -> Spec:
    return Spec(
        "features",
        "planted",
        Path("planted.sql"),
        {"key": ["service_id"], "model": {"x": {}}},
        sql,
    )


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "SELECT service_id, status AS x FROM n1.features_service",
            "planted: n1.features_service",
        ),
        ("SELECT service_id, arm AS x FROM dispatch_order", "planted: dispatch_order"),
        ("SELECT service_id, decile AS x FROM score_churn", "planted: score_churn"),
        (
            "SELECT f.service_id, l.x FROM features_service AS f "
            "JOIN (SELECT service_id, p_voluntary AS x FROM score_churn) AS l ON l.service_id = f.service_id",
            "planted: score_churn",
        ),
        ("SELECT service_id, x FROM m1.features_labels", "planted: m1.features_labels"),
    ],
)
def test_a_feature_that_looks_ahead_is_refused(sql: str, told: str) -> None:
    assert told in violations(planted(sql))


@pytest.mark.parametrize(
    ("table", "column", "is_told"),
    [
        ("trouble_ticket", "closed_on", True),
        ("service", "terminated_on", True),
        ("service", "status_since", False),
    ],
)
def test_a_day_that_nobody_bounds_may_not_be_read(
    table: str, column: str, is_told: bool
) -> None:
    assert (f"{table}.{column}" in _unbounded_days(table, column)) == is_told


def test_an_event_after_the_cut_off_that_nobody_sets_aside_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = next(
        spec for spec in list_feature_groups() if spec.name == "complaint_history"
    )
    monkeypatch.setattr(
        "tests.catalogue.test_point_in_time.load_suite", lambda table, month: []
    )
    assert "trouble_ticket.opened_on" in violations(spec)


def test_the_walk_reaches_what_was_delivered() -> None:
    reached = {
        source.table for spec in list_feature_groups() for source in trace_sources(spec)
    }
    assert {
        "snapshot_bill",
        "snapshot_receivable",
        "snapshot_usage",
        "snapshot_trouble_ticket",
    } <= reached
    assert all(trace_origin(spec).all() for spec in list_feature_groups())
