"""A year's plan made from a held month, delivered with the months it is for, and what their KPIs make of it."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.core.errors import RetentionError, SpecError, UsageError
from pipelines.core.month import Month
from pipelines.jobs.plan import MadePlan
from pipelines.store.lake import MonthFolder, PlanFolder
from pipelines.store.manifest import COMPUTED, TableEntry
from tests.support.planned import (
    DECEMBER,
    EVEN,
    HANDED_DOWN,
    REVENUE,
    Make,
    key_of,
    plan_of,
    town,
)
from tests.support.small import Row, only, read, row, run_town


def amounts(made: MadePlan, month: str, **wanted: str) -> dict[str, Decimal]:
    return {
        r["scope_id"]: r["amount"]
        for r in read(made.version, "plan_part", month=month, **wanted)
    }


def refused(plan_it: Make, plan: dict[str, Any]) -> RetentionError:
    with pytest.raises(RetentionError) as caught:
        plan_it(plan)
    return caught.value


# -- a plan and its parts ----------------------------------------------------------------------------------------


def test_a_year_goes_to_months_branches_and_managers_by_what_they_billed(
    plan_it: Make,
) -> None:
    made = plan_it(plan_of())
    assert amounts(made, "2026-03", level="month") == {"company": 620}
    assert amounts(made, "2026-03", level="branch") == {
        "B1": 230,
        "B2": 350,
        "unclaimed": 40,
    }
    assert amounts(made, "2026-03", level="manager", branch_id="B1") == {
        "M1": 120,
        "M2": 50,
        "unclaimed": 60,
    }
    assert amounts(made, "2026-03", level="manager", branch_id="unclaimed") == {
        "unclaimed": 40
    }
    assert only(read(made.version, "plan_part", level="year"))["amount"] == 7440
    parts = read(made.version, "plan_part", level="manager")
    assert sum(r["amount"] for r in parts) == 7440 and {
        r["key_version"] for r in parts
    } == {"2026-1"}


def test_members_go_where_their_group_is_and_into_no_target_table(
    plan_it: Make, planning: Path
) -> None:
    key = REVENUE["key"] | {
        "by_branch": {"measure": "group_members"},
        "by_manager": {"measure": "group_members"},
    }
    vnet = {"title": {"zh": "V网", "en": "V-net"}, "total": 25, "places": 0, "key": key}
    made = plan_it(plan_of(measures={"vnet_members": vnet}))
    assert amounts(made, "2026-01", level="month") == {"company": 3}
    assert amounts(made, "2026-02", level="manager") == {"M3": 2}
    assert made.targets == [] and not list((planning / "out").glob("*/target.csv"))


def test_months_go_by_the_same_months_a_year_before(
    plan_it: Make, planning: Path
) -> None:
    hold_year(
        planning / "home", 2025, [100, 50, 0, 100, 100, 100, 100, 100, 100, 100, 100]
    )
    key = {
        "by_month": {"year_before": "revenue"},
        "by_branch": None,
        "by_manager": None,
    }
    plan = key_of(**{name: way for name, way in key.items() if way})
    plan["measures"]["revenue"]["key"].pop("by_branch")
    plan["measures"]["revenue"]["key"].pop("by_manager")
    made = plan_it(plan)  # December of 2025 is the town's 620
    months = {
        r["month"]: r["amount"] for r in read(made.version, "plan_part", level="month")
    }
    assert sum(months.values()) == 7440 and months["2026-03"] == 0
    assert months["2026-12"] == (Decimal(7440 * 620) / 1570).quantize(Decimal("0.01"))
    assert abs(months["2026-01"] - 2 * months["2026-02"]) <= Decimal("0.01")


def hold_year(home: Path, year: int, revenues: list[int]) -> None:
    """Hold months of a year that have one customer's revenue and owner."""
    for number, amount in enumerate(revenues, start=1):
        folder = MonthFolder(home, Month(year, number))
        draft = folder.draft()
        draft.start({})
        owner = {"customer_id": "ann", "branch_id": "B1", "manager_id": "M1"}
        tables: dict[str, Row] = {
            "features_revenue": {"customer_id": "ann", "revenue": Decimal(amount)},
            "features_owner": owner,
        }
        for name, one in tables.items():
            pq.write_table(pa.Table.from_pylist([one]), draft.path / f"{name}.parquet")
        entries = {name: TableEntry(COMPUTED, rows=1, sha256=name) for name in tables}
        draft.finish_room("features", entries)
        folder.commit(draft)


# -- versions ----------------------------------------------------------------------------------------------------


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_the_same_plan_is_the_same_bytes_and_no_new_version(
    plan_it: Make, planning: Path
) -> None:
    first = plan_it(plan_of())
    before = bytes_of(planning / "home" / "plans"), bytes_of(planning / "out")
    again = plan_it(plan_of())
    assert (first.is_new, again.is_new, again.version.number) == (True, False, 1)
    assert (bytes_of(planning / "home" / "plans"), bytes_of(planning / "out")) == before
    shutil.rmtree(planning / "home" / "plans")
    plan_it(plan_of())
    assert (bytes_of(planning / "home" / "plans"), bytes_of(planning / "out")) == before


