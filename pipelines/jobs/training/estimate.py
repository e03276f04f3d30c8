"""How much work a training is, told before it begins: rows times candidates, and about how long one core takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.boosting import LEAVES, SHARES
from models.churn import ChurnClassifier
from models.competing import ORDER
from pipelines.core.month import Month
from pipelines.jobs.training.churn import MOST_ROWS_QUICK, make_quick_recipe, make_recipe
from pipelines.rooms.score.samples import GAP, MOST_ROWS, count_rows, sample_share, usable_months

# Scaled to ten minutes for 210,000 rows in full, on one core of a server of 2024; they say minutes or hours, not seconds.
SECONDS_A_ROW_READ = 12e-6
SECONDS_A_ROW_AND_ROUND = 0.15e-6
SECONDS_A_ROW_AND_CURVE = 26e-6
STRENGTHS_AND_LAST = 4  # penalties tried, and the fit on every row
FITS = 1.6  # one that is judged, on the earlier rows, and one on all of them


@dataclass(frozen=True)
class Work:
    """What a training will do; `seconds` is of one core that has nothing else to do."""

    months: int
    rows: int
    candidates: int
    folds: int
    seconds: float


def estimate_work(home: Path, through: Month, *, is_quick: bool) -> Work:
    """Estimate a training from the months held; raise ModelError where there is none to train on."""
    versions = usable_months(home, through)
    most = MOST_ROWS_QUICK if is_quick else MOST_ROWS
    labelled = versions[:-GAP]
    held = sum(count_rows(version) for version in versions)
    rows = round(sum(count_rows(version) for version in labelled) * sample_share(versions, most))
    recipe = make_quick_recipe() if is_quick else make_recipe()
    estimator = recipe.estimator or ChurnClassifier()
    tries = 0
    seconds_a_row = 0.0
    if {"boosting", "blend"} & set(estimator.candidates):
        sizes = len(LEAVES) + len(SHARES) - 1
        tries += sizes
        seconds_a_row += SECONDS_A_ROW_AND_ROUND * estimator.max_rounds * sizes * estimator.folds
    if {"splines", "blend"} & set(estimator.candidates):
        tries += STRENGTHS_AND_LAST - 1
        seconds_a_row += SECONDS_A_ROW_AND_CURVE * STRENGTHS_AND_LAST * estimator.folds
    seconds = SECONDS_A_ROW_READ * held + seconds_a_row * rows * len(ORDER) * FITS
    return Work(len(labelled), rows, tries, estimator.folds, seconds)
