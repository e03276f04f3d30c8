"""Did the orders help? `feedback_effect`.

Treated against hold-out, a row a list and one for all, month after month.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

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
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.relations import read_rows

ROOM = "feedback"
StepRow = Mapping[str, Any]  # of a step of this room
OVERALL = "overall"
# The effect for which the sample still needed is reckoned: two in a hundred more stay.
SMALLEST = 0.02


class ArmSums(NamedTuple):
    """The orders of one arm added up: how many, how many stayed, what they pay and its square."""

    order_count: int = 0
    kept_count: int = 0
    revenue_sum: Decimal = Decimal(0)
    revenue_square_sum: Decimal = Decimal(0)

    def add(self, other: ArmSums) -> ArmSums:
        """Return the sums of both."""
        return ArmSums(
            order_count=self.order_count + other.order_count,
            kept_count=self.kept_count + other.kept_count,
            revenue_sum=self.revenue_sum + other.revenue_sum,
            revenue_square_sum=self.revenue_square_sum + other.revenue_square_sum,
        )

    def as_arm(self) -> Arm:
        """The sums as the statistics take them."""
        return Arm(
            self.order_count,
            self.kept_count,
            float(self.revenue_sum),
            float(self.revenue_square_sum),
        )


_NO_ORDERS = ArmSums()
ArmsOfMonth = dict[str, ArmSums]  # by arm: treated, holdout


class ListSums(NamedTuple):
    """A list's orders of all months so far, by arm."""

    list: str
    month_count: int = 0
    treated: ArmSums = _NO_ORDERS
    holdout: ArmSums = _NO_ORDERS

    def add_month(self, arms: ArmsOfMonth) -> ListSums:
        """Return the sums with the orders of a month more."""
        treated = arms.get("treated", _NO_ORDERS)
        holdout = arms.get("holdout", _NO_ORDERS)
        return self._replace(
            month_count=self.month_count + 1,
            treated=self.treated.add(treated),
            holdout=self.holdout.add(holdout),
        )


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
        reasons = context.missing_reasons("feedback_arm")
        unknown = (Reason.absent("feedback_arm"),)
        context.record_missing("feedback_effect", reasons or unknown)
        return

    sums: dict[str, ListSums] = {}
    if has_before:
        sums = _read_before(context)
    if has_month:
        specs = load_lists() if specs is None else specs
        holding_out = {spec.name for spec in specs if spec.meta["holdout"]}
        _add_month(context, sums, holding_out)
    in_order = [sums[name] for name in sorted(sums)]
    _write_rows(context, in_order)


def _write_rows(context: Context, sums: Sequence[ListSums]) -> None:
    """Write a row a list, and the one over all lists."""
    effects = []
    rows = []
    for one in sums:
        effect = _judge_list(one)
        effects.append(effect)
        rows.append(_make_row(one, effect))
    rows.append(_make_overall_row(sums, effects))
    write_made_rows(context, "feedback_effect", rows)


# -- the sums --------------------------------------------------------------------------------------


def _read_before(context: Context) -> dict[str, ListSums]:
    """The sums of every list as the latest month held has them."""
    sums = {}
    for row in read_rows(context, ROOM, "effect_before"):
        name = row["list"]
        sums[name] = ListSums(
            list=name,
            month_count=row["month_count"],
            treated=_read_arm(row, "treated_"),
            holdout=_read_arm(row, "holdout_"),
        )
    return sums


def _add_month(
    context: Context, sums: dict[str, ListSums], holding_out: Container[str]
) -> None:
    """Add this month's arms to the sums of the lists that hold somebody out."""
    for name, arms in _read_month(context).items():
        if name in holding_out:
            before = sums.get(name, ListSums(name))
            sums[name] = before.add_month(arms)


def _read_month(context: Context) -> dict[str, ArmsOfMonth]:
    """The arms of each list that had orders in the month."""
    lists: dict[str, ArmsOfMonth] = {}
    for row in read_rows(context, ROOM, "month_arms"):
        arms = lists.setdefault(row["list"], {})
        arms[row["arm"]] = _read_arm(row)
    return lists


def _read_arm(row: StepRow, prefix: str = "") -> ArmSums:
    """One arm's sums of a row, whose columns begin with a prefix."""
    return ArmSums(
        order_count=row[f"{prefix}order_count"] or 0,
        kept_count=row[f"{prefix}kept_count"] or 0,
        revenue_sum=row[f"{prefix}revenue_sum"] or Decimal(0),
        revenue_square_sum=row[f"{prefix}revenue_square_sum"] or Decimal(0),
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
    """A row of `feedback_effect`, by the names of its columns."""
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
    months = 0
    treated = _NO_ORDERS
    holdout = _NO_ORDERS
    pairs = []
    for one in sums:
        months = max(months, one.month_count)
        treated = treated.add(one.treated)
        holdout = holdout.add(one.holdout)
        pairs.append((one.treated.as_arm(), one.holdout.as_arm()))

    effect = overall_effect(pairs)
    whole = ListSums(OVERALL, months, treated, holdout)
    shown = ListEffect(
        effect=effect,
        revenue=None,
        needed_order_count=None,
        state=verdict(effect),
        is_paused=False,
    )
    row = _make_row(whole, shown)
    row["revenue_kept"] = _add_revenue_kept(effects)
    return row


def _add_revenue_kept(effects: Iterable[ListEffect]) -> float | None:
    """Add up what the lists have kept; None where none of them knows."""
    kept = [shown.revenue.value for shown in effects if shown.revenue is not None]
    return sum(kept) if kept else None


def _name_sums(arm: str, sums: ArmSums) -> dict[str, object]:
    """Name an arm's sums as the columns of `feedback_effect` are called."""
    named: dict[str, object] = {}
    for column, value in sums._asdict().items():
        named[f"{arm}_{column}"] = value
    return named


def _name_bounds(name: str, interval: Interval | None) -> dict[str, float | None]:
    """Name a value and its bounds; all of them are None of too few orders."""
    if interval is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {
        name: interval.value,
        f"{name}_low": interval.low,
        f"{name}_high": interval.high,
    }
