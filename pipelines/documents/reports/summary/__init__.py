"""The monthly summary: what stands in which section.

From the tables that `report` and `kpi` wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.catalogue.figure_rows import FigureRow
from pipelines.catalogue.outputs import ACTIVITY_SECTION, COMPLAINT_TOPIC
from pipelines.core.month import Month
from pipelines.documents.reports.model import (
    Block,
    Paper,
    Section,
    Text,
    Wording,
    prune_blocks,
    write_sentences,
)
from pipelines.documents.reports.rows import index_figures, map_scope_names
from pipelines.documents.reports.summary.activities import draw_activity_tables
from pipelines.documents.reports.summary.bases import draw_bases
from pipelines.documents.reports.summary.front import draw_front
from pipelines.documents.reports.summary.overall import draw_overall
from pipelines.documents.reports.summary.ranks import draw_ranks
from pipelines.documents.reports.summary.source import SummarySource
from pipelines.documents.reports.summary.tables import draw_lists, draw_sources

SECTIONS = ("overall", "ranks", "dispatch", "quality", "next", "sources")
TABLES = ("report_figure", "report_sentence", "kpi_monthly", "dispatch_list")


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
    own_rows = [row for row in tables["report_figure"] if _is_of_summary(row)]
    figures = index_figures(own_rows)
    words = Wording(language, figures, map_scope_names(figures))
    source = SummarySource(
        month=month,
        words=words,
        sentences=tables["report_sentence"],
        kpi_rows=tables["kpi_monthly"],
        list_rows=tables["dispatch_list"],
    )
    sections = list(draw_front(source))
    sections += [_write_section(source, key) for key in SECTIONS]
    return Paper(
        language=language,
        month=str(month),
        title=words.find_text("title", month=describe_month(month, language)),
        said=words.say_state(month, version),
        draft=words.mark_draft(is_draft),
        sections=tuple(sections),
        figures=figures,
    )


def _is_of_summary(row: FigureRow) -> bool:
    """Whether a figure is the summary's: not a manager's, nor of the bulletin of complaints."""
    return row["scope_kind"] != "manager" and row["topic"] != COMPLAINT_TOPIC


def describe_month(month: Month, language: str) -> str:
    """Return the month as a title says it."""
    if language == "zh":
        return f"{month.year}年{month.number}月"
    return str(month)


def _write_section(source: SummarySource, key: str) -> Section:
    """Return one section: its sentences, then its tables and charts."""
    texts = _write_sentences(source, key)
    if key == "dispatch":
        texts += _write_sentences(source, ACTIVITY_SECTION)
    if key == "next":
        texts[-1] = Text(texts[-1].parts, is_blank=True)

    blocks: list[Block] = [*texts]
    if key == "overall":
        blocks += draw_bases(source)
        blocks += draw_overall(source)
    elif key == "ranks":
        blocks += draw_ranks(source)
    elif key == "dispatch":
        blocks.append(draw_lists(source))
        blocks += draw_activity_tables(source.words, source.month)
    elif key == "sources":
        blocks.append(draw_sources(source))

    title = source.words.find_text(f"section.{key}")
    return Section(key, title, tuple(prune_blocks(blocks)))


def _write_sentences(source: SummarySource, section: str) -> list[Text]:
    """Return the sentences of a section as paragraphs."""
    rows = [row for row in source.sentences if row["section"] == section]
    return write_sentences(source.words, rows)
