"""A manager's appraisal as the month made it: the scorecard, and what points were lost for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from console.figures.kpis import Wanted, load_meanings
from pipelines.catalogue.tables import load_tables
from pipelines.core.reasons import SEPARATOR
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label
from pipelines.text.units import format_figure

_CARDS = "report_scorecard"
_LINES = "report_scorecard_line"
_LOST = "report_deduction"
# Why a KPI, or all of a card, could not be judged; of what was judged there is nothing to say.
_STATES = {
    "not_appraised": _("too little of it can be judged"),
    "no_target": _("no target"),
    "no_value": _("no value"),
    "withheld": _("withheld"),
    "not_computed": _("not computed"),
}


@dataclass(frozen=True)
class AppraisalLine:
    """A KPI of the scorecard; where it could not be judged there are no points, and a reason."""

    title: str
    weight: float
    value: str
    target: str
    points: float | None
    state: object


@dataclass(frozen=True)
class LostFor:
    """What points were lost for, and how often."""

    cause: str
    count: int


@dataclass(frozen=True)
class Appraisal:
    """A scorecard in words; `score` is None where too little of it could be judged."""

    score: float | None
    reached: float | None
    deducted: float
    judged_weight: float
    state: object
    not_counted: tuple[str, ...]
    lines: tuple[AppraisalLine, ...]
    lost_for: tuple[LostFor, ...]


def read_appraisal(
    version: Version, manager_id: str, language: str
) -> Appraisal | None:
    """Return a manager's appraisal of a month; None where it has none."""
    wanted = {"manager_id": manager_id}
    if not version.is_computed(_CARDS):
        return None
    cards = version.read_rows(_CARDS, where=wanted)
    if not cards:
        return None
    [card] = cards
    rows = version.read_rows(_LINES, where=wanted)
    lost = version.read_rows(_LOST, where=wanted) if version.is_computed(_LOST) else []
    return Appraisal(
        score=card["total_score"],
        reached=card["reached_score"],
        deducted=card["deducted_points"],
        judged_weight=card["judged_weight"],
        state=_STATES.get(card["state"], ""),
        not_counted=_name_tables(card["not_counted"], language),
        lines=tuple(_describe_line(row, language) for row in rows),
        lost_for=tuple(
            LostFor(fill_label(language, f"cause.{row['cause']}"), row["event_count"])
            for row in lost
        ),
    )


def _name_tables(names: str | None, language: str) -> tuple[str, ...]:
    """What some tables are for, in words where the catalogue has them."""
    declared = load_tables()
    found = []
    for name in (names or "").split(SEPARATOR):
        purpose = declared[name].purpose if name in declared else None
        if name:
            found.append(purpose[language] if purpose else name)
    return tuple(found)


def _describe_line(row: Mapping[str, Any], language: str) -> AppraisalLine:
    wanted = Wanted(row["kpi"], row["variant"])
    meaning = load_meanings(language).get(wanted)
    unit = meaning.unit if meaning else "ratio"
    return AppraisalLine(
        title=meaning.title if meaning else row["kpi"],
        weight=row["weight"],
        value=format_figure(row["value"], unit),
        target=format_figure(row["target"], unit),
        points=row["points"],
        state=_STATES.get(row["state"], ""),
    )
