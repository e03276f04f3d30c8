"""Managers' scorecards: KPIs against targets, weighted, capped, less what events cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple, cast

from pipelines.catalogue.figure_rows import KpiRow, name_topic
from pipelines.catalogue.outputs import load_kpis
from pipelines.catalogue.scorecard import WHOLE, Rules, load_rules
from pipelines.core.reasons import join_reasons
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.rows import read_ordered

CARDS = "report_scorecard"
LINES = "report_scorecard_line"
COUNTED_BY = (
    "feedback_outcome",
    "report_expense",
    "report_audit",
    "features_complaint",
    "features_owner",
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


class KpiScope(NamedTuple):
    """A KPI variant in a scope."""

    topic: str
    kind: str
    scope_id: str


@dataclass(frozen=True)
class KpiBook:
    """The month's KPI rows, and which direction is better for each KPI."""

    month: str
    rows: Mapping[KpiScope, KpiRow]
    better: Mapping[str, str]

    def find_row(self, topic: str, kind: str, scope_id: str) -> KpiRow | None:
        """Return a scope's row of a KPI variant, if there is one."""
        return self.rows.get(KpiScope(topic, kind, scope_id))


@dataclass(frozen=True)
class Owner:
    """A manager who is judged, and their branch where it is known."""

    manager_id: str
    branch_id: str | None


def measure_achievement(value: float, target: float, better: str) -> float:
    """Return how far a target is reached: 1 is on it, never below 0.

    Of a lower-is-better KPI it is 2 − value ÷ target.
    """
    is_higher_better = better == "higher"
    if target <= 0:
        is_reached = value >= target if is_higher_better else value <= target
        return float(is_reached)

    share = value / target
    if is_higher_better:
        return max(0.0, share)
    return max(0.0, 2 - share)


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
    cards: list[dict[str, object]] = []
    lines: list[dict[str, object]] = []
    for owner in _read_owners(context):
        own = _judge_owner(rules, book, owner)
        lines.extend(asdict(line) for line in own)
        points_lost = lost.get(owner.manager_id, 0.0)
        score = _score_lines(rules, own, points_lost)
        card = Card(book.month, owner.manager_id, *score, not_counted)
        cards.append(asdict(card))
    write_made_rows(context, CARDS, cards)
    write_made_rows(context, LINES, lines)


def _read_kpis(context: Context) -> KpiBook:
    """Read the month's KPIs that the rules may name."""
    found = read_rows(context, "report", "scorecard_kpis")
    rows = {}
    for row in cast("list[KpiRow]", found):
        scope = KpiScope(
            topic=name_topic(row),
            kind=row["scope_kind"],
            scope_id=row["scope_id"],
        )
        rows[scope] = row
    better = {kpi.name: str(kpi.meta["better"]) for kpi in load_kpis()}
    return KpiBook(str(context.month), rows, better)


def _read_owners(context: Context) -> list[Owner]:
    """Return who has customers or is active."""
    if not context.is_computed("snapshot_account_manager"):
        owning = read_rows(context, "report", "owning_managers")
        return [Owner(row["manager_id"], None) for row in owning]
    active = read_rows(context, "report", "active_managers")
    return [Owner(row["manager_id"], row["branch_id"]) for row in active]


def _judge_owner(rules: Rules, book: KpiBook, owner: Owner) -> list[Line]:
    """Judge a manager by each KPI of the rules, in the order of their topics."""
    lines = []
    for topic in sorted(rules.weights):
        lines.append(_judge_kpi(rules, book, owner, topic))
    return lines


def _judge_kpi(rules: Rules, book: KpiBook, owner: Owner, topic: str) -> Line:
    """Judge a manager by a KPI; the target is the manager's, the branch's or the company's."""
    own = book.find_row(topic, "manager", owner.manager_id)
    of_branch = book.find_row(topic, "branch", owner.branch_id or "")
    company = book.find_row(topic, "company", "company")
    value = own["value"] if own else None
    target = _first_target(own, of_branch, company)

    kpi, variant = topic.split(".")
    line = Line(
        month=book.month,
        manager_id=owner.manager_id,
        kpi=kpi,
        variant=variant,
        weight=rules.weights[topic],
        value=value,
        target=target,
        state=_name_state(own or company, value, target),
    )
    if line.state != "judged":
        return line
    assert value is not None and target is not None
    achievement = measure_achievement(value, target, book.better[kpi])
    points = line.weight * min(achievement, rules.cap)
    return replace(line, achievement=achievement, points=points)


def _first_target(*rows: KpiRow | None) -> float | None:
    """Return the target of the first row that has one."""
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
    weight = sum(line.weight for line in lines if line.points is not None)
    if weight < rules.least_weight:
        return Score(
            state="not_appraised",
            judged_weight=weight,
            reached_score=None,
            deducted_points=lost,
            total_score=None,
        )

    points = sum(line.points for line in lines if line.points is not None)
    reached = WHOLE * points / weight
    return Score(
        state="appraised",
        judged_weight=weight,
        reached_score=reached,
        deducted_points=lost,
        total_score=max(0.0, reached - lost),
    )


def _deduct_points(context: Context, rules: Rules) -> dict[str, float]:
    """Return the points that each manager loses, at most what the rules allow."""
    lost: dict[str, float] = defaultdict(float)
    for row in read_ordered(context, "report_deduction"):
        points_each = rules.deductions.get(row["cause"], 0.0)
        lost[row["manager_id"]] += points_each * row["event_count"]

    deducted = {}
    for manager, points in lost.items():
        deducted[manager] = min(points, rules.most_deducted)
    return deducted
