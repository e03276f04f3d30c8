"""Appraisal and pay by hand: pay = base × coefficient × score ÷ 100, quarters, years, fees of verified outcomes, expenses."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from pipelines.catalogue.spec import load_room_specs
from pipelines.core.month import Month
from pipelines.documents.workbooks.pay import export_pay
from pipelines.store.lake import MonthFolder
from tests.support.small import (
    MONTH,
    Row,
    Town,
    none_of,
    only,
    read,
    room_context,
    run_town,
)

MAY = Month.parse("2026-05")
DECEMBER = Month.parse("2026-12")
_POINTS = pa.decimal128(18, 6)
_SHEET = pa.schema(
    [
        *[(name, pa.string()) for name in ("employee_id", "role", "department_id")],
        ("base_amount", pa.decimal128(18, 2)),
        *[
            (name, _POINTS)
            for name in ("coefficient", "score", "bonus_points", "deduction_points")
        ],
        *[
            (name, _POINTS)
            for name in (
                "department_score",
                "review_leader",
                "review_heads",
                "review_staff",
            )
        ],
        *[
            (name, pa.bool_())
            for name in ("is_outstanding", "is_on_probation", "has_certificate")
        ],
    ]
)
_HISTORY = pa.schema(
    [("employee_id", pa.string()), ("month", pa.string()), ("total_score", _POINTS)]
)
_GRADES = pa.schema(
    [("employee_id", pa.string()), ("year", pa.int32()), ("role", pa.string()), ("year_score", pa.float64()), ("grade", pa.string())]
)  # fmt: skip
Given = Mapping[str, list[Row] | pa.Table | str]


def sheet(who: str = "E1", /, **said: object) -> Row:
    row: Row = {
        "employee_id": who,
        "role": "staff",
        "department_id": "D1",
        "base_amount": "3000.00",
        "coefficient": "1",
    }
    row |= {"score": "100", "has_certificate": True, "is_on_probation": False} | said
    numbers = {n for n in _SHEET.names if pa.types.is_decimal(_SHEET.field(n).type)}
    return {
        n: Decimal(str(v)) if n in numbers and v is not None else v
        for n, v in row.items()
    }


def scores(*rows: tuple[str, str]) -> pa.Table:
    said = [
        {"employee_id": "E1", "month": month, "total_score": Decimal(score)}
        for month, score in rows
    ]
    return pa.Table.from_pylist(said, schema=_HISTORY)


def sheets(folder: Path, month: Month, *rows: Row, **more: object) -> Path:
    """Compute the room's sheets on what employees' sheets say."""
    given: dict[str, object] = {
        "snapshot_appraisal_input": pa.Table.from_pylist(list(rows), schema=_SHEET)
    }
    given |= {name.replace("prior_", "prior."): rows for name, rows in more.items()}
    given.setdefault("feedback_outcome", "not held")
    given.setdefault("snapshot_expense_claim", "absent: expense_claim")
    with room_context(folder, given, month) as context:
        for spec in load_room_specs("report"):
            context.compute(spec)
    return folder


@pytest.mark.parametrize(
    ("said", "state", "pay"),
    [
        ({}, "paid", "3000.00"),
        ({"coefficient": "1.3", "score": "92.5"}, "paid", "3607.50"),
        (
            {"score": "90", "bonus_points": "10", "deduction_points": "2.5"},
            "paid",
            "2925.00",
        ),
        (
            {"base_amount": "3333.33", "coefficient": "0.7", "score": "88.8"},
            "paid",
            "2072.00",
        ),  # 2071.997928
        ({"has_certificate": False}, "paid", "1500.00"),
        ({"is_on_probation": True}, "on_probation", "0.00"),
        ({"score": None}, "not_appraised", None),
        ({"base_amount": None}, "no_base", None),
        ({"coefficient": "5"}, "bad_coefficient", None),
        ({"coefficient": "0.49"}, "bad_coefficient", None),
        ({"coefficient": "4.9"}, "paid", "14700.00"),
    ],
)
def test_pay_of_a_month(tmp_path: Path, said: Row, state: str, pay: str | None) -> None:
    row = only(read(sheets(tmp_path, MAY, sheet(**said)), "report_pay"))
    assert (row["state"], row["pay_amount"]) == (state, pay and Decimal(pay))


@pytest.mark.parametrize(
    ("quarter", "factor"),
    [
        (["95", "96", "99"], "1.1"),
        (["95", "94.9", "99"], "1"),
        (["79", "70", "79.9"], "0.9"),
        (["79", "70", "80"], "1"),
        (["96", "96"], "1"),  # a month without a sheet is no month of 95
    ],
)
def test_the_quarter_before_counts_for_the_next(
    tmp_path: Path, quarter: list[str], factor: str
) -> None:
    held = scores(
        *zip(("2026-01", "2026-02", "2026-03"), quarter, strict=False),
        ("2026-04", "10"),
    )
    row = only(
        read(sheets(tmp_path, MAY, sheet(), prior_report_appraisal=held), "report_pay")
    )
    assert row["quarter_factor"] == Decimal(factor)
    assert row["pay_amount"] == Decimal("3000.00") * Decimal(factor)


def test_scores_are_carried_for_a_year(tmp_path: Path) -> None:
    held = scores(
        ("2025-04", "50"), ("2025-05", "60"), ("2026-04", "70"), ("2026-05", "1")
    )
    rows = read(
        sheets(tmp_path, MAY, sheet(score="88"), prior_report_appraisal=held),
        "report_appraisal",
    )
    assert [(r["month"], r["total_score"]) for r in rows] == [
        ("2025-05", 60),
        ("2026-04", 70),
        ("2026-05", 88),
    ]


def test_a_month_without_sheets_keeps_the_scores(tmp_path: Path) -> None:
    given: Given = {
        "snapshot_appraisal_input": "absent: appraisal_input",
        "prior.report_appraisal": scores(("2026-04", "70")),
        "feedback_outcome": "not held",
        "snapshot_expense_claim": "absent: expense_claim",
    }
    with room_context(tmp_path, given, MAY) as context:
        for spec in load_room_specs("report"):
            context.compute(spec)
        assert context.entries["report_pay"].to_json()["reasons"] == [
            "absent: appraisal_input"
        ]
    assert len(read(tmp_path, "report_appraisal")) == 1


@pytest.mark.parametrize(
    ("said", "year_score", "grade", "share", "change"),
    [
        # 0.7 × 96 + 0.3 × (0.6 × 100 + 0.2 × 90 + 0.2 × 85) = 67.2 + 28.5
        ({"role": "head", "department_score": "96", "review_leader": "100", "review_heads": "90", "review_staff": "85"},
         "95.7", "excellent", "1", "0.1"),
        ({"role": "deputy_head", "department_score": "96", "review_leader": "100", "review_heads": "90",
          "review_staff": "85", "is_outstanding": True}, "95.7", "outstanding", "1", "0.2"),
        # 0.2 × 90 + 0.6 × (80 + 90) / 2 + 0.2 × (0.6 × 80 + 0.4 × 95) = 18 + 51 + 17.2
        ({"department_score": "90", "score": "90", "review_heads": "80", "review_staff": "95"},
         "86.2", "competent", "1", "0"),
        ({"department_score": "60", "score": "70", "review_heads": "60", "review_staff": "60"},
         "69", "basically_competent", "0.9", "-0.1"),
        ({"department_score": "20", "score": "20", "review_heads": "20", "review_staff": "20"},
         "38", "not_competent", "0.5", None),
        ({"department_score": "90"}, None, "not_appraised", None, None),
    ],
)  # fmt: skip
def test_a_years_grade(
    tmp_path: Path,
    said: Row,
    year_score: str | None,
    grade: str,
    share: str | None,
    change: str | None,
) -> None:
    folder = sheets(
        tmp_path,
        DECEMBER,
        sheet(**said),
        prior_report_appraisal=scores(("2026-11", "80"), ("2025-12", "1")),
    )
    row = only(read(folder, "report_grade"))
    assert (row["year_score"], row["grade"]) == (
        year_score and pytest.approx(float(year_score)),
        grade,
    )
    assert (row["payout_share"], row["coefficient_change"]) == (
        share and Decimal(share),
        change and Decimal(change),
    )


@pytest.mark.parametrize(
    ("before", "now", "consequence"),
    [
        ([], "60", None),
        (["basically_competent"], "60", "post_pay_down"),
        (["basically_competent", "basically_competent"], "60", "trial"),
        (["excellent"], "100", "talent_pool"),
        ([], "100", None),
        (["competent"], "10", "pay_stops"),
    ],
)
def test_years_add_up(
    tmp_path: Path, before: list[str], now: str, consequence: str | None
) -> None:
    held = [
        {
            "employee_id": "E1",
            "year": 2026 - len(before) + n,
            "role": "head",
            "year_score": None,
            "grade": grade,
        }
        for n, grade in enumerate(before)
    ]
    marks = dict.fromkeys(
        ("department_score", "review_leader", "review_heads", "review_staff"), now
    )
    grades = pa.Table.from_pylist(held, schema=_GRADES)
    folder = sheets(
        tmp_path, DECEMBER, sheet(role="head", **marks), prior_report_grade=grades
    )
    assert only(read(folder, "report_grade", year=2026))["consequence"] == consequence
    assert len(read(folder, "report_grade")) == len(before) + 1


def test_no_pay_in_the_year_after_a_bad_one(tmp_path: Path) -> None:
    grade = {
        "employee_id": "E1",
        "year": 2025,
        "role": "staff",
        "year_score": 50.0,
        "grade": "not_competent",
    }
    grades = pa.Table.from_pylist([grade], schema=_GRADES)
    folder = sheets(tmp_path, MAY, sheet(), sheet("E2"), prior_report_grade=grades)
    assert {
        r["employee_id"]: (r["state"], r["pay_amount"])
        for r in read(folder, "report_pay")
    } == {
        "E1": ("stopped", 0),
        "E2": ("paid", 3000),
    }
    assert (
        len(read(folder, "report_grade")) == 1
    )  # carried, and none made before December


def test_fees_are_for_what_was_verified(tmp_path: Path) -> None:
    said = [
        ("O1", "M1", "treated", True, True), ("O2", "M1", "treated", True, False), ("O3", "M1", "treated", False, True),
        ("O4", "M1", "holdout", False, True), ("O5", None, "treated", True, True), ("O6", "M2", "treated", True, None),
    ]  # fmt: skip
    outcomes = [
        {"order_id": order, "manager_id": manager, "list": "arrears", "arm": arm, "is_claimed": claimed, "is_verified": verified,
         "outcome": "paid", "contacted_on": MAY.first_day, "due_on": MAY.last_day}
        for order, manager, arm, claimed, verified in said
    ]  # fmt: skip
    rows = read(sheets(tmp_path, MAY, sheet(), feedback_outcome=outcomes), "report_fee")
    names = (
        "manager_id",
        "order_count",
        "claimed_count",
        "verified_count",
        "fee_amount",
    )
    assert [tuple(r[n] for n in names) for r in rows] == [
        ("M1", 3, 2, 1, 10),
        ("M2", 1, 1, 0, 0),
    ]


def test_expenses_are_tied_to_orders(tmp_path: Path) -> None:
    claims = [
        {"claim_id": f"C{n}", "manager_id": "M1", "order_id": order, "claimed_on": MAY.last_day, "amount": Decimal(30), "purpose": "gift"}
        for n, order in enumerate([None, "O1", "O2", "O3", "O9"])
    ]  # fmt: skip
    orders = [
        {
            "order_id": order,
            "customer_id": order.lower(),
            "manager_id": manager,
            "list": "renewal",
            "arm": arm,
        }
        for order, manager, arm in (
            ("O1", "M1", "treated"),
            ("O2", "M2", "treated"),
            ("O3", "M1", "holdout"),
        )
    ]
    more = {
        "m1.dispatch_order": orders,
        "snapshot_expense_claim": claims,
        "m2.dispatch_order": none_of(*orders[0]),
    }
    rows = read(sheets(tmp_path, MAY, sheet(), **more), "report_expense")
    states = {r["claim_id"]: r["state"] for r in rows}
    assert states == {
        "C0": "no_order", "C1": "tied", "C2": "other_manager", "C3": "order_unknown", "C4": "order_unknown",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("绩效工资", "计发")), ("en", ("Performance pay", "paid"))],
)
def test_the_workbook_of_pay(
    tmp_path: Path, language: str, words: tuple[str, str]
) -> None:
    town = (
        Town()
        .person("ann")
        .add(
            "appraisal_input",
            **{n: str(v) for n, v in sheet().items() if n != "has_certificate"},
        )
    )
    run_town(tmp_path / "home", town)
    (book,) = export_pay(
        MonthFolder(tmp_path / "home", MONTH), tmp_path / "out", language
    )
    assert book.stat().st_mode & 0o077 == 0
    opened = openpyxl.load_workbook(book)
    cells = [
        str(cell)
        for row in opened[words[0]].iter_rows(values_only=True)
        for cell in row
    ]
    assert words[1] in cells
    assert "3000" in cells
