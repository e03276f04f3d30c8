"""Figures and sentences of the month's activities, and of the guests of the month before's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypedDict, cast

from pipelines.catalogue.figure_rows import FigureRow, build_company_figure_id
from pipelines.catalogue.outputs import ACTIVITY_SECTION
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.figures import keep_scope_names, make_figure
from pipelines.rooms.report.rows import Number, Scope, Sides
from pipelines.rooms.report.sentences import Sections, Sentence

TOPIC = "activity"
HELD, FOLLOWED = "report_activity", "report_activity_follow"
TOTALS = ("activity_count", "invited_count", "attended_count", "cost_amount")


class HeldActivity(TypedDict):
    """An activity of the month; None is what the operator did not deliver."""

    activity_id: str
    scope_name: str
    cost_amount: Decimal | None
    invited_count: int | None
    attended_count: int | None
    answer_count: int | None
    satisfied_count: int | None


class FollowedActivity(TypedDict):
    """An activity of the month before: how many were there, and how many of them stayed."""

    activity_id: str
    scope_name: str
    attended_count: int
    attended_kept_count: int
    treated_count: int
    treated_kept_count: int
    holdout_count: int
    holdout_kept_count: int


def gather_activity_figures(context: Context) -> Iterator[FigureRow]:
    """Yield the figures of each activity, and the month's totals.

    There are none where the operator delivers no activities.
    """
    names = keep_scope_names(context)
    month = str(context.month)
    if context.is_computed(HELD):
        found = read_rows(context, "report", "activities_held", scope_name=names)
        for held in cast("list[HeldActivity]", found):
            scope = Scope(TOPIC, held["activity_id"], month, held["scope_name"])
            yield from _figures_of_held(held, scope)
        yield from _figures_of_totals(context)
    if context.is_computed(FOLLOWED):
        fewest = context.settings.small_denominator
        found = read_rows(context, "report", "activities_followed", scope_name=names)
        for followed in cast("list[FollowedActivity]", found):
            scope = Scope(TOPIC, followed["activity_id"], month, followed["scope_name"])
            yield from _figures_of_followed(followed, scope, fewest)


def _figures_of_totals(context: Context) -> Iterator[FigureRow]:
    company = Scope("company", "company", str(context.month))
    for row in read_rows(context, "report", "activity_totals"):
        for measure, number in row.items():
            yield make_figure(
                measure, TOPIC, company, _name_unit(measure), number, HELD
            )


def _figures_of_held(row: HeldActivity, scope: Scope) -> Iterator[FigureRow]:
    measures: list[tuple[str, Number | None]] = [
        ("invited_count", row["invited_count"]),
        ("attended_count", row["attended_count"]),
        ("answer_count", row["answer_count"]),
        ("cost_amount", row["cost_amount"]),
    ]
    for measure, number in measures:
        if number is not None:
            yield make_figure(measure, TOPIC, scope, _name_unit(measure), number, HELD)

    cost = Sides(row["cost_amount"], row["attended_count"])
    yield from _divide("guest_cost", scope, "amount", cost, HELD)
    satisfied = Sides(row["satisfied_count"], row["answer_count"])
    yield from _divide("satisfied", scope, "ratio", satisfied, HELD)


def _figures_of_followed(
    row: FollowedActivity, scope: Scope, fewest: int
) -> Iterator[FigureRow]:
    """Yield who stayed, and the invited against the hold-out where both are at least `fewest`."""
    treated, holdout = row["treated_count"], row["holdout_count"]
    attended_kept = Sides(row["attended_kept_count"], row["attended_count"])
    treated_kept = Sides(row["treated_kept_count"], treated)
    holdout_kept = Sides(row["holdout_kept_count"], holdout)
    yield from _divide("attended_kept", scope, "ratio", attended_kept, FOLLOWED)
    yield from _divide("treated_kept", scope, "ratio", treated_kept, FOLLOWED)
    yield from _divide("holdout_kept", scope, "ratio", holdout_kept, FOLLOWED)
    if min(treated, holdout) >= fewest:
        difference = (
            row["treated_kept_count"] / treated - row["holdout_kept_count"] / holdout
        )
        yield make_figure(
            "kept_difference", TOPIC, scope, "points", difference, FOLLOWED
        )


def _divide(
    measure: str, scope: Scope, unit: str, sides: Sides, source: str
) -> Iterator[FigureRow]:
    """Yield a quotient's figure, where there is anything to divide and to divide by."""
    if sides.numerator is None or not sides.denominator:
        return
    quotient = float(sides.numerator) / float(sides.denominator)
    yield make_figure(measure, TOPIC, scope, unit, quotient, source, sides)


def _name_unit(measure: str) -> str:
    return "amount" if measure.endswith("_amount") else "count"


def tell_activities(context: Context, figures: Mapping[str, FigureRow]) -> Sections:
    """Yield the sentence of the month's activities."""
    sentences: list[Sentence] = []
    ids = {
        measure: build_company_figure_id(measure, TOPIC, context.month)
        for measure in TOTALS
    }
    if all(figure in figures for figure in ids.values()):
        slots = {measure: f"figure {figure}" for measure, figure in ids.items()}
        sentences.append(Sentence(["activities"], slots))
    yield ACTIVITY_SECTION, sentences
