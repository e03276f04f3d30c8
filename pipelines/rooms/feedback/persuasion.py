"""How far a contact lowers the risk of leaving: `feedback_persuasion`.

Last month's arms are added to those of the months before, by list and segment, and what they show
is learnt anew from all of them (`models.holdout.effects`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from models.holdout.effects import (
    WHOLE_LIST,
    Belief,
    Evidence,
    ListBelief,
    Tally,
    learn_effects,
)
from pipelines.catalogue.outputs import find_prior_persuadability, load_lists
from pipelines.catalogue.spec import Spec
from pipelines.core.reasons import Reason
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.relations import read_rows

ROOM = "feedback"
TABLE = "feedback_persuasion"
SOURCE = "feedback_segment"
PLACES = 6
StepRow = Mapping[str, Any]


class Sums(NamedTuple):
    """One arm of a segment over all months so far: orders, and lines of their customers."""

    order_count: int = 0
    lost_count: int = 0
    lost_square_sum: int = 0
    foreseen_sum: Decimal = Decimal(0)

    def add(self, other: Sums) -> Sums:
        """Return the sums of both."""
        return Sums(
            self.order_count + other.order_count,
            self.lost_count + other.lost_count,
            self.lost_square_sum + other.lost_square_sum,
            self.foreseen_sum + other.foreseen_sum,
        )

    def as_tally(self) -> Tally:
        """The sums as the statistics take them."""
        return Tally(self.lost_count, float(self.foreseen_sum), self.lost_square_sum)


class SegmentSums(NamedTuple):
    """Both arms of a segment, and in how many months it had orders."""

    month_count: int = 0
    treated: Sums = Sums()
    holdout: Sums = Sums()

    def add(self, other: SegmentSums) -> SegmentSums:
        """Return the sums of both."""
        return SegmentSums(
            self.month_count + other.month_count,
            self.treated.add(other.treated),
            self.holdout.add(other.holdout),
        )


Segments = dict[str, SegmentSums]  # by segment
Found = dict[str, Segments]  # by list


def write_persuasion(context: Context, specs: Sequence[Spec] | None = None) -> None:
    """Learn from last month's orders and all before them; a month without any adds nothing.

    `specs` are the dispatch lists; without them, all that the catalogue has.
    """
    has_before = context.is_computed(TABLE, "prior")
    has_month = context.is_computed(SOURCE)
    if not has_before and not has_month:
        unknown = (Reason.absent(SOURCE),)
        context.record_missing(TABLE, context.missing_reasons(SOURCE) or unknown)
        return

    priors = _find_priors(load_lists() if specs is None else specs)
    found: Found = {name: {} for name in priors}
    if has_before:
        _add_sums(found, _read_before(context))
    if has_month:
        _add_sums(found, _read_month(context))
    evidence = {name: _weigh_segments(segments) for name, segments in found.items()}
    beliefs = learn_effects(priors, evidence)
    rows = []
    for name in sorted(priors):
        rows += _make_rows(name, priors[name], found[name], beliefs[name])
    write_made_rows(context, TABLE, rows)


def _find_priors(specs: Iterable[Spec]) -> dict[str, float]:
    """The persuadability that each list that holds somebody out is taken to have."""
    return {
        spec.name: find_prior_persuadability(spec)
        for spec in specs
        if spec.meta["holdout"]
    }


# -- the sums --------------------------------------------------------------------------------------


def _read_before(context: Context) -> Found:
    """The sums as the latest month held has them."""
    found: Found = defaultdict(dict)
    for row in read_rows(context, ROOM, "persuasion_before"):
        sums = SegmentSums(
            month_count=row["month_count"],
            treated=_read_sums(row, "treated_"),
            holdout=_read_sums(row, "holdout_"),
        )
        found[row["list"]][row["segment"]] = sums
    return found


def _read_month(context: Context) -> Found:
    """The arms of last month's orders."""
    arms: dict[tuple[str, str], dict[str, Sums]] = defaultdict(dict)
    for row in read_rows(context, ROOM, "segment_arms"):
        arms[row["list"], row["segment"]][row["arm"]] = _read_sums(row)
    found: Found = defaultdict(dict)
    for (name, segment), sums in arms.items():
        treated = sums.get("treated", Sums())
        holdout = sums.get("holdout", Sums())
        found[name][segment] = SegmentSums(1, treated, holdout)
    return found


def _read_sums(row: StepRow, prefix: str = "") -> Sums:
    """One arm's sums of a row, whose columns begin with a prefix."""
    return Sums(
        row[f"{prefix}order_count"],
        row[f"{prefix}lost_count"],
        row[f"{prefix}lost_square_sum"],
        row[f"{prefix}foreseen_sum"],
    )


def _add_sums(found: Found, more: Found) -> None:
    """Add sums to those of the lists that hold somebody out; one that no longer does is let go."""
    for name, segments in found.items():
        for segment, sums in more.get(name, {}).items():
            before = segments.get(segment, SegmentSums())
            segments[segment] = before.add(sums)


def _weigh_segments(segments: Segments) -> dict[str, Evidence]:
    evidence = {}
    for segment, sums in segments.items():
        evidence[segment] = Evidence(sums.treated.as_tally(), sums.holdout.as_tally())
    return evidence


# -- what they show --------------------------------------------------------------------------------


def _make_rows(
    name: str, prior: float, segments: Segments, belief: ListBelief
) -> list[dict[str, object]]:
    """A row for the list and each of its segments; what shows nothing by itself is the list's."""
    months = 0
    treated, holdout = Sums(), Sums()
    rows = []
    for segment in sorted(segments):
        sums = segments[segment]
        months = max(months, sums.month_count)
        treated = treated.add(sums.treated)
        holdout = holdout.add(sums.holdout)
        held = belief.segments.get(segment, belief.whole)
        row = _make_row(name, segment, sums, prior, held)
        row["planned_persuadability"] = round(belief.plan_segment(segment), PLACES)
        rows.append(row)
    whole = SegmentSums(months, treated, holdout)
    row = _make_row(name, WHOLE_LIST, whole, prior, belief.whole)
    row["planned_persuadability"] = round(belief.planned, PLACES)
    rows.append(row)
    for row in rows:
        row["is_harmful"] = belief.is_harmful
    return rows


def _make_row(
    name: str, segment: str, sums: SegmentSums, prior: float, held: Belief
) -> dict[str, object]:
    row: dict[str, object] = {
        "list": name,
        "segment": segment,
        "month_count": sums.month_count,
        "prior": prior,
        "persuadability": round(held.mean, PLACES),
        "persuadability_low": round(held.low, PLACES),
        "persuadability_high": round(held.high, PLACES),
    }
    for arm, of_arm in (("treated", sums.treated), ("holdout", sums.holdout)):
        for column, value in of_arm._asdict().items():
            row[f"{arm}_{column}"] = value
    return row
