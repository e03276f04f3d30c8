"""Gradient-boosted trees.

How many, and how large, judged by log loss on rows that did not fit them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from models.folds import Trial
from models.frames import Flags, Floats
from models.judging.evaluate import log_loss_of_odds
from models.steps import identify, keep_step
from models.trees.shap import TreeExplainer
from models.trees.walk import TreeWalk

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
        bins: Bins | None = None,
    ) -> TreeModel:
        """Fit trees of a size; categories and missing values are split natively.

        Where rows and their outcomes are watched, no more trees are grown once PATIENCE of them
        have gained nothing there. Fits on the same rows may share their `bins`.
        """
        signs = [
            self.monotone.get(j, 0) * (not self.is_categorical[j])
            for j in range(matrix.shape[1])
        ]
        kind = HistGradientBoostingClassifier if bins is None else _SharedBins
        model = kind(
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
        if bins is not None:
            model.bins = bins
        rows = _fill_empty(matrix)
        if watched is None:
            return TreeModel(model.fit(rows, outcome))
        later, came = watched
        model.set_params(early_stopping=True, n_iter_no_change=PATIENCE, tol=0.0)
        return TreeModel(model.fit(rows, outcome, X_val=later, y_val=came))


# What was put into bins, by whether it was to fit on: the bins, and the rows in them.
Bins = dict[bool, tuple[Any, npt.NDArray[np.uint8]]]


class _SharedBins(HistGradientBoostingClassifier):  # type: ignore[misc]  # scikit-learn has no types
    """Trees for a search: those on the same rows take the bins of the first."""

    bins: Bins
    _bin_mapper: Any

    def _bin_data(
        self,
        X: Floats,  # noqa: N803  # scikit-learn's name
        sample_weight: None,
        is_training_data: bool,
    ) -> npt.NDArray[np.uint8]:
        if is_training_data not in self.bins:
            binned = super()._bin_data(X, sample_weight, is_training_data)
            self.bins[is_training_data] = self._bin_mapper, binned
        self._bin_mapper, rows = self.bins[is_training_data]
        return rows


def _fill_empty(matrix: Floats) -> Floats:
    """Make columns without any value constant.

    Nothing is split on either, but scikit-learn fails on the former.
    """
    empty = np.isnan(matrix).all(axis=0)
    return np.where(empty, 0.0, matrix) if empty.any() else matrix


def choose_size(
    trees: Trees,
    matrix: Floats,
    outcome: Floats,
    trials: list[Trial],
    max_rounds: int,
) -> tuple[Size, Floats]:
    """Return the size of the least log loss.

    With its log-odds of the judged rows, in the trials' order. Larger trees are tried until they
    are worse; the last trial says after how many rounds nothing is gained any more.
    """
    search = _Search(trees, matrix, outcome, trials, max_rounds)
    few, *more = SHARES
    best = search.try_size(LEAVES[0], few)
    for leaves in LEAVES[1:]:
        tried = search.try_size(leaves, few)
        if tried.loss >= best.loss:
            break
        best = tried
    others = [search.try_size(best.size.leaves, share) for share in more]
    best = min([best, *others], key=lambda tried: tried.loss)
    return best.size, best.odds


@dataclass(frozen=True)
class _Tried:
    """A size at its best number of rounds, with its log-odds of the judged rows."""

    loss: float
    size: Size
    odds: Floats


class _Search:
    """Tries sizes on the same rows; those of each trial are put into bins once."""

    def __init__(
        self,
        trees: Trees,
        matrix: Floats,
        outcome: Floats,
        trials: list[Trial],
        max_rounds: int,
    ) -> None:
        self.trees = trees
        self.matrix = matrix
        self.outcome = outcome
        self.trials = trials
        self.max_rounds = max_rounds
        self.judged = np.concatenate([outcome[trial.judge] for trial in trials])
        self._bins: list[Bins] = [{} for _ in trials]

    def try_size(self, leaves: int, share: float) -> _Tried:
        """Judge trees of so many leaves, at the number of rounds that is best."""
        *earlier, last = range(len(self.trials))
        newest = self._judge(last, Size(leaves, share, self.max_rounds), watch=True)
        rounds = min(len(newest) * STAGE, self.max_rounds)
        size = Size(leaves, share, rounds)
        odds = np.hstack([*(self._judge(place, size) for place in earlier), newest])
        losses = [log_loss_of_odds(self.judged, each) for each in odds]
        stage = int(np.argmin(losses))
        best = Size(leaves, share, min((stage + 1) * STAGE, rounds))
        return _Tried(losses[stage], best, odds[stage])

    def _judge(self, place: int, size: Size, *, watch: bool = False) -> Floats:
        """Return the log-odds of a trial's judged rows after each whole stage, stages × rows.

        A fit that watches them ends early, once they gain nothing by more trees.
        """
        trial = self.trials[place]
        known, happened = self.matrix[trial.fit], self.outcome[trial.fit]
        later = self.matrix[trial.judge]
        watched = None
        if watch:
            watched = self.matrix[trial.watched], self.outcome[trial.watched]
        trees = self.trees
        ways = trees.is_categorical, sorted(trees.monotone.items()), trees.seed, size
        seen = (known, happened, later, *(watched or ()))

        def make() -> Floats:
            bins = self._bins[place]
            return trees.fit(known, happened, size, watched, bins).staged(later)

        odds = keep_step(identify("boosting", *seen, *ways), make)
        return odds + trial.shift
