"""What scikit-learn's histogram trees ask, in the columns and category codes a fit was given.

scikit-learn puts categorical columns first and numbers their categories anew; here every question
is put to the matrix as it was given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from models.frames import Flags, Floats

Codes = npt.NDArray[np.intp]


class Block:
    """Some rows of a matrix, column by column, the codes of a category made once."""

    def __init__(self, matrix: Floats) -> None:
        self.rows = len(matrix)
        self.columns = [
            np.ascontiguousarray(matrix[:, j]) for j in range(matrix.shape[1])
        ]
        self._codes: dict[int, Codes] = {}

    def codes(self, column: int, unknown: int) -> Codes:
        """Return a column's codes; `unknown` for missing, and for what is no code below it."""
        if column not in self._codes:
            values = self.columns[column]
            is_code = (values >= 0) & (values < unknown) & (values == np.floor(values))
            self._codes[column] = np.where(is_code, values, unknown).astype(np.intp)
        return self._codes[column]


@dataclass(frozen=True)
class Question:
    """One split: which rows go right.

    `right` is indexed by category code, its last entry is for missing and for what no fit has seen.
    """

    column: int
    threshold: float
    right: Flags | None
    missing_left: bool

    def goes_right(self, block: Block) -> Flags:
        """Return a new array, a flag a row."""
        if self.right is not None:
            codes = block.codes(self.column, len(self.right) - 1)
            return self.right.take(codes)
        values = block.columns[self.column]
        if self.missing_left:  # no comparison holds with a missing value
            return np.asarray(values > self.threshold)
        goes_left = values <= self.threshold
        return np.logical_not(goes_left, out=goes_left)


@dataclass(frozen=True)
class Tree:
    """The nodes of a tree as scikit-learn keeps them, and the question of each that has one."""

    nodes: npt.NDArray[np.void]
    questions: dict[int, Question]


def read_trees(model: HistGradientBoostingClassifier) -> list[Tree]:
    """Return the trees of a fitted binary classifier, in the order they are added."""
    reader = _Reader(model)
    return [reader.read(*predictors) for predictors in model._predictors]


def read_base(model: HistGradientBoostingClassifier) -> float:
    """Return the log-odds to which the trees add."""
    return float(model._baseline_prediction.ravel()[0])


class _Reader:
    def __init__(self, model: HistGradientBoostingClassifier) -> None:
        self._known, self._place = model._bin_mapper.make_known_categories_bitsets()
        self._columns = np.arange(model.n_features_in_)
        self._given: list[Floats] = []
        if model.is_categorical_ is not None:
            is_categorical = model.is_categorical_
            self._columns = np.concatenate(
                [np.flatnonzero(is_categorical), np.flatnonzero(~is_categorical)]
            )
            encoder = model._preprocessor.named_transformers_["encoder"]
            self._given = [_drop_missing(given) for given in encoder.categories_]

    def read(self, predictor: object) -> Tree:
        nodes = predictor.nodes  # type: ignore[attr-defined]
        questions = {
            number: self._ask(predictor, node)
            for number, node in enumerate(nodes)
            if not node["is_leaf"]
        }
        return Tree(nodes, questions)

    def _ask(self, predictor: object, node: np.void) -> Question:
        inner = int(node["feature_idx"])
        missing_left = bool(node["missing_go_to_left"])
        right = None
        if node["is_categorical"]:
            chosen = _bits(predictor.raw_left_cat_bitsets[node["bitset_idx"]])  # type: ignore[attr-defined]
            known = _bits(self._known[self._place[inner]])
            left = np.where(known, chosen, missing_left | chosen)
            right = ~self._put_given(left, inner, missing_left)
        return Question(
            int(self._columns[inner]), float(node["num_threshold"]), right, missing_left
        )

    def _put_given(self, left: Flags, inner: int, missing: bool) -> Flags:
        """Put the answers by scikit-learn's numbers in the places of the codes given."""
        given = self._given[inner]
        codes = given.astype(np.intp)
        if (codes != given).any() or (codes < 0).any():
            raise ValueError("categories are codes: whole numbers from 0 on")
        by_code = np.full(int(codes.max(initial=-1)) + 2, missing)
        by_code[codes] = left[: len(codes)]
        return by_code


def _drop_missing(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _bits(words: npt.NDArray[np.uint32]) -> Flags:
    """Unpack eight words into 256 flags."""
    return (words[:, None] >> np.arange(32, dtype=np.uint32) & 1).astype(bool).ravel()
