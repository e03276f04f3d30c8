"""The retention quality analysis of a branch: how it stands, and a row a manager, KPI by KPI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalogue.outputs import BRANCH_SECTION, QUALITY
from pipelines.core.month import Month
from pipelines.documents.reports.annex import figure_sheet, kind_of, stamp_of
from pipelines.documents.reports.model import (
    Block,
    Cell,
    Paper,
    Part,
    Section,
    Table,
    Text,
    Wording,
)
from pipelines.documents.reports.summary import month_in_words
from pipelines.documents.workbooks.columns import Column, Sheet
from pipelines.documents.workbooks.workbook import Cell as SheetCell
from pipelines.documents.workbooks.workbook import Tables, write_tables
from pipelines.store.lake import Version
from pipelines.text.texts import label, labels

Row = Mapping[str, Any]
_KEPT = 4  # of the KPIs the first are of what was kept, the others of what was done
MEASURES = ("value", "target", "gap", "change", "rank", "numerator", "denominator")
# What the workbook has of each KPI, side by side.
GRID = tuple(
    (topic, measure)
    for topic in QUALITY
    for measure in ("value", "change", "gap", "rank", "denominator")
)


@dataclass(frozen=True)
class Analysis:
    """One branch's analysis: the paper, the branch and its managers in order."""

    paper: Paper
    branch_id: str
    branch: str
    managers: tuple[str, ...]


def write_analyses(
    read: Any, month: Month, language: str, version: str, is_draft: bool
) -> Iterator[Analysis]:
    """Yield the analysis of each branch that the month has sentences of."""
    sections = {str(row["section"]) for row in read("report_sentence")}
    branches = sorted(
        s.removeprefix(BRANCH_SECTION) for s in sections if s.startswith(BRANCH_SECTION)
    )
    if not branches:
        return
    figures = [
        dict(r) for r in read("report_figure") if r["topic"] in QUALITY and r["month"] == str(month)
    ]
    small = {
        (f"{r['kpi']}.{r['variant']}", r["scope_id"])
        for r in read("kpi_monthly")
        if r["scope_kind"] == "manager" and "small_denominator" in (r["reason"] or "")
    }
    home = {r["manager_id"]: r["branch_id"] for r in read("snapshot_account_manager")}
    for branch in branches:
        own = [r for r in figures if _is_of(r, branch, home)]
        managers = tuple(sorted({r["scope_id"] for r in own if r["scope_kind"] == "manager"}))
        told = [r for r in read("report_sentence") if r["section"] == f"{BRANCH_SECTION}{branch}"]
        drawn = _Branch(
            month, language, branch, managers, {r["figure"]: r for r in own}, told, small
        )
        yield Analysis(drawn.paper(version, is_draft), branch, drawn.words.scope(branch), managers)


def _is_of(row: Row, branch: str, home: Mapping[str, str]) -> bool:
    if row["scope_kind"] == "manager":
        return home.get(row["scope_id"]) == branch
    return row["scope_kind"] == "company" or (row["scope_kind"], row["scope_id"]) == (
        "branch",
        branch,
    )


