"""Splines over a whole column at a time, to the last bit what scipy's BSpline gives.

scipy goes from row to row and looks for the knots around each. Here the rows between two knots are
brought together: the knots are constants then, and de Boor's recursion is a handful of steps over
thousands of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.interpolate import BSpline

from models.frames import Floats

BLOCK = 65_536  # rows at a time


def evaluate_spline(knots: Floats, coefficients: Floats, x: Floats) -> Floats:
    """Evaluate a spline that goes on as a straight line beyond its outer knots.

    A hole stays one.
    """
    degree = len(coefficients) - len(knots) + 1
    spline = _Spline(knots, degree, min(len(x), BLOCK))
    slopes = BSpline(spline.padded, coefficients, degree)(knots[[0, -1]], nu=1)
    value = np.empty(len(x))
    for start in range(0, len(x), BLOCK):
        rows = x[start : start + BLOCK]
        inside = rows.clip(knots[0], knots[-1])
        order = np.empty(len(rows), dtype=np.intp)
        by_place = np.empty(len(rows))
        for found in spline.find_basis(inside, order):
            weights = coefficients[found.first : found.first + degree + 1]
            parts = np.multiply(found.basis, weights[:, None], out=found.basis)
            np.add.reduce(parts, axis=0, out=by_place[found.rows])
        evaluated = value[start : start + BLOCK]
        evaluated[order] = by_place
        outside = np.flatnonzero((rows < knots[0]) | (rows > knots[-1]))
        beyond = rows[outside] - inside[outside]
        evaluated[outside] += np.where(beyond > 0, slopes[1], slopes[0]) * beyond
    return value


def make_basis(knots: Floats, degree: int, x: Floats) -> Floats:
    """Return the value of each curve of a basis, rows × curves.

    Every row lies between the outer knots.
    """
    spline = _Spline(knots, degree, min(len(x), BLOCK))
    design = np.zeros((len(x), len(knots) + degree - 1))
    for start in range(0, len(x), BLOCK):
        inside = x[start : start + BLOCK]
        order = np.empty(len(inside), dtype=np.intp)
        for found in spline.find_basis(inside, order):
            rows = start + order[found.rows]
            for place, values in enumerate(found.basis, start=found.first):
                design[rows, place] = values
    return design


@dataclass(frozen=True)
class _Found:
    """The curves that are not nothing between two knots: the number of the first, and their values.

    `rows` are places in the order of the rows, by the knots that they lie between.
    """

    first: int
    basis: Floats  # curves × rows, to be overwritten by who takes it
    rows: slice


class _Spline:
    """Knots, padded so that a basis of a degree ends at the outer ones."""

    def __init__(self, knots: Floats, degree: int, most_rows: int) -> None:
        self.degree = degree
        self.inner = knots[1:-1]
        ends = np.repeat(knots[0], degree), np.repeat(knots[-1], degree)
        self.padded = np.concatenate([ends[0], knots, ends[1]])
        # Where the steps are worked out, again and again.
        self._behind = np.empty((degree, most_rows))
        self._ahead = np.empty((degree, most_rows))
        self._shared = np.empty((degree, most_rows))
        self._basis = np.empty((degree + 1, most_rows))

    def find_basis(self, x: Floats, order: npt.NDArray[np.intp]) -> Iterator[_Found]:
        """Yield the basis between each two knots; `order` is given the rows by these."""
        place = np.zeros(len(x), dtype=np.uint8)
        ends = []
        for knot in self.inner:
            is_beyond = x >= knot
            place += is_beyond.view(np.uint8)
            ends.append(len(x) - int(np.count_nonzero(is_beyond)))
        order[:] = place.argsort(kind="stable")
        # "clip" spares a check: a place in the order is always a row.
        by_place = x.take(order, mode="clip")
        for number, (start, end) in enumerate(pairwise([0, *ends, len(x)])):
            if start < end:
                basis = self._work_out(number + self.degree, by_place[start:end])
                yield _Found(number, basis, slice(start, end))

    def _work_out(self, left: int, x: Floats) -> Floats:
        """Return the basis of rows that lie between the knot `left` and the next, by de Boor.

        Every step is scipy's own, in its order, so that the bits are the same.
        """
        knots, degree, rows = self.padded[:, None], self.degree, len(x)
        before = knots[left - degree + 1 : left + 1][::-1]
        after = knots[left + 1 : left + 1 + degree]
        behind = np.subtract(x, before, out=self._behind[:, :rows])
        ahead = np.subtract(after, x, out=self._ahead[:, :rows])
        basis = self._basis[:, :rows]
        basis[0] = 1.0
        for raised in range(1, degree + 1):
            spans = after[:raised] - before[:raised][::-1]
            shared = self._shared[:raised, :rows]
            np.divide(basis[:raised], spans, out=shared)
            np.multiply(shared, ahead[:raised], out=basis[:raised])
            shared *= behind[raised - 1 :: -1]
            basis[1:raised] += shared[:-1]
            basis[raised] = shared[-1]
        return basis
