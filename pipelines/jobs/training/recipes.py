"""The models that a training fits: the full one, and one for somebody who waits."""

from __future__ import annotations

from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from pipelines.rooms.score.frame import list_feature_groups, list_features, map_signs
from pipelines.rooms.score.samples import GAP

MOST_ROWS_QUICK = 80_000


def _read_signs() -> dict[str, dict[str, int]]:
    """Return by outcome which way each feature may move the chance.

    The signs the business demands.
    """
    return map_signs(list_features(list_feature_groups()))


def make_recipe() -> CompetingClassifier:
    """Return the model to fit, with the signs the business demands."""
    return CompetingClassifier(
        monotone=_read_signs(), estimator=ChurnClassifier(gap=GAP)
    )


def make_quick_recipe() -> CompetingClassifier:
    """Return the model to fit where somebody waits for it.

    Boosted trees alone, chosen and calibrated on two months.
    """
    estimator = ChurnClassifier(
        candidates=("boosting",), gap=GAP, folds=2, max_rounds=40
    )
    return CompetingClassifier(monotone=_read_signs(), estimator=estimator)
