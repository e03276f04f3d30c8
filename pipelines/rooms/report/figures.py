"""The figures of the month's documents: each with its KPI, variant, scope and month.

A figure is a number and how it is printed. A document prints a figure's `shown` and nothing else,
so that no two documents can disagree. What was withheld or not computed has no figure. A figure's
id says what it is: `value:arrears_rate.t1_amount:branch:B1:2026-08`.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pyarrow as pa

from pipelines.catalogue.figure_rows import FigureRow, build_figure_id
from pipelines.catalogue.outputs import Kpi, load_kpis
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, run_step, take_rows, unite_relations
from pipelines.rooms.report.rows import Number, Scope, Sides, write_rows
from pipelines.text.units import format_figure, make_exact

PLACES = 12
_NUMBER = pa.decimal128(28, PLACES)
SCHEMA = pa.schema(
    [
        ("figure", pa.string()),
        ("measure", pa.string()),
        ("topic", pa.string()),
        ("scope_kind", pa.string()),
        ("scope_id", pa.string()),
        ("scope_name", pa.string()),
        ("month", pa.string()),
        ("unit", pa.string()),
        ("shown", pa.string()),
        ("source", pa.string()),
        ("number", _NUMBER),
        ("numerator", _NUMBER),
        ("denominator", _NUMBER),
        ("definition_version", pa.int32()),
    ]
)
_NAMES = pa.schema(
    [("scope_kind", pa.string()), ("scope_id", pa.string()), ("name", pa.string())]
)
USABLE = ("released", "caveat")
NO_SIDES = Sides(None, None)


def make_figure(
    measure: str,
    topic: str,
    scope: Scope,
    unit: str,
    number: Number,
    source: str,
    sides: Sides = NO_SIDES,
) -> FigureRow:
    """Return a figure of a scope; `source` is the table its number comes from."""
    printed = quantize_number(number)
    return FigureRow(
        figure=build_figure_id(measure, topic, scope.kind, scope.scope_id, scope.month),
        measure=measure,
        topic=topic,
        scope_kind=scope.kind,
        scope_id=scope.scope_id,
        scope_name=scope.name,
        month=scope.month,
        unit=unit,
        shown=format_figure(printed, unit),
        source=source,
        number=printed,
        numerator=_quantize_side(sides.numerator),
        denominator=_quantize_side(sides.denominator),
        definition_version=None,
    )


def quantize_number(number: Number) -> Decimal:
    """Return a number as the register has it, at its places."""
    return make_exact(number).quantize(Decimal(1).scaleb(-PLACES))


def _quantize_side(side: Number | None) -> Decimal | None:
    return None if side is None else quantize_number(side)


def difference_unit(unit: str) -> str:
    """Return the unit of a difference: points for ratios, its own for anything else."""
    return "points" if unit == "ratio" else unit


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
    versions = _definition_versions()
    rows = sorted(figures, key=_sort_key)
    for row in rows:
        # What an earlier month's figure was defined as stands in that month.
        if row["month"] == str(context.month):
            row["definition_version"] = versions.get(row["topic"])
    write_rows(context, "report_figure", rows, SCHEMA, ["figure"])
    return rows


def _sort_key(row: FigureRow) -> str:
    return row["figure"]


def _definition_versions() -> dict[str, int]:
    """Return the version of each KPI variant's definition, by its topic."""
    versions = {}
    for kpi in load_kpis():
        for variant in kpi.variants:
            versions[f"{kpi.name}.{variant}"] = int(kpi.spec.meta["version"])
    return versions
