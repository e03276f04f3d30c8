"""Figures and sentences of the month's activities, and of what became of the guests of those a month before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.catalogue.outputs import ACTIVITY_SECTION
from pipelines.rooms.context import Context
from pipelines.rooms.report.figures import figure_id, make_figure, name_scopes
from pipelines.rooms.report.sentences import Sentence, Told

Row = dict[str, Any]
TOPIC = "activity"
_TOTALS = """
SELECT COUNT(*) AS activity_count, COALESCE(SUM(invited_count), 0) AS invited_count,
    COALESCE(SUM(attended_count), 0) AS attended_count, COALESCE(SUM(cost_amount), 0) AS cost_amount
FROM report_activity HAVING COUNT(*) > 0
"""
# Branches hold activities of one name: the branch stands beside it.
_NAMED = """
SELECT a.*, CONCAT_WS(' · ', a.name, COALESCE(o.name, a.branch_id)) AS scope_name FROM {table} AS a
LEFT JOIN scope_name AS o ON o.scope_kind = 'branch' AND o.scope_id = a.branch_id ORDER BY a.activity_id
"""
# measure -> (above, below) of `report_activity_follow`
KEPT = {name: (f"{name}_count", f"{name.removesuffix('_kept')}_count") for name in
        ("attended_kept", "treated_kept", "holdout_kept")}  # fmt: skip


def activity_figures(context: Context) -> Iterator[Row]:
    """Yield the figures of each activity, and the month's totals; none where the operator delivers no activities."""
    name_scopes(context)
    for table, figures in (("report_activity", _held), ("report_activity_follow", _followed)):
        for row in (
            context.engine.rows(_NAMED.format(table=table)) if context.is_computed(table) else []
        ):
            of = {
                "scope_kind": TOPIC,
                "scope_id": row["activity_id"],
                "scope_name": row["scope_name"],
            }
            yield from figures(
                row, of | {"month": str(context.month)}, context.settings.small_denominator
            )
    yield from _totals(context)


def _totals(context: Context) -> Iterator[Row]:
    of = {"scope_kind": "company", "scope_id": "company", "month": str(context.month)}
    for row in context.engine.rows(_TOTALS) if context.is_computed("report_activity") else []:
        for measure, number in row.items():
            yield make_figure(measure, TOPIC, of, _unit(measure), number, "report_activity")


def _held(row: Row, of: Row, small: int) -> Iterator[Row]:
    for measure in ("invited_count", "attended_count", "answer_count", "cost_amount"):
        if row[measure] is not None:
            yield make_figure(measure, TOPIC, of, _unit(measure), row[measure], "report_activity")
    for measure, above, below in (("guest_cost", "cost_amount", "attended_count"),
                                  ("satisfied", "satisfied_count", "answer_count")):  # fmt: skip
        if row[above] is not None and row[below]:
            yield _quotient(measure, of, row[above], row[below], "report_activity")


def _followed(row: Row, of: Row, small: int) -> Iterator[Row]:
    for measure, (above, below) in KEPT.items():
        if row[below]:
            yield _quotient(measure, of, row[above], row[below], "report_activity_follow")
    if min(row["treated_count"], row["holdout_count"]) >= small:
        rates = [row[f"{arm}_kept_count"] / row[f"{arm}_count"] for arm in ("treated", "holdout")]
        yield make_figure(
            "kept_difference", TOPIC, of, "points", rates[0] - rates[1], "report_activity_follow"
        )


def _quotient(measure: str, of: Row, above: Any, below: int, source: str) -> Row:
    unit = "amount" if measure == "guest_cost" else "ratio"
    number = float(above) / below
    return make_figure(measure, TOPIC, of, unit, number, source, numerator=above, denominator=below)


def _unit(measure: str) -> str:
    return "amount" if measure.endswith("_amount") else "count"


def tell_activities(context: Context, figures: Mapping[str, Row]) -> Told:
    """Yield the sentence of the month's activities."""
    measures = ("activity_count", "invited_count", "attended_count", "cost_amount")
    ids = {name: figure_id(name, TOPIC, "company", "company", context.month) for name in measures}
    told: list[Sentence] = []
    if all(name in figures for name in ids.values()):
        told.append((["activities"], {name: f"figure {figure}" for name, figure in ids.items()}))
    yield ACTIVITY_SECTION, told
