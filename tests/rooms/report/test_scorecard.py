"""Managers' scorecards by hand: weights, over-achievement, deductions, and who is not appraised."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from pipelines.catalogue.scorecard import load_rules
from pipelines.core.errors import SpecError
from pipelines.documents.workbooks.pay import export_pay
from pipelines.rooms.report.scorecard import measure_achievement, write_scorecards
from pipelines.store.lake import MonthFolder
from tests.support.small import MONTH, Row, Town, only, read, room_context, run_town

_KPI = pa.schema(
    [
        *[
            (name, pa.string())
            for name in ("kpi", "variant", "scope_kind", "scope_id", "status")
        ],
        *[(name, pa.float64()) for name in ("value", "target")],
    ]
)
_LOST = pa.schema(
    [("manager_id", pa.string()), ("cause", pa.string()), ("event_count", pa.int32())]
)
ALL = (
    ("cohort_retention_rate", "billed", 0.9, 0.9),  # 25 × 1
    ("revenue_retention_rate", "net", 1.2, 0.8),  # 20 × 1.1: 1.5 is capped
    ("arrears_rate", "t1_amount", 0.03, 0.02),  # 15 × 0.5: half as much again as may be
    ("vip_card_holding_rate", "holding", 0.4, 0.8),  # 10 × 0.5
    (
        "zero_usage_rate",
        "all",
        0.5,
        0.1,
    ),  # 10 × 0: five times as much is worth nothing, not less
    ("contact_rate", "reached", 0.9, 0.9),  # 10 × 1
    ("success_rate", "contacted", 0.3, 0.3),  # 10 × 1
)  # 79.5 in all


def kpi(
    name: str,
    variant: str,
    value: float | None,
    target: float | None,
    scope: str = "manager M1",
    **more: str,
) -> Row:
    kind, where = scope.split()
    row = {
        "kpi": name,
        "variant": variant,
        "scope_kind": kind,
        "scope_id": where,
        "value": value,
        "target": target,
    }
    return row | {"status": "released"} | more


def score(folder: Path, rows: list[Row], *events: tuple[str, str, int]) -> Row:
    lost = [
        {"manager_id": who, "cause": cause, "event_count": count}
        for who, cause, count in events
    ]
    given = {
        "features_owner": [
            {"customer_id": "ann", "manager_id": "M1", "branch_id": "B1"}
        ],
        "snapshot_account_manager": [
            {"manager_id": "M1", "branch_id": "B1", "is_active": True}
        ],
        "kpi_monthly": pa.Table.from_pylist(rows, schema=_KPI),
        "report_deduction": pa.Table.from_pylist(lost, schema=_LOST),
    }
    with room_context(folder, given, MONTH) as context:
        write_scorecards(context)
    return only(read(folder, "report_scorecard"))


@pytest.mark.parametrize(
    ("value", "target", "better", "reached"),
    [
        (0.87, 0.80, "higher", 1.0875),
        (0.02, 0.02, "lower", 1),
        (0.01, 0.02, "lower", 1.5),
        (0.05, 0.02, "lower", 0),
        (-0.1, 0.8, "higher", 0),
        (0.0, 0.0, "lower", 1),
        (0.1, 0.0, "lower", 0),
    ],
)
def test_how_far_a_target_is_reached(
    value: float, target: float, better: str, reached: float
) -> None:
    assert measure_achievement(value, target, better) == pytest.approx(reached)


def test_a_score_is_weights_by_achievement_capped(tmp_path: Path) -> None:
    card = score(tmp_path, [kpi(*one) for one in ALL])
    assert (card["state"], card["judged_weight"], card["deducted_points"]) == (
        "appraised",
        100,
        0,
    )
    assert card["total_score"] == pytest.approx(79.5)
    lines = {r["kpi"]: r["points"] for r in read(tmp_path, "report_scorecard_line")}
    assert list(map(round, lines.values(), [6] * 7)) == [7.5, 25, 10, 22, 10, 5, 0]


def test_what_was_withheld_or_has_no_target_is_taken_from_nobody(
    tmp_path: Path,
) -> None:
    rows = [kpi(*one) for one in ALL]
    rows[4] |= {"status": "withheld"}
    rows[6] |= {"target": None}
    card = score(tmp_path, rows)
    assert (card["judged_weight"], card["reached_score"]) == (
        80,
        pytest.approx(100 * 69.5 / 80),
    )
    states = {
        r["kpi"]: (r["state"], r["points"])
        for r in read(tmp_path, "report_scorecard_line")
    }
    assert states["zero_usage_rate"] == ("withheld", None)
    assert states["success_rate"] == ("no_target", None)


def test_who_is_judged_by_too_little_is_not_appraised(tmp_path: Path) -> None:
    card = score(tmp_path, [kpi(*one) for one in ALL[:2]], ("M1", "claim_refuted", 3))
    assert (card["state"], card["judged_weight"], card["total_score"]) == (
        "not_appraised",
        45,
        None,
    )
    assert card["deducted_points"] == 3


def test_a_target_is_the_managers_else_his_branchs_else_the_companys(
    tmp_path: Path,
) -> None:
    rows = [kpi(*one) for one in ALL]
    rows[0] |= {"target": None}
    rows[1] |= {"target": None}
    rows += [kpi("cohort_retention_rate", "billed", 0.5, 0.75, "branch B1")]
    rows += [kpi("cohort_retention_rate", "billed", 0.5, 0.6, "company company")]
    rows += [kpi("revenue_retention_rate", "net", 0.5, 2.4, "company company")]
    score(tmp_path, rows)
    targets = {r["kpi"]: r["target"] for r in read(tmp_path, "report_scorecard_line")}
    assert (targets["cohort_retention_rate"], targets["revenue_retention_rate"]) == (
        0.75,
        2.4,
    )
    assert targets["contact_rate"] == 0.9


@pytest.mark.parametrize(("count", "lost"), [(3, 3), (100, 20)])
def test_deductions_are_points_an_event_and_no_more_than_the_most(
    tmp_path: Path, count: int, lost: float
) -> None:
    card = score(
        tmp_path,
        [kpi(*one) for one in ALL],
        ("M1", "claim_refuted", count),
        ("M2", "claim_refuted", 9),
    )
    assert (card["deducted_points"], card["total_score"]) == (
        lost,
        pytest.approx(79.5 - lost),
    )
    assert "feedback_outcome" in card["not_counted"]


def test_an_installation_changes_what_it_names(tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(
        "weights: {arrears_rate.t1_amount: 60, churn_rate.start_base: 40}\ncap: 1.2\n"
    )
    rules = load_rules(own)
    assert (set(rules.weights), rules.cap) == (
        {"arrears_rate.t1_amount", "churn_rate.start_base"},
        1.2,
    )
    assert rules.deductions == load_rules(None).deductions
    assert len(rules.deductions) == 10


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("weights: {arrears_rate.t1_amount: 60}", "total=60"),
        ("weights: {no_such.kpi: 100}", "no_such.kpi"),
        ("deductions: {no_such_cause: 1}", "no_such_cause"),
        ("cap: 0.5", "≥ 1.0"),
        ("colour: red", "unknown_key"),
        ("weights: ]", "did not find"),
        ("- 1", ""),
    ],
)
def test_a_file_that_cannot_be_followed_is_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    own = tmp_path / "own.yml"
    own.write_text(text)
    with pytest.raises(SpecError) as caught:
        load_rules(own)
    assert (
        caught.value.key in ("written.bad", "yaml.bad")
        and caught.value.facts["line"] == 1
    )
    assert why in f"{caught.value.facts['why']} {caught.value.facts.get('place')}"


def test_a_month_has_them_its_owners_alone(tmp_path: Path) -> None:
    town = (
        Town()
        .person("ann")
        .person("bob", manager="M3", branch="B2")
        .header_only("receivable", "vip_card")
    )
    for name in ("vip_card_holding_rate", "zero_usage_rate"):
        town.add(
            "target",
            kpi=name,
            scope_kind="company",
            scope_id="company",
            target_value=Decimal("0.5"),
        )
    home = tmp_path / "home"
    version = run_town(home, town)
    states = {
        r["manager_id"]: (r["state"], r["judged_weight"])
        for r in read(version, "report_scorecard")
    }
    assert states == {
        "M1": ("not_appraised", 20),
        "M2": ("not_appraised", 0),
        "M3": ("not_appraised", 20),
    }
    assert {path.stat().st_mode & 0o777 for path in version.path.glob("*.parquet")} == {
        0o600
    }
    (book,) = export_pay(MonthFolder(home, MONTH), tmp_path / "out", "zh")
    cells = {
        cell
        for line in openpyxl.load_workbook(book)["经理计分卡"].iter_rows(
            values_only=True
        )
        for cell in line
    }
    assert {"M1", "未考核", 20} <= cells


def test_without_owners_nobody_is_scored_and_it_says_so(tmp_path: Path) -> None:
    version = run_town(tmp_path / "home", Town().person("ann").without("ownership"))
    entry = version.manifest["tables"]["report_scorecard"]
    assert (entry["status"], entry["reasons"]) == (
        "not_computed",
        ["absent: ownership"],
    )
