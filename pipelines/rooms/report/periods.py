"""Figures and sentences of the quarter, half-year and year that a month closes, from what its months printed.

A KPI that says `period: sum` is its months' numerators over their denominators, summed over the months of the period
that have a figure; how many they are is a figure too. Any other has the value of the last month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pipelines.catalogue.outputs import PERIOD_SECTION, Kpi, is_met, kpis
from pipelines.core.month import PERIODS, Month
from pipelines.rooms.context import Context
from pipelines.rooms.report.figures import DIFFERENCE, USABLE, exactly, figure_id, make_figure
from pipelines.rooms.report.sentences import OVERALL, Sentence, Told, direction

Row = dict[str, Any]
_SEEN = """
SELECT t.*, o.name AS scope_name FROM kpi_trend AS t LEFT JOIN scope_name AS o
    ON o.scope_kind = t.scope_kind AND o.scope_id = t.scope_id
WHERE t.scope_kind IN ('company', 'branch') AND t.seen_month BETWEEN $first AND $last
ORDER BY t.kpi, t.scope_kind, t.scope_id, t.seen_month
"""
_TARGETS = "SELECT kpi, scope_kind, scope_id, target FROM kpi_monthly WHERE is_default AND target IS NOT NULL"
_YEAR_AGO = "SELECT measure, topic, scope_kind, scope_id, number FROM m12.report_figure WHERE month = $month"


def period_figures(context: Context) -> Iterator[Row]:
    """Yield the figures of the periods that the month closes."""
    known = {kpi.name: kpi for kpi in kpis() if "." not in kpi.spec.name}
    targets = {
        (r["kpi"], r["scope_kind"], r["scope_id"]): r["target"]
        for r in context.engine.rows(_TARGETS)
    }
    year_ago = _year_ago(context)
    for period in context.month.closes:
        for key, rows in _months(context, period).items():
            value = _value(known[key[0]], rows, context.month)
            if value is not None:
                of = rows[-1] | {"month": str(context.month)}
                yield from _of_period(period, known[key[0]], of, value, targets.get(key), year_ago)


def _months(context: Context, period: str) -> dict[tuple[str, str, str], list[Row]]:
    """The usable rows of a period's months, oldest first, by KPI and scope."""
    first = context.month.plus(1 - PERIODS[period])
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in context.engine.rows(_SEEN, {"first": str(first), "last": str(context.month)}):
        if row["status"] in USABLE and row["value"] is not None:
            found[row["kpi"], row["scope_kind"], row["scope_id"]].append(row)
    return found


def _value(kpi: Kpi, rows: list[Row], last: Month) -> Row | None:
    """A period's number with its numerator and denominator; none where it would be the last month's, which has none."""
    if kpi.meta.get("period") == "sum":
        sides = {
            side: sum((r[side] for r in rows), Decimal(0)) for side in ("numerator", "denominator")
        }
        number = (
            float(sides["numerator"]) / float(sides["denominator"])
            if sides["denominator"]
            else None
        )
        return None if number is None else {"number": number, "months": len(rows), **sides}
    if rows[-1]["seen_month"] != str(last):
        return None
    return {"number": rows[-1]["value"], "months": 1} | {
        n: rows[-1][n] for n in ("numerator", "denominator")
    }


def _of_period(
    period: str,
    kpi: Kpi,
    of: Row,
    value: Row,
    target: float | None,
    year_ago: Mapping[tuple[str, ...], Decimal],
) -> Iterator[Row]:
    topic, unit = f"{of['kpi']}.{of['variant']}", kpi.meta["unit"]
    apart = DIFFERENCE.get(unit, unit)
    before = year_ago.get((f"{period}_value", topic, of["scope_kind"], of["scope_id"]))
    number = exactly(value["number"])
    told: dict[str, tuple[str, Any]] = {
        "value": (unit, number),
        "months": ("count", value["months"]),
    }
    told["gap"] = (apart, None if target is None else number - exactly(target))
    told["year_change"] = (apart, None if before is None else number - before)
    sides = {name: value[name] for name in ("numerator", "denominator")}
    for side, amount in sides.items():
        told[side] = ("count" if amount is not None and amount == int(amount) else "amount", amount)
    for measure, (shown_in, figure) in told.items():
        if figure is not None:
            yield make_figure(
                f"{period}_{measure}", topic, of, shown_in, figure, "kpi_trend", **sides
            )


def _year_ago(context: Context) -> dict[tuple[str, ...], Decimal]:
    """The figures that the month a year before printed, which closed the same periods."""
    if not context.month.closes or not context.is_computed("report_figure", "m12"):
        return {}
    rows = context.engine.rows(_YEAR_AGO, {"month": str(context.month.plus(-12))})
    return {(r["measure"], r["topic"], r["scope_kind"], r["scope_id"]): r["number"] for r in rows}


def tell_periods(context: Context, figures: Mapping[str, Row]) -> Told:
    """Yield the sentences of the periods that the month closes."""
    topics = {kpi.name: kpi for kpi in kpis() if "." not in kpi.spec.name}
    for period in context.month.closes:
        yield (
            f"{PERIOD_SECTION}{period}",
            [period_sentence(topics[n], period, str(context.month), figures) for n in OVERALL],
        )


def period_sentence(kpi: Kpi, period: str, month: str, figures: Mapping[str, Row]) -> Sentence:
    """Tell a KPI of the company over a period: how it was made, against the target, and a year before."""
    topic = f"{kpi.name}.{kpi.meta['default']}"

    def find(measure: str) -> str | None:
        name = figure_id(measure, topic, "company", "company", month)
        return name if name in figures else None

    slots = {"kpi": f"kpi {kpi.name}"}
    value, gap, change = (
        find(f"{period}_{measure}") for measure in ("value", "gap", "year_change")
    )
    if value is None:
        return ["period_nothing"], slots
    rules = ["period_sum" if kpi.meta.get("period") == "sum" else "period_last"]
    slots |= {"value": f"figure {value}", "months": f"figure {find(f'{period}_months')}"}
    if gap and (target := find("target")):
        rules.append("met" if is_met(kpi.meta["better"], figures[gap]["number"]) else "missed")
        slots |= {"target": f"figure {target}", "gap": f"figure {gap}"}
    if change:
        rules.append(f"period_year_{direction(figures[change])}")
        slots |= {"year_change": f"figure {change}"}
    return [*rules, "end"], slots
