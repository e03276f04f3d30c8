"""Competing outcomes: chances add up, each outcome is modelled among those still there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.churn import ChurnClassifier
from models.competing import CompetingClassifier

Base = tuple[pd.DataFrame, np.ndarray, np.ndarray]


@parametrize_with_checks(  # type: ignore[untyped-decorator]  # scikit-learn has no types
    [CompetingClassifier(ChurnClassifier(candidates=("splines",)))]
)
def test_keeps_the_contract_of_scikit_learn(
    estimator: BaseEstimator, check: Callable[[BaseEstimator], None]
) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def base() -> Base:
    """6,000 services whose true chances are known: debt cuts off, age of contract frees."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"debt": random.exponential(size=6000), "free": random.normal(size=6000)}
    )
    cut = 1 / (1 + np.exp(3.0 - 1.2 * frame["debt"].to_numpy()))
    leave = 1 / (1 + np.exp(1.5 - 1.5 * frame["free"].to_numpy()))
    drawn = random.random((3, len(frame)))
    outcome = np.select(
        [drawn[0] < cut, drawn[1] < leave, drawn[2] < 0.05],
        ["involuntary", "voluntary", "down_migration"],
        "stay",
    )
    return frame, outcome, np.column_stack([cut, (1 - cut) * leave])


@pytest.fixture(scope="module")
def fitted(base: Base) -> CompetingClassifier:
    frame, outcome, _ = base
    monotone = {"involuntary": {"debt": 1}, "voluntary": {"free": 1}}
    return CompetingClassifier(ChurnClassifier(max_rounds=50), monotone=monotone).fit(
        frame, outcome
    )


def test_chances_of_a_service_add_up_to_one(
    base: Base, fitted: CompetingClassifier
) -> None:
    scores = fitted.score_frame(base[0])
    np.testing.assert_allclose(
        scores[["p_voluntary", "p_involuntary", "p_stay"]].sum(axis=1), 1.0, atol=1e-12
    )
    assert (scores["p_down_migration"] <= scores["p_stay"]).all() and (scores > 0).all(
        axis=None
    )


def test_chances_are_near_the_true_ones(
    base: Base, fitted: CompetingClassifier
) -> None:
    frame, _, true = base
    scores = fitted.score_frame(frame)
    assert np.abs(scores["p_involuntary"] - true[:, 0]).mean() < 0.01
    assert np.abs(scores["p_voluntary"] - true[:, 1]).mean() < 0.015


def test_constraints_reach_the_model_of_their_outcome(
    base: Base, fitted: CompetingClassifier
) -> None:
    more_debt = base[0].head(200).assign(free=0.0, debt=np.linspace(0, 8, 200))
    assert (fitted.score_frame(more_debt)["p_involuntary"].diff().dropna() >= 0).all()


def test_reasons_are_those_of_the_outcome_asked_for(
    base: Base, fitted: CompetingClassifier
) -> None:
    rows = base[0].head(300)
    values, total = fitted.explain(rows, "involuntary")
    model = fitted.models_[fitted.steps_.index("involuntary")]
    np.testing.assert_allclose(
        values.sum(axis=1) + total, model.decision_function(rows), atol=1e-9
    )
    assert values["debt"].std() > 5 * values["free"].std()


def test_an_outcome_that_never_happened_has_no_chance(base: Base) -> None:
    frame, outcome, _ = base
    without = np.where(outcome == "involuntary", "stay", outcome)
    model = CompetingClassifier(ChurnClassifier(candidates=("splines",))).fit(
        frame, without
    )
    scores = model.score_frame(frame)
    assert (scores["p_involuntary"] == 0).all() and scores["p_stay"].add(
        scores["p_voluntary"]
    ).sub(1).abs().max() < 1e-12


def test_months_go_to_every_model(base: Base) -> None:
    frame, outcome, _ = base
    month = np.repeat(np.arange(6), 1000)
    model = CompetingClassifier(ChurnClassifier(candidates=("splines",))).fit(
        frame, outcome, month
    )
    assert all(set(part.losses_) == {"splines"} for part in model.models_)
