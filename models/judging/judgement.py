"""What is told of a model before a person decides, beside what it has to beat: ready to be stored.

Everything returned is made of plain numbers and texts; what cannot be computed is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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

from models.folds import Rows
from models.frames import Floats
from models.judging.backtest import bootstrap
from models.judging.evaluate import (
    auc_of_ranks,
    decile_table,
    individual_maximum_profit,
    log_loss_of_draw,
    measure_all,
    measure_slices,
    precision_at,
    value_caught,
)

DRAWS = 100
MOST_DRAWN_ROWS = 50_000  # an interval over more rows is as wide as the drawing of a chart
SLICE_ROWS = 50  # smaller slices say nothing about anybody
HORIZON_MONTHS = 12  # a customer who stays is worth his monthly revenue for a year

Table = list[dict[str, Any]]


def compare(rows: pd.DataFrame, makers: Sequence[str], rules: Sequence[str], share: float) -> Table:
    """Return a line a maker of scores: its measures, and its AUC and log loss against the first, with intervals.

    `rows` holds customer_id, outcome (0 or 1), value (a month) and a column of scores a maker; rules give no
    probability. `share` of the rows is what managers can work off.
    """
    return [_line(rows, name, makers[0], name in makers, share) for name in (*makers, *rules)]


def _line(
    rows: pd.DataFrame, name: str, first: str, is_probability: bool, share: float
) -> dict[str, Any]:
    outcome, score = rows["outcome"].to_numpy(float), rows[name].to_numpy(float)
    value, places = rows["value"].fillna(0.0).to_numpy(float), max(1, round(share * len(rows)))
    found: dict[str, Any] = {
        "maker": name,
        **measure_all(outcome, score, is_probability=is_probability),
    }
    found["precision_at_capacity"] = precision_at(outcome, score, places)
    lost = float((outcome * value).sum())
    found["value_at_capacity"] = (
        value_caught(outcome, score * value, value, places) if lost > 0 else None
    )
    found["profit"] = individual_maximum_profit(outcome, score, value * HORIZON_MONTHS)
    found["auc_low"], found["auc_high"] = _interval(rows, name, None, auc_of_ranks)[1:]
    if name != first:
        found["auc_gain"], found["auc_gain_low"], found["auc_gain_high"] = _interval(
            rows, first, name, auc_of_ranks
        )
    if name != first and is_probability:
        gain = _interval(rows, first, name, log_loss_of_draw)
        found["log_loss_gain"], found["log_loss_gain_low"], found["log_loss_gain_high"] = gain
    return found


def _interval(
    rows: pd.DataFrame, first: str, other: str | None, measure: Any
) -> tuple[float, float, float]:
    """Return a measure of one maker, or one's less another's, with its interval over customers."""
    if len(rows) > MOST_DRAWN_ROWS:
        rows = rows.iloc[:: math.ceil(len(rows) / MOST_DRAWN_ROWS)]
    outcome, scores = rows["outcome"].to_numpy(float), rows[first].to_numpy(float)
    others = None if other is None else rows[other].to_numpy(float)

    def statistic(drawn: Rows) -> float:
        if not 0 < outcome[drawn].mean() < 1:
            return math.nan
        less = 0.0 if others is None else measure(outcome[drawn], others[drawn])
        return float(measure(outcome[drawn], scores[drawn]) - less)

    return bootstrap(statistic, rows["customer_id"], DRAWS)


def tell(rows: pd.DataFrame, name: str, slices: Mapping[str, pd.Series]) -> dict[str, Any]:
    """Return a maker's deciles (gain, lift, observed and predicted rate) and its slices: branch, tenure, plan."""
    outcome, chance = rows["outcome"].to_numpy(float), rows[name].to_numpy(float)
    told: dict[str, Any] = {
        "base_rate": float(outcome.mean()),
        "deciles": records(decile_table(outcome, chance)),
    }
    tables = {title: measure_slices(outcome, chance, by) for title, by in slices.items()}
    told["slices"] = {
        title: records(table[table["rows"] >= SLICE_ROWS]) for title, table in tables.items()
    }
    return told


def records(table: pd.DataFrame) -> Table:
    """Return a table's rows as plain values."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def usage_rule(frame: pd.DataFrame) -> pd.Series:
    """Score by the rule of thumb: whose use fell most this month goes first; unknown counts as unchanged."""
    drop = pd.Series(0.0, index=frame.index)
    for name in ("voice_change_rate", "data_change_rate"):
        drop -= frame[name].fillna(0.0) if name in frame else 0.0
    return drop


def arrears_rule(frame: pd.DataFrame) -> pd.Series:
    """Score by the rule of thumb: whose oldest unpaid bill is oldest goes first."""
    return (
        frame["past_due_age_days"].fillna(0.0)
        if "past_due_age_days" in frame
        else pd.Series(0.0, frame.index)
    )


def tenure_groups(months: pd.Series) -> pd.Series:
    """Return the slice of each tenure: under 1, 1–2, 2–4, over 4 years."""
    names = ["<1", "1-2", "2-4", ">4"]
    return pd.cut(months, [-np.inf, 11, 23, 47, np.inf], labels=names).astype(object)


class PlainLogistic(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The baseline everybody has: one-hot texts, median for missing, scaled numbers, logistic regression."""

    def fit(self, X: pd.DataFrame, y: Any, month: Any = None) -> Self:  # noqa: N803
        """Fit; months are not used."""
        numbers = [name for name in X.columns if types.is_numeric_dtype(X[name].dtype)]
        texts = [name for name in X.columns if name not in numbers]
        numeric = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            StandardScaler(),
        )
        columns = make_column_transformer(
            (numeric, numbers), (OneHotEncoder(handle_unknown="ignore"), texts)
        )
        self.pipeline_ = make_pipeline(columns, LogisticRegression(max_iter=5000)).fit(X, y)
        self.classes_ = self.pipeline_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> Floats:  # noqa: N803
        """Return rows × 2."""
        return np.asarray(self.pipeline_.predict_proba(X))
