"""The classifier: scikit-learn's contract, frames as they come, choice and calibration out of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.metrics import log_loss
from sklearn.utils.estimator_checks import parametrize_with_checks

from models import churn
from models.churn import ChurnClassifier, calibrate


@parametrize_with_checks([ChurnClassifier(max_rounds=25)])  # type: ignore[untyped-decorator]  # scikit-learn has no types
def test_keeps_the_contract_of_scikit_learn(
    estimator: BaseEstimator, check: Callable[[BaseEstimator], None]
) -> None:
    check(estimator)


def make_months(
    months: int = 8, rows: int = 600, seed: int = 0
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Snapshots of a drifting world: numbers with holes, a flag, texts, and an outcome whose level falls."""
    random = np.random.default_rng(seed)
    count = months * rows
    month = np.repeat([f"2026-{m:02d}" for m in range(1, months + 1)], rows)
    frame = pd.DataFrame(
        {
            "calls": random.poisson(20, count).astype(float),
            "fee": random.choice([19.0, 59.0, 129.0], count),
            "plan": random.choice(["basic", "family", "gold"], count),
            "is_bundled": random.random(count) < 0.4,
        }
    )
    odds = (
        0.5
        - 0.1 * frame["calls"]
        + (frame["plan"] == "basic")
        - frame["is_bundled"]
        - np.repeat(np.arange(months), rows) * 0.1
    )
    frame.loc[random.random(count) < 0.1, "calls"] = np.nan
    frame.loc[random.random(count) < 0.05, "plan"] = None
    return frame, (random.random(count) < expit(odds)).astype(int), month


@pytest.fixture(scope="module")
def fitted() -> ChurnClassifier:
    frame, outcome, month = make_months()
    return ChurnClassifier(max_rounds=50).fit(frame, outcome, month)


def test_the_candidate_of_the_least_log_loss_is_used(fitted: ChurnClassifier) -> None:
    assert set(fitted.losses_) == {"boosting", "splines", "blend"}
    assert fitted.choice_ == min(fitted.losses_, key=lambda name: fitted.losses_[name])


def test_the_same_rows_give_the_same_scores_to_the_last_bit(
    fitted: ChurnClassifier,
) -> None:
    frame, outcome, month = make_months()
    again = ChurnClassifier(max_rounds=50).fit(frame, outcome, month)
    assert (again.predict_proba(frame) == fitted.predict_proba(frame)).all()


@pytest.mark.parametrize("candidates", [("boosting",), ("splines",), ("blend",)])
def test_reasons_add_up_to_the_score(candidates: tuple[str, ...]) -> None:
    frame, outcome, month = make_months(rows=200)
    model = ChurnClassifier(candidates=candidates, max_rounds=50).fit(
        frame, outcome, month
    )
    frame.loc[frame.index[:20], "plan"] = "never seen"
    values, base = model.explain(frame)
    assert (
        values.columns.tolist() == frame.columns.tolist()
        and model.choice_ == candidates[0]
    )
    np.testing.assert_allclose(
        values.sum(axis=1) + base, model.decision_function(frame), rtol=0, atol=1e-9
    )


def test_a_text_column_scores_alike_in_any_of_its_types(
    fitted: ChurnClassifier,
) -> None:
    frame = make_months()[0].head(300)
    expected = fitted.predict_proba(frame)
    as_category = frame.assign(
        plan=frame["plan"].astype(
            pd.CategoricalDtype(["gold", "unused", "family", "basic"])
        )
    )
    nullable = frame.assign(
        plan=frame["plan"].astype("string"),
        is_bundled=frame["is_bundled"].astype("boolean"),
    )
    nullable["calls"] = nullable["calls"].astype("Float64")
    for other in (
        as_category,
        nullable,
        frame.assign(plan=frame["plan"].astype(object)),
    ):
        assert (fitted.predict_proba(other) == expected).all()


@pytest.mark.parametrize("candidates", [("boosting",), ("splines",), ("blend",)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_constrained_feature_only_rises_or_only_falls(
    candidates: tuple[str, ...], sign: int
) -> None:
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"debt": random.normal(size=3000), "rest": random.normal(size=3000)}
    )
    outcome = (
        random.random(3000) < expit(2 * np.sin(2 * frame["debt"]) + frame["rest"])
    ).astype(int)
    grid = pd.DataFrame({"debt": np.linspace(-5, 5, 400), "rest": 0.3})
    free = ChurnClassifier(candidates=candidates, max_rounds=50).fit(frame, outcome)
    bound = ChurnClassifier(
        candidates=candidates, max_rounds=50, monotone={"debt": sign}
    ).fit(frame, outcome)
    assert (np.diff(free.decision_function(grid)) * sign < -1e-6).any()
    assert (np.diff(bound.decision_function(grid)) * sign >= -1e-9).all()


