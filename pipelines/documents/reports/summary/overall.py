"""The summary's first section: all KPIs, the headline ones over time, the revenue bridge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from pipelines.catalogue.figure_rows import FigureRow, KpiRow
from pipelines.catalogue.outputs import is_target_met, list_shown_kpis, load_kpis
from pipelines.core.month import Month
from pipelines.documents.reports.charts import (
    draw_bridge,
    draw_trend,
    find_target_line,
    make_bar,
    make_chart_table,
)
from pipelines.documents.reports.model import (
    EMPTY,
    Block,
    Cell,
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
    """Return a row a KPI of the company, with whether its target is met, and why it is not."""
    rows = []
    for row in source.company_rows.values():
        title = source.words.show_kpi(row["kpi"])
        figures = []
        for measure in _KPI_MEASURES:
            figures.append(source.show_measure(measure, row, has_unit=True))
        met = say_if_met(source, row)
        rows.append((title, *figures, met, _say_cause(source, row)))

    return source.words.make_table(
        title="table.kpi",
        columns=("kpi", *_KPI_MEASURES, "met", "cause"),
        rows=rows,
        numeric=(1, 2, 3, 4),
        widths=(23, 13, 12, 17, 17, 11, 21),
    )


def say_if_met(source: SummarySource, row: KpiRow) -> Cell:
    """Say whether the target is met; a dash where there is none."""
    is_met = _is_met(source, row)
    if is_met is None:
        return make_cell(EMPTY)
    return source.words.show_text("yes" if is_met else "no")


def _is_met(source: SummarySource, row: KpiRow) -> bool | None:
    """Whether the target is met; None where there is none."""
    gap = row["gap"]
    if gap is None or not source.has_measure("gap", row):
        return None
    return is_target_met(_find_better(row), gap)


def _find_better(row: KpiRow) -> str:
    """Return which direction of a KPI is better."""
    kpi = next(kpi for kpi in load_kpis() if kpi.name == row["kpi"])
    return str(kpi.meta["better"])


def _say_cause(source: SummarySource, row: KpiRow) -> Cell:
    """Say which branch made a missed target worse by most, or why a KPI is not simply released."""
    if row["status"] != "released":
        return source.words.show_status(row["status"])
    if _is_met(source, row) is not False:
        return make_cell(EMPTY)

    sign = 1 if _find_better(row) == "lower" else -1
    worst: tuple[str, str] | None = None
    most = Decimal(0)
    for (kpi, branch), of_branch in source.branch_rows.items():
        figure_id = source.build_id("contribution", of_branch)
        if kpi != row["kpi"] or figure_id not in source.words.figures:
            continue
        loss = sign * source.words.figures[figure_id]["number"]
        if loss > most:
            worst, most = (branch, figure_id), loss
    if worst is None:
        return make_cell(EMPTY)
    branch, figure_id = worst
    name = make_cell(f"{source.words.name_scope(branch)} ")
    return name + source.words.show_figure(figure_id)


def _draw_trends(source: SummarySource) -> Iterator[Chart]:
    """Yield the headline KPIs of the company over the last thirteen months."""
    months = [source.month.plus(-ago) for ago in reversed(range(_TREND_MONTHS))]
    for kpi in list_shown_kpis("headline"):
        row = source.company_rows[kpi]
        ids = {}
        for month in months:
            ids[month] = source.build_id("value", row, month)
        target_id = source.build_id("target", row)
        chart = draw_trend_chart(source.words, kpi, ids, target_id)
        if chart is not None:
            yield chart


def draw_trend_chart(
    words: Wording, kpi: str, ids: Mapping[Month, str], target_id: str
) -> Chart | None:
    """Draw a KPI's figures over months, and its target where there is one.

    None where fewer than two months have a figure.
    """
    points = []
    for month, figure_id in ids.items():
        if figure_id in words.figures:
            short_month = str(month)[2:]
            points.append(make_bar(words, short_month, figure_id))

    if len(points) < 2:
        return None

    title = words.find_text("chart.trend", kpi=words.name_kpi(kpi))
    line, beside = find_target_line(words, target_id)
    drawing = draw_trend(title, points, line)
    table = make_chart_table(words, title, "month", [*points, *beside])
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
