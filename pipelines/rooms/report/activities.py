"""Figures and sentences of the month's activities, and of the guests of the month before's."""

from __future__ import annotations

from decimal import Decimal
from typing import TypedDict, cast

from pipelines.catalogue.figure_rows import Figures, build_company_figure_id
from pipelines.catalogue.outputs import ACTIVITY_SECTION
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, read_rows
from pipelines.rooms.report.figures import FigureRows, Subject, keep_scope_names
from pipelines.rooms.report.rows import Scope, Sides
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


def gather_activity_figures(context: Context) -> FigureRows:
    """Yield the figures of each activity, and the month's totals.

    There are none where the operator delivers no activities.
    """
    names = keep_scope_names(context)
    if context.is_computed(HELD):
        yield from _gather_held(context, names)
        yield from _gather_totals(context)
    if context.is_computed(FOLLOWED):
        yield from _gather_followed(context, names)


def _gather_held(context: Context, names: Relation) -> FigureRows:
    """Yield the figures of the activities of the month."""
    found = read_rows(context, "report", "activities_held", scope_name=names)
    for row in cast("list[HeldActivity]", found):
        subject = _find_subject(context, row, HELD)
        yield from _figures_of_held(row, subject)


def _gather_totals(context: Context) -> FigureRows:
    """Yield the company's totals of the month."""
    company = Scope("company", "company", str(context.month))
    subject = Subject(TOPIC, company, HELD)
    for row in read_rows(context, "report", "activity_totals"):
        for measure, number in row.items():
            yield subject.make_figure(measure, _name_unit(measure), number)


def _gather_followed(context: Context, names: Relation) -> FigureRows:
    """Yield the figures of the activities of the month before."""
    fewest = context.settings.small_denominator
    found = read_rows(context, "report", "activities_followed", scope_name=names)
    for row in cast("list[FollowedActivity]", found):
        subject = _find_subject(context, row, FOLLOWED)
        yield from _figures_of_followed(row, subject, fewest)


def _find_subject(
    context: Context, row: HeldActivity | FollowedActivity, source: str
) -> Subject:
    """Return what the figures of an activity have in common."""
    scope = Scope(
        kind=TOPIC,
        scope_id=row["activity_id"],
        month=str(context.month),
        name=row["scope_name"],
    )
    return Subject(TOPIC, scope, source)


def _figures_of_held(row: HeldActivity, subject: Subject) -> FigureRows:
    """Yield what was delivered of an activity, and what follows from it by guest and by answer."""
    measures = {
        "invited_count": row["invited_count"],
        "attended_count": row["attended_count"],
        "answer_count": row["answer_count"],
        "cost_amount": row["cost_amount"],
    }
    for measure, number in measures.items():
        if number is not None:
            yield subject.make_figure(measure, _name_unit(measure), number)

    cost = Sides(row["cost_amount"], row["attended_count"])
    satisfied = Sides(row["satisfied_count"], row["answer_count"])
    yield from _divide_sides("guest_cost", "amount", subject, cost)
    yield from _divide_sides("satisfied", "ratio", subject, satisfied)


def _figures_of_followed(
    row: FollowedActivity, subject: Subject, fewest: int
) -> FigureRows:
    """Yield who stayed, and the invited against the hold-out where both are at least `fewest`."""
    treated = row["treated_count"]
    treated_kept = row["treated_kept_count"]
    holdout = row["holdout_count"]
    holdout_kept = row["holdout_kept_count"]
    kept = {
        "attended_kept": Sides(row["attended_kept_count"], row["attended_count"]),
        "treated_kept": Sides(treated_kept, treated),
        "holdout_kept": Sides(holdout_kept, holdout),
    }
    for measure, sides in kept.items():
        yield from _divide_sides(measure, "ratio", subject, sides)

    if min(treated, holdout) >= fewest:
        difference = treated_kept / treated - holdout_kept / holdout
        yield subject.make_figure("kept_difference", "points", difference)


def _divide_sides(
    measure: str, unit: str, subject: Subject, sides: Sides
) -> FigureRows:
    """Yield a quotient's figure, where there is anything to divide and to divide by."""
    numerator, denominator = sides
    if numerator is None or not denominator:
        return
    quotient = float(numerator) / float(denominator)
    divided = subject._replace(sides=sides)
    yield divided.make_figure(measure, unit, quotient)


def _name_unit(measure: str) -> str:
    return "amount" if measure.endswith("_amount") else "count"


def tell_activities(context: Context, figures: Figures) -> Sections:
    """Yield the sentence of the month's activities."""
    told = Sentence(["activities"], {})
    for measure in TOTALS:
        figure = build_company_figure_id(measure, TOPIC, context.month)
        if figure in figures:
            told.show_figure(measure, figure)
    has_all = len(told.slots) == len(TOTALS)
    yield ACTIVITY_SECTION, [told] if has_all else []
