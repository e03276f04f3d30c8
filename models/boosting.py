"""Gradient-boosted trees.

How many, and how large, judged by log loss on rows that did not fit them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from models.folds import Fold
from models.frames import Flags, Floats
from models.judging.evaluate import log_loss_of_odds
from models.steps import identify, keep_step
from models.tree_shap import TreeExplainer
from models.tree_walk import TreeWalk

LEAVES = (4, 8, 16)
SHARES = (0.3, 1.0)  # of the features, drawn at each split
STAGE = 10  # rounds between two looks at the log loss
PATIENCE = 20  # rounds without a gain after which none is expected
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
    """The fitted trees; `walk` asks them faster, and is no part of what is stored."""

    trees: HistGradientBoostingClassifier
    walk: TreeWalk | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a file of the model holds."""
        return {"trees": self.trees}

    def log_odds(self, matrix: Floats) -> Floats:
        """Return the log-odds of each row."""
        if self.walk is not None:
            return self.walk.log_odds(matrix)
        odds: Floats = self.trees.decision_function(matrix)
        return odds

    def staged(self, matrix: Floats) -> Floats:
        """Return the log-odds after every STAGE trees and after the last, stages × rows.

        Where growing ended early, the last trees, fewer than STAGE, are left out.
        """
        rounds = self.trees.max_iter
        ends = [*range(STAGE, rounds, STAGE), rounds]
        grown = [end for end in ends if end <= self.trees.n_iter_]
        return TreeWalk(self.trees).staged(matrix, grown)

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

    def fit(
        self,
        matrix: Floats,
        outcome: Floats,
        size: Size,
        watched: tuple[Floats, Floats] | None = None,
    ) -> TreeModel:
        """Fit trees of a size; categories and missing values are split natively.

        Where rows and their outcomes are watched, no more trees are grown once PATIENCE of them
        have gained nothing there.
        """
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
        rows = _fill_empty(matrix)
        if watched is None:
            return TreeModel(model.fit(rows, outcome))
        later, came = watched
        model.set_params(early_stopping=True, n_iter_no_change=PATIENCE, tol=0.0)
        return TreeModel(model.fit(rows, outcome, X_val=later, y_val=came))


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

    With its log-odds of the judged rows, in the folds' order. Larger trees are tried until they are
    worse; the last fold says after how many rounds nothing is gained any more.
    """
    try_size = partial(_try_size, trees, matrix, outcome, folds, max_rounds)
    few, *more = SHARES
    best = try_size(LEAVES[0], few)
    for leaves in LEAVES[1:]:
        tried = try_size(leaves, few)
        if tried.loss >= best.loss:
            break
        best = tried
    others = [try_size(best.size.leaves, share) for share in more]
    best = min([best, *others], key=lambda tried: tried.loss)
    return best.size, best.odds


@dataclass(frozen=True)
class _Tried:
    """A size at its best number of rounds, with its log-odds of the judged rows."""

    loss: float
    size: Size
    odds: Floats


def _try_size(
    trees: Trees,
    matrix: Floats,
    outcome: Floats,
    folds: list[Fold],
    max_rounds: int,
    leaves: int,
    share: float,
) -> _Tried:
    *earlier, last = folds
    newest = _judge(trees, matrix, outcome, last, Size(leaves, share, max_rounds))
    rounds = min(len(newest) * STAGE, max_rounds)
    size = Size(leaves, share, rounds)
    staged = [
        _judge(trees, matrix, outcome, fold, size, is_watched=False) for fold in earlier
    ]
    odds = np.hstack([*staged, newest])
    judged = np.concatenate([outcome[judge] for _, judge in folds])
    losses = [log_loss_of_odds(judged, each) for each in odds]
    stage = int(np.argmin(losses))
    best = Size(leaves, share, min((stage + 1) * STAGE, rounds))
    return _Tried(losses[stage], best, odds[stage])


def _judge(
    trees: Trees,
    matrix: Floats,
    outcome: Floats,
    fold: Fold,
    size: Size,
    *,
    is_watched: bool = True,
) -> Floats:
    """Return the log-odds of the judged rows after each whole stage, stages × rows.

    A fit that is watched ends early, once the judged rows gain nothing by more trees.
    """
    fit, judge = fold
    known, happened, later, came = (
        matrix[fit],
        outcome[fit],
        matrix[judge],
        outcome[judge],
    )
    ways = trees.is_categorical, sorted(trees.monotone.items()), trees.seed, size
    watched = (later, came) if is_watched else None
    identity = identify("boosting", known, happened, later, watched, *ways)

    def make() -> Floats:
        model = trees.fit(known, happened, size, watched)
        return model.staged(later)

    return keep_step(identity, make)
