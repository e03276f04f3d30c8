"""Did the orders help? `feedback_effect`.

Treated against hold-out, a row a list and one for all, month after month.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

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
from pipelines.catalogue.outputs import load_lists
from pipelines.catalogue.spec import Spec
from pipelines.core.reasons import Reason
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows, write_rows

ROOM = "feedback"
OVERALL = "overall"
# The effect for which the sample still needed is reckoned: two in a hundred more stay.
SMALLEST = 0.02
_SUMS = {
    "order_count": pa.int64(),
    "kept_count": pa.int64(),
    "revenue_sum": pa.decimal128(28, 2),
    "revenue_square_sum": pa.decimal128(38, 4),
}
_SCHEMA = pa.schema(
    [
        ("list", pa.string()),
        ("month_count", pa.int32()),
        *((f"treated_{name}", kind) for name, kind in _SUMS.items()),
        *((f"holdout_{name}", kind) for name, kind in _SUMS.items()),
        ("effect", pa.float64()),
        ("effect_low", pa.float64()),
        ("effect_high", pa.float64()),
        ("revenue_kept", pa.float64()),
        ("revenue_kept_low", pa.float64()),
        ("revenue_kept_high", pa.float64()),
        ("needed_order_count", pa.int64()),
        ("state", pa.string()),
        ("is_paused", pa.bool_()),
    ]
)


class ArmSums(NamedTuple):
    """The orders of one arm added up: how many, how many stayed, what they pay and its square."""

    order_count: int = 0
    kept_count: int = 0
    revenue_sum: Decimal = Decimal(0)
    revenue_square_sum: Decimal = Decimal(0)

    def add(self, other: ArmSums) -> ArmSums:
        """Return the sums of both."""
        return ArmSums(
            self.order_count + other.order_count,
            self.kept_count + other.kept_count,
            self.revenue_sum + other.revenue_sum,
            self.revenue_square_sum + other.revenue_square_sum,
        )

    def as_arm(self) -> Arm:
        """The sums as the statistics take them."""
        return Arm(
            self.order_count,
            self.kept_count,
            float(self.revenue_sum),
            float(self.revenue_square_sum),
        )


class ListSums(NamedTuple):
    """A list's orders of all months so far, by arm."""

    list: str
    month_count: int = 0
    treated: ArmSums = ArmSums()
    holdout: ArmSums = ArmSums()


class ListEffect(NamedTuple):
    """What the sums show.

    The effect on staying, the revenue kept in yuan, and what follows from it.
    """

    effect: Interval | None
    revenue: Interval | None
    needed_order_count: int | None
    state: str
    is_paused: bool


def write_effect(context: Context, specs: Sequence[Spec] | None = None) -> None:
    """Add last month's orders to the sums of the months before and say what they show so far.

    A month whose orders were never released, or whose bills cannot be read, adds nothing. `specs`
    are the dispatch lists; without them, all that the catalogue has.
    """
    has_before = context.is_computed("feedback_effect", "prior")
    has_month = context.is_computed("feedback_arm")
    if not has_before and not has_month:
        reasons = context.missing_reasons("feedback_arm") or (
            Reason.absent("feedback_arm"),
        )
        context.record_missing("feedback_effect", reasons)
        return
    sums: dict[str, ListSums] = {}
    if has_before:
        sums = _read_before(context)
    if has_month:
        specs = load_lists() if specs is None else specs
        held_out = {spec.name for spec in specs if spec.meta["holdout"]}
        _add_month(context, sums, held_out)
    in_order = [sums[name] for name in sorted(sums)]
    _write_rows(context, in_order)


def _write_rows(context: Context, sums: Sequence[ListSums]) -> None:
    effects = [_judge_list(one) for one in sums]
    rows = [_make_row(one, effect) for one, effect in zip(sums, effects, strict=True)]
    rows.append(_make_overall_row(sums, effects))
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    write_rows(context, "feedback_effect", table, ["list"])


# -- the sums --------------------------------------------------------------------------------------


def _read_before(context: Context) -> dict[str, ListSums]:
    """The sums of every list as the latest month held has them."""
    sums = {}
    for row in read_rows(context, ROOM, "effect_before"):
        treated = _read_arm(row, "treated_")
        holdout = _read_arm(row, "holdout_")
        sums[row["list"]] = ListSums(row["list"], row["month_count"], treated, holdout)
    return sums


def _add_month(
    context: Context, sums: dict[str, ListSums], held_out: Iterable[str]
) -> None:
    """Add this month's arms to the sums of the lists that hold somebody out."""
    arms: dict[str, dict[str, ArmSums]] = {}
    for row in read_rows(context, ROOM, "month_arms"):
        arms.setdefault(row["list"], {})[row["arm"]] = _read_arm(row)
    for name in arms.keys() & set(held_out):
        old = sums.get(name, ListSums(name))
        month = arms[name]
        sums[name] = ListSums(
            name,
            old.month_count + 1,
            old.treated.add(month.get("treated", ArmSums())),
            old.holdout.add(month.get("holdout", ArmSums())),
        )


def _read_arm(row: Mapping[str, Any], prefix: str = "") -> ArmSums:
    return ArmSums(
        row[f"{prefix}order_count"] or 0,
        row[f"{prefix}kept_count"] or 0,
        row[f"{prefix}revenue_sum"] or Decimal(0),
        row[f"{prefix}revenue_square_sum"] or Decimal(0),
    )


# -- what they show --------------------------------------------------------------------------------


def _judge_list(sums: ListSums) -> ListEffect:
    """What a list's sums show; a list whose orders have lost customers for sure is paused."""
    treated = sums.treated.as_arm()
    holdout = sums.holdout.as_arm()
    effect = retention_effect(treated, holdout)
    state = verdict(effect)
    return ListEffect(
        effect=effect,
        revenue=revenue_effect(treated, holdout),
        needed_order_count=orders_needed(treated, holdout, SMALLEST),
        state=state,
        is_paused=state == "harms",
    )


def _make_row(sums: ListSums, shown: ListEffect) -> dict[str, object]:
    return {
        "list": sums.list,
        "month_count": sums.month_count,
        **_name_sums("treated", sums.treated),
        **_name_sums("holdout", sums.holdout),
        **_name_bounds("effect", shown.effect),
        **_name_bounds("revenue_kept", shown.revenue),
        "needed_order_count": shown.needed_order_count,
        "state": shown.state,
        "is_paused": shown.is_paused,
    }


def _make_overall_row(
    sums: Sequence[ListSums], effects: Sequence[ListEffect]
) -> dict[str, object]:
    """One row over all lists: nobody pauses all of them, and what is kept has no bounds."""
    treated, holdout = ArmSums(), ArmSums()
    for one in sums:
        treated = treated.add(one.treated)
        holdout = holdout.add(one.holdout)
    months = max((one.month_count for one in sums), default=0)
    pairs = [(one.treated.as_arm(), one.holdout.as_arm()) for one in sums]
    effect = overall_effect(pairs)
    whole = ListEffect(effect, None, None, verdict(effect), is_paused=False)
    row = _make_row(ListSums(OVERALL, months, treated, holdout), whole)
    kept = [one.revenue.value for one in effects if one.revenue is not None]
    row["revenue_kept"] = sum(kept) if kept else None
    return row


def _name_sums(arm: str, sums: ArmSums) -> dict[str, object]:
    return {f"{arm}_{column}": value for column, value in sums._asdict().items()}


def _name_bounds(name: str, interval: Interval | None) -> dict[str, float | None]:
    if interval is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {
        name: interval.value,
        f"{name}_low": interval.low,
        f"{name}_high": interval.high,
    }
