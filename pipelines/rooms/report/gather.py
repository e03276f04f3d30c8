"""The figures that the month's tables give: KPIs, trend, changes, bridge, lists and gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict, cast

from pipelines.catalogue.figure_rows import FigureRow, KpiRow, TrendRow, name_topic
from pipelines.catalogue.outputs import (
    find_multiplier,
    find_topic_unit,
    list_quality_topics,
)
from pipelines.core.apportion import apportion_parts
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import Relation, read_rows, run_step
from pipelines.rooms.report.figures import (
    USABLE,
    FigureRows,
    Subject,
    difference_unit,
    is_usable,
    keep_scope_names,
    quantize_number,
    side_unit,
)
from pipelines.rooms.report.rows import Number, Scope, Sides, read_ordered
from pipelines.text.units import make_exact

_TOPIC = make_schema(topic="VARCHAR")
# As a difference is printed: of ratios, of anything else.
POINT_PLACES = 4
AMOUNT_PLACES = 2


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
    value_change: Decimal
    value_mix: Decimal
    value_rate: Decimal


def gather_figures(context: Context) -> FigureRows:
    """Yield the figures of the month's tables."""
    names = keep_scope_names(context)
    quality = _keep_quality(context)
    figures = run_step(
        context, "report", "kpi_figures", scope_name=names, quality=quality
    )
    gathering = _Gathering(
        context=context,
        month=str(context.month),
        names=names,
        quality=quality,
        figures=figures,
    )
    yield from gathering.gather_kpis()
    yield from gathering.gather_trend()
    yield from gathering.gather_change_parts()
    yield from gathering.gather_month_before()
    yield from gathering.gather_bridge()
    yield from gathering.gather_lists()
    yield from gathering.gather_gate()


def _keep_quality(context: Context) -> Relation:
    """Keep the topics of the quality analysis, which are told of managers too."""
    topics = [{"topic": topic} for topic in list_quality_topics()]
    return take_made_rows(context, "quality", topics, _TOPIC)


