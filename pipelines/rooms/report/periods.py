"""Figures and sentences of the quarter, half-year and year that a month closes.

They come from what its months printed. A KPI that says `period: sum` is its months' numerators over
their denominators, summed over the months of the period that have a figure; how many they are is a
figure too. Any other has the value of the last month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple, cast

from pipelines.catalogue.figure_rows import (
    FigureRow,
    TrendRow,
    build_company_figure_id,
    name_topic,
)
from pipelines.catalogue.outputs import PERIOD_SECTION, Kpi, is_target_met
from pipelines.core.month import PERIODS
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, read_rows
from pipelines.rooms.report.figures import (
    USABLE,
    difference_unit,
    keep_scope_names,
    main_kpis,
    make_figure,
    quantize_number,
)
from pipelines.rooms.report.rows import Number, Scope, Sides
from pipelines.rooms.report.sentences import OVERALL, Sections, Sentence, name_direction

Key = tuple[str, str, str]  # KPI, kind of scope, scope
FigureKey = tuple[str, str, str, str]  # measure, topic, kind of scope, scope


class PeriodValue(NamedTuple):
    """A period's number, how many months it is made of, and what it stands on."""

    number: float
    months: int
    sides: Sides


def gather_period_figures(context: Context) -> Iterator[FigureRow]:
    """Yield the figures of the periods that the month closes."""
    if not context.month.closes:
        return
    catalogue = main_kpis()
    names = keep_scope_names(context)
    targets = _read_targets(context)
    year_ago = _read_year_ago(context)
    for period in context.month.closes:
        for key, rows in _read_months(context, period, names).items():
            kpi = catalogue[key[0]]
            value = _reckon_value(kpi, rows, str(context.month))
            if value is None:
                continue
            kind, scope_id = key[1:]
            topic = name_topic(rows[-1])
            before = year_ago.get((f"{period}_value", topic, kind, scope_id))
            scope = Scope(kind, scope_id, str(context.month), rows[-1]["scope_name"])
            unit = str(kpi.meta["unit"])
            measures = _measure_period(value, unit, targets.get(key), before)
            yield from _make_figures(period, topic, scope, value.sides, measures)


def _read_months(
    context: Context, period: str, names: Relation
) -> dict[Key, list[TrendRow]]:
    """Return the usable rows of a period's months, oldest first, by KPI and scope."""
    first = context.month.plus(1 - PERIODS[period])
    bounds = {"first_month": str(first), "last_month": str(context.month)}
    found = read_rows(context, "report", "period_months", bounds, scope_name=names)
    months: dict[Key, list[TrendRow]] = defaultdict(list)
    for row in cast("list[TrendRow]", found):
        if row["status"] in USABLE and row["value"] is not None:
            months[row["kpi"], row["scope_kind"], row["scope_id"]].append(row)
    return months


def _reckon_value(
    kpi: Kpi, rows: list[TrendRow], last_month: str
) -> PeriodValue | None:
    """Return a period's value; None where it would be the last month's, which has none."""
    if kpi.meta.get("period") == "sum":
        return _sum_months(rows)
    last = rows[-1]
    if last["seen_month"] != last_month or last["value"] is None:
        return None
    return PeriodValue(last["value"], 1, Sides(last["numerator"], last["denominator"]))


def _sum_months(rows: list[TrendRow]) -> PeriodValue | None:
    """Return sums over sums of the months; None where the denominators are nothing."""
    numerator, denominator = Decimal(0), Decimal(0)
    for row in rows:
        assert row["numerator"] is not None and row["denominator"] is not None
        numerator += row["numerator"]
        denominator += row["denominator"]
    if not denominator:
        return None
    number = float(numerator) / float(denominator)
    return PeriodValue(number, len(rows), Sides(numerator, denominator))


def _measure_period(
    value: PeriodValue, unit: str, target: float | None, year_ago: Decimal | None
) -> Iterator[tuple[str, str, Number]]:
    """Yield what a period's value gives to print: measure, unit and number."""
    number = quantize_number(value.number)
    yield "value", unit, number
    yield "months", "count", value.months
    if target is not None:
        yield "gap", difference_unit(unit), number - quantize_number(target)
    if year_ago is not None:
        yield "year_change", difference_unit(unit), number - year_ago
    numerator, denominator = value.sides
    if numerator is not None:
        yield "numerator", _plain_unit(numerator), numerator
    if denominator is not None:
        yield "denominator", _plain_unit(denominator), denominator


def _plain_unit(number: Number) -> str:
    return "count" if number == int(number) else "amount"


def _make_figures(
    period: str,
    topic: str,
    scope: Scope,
    sides: Sides,
    measures: Iterator[tuple[str, str, Number]],
) -> Iterator[FigureRow]:
    for measure, unit, number in measures:
        name = f"{period}_{measure}"
        yield make_figure(name, topic, scope, unit, number, "kpi_trend", sides)


def _read_targets(context: Context) -> dict[Key, float]:
    """Return this month's targets of default variants, by KPI and scope."""
    targets = {}
    for row in read_rows(context, "report", "period_targets"):
        targets[row["kpi"], row["scope_kind"], row["scope_id"]] = row["target"]
    return targets


def _read_year_ago(context: Context) -> dict[FigureKey, Decimal]:
    """Return the figures that the month a year before printed, which closed the same periods."""
    if not context.is_computed("report_figure", "m12"):
        return {}
    year_ago = {"year_ago": str(context.month.plus(-12))}
    figures = {}
    for row in read_rows(context, "report", "figures_year_ago", year_ago):
        key = (row["measure"], row["topic"], row["scope_kind"], row["scope_id"])
        figures[key] = row["number"]
    return figures


def tell_periods(context: Context, figures: Mapping[str, FigureRow]) -> Sections:
    """Yield the sentences of the periods that the month closes."""
    catalogue = main_kpis()
    month = str(context.month)
    for period in context.month.closes:
        sentences = [
            tell_period(catalogue[name], period, month, figures) for name in OVERALL
        ]
        yield f"{PERIOD_SECTION}{period}", sentences


def tell_period(
    kpi: Kpi, period: str, month: str, figures: Mapping[str, FigureRow]
) -> Sentence:
    """Tell a KPI of the company over a period.

    How it was made, against the target, and against the year before.
    """
    topic = f"{kpi.name}.{kpi.meta['default']}"

    def find_figure(measure: str) -> str | None:
        name = build_company_figure_id(measure, topic, month)
        return name if name in figures else None

    slots = {"kpi": f"kpi {kpi.name}"}
    value = find_figure(f"{period}_value")
    if value is None:
        return Sentence(["period_nothing"], slots)

    is_sum = kpi.meta.get("period") == "sum"
    rules = ["period_sum" if is_sum else "period_last"]
    slots["value"] = f"figure {value}"
    slots["months"] = f"figure {find_figure(f'{period}_months')}"
    gap, target = find_figure(f"{period}_gap"), find_figure("target")
    if gap and target:
        is_on_target = is_target_met(kpi.meta["better"], float(figures[gap]["number"]))
        rules.append("met" if is_on_target else "missed")
        slots["target"] = f"figure {target}"
        slots["gap"] = f"figure {gap}"
    change = find_figure(f"{period}_year_change")
    if change:
        rules.append(f"period_year_{name_direction(figures[change])}")
        slots["year_change"] = f"figure {change}"
    return Sentence([*rules, "end"], slots)
