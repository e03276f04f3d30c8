"""The figures that the month's tables give: KPIs, trend, changes, bridge, lists and gate."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TypedDict, cast

from pipelines.catalogue.figure_rows import FigureRow, KpiRow, TrendRow, name_topic
from pipelines.catalogue.outputs import QUALITY, load_kpis
from pipelines.core.apportion import apportion_parts
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import Relation, read_rows
from pipelines.rooms.report.figures import (
    USABLE,
    Subject,
    difference_unit,
    is_usable,
    keep_scope_names,
    quantize_number,
    side_unit,
)
from pipelines.rooms.report.rows import Number, Scope, Sides

_TOPIC = make_schema(topic="VARCHAR")
# As a difference is printed: of ratios, of anything else.
POINT_PLACES = 4
AMOUNT_PLACES = 2
Units = dict[str, str]  # by topic


class ComparedRow(KpiRow):
    """A KPI of a scope beside its value of the month before."""

    value_before: float


class BridgeStep(TypedDict):
    """One step of a scope's bridge."""

    month: str
    scope_kind: str
    scope_id: str
    scope_name: str | None
    step: str
    amount: Decimal


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
    quality = _keep_quality(context)
    yield from _gather_kpis(context, units, names, quality)
    yield from _gather_trend(context, units)
    yield from _gather_change_parts(context, units, names)
    yield from _gather_month_before(context, units, names, quality)
    yield from _gather_bridge(context, names)
    yield from _gather_lists(context)
    yield from _gather_gate(context)


def _units_by_topic() -> Units:
    units = {}
    for kpi in load_kpis():
        for variant in kpi.variants:
            units[f"{kpi.name}.{variant}"] = str(kpi.meta["unit"])
    return units


def _keep_quality(context: Context) -> Relation:
    """Keep the topics of the quality analysis, which are told of managers too."""
    topics = [{"topic": topic} for topic in QUALITY]
    return take_made_rows(context, "quality", topics, _TOPIC)


# -- KPIs of this month ------------------------------------------------------------------------


def _gather_kpis(
    context: Context, units: Units, names: Relation, quality: Relation
) -> Iterator[FigureRow]:
    """Yield value, target, gap, rank and both sides of each KPI that documents print."""
    month = str(context.month)
    found = read_rows(
        context, "report", "kpi_figures", scope_name=names, quality=quality
    )
    for row in cast("list[KpiRow]", found):
        if is_usable(row):
            unit = units[name_topic(row)]
            yield from _figures_of_kpi(row, unit, month)


def _figures_of_kpi(row: KpiRow, unit: str, month: str) -> Iterator[FigureRow]:
    subject = _find_subject(row, month, "kpi_monthly")
    measures = (
        ("value", unit, row["value"]),
        ("target", unit, row["target"]),
        ("rank", "rank", row["rank"]),
        ("gap", difference_unit(unit), row["gap"]),
    )
    for measure, shown_in, number in measures:
        if number is not None:
            yield subject.make_figure(measure, shown_in, number)

    numerator, denominator = subject.sides
    if numerator is not None:
        unit_above = side_unit(numerator)
        yield subject.make_figure("numerator", unit_above, numerator)
    if denominator is not None:
        unit_below = side_unit(denominator)
        yield subject.make_figure("denominator", unit_below, denominator)


def _find_subject(row: KpiRow | TrendRow, month: str, source: str) -> Subject:
    """Return what the figures of a KPI in a scope have in common."""
    scope = Scope(row["scope_kind"], row["scope_id"], month, row.get("scope_name"))
    sides = Sides(row["numerator"], row["denominator"])
    return Subject(name_topic(row), scope, source, sides)


# -- earlier months, and what has changed since --------------------------------------------------


def _gather_trend(context: Context, units: Units) -> Iterator[FigureRow]:
    """Yield the company's KPIs in each of the months before this one, and the changes since."""
    rows = cast("list[TrendRow]", read_rows(context, "report", "trend_figures"))
    this_month: dict[str, TrendRow] = {}
    for row in rows:
        if row["seen_month"] == str(context.month):
            this_month[row["kpi"]] = row

    for row in rows:
        now = this_month.get(row["kpi"])
        if row is now or not is_usable(row):
            continue
        unit = units[name_topic(row)]
        yield _figure_of_earlier(row, unit)
        if now is not None and is_usable(now):
            yield from _figures_of_change(context, row, now, unit)


def _figure_of_earlier(row: TrendRow, unit: str) -> FigureRow:
    value = row["value"]
    assert value is not None
    subject = _find_subject(row, row["seen_month"], "kpi_trend")
    return subject.make_figure("value", unit, value)


