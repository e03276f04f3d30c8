"""What is told of a model before a person decides, beside what it has to beat: ready to be stored.

Everything returned is made of plain numbers and texts; what cannot be computed is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypedDict

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
from models.judging.backtest import bootstrap_times
from models.judging.evaluate import (
    Draw,
    auc_of_draws,
    decile_table,
    individual_maximum_profit,
    log_loss_of_draws,
    measure_all,
    measure_slices,
    precision_at,
    value_caught,
)

DRAWS = 100
MOST_DRAWN_ROWS = (
    50_000  # an interval over more rows is as wide as the drawing of a chart
)
SLICE_ROWS = 50  # smaller slices say nothing about anybody
HORIZON_MONTHS = 12  # a customer who stays is worth their monthly revenue for a year

Table = list[dict[str, Any]]


def compare(
    rows: pd.DataFrame, makers: Sequence[str], rules: Sequence[str], share: float
) -> Table:
    """Return a line a maker of scores.

    Its measures, and its AUC and log loss against the first, with intervals.

    `rows` holds customer_id, outcome (0 or 1), value (a month) and a column of scores a maker;
    rules give no probability. `share` of the rows is what managers can work off.
    """
    first = makers[0]
    # Each interval sorts the customers: numbers in their order sort a hundred times as fast.
    customer_order, _ = pd.factorize(rows["customer_id"], sort=True)
    rows = rows.assign(customer_id=customer_order)
    lines = [
        _measure_maker(rows, name, first, share, is_probability=True) for name in makers
    ]
    lines += [
        _measure_maker(rows, name, first, share, is_probability=False) for name in rules
    ]
    return lines


def _measure_maker(
    rows: pd.DataFrame, name: str, first: str, share: float, *, is_probability: bool
) -> dict[str, Any]:
    """Return the line of one maker; `share` of the rows is what managers can work off."""
    outcome = rows["outcome"].to_numpy(float)
    score = rows[name].to_numpy(float)
    value = rows["value"].fillna(0.0).to_numpy(float)
    capacity = max(1, round(share * len(rows)))
    line: dict[str, Any] = {"maker": name}
    line |= measure_all(outcome, score, is_probability=is_probability)
    line["precision_at_capacity"] = precision_at(outcome, score, capacity)
    line["value_at_capacity"] = None
    value_lost = float((outcome * value).sum())
    if value_lost > 0:
        line["value_at_capacity"] = value_caught(
            outcome, score * value, value, capacity
        )
    line["profit"] = individual_maximum_profit(outcome, score, value * HORIZON_MONTHS)

    _, line["auc_low"], line["auc_high"] = _draw_interval(
        rows, name, None, auc_of_draws
    )
    if name != first:
        line |= _name_gain("auc_gain", _draw_interval(rows, first, name, auc_of_draws))
        if is_probability:
            gain = _draw_interval(rows, first, name, log_loss_of_draws)
            line |= _name_gain("log_loss_gain", gain)
    return line


def _name_gain(name: str, gain: tuple[float, float, float]) -> dict[str, float]:
    value, low, high = gain
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _draw_interval(
    rows: pd.DataFrame,
    first: str,
    other: str | None,
    measure: Callable[[Floats, Floats], Draw],
) -> tuple[float, float, float]:
    """Return a measure of one maker, or one's less another's, with its interval over customers."""
    if len(rows) > MOST_DRAWN_ROWS:
        step = math.ceil(len(rows) / MOST_DRAWN_ROWS)
        rows = rows.iloc[::step]
    outcome = rows["outcome"].to_numpy(float)
    measure_first = measure(outcome, rows[first].to_numpy(float))
    measure_other = None
    if other is not None:
        measure_other = measure(outcome, rows[other].to_numpy(float))

    def measure_draw(times: Floats) -> float:
        if not 0.0 < times @ outcome < times.sum():
            return math.nan
        less = 0.0 if measure_other is None else measure_other(times)
        return measure_first(times) - less

    return bootstrap_times(measure_draw, rows["customer_id"], DRAWS)


class MakerDetails(TypedDict):
    """The rate of the outcome, a maker's deciles, and its slices by what they are cut by."""

    base_rate: float
    deciles: Table
    slices: dict[str, Table]


def describe_maker(
    rows: pd.DataFrame, name: str, slices: Mapping[str, pd.Series]
) -> MakerDetails:
    """Return a maker's deciles (gain, lift, observed and predicted rate) and its slices.

    Slices are of branches, tenures, plans; those of too few rows are left out.
    """
    outcome = rows["outcome"].to_numpy(float)
    chance = rows[name].to_numpy(float)
    slice_tables: dict[str, Table] = {}
    for title, cut_by in slices.items():
        table = measure_slices(outcome, chance, cut_by)
        is_large_enough = table["rows"] >= SLICE_ROWS
        slice_tables[title] = list_records(table[is_large_enough])
    return {
        "base_rate": float(outcome.mean()),
        "deciles": list_records(decile_table(outcome, chance)),
        "slices": slice_tables,
    }


def list_records(table: pd.DataFrame) -> Table:
    """Return a table's rows as plain values."""
    records = []
    for row in table.to_dict("records"):
        records.append({str(name): _make_plain(value) for name, value in row.items()})
    return records


def _make_plain(value: Any) -> Any:
    """Return a cell as JSON takes it; None for what is no finite number."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def usage_rule(frame: pd.DataFrame) -> pd.Series:
    """Score by the rule of thumb: whose use fell most this month goes first.

    Unknown counts as unchanged.
    """
    drop = pd.Series(0.0, index=frame.index)
    for name in ("voice_change_rate", "data_change_rate"):
        if name in frame:
            drop -= frame[name].fillna(0.0)
    return drop


def arrears_rule(frame: pd.DataFrame) -> pd.Series:
    """Score by the rule of thumb: whose oldest unpaid bill is oldest goes first."""
    if "past_due_age_days" not in frame:
        return pd.Series(0.0, frame.index)
    return frame["past_due_age_days"].fillna(0.0)


def tenure_groups(months: pd.Series) -> pd.Series:
    """Return the slice of each tenure: under 1, 1–2, 2–4, over 4 years."""
    names = ["<1", "1-2", "2-4", ">4"]
    return pd.cut(months, [-np.inf, 11, 23, 47, np.inf], labels=names).astype(object)


class PlainLogistic(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The baseline everybody has.

    One-hot texts, median for missing, scaled numbers, logistic regression.
    """

    def fit(self, X: pd.DataFrame, y: Any, month: Any = None) -> Self:  # noqa: N803
        """Fit; months are not used."""
        numbers = [name for name in X.columns if types.is_numeric_dtype(X[name].dtype)]
        texts = [name for name in X.columns if name not in numbers]
        numeric = make_pipeline(
            SimpleImputer(
                strategy="median", add_indicator=True, keep_empty_features=True
            ),
            StandardScaler(),
        )
        columns = make_column_transformer(
            (numeric, numbers), (OneHotEncoder(handle_unknown="ignore"), texts)
        )
        self.pipeline_ = make_pipeline(columns, LogisticRegression(max_iter=5000)).fit(
            X, y
        )
        self.classes_ = self.pipeline_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> Floats:  # noqa: N803
        """Return rows × 2."""
        return np.asarray(self.pipeline_.predict_proba(X))
