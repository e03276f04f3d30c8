"""Exact Shapley values of scikit-learn's histogram trees.

Missing values and native categories are included.

The game is the path-dependent one of TreeSHAP (Lundberg et al. 2020, doi
10.1038/s42256-019-0138-9): where a feature is unknown, both branches count by the training rows
that took them. For a leaf of value v whose path asks the features F,

    phi_i = v (o_i − z_i) ∫₀¹ Π_{j ∈ F∖i} ((1 − t) z_j + t o_j) dt

where o_j says whether the row passes all questions about j, and z_j is the share of training rows
that do. The integrand is a polynomial, so a Gauss–Legendre rule is exact; o has 2^|F| patterns, so
a leaf is one table, and a row one look-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from models.frames import Flags, Floats

BLOCK = 8192  # rows at a time: what is looked up stays in the processor's cache
MOST_FEATURES = 16  # on a path; the table of a leaf has two to the power of it


@dataclass(frozen=True)
class _Question:
    """One split: which rows go left.

    `left` is indexed by category code, its last entry is for missing.
    """

    column: int
    threshold: float
    left: Flags | None
    missing_left: bool

    def answer(self, matrix: Floats) -> Flags:
        column = matrix[:, self.column]
        if self.left is None:
            return np.where(
                np.isnan(column), self.missing_left, column <= self.threshold
            )
        codes = np.where(np.isnan(column) | (column < 0) | (column > 255), 256, column)
        return self.left[codes.astype(np.intp)]


@dataclass(frozen=True)
class _Leaf:
    """The path by feature.

    (question, side) pairs to pass, and the contribution of each feature by pattern.
    """

    columns: list[int]
    steps: list[list[tuple[int, bool]]]
    table: Floats  # 2^features × features
    expected: float


class TreeExplainer:
    """Shapley values of a fitted binary classifier in log-odds.

    `base` is the mean over the training rows' paths.
    """

    def __init__(self, model: HistGradientBoostingClassifier) -> None:
        self.model = model
        self.width = int(model.n_features_in_)
        self._known, self._place = model._bin_mapper.make_known_categories_bitsets()
        self._trees = [self._compile(predictors[0]) for predictors in model._predictors]
        leaves = [leaf for _, tree in self._trees for leaf in tree]
        self.base = float(model._baseline_prediction.ravel()[0]) + sum(
            leaf.expected for leaf in leaves
        )
        self._order = _original_columns(model)

    def contributions(self, matrix: Floats) -> Floats:
        """Return rows × features; with `base` they sum to the log-odds."""
        inner = np.asfortranarray(self.model._preprocess_X(matrix, reset=False))
        total = np.zeros((len(inner), self.width))
        for start in range(0, len(inner), BLOCK):
            total[start : start + BLOCK, self._order] = self._explain(
                inner[start : start + BLOCK]
            ).T
        return total

    def _explain(self, block: Floats) -> Floats:
        total = np.zeros((self.width, len(block)))
        for questions, leaves in self._trees:
            answers = {
                number: question.answer(block) for number, question in questions.items()
            }
            for leaf in leaves:
                pattern = np.zeros(len(block), dtype=np.intp)
                for bit, steps in enumerate(leaf.steps):
                    passed = np.logical_and.reduce(
                        [answers[number] == side for number, side in steps]
                    )
                    pattern += passed.astype(np.intp) << bit
                for bit, column in enumerate(leaf.columns):
                    total[column] += leaf.table[:, bit][pattern]
        return total

    def _compile(self, predictor: object) -> tuple[dict[int, _Question], list[_Leaf]]:
        nodes = predictor.nodes  # type: ignore[attr-defined]
        questions = {
            i: self._question(predictor, nodes[i])
            for i in range(len(nodes))
            if not nodes[i]["is_leaf"]
        }
        return questions, [_leaf(nodes, path, number) for number, path in _paths(nodes)]

    def _question(self, predictor: object, node: np.void) -> _Question:
        column, missing_left = (
            int(node["feature_idx"]),
            bool(node["missing_go_to_left"]),
        )
        left = None
        if node["is_categorical"]:
            chosen = _bits(predictor.raw_left_cat_bitsets[node["bitset_idx"]])  # type: ignore[attr-defined]
            known = _bits(self._known[self._place[column]])
            left = np.append(
                np.where(known, chosen, missing_left | chosen), missing_left
            )
        return _Question(column, float(node["num_threshold"]), left, missing_left)


def _original_columns(model: HistGradientBoostingClassifier) -> npt.NDArray[np.intp]:
    """Say which given column each inner column is: the model puts its categorical columns first."""
    if model.is_categorical_ is None:
        return np.arange(model.n_features_in_)
    return np.concatenate(
        [np.flatnonzero(model.is_categorical_), np.flatnonzero(~model.is_categorical_)]
    )


def _bits(words: npt.NDArray[np.uint32]) -> Flags:
    """Unpack eight words into 256 flags."""
    return (words[:, None] >> np.arange(32, dtype=np.uint32) & 1).astype(bool).ravel()


def _paths(nodes: np.ndarray) -> list[tuple[int, list[tuple[int, bool]]]]:
    """List the leaves with the (node, goes left) steps from the root."""
    found, stack = [], [(0, list[tuple[int, bool]]())]
    while stack:
        number, path = stack.pop()
        node = nodes[number]
        if node["is_leaf"]:
            found.append((number, path))
        else:
            stack += [
                (int(node[side]), [*path, (number, side == "left")])
                for side in ("left", "right")
            ]
    return found


def _leaf(nodes: np.ndarray, path: list[tuple[int, bool]], number: int) -> _Leaf:
    steps: dict[int, list[tuple[int, bool]]] = {}
    share: dict[int, float] = {}
    for node_number, goes_left in path:
        node = nodes[node_number]
        child = nodes[node["left" if goes_left else "right"]]
        column = int(node["feature_idx"])
        steps.setdefault(column, []).append((node_number, goes_left))
        share[column] = (
            share.get(column, 1.0) * float(child["count"]) / float(node["count"])
        )
    if len(steps) > MOST_FEATURES:
        raise ValueError(
            f"a path asks {len(steps)} features; exact reasons are made for at most {MOST_FEATURES}"
        )
    value = float(nodes[number]["value"])
    shares = np.array(list(share.values()))
    return _Leaf(
        list(steps),
        list(steps.values()),
        value * _shapley_table(shares),
        value * float(shares.prod()),
    )


def _shapley_table(shares: Floats) -> Floats:
    """Shapley values of a leaf of value 1 for every pattern of passed features, 2^n × n."""
    count = len(shares)
    passed = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(float)
    points, weights = np.polynomial.legendre.leggauss(max(1, (count + 1) // 2))
    t = (points + 1.0) / 2.0
    factors = passed[:, :, None] * t + shares[:, None] * (1.0 - t)
    others = factors.prod(axis=1, keepdims=True) / factors
    table: Floats = (passed - shares) * (others @ (weights / 2.0))
    return table
