"""Who will leave, who will not pay. Without a champion model there is no score, and lists are made by rules alone."""

from __future__ import annotations

from pipelines.core.context import Context

NO_CHAMPION = "no champion model"


def run(context: Context) -> None:
    """Score the month with the champion; record that there is none otherwise, never an old score as a new one."""
    context.record_missing("score_churn", [NO_CHAMPION])
