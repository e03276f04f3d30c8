"""Managers' scorecards: KPIs against targets, weighted, capped, less what events cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple, cast

import pyarrow as pa

from pipelines.catalogue.figure_rows import KpiRow, name_topic
from pipelines.catalogue.outputs import load_kpis
from pipelines.catalogue.scorecard import WHOLE, Rules, load_rules
from pipelines.core.reasons import join_reasons
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.rows import read_ordered, write_rows

CARDS, LINES = "report_scorecard", "report_scorecard_line"
COUNTED_BY = (
    "feedback_outcome",
    "report_expense",
    "report_audit",
    "features_complaint",
    "features_owner",
)
_LINE_SCHEMA = pa.schema(
    [
        ("month", pa.string()),
        ("manager_id", pa.string()),
        ("kpi", pa.string()),
        ("variant", pa.string()),
        ("weight", pa.float64()),
        ("value", pa.float64()),
        ("target", pa.float64()),
        ("achievement", pa.float64()),
        ("points", pa.float64()),
        ("state", pa.string()),
    ]
)
_CARD_SCHEMA = pa.schema(
    [
        ("month", pa.string()),
        ("manager_id", pa.string()),
        ("state", pa.string()),
        ("judged_weight", pa.float64()),
        ("reached_score", pa.float64()),
        ("deducted_points", pa.float64()),
        ("total_score", pa.float64()),
        ("not_counted", pa.string()),
    ]
)


@dataclass(frozen=True)
class Line:
    """How a manager did in a KPI: `achievement` is 1 on target, `points` weight by achievement.

    Both are None unless `state` is `judged`.
    """

    month: str
    manager_id: str
    kpi: str
    variant: str
    weight: float
    value: float | None
    target: float | None
    state: str
    achievement: float | None = None
    points: float | None = None


@dataclass(frozen=True)
class Card:
    """A manager's score of a hundred; scores are None of those judged by too little."""

    month: str
    manager_id: str
    state: str
    judged_weight: float
    reached_score: float | None
    deducted_points: float
    total_score: float | None
    not_counted: str | None


class Score(NamedTuple):
    """What a manager's lines come to, in the order of a card's fields."""

    state: str
    judged_weight: float
    reached_score: float | None
    deducted_points: float
    total_score: float | None


@dataclass(frozen=True)
class KpiBook:
    """The month's KPI rows by topic, kind of scope and scope, and which direction is better."""

    month: str
    rows: Mapping[tuple[str, str, str], KpiRow]
    better: Mapping[str, str]

    def find_row(self, topic: str, kind: str, scope_id: str) -> KpiRow | None:
        """Return a scope's row of a KPI variant, if there is one."""
        return self.rows.get((topic, kind, scope_id))


def measure_achievement(value: float, target: float, better: str) -> float:
    """Return how far a target is reached: 1 is on it, never below 0.

    Of a lower-is-better KPI it is 2 − value ÷ target.
    """
    is_higher_better = better == "higher"
    if target <= 0:
        is_reached = value >= target if is_higher_better else value <= target
        return float(is_reached)
    share = value / target
    return max(0.0, share if is_higher_better else 2 - share)


def write_scorecards(context: Context) -> None:
    """Write `report_scorecard`, a row a manager, and `report_scorecard_line`, one a KPI too."""
    rules = load_rules(context.settings.scorecard_file)
    if not context.is_computed("features_owner"):
        reasons = context.missing_reasons("features_owner")
        context.record_missing(CARDS, reasons)
        context.record_missing(LINES, reasons)
        return

    book = _read_kpis(context)
    lost = _deduct_points(context, rules)
    uncounted = [table for table in COUNTED_BY if not context.is_computed(table)]
    not_counted = join_reasons(uncounted) or None
    cards: list[Card] = []
    lines: list[Line] = []
    for manager, branch in _read_managers(context).items():
        own = list(_judge_kpis(rules, book, manager, branch))
        lines.extend(own)
        score = _score_lines(rules, own, lost.get(manager, 0.0))
        cards.append(Card(str(context.month), manager, *score, not_counted))

    card_rows = [asdict(card) for card in cards]
    line_rows = [asdict(line) for line in lines]
    write_rows(context, CARDS, card_rows, _CARD_SCHEMA, ["manager_id"])
    write_rows(
        context, LINES, line_rows, _LINE_SCHEMA, ["manager_id", "kpi", "variant"]
    )


def _read_kpis(context: Context) -> KpiBook:
    found = read_rows(context, "report", "scorecard_kpis")
    rows = {}
    for row in cast("list[KpiRow]", found):
        rows[name_topic(row), row["scope_kind"], row["scope_id"]] = row
    better = {kpi.name: str(kpi.meta["better"]) for kpi in load_kpis()}
    return KpiBook(str(context.month), rows, better)


def _read_managers(context: Context) -> dict[str, str | None]:
    """Return who has customers or is active, and each one's branch where it is known."""
    if not context.is_computed("snapshot_account_manager"):
        owning = read_rows(context, "report", "owning_managers")
        return {row["manager_id"]: None for row in owning}
    active = read_rows(context, "report", "active_managers")
    return {row["manager_id"]: row["branch_id"] for row in active}


def _judge_kpis(
    rules: Rules, book: KpiBook, manager: str, branch: str | None
) -> Iterator[Line]:
    """Yield a line a KPI of the rules; a target is the manager's, the branch's or the company's."""
    for topic, weight in sorted(rules.weights.items()):
        own = book.find_row(topic, "manager", manager)
        of_branch = book.find_row(topic, "branch", branch or "")
        company = book.find_row(topic, "company", "company")
        value = own["value"] if own else None
        target = _first_target(own, of_branch, company)
        state = _name_state(own or company, value, target)

        kpi, variant = topic.split(".")
        reached, points = None, None
        if state == "judged" and value is not None and target is not None:
            reached = measure_achievement(value, target, book.better[kpi])
            points = weight * min(reached, rules.cap)
        yield Line(
            month=book.month,
            manager_id=manager,
            kpi=kpi,
            variant=variant,
            weight=weight,
            value=value,
            target=target,
            state=state,
            achievement=reached,
            points=points,
        )


def _first_target(*rows: KpiRow | None) -> float | None:
    for row in rows:
        if row is not None and row["target"] is not None:
            return row["target"]
    return None


def _name_state(row: KpiRow | None, value: float | None, target: float | None) -> str:
    """Say whether a KPI counts for a manager.

    What was withheld or has no target takes nothing from anybody.
    """
    if row is not None and row["status"] in ("withheld", "not_computed"):
        return row["status"]
    if value is None:
        return "no_value"
    return "no_target" if target is None else "judged"


def _score_lines(rules: Rules, lines: list[Line], lost: float) -> Score:
    """Return what a manager's lines come to, less the points lost."""
    judged = [line for line in lines if line.points is not None]
    weight = sum(line.weight for line in judged)
    if weight < rules.least_weight:
        return Score("not_appraised", weight, None, lost, None)
    points = sum(line.points for line in judged if line.points is not None)
    reached = WHOLE * points / weight
    return Score("appraised", weight, reached, lost, max(0.0, reached - lost))


def _deduct_points(context: Context, rules: Rules) -> dict[str, float]:
    """Return the points that each manager loses, at most what the rules allow."""
    lost: dict[str, float] = defaultdict(float)
    for row in read_ordered(context, "report_deduction"):
        points = rules.deductions.get(row["cause"], 0.0) * row["event_count"]
        lost[row["manager_id"]] += points
    return {
        manager: min(points, rules.most_deducted) for manager, points in lost.items()
    }
