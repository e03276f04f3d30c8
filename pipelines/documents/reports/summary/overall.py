"""The summary's first section: all KPIs, the headline ones over time, the revenue bridge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines.catalogue.figure_rows import FigureRow, KpiRow
from pipelines.catalogue.outputs import is_target_met, list_shown_kpis, load_kpis
from pipelines.core.month import Month
from pipelines.documents.reports.charts import (
    draw_bridge,
    draw_trend,
    make_bar,
    make_chart_table,
)
from pipelines.documents.reports.model import (
    EMPTY,
    Block,
    Chart,
    Table,
    Wording,
    make_cell,
)
from pipelines.documents.reports.summary.source import SummarySource
from pipelines.documents.workbooks.columns import STEPS

_KPI_MEASURES = ("value", "target", "gap", "change")
_TREND_MONTHS = 13  # this month of last year is seen beside this year's


def draw_overall(source: SummarySource) -> Iterator[Block]:
    """Yield the KPIs as a table, the headline ones over time, the revenue bridge."""
    yield _draw_kpis(source)
    yield from _draw_trends(source)
    yield from _draw_revenue_bridge(source)


def _draw_kpis(source: SummarySource) -> Table:
    """Return a row a KPI of the company, with whether its target is met."""
    rows = []
    for row in source.company_rows.values():
        title = source.words.show_kpi(row["kpi"])
        figures = [source.show_measure(name, row) for name in _KPI_MEASURES]
        met = make_cell(_say_if_met(source, row))
        status = source.words.show_status(row["status"])
        rows.append((title, *figures, met, status))

    return source.words.make_table(
        title="table.kpi",
        columns=("kpi", *_KPI_MEASURES, "met", "status"),
        rows=rows,
        numeric=(1, 2, 3, 4),
        widths=(26, 15, 12, 12, 12, 11, 12),
    )


def _say_if_met(source: SummarySource, row: KpiRow) -> str:
    """Say whether the target is met; a dash where there is none."""
    gap = row["gap"]
    if gap is None or not source.has_measure("gap", row):
        return EMPTY
    kpi = next(kpi for kpi in load_kpis() if kpi.name == row["kpi"])
    if is_target_met(kpi.meta["better"], gap):
        return source.words.find_text("yes")
    return source.words.find_text("no")


def _draw_trends(source: SummarySource) -> Iterator[Chart]:
    """Yield the headline KPIs of the company over the last thirteen months."""
    months = [source.month.plus(-ago) for ago in reversed(range(_TREND_MONTHS))]
    for kpi in list_shown_kpis("headline"):
        row = source.company_rows[kpi]
        ids = {}
        for month in months:
            ids[month] = source.build_id("value", row, month)
        chart = draw_trend_chart(source.words, kpi, ids)
        if chart is not None:
            yield chart


def draw_trend_chart(
    words: Wording, kpi: str, ids: Mapping[Month, str]
) -> Chart | None:
    """Draw a KPI's figures over months; None where fewer than two months have one."""
    points = []
    for month, figure_id in ids.items():
        if figure_id in words.figures:
            short_month = str(month)[2:]
            points.append(make_bar(words, short_month, figure_id))

    if len(points) < 2:
        return None

    title = words.find_text("chart.trend", kpi=words.name_kpi(kpi))
    drawing = draw_trend(title, points)
    table = make_chart_table(words, title, "month", points)
    return Chart(title, drawing, table)


# -- the revenue bridge ------------------------------------------------------------------------


def _draw_revenue_bridge(source: SummarySource) -> Iterator[Block]:
    """Yield the steps from last month's revenue to this month's, as a table and as a chart."""
    steps = _find_bridge_steps(source)
    if not steps:
        return

    words = source.words
    rows = []
    bars = []
    for figure in steps:
        name = words.find_text(f"step.{figure['measure']}")
        amount = words.show_figure(figure["figure"])
        rows.append((make_cell(name), amount))
        bars.append(make_bar(words, name, figure["figure"]))

    title = words.find_text("table.bridge")
    header = words.find_column_titles(("step", "amount"))
    yield Table(
        title=title,
        header=header,
        rows=tuple(rows),
        numeric=frozenset({1}),
        widths=(60, 40),
    )

    drawing = draw_bridge(title, bars)
    table = make_chart_table(words, title, "step", bars)
    yield Chart(title, drawing, table)


def _find_bridge_steps(source: SummarySource) -> list[FigureRow]:
    """Return the figures of the revenue bridge in the order of its steps."""
    found = []
    for figure in source.words.figures.values():
        if figure["topic"] == "bridge" and figure["scope_kind"] == "company":
            found.append(figure)
    return sorted(found, key=_order_steps)


def _order_steps(figure: FigureRow) -> int:
    """In the order of the bridge."""
    return STEPS.index(figure["measure"])
