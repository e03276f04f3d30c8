"""The figures of the month's documents: each with its KPI, variant, scope and month.

A figure is a number and how it is printed. A document prints a figure's `shown` and nothing else,
so that no two documents can disagree. What was withheld or not computed has no figure. A figure's
id says what it is: `value:arrears_rate.t1_amount:branch:B1:2026-08`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from pipelines.catalogue.figure_rows import FigureRow, KpiRow, TrendRow, build_figure_id
from pipelines.catalogue.outputs import Kpi, load_kpis
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import make_schema, write_made_rows
from pipelines.rooms.relations import Relation, run_step, take_rows, unite_relations
from pipelines.rooms.report.rows import Number, Scope, Sides
from pipelines.text.units import format_figure, make_exact

PLACES = 12
_LAST_PLACE = Decimal(1).scaleb(-PLACES)
_NAMES = make_schema(scope_kind="VARCHAR", scope_id="VARCHAR", name="VARCHAR")
USABLE = ("released", "caveat")
NO_SIDES = Sides(None, None)
FigureRows = Iterator[FigureRow]


class Subject(NamedTuple):
    """What some figures have in common: topic, scope, and what their numbers stand on.

    `source` is the table that the numbers come from.
    """

    topic: str
    scope: Scope
    source: str
    sides: Sides = NO_SIDES

    def make_figure(self, measure: str, unit: str, number: Number) -> FigureRow:
        """Return a figure of the subject."""
        scope = self.scope
        printed = quantize_number(number)
        return FigureRow(
            figure=build_figure_id(
                measure, self.topic, scope.kind, scope.scope_id, scope.month
            ),
            measure=measure,
            topic=self.topic,
            scope_kind=scope.kind,
            scope_id=scope.scope_id,
            scope_name=scope.name,
            month=scope.month,
            unit=unit,
            shown=format_figure(printed, unit),
            source=self.source,
            number=printed,
            numerator=_quantize_side(self.sides.numerator),
            denominator=_quantize_side(self.sides.denominator),
            definition_version=None,
        )


def quantize_number(number: Number) -> Decimal:
    """Return a number as the register has it, at its places."""
    return make_exact(number).quantize(_LAST_PLACE)


def _quantize_side(side: Number | None) -> Decimal | None:
    return None if side is None else quantize_number(side)


def difference_unit(unit: str) -> str:
    """Return the unit of a difference: points for ratios, its own for anything else."""
    return "points" if unit == "ratio" else unit


def side_unit(side: Number) -> str:
    """Return the unit of a numerator or denominator: whole numbers count, others are yuan."""
    return "count" if side == int(side) else "amount"


def is_usable(row: KpiRow | TrendRow) -> bool:
    """Say whether a KPI has a value that may be printed."""
    return row["value"] is not None and row["status"] in USABLE


def index_figures(rows: Iterable[FigureRow]) -> dict[str, FigureRow]:
    """Return the figures by their ids."""
    return {row["figure"]: row for row in rows}


def main_kpis() -> dict[str, Kpi]:
    """Return each KPI's file of its default variant, by the KPI's name."""
    return {kpi.name: kpi for kpi in load_kpis() if "." not in kpi.spec.name}


def keep_scope_names(context: Context) -> Relation:
    """Keep what branches and managers are called, where the operator said."""
    names = [take_rows(context, "no_names", _NAMES.empty_table())]
    if context.is_computed("snapshot_organisation"):
        names.append(run_step(context, "report", "organisation_names"))
    if context.is_computed("snapshot_account_manager"):
        names.append(run_step(context, "report", "manager_names"))
    return unite_relations(context, "scope_names", names)


def write_figures(context: Context, figures: Iterable[FigureRow]) -> list[FigureRow]:
    """Write `report_figure` in the order of the figures' ids, and return its rows."""
    this_month = str(context.month)
    versions = _definition_versions()
    rows = sorted(figures, key=_sort_key)
    for row in rows:
        # What an earlier month's figure was defined as stands in that month.
        if row["month"] == this_month:
            row["definition_version"] = versions.get(row["topic"])
    write_made_rows(context, "report_figure", rows)
    return rows


def _sort_key(row: FigureRow) -> str:
    return row["figure"]


def _definition_versions() -> dict[str, int]:
    """Return the version of each KPI variant's definition, by its topic."""
    versions = {}
    for kpi in load_kpis():
        version = int(kpi.spec.meta["version"])
        for variant in kpi.variants:
            versions[f"{kpi.name}.{variant}"] = version
    return versions
