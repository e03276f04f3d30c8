"""The spline model: the likelihood's optimum, straight ends, terms that sum to the log-odds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import SplineTransformer, StandardScaler

from models.additive import AdditiveModel, Curves
from models.curves.splines import evaluate_spline

RANDOM = np.random.default_rng(0)
NUMBER = RANDOM.normal(size=(1500, 1))
OUTCOME = (RANDOM.random(1500) < expit(np.sin(2 * NUMBER[:, 0]) * 2 - 0.5)).astype(
    float
)
NUMERIC = np.array([False])


def make_curves(knots: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return each curve of the cubic basis at x, within the knots and beyond."""
    units = np.eye(len(knots) + 2)
    return np.column_stack([evaluate_spline(knots, unit, x) for unit in units])


def fit(
    matrix: np.ndarray,
    strength: float = 0.3,
    is_categorical: np.ndarray = NUMERIC,
) -> AdditiveModel:
    curves = Curves(is_categorical, {})
    return curves.fit(matrix, OUTCOME[: len(matrix)], (strength,))[0]


def test_it_is_the_optimum_scikit_learn_finds_on_the_same_basis() -> None:
    knots = np.quantile(NUMBER, np.linspace(0, 1, 6))

    def basis(column: np.ndarray) -> np.ndarray:
        return make_curves(knots, column[:, 0])

    scaler = StandardScaler().fit(basis(NUMBER))
    reference = LogisticRegression(C=0.3, max_iter=10_000, tol=1e-9).fit(
        scaler.transform(basis(NUMBER)), OUTCOME
    )
    new = np.linspace(-4, 4, 200)[:, None]
    expected = reference.decision_function(scaler.transform(basis(new)))
    np.testing.assert_allclose(fit(NUMBER).log_odds(new), expected, atol=1e-3)


def test_inside_the_knots_the_basis_is_that_of_scikit_learn() -> None:
    """Both span the same curves: a line through one's columns gives the other's."""
    theirs = SplineTransformer(n_knots=6, knots="quantile").fit_transform(NUMBER)
    knots = np.quantile(NUMBER, np.linspace(0, 1, 6))
    ours = make_curves(knots, NUMBER[:, 0])
    weights = np.linalg.lstsq(ours, theirs, rcond=None)[0]
    np.testing.assert_allclose(ours @ weights, theirs, atol=1e-9)


def test_beyond_the_outer_knots_a_curve_is_straight() -> None:
    knots, x = np.array([0.0, 1.0, 3.0]), np.array([-4.0, -3.0, -2.0, 4.0, 5.0, 6.0])
    value = evaluate_spline(knots, np.array([0.0, 2.0, -1.0, 4.0, 0.5]), x)
    assert np.diff(value[:3], 2) == pytest.approx(0.0) and np.diff(
        value[3:], 2
    ) == pytest.approx(0.0)
    np.testing.assert_allclose(make_curves(knots, x).sum(axis=1), 1.0, atol=1e-12)


def test_explained_terms_sum_to_the_log_odds_and_average_to_nothing() -> None:
    matrix = np.column_stack(
        [NUMBER[:, 0], RANDOM.integers(0, 4, 1500).astype(float), np.ones(1500)]
    )
    matrix[::7, 0] = np.nan
    matrix[::11, 1] = np.nan
    model = fit(matrix, is_categorical=np.array([False, True, False]))
    values, base = model.explain(matrix)
    np.testing.assert_allclose(
        values.sum(axis=1) + base, model.log_odds(matrix), atol=1e-12
    )
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=1e-10)
    assert not values[:, 2].any()  # never varied


def test_a_category_level_is_what_its_rows_say() -> None:
    codes = np.repeat([0.0, 1.0, 2.0], 500)[:, None]
    model = fit(codes, strength=1e4, is_categorical=np.array([True]))
    rates = [OUTCOME[codes[:, 0] == code].mean() for code in range(3)]
    np.testing.assert_allclose(
        model.log_odds(np.array([[0.0], [1.0], [2.0]])), logit(rates), atol=1e-3
    )
    assert np.isfinite(
        model.log_odds(np.array([[9.0], [np.nan]]))
    ).all()  # never seen: no addition of its own


def test_a_feature_with_few_values_gets_a_curve_it_can_carry() -> None:
    flag = (NUMBER > 0).astype(float)
    odds = fit(flag, strength=1e4).log_odds(np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(
        odds, [logit(OUTCOME[flag[:, 0] == v].mean()) for v in (0, 1)], atol=1e-3
    )


def test_a_stronger_penalty_bends_less() -> None:
    spread = [
        fit(NUMBER, strength).log_odds(NUMBER).std() for strength in (0.001, 0.1, 10.0)
    ]
    assert spread == sorted(spread)
