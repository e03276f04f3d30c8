"""The back-test sees nothing that was not known; intervals are over customers."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from models.churn import ChurnClassifier
from models.judging.backtest import bootstrap, by_month, roll_origin
from models.judging.evaluate import auc

MONTHS = [f"2026-{m:02d}" for m in range(1, 9)]


class Recorder(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Remembers the months it was fitted on."""

    seen: ClassVar[list[tuple[list[int], int]]] = []

    def fit(self, X: pd.DataFrame, y: Any, month: Any = None) -> Self:  # noqa: N803
        self.classes_ = np.unique(y)
        self.months_ = sorted(set(X["number"]))
        assert sorted(set(month)) == sorted(
            {m + 672 for m in self.months_}
        )  # months since 1970
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        Recorder.seen.append((self.months_, int(X["number"].iloc[0])))
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_a_month_is_scored_by_what_had_its_labels_by_then() -> None:
    number = np.repeat(np.arange(8), 5)
    frame = pd.DataFrame({"number": number})
    outcome = pd.Series(np.tile([0, 1, 0, 0, 1], 8))
    Recorder.seen.clear()
    scored = roll_origin(
        Recorder(), frame, outcome, pd.Series(np.repeat(MONTHS, 5)), gap=2, fewest=3
    )
    assert Recorder.seen == [(list(range(m - 1)), m) for m in range(4, 8)]
    assert scored.index.tolist() == list(range(20, 40)) and set(scored) == {
        "month",
        "age",
        "p_0",
        "p_1",
    }
    assert sorted(set(scored["month"])) == MONTHS[4:]


def test_a_model_grows_old_until_it_is_fitted_anew() -> None:
    frame = pd.DataFrame({"number": np.repeat(np.arange(8), 5)})
    Recorder.seen.clear()
    outcome = pd.Series(np.tile([0, 1, 0, 0, 1], 8))
    scored = roll_origin(
        Recorder(),
        frame,
        outcome,
        pd.Series(np.repeat(MONTHS, 5)),
        gap=2,
        fewest=3,
        every=3,
    )
    assert [len(fitted_on) for fitted_on, _ in Recorder.seen] == [3, 3, 3, 6]
    assert scored.groupby("month")["age"].first().tolist() == [0, 1, 2, 0]


def test_what_happens_later_changes_no_earlier_score() -> None:
    random = np.random.default_rng(0)
    month = pd.Series(np.repeat(MONTHS, 100))
    frame = pd.DataFrame({"x": random.normal(size=800)})
    outcome = pd.Series((frame["x"] + random.normal(size=800) > 1).astype(int))
    model = ChurnClassifier(candidates=("splines",))
    is_late = month >= "2026-06"
    scored = roll_origin(model, frame, outcome, month)
    other = roll_origin(model, frame, outcome.where(~is_late, 1 - outcome), month)
    early = scored["month"] <= "2026-07"  # fitted on snapshots up to 2026-05
    assert (scored["p_1"] == other["p_1"])[early].all() and early.sum() == 300
    assert not (scored["p_1"] == other["p_1"])[~early].any()


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, size=2000)
    mean, low, high = bootstrap(
        lambda rows: float(values[rows].mean()), pd.Series(np.arange(2000)), draws=1000
    )
    half = 1.96 * values.std() / np.sqrt(2000)
    assert mean == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)


def test_rows_of_a_customer_are_drawn_together() -> None:
    """Ten equal rows a customer carry the information of one: the interval is that of the customers."""
    one_each = np.random.default_rng(2).normal(size=300)
    values, customers = (
        np.repeat(one_each, 10),
        pd.Series(np.repeat([f"C{n}" for n in range(300)], 10)),
    )
    shuffled = np.random.default_rng(3).permutation(3000)
    values, customers = (
        values[shuffled],
        customers.iloc[shuffled].reset_index(drop=True),
    )
    _, low, high = bootstrap(
        lambda rows: float(values[rows].mean()), customers, draws=600
    )
    assert (high - low) / 2 == pytest.approx(
        1.96 * one_each.std() / np.sqrt(300), rel=0.2
    )
    rows_drawn = []

    def note_customers(rows: np.ndarray) -> float:
        rows_drawn.append(customers.iloc[rows].value_counts())
        return 0.0

    bootstrap(note_customers, customers, draws=3)
    assert all((counts % 10 == 0).all() for counts in rows_drawn)


def test_a_difference_is_drawn_on_the_same_rows() -> None:
    random = np.random.default_rng(4)
    outcome = (random.random(1500) < 0.3).astype(float)
    score = outcome + random.normal(size=1500)

    def difference(rows: np.ndarray) -> float:
        return auc(outcome[rows], score[rows]) - auc(outcome[rows], 2 * score[rows])

    assert bootstrap(difference, pd.Series(np.arange(1500)), draws=50) == (
        0.0,
        0.0,
        0.0,
    )


def test_a_measure_for_each_month() -> None:
    outcome, score = np.array([0.0, 1, 0, 1]), np.array([0.1, 0.9, 0.9, 0.1])
    found = by_month(
        auc, outcome, score, pd.Series(["2026-01", "2026-01", "2026-02", "2026-02"])
    )
    assert found.to_dict() == {"2026-01": 1.0, "2026-02": 0.0}
