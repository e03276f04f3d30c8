"""The summary's section of the branches: the headline KPIs with their ranks, then each drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pipelines.catalogue.figure_rows import KpiRow
from pipelines.catalogue.outputs import list_shown_kpis
from pipelines.documents.reports.charts import (
    draw_bars,
    find_target_line,
    make_bar,
    make_chart_table,
)
from pipelines.documents.reports.model import (
    EMPTY,
    Block,
    Cell,
    Chart,
    Part,
    Table,
    make_cell,
)
from pipelines.documents.reports.summary.source import SummarySource

_UNCLAIMED = "unclaimed"  # the scope of customers whom no branch owns


def draw_ranks(source: SummarySource) -> Iterator[Block]:
    """Yield the headline KPIs by branch with their ranks, then each as a chart."""
    branches = {branch for _, branch in source.branch_rows}
    headline = list_shown_kpis("headline")
    shown_kpis = [kpi for kpi in headline if _list_ranked_rows(source, kpi)]
    if not branches or not shown_kpis:
        return

    yield _draw_rank_table(source, branches, shown_kpis)
    for kpi in shown_kpis:
        chart = _draw_rank_chart(source, kpi)
        if chart is not None:
            yield chart


def _list_ranked_rows(source: SummarySource, kpi: str) -> list[KpiRow]:
    """Return a KPI's rows of the branches that have a value, the best first."""
    found = []
    for row in source.branch_rows.values():
        if row["kpi"] == kpi and source.has_measure("value", row):
            found.append(row)
    return sorted(found, key=_order_ranked)


def _draw_rank_table(
    source: SummarySource, branches: Collection[str], shown_kpis: Sequence[str]
) -> Table:
    """Return the branches with their values and ranks; what nobody owns last."""
    words = source.words
    rows = []
    for branch in sort_branches(branches):
        ranked = []
        for kpi in shown_kpis:
            row = source.branch_rows.get((kpi, branch))
            ranked.append(_show_value_with_rank(source, row))
        rows.append((words.show_scope(branch), *ranked))

    kpi_titles = [words.name_kpi(kpi) for kpi in shown_kpis]
    count = len(shown_kpis)
    kpi_width = 76 // count
    return Table(
        title=words.find_text("table.ranks"),
        header=(words.find_text("column.branch"), *kpi_titles),
        rows=tuple(rows),
        numeric=frozenset(range(1, count + 1)),
        widths=(24, *[kpi_width] * count),
    )


def _show_value_with_rank(source: SummarySource, row: KpiRow | None) -> Cell:
    """Return a value with its rank, or without one where there is none."""
    if row is None:
        return make_cell(EMPTY)

    value = source.show_measure("value", row)
    if not source.has_measure("rank", row):
        return value

    rank = source.show_measure("rank", row)
    before = Part(source.words.find_text("rank_open"))
    behind = Part(source.words.find_text("rank_close"))
    return (*value, before, *rank, behind)


def _draw_rank_chart(source: SummarySource, kpi: str) -> Chart | None:
    """Draw a KPI's branches, the best first; None where there are fewer than two."""
    rows = _list_ranked_rows(source, kpi)
    if len(rows) < 2:
        return None

    words = source.words
    bars = []
    for row in rows:
        name = words.name_scope(row["scope_id"])
        is_unranked = row["rank"] is None
        figure_id = source.build_id("value", row)
        bars.append(make_bar(words, name, figure_id, is_unranked))

    target_id = source.build_id("target", source.company_rows[kpi])
    line, beside = find_target_line(words, target_id)
    title = words.find_text("chart.ranks", kpi=words.name_kpi(kpi))
    table = make_chart_table(words, title, "branch", [*bars, *beside])
    drawing = draw_bars(title, bars, line)
    return Chart(title, drawing, table)


def _order_ranked(row: KpiRow) -> tuple[bool, int, str]:
    """By rank, who has none last."""
    is_unranked = row["rank"] is None
    return is_unranked, row["rank"] or 0, row["scope_id"]


def sort_branches(branches: Collection[str]) -> list[str]:
    """Return branches by id; the customers whom nobody owns last."""
    owned = [branch for branch in sorted(branches) if branch != _UNCLAIMED]
    if _UNCLAIMED in branches:
        return [*owned, _UNCLAIMED]
    return owned
