"""Outcomes that exclude each other.

Cut off for arrears, gone of one's own will, on a smaller plan, or none of these.

Each outcome has a model of its own, asked in a fixed order about those who are still there: first
who is cut off, then who of the others leaves, then who of the rest moves down. So the chances of
one service add up to 1, a service that is cut off never counts as one that stayed, and each outcome
has its own choice of model, calibration and reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import Tags, assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from models.churn import ChurnClassifier
from models.frames import Floats
from models.labels import DOWN_MIGRATION, INVOLUNTARY, STAY, VOLUNTARY
from models.steps import begin_outcome

ORDER = (INVOLUNTARY, VOLUNTARY, DOWN_MIGRATION)


class CompetingClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Multi-class classifier made of binary ones.

    `monotone` maps an outcome to the signs of its features.

    After `fit`: `steps_`, the outcomes in the order asked, with `models_`; `rest_` is what remains.
    """

    def __init__(
        self,
        estimator: ChurnClassifier | None = None,
        order: tuple[str, ...] = ORDER,
        monotone: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        self.estimator = estimator
        self.order = order
        self.monotone = monotone

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def fit(self, X: Any, y: Any, month: Any = None) -> Self:  # noqa: N803  # scikit-learn's name
        """Fit a model for each outcome that occurs; `month` is each row's snapshot month."""
        rows = self._rows(X, reset=True)
        target = self._check(y, len(rows))
        months = None if month is None else np.asarray(month)
        self.steps_ = self._order()
        self.rest_ = next(name for name in self.classes_ if name not in self.steps_)
        self.models_, left = [], np.ones(len(target), dtype=bool)
        for outcome in self.steps_:
            begin_outcome(str(outcome))
            model = clone(self.estimator or ChurnClassifier())
            model.set_params(
                monotone=(self.monotone or {}).get(outcome, model.monotone)
            )
            is_outcome = target[left] == outcome
            self.models_.append(
                model.fit(
                    rows[left], is_outcome, None if months is None else months[left]
                )
            )
            left &= target != outcome
        return self

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """Return rows × classes, in the order of `classes_`; each row adds up to 1."""
        check_is_fitted(self)
        rows = self._rows(X, reset=False)
        chances, left = {}, np.ones(len(rows))
        for outcome, model in zip(self.steps_, self.models_, strict=True):
            chance = model.predict_proba(rows)[:, 1]
            chances[outcome] = left * chance
            left = left * (1.0 - chance)
        chances[self.rest_] = left
        return np.column_stack([chances[name] for name in self.classes_])

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return the likeliest class."""
        likeliest = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[likeliest]

    def score_frame(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return p_voluntary, p_involuntary and p_stay, which add up to 1.

        And p_down_migration, a part of p_stay.
        """
        table = pd.DataFrame(
            self.predict_proba(X), columns=list(self.classes_), index=X.index
        )
        chance = {
            name: table.get(name, pd.Series(0.0, index=X.index)) for name in ORDER
        }
        return pd.DataFrame(
            {
                "p_voluntary": chance[VOLUNTARY],
                "p_involuntary": chance[INVOLUNTARY],
                "p_stay": 1.0 - chance[VOLUNTARY] - chance[INVOLUNTARY],
                "p_down_migration": chance[DOWN_MIGRATION],
            }
        )

    def explain(self, X: pd.DataFrame, outcome: str) -> tuple[pd.DataFrame, float]:  # noqa: N803
        """Return what each feature adds to the log-odds of an outcome, and the base.

        The outcome's chance is that among those who are still there.
        """
        check_is_fitted(self)
        model: ChurnClassifier = self.models_[list(self.steps_).index(outcome)]
        return model.explain(X)

    def _rows(self, X: Any, *, reset: bool) -> Any:  # noqa: N803
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        return validate_data(
            self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan"
        )

    def _check(self, y: Any, rows: int) -> Any:
        if y is None:
            raise ValueError(
                "CompetingClassifier requires y to be passed, but the target y is None"
            )
        target = column_or_1d(y, warn=True)
        assert_all_finite(target, input_name="y")
        check_consistent_length(np.empty(rows), target)
        check_classification_targets(target)
        self.classes_ = np.unique(target)
        if len(self.classes_) < 2:
            raise ValueError(
                f"The outcome has one class only: {len(self.classes_)} class, 2 are required"
            )
        return target

    def _order(self) -> list[Any]:
        """Put the outcomes that occur in the order asked.

        What comes last is never asked, it remains.
        """
        named = [name for name in self.order if name in self.classes_]
        others = [name for name in self.classes_ if name not in named and name != STAY]
        remaining = [STAY] if STAY in self.classes_ else []
        return [*named, *others, *remaining][:-1]