def _figures_of_change(
    context: Context, before: TrendRow, now: TrendRow, unit: str
) -> Iterator[FigureRow]:
    """Yield the change since the month before, or since the same month of the year before."""
    month = context.month
    measures = {
        str(month.plus(-1)): "change",
        str(month.plus(-12)): "year_change",
    }
    measure = measures.get(before["seen_month"])
    if measure is None:
        return
    subject = _find_subject(now, str(month), "kpi_trend")
    subject = subject._replace(topic=name_topic(before))
    change = _subtract_values(now["value"], before["value"])
    yield subject.make_figure(measure, difference_unit(unit), change)


def _subtract_values(now: float | None, before: float | None) -> Decimal:
    """Return the difference of two values that are there, as both are registered."""
    assert now is not None and before is not None
    return quantize_number(now) - quantize_number(before)


def _gather_month_before(
    context: Context, units: Units, names: Relation, quality: Relation
) -> Iterator[FigureRow]:
    """Yield the change since the month before of each branch and manager."""
    if not context.is_computed("kpi_monthly", "m1"):
        return
    month = str(context.month)
    step = "month_before_figures"
    found = read_rows(context, "report", step, scope_name=names, quality=quality)
    for row in cast("list[ComparedRow]", found):
        subject = _find_subject(row, month, "kpi_monthly")
        unit = units[subject.topic]
        change = _subtract_values(row["value"], row["value_before"])
        yield subject.make_figure("change", difference_unit(unit), change)


def _gather_change_parts(
    context: Context, units: Units, names: Relation
) -> Iterator[FigureRow]:
    """Yield the parts of the last month's change."""
    if not context.is_computed("kpi_change"):
        return
    found = read_rows(context, "report", "change_figures", scope_name=names)
    for row in cast("list[ChangeRow]", found):
        topic = f"{row['kpi']}.{row['variant']}"
        unit = difference_unit(units[topic])
        mix, rate = _round_parts(row, unit)
        subject = Subject(topic, _scope_of(row), "kpi_change")
        yield subject.make_figure("value_mix", unit, mix)
        yield subject.make_figure("value_rate", unit, rate)
        yield subject.make_figure("volume", "amount", row["volume"])
        yield subject.make_figure("mix", "amount", row["mix"])
        yield subject.make_figure("rate", "amount", row["rate"])


def _round_parts(row: ChangeRow, unit: str) -> list[Decimal]:
    """Return mix and rate of the value; the company's add up as they are printed."""
    parts = [row["value_mix"], row["value_rate"]]
    if row["scope_kind"] != "company":
        return parts
    places = POINT_PLACES if unit == "points" else AMOUNT_PLACES
    return apportion_parts(parts, places)


def _scope_of(row: ChangeRow | BridgeStep) -> Scope:
    return Scope(row["scope_kind"], row["scope_id"], row["month"], row["scope_name"])


def _gather_bridge(context: Context, names: Relation) -> Iterator[FigureRow]:
    """Yield the steps of the cohort's bridge, where the KPI it explains may be used."""
    if not context.is_computed("kpi_bridge"):
        return
    if not _is_kpi_usable(context, "revenue_retention_rate", "net"):
        return
    found = read_rows(context, "report", "bridge_figures", scope_name=names)
    for row in cast("list[BridgeStep]", found):
        subject = Subject("bridge", _scope_of(row), "kpi_bridge")
        yield subject.make_figure(row["step"], "amount", row["amount"])


def _is_kpi_usable(context: Context, kpi: str, variant: str) -> bool:
    """Say whether a KPI's company and parts may be used."""
    about = {"kpi": kpi, "variant": variant}
    states = read_rows(context, "report", "kpi_states", about)
    return all(row["status"] in USABLE for row in states)


# -- lists and gate ------------------------------------------------------------------------------


def _gather_lists(context: Context) -> Iterator[FigureRow]:
    """Yield the candidates and orders of each list, and the totals of all."""
    for row in read_rows(context, "report", "list_counts"):
        counts = {
            "candidate_count": row["candidate_count"],
            "treated_count": row["treated_count"],
        }
        yield from _figures_of_counts(context, row["list"], counts, "dispatch_list")

    [total] = read_rows(context, "report", "list_totals")
    totals = {
        "treated_count": total["treated_count"],
        "list_count": total["list_count"],
    }
    yield from _figures_of_counts(context, "lists", totals, "dispatch_list")


def _gather_gate(context: Context) -> Iterator[FigureRow]:
    [counts] = read_rows(context, "report", "gate_counts")
    yield from _figures_of_counts(context, "gate", counts, "validate_result")


def _figures_of_counts(
    context: Context, topic: str, counts: dict[str, Number], source: str
) -> Iterator[FigureRow]:
    """Yield figures of the company that count something; counts are by measure."""
    company = Scope("company", "company", str(context.month))
    subject = Subject(topic, company, source)
    for measure, count in counts.items():
        whole = Decimal(int(count))
        yield subject.make_figure(measure, "count", whole)
