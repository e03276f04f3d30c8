"""The figures that the month's tables give: KPIs, trend, changes, bridge, lists and gate."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TypedDict, cast

import pyarrow as pa

from pipelines.catalogue.figure_rows import FigureRow, KpiRow, TrendRow, name_topic
from pipelines.catalogue.outputs import QUALITY, load_kpis
from pipelines.core.apportion import apportion_parts
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, read_rows, take_rows
from pipelines.rooms.report.figures import (
    USABLE,
    difference_unit,
    keep_scope_names,
    make_figure,
    quantize_number,
)
from pipelines.rooms.report.rows import Number, Scope, Sides

_TOPIC = pa.schema([("topic", pa.string())])
POINT_PLACES, AMOUNT_PLACES = (
    4,
    2,
)  # as a difference is printed: of ratios, of anything else


class ComparedRow(KpiRow):
    """A KPI of a scope beside its value of the month before."""

    value_before: float


class ChangeRow(TypedDict):
    """What moved a KPI of a scope since the month before."""

    kpi: str
    variant: str
    month: str
    scope_kind: str
    scope_id: str
    scope_name: str | None
    volume: Decimal
    mix: Decimal
    rate: Decimal
    value_mix: Decimal
    value_rate: Decimal


def gather_figures(context: Context) -> Iterator[FigureRow]:
    """Yield the figures of the month's tables."""
    units = _units_by_topic()
    names = keep_scope_names(context)
    topics = [{"topic": topic} for topic in QUALITY]
    quality = take_rows(context, "quality", pa.Table.from_pylist(topics, schema=_TOPIC))
    yield from _gather_kpis(context, units, names, quality)
    yield from _gather_trend(context, units)
    yield from _gather_change_parts(context, units, names)
    yield from _gather_month_before(context, units, names, quality)
    yield from _gather_bridge(context, names)
    yield from _gather_lists(context)
    yield from _gather_gate(context)


def _units_by_topic() -> dict[str, str]:
    units = {}
    for kpi in load_kpis():
        for variant in kpi.variants:
            units[f"{kpi.name}.{variant}"] = str(kpi.meta["unit"])
    return units


# -- KPIs of this month ------------------------------------------------------------------------


def _gather_kpis(
    context: Context, units: dict[str, str], names: Relation, quality: Relation
) -> Iterator[FigureRow]:
    """Yield value, target, gap, rank and both sides of each KPI that documents print."""
    found = read_rows(
        context, "report", "kpi_figures", scope_name=names, quality=quality
    )
    for row in cast("list[KpiRow]", found):
        if row["status"] in USABLE and row["value"] is not None:
            yield from _figures_of_kpi(row, units[name_topic(row)], str(context.month))


def _figures_of_kpi(row: KpiRow, unit: str, month: str) -> Iterator[FigureRow]:
    scope, sides = _scope_of(row, month), _sides_of(row)
    measures: list[tuple[str, str, Number | None]] = [
        ("value", unit, row["value"]),
        ("target", unit, row["target"]),
        ("rank", "rank", row["rank"]),
        ("gap", difference_unit(unit), row["gap"]),
        ("numerator", _plain_unit(sides.numerator), sides.numerator),
        ("denominator", _plain_unit(sides.denominator), sides.denominator),
    ]
    for measure, shown_in, number in measures:
        if number is not None:
            topic = name_topic(row)
            yield make_figure(
                measure, topic, scope, shown_in, number, "kpi_monthly", sides
            )


def _scope_of(row: KpiRow | TrendRow, month: str) -> Scope:
    return Scope(row["scope_kind"], row["scope_id"], month, row.get("scope_name"))


def _sides_of(row: KpiRow | TrendRow) -> Sides:
    """Return what a KPI's figures all stand on."""
    return Sides(row["numerator"], row["denominator"])


def _plain_unit(number: Number | None) -> str:
    """Return the unit of a numerator or denominator: whole numbers count, others are yuan."""
    is_whole = number is not None and number == int(number)
    return "count" if is_whole else "amount"


# -- earlier months, and what has changed since --------------------------------------------------


def _gather_trend(context: Context, units: dict[str, str]) -> Iterator[FigureRow]:
    """Yield the company's KPIs in each of the months before this one, and the changes since."""
    rows = cast("list[TrendRow]", read_rows(context, "report", "trend_figures"))
    this_month: dict[str, TrendRow] = {}
    for row in rows:
        if row["seen_month"] == str(context.month):
            this_month[row["kpi"]] = row

    for row in rows:
        now = this_month.get(row["kpi"])
        if row is now or not _is_usable(row):
            continue
        unit = units[name_topic(row)]
        yield _figure_of_earlier(row, unit)
        if now is not None and _is_usable(now):
            yield from _figures_of_change(context, row, now, unit)


def _is_usable(row: TrendRow) -> bool:
    return row["value"] is not None and row["status"] in USABLE


