"""What a model has to beat: the logistic regression everybody has, and the rules managers use without a model."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from pandas.api import types
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from models.frames import Floats


class PlainLogistic(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The baseline everybody has: one-hot texts, median for missing, scaled numbers, logistic regression."""

    def fit(self, X: pd.DataFrame, y: Any, month: Any = None) -> Self:  # noqa: N803
        """Fit; months are not used."""
        numbers = [name for name in X.columns if types.is_numeric_dtype(X[name].dtype)]
        texts = [name for name in X.columns if name not in numbers]
        numeric = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
        )
        columns = make_column_transformer((numeric, numbers), (OneHotEncoder(handle_unknown="ignore"), texts))
        self.pipeline_ = make_pipeline(columns, LogisticRegression(max_iter=5000)).fit(X, y)
        self.classes_ = self.pipeline_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> Floats:  # noqa: N803
        """Return rows × 2."""
        return np.asarray(self.pipeline_.predict_proba(X))
