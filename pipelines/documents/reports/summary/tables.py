"""Two tables of the summary: the dispatch lists, and what is behind each figure."""

from __future__ import annotations

from pipelines.catalogue.figure_rows import KpiRow, build_company_figure_id, name_topic
from pipelines.documents.reports.model import Table, make_cell
from pipelines.documents.reports.summary.source import SummarySource
from pipelines.text.texts import say_reasons

_LIST_COUNTS = ("candidate_count", "treated_count")


def draw_lists(source: SummarySource) -> Table:
    """Return the lists with how many were candidates, and how many are treated."""
    rows = []
    for row in source.list_rows:
        counts = []
        for measure in _LIST_COUNTS:
            figure_id = build_company_figure_id(measure, row["list"], source.month)
            counts.append(source.words.show_figure(figure_id))
        title = source.words.show_kpi(row["list"])
        status = source.words.show_status(row["status"])
        rows.append((title, *counts, status))

    return source.words.make_table(
        title="table.lists",
        columns=("list", "candidates", "treated", "status"),
        rows=rows,
        numeric=(1, 2),
        widths=(40, 20, 20, 20),
    )


def draw_sources(source: SummarySource) -> Table:
    """Return what every default variant means, and the quotient behind the company's value."""
    rows = []
    for row in source.company_rows.values():
        title = source.words.show_kpi(row["kpi"])
        meaning = make_cell(_say_meaning(source, row))
        numerator = source.show_numerator(row)
        denominator = source.show_measure("denominator", row)
        rows.append((title, meaning, numerator, denominator))

    return source.words.make_table(
        title="table.sources",
        columns=("kpi", "meaning", "numerator", "denominator"),
        rows=rows,
        numeric=(2, 3),
        widths=(24, 40, 18, 18),
    )


def _say_meaning(source: SummarySource, row: KpiRow) -> str:
    """Say what a variant means, and why it is not simply released."""
    meaning = source.words.name_variant(name_topic(row))
    if row["status"] == "released":
        return meaning
    notes = (meaning, say_reasons(source.words.language, row["reason"]))
    return " · ".join(note for note in notes if note)
