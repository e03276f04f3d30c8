"""The operation view: cohort, revenue kept, what keeping cost, and what it brought.

What it brought is told against the hold-out, unit by unit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, TypedDict, cast

from models.judging.sequences import Arm, revenue_effect, verdict
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.report.rows import read_ordered
from pipelines.text.units import round_to_fen


class OperationSum(TypedDict):
    """A row of `report_operation_sum`; sums of the arms are of all months."""

    scope_kind: str
    scope_id: str
    cohort_customer_count: int
    cohort_billed_count: int
    base_revenue: Decimal
    kept_revenue: Decimal
    order_count: int
    fee_amount: Decimal
    expense_amount: Decimal
    month_count: int
    cost_month_count: int
    total_cost_amount: Decimal
    treated_order_count: int
    treated_revenue_sum: Decimal
    treated_square_sum: Decimal
    holdout_order_count: int
    holdout_revenue_sum: Decimal
    holdout_square_sum: Decimal


class Increment(NamedTuple):
    """What the treated brought more than the hold-out, yuan, and its bounds; None of too few."""

    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    state: str


def write_operation(context: Context) -> None:
    """Write `report_operation`: company, branches and units, yuan.

    `total_cost_amount` and what follows are of all months. The increment is the change of revenue
    in the month after an order, treated against hold-out, with bounds that hold at every look. It
    is empty while an arm has too few; costs are where a month's expense claims were not delivered.
    """
    if not context.is_computed("report_operation_sum"):
        reasons = context.missing_reasons("report_operation_sum")
        context.record_missing("report_operation", reasons)
        return
    sums = cast("list[OperationSum]", read_ordered(context, "report_operation_sum"))
    rows = [_view_scope(row) for row in sums]
    write_made_rows(context, "report_operation", rows)


def _view_scope(row: OperationSum) -> dict[str, object]:
    """Return a row of `report_operation`; sums that it does not declare come too."""
    increment = _compare_arms(row)
    is_cost_known = row["month_count"] == row["cost_month_count"]
    cost = row["total_cost_amount"] if is_cost_known else None
    net = None
    if cost is not None and increment.value is not None:
        net = increment.value - cost

    view: dict[str, object] = {**row}
    view["total_cost_amount"] = cost
    view["incremental_amount"] = increment.value
    view["low_amount"] = increment.low
    view["high_amount"] = increment.high
    view["net_amount"] = net
    view["effect_state"] = increment.state
    return view


def _compare_arms(row: OperationSum) -> Increment:
    """Say what the treated brought more, with bounds that hold at every look."""
    treated = Arm(
        orders=row["treated_order_count"],
        revenue=float(row["treated_revenue_sum"]),
        revenue_square=float(row["treated_square_sum"]),
    )
    holdout = Arm(
        orders=row["holdout_order_count"],
        revenue=float(row["holdout_revenue_sum"]),
        revenue_square=float(row["holdout_square_sum"]),
    )
    effect = revenue_effect(treated, holdout)
    state = verdict(effect)
    if not effect:
        return Increment(None, None, None, state)
    return Increment(
        value=round_to_fen(effect.value),
        low=round_to_fen(effect.low),
        high=round_to_fen(effect.high),
        state=state,
    )
