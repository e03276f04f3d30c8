"""The operation view: what keeping cost and what it brought, unit by unit, and what is said where too little is known."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from models.judging.sequences import Arm, revenue_effect
from pipelines.documents.workbooks.export import export_month
from pipelines.rooms.report.operation import write_operation
from pipelines.store.lake import MonthFolder
from tests.support.scored import scored_operator
from tests.support.small import Row, only, read, room_context, yuan

_SQUARE = pa.decimal128(38, 4)
_COUNTS = ("cohort_customer_count", "cohort_billed_count", "order_count", "treated_order_count", "holdout_order_count",
           "month_count", "cost_month_count")  # fmt: skip
_AMOUNTS = ("base_revenue", "kept_revenue", "fee_amount", "expense_amount", "total_cost_amount", "treated_revenue_sum",
            "holdout_revenue_sum")  # fmt: skip
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("scope_kind", "scope_id")),
        *((name, pa.int32()) for name in _COUNTS),
        *((name, pa.decimal128(28, 2)) for name in _AMOUNTS),
        *((name, _SQUARE) for name in ("treated_square_sum", "holdout_square_sum")),
    ]
)


def unit_of(folder: Path, **said: object) -> Row:
    """The view of one unit whose sums are these."""
    sums = [n for n in _SCHEMA.names if n.endswith("_sum")]
    row: Row = {**dict.fromkeys(_COUNTS, 0), **dict.fromkeys(sums, Decimal(0))}
    row |= {
        "scope_kind": "unit",
        "scope_id": "U1",
        "total_cost_amount": Decimal(0),
    } | said
    with room_context(
        folder, {"report_operation_sum": pa.Table.from_pylist([row], schema=_SCHEMA)}
    ) as context:
        write_operation(context)
    return only(read(folder, "report_operation"))


def arms(orders: int, each: int, holdout: int) -> dict[str, object]:
    """Every other treated order brings twice `each`, the others nothing; the hold-out's revenue stays what it was."""
    sums = {
        "treated_revenue_sum": Decimal(orders * each),
        "treated_square_sum": Decimal(orders * 2 * each * each),
    }
    return {
        "treated_order_count": orders,
        "holdout_order_count": holdout,
        "holdout_square_sum": Decimal(holdout),
        **sums,
    }


def test_the_increment_less_its_cost(tmp_path: Path) -> None:
    unit = unit_of(
        tmp_path,
        **arms(4000, 10, 400),
        month_count=3,
        cost_month_count=3,
        total_cost_amount=yuan("1234.50"),
    )
    assert (unit["incremental_amount"], unit["net_amount"]) == (
        yuan("40000.00"),
        yuan("38765.50"),
    )
    assert unit["low_amount"] > 0 and unit["effect_state"] == "helps"
    expected = revenue_effect(
        Arm(4000, 0, 40_000.0, 800_000.0), Arm(400, 0, 0.0, 400.0)
    )
    assert expected is not None and float(unit["high_amount"]) == pytest.approx(
        expected.high, abs=0.01
    )


def test_what_loses_revenue_is_said(tmp_path: Path) -> None:
    assert unit_of(tmp_path, **arms(4000, -10, 400))["effect_state"] == "harms"


@pytest.mark.parametrize(("holdout", "state"), [(29, "too_few"), (30, "open")])
def test_a_unit_that_holds_out_too_few_has_no_increment(
    holdout: int, state: str, tmp_path: Path
) -> None:
    scattered = arms(300, 1, holdout) | {"treated_square_sum": Decimal(3_000_000)}
    unit = unit_of(tmp_path, **scattered, month_count=1, cost_month_count=1)
    assert unit["effect_state"] == state
    assert (
        (unit["incremental_amount"] is None)
        == (unit["net_amount"] is None)
        == (state == "too_few")
    )
    assert unit["total_cost_amount"] == 0


def test_a_month_without_expense_claims_leaves_the_cost_unknown(tmp_path: Path) -> None:
    unit = unit_of(
        tmp_path,
        **arms(300, 1, 300),
        month_count=3,
        cost_month_count=2,
        fee_amount=yuan("10.00"),
    )
    assert (unit["total_cost_amount"], unit["net_amount"]) == (None, None)
    assert unit["incremental_amount"] == yuan("300.00") and unit["fee_amount"] == yuan(
        "10.00"
    )


def test_parts_add_up_to_the_company_and_to_the_bridge() -> None:
    version = scored_operator().version
    view = read(version, "report_operation")
    company = only([row for row in view if row["scope_kind"] == "company"])
    assert (
        company["cohort_customer_count"] == len(read(version, "features_cohort")) > 100
    )
    for name in (
        "cohort_customer_count",
        "cohort_billed_count",
        "base_revenue",
        "kept_revenue",
    ):
        for kind in ("branch", "unit"):
            assert (
                sum(row[name] for row in view if row["scope_kind"] == kind)
                == company[name]
            )
    bridge = {
        r["step"]: r["amount"]
        for r in read(version, "kpi_bridge", scope_kind="company")
    }
    assert (company["base_revenue"], company["kept_revenue"]) == (
        bridge["base"],
        bridge["current"],
    )


def test_the_company_book_has_a_sheet_of_it(tmp_path: Path) -> None:
    operator = scored_operator()
    folder = MonthFolder(operator.home, operator.version.month)
    path = next(
        p
        for p in export_month(folder, tmp_path, "zh")
        if p.name.endswith("_company.xlsx")
    )
    rows = list(
        openpyxl.load_workbook(path, read_only=True)["运营视图"].iter_rows(
            values_only=True
        )
    )
    assert "样本太少" in {row[-1] for row in rows} and len(rows) >= len(
        read(operator.version, "report_operation")
    )
