"""The workbook of a branch's analysis: a row a manager, every KPI's measures side by side."""

from __future__ import annotations

from pathlib import Path

from pipelines.catalogue.figure_rows import build_figure_id
from pipelines.catalogue.outputs import list_quality_topics
from pipelines.documents.reports.annex import (
    find_cell_kind,
    make_figure_sheet,
    make_paper_stamp,
)
from pipelines.documents.reports.managers import Analysis, find_topic_title
from pipelines.documents.reports.model import Paper, Wording
from pipelines.documents.reports.rows import map_scope_names
from pipelines.documents.workbooks.columns import Cell, Column, Sheet
from pipelines.documents.workbooks.workbook import Tables, write_tables
from pipelines.store.lake import Version
from pipelines.text.texts import load_labels

_MEASURES = ("value", "change", "gap", "rank", "denominator")


def list_grid_columns() -> list[tuple[str, str]]:
    """Return what the workbook has of each KPI, side by side: topic and measure."""
    columns = []
    for topic in list_quality_topics():
        for measure in _MEASURES:
            columns.append((topic, measure))
    return columns


def _name_column(topic: str, measure: str) -> str:
    """Return the name of a column of the workbook."""
    return f"{topic}:{measure}"


def write_analysis_book(path: Path, analysis: Analysis, version: Version) -> None:
    """Write the branch's workbook: a row a manager, and every figure with its source."""
    paper = analysis.paper
    words = Wording(paper.language, paper.figures, map_scope_names(paper.figures))
    titles = {}
    for topic, measure in list_grid_columns():
        column = _name_column(topic, measure)
        kpi_title = find_topic_title(words, topic)
        measure_title = words.find_text(f"column.{measure}")
        titles[column] = f"{kpi_title} {measure_title}"

    columns = [Column("manager_name", 14), Column("manager_id", 12)]
    columns += [Column(name, 13, "number") for name in titles]
    rows = [_build_grid_row(words, paper, manager) for manager in analysis.managers]
    managers = Sheet("managers", tuple(columns), rows, frozen=1)
    stamp = make_paper_stamp(paper, version)
    book = Tables(stamp, (managers, make_figure_sheet(words)))
    write_tables(path, book, load_labels(paper.language) | titles)


def _build_grid_row(words: Wording, paper: Paper, manager: str) -> dict[str, object]:
    """Return a manager's row: the measures of each KPI side by side."""
    row: dict[str, object] = {
        "manager_name": words.name_scope(manager),
        "manager_id": manager,
    }
    for topic, measure in list_grid_columns():
        figure_id = build_figure_id(measure, topic, "manager", manager, paper.month)
        figure = paper.figures.get(figure_id)
        cell = None
        if figure is not None:
            kind = find_cell_kind(figure["unit"])
            cell = Cell(kind, figure["number"])
        column = _name_column(topic, measure)
        row[column] = cell

    return row
