"""The month's figures and sentences, which all documents are made of, and its pages, offline, one of each a language."""

from __future__ import annotations

from dataclasses import asdict
from itertools import chain

from pipelines.catalogue.spec import room_specs
from pipelines.documents.pages.dictionary import write_dictionary
from pipelines.documents.pages.page import write_summary
from pipelines.documents.pages.quality import write_quality
from pipelines.documents.pages.review import write_review
from pipelines.rooms.context import Context
from pipelines.rooms.report.activities import activity_figures, tell_activities
from pipelines.rooms.report.complaints import write_complaint_weeks
from pipelines.rooms.report.figures import by_id, write_figures
from pipelines.rooms.report.forecast import write_forecast
from pipelines.rooms.report.managers import tell_managers
from pipelines.rooms.report.operation import write_operation
from pipelines.rooms.report.periods import period_figures, tell_periods
from pipelines.rooms.report.scorecard import write_scorecards
from pipelines.rooms.report.sentences import write_sentences
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
_QUARANTINED = 'SELECT "table", rule, COUNT(*) AS rows FROM snapshot_quarantine GROUP BY "table", rule ORDER BY ALL'

_LISTED = """
    SELECT reason_1 AS reason, COUNT(*) AS "count" FROM score_churn WHERE reason_1 IS NOT NULL
    GROUP BY reason_1 ORDER BY "count" DESC, reason_1
"""


def run(context: Context) -> None:
    """Write the tables of the room, sheets first, figures and sentences last; then the pages."""
    for spec in room_specs("report"):
        context.compute(spec)
    write_forecast(context)
    write_complaint_weeks(context)
    write_operation(context)
    write_scorecards(context)
    figures = by_id(
        write_figures(context, chain(period_figures(context), activity_figures(context)))
    )
    told = chain(
        *(tell(context, figures) for tell in (tell_managers, tell_periods, tell_activities))
    )
    write_sentences(context, figures, told)
    tables = {name: context.engine.rows(f"SELECT * FROM {name}") for name in TABLES}
    tables["snapshot_quarantine"] = context.engine.rows(_QUARANTINED)
    for language in LANGUAGES:
        outbox = context.draft.path / "outbox"
        dictionary = f"dictionary.{language}.html"
        write_dictionary(outbox / dictionary, context.month, language)
        write_summary(
            outbox / f"summary.{language}.html",
            context.month,
            language,
            tables,
            dictionary=dictionary,
        )
        write_quality(outbox / f"quality.{language}.html", context.month, language, tables)
    if context.is_computed("score_watch"):
        _write_review(context)


def _write_review(context: Context) -> None:
    """Write `outbox/review.<language>.html`: the model that scored the month, and how it does."""
    from models.registry import read_card

    assert context.champion is not None
    card = read_card(context.champion.path, context.settings.key)
    looks = context.engine.rows("SELECT * FROM score_watch ORDER BY ALL")
    listed = context.engine.rows(_LISTED)
    for language in LANGUAGES:
        path = context.draft.path / "outbox" / f"review.{language}.html"
        write_review(
            path, context.month, language, asdict(card) | {"version": card.version}, looks, listed
        )