def test_another_key_is_another_version_that_says_what_differs(
    plan_it: Make, planning: Path
) -> None:
    plan_it(plan_of())
    given = {"weights": {"B1": 1, "B2": 1, "unclaimed": 0}}
    second = plan_it(key_of(version="2026-2", by_branch=given))
    changes = read(second.version, "plan_change", month="2026-01")
    assert second.is_new and second.version.number == 2
    told = {
        (r["level"], r["scope_id"]): r["amount_change"]
        for r in changes
        if r["level"] == "branch"
    }
    assert told == {
        ("branch", "B1"): 80,
        ("branch", "B2"): -40,
        ("branch", "unclaimed"): -40,
    }
    assert sum(r["amount_change"] for r in changes if r["level"] == "manager") == 0
    assert not [r for r in changes if r["level"] in ("year", "month")]
    assert (
        "revenue,branch,B1,310.00"
        in (planning / "out" / "2026-01" / "target.csv").read_text()
    )
    third = plan_it(plan_of())  # back to the first key under its own name
    assert third.version.number == 3 and len(read(third.version, "plan_change")) == len(
        read(second.version, "plan_change")
    )


def test_another_key_under_the_same_name_is_refused(
    plan_it: Make, planning: Path
) -> None:
    plan_it(plan_of())
    error = refused(plan_it, key_of(by_branch={"weights": {"B1": 1, "B2": 1}}))
    assert isinstance(error, SpecError) and (error.key, error.facts["version"]) == (
        "plan.key_changed",
        1,
    )
    assert [v.number for v in PlanFolder(planning / "home", 2026).versions()] == [1]


@pytest.mark.slow
def test_a_held_month_that_was_made_again_alike_is_no_new_plan(
    plan_it: Make, planning: Path
) -> None:
    plan_it(plan_of())
    run_town(
        planning / "home", town(DECEMBER), planning / "source", small_denominator=7
    )
    assert MonthFolder(planning / "home", DECEMBER).version().number == 2
    assert not plan_it(plan_of()).is_new
    run_town(planning / "home", town(DECEMBER, ann="200.00"), planning / "source")
    assert plan_it(plan_of()).is_new


# -- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "scope"),
    [
        ({"by_branch": {"weights": {"B1": 1, "B2": 1, "B9": 1}}}, "plan.unknown_scope", "B9"),
        ({"by_branch": {"weights": {"B1": 1}}}, "plan.scope_missing", "B2"),
        ({"by_manager": {"weights": {"B1": {"M1": 1}, "B2": {"M1": 1}}}}, "plan.unknown_scope", "B2/M1"),
        ({"by_manager": {"weights": {"B1": {"M1": 1}, "B9": {"M1": 1}}}}, "plan.unknown_scope", "B9"),
        ({"by_branch": {"weights": {"B1": -1, "B2": 1}}}, "plan.negative_weight", "B1"),
    ],
)  # fmt: skip
def test_scopes_that_do_not_fit_are_refused_by_name(
    plan_it: Make, changes: dict[str, Any], error: str, scope: str
) -> None:
    found = refused(plan_it, key_of(**changes))
    assert isinstance(found, SpecError) and (found.key, found.facts["scope"]) == (
        error,
        scope,
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"by_month": {"weights": [0] * 12}}, "measures.revenue.key.by_month"),
        ({"by_branch": {"weights": {"B1": 0, "B2": 0}}}, "measures.revenue.key.by_branch"),
        ({"by_manager": {"weights": {"B1": {"M1": 1}}}}, "measures.revenue.key.by_manager.B2"),
        ({"by_manager": {"weights": {"B1": {"M1": 0}, "B2": {"M3": 1}}}}, "measures.revenue.key.by_manager.B1"),
    ],
)  # fmt: skip
def test_a_part_that_nobody_can_take_is_refused(
    plan_it: Make, changes: dict[str, Any], where: str
) -> None:
    found = refused(plan_it, key_of(**changes))
    assert (found.key, found.facts["where"]) == ("plan.no_weight", where)


def test_months_that_are_not_held_are_named(plan_it: Make, planning: Path) -> None:
    error = refused(plan_it, plan_of(month="2024-12"))
    assert isinstance(error, UsageError) and error.key == "month.not_held"
    error = refused(plan_it, key_of(by_month={"year_before": "revenue"}))
    assert error.key == "plan.months_not_held" and error.facts["months"] == ", ".join(
        f"2025-{n:02d}" for n in range(1, 12)
    )
    assert (
        not (planning / "out").exists()
        and PlanFolder(planning / "home", 2026).current() is None
    )