def _figure_of_earlier(row: TrendRow, unit: str) -> FigureRow:
    assert row["value"] is not None
    scope = _scope_of(row, row["seen_month"])
    topic = name_topic(row)
    return make_figure(
        "value", topic, scope, unit, row["value"], "kpi_trend", _sides_of(row)
    )


def _figures_of_change(
    context: Context, before: TrendRow, now: TrendRow, unit: str
) -> Iterator[FigureRow]:
    """Yield the change since the month before, or since the same month of the year before."""
    month = context.month
    measures = {str(month.plus(-1)): "change", str(month.plus(-12)): "year_change"}
    measure = measures.get(before["seen_month"])
    if measure is None:
        return
    assert now["value"] is not None and before["value"] is not None
    change = quantize_number(now["value"]) - quantize_number(before["value"])
    scope, sides = _scope_of(now, str(month)), _sides_of(now)
    shown_in = difference_unit(unit)
    yield make_figure(
        measure, name_topic(before), scope, shown_in, change, "kpi_trend", sides
    )


def _gather_month_before(
    context: Context, units: dict[str, str], names: Relation, quality: Relation
) -> Iterator[FigureRow]:
    """Yield the change since the month before of each branch and manager."""
    if not context.is_computed("kpi_monthly", "m1"):
        return
    name = "month_before_figures"
    found = read_rows(context, "report", name, scope_name=names, quality=quality)
    for row in cast("list[ComparedRow]", found):
        assert row["value"] is not None
        topic = name_topic(row)
        unit = difference_unit(units[topic])
        change = quantize_number(row["value"]) - quantize_number(row["value_before"])
        scope, sides = _scope_of(row, str(context.month)), _sides_of(row)
        yield make_figure("change", topic, scope, unit, change, "kpi_monthly", sides)


def _gather_change_parts(
    context: Context, units: dict[str, str], names: Relation
) -> Iterator[FigureRow]:
    """Yield the parts of the last month's change.

    The company's are rounded so that they add up as they are printed.
    """
    if not context.is_computed("kpi_change"):
        return
    found = read_rows(context, "report", "change_figures", scope_name=names)
    for row in cast("list[ChangeRow]", found):
        topic = f"{row['kpi']}.{row['variant']}"
        unit = difference_unit(units[topic])
        scope = Scope(
            row["scope_kind"], row["scope_id"], row["month"], row["scope_name"]
        )
        mix, rate = row["value_mix"], row["value_rate"]
        if row["scope_kind"] == "company":
            places = POINT_PLACES if unit == "points" else AMOUNT_PLACES
            mix, rate = apportion_parts([mix, rate], places)
        yield make_figure("value_mix", topic, scope, unit, mix, "kpi_change")
        yield make_figure("value_rate", topic, scope, unit, rate, "kpi_change")
        yield make_figure("volume", topic, scope, "amount", row["volume"], "kpi_change")
        yield make_figure("mix", topic, scope, "amount", row["mix"], "kpi_change")
        yield make_figure("rate", topic, scope, "amount", row["rate"], "kpi_change")


def _gather_bridge(context: Context, names: Relation) -> Iterator[FigureRow]:
    """Yield the steps of the cohort's bridge, where the KPI it explains may be used."""
    if not context.is_computed("kpi_bridge"):
        return
    if not _is_kpi_usable(context, "revenue_retention_rate", "net"):
        return
    for row in read_rows(context, "report", "bridge_figures", scope_name=names):
        scope = Scope(
            row["scope_kind"], row["scope_id"], row["month"], row["scope_name"]
        )
        yield make_figure(
            row["step"], "bridge", scope, "amount", row["amount"], "kpi_bridge"
        )


def _is_kpi_usable(context: Context, kpi: str, variant: str) -> bool:
    """Say whether a KPI's company and parts may be used."""
    about = {"kpi": kpi, "variant": variant}
    states = read_rows(context, "report", "kpi_states", about)
    return all(row["status"] in USABLE for row in states)


# -- lists and gate ------------------------------------------------------------------------------


def _gather_lists(context: Context) -> Iterator[FigureRow]:
    """Yield the candidates and orders of each list, and the totals of all."""
    source = "dispatch_list"
    for row in read_rows(context, "report", "list_counts"):
        name = row["list"]
        yield _count_figure(
            context, "candidate_count", name, row["candidate_count"], source
        )
        yield _count_figure(
            context, "treated_count", name, row["treated_count"], source
        )

    [total] = read_rows(context, "report", "list_totals")
    yield _count_figure(
        context, "treated_count", "lists", total["treated_count"], source
    )
    yield _count_figure(context, "list_count", "lists", total["list_count"], source)


def _gather_gate(context: Context) -> Iterator[FigureRow]:
    [counts] = read_rows(context, "report", "gate_counts")
    for measure, count in counts.items():
        yield _count_figure(context, measure, "gate", count, "validate_result")


def _count_figure(
    context: Context, measure: str, topic: str, count: Number, source: str
) -> FigureRow:
    company = Scope("company", "company", str(context.month))
    return make_figure(measure, topic, company, "count", Decimal(int(count)), source)
