"""Who will leave, who will not pay: every service in Net scored by the month's champion.

Without a champion that can be trusted there is no score, and lists are made by rules alone; never
an old score as new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalogue.spec import TableName
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import make_schema
from pipelines.rooms.relations import Relation, run_step, take_rows, write_step
from pipelines.rooms.score.champion import NoScore, Scorer, load_scorer
from pipelines.rooms.score.uplift import write_uplift

if TYPE_CHECKING:
    from pipelines.rooms.score.watch import BinCounter

_LISTED = make_schema(service_id="VARCHAR")


def run(context: Context) -> None:
    """Score the month with its champion and watch how it does, or record why there is no score."""
    context.engine.spreads = True
    try:
        scorer = load_scorer(context)
        counter = _begin_counter(context, scorer)
        scored = scorer.score_base(counter)
    except NoScore as error:
        context.record_missing("score_churn", [error.reason])
        context.record_missing("score_watch", [error.reason])
        return

    context.progress("score_reasons")
    reasoned = scorer.explain(_find_listed(context, scored))
    version = {"version": scorer.card.version}
    write_step(
        context,
        "score",
        "churn",
        "score_churn",
        ["service_id"],
        version,
        scored=scored,
        reasoned=reasoned,
    )
    _write_watch(context, scorer, counter)
    write_uplift(context)


def _begin_counter(context: Context, scorer: Scorer) -> BinCounter:
    """Return what counts the base in the bins of the champion's training month."""
    from pipelines.rooms.score.watch import BinCounter

    entry = context.find_entry(TableName("features_service"))
    base_rows = entry.rows if entry else None
    return BinCounter(scorer.card, base_rows or 0)


def _find_listed(context: Context, scored: Relation) -> Relation:
    """Return the services that get reasons; none where value or consent is not known."""
    is_value_known = context.is_computed("features_high_value")
    is_consent_known = context.is_computed("features_consent")
    if is_value_known and is_consent_known:
        return run_step(context, "score", "listed", scored=scored)
    return take_rows(context, "listed", _LISTED.empty_table())


def _write_watch(context: Context, scorer: Scorer, counter: BinCounter) -> None:
    """Write how the champion does, by what was counted while it scored."""
    from pipelines.rooms.score.watch import write_watch

    write_watch(context, scorer.card, counter)
