"""Figures and sentences of the bulletin of complaints: weeks against their limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict, cast

from pipelines.catalogue.figure_rows import Figures, build_company_figure_id
from pipelines.catalogue.outputs import COMPLAINT_SECTION, COMPLAINT_TOPIC
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.figures import FigureRows, Subject, keep_scope_names
from pipelines.rooms.report.rows import Scope
from pipelines.rooms.report.sentences import Sections, Sentence

SHOWN_WEEKS = 12
_TABLE = "report_complaint_week"


class ToldWeek(TypedDict):
    """A week of a scope; nothing is expected of one that cannot be judged."""

    scope_kind: str
    scope_id: str
    scope_name: str | None
    week: str
    complaint_count: int
    expected: float | None
    upper_limit: float | None
    signal: str | None


def _read_weeks(context: Context) -> list[ToldWeek]:
    """Return the latest weeks, the oldest first; none where complaints are not delivered."""
    if not context.is_computed(_TABLE):
        return []
    names = keep_scope_names(context)
    found = read_rows(context, "report", "complaint_weeks", scope_name=names)
    rows = cast("list[ToldWeek]", found)
    latest = sorted({row["week"] for row in rows})[-SHOWN_WEEKS:]
    return [row for row in rows if row["week"] in latest]


def gather_bulletin_figures(context: Context) -> FigureRows:
    """Yield count, expectation and upper limit of each of the weeks."""
    for row in _read_weeks(context):
        scope = Scope(
            kind=row["scope_kind"],
            scope_id=row["scope_id"],
            month=row["week"],
            name=row["scope_name"],
        )
        subject = Subject(COMPLAINT_TOPIC, scope, _TABLE)
        yield subject.make_figure("complaint_count", "count", row["complaint_count"])
        expected = row["expected"]
        upper_limit = row["upper_limit"]
        if expected is not None and upper_limit is not None:
            yield subject.make_figure("expected", "number", expected)
            yield subject.make_figure("upper_limit", "count", upper_limit)


def tell_bulletin(context: Context, figures: Figures) -> Sections:
    """Yield the sentences of the bulletin; none where there is no week to tell of."""
    weeks = _read_weeks(context)
    if weeks:
        yield COMPLAINT_SECTION, _tell_weeks(weeks, figures)


def _tell_weeks(weeks: list[ToldWeek], figures: Figures) -> Iterator[Sentence]:
    """Tell the latest week of the company, then who is out of limits in it."""
    latest = weeks[-1]["week"]
    of_latest = [week for week in weeks if week["week"] == latest]
    for week in of_latest:
        if week["scope_kind"] == "company":
            yield _tell_company(week, figures)

    yield from _tell_branches(of_latest, "high")
    yield from _tell_branches(of_latest, "low")
    if not any(week["signal"] for week in of_latest):
        yield Sentence(["week_all_within"], {})


def _tell_branches(weeks: list[ToldWeek], signal: str) -> Iterator[Sentence]:
    """Tell which branches are out of a limit; nothing where none is."""
    branches = []
    for week in weeks:
        if week["scope_kind"] == "branch" and week["signal"] == signal:
            branches.append(week["scope_id"])
    if branches:
        told = Sentence([f"week_{signal}_branches"], {})
        told.name_all("scopes", "scopes", branches)
        yield told


def _tell_company(week: ToldWeek, figures: Figures) -> Sentence:
    """Tell how many complaints there were, and whether as many were to be expected."""
    told = Sentence(["week_count"], {"week": f"text {week['week']}"})
    for measure in ("complaint_count", "expected", "upper_limit"):
        figure = build_company_figure_id(measure, COMPLAINT_TOPIC, week["week"])
        if figure in figures:
            told.show_figure(measure, figure)
    if "expected" not in told.slots:
        told.rules.append("week_unjudged")
        return told
    told.rules.append("week_expected")
    told.rules.append(f"week_{week['signal'] or 'within'}")
    return told
