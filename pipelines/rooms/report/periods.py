"""Figures and sentences of the quarter, half-year and year that a month closes.

They come from what its months printed. A KPI that says `period: sum` is its months' numerators over
their denominators, summed over the months of the period that have a figure; how many they are is a
figure too. Any other has the value of the last month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, cast

from pipelines.catalogue.figure_rows import (
    Figures,
    TrendRow,
    build_company_figure_id,
    name_topic,
)
from pipelines.catalogue.outputs import (
    PERIOD_SECTION,
    Kpi,
    is_target_met,
    list_shown_kpis,
)
from pipelines.core.month import PERIODS
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, read_rows
from pipelines.rooms.report.figures import (
    FigureRows,
    Subject,
    difference_unit,
    is_usable,
    keep_scope_names,
    main_kpis,
    quantize_number,
    side_unit,
)
from pipelines.rooms.report.rows import Number, Scope, Sides
from pipelines.rooms.report.sentences import Sections, Sentence, name_direction


class KpiScope(NamedTuple):
    """A KPI's default variant in a scope."""

    kpi: str
    scope_kind: str
    scope_id: str


class FigureKey(NamedTuple):
    """What tells the figures of a month apart."""

    measure: str
    topic: str
    scope_kind: str
    scope_id: str


class Reference(NamedTuple):
    """What the values of the month's periods are held against.

    This month's targets, and the figures that the month a year before printed.
    """

    targets: Mapping[KpiScope, float]
    year_ago: Mapping[FigureKey, Decimal]


class PeriodValue(NamedTuple):
    """A period's number, how many months it is made of, and what it stands on."""

    number: float
    months: int
    sides: Sides


Months = list[TrendRow]  # the usable rows of a period's months, oldest first


def gather_period_figures(context: Context) -> FigureRows:
    """Yield the figures of the periods that the month closes."""
    if not context.month.closes:
        return
    names = keep_scope_names(context)
    targets = _read_targets(context)
    year_ago = _read_year_ago(context)
    reference = Reference(targets, year_ago)
    for period in context.month.closes:
        yield from _gather_period(context, period, names, reference)


def _gather_period(
    context: Context, period: str, names: Relation, reference: Reference
) -> FigureRows:
    """Yield the figures of one period."""
    this_month = str(context.month)
    catalogue = main_kpis()
    months_by_key = _read_months(context, period, names)
    for key, months in months_by_key.items():
        kpi = catalogue[key.kpi]
        value = _reckon_value(kpi, months, this_month)
        if value is None:
            continue
        last = months[-1]
        scope = Scope(
            kind=key.scope_kind,
            scope_id=key.scope_id,
            month=this_month,
            name=last["scope_name"],
        )
        subject = Subject(
            topic=name_topic(last),
            scope=scope,
            source="kpi_trend",
            sides=value.sides,
        )
        printed_year_ago = FigureKey(
            measure=f"{period}_value",
            topic=subject.topic,
            scope_kind=key.scope_kind,
            scope_id=key.scope_id,
        )

        measures = _measure_period(
            value,
            unit=str(kpi.meta["unit"]),
            target=reference.targets.get(key),
            year_ago=reference.year_ago.get(printed_year_ago),
        )
        for measure, unit, number in measures:
            yield subject.make_figure(f"{period}_{measure}", unit, number)


def _read_months(
    context: Context, period: str, names: Relation
) -> dict[KpiScope, Months]:
    """Return the rows of a period's months by KPI and scope."""
    first = context.month.plus(1 - PERIODS[period])
    bounds = {
        "first_month": str(first),
        "last_month": str(context.month),
    }
    found = read_rows(context, "report", "period_months", bounds, scope_name=names)
    months: dict[KpiScope, Months] = defaultdict(list)
    for row in cast("list[TrendRow]", found):
        if is_usable(row):
            months[_find_kpi_scope(row)].append(row)
    return months


def _find_kpi_scope(row: Mapping[str, Any] | TrendRow) -> KpiScope:
    """Return the KPI and scope that a row is of."""
    return KpiScope(
        kpi=row["kpi"],
        scope_kind=row["scope_kind"],
        scope_id=row["scope_id"],
    )


