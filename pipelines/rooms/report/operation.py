"""The operation view: cohort, revenue kept, what keeping cost, and what it brought against the hold-out, unit by unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa

from models.judging.sequences import Arm, revenue_effect, verdict
from pipelines.rooms.context import Context
from pipelines.text.units import yuan

Row = dict[str, Any]
_MONEY = pa.decimal128(18, 2)
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("scope_kind", "scope_id")),
        *((name, pa.int32()) for name in ("cohort_customer_count", "cohort_billed_count")),
        *((name, _MONEY) for name in ("base_revenue", "kept_revenue")),
        ("order_count", pa.int32()),
        *((name, _MONEY) for name in ("fee_amount", "expense_amount")),
        *(
            (name, pa.int32())
            for name in ("month_count", "treated_order_count", "holdout_order_count")
        ),
        *(
            (name, _MONEY)
            for name in ("total_cost_amount", "incremental_amount", "low_amount", "high_amount")
        ),
        *(("net_amount", _MONEY), ("effect_state", pa.string())),
    ]
)


def write_operation(context: Context) -> None:
    """Write `report_operation`: company, branches and units, yuan; `total_cost_amount` and what follows are of all months.

    The increment is the change of revenue in the month after an order, treated against hold-out, with bounds that hold
    at every look. It is empty while an arm has too few; costs are where a month's expense claims were not delivered.
    """
    if not context.is_computed("report_operation_sum"):
        context.record_missing(
            "report_operation", context.tables["report_operation_sum"]["reasons"]
        )
        return
    sums = context.engine.rows("SELECT * FROM report_operation_sum ORDER BY ALL")
    context.engine.register(
        "operation_row", pa.Table.from_pylist([_view(row) for row in sums], schema=SCHEMA)
    )
    context.write("report_operation", "SELECT * FROM operation_row", ["scope_kind", "scope_id"])


def _view(row: Row) -> Row:
    found = revenue_effect(_arm(row, "treated"), _arm(row, "holdout"))
    names = ("incremental_amount", "low_amount", "high_amount")
    bounds: list[Decimal | None] = [None] * 3
    if found:
        bounds = [yuan(bound) for bound in (found.value, found.low, found.high)]
    cost = row["total_cost_amount"] if row["month_count"] == row["cost_month_count"] else None
    return {
        **{name: row[name] for name in SCHEMA.names if name in row},
        **dict(zip(names, bounds, strict=True)),
        "total_cost_amount": cost,
        "net_amount": None if cost is None or bounds[0] is None else bounds[0] - cost,
        "effect_state": verdict(found),
    }


def _arm(row: Row, arm: str) -> Arm:
    return Arm(
        orders=row[f"{arm}_order_count"],
        revenue=float(row[f"{arm}_revenue_sum"]),
        revenue_square=float(row[f"{arm}_square_sum"]),
    )