def test_a_target_table_of_somebody_else_is_not_written_over(
    plan_it: Make, planning: Path
) -> None:
    other = planning / "out" / "2026-02" / "target.xlsx"
    other.parent.mkdir(parents=True)
    other.write_text("the operator's own")
    error = refused(plan_it, plan_of())
    assert (error.key, error.facts["file"]) == (
        "plan.target_there",
        "2026-02/target.xlsx",
    )
    other.rename(other.with_name("target.csv"))
    assert refused(plan_it, plan_of()).key == "plan.target_there"
    assert [p.name for p in (planning / "out").rglob("*.*")] == ["target.csv"]
    assert PlanFolder(planning / "home", 2026).current() is None


def test_a_plan_that_has_no_target_any_more_leaves_none_behind(
    plan_it: Make, planning: Path
) -> None:
    plan_it(plan_of())
    (planning / "out" / "2026-05" / "target.csv").write_text("changed by hand")
    plan_it(plan_of(measures={"vnet_members": REVENUE}))
    assert [
        str(p.relative_to(planning / "out")) for p in (planning / "out").glob("*/*")
    ] == ["2026-05/target.csv"]


def test_two_targets_for_one_scope_are_refused(plan_it: Make) -> None:
    twice = [
        {"kpi": "churn_rate", "scope_kind": kind, "value": 1}
        for kind in ("branch", "branch")
    ]
    error = refused(plan_it, plan_of(handed_down=twice))
    assert (error.key, error.facts["scope"]) == ("plan.twice", "branch:B1")


# -- delivered ---------------------------------------------------------------------------------------------------


LINES: dict[str, Any] = {
    "total": 2400,
    "key": {
        name: {"measure": "private_line_revenue"}
        for name in ("by_branch", "by_manager")
    },
}


@pytest.mark.slow
def test_months_run_with_the_plan_s_targets_compute_what_reads_them(
    plan_it: Make, planning: Path
) -> None:
    lines = LINES | {"key": LINES["key"] | {"version": "2026-1", "by_month": EVEN}}
    measures = {
        "revenue": REVENUE,
        "private_line_revenue": lines,
        "vnet_members": REVENUE,
    }
    made = plan_it(plan_of(measures=measures, handed_down=HANDED_DOWN), out="source")
    assert len(made.targets) == 12
    run_town(planning / "home", town(Month(2026, 1), ann="200.00"), planning / "source")
    version = run_town(planning / "home", town(Month(2026, 2)), planning / "source")
    assert (
        not read(version, "snapshot_quarantine")
        and only(read(version, "snapshot_intake", table="target"))["quarantined"] == 0
    )

    rows = [
        r
        for r in read(version, "kpi_monthly")
        if r["is_default"] or r["variant"] == "touch_point"
    ]

    def told(kpi: str, kind: str, field: str = "value") -> dict[str, Any]:
        return {
            r["scope_id"]: r[field]
            for r in rows
            if (r["kpi"], r["scope_kind"]) == (kpi, kind)
        }

    assert told("revenue_completion", "company", "denominator") == {"company": 1240}
    assert told("revenue_completion", "company") == {
        "company": pytest.approx(1340 / 1240)
    }
    assert told("revenue_completion", "branch", "denominator") == {
        "B1": 460,
        "B2": 700,
        "unclaimed": 80,
    }
    assert told("revenue_completion", "manager", "denominator") == {
        "M1": 240,
        "M2": 100,
        "M3": 700,
        "unclaimed": 200,
    }
    assert told("revenue_completion", "manager")["M1"] == pytest.approx(340 / 240)
    assert (
        told("private_line_score", "branch")["B2"] == 10
        and told("private_line_score", "manager")["M3"] == 10
    )
    assert told("complaint_rate", "company", "target")["company"] == 26
    assert told("complaint_rate", "touch_point", "target") == {
        "hall": 1500,
        "unclaimed": None,
    }
    assert told("unclaimed_rate", "branch", "target") == {
        "B1": 0.25,
        "B2": 0.25,
        "unclaimed": None,
    }


def test_target_tables_that_are_gone_are_written_again(
    plan_it: Make, planning: Path
) -> None:
    plan_it(plan_of())
    before = bytes_of(planning / "out")
    shutil.rmtree(planning / "out")
    assert not plan_it(plan_of()).is_new and bytes_of(planning / "out") == before


def test_a_target_is_a_row_of_the_contract(plan_it: Make, planning: Path) -> None:
    plan_it(plan_of(handed_down=HANDED_DOWN))
    lines = (planning / "out" / "2026-02" / "target.csv").read_text().splitlines()
    assert lines[0].split(",") == list(row("target"))
    assert (
        "complaint_rate,touch_point,hall,1500" in lines
        and "revenue,manager,unclaimed,100.00" in lines
    )
