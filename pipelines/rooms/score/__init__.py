"""Who will leave, who will not pay: every service in the network scored by the month's champion.

Without a champion that can be trusted there is no score, and lists are made by rules alone; never an old score as new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalogue.spec import TableName
from pipelines.rooms.context import Context
from pipelines.rooms.score.champion import NoScore, Scorer, load_scorer
from pipelines.rooms.score.uplift import write_uplift

if TYPE_CHECKING:
    from pipelines.rooms.score.watch import Counter

SCORES = """
    WITH ranked AS (SELECT *, RANK() OVER (ORDER BY p_voluntary DESC) - 1 AS above, COUNT(*) OVER () AS base FROM scored)
    SELECT
        $month AS month, r.service_id, r.customer_id, r.p_voluntary, r.p_involuntary, r.p_down_migration,
        CAST(r.above * 10 // r.base + 1 AS INTEGER) AS decile, w.reason_1, w.reason_2, w.reason_3,
        $version AS model_version
    FROM ranked AS r LEFT JOIN reasoned AS w ON w.service_id = r.service_id
"""

# Reasons cost much more than chances: they are given for those whom a list made by a score takes, and who allow it.
LISTED = """
    WITH riskiest AS (
        SELECT customer_id, service_id, p_voluntary,
            ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY p_voluntary DESC, service_id) AS choice
        FROM scored
    ),
    ranked AS (
        SELECT r.customer_id, r.service_id,
            NTILE(10) OVER (
                ORDER BY r.p_voluntary * CAST(h.value_at_risk AS DOUBLE) DESC, h.customer_id
            ) AS tenth
        FROM features_high_value AS h JOIN riskiest AS r ON r.customer_id = h.customer_id AND r.choice = 1
        WHERE h.is_high_value
    )
    SELECT r.service_id FROM ranked AS r JOIN features_consent AS k ON k.customer_id = r.customer_id
    WHERE r.tenth = 1 AND NOT k.is_opted_out
"""


def run(context: Context) -> None:
    """Score the month with its champion and watch how it does, or record why there is no score."""
    try:
        scorer = load_scorer(context)
        counter = _score_and_count(context, scorer)
    except NoScore as error:
        for table in ("score_churn", "score_watch"):
            context.record_missing(table, [error.reason])
        return
    _explain_listed(context, scorer)
    parameters = {"month": str(context.month), "version": scorer.card.version}
    context.write("score_churn", SCORES, ["service_id"], parameters)
    _watch(context, scorer, counter)
    write_uplift(context)


def _score_and_count(context: Context, scorer: Scorer) -> Counter:
    from pipelines.rooms.score.watch import Counter

    counter = Counter(
        scorer.card, int((context.entry(TableName("features_service")) or {}).get("rows", 0))
    )
    scorer.seen.append(counter.add)
    scorer.score_base()
    return counter


def _watch(context: Context, scorer: Scorer, counter: Counter) -> None:
    from pipelines.rooms.score.watch import watch

    watch(context, scorer.card, counter)


def _explain_listed(context: Context, scorer: Scorer) -> None:
    context.progress("score_reasons")
    is_known = context.is_computed("features_high_value") and context.is_computed(
        "features_consent"
    )
    context.engine.table(
        "listed", LISTED if is_known else "SELECT service_id FROM scored WHERE FALSE"
    )
    scorer.explain("listed")