@dataclass(frozen=True)
class _Gathering:
    """What the figures of a month are gathered from.

    `names` are what scopes are called, `quality` the topics told of managers,
    `figures` the KPIs that documents print.
    """

    context: Context
    month: str
    names: Relation
    quality: Relation
    figures: Relation

    # -- KPIs of this month ----------------------------------------------------------------------

    def gather_kpis(self) -> FigureRows:
        """Yield value, target, gap, rank and both sides of each KPI that documents print."""
        found = read_ordered(self.context, self.figures.name)
        for row in cast("list[KpiRow]", found):
            if is_usable(row):
                yield from self._figures_of_kpi(row)

    def _figures_of_kpi(self, row: KpiRow) -> FigureRows:
        """Yield the figures of a KPI that has a value; what it lacks has none."""
        subject = _find_subject(row, self.month, "kpi_monthly")
        unit = find_topic_unit(subject.topic)
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
            shown_in = side_unit(numerator)
            yield subject.make_figure("numerator", shown_in, numerator)
            yield from self._state_numerator(subject, unit, numerator)
        if denominator is not None:
            shown_in = side_unit(denominator)
            yield subject.make_figure("denominator", shown_in, denominator)

    def _state_numerator(
        self, subject: Subject, unit: str, numerator: Number
    ) -> FigureRows:
        """Yield a numerator in what it counts, where the KPI's unit has multiplied it."""
        multiplier = find_multiplier(unit, self.context.month)
        if multiplier != 1:
            stated = make_exact(numerator) / multiplier
            yield subject.make_figure("stated_numerator", side_unit(stated), stated)

    # -- earlier months, and what has changed since ----------------------------------------------

    def gather_trend(self) -> FigureRows:
        """Yield the company's KPIs in each of the months before, and the changes since."""
        found = read_rows(self.context, "report", "trend_figures")
        rows = cast("list[TrendRow]", found)
        this_month: dict[str, TrendRow] = {}
        for row in rows:
            if row["seen_month"] == self.month:
                this_month[row["kpi"]] = row

        for row in rows:
            now = this_month.get(row["kpi"])
            is_earlier = row is not now
            if is_earlier and is_usable(row):
                yield self._figure_of_earlier(row)
                yield from self._figures_of_change(row, now)

    def _figure_of_earlier(self, row: TrendRow) -> FigureRow:
        """Return the value of an earlier month."""
        value = row["value"]
        assert value is not None
        subject = _find_subject(row, row["seen_month"], "kpi_trend")
        unit = find_topic_unit(subject.topic)
        return subject.make_figure("value", unit, value)

    def _figures_of_change(self, before: TrendRow, now: TrendRow | None) -> FigureRows:
        """Yield the change since the month before, or since the same month of the year before."""
        measure = self._name_change(before["seen_month"])
        if measure is None:
            return
        if now is None or not is_usable(now):
            return
        topic = name_topic(before)
        unit = difference_unit(find_topic_unit(topic))
        subject = _find_subject(now, self.month, "kpi_trend")
        subject = subject._replace(topic=topic)
        change = _subtract_values(now["value"], before["value"])
        yield subject.make_figure(measure, unit, change)

    def _name_change(self, since: str) -> str | None:
        """Return the measure of a change since a month; None where it is not printed."""
        month_before = self.context.month.plus(-1)
        year_before = self.context.month.plus(-12)
        if since == str(month_before):
            return "change"
        if since == str(year_before):
            return "year_change"
        return None

    def gather_month_before(self) -> FigureRows:
        """Yield the change since the month before of each branch and manager."""
        if not self.context.is_computed("kpi_monthly", "m1"):
            return
        found = read_rows(
            self.context,
            "report",
            "month_before_figures",
            figures=self.figures,
            quality=self.quality,
        )
        for row in cast("list[ComparedRow]", found):
            subject = _find_subject(row, self.month, "kpi_monthly")
            unit = difference_unit(find_topic_unit(subject.topic))
            change = _subtract_values(row["value"], row["value_before"])
            yield subject.make_figure("change", unit, change)

    def gather_change_parts(self) -> FigureRows:
        """Yield the parts of the last month's change."""
        if not self.context.is_computed("kpi_change"):
            return
        for row in cast("list[ChangeRow]", self._read_named("change_figures")):
            topic = f"{row['kpi']}.{row['variant']}"
            unit = difference_unit(find_topic_unit(topic))
            mix, rate = _round_parts(row, unit)
            subject = Subject(topic, _scope_of(row), "kpi_change")
            if row["scope_kind"] == "branch":
                change = row["value_change"]
                yield subject.make_figure("contribution", unit, change)
            yield subject.make_figure("value_mix", unit, mix)
            yield subject.make_figure("value_rate", unit, rate)
            yield subject.make_figure("volume", "amount", row["volume"])
            yield subject.make_figure("mix", "amount", row["mix"])
            yield subject.make_figure("rate", "amount", row["rate"])

    def gather_bridge(self) -> FigureRows:
        """Yield the steps of the cohort's bridge, where the KPI it explains may be used."""
        if not self.context.is_computed("kpi_bridge"):
            return
        if not self._is_kpi_usable("revenue_retention_rate", "net"):
            return
        for row in cast("list[BridgeStep]", self._read_named("bridge_figures")):
            subject = Subject("bridge", _scope_of(row), "kpi_bridge")
            yield subject.make_figure(row["step"], "amount", row["amount"])

    def _is_kpi_usable(self, kpi: str, variant: str) -> bool:
        """Say whether a KPI's company and parts may be used."""
        about = {"kpi": kpi, "variant": variant}
        states = read_rows(self.context, "report", "kpi_states", about)
        return all(row["status"] in USABLE for row in states)

    def _read_named(self, step: str) -> list[dict[str, Any]]:
        """Return the rows of a step that gives each scope its name."""
        return read_rows(self.context, "report", step, scope_name=self.names)

    # -- lists and gate --------------------------------------------------------------------------

    def gather_lists(self) -> FigureRows:
        """Yield the candidates and orders of each list, and the totals of all."""
        for row in read_rows(self.context, "report", "list_counts"):
            counts = dict(row)
            topic = counts.pop("list")
            yield from self._figures_of_counts(topic, counts, "dispatch_list")
        [totals] = read_rows(self.context, "report", "list_totals")
        yield from self._figures_of_counts("lists", totals, "dispatch_list")

    def gather_gate(self) -> FigureRows:
        """Yield what the gate has counted."""
        [counts] = read_rows(self.context, "report", "gate_counts")
        yield from self._figures_of_counts("gate", counts, "validate_result")

    def _figures_of_counts(
        self, topic: str, counts: Mapping[str, Number], source: str
    ) -> FigureRows:
        """Yield figures of the company that count something; counts are by measure."""
        company = Scope("company", "company", self.month)
        subject = Subject(topic, company, source)
        for measure, count in counts.items():
            whole = Decimal(int(count))
            yield subject.make_figure(measure, "count", whole)


# -- rows ----------------------------------------------------------------------------------------


def _find_subject(row: KpiRow | TrendRow, month: str, source: str) -> Subject:
    """Return what the figures of a KPI in a scope have in common."""
    scope = Scope(
        kind=row["scope_kind"],
        scope_id=row["scope_id"],
        month=month,
        name=row.get("scope_name"),
    )
    return Subject(
        topic=name_topic(row),
        scope=scope,
        source=source,
        sides=Sides(row["numerator"], row["denominator"]),
    )


def _scope_of(row: ChangeRow | BridgeStep) -> Scope:
    """Return the scope of a row that names it."""
    return Scope(
        kind=row["scope_kind"],
        scope_id=row["scope_id"],
        month=row["month"],
        name=row["scope_name"],
    )


def _subtract_values(now: float | None, before: float | None) -> Decimal:
    """Return the difference of two values that are there, as both are registered."""
    assert now is not None
    assert before is not None
    return quantize_number(now) - quantize_number(before)


def _round_parts(row: ChangeRow, unit: str) -> list[Decimal]:
    """Return mix and rate of the value; the company's add up as they are printed."""
    parts = [row["value_mix"], row["value_rate"]]
    if row["scope_kind"] != "company":
        return parts
    places = POINT_PLACES if unit == "points" else AMOUNT_PLACES
    return apportion_parts(parts, places)
