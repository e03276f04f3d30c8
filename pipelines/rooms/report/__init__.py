"""The month's figures and sentences, which all documents are made of, and its offline pages."""

from __future__ import annotations

from dataclasses import asdict
from itertools import chain
from typing import Any, cast

from pipelines.catalogue.spec import load_room_specs
from pipelines.documents.holdout_view import read_holdout_views
from pipelines.documents.pages.dictionary import DefinitionRow, write_dictionary
from pipelines.documents.pages.page import write_summary
from pipelines.documents.pages.quality import write_quality
from pipelines.documents.pages.review import write_review
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.activities import gather_activity_figures, tell_activities
from pipelines.rooms.report.arrangements import (
    gather_arrangement_figures,
    put_down_arrangements,
    read_promised,
    tell_arrangements,
    tell_promised,
)
from pipelines.rooms.report.bases import gather_base_figures
from pipelines.rooms.report.bulletin import gather_bulletin_figures, tell_bulletin
from pipelines.rooms.report.complaints import write_complaint_weeks
from pipelines.rooms.report.figures import FigureRows, index_figures, write_figures
from pipelines.rooms.report.forecast import write_forecast
from pipelines.rooms.report.gather import gather_figures
from pipelines.rooms.report.managers import tell_managers
from pipelines.rooms.report.operation import write_operation
from pipelines.rooms.report.periods import gather_period_figures, tell_periods
from pipelines.rooms.report.rows import read_ordered, read_table
from pipelines.rooms.report.scorecard import write_scorecards
from pipelines.rooms.report.sentences import begin_writer, write_sentences
from pipelines.rooms.side_by_side import compute_each
from pipelines.text.texts import LANGUAGES

TABLES = (
    "report_figure",
    "report_sentence",
    "kpi_monthly",
    "kpi_tie",
    "dispatch_list",
    "validate_result",
    "validate_offending",
    "validate_sample",
    "validate_trend",
    "snapshot_intake",
    "snapshot_normalised",
    "extract_delivery",
)


def run(context: Context) -> None:
    """Write the tables of the room, sheets first, figures and sentences last; then the pages."""
    compute_each(context, load_room_specs("report"))
    write_forecast(context)
    write_complaint_weeks(context)
    write_operation(context)
    write_scorecards(context)

    figures = index_figures(write_figures(context, _all_figures(context)))
    writer = begin_writer(context, figures)
    arrangements = put_down_arrangements(context, writer)
    others = chain(
        [
            ("promised", tell_promised(writer, read_promised(context))),
            ("arrangements", tell_arrangements(writer, arrangements)),
        ],
        tell_managers(context, figures),
        tell_periods(context, figures),
        tell_activities(context, figures),
        tell_bulletin(context, figures),
    )
    write_sentences(context, writer, others)
    _write_pages(context)
    if context.is_computed("score_watch"):
        _write_review(context)


def _all_figures(context: Context) -> FigureRows:
    yield from gather_figures(context)
    yield from gather_period_figures(context)
    yield from gather_activity_figures(context)
    yield from gather_base_figures(context)
    yield from gather_arrangement_figures(context)
    yield from gather_bulletin_figures(context)


def _write_pages(context: Context) -> None:
    """Write the dictionary, the summary and the page of quality, one of each a language."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for name in TABLES:
        tables[name] = read_table(context, name)
    tables["snapshot_quarantine"] = read_rows(context, "report", "quarantined_rows")

    definitions = cast(list[DefinitionRow], read_table(context, "kpi_definition"))

    outbox, month = context.draft.path / "outbox", context.month
    for language in LANGUAGES:
        dictionary = f"dictionary.{language}.html"
        summary = outbox / f"summary.{language}.html"
        write_dictionary(outbox / dictionary, month, language, definitions)
        write_summary(summary, month, language, tables, dictionary=dictionary)
        write_quality(outbox / f"quality.{language}.html", month, language, tables)


def _write_review(context: Context) -> None:
    """Write `outbox/review.<language>.html`: the model that scored the month, how it does."""
    from models.registry import read_card

    assert context.champion is not None
    card = read_card(context.champion.path, context.settings.key)
    shown = asdict(card) | {"version": card.version}
    looks = read_ordered(context, "score_watch")
    listed = read_rows(context, "report", "listed_reasons")
    holdouts = read_holdout_views(context.draft)
    for language in LANGUAGES:
        path = context.draft.path / "outbox" / f"review.{language}.html"
        write_review(
            path,
            context.month,
            language,
            shown,
            looks,
            listed,
            holdouts=holdouts,
        )