@pytest.mark.parametrize("candidate", ["boosting", "splines"])
def test_a_search_on_a_part_of_the_rows_says_what_a_chance_is(
    candidate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is chosen is fitted and calibrated on every row: chances stay what they are, and so does the loss."""
    frame, outcome, month = make_months(months=6, rows=3000)
    past, future = month < "2026-06", month == "2026-06"
    losses, rates = [], []
    for most in (1_500, 30_000):
        monkeypatch.setattr(churn, "SEARCH_ROWS", most)
        model = ChurnClassifier(candidates=(candidate,), max_rounds=50)
        model.fit(frame[past], outcome[past], month[past])
        chance = model.predict_proba(frame[future])[:, 1]
        losses.append((model.losses_[candidate], log_loss(outcome[future], chance)))
        rates.append(chance.mean())
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.03)
    assert rates[0] == pytest.approx(rates[1], rel=0.03)


def test_it_is_calibrated_on_the_latest_judged_month() -> None:
    """The level falls month by month: what is calibrated on the last month judges the next better than all months."""
    frame, outcome, month = make_months(months=10, rows=3000)
    past, future = month < "2026-10", month == "2026-10"
    model = ChurnClassifier(candidates=("splines",)).fit(
        frame[past], outcome[past], month[past]
    )
    predicted = model.predict_proba(frame[future])[:, 1].mean()
    uncalibrated = expit(
        (model.decision_function(frame[future]) - model.intercept_) / model.slope_
    ).mean()
    assert abs(predicted - outcome[future].mean()) < abs(
        uncalibrated - outcome[future].mean()
    )


def test_calibration_finds_the_line_that_was_bent() -> None:
    random = np.random.default_rng(0)
    odds = random.normal(size=200_000) * 1.5
    outcome = (random.random(200_000) < expit(odds)).astype(float)
    slope, intercept = calibrate((odds + 0.7) / 0.5, outcome)
    assert slope == pytest.approx(0.5, rel=0.02) and intercept == pytest.approx(
        -0.7, abs=0.03
    )
    assert (
        calibrate(-odds, outcome)[0] == 0.0
    )  # a score that is upside down says nothing; it is not turned round


def test_chances_are_calibrated_on_new_rows(fitted: ChurnClassifier) -> None:
    frame, outcome, month = make_months(seed=9)
    last = month == "2026-08"
    model_rate = fitted.predict_proba(frame[last])[:, 1].mean()
    assert logit(model_rate) == pytest.approx(logit(outcome[last].mean()), abs=0.3)


@pytest.mark.parametrize(
    ("column", "value", "error"),
    [
        ("calls", np.inf, ValueError),
        ("calls", "many", TypeError),
        ("fee", pd.Timestamp("2026-01-01"), TypeError),
    ],
)
def test_a_feature_of_another_kind_is_refused_by_name(
    fitted: ChurnClassifier, column: str, value: Any, error: type
) -> None:
    frame = make_months()[0].head(10).assign(**{column: value})
    with pytest.raises(error, match=column):
        fitted.predict_proba(frame)


@pytest.mark.parametrize("candidates", [("boosting",), ("splines",)])
def test_a_feature_that_is_empty_while_history_is_short_does_no_harm(
    candidates: tuple[str, ...],
) -> None:
    frame, outcome, _ = make_months(rows=100)
    empty = frame.assign(
        calls_1=np.nan, plan_1=pd.Series(None, index=frame.index, dtype="str")
    )
    model = ChurnClassifier(candidates=candidates, max_rounds=25).fit(empty, outcome)
    expected = model.predict_proba(empty)
    assert (
        model.predict_proba(empty.assign(calls_1=5.0, plan_1="basic")) == expected
    ).all()
    assert not model.explain(empty)[0][["calls_1", "plan_1"]].any(axis=None)


def test_a_date_is_no_feature() -> None:
    frame, outcome, _ = make_months(rows=50)
    with pytest.raises(TypeError, match="opened"):
        ChurnClassifier().fit(frame.assign(opened=pd.Timestamp("2026-01-01")), outcome)


def test_an_outcome_too_rare_to_judge_gets_the_plain_model() -> None:
    frame, outcome, _ = make_months(rows=50)
    outcome[:] = 0
    outcome[7] = 1
    model = ChurnClassifier().fit(frame, outcome)
    assert (
        model.choice_ == "splines"
        and model.losses_ == {}
        and model.predict_proba(frame)[:, 1].mean() < 0.05
    )
