"""The summary of a quarter, half-year or year.

Its figures, its months side by side, its branches, how each figure was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipelines.catalogue.figure_rows import (
    FigureRow,
    Figures,
    build_company_figure_id,
    build_figure_id,
)
from pipelines.catalogue.outputs import PERIOD_SECTION, Kpi, list_shown_kpis, load_kpis
from pipelines.core.month import PERIODS, Month
from pipelines.documents.marks import Marks, read_marks, say_marks
from pipelines.documents.reports.model import (
    Block,
    Chart,
    Paper,
    Section,
    Table,
    Wording,
    make_cell,
    prune_blocks,
    write_sentences,
)
from pipelines.documents.reports.rows import (
    ReadTable,
    SentenceRow,
    index_figures,
    map_scope_names,
)
from pipelines.documents.reports.summary.overall import draw_trend_chart
from pipelines.documents.reports.summary.ranks import sort_branches

_SOURCE_MEASURES = ("months", "numerator", "denominator")


def write_period(
    read: ReadTable,
    month: Month,
    period: str,
    language: str,
    version: str,
    is_draft: bool,
) -> Paper | None:
    """Return the summary of a period that the month closes.

    None of a month that was made before there were such figures.
    """
    sentence_rows: Sequence[SentenceRow] = read("report_sentence")
    section = f"{PERIOD_SECTION}{period}"
    sentences = [row for row in sentence_rows if row["section"] == section]
    if not sentences:
        return None

    length = PERIODS[period]
    months = [month.plus(index - length + 1) for index in range(length)]
    figures = _read_figures(read, period, months)
    words = Wording(language, figures, map_scope_names(figures))
    marks = read_marks(read)
    writer = _PeriodWriter(months, period, words, sentences, marks)
    return writer.write_paper(version, is_draft)


def _read_figures(read: ReadTable, period: str, months: Sequence[Month]) -> Figures:
    """Return the figures of the period and of its months."""
    rows: Sequence[FigureRow] = read("report_figure")
    return index_figures(row for row in rows if _is_about_period(row, period, months))


def _is_about_period(row: FigureRow, period: str, months: Sequence[Month]) -> bool:
    """Whether a figure is the period's, or the company's of one of its months."""
    if row["measure"].startswith(f"{period}_"):
        return True
    is_kpi = "." in row["topic"]
    if row["scope_kind"] != "company" or not is_kpi:
        return False
    if row["measure"] not in ("value", "target"):
        return False
    return row["month"] in [str(month) for month in months]


def describe_period(words: Wording, month: Month, period: str) -> str:
    """Return the period as a title says it."""
    number = month.number // PERIODS[period]
    return words.find_text(f"period.{period}", year=month.year, number=number)


def _default_files() -> dict[str, Kpi]:
    """Return each KPI's file of the default variant, by the KPI's name."""
    files = {}
    for kpi in load_kpis():
        if "." not in kpi.spec.name:
            files[kpi.name] = kpi
    return files


@dataclass(frozen=True)
class _PeriodWriter:
    """Writes one period's paper."""

    months: Sequence[Month]
    period: str
    words: Wording
    sentences: Sequence[SentenceRow]
    marks: Marks

    @property
    def month(self) -> Month:
        """The month that closes the period."""
        return self.months[-1]

    @cached_property
    def headline_kpis(self) -> dict[str, Kpi]:
        """Those of them that are drawn over time and by branch."""
        shown = self.shown_kpis.items()
        return {name: kpi for name, kpi in shown if name in list_shown_kpis("headline")}

    @cached_property
    def shown_kpis(self) -> dict[str, Kpi]:
        """The KPIs that have a figure of the period, by name."""
        shown = {}
        for name, kpi in _default_files().items():
            if self._build_id("value", kpi) in self.words.figures:
                shown[name] = kpi
        return shown

    def write_paper(self, version: str, is_draft: bool) -> Paper:
        """Return the paper: overview, months, branches, how each figure was made."""
        words = self.words
        period_words = describe_period(words, self.month, self.period)
        as_of, numbers = words.say_state(self.month, version)
        said = (as_of, numbers, words.find_text("period.note"), *self._list_marks())

        sentences = write_sentences(words, self.sentences)
        overview: list[Block] = [*sentences, self._draw_overview()]
        months: list[Block] = [self._draw_months(), *self._draw_trends()]

        return Paper(
            language=words.language,
            month=str(self.month),
            title=words.find_text("period.title", period=period_words),
            said=said,
            draft=words.mark_draft(is_draft),
            sections=(
                self._make_section("overall", overview),
                self._make_section("months", months),
                self._make_section("branches", [self._draw_branches()]),
                self._make_section("sources", [self._draw_sources()]),
            ),
            figures=words.figures,
            kind=self.period,
        )

    def _list_marks(self) -> Iterator[str]:
        """Yield the KPIs made under a waiver in the month that closes the period."""
        titles = {}
        for kpi in self.shown_kpis.values():
            topic = _name_topic(kpi)
            titles[topic] = self.words.name_kpi(kpi.name)
        yield from say_marks(self.marks, titles, self.words.language)

    def _make_section(self, key: str, blocks: Sequence[Block]) -> Section:
        """Return a section under its title."""
        title = self.words.find_text(f"period.{key}")
        if key != "months":  # a month that is not held is one that is missed
            blocks = list(prune_blocks(blocks))
        return Section(key, title, tuple(blocks))

    def _build_id(
        self,
        measure: str,
        kpi: Kpi,
        scope_kind: str = "company",
        scope_id: str = "company",
    ) -> str:
        """Return the id of a figure of the period; without a scope, of the company."""
        period_measure = f"{self.period}_{measure}"
        topic = _name_topic(kpi)
        return build_figure_id(period_measure, topic, scope_kind, scope_id, self.month)

    def _build_monthly_id(self, measure: str, kpi: Kpi, month: Month) -> str:
        """Return the id of the company's figure of one month."""
        return build_company_figure_id(measure, _name_topic(kpi), month)

    def _draw_overview(self) -> Table:
        """Return a row a KPI: its value, target, gap, and change to the year before."""
        rows = []
        for kpi in self.shown_kpis.values():
            ids = (
                self._build_id("value", kpi),
                self._build_monthly_id("target", kpi, self.month),
                self._build_id("gap", kpi),
                self._build_id("year_change", kpi),
            )
            title = self.words.show_kpi(kpi.name)
            figures = self.words.show_figures(ids)
            rows.append((title, *figures))

        return self.words.make_table(
            title="table.kpi",
            columns=("kpi", "period", "target", "gap", "year_change"),
            rows=rows,
            numeric=(1, 2, 3, 4),
            widths=(32, 20, 16, 16, 16),
        )

    def _draw_months(self) -> Table:
        """Return the headline figures of each month of the period, as they were printed."""
        files = _default_files()
        headline = list_shown_kpis("headline")
        rows = []
        for month in self.months:
            ids = []
            for name in headline:
                ids.append(self._build_monthly_id("value", files[name], month))
            figures = self.words.show_figures(ids)
            title = make_cell(str(month))
            rows.append((title, *figures))

        kpi_titles = [self.words.name_kpi(name) for name in headline]
        return Table(
            title=self.words.find_text("period.table_months"),
            header=(self.words.find_text("column.month"), *kpi_titles),
            rows=tuple(rows),
            numeric=frozenset({1, 2, 3, 4}),
        )

    def _draw_trends(self) -> Iterator[Chart]:
        """Yield the headline KPIs over the months of the period."""
        for name, kpi in self.headline_kpis.items():
            ids = {}
            for month in self.months:
                ids[month] = self._build_monthly_id("value", kpi, month)
            target_id = self._build_monthly_id("target", kpi, self.month)
            chart = draw_trend_chart(self.words, name, ids, target_id)
            if chart is not None:
                yield chart

    def _draw_branches(self) -> Table:
        """Return the headline figures of the period by branch; what nobody owns last."""
        branches = set()
        for figure in self.words.figures.values():
            if figure["scope_kind"] == "branch":
                branches.add(figure["scope_id"])

        rows = []
        for branch in sort_branches(branches):
            ids = []
            for kpi in self.headline_kpis.values():
                ids.append(self._build_id("value", kpi, "branch", branch))
            figures = self.words.show_figures(ids)
            title = self.words.show_scope(branch)
            rows.append((title, *figures))

        kpi_titles = [self.words.name_kpi(name) for name in self.headline_kpis]
        header = (self.words.find_text("column.branch"), *kpi_titles)
        return Table(
            title=self.words.find_text("period.table_branches"),
            header=header,
            rows=tuple(rows),
            numeric=frozenset(range(1, len(header))),
        )

    def _draw_sources(self) -> Table:
        """Return how each figure was made, of how many months, and what it is a quotient of."""
        rows = []
        for kpi in self.shown_kpis.values():
            title = self.words.show_kpi(kpi.name)
            meaning = make_cell(self._say_meaning(kpi))
            ids = [self._build_id(measure, kpi) for measure in _SOURCE_MEASURES]
            figures = self.words.show_figures(ids)
            rows.append((title, meaning, *figures))

        return self.words.make_table(
            title="table.sources",
            columns=("kpi", "meaning", *_SOURCE_MEASURES),
            rows=rows,
            numeric=(2, 3, 4),
            widths=(22, 34, 8, 18, 18),
        )

    def _say_meaning(self, kpi: Kpi) -> str:
        """Say what a KPI means, and how its months were put together."""
        meaning = self.words.name_variant(_name_topic(kpi))
        way = self.words.find_text("period.last")
        if kpi.meta.get("period") == "sum":
            way = self.words.find_text("period.sum")
        return f"{meaning} · {way}"


def _name_topic(kpi: Kpi) -> str:
    """Return what the figures of a KPI's default variant are about."""
    return f"{kpi.name}.{kpi.meta['default']}"
