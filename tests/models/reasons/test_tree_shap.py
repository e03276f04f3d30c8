"""Reasons of trees are Shapley values: they add up, and agree with the definition summed over all subsets."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from models.trees.questions import Block, read_trees
from models.trees.shap import TreeExplainer, _shapley_table


def make_rows(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Numbers, a category and missing values, all of which matter, with the category in the middle."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, 5))
    matrix[:, 2] = random.integers(0, 6, rows)
    matrix[random.random((rows, 5)) < 0.15] = np.nan
    odds = (
        np.nan_to_num(matrix[:, 0]) * np.nan_to_num(matrix[:, 1])
        + np.isin(matrix[:, 2], [1, 4]) * 2.0
    )
    odds += np.isnan(matrix[:, 3]) * 1.5
    return matrix, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


def fit(
    rows: int = 2000, **settings: object
) -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    matrix, outcome = make_rows(rows)
    is_categorical = [False, False, True, False, False]
    given = {
        "max_iter": 40,
        "max_leaf_nodes": 16,
        "random_state": 0,
        "categorical_features": is_categorical,
    } | settings
    return HistGradientBoostingClassifier(**given).fit(matrix, outcome), matrix


@pytest.mark.parametrize("categorical", [True, False])
def test_contributions_and_base_add_up_to_the_log_odds(categorical: bool) -> None:
    settings: dict[str, Any] = {} if categorical else {"categorical_features": None}
    model, matrix = fit(**settings)
    strange = matrix[:50].copy()
    strange[:, 2] = np.tile(
        [-3.0, 7.0, 250.0, np.nan, 5.0], 10
    )  # never seen, or not a category at all
    if categorical:
        matrix = np.vstack([matrix, strange])
    explainer = TreeExplainer(model)
    added = explainer.contributions(matrix).sum(axis=1) + explainer.base
    np.testing.assert_allclose(
        added, model.decision_function(matrix), rtol=0, atol=1e-9
    )


class OneTree:
    """A tree and a row, as a game: what the tree gives if only some features of the row are known."""

    def __init__(
        self, nodes: np.ndarray, questions: dict[int, Any], row: np.ndarray
    ) -> None:
        self.nodes, self.questions, self.row = nodes, questions, row

    def value(self, known: set[int], at: int = 0) -> float:
        node = self.nodes[at]
        if node["is_leaf"]:
            return float(node["value"])
        left, right = int(node["left"]), int(node["right"])
        if self.questions[at].column in known:
            (goes_right,) = self.questions[at].goes_right(Block(self.row[None, :]))
            return self.value(known, right if goes_right else left)
        share: float = self.nodes[left]["count"] / node["count"]
        return share * self.value(known, left) + (1 - share) * self.value(known, right)

    def shapley(self, count: int) -> np.ndarray:
        """Shapley values by definition."""
        values = np.zeros(count)
        for i in range(count):
            others = [j for j in range(count) if j != i]
            for size in range(count):
                weight = (
                    factorial(size) * factorial(count - size - 1) / factorial(count)
                )
                values[i] += weight * sum(
                    self.value({*chosen, i}) - self.value({*chosen})
                    for chosen in combinations(others, size)
                )
        return values


def test_they_agree_with_the_definition_over_all_subsets() -> None:
    model, matrix = fit(max_iter=3)
    explainer = TreeExplainer(model)
    rows = matrix[:25]
    expected = np.zeros((len(rows), 5))
    for tree in read_trees(model):
        for number, row in enumerate(rows):
            expected[number] += OneTree(tree.nodes, tree.questions, row).shapley(5)
    np.testing.assert_allclose(
        explainer.contributions(rows), expected, rtol=0, atol=1e-12
    )


def test_a_feature_that_no_tree_asks_contributes_nothing() -> None:
    matrix, outcome = make_rows(2000)
    matrix[:, 4] = 0.0
    quiet = HistGradientBoostingClassifier(max_iter=10, random_state=0).fit(
        matrix, outcome
    )
    assert not TreeExplainer(quiet).contributions(matrix)[:, 4].any()


@pytest.mark.parametrize("count", range(1, 8))
def test_a_leaf_gives_away_exactly_its_value(count: int) -> None:
    shares = np.random.default_rng(count).uniform(0.05, 0.95, count)
    table = _shapley_table(shares)
    reached = np.zeros(2**count)
    reached[-1] = 1.0
    np.testing.assert_allclose(
        table.sum(axis=1), reached - shares.prod(), rtol=0, atol=1e-13
    )


def test_two_features_by_hand() -> None:
    """For z = (½, ¼) and a row that passes both: phi_1 = ½·(½·¼ + ½·1), phi_2 = ¾·(½·½ + ½·1)."""
    table = _shapley_table(np.array([0.5, 0.25]))
    np.testing.assert_allclose(table[3], [0.5 * 0.625, 0.75 * 0.75], rtol=0, atol=1e-15)
