"""Did the orders help? `feedback_effect`: treated against hold-out, a row a list and one for all, month after month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa

from models.judging.sequences import (
    Arm,
    Interval,
    orders_needed,
    overall_effect,
    retention_effect,
    revenue_effect,
    verdict,
)
from pipelines.catalogue.outputs import lists
from pipelines.catalogue.spec import TableName
from pipelines.rooms.context import Context

OVERALL = "overall"
SMALLEST = (
    0.02  # the effect that the sample still needed is reckoned for: two in a hundred more stay
)
_ARMS = ("treated", "holdout")
_SUMS = {
    "order_count": pa.int64(),
    "kept_count": pa.int64(),
    "revenue_sum": pa.decimal128(28, 2),
    "revenue_square_sum": pa.decimal128(38, 4),
}
_BOUNDS = (
    "effect",
    "effect_low",
    "effect_high",
    "revenue_kept",
    "revenue_kept_low",
    "revenue_kept_high",
)
_SCHEMA = pa.schema(
    [
        *(("list", pa.string()), ("month_count", pa.int32())),
        *((f"{arm}_{name}", kind) for arm in _ARMS for name, kind in _SUMS.items()),
        *((name, pa.float64()) for name in _BOUNDS),
        *(("needed_order_count", pa.int64()), ("state", pa.string()), ("is_paused", pa.bool_())),
    ]
)
Row = dict[str, Any]


def write_effect(context: Context) -> None:
    """Add last month's orders to the sums of the months before and say what they show so far.

    A month whose orders never left the house, or whose bills cannot be read, adds nothing.
    """
    before = _rows(context, "feedback_effect", "prior")
    if not context.is_computed("feedback_arm") and not before:
        reasons = (context.entry(TableName("feedback_arm")) or {}).get(
            "reasons", ["absent: feedback_arm"]
        )
        context.record_missing("feedback_effect", list(reasons))
        return
    sums = {row["list"]: row for row in before if row["list"] != OVERALL}
    for row in _added(_rows(context, "feedback_arm"), sums):
        sums[row["list"]] = row
    rows = [row | _shown(row) for _, row in sorted(sums.items())]
    table = pa.Table.from_pylist([*rows, *_overall(rows)], schema=_SCHEMA)
    context.engine.register("effect", table)
    context.write("feedback_effect", f"SELECT {', '.join(_SCHEMA.names)} FROM effect", ["list"])


def _rows(context: Context, table: str, era: str = "") -> list[Row]:
    name = TableName(table, era)
    return context.engine.rows(f"SELECT * FROM {name}") if context.is_computed(table, era) else []


def _added(arms: list[Row], sums: Mapping[str, Row]) -> Iterator[Row]:
    """The lists that hold somebody out, with this month's orders added."""
    held_out = {spec.name for spec in lists() if spec.meta["holdout"]}
    found = {(row["list"], row["arm"]): row for row in arms}
    for name in sorted({row["list"] for row in arms} & held_out):
        old = sums.get(name, {})
        new: Row = {"list": name, "month_count": old.get("month_count", 0) + 1}
        for arm in _ARMS:
            month = found.get((name, arm), {})
            for column in _SUMS:
                place = f"{arm}_{column}"
                new[place] = (old.get(place) or 0) + (month.get(column) or 0)
        yield new


def _arm(row: Row, arm: str) -> Arm:
    return Arm(
        row[f"{arm}_order_count"],
        row[f"{arm}_kept_count"],
        float(row[f"{arm}_revenue_sum"]),
        float(row[f"{arm}_revenue_square_sum"]),
    )


def _shown(row: Row) -> Row:
    """What a list's sums show; a list whose orders have lost customers for sure is paused."""
    treated, holdout = _arm(row, "treated"), _arm(row, "holdout")
    effect = retention_effect(treated, holdout)
    return {
        **_bounds("effect", effect),
        **_bounds("revenue_kept", revenue_effect(treated, holdout)),
        "needed_order_count": orders_needed(treated, holdout, SMALLEST),
        "state": verdict(effect),
        "is_paused": verdict(effect) == "harms",
    }


def _bounds(name: str, found: Interval | None) -> Row:
    values = (found.value, found.low, found.high) if found else (None, None, None)
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def _overall(rows: list[Row]) -> list[Row]:
    """One row over all lists: nobody pauses all of them."""
    effect = overall_effect([(_arm(row, "treated"), _arm(row, "holdout")) for row in rows])
    columns = [f"{arm}_{column}" for arm in _ARMS for column in _SUMS]
    totals = {column: sum((row[column] for row in rows), Decimal(0)) for column in columns}
    counts = {column: int(total) for column, total in totals.items() if column.endswith("_count")}
    months = max((row["month_count"] for row in rows), default=0)
    kept = [row["revenue_kept"] for row in rows if row["revenue_kept"] is not None]
    shown = _bounds("effect", effect) | {"revenue_kept": sum(kept) if kept else None}
    whole = {"list": OVERALL, "month_count": months, **totals, **counts, **shown}
    return [whole | {"state": verdict(effect), "is_paused": False}]
