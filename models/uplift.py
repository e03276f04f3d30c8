"""Whom a call keeps.

The effect of a contact on staying, learnt from customers of whom chance held some out.

A residual learner (Nie and Wager, "Quasi-oracle estimation of heterogeneous treatment effects",
Biometrika 108, 2021), a transformed outcome whose noise is what the features do not explain: who
would stay anyway is predicted and taken off, and what is left is regressed on who was called. The
effect is linear in the features and shrunk by cross-validation, because a tenth held out of a few
thousand teaches no more. It is only worth having where it sorts customers better than the risk of
leaving does; `judge_ranking` says so by Qini on months it did not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from models.frames import Flags, Floats

SHRINK = tuple(float(alpha) for alpha in np.logspace(0, 6, 13))
FOLDS = 5
RESAMPLES = 400
SEED = 11


class UpliftRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Regressor of the effect of a treatment.

    `predict` returns by how much it raises the outcome's mean.

    Without `treated` nobody knows who was: `y` is then taken for the effects themselves. Missing
    values count as the mean.
    """

    def __init__(self, folds: int = FOLDS, seed: int = SEED) -> None:
        self.folds = folds
        self.seed = seed

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.regressor_tags.poor_score = (
            True  # without arms it is a much shrunk regression
        )
        return tags

    def fit(self, X: Any, y: Any, treated: Any = None) -> Self:  # noqa: N803  # scikit-learn's name
        """Fit on outcomes `y` (0/1 or numbers) and flags who was treated.

        Both arms must be there.
        """
        rows, outcome = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", y_numeric=True
        )
        self.mean_ = np.nan_to_num(_column_means(rows))
        known = self._fill(rows)
        spread = known.std(axis=0)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        known = known / self.scale_
        if treated is None:
            target, weight = np.asarray(outcome, dtype=np.float64), np.ones(len(known))
        else:
            target, weight = self._residuals(
                known, np.asarray(outcome, np.float64), np.asarray(treated, np.float64)
            )
        found = RidgeCV(alphas=SHRINK).fit(known, target, sample_weight=weight)
        self.alpha_ = float(found.alpha_)
        self.coef_, self.intercept_ = (
            np.asarray(found.coef_, np.float64),
            float(found.intercept_),
        )
        return self

    def predict(self, X: Any) -> Floats:  # noqa: N803
        """Return the effect of a treatment, a number a row; below 0 it does harm."""
        check_is_fitted(self)
        rows = validate_data(
            self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        return np.asarray(
            self._fill(rows) / self.scale_ @ self.coef_ + self.intercept_,
            dtype=np.float64,
        )

    def _fill(self, rows: Floats) -> Floats:
        return np.where(np.isnan(rows), 0.0, rows - self.mean_)

    def _residuals(
        self, known: Floats, outcome: Floats, treated: Floats
    ) -> tuple[Floats, Floats]:
        """Return each row's effect, as noisy as it is, and its weight.

        The expected outcome is of folds it is not in.
        """
        share = float(treated.mean())
        if not 0.0 < share < 1.0:
            raise ValueError(
                "the effect of a treatment needs rows that were treated and rows that were not"
            )
        expected = np.empty(len(known))
        for fit, rest in KFold(self.folds, shuffle=True, random_state=self.seed).split(
            known
        ):
            expected[rest] = (
                RidgeCV(alphas=SHRINK)
                .fit(known[fit], outcome[fit])
                .predict(known[rest])
            )
        off = treated - share
        return (outcome - expected) / off, off**2


def _column_means(rows: Floats) -> Floats:
    counts = (~np.isnan(rows)).sum(axis=0)
    return np.asarray(np.nansum(rows, axis=0) / np.maximum(counts, 1), dtype=np.float64)


# -- judging a ranking -----------------------------------------------------------------------------


def qini(
    outcome: Floats, treated: Flags, score: Floats, weight: Floats | None = None
) -> float:
    """Return the area between the ranking's gain curve and that of a random one, a treated row.

    0 is as good as chance.

    Q(k) = Y_T(k) - Y_C(k) N_T(k) / N_C(k) over the k rows with the highest scores (Radcliffe 2007);
    tied rows come in together. `weight` says how often a row counts. Packages scale it otherwise:
    compare only figures of this function.
    """
    weight = np.ones(len(score)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    arm, kept, sorted_score = (
        weight[order] * treated[order],
        weight[order] * outcome[order],
        score[order],
    )
    is_last = np.append(sorted_score[1:] != sorted_score[:-1], True)
    other = weight[order] - arm
    n_t, n_c, y_t = np.cumsum(arm), np.cumsum(other), np.cumsum(kept * treated[order])
    y_c = np.cumsum(kept) - y_t
    if not n_t[-1] or not n_c[-1]:
        return 0.0
    gain = (y_t - y_c * np.divide(n_t, n_c, out=np.zeros_like(n_t), where=n_c > 0))[
        is_last
    ]
    share = ((n_t + n_c) / (n_t[-1] + n_c[-1]))[is_last]
    over = np.concatenate([[0.0], gain - share * gain[-1]]) / n_t[-1]
    return float(np.trapezoid(over, np.concatenate([[0.0], share])))


@dataclass(frozen=True)
class Verdict:
    """How a ranking by the model did beside one by the risk.

    `low` and `high` are 95 % bootstrap bounds of the difference.
    """

    model: float
    risk: float
    low: float
    high: float

    @property
    def wins(self) -> bool:
        """Whether the model sorts better than chance, and beyond chance than the risk."""
        return self.model > 0.0 and self.low > 0.0


def judge_ranking(
    outcome: Floats,
    treated: Flags,
    model: Floats,
    risk: Floats,
    customer: npt.NDArray[Any],
    seed: int = SEED,
) -> Verdict:
    """Compare two rankings by Qini.

    Customers are drawn again with all their rows, each arm by itself.
    """
    random = np.random.default_rng(seed)
    _, row_of = np.unique(np.asarray(customer, dtype=str), return_inverse=True)
    is_treated = np.zeros(row_of.max() + 1, dtype=bool)
    is_treated[row_of[np.asarray(treated, dtype=bool)]] = True
    arms = [np.flatnonzero(is_treated), np.flatnonzero(~is_treated)]
    gaps = np.empty(RESAMPLES)
    for draw in range(RESAMPLES):
        times = np.zeros(len(is_treated))
        for arm in arms:
            times[arm] = (
                np.bincount(
                    random.integers(len(arm), size=len(arm)), minlength=len(arm)
                )
                if len(arm)
                else 0
            )
        weight = times[row_of]
        gaps[draw] = qini(outcome, treated, model, weight) - qini(
            outcome, treated, risk, weight
        )
    low, high = np.quantile(gaps, (0.025, 0.975))
    return Verdict(
        qini(outcome, treated, model),
        qini(outcome, treated, risk),
        float(low),
        float(high),
    )


def fit_out_of_time(
    features: Floats,
    outcome: Floats,
    treated: Flags,
    months: npt.NDArray[np.int64],
    judged: int,
) -> tuple[Flags, Floats]:
    """Fit on all but the last `judged` months.

    Return which rows are of those, and the effects predicted for them.
    """
    first = np.unique(months)[-judged]
    later = months >= first
    model = UpliftRegressor().fit(features[~later], outcome[~later], treated[~later])
    return later, model.predict(features[later])