@dataclass(frozen=True)
class _Branch:
    """Builds one branch's paper."""

    month: Month
    language: str
    branch: str
    managers: tuple[str, ...]
    figures: Mapping[str, dict[str, Any]]
    told: Sequence[Row]
    small: set[tuple[str, str]]

    @property
    def words(self) -> Wording:
        """The words, with what the branch and its managers are called."""
        names = {r["scope_id"]: r["scope_name"] for r in self.figures.values() if r["scope_name"]}
        return Wording(self.language, self.figures, names)

    def paper(self, version: str, is_draft: bool) -> Paper:
        """Return the paper: the branch, its managers at a glance, then KPI by KPI."""
        words = self.words
        said = (
            words.text("as_of", last_day=self.month.last_day.isoformat()),
            words.text("version", version=version),
        )
        named = {
            "branch": words.scope(self.branch),
            "month": month_in_words(self.month, self.language),
        }
        blocks: dict[str, tuple[Block, ...]] = {
            "branch": (*self._sentences(), self._of_branch()),
            "glance": (
                self._glance(QUALITY[:_KEPT], "analysis.table_kept"),
                self._glance(QUALITY[_KEPT:], "analysis.table_done"),
            ),
            "each": tuple(map(self._of_topic, QUALITY)),
        }
        return Paper(
            language=self.language,
            month=str(self.month),
            title=words.text("analysis.title", **named),
            said=(*said, words.text("analysis.note")),
            draft=label(self.language, "draft") if is_draft else "",
            sections=tuple(
                Section(key, words.text(f"analysis.{key}"), found) for key, found in blocks.items()
            ),
            figures=self.figures,
        )

    def _sentences(self) -> Iterator[Text]:
        for row in sorted(self.told, key=lambda r: r["place"]):
            yield Text(self.words.sentence(row["rules"], json.loads(row["slots"])))

    def _of(self, measure: str, topic: str, kind: str, scope: str) -> Cell:
        name = f"{measure}:{topic}:{kind}:{scope}:{self.month}"
        if measure == "rank" and name not in self.figures and (topic, scope) in self.small:
            return (Part(self.words.text("analysis.small")),)
        return self.words.figure(name)

    def _of_branch(self) -> Table:
        names = ("value", "target", "gap", "change", "rank")
        rows = [
            (
                (Part(title_of_topic(self.words, t)),),
                *(self._of(n, t, "branch", self.branch) for n in names),
            )
            for t in QUALITY
        ]
        header = tuple(self.words.text(f"column.{name}") for name in ("kpi", *names))
        title = self.words.text("analysis.table_branch")
        return Table(title, header, tuple(rows), frozenset(range(1, 6)), (30, 16, 14, 14, 14, 12))

    def _glance(self, topics: Sequence[str], title: str) -> Table:
        """Every manager in one table: the values of some KPIs."""
        header = (
            self.words.text("column.manager"),
            *(title_of_topic(self.words, t) for t in topics),
        )
        rows = [
            ((Part(self.words.scope(m)),), *(self._of("value", t, "manager", m) for t in topics))
            for m in self.managers
        ]
        widths = (24, *[19] * len(topics))
        return Table(
            self.words.text(title), header, tuple(rows), frozenset(range(1, len(header))), widths
        )

    def _of_topic(self, topic: str) -> Table:
        """One KPI of every manager, the best first, with what it is a quotient of."""
        rank = {
            m: self.figures.get(f"rank:{topic}:manager:{m}:{self.month}", {}).get("number")
            for m in self.managers
        }
        order = sorted(self.managers, key=lambda m: (rank[m] is None, rank[m] or 0, m))
        rows = [
            (
                (Part(self.words.scope(m)),),
                *(self._of(name, topic, "manager", m) for name in MEASURES),
            )
            for m in order
        ]
        header = tuple(self.words.text(f"column.{name}") for name in ("manager", *MEASURES))
        title = title_of_topic(self.words, topic)
        return Table(
            title,
            header,
            tuple(rows),
            frozenset(range(1, len(header))),
            (13, 13, 12, 9, 10, 9, 16, 18),
        )


def title_of_topic(words: Wording, topic: str) -> str:
    """Return what a KPI is called where its variants stand side by side."""
    return (
        words.text(f"analysis.{topic}")
        if f"paper.analysis.{topic}" in labels(words.language)
        else words.kpi(topic.partition(".")[0])
    )


# -- the workbook ------------------------------------------------------------------------------------------------


def cell_name(topic: str, measure: str) -> str:
    """Return the name of a column of the workbook."""
    return f"{topic}:{measure}"


def write_analysis_book(path: Path, analysis: Analysis, version: Version) -> None:
    """Write the branch's workbook: a row a manager, and every figure with its source."""
    paper = analysis.paper
    words = Wording(
        paper.language,
        paper.figures,
        {r["scope_id"]: r["scope_name"] for r in paper.figures.values()},
    )
    titles = {
        cell_name(t, m): f"{title_of_topic(words, t)} {words.text(f'column.{m}')}" for t, m in GRID
    }
    columns = (
        Column("manager_name", 14),
        Column("manager_id", 12),
        *(Column(n, 13, "number") for n in titles),
    )
    rows = [_grid_row(words, paper, manager) for manager in analysis.managers]
    sheets = (Sheet("managers", columns, rows, frozen=1), figure_sheet(words))
    write_tables(path, Tables(stamp_of(paper, version), sheets), labels(paper.language) | titles)


def _grid_row(words: Wording, paper: Paper, manager: str) -> dict[str, object]:
    row: dict[str, object] = {"manager_name": words.scope(manager), "manager_id": manager}
    for topic, measure in GRID:
        figure = paper.figures.get(f"{measure}:{topic}:manager:{manager}:{paper.month}")
        row[cell_name(topic, measure)] = (
            SheetCell(kind_of(figure["unit"]), figure["number"]) if figure else None
        )
    return row
