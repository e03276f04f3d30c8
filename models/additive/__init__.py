"""Logistic regression on splines.

One curve a number, one level a category, so that its reasons are exact sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import Bounds

from models.additive.splines import evaluate_spline, make_basis
from models.folds import Trial
from models.frames import Flags, Floats
from models.judging.evaluate import log_loss_of_odds
from models.newton import BLOCK, approach, minimise
from models.steps import identify, keep_step

STRENGTHS = (0.03, 0.3, 3.0)  # inverse penalties, as scikit-learn's C
KNOTS = 6
DEGREE = 3


@dataclass
class Term:
    """What one feature adds to the log-odds.

    A spline with straight ends, or a level for each category.
    """

    knots: Floats  # empty for a category
    # Spline coefficients, or one level a category; empty for a feature that never varied.
    levels: Floats
    missing: float = 0.0
    mean: float = 0.0  # over the training rows

    def evaluate(self, column: Floats) -> Floats:
        """Return the addition to the log-odds against the average training row."""
        if not len(self.levels):
            value = np.zeros(len(column))
        elif len(self.knots):
            value = evaluate_spline(self.knots, self.levels, column)
        else:
            value = self._look_up(column)
        value[np.isnan(column)] = self.missing
        value -= self.mean
        return value

    def _look_up(self, codes: Floats) -> Floats:
        """Return the level of each category; nothing for one that no fit saw, or for none."""
        levels = np.append(self.levels, 0.0)
        unseen = len(self.levels)
        # A hole is compared with nothing, so it ends as one that was not seen.
        places = np.where(codes < unseen, codes, unseen).astype(np.intp)
        return levels[places]


@dataclass
class AdditiveModel:
    """The fitted model: log-odds are `intercept` and the sum of the terms."""

    terms: list[Term]
    intercept: float

    def log_odds(self, matrix: Floats) -> Floats:
        """Return the log-odds of each row."""
        total = np.full(len(matrix), self.intercept)
        for position, term in enumerate(self.terms):
            total += term.evaluate(matrix[:, position])
        return total

    def explain(self, matrix: Floats) -> tuple[Floats, float]:
        """Return contributions, rows × features, and the base to which they add."""
        return np.column_stack(
            [term.evaluate(matrix[:, j]) for j, term in enumerate(self.terms)]
        ), self.intercept


@dataclass(frozen=True)
class Curves:
    """What all fits of a model share.

    `monotone` gives the sign of a column that may only rise or only fall.
    """

    is_categorical: Flags
    monotone: dict[int, int]

    def fit(
        self, matrix: Floats, outcome: Floats, strengths: tuple[float, ...]
    ) -> list[AdditiveModel]:
        """Fit one model for each inverse penalty, in the order given."""
        return list(self.fit_each(matrix, outcome, strengths))

    def fit_each(
        self, matrix: Floats, outcome: Floats, strengths: tuple[float, ...]
    ) -> Iterator[AdditiveModel]:
        """Yield one model for each inverse penalty, fitted when it is asked for."""
        blocks = [
            _block(matrix[:, j], bool(self.is_categorical[j]), self.monotone.get(j, 0))
            for j in range(matrix.shape[1])
        ]
        sizes = [block.columns.shape[1] for block in blocks]
        design = np.column_stack([block.columns for block in blocks])
        scale = _standardise(design)
        bounds = _bounds(blocks)
        rows = identify(
            "splines",
            matrix,
            outcome,
            self.is_categorical,
            sorted(self.monotone.items()),
        )
        weights: Floats | None = None
        for strength in strengths:
            solve = partial(
                _solve, design, outcome, 1.0 / strength, bounds, start=weights
            )
            weights = keep_step(identify(rows, strength, weights), solve)
            parts = np.split(weights[:-1] / scale, np.cumsum(sizes)[:-1])
            terms = [
                block.term(part) for block, part in zip(blocks, parts, strict=True)
            ]
            yield AdditiveModel(terms, float(weights[-1]))


def _solve(
    design: Floats,
    outcome: Floats,
    penalty: float,
    bounds: Bounds,
    start: Floats | None,
) -> Floats:
    if start is None:
        start = approach(design, outcome, penalty, bounds)
    return minimise(design, outcome, penalty, bounds, start)


def choose_strength(
    curves: Curves, matrix: Floats, outcome: Floats, trials: list[Trial]
) -> tuple[float, Floats]:
    """Return the inverse penalty of the least log loss.

    With its log-odds of the judged rows, in the trials' order. The last trial says how weak a
    penalty is worth a try on the others: none weaker than the first that is worse there.
    """
    *earlier, last = trials
    newest: list[Floats] = []
    loss = np.inf
    for model in curves.fit_each(matrix[last.fit], outcome[last.fit], STRENGTHS):
        newest.append(model.log_odds(matrix[last.judge]) + last.shift)
        loss_before, loss = loss, log_loss_of_odds(outcome[last.judge], newest[-1])
        if loss > loss_before:
            break

    tried = STRENGTHS[: len(newest)]
    odds: list[list[Floats]] = [[] for _ in tried]
    for trial in earlier:
        fitted = curves.fit(matrix[trial.fit], outcome[trial.fit], tried)
        for place, model in enumerate(fitted):
            odds[place].append(model.log_odds(matrix[trial.judge]) + trial.shift)
    joined = [
        np.concatenate([*parts, end]) for parts, end in zip(odds, newest, strict=True)
    ]
    judged = np.concatenate([outcome[trial.judge] for trial in trials])
    best = int(np.argmin([log_loss_of_odds(judged, each) for each in joined]))
    return tried[best], joined[best]


@dataclass
class _Block:
    """The design columns of one feature and how to turn their weights into a term."""

    columns: Floats
    knots: Floats
    sign: int
    has_missing: bool

    def term(self, weights: Floats) -> Term:
        missing = float(weights[-1]) if self.has_missing else 0.0
        levels = weights[:-1] if self.has_missing else weights
        if self.sign and len(levels):
            levels = np.concatenate([[0.0], np.cumsum(levels)])
        return Term(
            self.knots, levels, missing, mean=float(self.columns.mean(axis=0) @ weights)
        )


def _block(column: Floats, is_categorical: bool, sign: int) -> _Block:
    sign = 0 if is_categorical else sign
    missing = np.isnan(column)
    held = column[~missing]
    knots = np.empty(0)
    if is_categorical:
        basis = (
            np.eye(int(held.max()) + 1)[held.astype(np.intp)]
            if len(held)
            else np.empty((0, 0))
        )
    else:
        knots, basis = _basis(held)
        if (
            sign and basis.shape[1]
        ):  # sums from the right: a monotone curve is one with weights of one sign
            basis = np.cumsum(basis[:, ::-1], axis=1)[:, ::-1][:, 1:]
    columns = np.zeros((len(column), basis.shape[1] + bool(missing.any())))
    columns[~missing, : basis.shape[1]] = basis
    columns[missing, basis.shape[1] :] = 1.0
    return _Block(columns, knots, sign, bool(missing.any()))


def _basis(held: Floats) -> tuple[Floats, Floats]:
    """Return knots at quantiles and the spline basis; nothing for a feature that does not vary."""
    distinct = np.unique(held)
    if len(distinct) < 2:
        return np.empty(0), np.empty((len(held), 0))
    inner = np.quantile(held, np.linspace(0, 1, KNOTS))
    knots = np.unique(np.concatenate([distinct[[0, -1]], inner]))
    degree = min(DEGREE, len(distinct) - 1)
    return knots, make_basis(knots, degree, held)


def _standardise(design: Floats) -> Floats:
    """Centre and scale the columns in place; return the scale."""
    mean = design.mean(axis=0)
    square = np.zeros(design.shape[1])
    starts = range(0, len(design), BLOCK)
    for start in starts:
        rows = design[start : start + BLOCK]
        rows -= mean
        square += np.einsum("ij,ij->j", rows, rows)
    scale: Floats = np.sqrt(square / len(design))
    scale[scale < 1e-12] = 1.0
    for start in starts:
        design[start : start + BLOCK] /= scale
    return scale


def _bounds(blocks: list[_Block]) -> Bounds:
    lower, upper = [], []
    for block in blocks:
        free = int(block.has_missing)
        count = block.columns.shape[1] - free
        lower += [0.0 if block.sign > 0 else -np.inf] * count + [-np.inf] * free
        upper += [0.0 if block.sign < 0 else np.inf] * count + [np.inf] * free
    return Bounds([*lower, -np.inf], [*upper, np.inf])
