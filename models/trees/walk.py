"""The log-odds of scikit-learn's histogram trees, a question a time for thousands of rows.

scikit-learn takes each row through each tree, and waits at every node for what it cannot foresee.
Here a node is one comparison of a column, its answers a byte a row; from the bottom up they make
the number of the leaf each row ends in, and the leaves' values are added in the trees' own order.
So the sums are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from models.frames import Floats
from models.trees.questions import Block, Question, Tree, read_base, read_trees

BLOCK = 16_384  # rows at a time: they stay in the processor's cache
MOST_LEAVES = 256  # a leaf's number is a byte

Places = npt.NDArray[np.uint8]


class TreeWalk:
    """The trees of a fitted binary classifier; ValueError for trees that are too large."""

    def __init__(self, model: HistGradientBoostingClassifier) -> None:
        self.base = read_base(model)
        self.width = int(model.n_features_in_)
        self._trees = [_Grown.of(tree) for tree in read_trees(model)]

    def log_odds(self, matrix: Floats) -> Floats:
        """Return the log-odds of each row."""
        odds: Floats = self.staged(matrix, [len(self._trees)])[0]
        return odds

    def staged(self, matrix: Floats, ends: Sequence[int]) -> Floats:
        """Return the log-odds after each of those numbers of trees, stages × rows."""
        if matrix.shape[1] != self.width:
            raise ValueError(f"{matrix.shape[1]} columns; the trees ask {self.width}")
        staged = np.empty((len(ends), len(matrix)))
        stages = {end: stage for stage, end in enumerate(ends)}
        for start in range(0, len(matrix), BLOCK):
            block = Block(matrix[start : start + BLOCK])
            total = np.full(block.rows, self.base)
            added = np.empty(block.rows)
            for number, tree in enumerate(self._trees[: max(ends)], start=1):
                # "clip" spares a check: a place is always below the number of leaves.
                tree.values.take(tree.find_leaf(block), out=added, mode="clip")
                total += added
                if number in stages:
                    staged[stages[number], start : start + BLOCK] = total
        return staged


@dataclass(frozen=True)
class _Split:
    """A question and the splits on both sides; None for a leaf. `lefts` leaves are on the left."""

    question: Question
    lefts: np.uint8
    left: _Split | None
    right: _Split | None

    def place(self, block: Block) -> Places:
        """Return the place of each row's leaf among the leaves below, from the left."""
        goes_right: Places = self.question.goes_right(block).view(np.uint8)
        if self.right is None:
            place = goes_right
            if self.left is not None:
                place *= self.lefts
        else:
            place = self.right.place(block)
            place += self.lefts
            place *= goes_right
        if self.left is None:
            return place
        # A place on the right is beyond every place on the left.
        return np.maximum(place, self.left.place(block), out=place)


@dataclass(frozen=True)
class _Grown:
    """A tree: its first split, None where it is one leaf, and the leaves' values from the left."""

    root: _Split | None
    values: Floats

    @classmethod
    def of(cls, tree: Tree) -> _Grown:
        values: list[float] = []
        root = _grow(tree, 0, values)
        if len(values) > MOST_LEAVES:
            raise ValueError(f"a tree of {len(values)} leaves, {MOST_LEAVES} at most")
        return cls(root, np.array(values))

    def find_leaf(self, block: Block) -> Places:
        if self.root is None:
            return np.zeros(block.rows, dtype=np.uint8)
        return self.root.place(block)


def _grow(tree: Tree, number: int, values: list[float]) -> _Split | None:
    node = tree.nodes[number]
    if node["is_leaf"]:
        values.append(float(node["value"]))
        return None
    before = len(values)
    left = _grow(tree, int(node["left"]), values)
    lefts = len(values) - before
    right = _grow(tree, int(node["right"]), values)
    # Cut to a byte: of too large a tree nothing is used.
    return _Split(tree.questions[number], np.uint8(lefts % MOST_LEAVES), left, right)
