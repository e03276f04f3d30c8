"""The retention quality analysis of a branch: how it stands, and a row a manager, KPI by KPI."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipelines.catalogue.figure_rows import (
    FigureRow,
    Figures,
    KpiRow,
    build_figure_id,
    name_topic,
)
from pipelines.catalogue.outputs import (
    BRANCH_SECTION,
    list_analysed_topics,
    list_quality_topics,
)
from pipelines.core.month import Month
from pipelines.documents.reports.model import (
    Block,
    Cell,
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
from pipelines.documents.reports.summary import describe_month
from pipelines.text.texts import load_labels

_BRANCH_MEASURES = ("value", "target", "gap", "change", "rank")
MEASURES = ("value", "target", "gap", "change", "rank", "numerator", "denominator")
_SMALL = "small_denominator"


@dataclass(frozen=True)
class Analysis:
    """One branch's analysis: the paper, the branch and its managers in order."""

    paper: Paper
    branch_id: str
    branch: str
    managers: tuple[str, ...]


def write_analyses(
    read: ReadTable, month: Month, language: str, version: str, is_draft: bool
) -> Iterator[Analysis]:
    """Yield the analysis of each branch that the month has sentences of."""
    sentences_by_branch = _group_sentences(read("report_sentence"))
    if not sentences_by_branch:
        return

    figures = _read_figures(read, month)
    too_small = _find_too_small(read("kpi_monthly"))
    branch_of = {}
    for manager in read("snapshot_account_manager"):
        branch_of[manager["manager_id"]] = manager["branch_id"]

    for branch, sentences in sorted(sentences_by_branch.items()):
        own_figures = {}
        for row in figures:
            if _is_about_branch(row, branch, branch_of):
                own_figures[row["figure"]] = row

        writer = _AnalysisWriter(
            month=month,
            language=language,
            branch=branch,
            figures=own_figures,
            sentences=sentences,
            too_small=too_small,
        )
        paper = writer.write_paper(version, is_draft)
        name = writer.words.name_scope(branch)
        yield Analysis(paper, branch, name, writer.managers)


def _group_sentences(
    sentences: Sequence[SentenceRow],
) -> dict[str, list[SentenceRow]]:
    """Return by branch the sentences of its analysis."""
    by_branch: dict[str, list[SentenceRow]] = defaultdict(list)
    for sentence in sentences:
        section = sentence["section"]
        if section.startswith(BRANCH_SECTION):
            branch = section.removeprefix(BRANCH_SECTION)
            by_branch[branch].append(sentence)
    return by_branch


def _read_figures(read: ReadTable, month: Month) -> list[FigureRow]:
    """Return the month's figures of the KPIs of quality."""
    rows: Sequence[FigureRow] = read("report_figure")
    found = []
    for row in index_figures(rows).values():
        if row["month"] == str(month) and row["topic"] in list_quality_topics():
            found.append(row)
    return found


def _find_too_small(rows: Sequence[KpiRow]) -> set[tuple[str, str]]:
    """Return the KPIs (`kpi.variant`) and managers of too few customers to be ranked by."""
    found = set()
    for row in rows:
        reasons = row["reason"] or ""
        if row["scope_kind"] == "manager" and _SMALL in reasons:
            found.add((name_topic(row), row["scope_id"]))
    return found


def _is_about_branch(row: FigureRow, branch: str, branch_of: Mapping[str, str]) -> bool:
    """Whether a figure is the branch's, or of one of its managers.

    Or the company's, to compare with.
    """
    if row["scope_kind"] == "manager":
        return branch_of.get(row["scope_id"]) == branch
    if row["scope_kind"] == "branch":
        return row["scope_id"] == branch
    return row["scope_kind"] == "company"