def _reckon_value(kpi: Kpi, months: Months, last_month: str) -> PeriodValue | None:
    """Return a period's value; None where it would be the last month's, which has none."""
    if kpi.meta.get("period") == "sum":
        return _sum_months(months)
    last = months[-1]
    value = last["value"]
    if last["seen_month"] != last_month or value is None:
        return None
    sides = Sides(last["numerator"], last["denominator"])
    return PeriodValue(value, 1, sides)


def _sum_months(months: Months) -> PeriodValue | None:
    """Return sums over sums of the months; None where the denominators are nothing."""
    numerator = Decimal(0)
    denominator = Decimal(0)
    for row in months:
        assert row["numerator"] is not None
        assert row["denominator"] is not None
        numerator += row["numerator"]
        denominator += row["denominator"]
    if not denominator:
        return None
    number = float(numerator) / float(denominator)
    sides = Sides(numerator, denominator)
    return PeriodValue(number, len(months), sides)


def _measure_period(
    value: PeriodValue, unit: str, target: float | None, year_ago: Decimal | None
) -> Iterator[tuple[str, str, Number]]:
    """Yield what a period's value gives to print: measure, unit and number."""
    number = quantize_number(value.number)
    yield "value", unit, number
    yield "months", "count", value.months
    if target is not None:
        gap = number - quantize_number(target)
        yield "gap", difference_unit(unit), gap
    if year_ago is not None:
        yield "year_change", difference_unit(unit), number - year_ago

    numerator, denominator = value.sides
    if numerator is not None:
        yield "numerator", side_unit(numerator), numerator
    if denominator is not None:
        yield "denominator", side_unit(denominator), denominator


def _read_targets(context: Context) -> dict[KpiScope, float]:
    """Return this month's targets of default variants, by KPI and scope."""
    targets = {}
    for row in read_rows(context, "report", "period_targets"):
        targets[_find_kpi_scope(row)] = row["target"]
    return targets


def _read_year_ago(context: Context) -> dict[FigureKey, Decimal]:
    """Return the figures that the month a year before printed, which closed the same periods."""
    if not context.is_computed("report_figure", "m12"):
        return {}
    month = context.month.plus(-12)
    about = {"year_ago": str(month)}
    figures = {}
    for row in read_rows(context, "report", "figures_year_ago", about):
        key = FigureKey(
            measure=row["measure"],
            topic=row["topic"],
            scope_kind=row["scope_kind"],
            scope_id=row["scope_id"],
        )
        figures[key] = row["number"]
    return figures


# -- sentences -----------------------------------------------------------------------------------


def tell_periods(context: Context, figures: Figures) -> Sections:
    """Yield the sentences of the periods that the month closes."""
    catalogue = main_kpis()
    month = str(context.month)
    for period in context.month.closes:
        sentences = []
        for name in list_shown_kpis("overall"):
            sentence = tell_period(catalogue[name], period, month, figures)
            sentences.append(sentence)
        yield f"{PERIOD_SECTION}{period}", sentences


def tell_period(kpi: Kpi, period: str, month: str, figures: Figures) -> Sentence:
    """Tell a KPI of the company over a period.

    How it was made, against the target, and against the year before.
    """
    topic = f"{kpi.name}.{kpi.meta['default']}"

    def find_figure(measure: str) -> str | None:
        name = build_company_figure_id(measure, topic, month)
        return name if name in figures else None

    told = Sentence([], {"kpi": f"kpi {kpi.name}"})
    value = find_figure(f"{period}_value")
    if value is None:
        told.rules.append("period_nothing")
        return told

    is_sum = kpi.meta.get("period") == "sum"
    told.rules.append("period_sum" if is_sum else "period_last")
    told.show_figure("value", value)
    told.show_figure("months", find_figure(f"{period}_months"))

    gap = find_figure(f"{period}_gap")
    target = find_figure("target")
    if gap and target:
        number = float(figures[gap]["number"])
        is_on_target = is_target_met(kpi.meta["better"], number)
        told.rules.append("met" if is_on_target else "missed")
        told.show_figure("target", target)
        told.show_figure("gap", gap)

    change = find_figure(f"{period}_year_change")
    if change:
        direction = name_direction(figures[change])
        told.rules.append(f"period_year_{direction}")
        told.show_figure("year_change", change)
    told.rules.append("end")
    return told
