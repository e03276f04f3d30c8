"""The monthly summary: what stands in which section.

From the tables that `report` and `kpi` wrote.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipelines.catalogue.outputs import ACTIVITY_SECTION, is_target_met, load_kpis
from pipelines.core.month import Month
from pipelines.documents.reports.activities import draw_activity_tables
from pipelines.documents.reports.charts import (
    Bar,
    draw_bars,
    draw_bridge,
    draw_trend,
    make_bar,
    make_chart_table,
)
from pipelines.documents.reports.model import (
    EMPTY,
    Block,
    Cell,
    Chart,
    Paper,
    Part,
    Section,
    Table,
    Text,
    Wording,
    make_cell,
    write_sentences,
)
from pipelines.documents.reports.rows import (
    FigureRow,
    KpiRow,
    ListRow,
    SentenceRow,
    build_company_figure_id,
    build_figure_id,
    map_scope_names,
    name_topic,
)
from pipelines.documents.workbooks.columns import STEPS
from pipelines.text.texts import say_reasons

SECTIONS = ("overall", "ranks", "dispatch", "quality", "next", "sources")
# The KPIs that are drawn over time and by branch.
HEADLINE = (
    "vip_card_holding_rate",
    "arrears_rate",
    "churn_rate",
    "revenue_retention_rate",
)
TABLES = ("report_figure", "report_sentence", "kpi_monthly", "dispatch_list")
_KPI_MEASURES = ("value", "target", "gap", "change")
_LIST_COUNTS = ("candidate_count", "treated_count")
_TREND_MONTHS = 13  # this month of last year is seen beside this year's
_UNCLAIMED = "unclaimed"  # the scope of customers whom no branch owns


def write_paper(
    tables: Mapping[str, Sequence[Any]],
    month: Month,
    language: str,
    version: str,
    is_draft: bool,
) -> Paper:
    """Return the month's summary in a language; `version` says which numbers it shows.

    `tables` are the rows of each of TABLES.
    """
    figures: dict[str, FigureRow] = {}
    for row in tables["report_figure"]:
        if row["scope_kind"] != "manager":
            figures[row["figure"]] = row

    words = Wording(language, figures, map_scope_names(figures))
    writer = _SummaryWriter(
        month=month,
        words=words,
        sentences=tables["report_sentence"],
        kpi_rows=tables["kpi_monthly"],
        list_rows=tables["dispatch_list"],
    )
    sections = [writer.write_section(key) for key in SECTIONS]
    return Paper(
        language=language,
        month=str(month),
        title=words.find_text("title", month=describe_month(month, language)),
        said=words.say_state(month, version),
        draft=words.mark_draft(is_draft),
        sections=tuple(sections),
        figures=figures,
    )


def describe_month(month: Month, language: str) -> str:
    """Return the month as a title says it."""
    if language == "zh":
        return f"{month.year}年{month.number}月"
    return str(month)


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
    table = make_chart_table(words, title, "month", points)
    return Chart(title, draw_trend(title, points), table)


@dataclass(frozen=True)
class _SummaryWriter:
    """Writes the sections of one month's summary."""

    month: Month
    words: Wording
    sentences: Sequence[SentenceRow]
    kpi_rows: Sequence[KpiRow]
    list_rows: Sequence[ListRow]

    @cached_property
    def shown_rows(self) -> list[KpiRow]:
        """The default variants' rows of the company and the branches, the company first."""
        found = []
        for row in self.kpi_rows:
            if row["is_default"] and row["scope_kind"] in ("company", "branch"):
                found.append(row)
        return sorted(found, key=_order_shown)

    @cached_property
    def company_rows(self) -> dict[str, KpiRow]:
        """The company's row of each KPI."""
        found = {}
        for row in self.shown_rows:
            if row["scope_kind"] == "company":
                found[row["kpi"]] = row
        return found

    @cached_property
    def branch_rows(self) -> dict[tuple[str, str], KpiRow]:
        """The branches' rows by KPI and branch."""
        found = {}
        for row in self.shown_rows:
            if row["scope_kind"] == "branch":
                found[row["kpi"], row["scope_id"]] = row
        return found

    def write_section(self, key: str) -> Section:
        """Return one section: its sentences, then its tables and charts."""
        texts = self._write_sentences(key)
        if key == "dispatch":
            texts += self._write_sentences(ACTIVITY_SECTION)
        if key == "next":
            texts[-1] = Text(texts[-1].parts, is_blank=True)

        blocks: list[Block] = [*texts]
        if key == "overall":
            blocks += self._draw_overall()
        elif key == "ranks":
            blocks += self._draw_ranks()
        elif key == "dispatch":
            blocks.append(self._draw_lists())
            blocks += draw_activity_tables(self.words, self.month)
        elif key == "sources":
            blocks.append(self._draw_sources())

        title = self.words.find_text(f"section.{key}")
        return Section(key, title, tuple(blocks))

    def _write_sentences(self, section: str) -> list[Text]:
        """Return the sentences of a section as paragraphs."""
        rows = [row for row in self.sentences if row["section"] == section]
        return write_sentences(self.words, rows)

    def _build_id(self, measure: str, row: KpiRow, month: Month | None = None) -> str:
        """Return the id of a figure of a row; of another month where one is given."""
        return build_figure_id(
            measure,
            name_topic(row),
            row["scope_kind"],
            row["scope_id"],
            month or self.month,
        )

    def _show_measure(self, measure: str, row: KpiRow) -> Cell:
        """Return a figure of a row as it is printed."""
        return self.words.show_figure(self._build_id(measure, row))

    def _has_measure(self, measure: str, row: KpiRow) -> bool:
        """Whether a row has a figure."""
        return self._build_id(measure, row) in self.words.figures

    # -- overall ---------------------------------------------------------------------------------

    def _draw_overall(self) -> Iterator[Block]:
        """Yield the KPIs as a table, the headline ones over time, the revenue bridge."""
        yield self._draw_kpis()
        yield from self._draw_trends()
        yield from self._draw_revenue_bridge()

    def _draw_kpis(self) -> Table:
        """Return a row a KPI of the company, with whether its target is met."""
        rows = []
        for row in self.company_rows.values():
            title = self.words.show_kpi(row["kpi"])
            figures = [self._show_measure(name, row) for name in _KPI_MEASURES]
            met = make_cell(self._say_if_met(row))
            status = self.words.show_status(row["status"])
            rows.append((title, *figures, met, status))

        return self.words.make_table(
            title="table.kpi",
            columns=("kpi", *_KPI_MEASURES, "met", "status"),
            rows=rows,
            numeric=(1, 2, 3, 4),
            widths=(26, 15, 12, 12, 12, 11, 12),
        )

    def _say_if_met(self, row: KpiRow) -> str:
        """Say whether the target is met; a dash where there is none."""
        if not self._has_measure("gap", row):
            return EMPTY
        kpi = next(kpi for kpi in load_kpis() if kpi.name == row["kpi"])
        if is_target_met(kpi.meta["better"], row["gap"]):
            return self.words.find_text("yes")
        return self.words.find_text("no")

    def _draw_trends(self) -> Iterator[Chart]:
        """Yield the headline KPIs of the company over the last thirteen months."""
        months = [self.month.plus(-ago) for ago in reversed(range(_TREND_MONTHS))]
        for kpi in HEADLINE:
            row = self.company_rows[kpi]
            ids = {month: self._build_id("value", row, month) for month in months}
            chart = draw_trend_chart(self.words, kpi, ids)
            if chart is not None:
                yield chart

    def _draw_revenue_bridge(self) -> Iterator[Block]:
        """Yield the steps from last month's revenue to this month's, as a table and as a chart."""
        steps = self._find_bridge_steps()
        if not steps:
            return

        rows = []
        bars = []
        for figure in steps:
            name = self.words.find_text(f"step.{figure['measure']}")
            amount = self.words.show_figure(figure["figure"])
            rows.append((make_cell(name), amount))
            bars.append(make_bar(self.words, name, figure["figure"]))

        title = self.words.find_text("table.bridge")
        header = self.words.find_column_titles(("step", "amount"))
        yield Table(title, header, tuple(rows), frozenset({1}), (60, 40))
        table = make_chart_table(self.words, title, "step", bars)
        yield Chart(title, draw_bridge(title, bars), table)

    def _find_bridge_steps(self) -> list[FigureRow]:
        """Return the figures of the revenue bridge in the order of its steps."""
        found = []
        for figure in self.words.figures.values():
            if figure["topic"] == "bridge" and figure["scope_kind"] == "company":
                found.append(figure)
        return sorted(found, key=_order_steps)

    # -- ranks -----------------------------------------------------------------------------------

    def _draw_ranks(self) -> Iterator[Block]:
        """Yield the headline KPIs by branch with their ranks, then each as a chart."""
        branches = {branch for _, branch in self.branch_rows}
        shown_kpis = [kpi for kpi in HEADLINE if self._list_ranked_rows(kpi)]
        if not branches or not shown_kpis:
            return
        yield self._draw_rank_table(branches, shown_kpis)
        for kpi in shown_kpis:
            chart = self._draw_rank_chart(kpi)
            if chart is not None:
                yield chart

    def _list_ranked_rows(self, kpi: str) -> list[KpiRow]:
        """Return a KPI's rows of the branches that have a value, the best first."""
        found = []
        for row in self.branch_rows.values():
            if row["kpi"] == kpi and self._has_measure("value", row):
                found.append(row)
        return sorted(found, key=_order_ranked)

    def _draw_rank_table(
        self, branches: Collection[str], shown_kpis: Sequence[str]
    ) -> Table:
        """Return the branches with their values and ranks; what nobody owns last."""
        rows = []
        for branch in sort_branches(branches):
            ranked = []
            for kpi in shown_kpis:
                row = self.branch_rows.get((kpi, branch))
                ranked.append(self._show_value_with_rank(row))
            rows.append((self.words.show_scope(branch), *ranked))

        kpi_titles = [self.words.name_kpi(kpi) for kpi in shown_kpis]
        kpi_width = 76 // len(shown_kpis)
        return Table(
            title=self.words.find_text("table.ranks"),
            header=(self.words.find_text("column.branch"), *kpi_titles),
            rows=tuple(rows),
            numeric=frozenset(range(1, len(shown_kpis) + 1)),
            widths=(24, *[kpi_width] * len(shown_kpis)),
        )

    def _show_value_with_rank(self, row: KpiRow | None) -> Cell:
        """Return a value with its rank, or without one where there is none."""
        if row is None:
            return make_cell(EMPTY)
        value = self._show_measure("value", row)
        if not self._has_measure("rank", row):
            return value
        rank = self._show_measure("rank", row)
        before = Part(self.words.find_text("rank_open"))
        behind = Part(self.words.find_text("rank_close"))
        return (*value, before, *rank, behind)

    def _draw_rank_chart(self, kpi: str) -> Chart | None:
        """Draw a KPI's branches, the best first; None where there are fewer than two."""
        rows = self._list_ranked_rows(kpi)
        if len(rows) < 2:
            return None

        words = self.words
        bars = []
        for row in rows:
            name = words.name_scope(row["scope_id"])
            is_unranked = row["rank"] is None
            figure_id = self._build_id("value", row)
            bars.append(make_bar(words, name, figure_id, is_unranked))

        line: tuple[float, str] | None = None
        beside: list[Bar] = []
        target_id = self._build_id("target", self.company_rows[kpi])
        target = words.figures.get(target_id)
        if target:
            shown = words.find_text("chart.target", target=target["shown"])
            line = (float(target["number"]), shown)
            name = words.find_text("column.target")
            beside = [make_bar(words, name, target["figure"])]

        title = words.find_text("chart.ranks", kpi=words.name_kpi(kpi))
        table = make_chart_table(words, title, "branch", [*bars, *beside])
        drawing = draw_bars(title, bars, line)
        return Chart(title, drawing, table)

    # -- the other sections ----------------------------------------------------------------------

    def _draw_lists(self) -> Table:
        """Return the lists with how many were candidates, and how many are treated."""
        rows = []
        for row in self.list_rows:
            counts = []
            for measure in _LIST_COUNTS:
                figure_id = build_company_figure_id(measure, row["list"], self.month)
                counts.append(self.words.show_figure(figure_id))
            title = self.words.show_kpi(row["list"])
            status = self.words.show_status(row["status"])
            rows.append((title, *counts, status))

        return self.words.make_table(
            title="table.lists",
            columns=("list", "candidates", "treated", "status"),
            rows=rows,
            numeric=(1, 2),
            widths=(40, 20, 20, 20),
        )

    def _draw_sources(self) -> Table:
        """Return what every default variant means, and the quotient behind the company's value."""
        rows = []
        for row in self.company_rows.values():
            title = self.words.show_kpi(row["kpi"])
            meaning = make_cell(self._say_meaning(row))
            numerator = self._show_measure("numerator", row)
            denominator = self._show_measure("denominator", row)
            rows.append((title, meaning, numerator, denominator))

        return self.words.make_table(
            title="table.sources",
            columns=("kpi", "meaning", "numerator", "denominator"),
            rows=rows,
            numeric=(2, 3),
            widths=(24, 40, 18, 18),
        )

    def _say_meaning(self, row: KpiRow) -> str:
        """Say what a variant means, and why it is not simply released."""
        meaning = self.words.name_variant(name_topic(row))
        if row["status"] == "released":
            return meaning
        notes = (meaning, say_reasons(self.words.language, row["reason"]))
        return " · ".join(note for note in notes if note)


# -- in which order ----------------------------------------------------------------------------


def sort_branches(branches: Collection[str]) -> list[str]:
    """Return branches by id; the customers whom nobody owns last."""
    owned = [branch for branch in sorted(branches) if branch != _UNCLAIMED]
    if _UNCLAIMED in branches:
        return [*owned, _UNCLAIMED]
    return owned


def _order_shown(row: KpiRow) -> tuple[str, bool, str]:
    """By KPI, the company first, then the branches."""
    is_branch = row["scope_kind"] == "branch"
    return row["kpi"], is_branch, row["scope_id"]


def _order_ranked(row: KpiRow) -> tuple[bool, int, str]:
    """By rank, who has none last."""
    is_unranked = row["rank"] is None
    return is_unranked, row["rank"] or 0, row["scope_id"]


def _order_steps(figure: FigureRow) -> int:
    """In the order of the bridge."""
    return STEPS.index(figure["measure"])
