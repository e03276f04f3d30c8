"""How much work a training is, told before it begins.

Rows times candidates, and about how long one core takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from models.boosting import LEAVES, SHARES
from models.churn import SEARCH_ROWS, ChurnClassifier
from models.competing import ORDER
from pipelines.core.month import Month
from pipelines.jobs.training.recipes import (
    MOST_ROWS_QUICK,
    make_quick_recipe,
    make_recipe,
)
from pipelines.rooms.score.samples import (
    GAP,
    MOST_ROWS,
    count_rows,
    sample_share,
    usable_months,
)

# Scaled to two minutes for 210,000 rows in full, on one core of a server of 2024, where trees stop
# growing long before their last round.
# They say minutes or hours, not seconds.
SECONDS_A_ROW_READ = 12e-6
SECONDS_A_ROW_AND_ROUND = 0.11e-6
SECONDS_A_ROW_AND_CURVE = 14e-6
STRENGTHS = 3  # penalties tried
# Of what was chosen: on the rows before the latest judged month, and on every row.
FITS_OF_CHOSEN = 2
FITS = 1.6  # one that is judged, on the earlier rows, and one on all of them


@dataclass(frozen=True)
class Work:
    """What a training will do; `seconds` is of one core that has nothing else to do."""

    months: int
    rows: int
    candidates: int
    folds: int
    seconds: float


class _Effort(NamedTuple):
    """What an estimator does with one labelled row, in its search and in one fit."""

    candidates: int
    search_seconds: float
    fit_seconds: float


def estimate_work(home: Path, through: Month, *, is_quick: bool) -> Work:
    """Estimate a training from the months held.

    Raise ModelError where there is none to train on.
    """
    versions = usable_months(home, through)
    labelled = versions[:-GAP]
    most_rows = MOST_ROWS_QUICK if is_quick else MOST_ROWS
    labelled_rows = sum(count_rows(version) for version in labelled)
    rows = round(labelled_rows * sample_share(versions, most_rows))
    rows_read = sum(count_rows(version) for version in versions)

    recipe = make_quick_recipe() if is_quick else make_recipe()
    estimator = recipe.estimator or ChurnClassifier()
    effort = _estimate_effort(estimator)
    seconds = effort.search_seconds * min(rows, SEARCH_ROWS)
    seconds += effort.fit_seconds * rows * FITS_OF_CHOSEN
    seconds = SECONDS_A_ROW_READ * rows_read + seconds * len(ORDER) * FITS
    return Work(len(labelled), rows, effort.candidates, estimator.folds, seconds)


def _estimate_effort(estimator: ChurnClassifier) -> _Effort:
    wanted = set(estimator.candidates)
    candidates = 0
    search_seconds = 0.0
    fit_seconds = 0.0
    if wanted & {"boosting", "blend"}:
        sizes = len(LEAVES) + len(SHARES) - 1
        seconds = SECONDS_A_ROW_AND_ROUND * estimator.max_rounds
        candidates += sizes
        search_seconds += seconds * sizes * estimator.folds
        fit_seconds += seconds

    if wanted & {"splines", "blend"}:
        candidates += STRENGTHS
        search_seconds += SECONDS_A_ROW_AND_CURVE * STRENGTHS * estimator.folds
        fit_seconds += SECONDS_A_ROW_AND_CURVE

    return _Effort(candidates, search_seconds, fit_seconds)
