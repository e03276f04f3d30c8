"""Gradient-boosted trees.

How many, and how large, judged by log loss on rows that did not fit them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from models.folds import Fold
from models.frames import Flags, Floats
from models.judging.evaluate import log_loss_of_odds
from models.steps import identify, keep_step
from models.tree_shap import TreeExplainer

LEAVES = (4, 8, 16)
SHARES = (0.3, 1.0)  # of the features, drawn at each split
STAGE = 10  # rounds between two looks at the log loss
MAX_DEPTH = (
    8  # keeps exact reasons cheap: a leaf's table has two to the power of its features
)


@dataclass(frozen=True)
class Size:
    """What is chosen: leaves a tree, share of the features tried at a split, number of trees."""

    leaves: int = 8
    share: float = 0.3
    rounds: int = 80


@dataclass
class TreeModel:
    """The fitted trees."""

    trees: HistGradientBoostingClassifier

    def log_odds(self, matrix: Floats) -> Floats:
        """Return the log-odds of each row."""
        odds: Floats = self.trees.decision_function(matrix)
        return odds

    def staged(self, matrix: Floats) -> Floats:
        """Return the log-odds after every STAGE trees and after the last, stages × rows."""
        last = self.trees.n_iter_
        stages = enumerate(
            self.trees._staged_raw_predict(matrix), start=1
        )  # the public one gives probabilities
        return np.array(
            [
                odds[:, 0].copy()
                for number, odds in stages
                if number % STAGE == 0 or number == last
            ]
        )

    def explain(self, matrix: Floats) -> tuple[Floats, float]:
        """Return contributions, rows × features, and the base to which they add."""
        explainer = TreeExplainer(self.trees)
        return explainer.contributions(matrix), explainer.base


@dataclass(frozen=True)
class Trees:
    """What all fits of a model share."""

    is_categorical: Flags
    monotone: dict[int, int]
    seed: int

    def fit(self, matrix: Floats, outcome: Floats, size: Size) -> TreeModel:
        """Fit trees of a size; categories and missing values are split natively."""
        signs = [
            self.monotone.get(j, 0) * (not self.is_categorical[j])
            for j in range(matrix.shape[1])
        ]
        model = HistGradientBoostingClassifier(
            learning_rate=0.1,
            max_iter=size.rounds,
            max_leaf_nodes=size.leaves,
            max_depth=MAX_DEPTH,
            max_features=size.share,
            min_samples_leaf=30,
            l2_regularization=1.0,
            categorical_features=self.is_categorical,
            monotonic_cst=signs if any(signs) else None,
            early_stopping=False,
            random_state=self.seed,
        )
        return TreeModel(model.fit(_fill_empty(matrix), outcome))


def _fill_empty(matrix: Floats) -> Floats:
    """Make columns without any value constant.

    Nothing is split on either, but scikit-learn fails on the former.
    """
    empty = np.isnan(matrix).all(axis=0)
    return np.where(empty, 0.0, matrix) if empty.any() else matrix


def choose_size(
    trees: Trees, matrix: Floats, outcome: Floats, folds: list[Fold], max_rounds: int
) -> tuple[Size, Floats]:
    """Return the size of the least log loss.

    With its log-odds of the judged rows, in the folds' order.
    """
    judged = np.concatenate([outcome[judge] for _, judge in folds])

    def try_size(leaves: int, share: float) -> tuple[float, Size, Floats]:
        largest = Size(leaves, share, max_rounds)
        staged = np.hstack(
            [_judge(trees, matrix, outcome, fold, largest) for fold in folds]
        )
        losses = [log_loss_of_odds(judged, odds) for odds in staged]
        stage = int(np.argmin(losses))
        return (
            losses[stage],
            Size(leaves, share, min((stage + 1) * STAGE, max_rounds)),
            staged[stage],
        )

    few, *more = SHARES
    best = min((try_size(leaves, few) for leaves in LEAVES), key=lambda tried: tried[0])
    best = min(
        [best, *(try_size(best[1].leaves, share) for share in more)],
        key=lambda tried: tried[0],
    )
    return best[1], best[2]


def _judge(
    trees: Trees, matrix: Floats, outcome: Floats, fold: Fold, size: Size
) -> Floats:
    fit, judge = fold
    known, happened, later = matrix[fit], outcome[fit], matrix[judge]
    ways = trees.is_categorical, sorted(trees.monotone.items()), trees.seed, size
    identity = identify("boosting", known, happened, later, *ways)
    return keep_step(identity, lambda: trees.fit(known, happened, size).staged(later))