@dataclass(frozen=True)
class _AnalysisWriter:
    """Writes one branch's paper."""

    month: Month
    language: str
    branch: str
    figures: Figures
    sentences: Sequence[SentenceRow]
    too_small: set[tuple[str, str]]

    @cached_property
    def managers(self) -> tuple[str, ...]:
        """The managers who have a figure, by id."""
        found = set()
        for row in self.figures.values():
            if row["scope_kind"] == "manager":
                found.add(row["scope_id"])
        return tuple(sorted(found))

    @cached_property
    def words(self) -> Wording:
        """The words, with what the branch and its managers are called."""
        return Wording(self.language, self.figures, map_scope_names(self.figures))

    def write_paper(self, version: str, is_draft: bool) -> Paper:
        """Return the paper: the branch, its managers at a glance, then KPI by KPI."""
        words = self.words
        sentences = write_sentences(words, self.sentences)
        of_branch: list[Block] = [*sentences, self._draw_branch()]
        at_a_glance = [
            self._draw_glance(list_analysed_topics("kept"), "analysis.table_kept"),
            self._draw_glance(list_analysed_topics("done"), "analysis.table_done"),
        ]
        each_kpi = [self._draw_topic(topic) for topic in list_quality_topics()]

        as_of, numbers = words.say_state(self.month, version)
        said = (as_of, numbers, words.find_text("analysis.note"))
        branch = words.name_scope(self.branch)
        month = describe_month(self.month, self.language)
        return Paper(
            language=self.language,
            month=str(self.month),
            title=words.find_text("analysis.title", branch=branch, month=month),
            said=said,
            draft=words.mark_draft(is_draft),
            sections=(
                self._make_section("branch", of_branch),
                self._make_section("glance", at_a_glance),
                self._make_section("each", each_kpi),
            ),
            figures=self.figures,
        )

    def _make_section(self, key: str, blocks: Sequence[Block]) -> Section:
        """Return a section under its title."""
        title = self.words.find_text(f"analysis.{key}")
        return Section(key, title, tuple(prune_blocks(blocks)))

    def _show_measure(
        self, measure: str, topic: str, scope_kind: str, scope_id: str
    ) -> Cell:
        """Return a figure; of a rank there is none of, that it was of too few customers."""
        figure_id = build_figure_id(measure, topic, scope_kind, scope_id, self.month)
        is_too_small = (topic, scope_id) in self.too_small
        if measure == "rank" and is_too_small and figure_id not in self.figures:
            return self.words.show_text("analysis.small")
        return self.words.show_figure_with_unit(figure_id)

    def _draw_branch(self) -> Table:
        """Return the branch's own figures, a row a KPI."""
        rows = []
        for topic in list_quality_topics():
            title = make_cell(find_topic_title(self.words, topic))
            figures = []
            for name in _BRANCH_MEASURES:
                figures.append(self._show_measure(name, topic, "branch", self.branch))
            rows.append((title, *figures))

        return self.words.make_table(
            title="analysis.table_branch",
            columns=("kpi", *_BRANCH_MEASURES),
            rows=rows,
            numeric=range(1, 6),
            widths=(27, 14, 13, 19, 19, 8),
        )

    def _draw_glance(self, topics: Sequence[str], title_key: str) -> Table:
        """Return every manager in one table: the values of some KPIs."""
        rows = []
        for manager in self.managers:
            values = []
            for topic in topics:
                values.append(self._show_measure("value", topic, "manager", manager))
            title = self.words.show_scope(manager)
            rows.append((title, *values))

        topic_titles = [find_topic_title(self.words, topic) for topic in topics]
        header = (self.words.find_text("column.manager"), *topic_titles)
        return Table(
            title=self.words.find_text(title_key),
            header=header,
            rows=tuple(rows),
            numeric=frozenset(range(1, len(header))),
            widths=(24, *[19] * len(topics)),
        )

    def _draw_topic(self, topic: str) -> Table:
        """Return one KPI of every manager, the best first, with what it is a quotient of."""
        rows = []
        for manager in self._sort_by_rank(topic):
            figures = []
            for name in MEASURES:
                figures.append(self._show_measure(name, topic, "manager", manager))
            title = self.words.show_scope(manager)
            rows.append((title, *figures))

        header = self.words.find_column_titles(("manager", *MEASURES))
        return Table(
            title=find_topic_title(self.words, topic),
            header=header,
            rows=tuple(rows),
            numeric=frozenset(range(1, len(header))),
            widths=(13, 12, 11, 16, 16, 8, 12, 12),
        )

    def _sort_by_rank(self, topic: str) -> list[str]:
        """Return the managers by their rank in a KPI; those without one last, by id."""
        ranked = []
        unranked = []
        for manager in self.managers:
            rank_id = build_figure_id("rank", topic, "manager", manager, self.month)
            figure = self.figures.get(rank_id)
            if figure is None:
                unranked.append(manager)
            else:
                ranked.append((figure["number"], manager))

        return [manager for _, manager in sorted(ranked)] + unranked


def find_topic_title(words: Wording, topic: str) -> str:
    """Return what a KPI is called where its variants stand side by side."""
    if f"paper.analysis.{topic}" in load_labels(words.language):
        return words.find_text(f"analysis.{topic}")
    return words.name_kpi(topic.partition(".")[0])
