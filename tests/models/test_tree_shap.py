"""Reasons of trees are Shapley values: they add up, and agree with the definition summed over all subsets."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from models.tree_shap import TreeExplainer, _shapley_table


def make_rows(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Numbers, a category and missing values, all of which matter, with the category in the middle."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, 5))
    matrix[:, 2] = random.integers(0, 6, rows)
    matrix[random.random((rows, 5)) < 0.15] = np.nan
    odds = np.nan_to_num(matrix[:, 0]) * np.nan_to_num(matrix[:, 1]) + np.isin(matrix[:, 2], [1, 4]) * 2.0
    odds += np.isnan(matrix[:, 3]) * 1.5
    return matrix, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


def fit(rows: int = 2000, **settings: object) -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    matrix, outcome = make_rows(rows)
    is_categorical = [False, False, True, False, False]
    given = {"max_iter": 40, "max_leaf_nodes": 16, "random_state": 0, "categorical_features": is_categorical} | settings
    return HistGradientBoostingClassifier(**given).fit(matrix, outcome), matrix


@pytest.mark.parametrize("categorical", [True, False])
def test_contributions_and_base_add_up_to_the_log_odds(categorical: bool) -> None:
    settings = {} if categorical else {"categorical_features": None}
    model, matrix = fit(**settings)
    strange = matrix[:50].copy()
    strange[:, 2] = np.tile([-3.0, 7.0, 250.0, np.nan, 5.0], 10)  # never seen, or not a category at all
    if categorical:
        matrix = np.vstack([matrix, strange])
    explainer = TreeExplainer(model)
    added = explainer.contributions(matrix).sum(axis=1) + explainer.base
    np.testing.assert_allclose(added, model.decision_function(matrix), rtol=0, atol=1e-9)


def expected_value(predictor: object, nodes: np.ndarray, row: np.ndarray, known: frozenset[int], answer, at: int = 0):
    """What the tree gives a row of which only some features are known."""
    node = nodes[at]
    if node["is_leaf"]:
        return node["value"]
    left, right = int(node["left"]), int(node["right"])
    if int(node["feature_idx"]) in known:
        return expected_value(predictor, nodes, row, known, answer, left if answer(at, row) else right)
    share = nodes[left]["count"] / node["count"]
    return share * expected_value(predictor, nodes, row, known, answer, left) + (1 - share) * expected_value(
        predictor, nodes, row, known, answer, right
    )


def shapley(game, count: int) -> np.ndarray:
    """Shapley values by definition."""
    values = np.zeros(count)
    for i in range(count):
        others = [j for j in range(count) if j != i]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            values[i] += sum(weight * (game(frozenset(s) | {i}) - game(frozenset(s))) for s in combinations(others, size))
    return values


def test_they_agree_with_the_definition_over_all_subsets() -> None:
    model, matrix = fit(max_iter=3)
    explainer = TreeExplainer(model)
    rows = matrix[:25]
    inner = model._preprocess_X(rows, reset=False)
    expected = np.zeros((len(rows), 5))
    for predictors, (questions, _) in zip(model._predictors, explainer._trees, strict=True):
        nodes = predictors[0].nodes
        answer = lambda at, row, q=questions: bool(q[at].answer(row[None, :])[0])  # noqa: E731
        for number, row in enumerate(inner):
            game = lambda known, n=nodes, r=row, p=predictors[0]: expected_value(p, n, r, known, answer)  # noqa: E731
            expected[number, explainer._order] += shapley(game, 5)
    np.testing.assert_allclose(explainer.contributions(rows), expected, rtol=0, atol=1e-12)


def test_a_feature_that_no_tree_asks_contributes_nothing() -> None:
    model, matrix = fit()
    matrix[:, 4] = 0.0
    quiet = HistGradientBoostingClassifier(max_iter=10, random_state=0).fit(matrix, make_rows(len(matrix))[1])
    assert not TreeExplainer(quiet).contributions(matrix)[:, 4].any()


@pytest.mark.parametrize("count", range(1, 8))
def test_a_leaf_gives_away_exactly_its_value(count: int) -> None:
    shares = np.random.default_rng(count).uniform(0.05, 0.95, count)
    table = _shapley_table(shares)
    reached = np.zeros(2**count)
    reached[-1] = 1.0
    np.testing.assert_allclose(table.sum(axis=1), reached - shares.prod(), rtol=0, atol=1e-13)


def test_two_features_by_hand() -> None:
    """For z = (½, ¼) and a row that passes both: phi_1 = ½·(½·¼ + ½·1), phi_2 = ¾·(½·½ + ½·1)."""
    table = _shapley_table(np.array([0.5, 0.25]))
    np.testing.assert_allclose(table[3], [0.5 * 0.625, 0.75 * 0.75], rtol=0, atol=1e-15)
