"""Chance that something happens to a service in the label month, from what is known before.

Two models are fitted: boosted trees (`boosting`) and a logistic regression on splines (`splines`);
the third candidate is their mean in log-odds (`blend`). Which one is used, and its
hyper-parameters, are chosen by log loss on months later than those that fitted them, or on held-out
rows where the data has no months. A search fits on at most SEARCH_ROWS rows, all of the rarer
outcome among them (`folds.draw_trials`). What was chosen is fitted on every row, without weights,
so a probability means what it says, and calibrated by a straight line in log-odds (Platt) on the
latest judged month, never on rows that fitted the model. Reasons are exact: each log-odds is a sum
of one addition a feature. It is not made to say whether a call would help.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import Bounds
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, assert_all_finite, check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)
from threadpoolctl import threadpool_limits

from models.additive import AdditiveModel, Curves, choose_strength
from models.boosting import Size, TreeModel, Trees, choose_size
from models.folds import Fold, Months, Trial, draw_trials, make_folds, month_numbers
from models.frames import Floats, FrameCoder
from models.judging.evaluate import log_loss_of_odds
from models.newton import minimise

CANDIDATES = ("boosting", "splines", "blend")
DEFAULT_STRENGTH = 0.03
SEARCH_ROWS = 30_000
FEWEST_TO_CALIBRATE = 30  # of either class: below, a calibration is noise
FEWEST_IN_LATEST_MONTH = 200


class ChurnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Binary classifier for frames of numbers, flags and texts with missing values.

    See the module for what it does.

    `monotone` maps a feature to +1 (more of it never lowers the chance) or −1. `gap` is how many
    months pass until the label of a snapshot is known. After `fit`: `choice_`, `losses_` (log loss
    by candidate), `size_`, `strength_`, `slope_` and `intercept_` of the calibration.
    """

    def __init__(
        self,
        candidates: tuple[str, ...] = CANDIDATES,
        monotone: Mapping[str, int] | None = None,
        gap: int = 2,
        folds: int = 3,
        max_rounds: int = 150,
        random_state: int | None = 0,
    ) -> None:
        self.candidates = candidates
        self.monotone = monotone
        self.gap = gap
        self.folds = folds
        self.max_rounds = max_rounds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def fit(self, X: Any, y: Any, month: Any = None) -> Self:  # noqa: N803  # scikit-learn's name
        """Choose, fit and calibrate.

        `month` is each row's snapshot month, `2026-10` or a number.
        """
        frame = self._frame(X, reset=True)
        outcome = self._encode(y, len(frame))
        months = None if month is None else month_numbers(month)
        self.coder_ = FrameCoder().fit(frame)
        matrix = self.coder_.transform(frame)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        folds = make_folds(outcome, months, self.folds, self.gap, seed)
        with threadpool_limits(
            1
        ):  # sums in one order: the same model on any number of cores
            self._choose(matrix, outcome, folds, months, seed)
        return self

    def decision_function(self, X: Any) -> Floats:  # noqa: N803
        """Return calibrated log-odds."""
        check_is_fitted(self)
        matrix = self.coder_.transform(self._frame(X, reset=False))
        odds = _mean_odds(self.parts_, matrix)
        return np.asarray(self.slope_ * odds + self.intercept_)

    def explain(self, X: Any) -> tuple[pd.DataFrame, float]:  # noqa: N803
        """Return what each feature adds to the log-odds (rows × features), and their base."""
        check_is_fitted(self)
        frame = self._frame(X, reset=False)
        explained = [part.explain(self.coder_.transform(frame)) for part in self.parts_]
        values = self.slope_ * np.mean([values for values, _ in explained], axis=0)
        base = (
            self.slope_ * float(np.mean([base for _, base in explained]))
            + self.intercept_
        )
        return pd.DataFrame(values, index=frame.index, columns=self.coder_.names), base

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """Return rows × 2 probabilities, in the order of `classes_`."""
        chance = expit(self.decision_function(X))
        return np.column_stack([1.0 - chance, chance])

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return the likelier class."""
        chosen = (self.decision_function(X) > 0).astype(int)
        return self.classes_[chosen]

    def _frame(self, X: Any, *, reset: bool) -> pd.DataFrame:  # noqa: N803
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if X.empty and reset:
                raise ValueError(
                    f"Found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s); "
                    "1 is required"
                )
            return X
        array = validate_data(
            self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        return pd.DataFrame(
            array, columns=[f"x{number}" for number in range(array.shape[1])]
        )

    def _encode(self, y: Any, rows: int) -> Floats:
        if y is None:
            raise ValueError(
                "ChurnClassifier requires y to be passed, but the target y is None"
            )
        target = column_or_1d(y, warn=True)
        assert_all_finite(target, input_name="y")
        check_consistent_length(np.empty(rows), target)
        check_classification_targets(target)
        if type_of_target(target) == "multiclass":
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass."
            )
        self.classes_, outcome = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"The outcome has one class only: {len(self.classes_)} class, 2 are required"
            )
        return outcome.astype(np.float64)

    def _choose(
        self,
        matrix: Floats,
        outcome: Floats,
        folds: list[Fold],
        months: Months | None,
        seed: int,
    ) -> None:
        """Judge the candidates on the folds, then fit the best on every row."""
        signs = self._signs()
        trees = Trees(self.coder_.is_categorical, signs, seed)
        curves = Curves(self.coder_.is_categorical, signs)
        self.size_, self.strength_ = Size(), DEFAULT_STRENGTH
        self.choice_, self.losses_, self.slope_, self.intercept_ = (
            "splines",
            {},
            1.0,
            0.0,
        )
        if folds:
            trials = draw_trials(folds, outcome, SEARCH_ROWS, seed)
            odds = self._search(trees, curves, matrix, outcome, trials)
            judged = np.concatenate([rows for _, rows in folds])
            self.losses_ = {
                name: log_loss_of_odds(outcome[judged], each)
                for name, each in odds.items()
            }
            self.choice_ = min(self.losses_, key=lambda name: self.losses_[name])
            latest = _latest(
                outcome[judged], None if months is None else months[judged]
            )
            chosen = odds[self.choice_][latest]
            if any(trial.shift for trial in trials):
                last = folds if latest.all() else folds[-1:]
                chosen = self._judge(trees, curves, matrix, outcome, last)
            self.slope_, self.intercept_ = calibrate(chosen, outcome[judged][latest])
        self.parts_ = self._fit_chosen(trees, curves, matrix, outcome)

    def _search(
        self,
        trees: Trees,
        curves: Curves,
        matrix: Floats,
        outcome: Floats,
        trials: list[Trial],
    ) -> dict[str, Floats]:
        """Return the log-odds of the judged rows by candidate, each at its best."""
        odds: dict[str, Floats] = {}
        if {"boosting", "blend"} & set(self.candidates):
            self.size_, odds["boosting"] = choose_size(
                trees, matrix, outcome, trials, self.max_rounds
            )
        if {"splines", "blend"} & set(self.candidates):
            self.strength_, odds["splines"] = choose_strength(
                curves, matrix, outcome, trials
            )
        if "blend" in self.candidates:
            odds["blend"] = (odds["boosting"] + odds["splines"]) / 2.0
        return {name: odds[name] for name in self.candidates}

    def _judge(
        self,
        trees: Trees,
        curves: Curves,
        matrix: Floats,
        outcome: Floats,
        folds: list[Fold],
    ) -> Floats:
        """Return the log-odds of the judged rows by what was chosen, fitted on all that fit."""
        odds = []
        for fit, judge in folds:
            parts = self._fit_chosen(trees, curves, matrix[fit], outcome[fit])
            odds.append(_mean_odds(parts, matrix[judge]))
        return np.concatenate(odds)

    def _fit_chosen(
        self, trees: Trees, curves: Curves, matrix: Floats, outcome: Floats
    ) -> list[TreeModel | AdditiveModel]:
        """Fit what was chosen, at the size and strength that were."""
        parts: list[TreeModel | AdditiveModel] = []
        if self.choice_ != "splines":
            parts.append(trees.fit(matrix, outcome, self.size_))
        if self.choice_ != "boosting":
            parts += curves.fit(matrix, outcome, (self.strength_,))
        return parts

    def _signs(self) -> dict[int, int]:
        """Return the sign by column.

        A constraint on a feature that is not given waits until it is.
        """
        wanted = dict(self.monotone or {})
        return {
            place: wanted[name]
            for place, name in enumerate(self.coder_.names)
            if wanted.get(name)
        }


def _mean_odds(parts: list[TreeModel | AdditiveModel], matrix: Floats) -> Floats:
    """Return the log-odds of each row by all parts of a model."""
    odds: Floats = np.mean([part.log_odds(matrix) for part in parts], axis=0)
    return odds


def _latest(outcome: Floats, months: Months | None) -> npt.NDArray[np.bool_]:
    """Mark the rows to calibrate on.

    The latest judged month, or all where it has too few of the rarer class.
    """
    everything = np.ones(len(outcome), dtype=bool)
    if months is None:
        return everything
    latest = months == months.max()
    share = outcome[latest].mean()
    return (
        latest
        if min(share, 1.0 - share) * latest.sum() >= FEWEST_IN_LATEST_MONTH
        else everything
    )


def calibrate(odds: Floats, outcome: Floats) -> tuple[float, float]:
    """Return slope (never negative) and intercept that calibrate log-odds (Platt 1999)."""
    if min(outcome.sum(), len(outcome) - outcome.sum()) < FEWEST_TO_CALIBRATE:
        return 1.0, 0.0
    bounds = Bounds([0.0, -np.inf], [np.inf, np.inf])
    slope, intercept = minimise(
        odds[:, None], outcome, 0.0, bounds, np.array([1.0, 0.0])
    )
    return float(slope), float(intercept)


def build(
    monotone: Mapping[str, int] | None = None, gap: int = 2, random_state: int = 0
) -> ChurnClassifier:
    """Make the default model, unfitted."""
    return ChurnClassifier(monotone=monotone, gap=gap, random_state=random_state)
