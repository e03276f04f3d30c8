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

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from models.frames import Flags, Floats
from models.trees.questions import Block, Question, Tree, read_base, read_trees

BLOCK = 8192  # rows at a time: what is looked up stays in the processor's cache
MOST_FEATURES = 16  # on a path; the table of a leaf has two to the power of it

Patterns = npt.NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class _Leaf:
    """The path by feature.

    (node, goes right) pairs to pass, and the contribution of each feature by pattern.
    """

    columns: list[int]
    steps: list[list[tuple[int, bool]]]
    table: Floats  # features × 2^features
    expected: float


@dataclass(frozen=True)
class _Asked:
    """A tree: its questions, and its leaves."""

    questions: dict[int, Question]
    leaves: list[_Leaf]


class TreeExplainer:
    """Shapley values of a fitted binary classifier in log-odds.

    `base` is the mean over the training rows' paths.
    """

    def __init__(self, model: HistGradientBoostingClassifier) -> None:
        self.width = int(model.n_features_in_)
        self._trees = [_compile(tree) for tree in read_trees(model)]
        expected = [leaf.expected for tree in self._trees for leaf in tree.leaves]
        self.base = read_base(model) + sum(expected)

    def contributions(self, matrix: Floats) -> Floats:
        """Return rows × features; with `base` they sum to the log-odds."""
        total = np.empty((len(matrix), self.width))
        for start in range(0, len(matrix), BLOCK):
            block = Block(matrix[start : start + BLOCK])
            total[start : start + BLOCK] = self._explain(block).T
        return total

    def _explain(self, block: Block) -> Floats:
        total = np.zeros((self.width, block.rows))
        added = np.empty(block.rows)
        for tree in self._trees:
            sides: dict[tuple[int, bool], Flags] = {}
            for number, question in tree.questions.items():
                sides[number, True] = question.goes_right(block)
                sides[number, False] = ~sides[number, True]
            for leaf in tree.leaves:
                pattern = _find_pattern(leaf, sides, block.rows)
                for row, column in zip(leaf.table, leaf.columns, strict=True):
                    # "clip" spares a check: a pattern is always in the table.
                    row.take(pattern, out=added, mode="clip")
                    total[column] += added
        return total


def _compile(tree: Tree) -> _Asked:
    leaves = [_leaf(tree, path, number) for number, path in _paths(tree.nodes)]
    return _Asked(tree.questions, leaves)


def _find_pattern(
    leaf: _Leaf, sides: Mapping[tuple[int, bool], Flags], rows: int
) -> Patterns:
    """Return the features of a leaf's path that each row passes, a bit a feature."""
    width = np.uint8 if len(leaf.steps) <= 8 else np.uint16
    pattern: Patterns = np.zeros(rows, dtype=width)
    for steps in reversed(leaf.steps):
        first, *others = steps
        passed = sides[first]
        for step in others:
            passed = passed & sides[step]
        pattern += pattern
        pattern += passed.view(np.uint8)
    return pattern


def _paths(nodes: np.ndarray) -> list[tuple[int, list[tuple[int, bool]]]]:
    """List the leaves with the (node, goes right) steps from the root."""
    found, stack = [], [(0, list[tuple[int, bool]]())]
    while stack:
        number, path = stack.pop()
        node = nodes[number]
        if node["is_leaf"]:
            found.append((number, path))
        else:
            stack += [
                (int(node[side]), [*path, (number, side == "right")])
                for side in ("left", "right")
            ]
    return found


def _leaf(tree: Tree, path: list[tuple[int, bool]], number: int) -> _Leaf:
    steps: dict[int, list[tuple[int, bool]]] = {}
    share: dict[int, float] = {}
    nodes = tree.nodes
    for node_number, goes_right in path:
        node = nodes[node_number]
        child = nodes[node["right" if goes_right else "left"]]
        column = tree.questions[node_number].column
        steps.setdefault(column, []).append((node_number, goes_right))
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
        value * np.ascontiguousarray(_shapley_table(shares).T),
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
