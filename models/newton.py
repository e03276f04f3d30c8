"""Logistic regression with a penalty and bounds, by Newton's steps.

Each step minimises the square that touches the loss where it stands, inside the bounds. The square
is measured anew only where steps with the old one no longer pay: a look at its curvature costs as
much as four at the slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import Bounds
from scipy.special import expit

from models.frames import Flags, Floats

BLOCK = 4096  # rows at a time: they stay in the processor's cache
MOST_STEPS = 200
LEAST_GAIN = 1e-10  # of mean loss: a step that promises less is not worth it
PAYS = 0.1  # of the promised gain is left after a step that pays
LEAST_CURVATURE = 1e-10  # where nothing bends, and nothing is penalised
SHORTEST = 1e-6  # part of a step
SKETCH_ROWS = 20_000  # more rows are looked at only from near the minimum


def minimise(
    design: Floats, outcome: Floats, penalty: float, bounds: Bounds, start: Floats
) -> Floats:
    """Minimise the mean log loss with an L2 penalty on all weights but the last, the intercept."""
    loss = _Loss(design, outcome, penalty)
    room = _Room(np.asarray(bounds.lb), np.asarray(bounds.ub))
    weights = room.enter(start)
    value, slope = loss.look(weights)
    square = loss.curvature(weights)
    is_fresh = True
    last_promise = np.inf
    for _ in range(MOST_STEPS):
        step = room.find_step(weights, slope, square)
        promise = -0.5 * float(slope @ step)
        if promise <= LEAST_GAIN:
            break
        if promise > PAYS * last_promise and not is_fresh:
            square, is_fresh = loss.curvature(weights), True
            continue
        share = 1.0
        while True:
            moved = weights + share * step
            value_moved, slope_moved = loss.look(moved)
            is_lower = value_moved <= value - 1e-4 * share * promise
            if is_lower or share < SHORTEST:
                break
            share /= 4.0
        if not is_lower:
            break  # rounding is all that is left
        weights, value, slope = moved, value_moved, slope_moved
        last_promise, is_fresh = promise, False
    return weights


def approach(design: Floats, outcome: Floats, penalty: float, bounds: Bounds) -> Floats:
    """Return weights to start from: those of the rate alone, or of every so manieth row."""
    start = np.zeros(design.shape[1] + 1)
    rate = float(outcome.mean())
    start[-1] = np.log(rate / (1.0 - rate))
    every = len(outcome) // SKETCH_ROWS
    few = outcome[:: max(every, 1)]
    if every < 2 or not 0.0 < few.mean() < 1.0:
        return start
    return minimise(design[::every], few, penalty / every, bounds, start)


@dataclass(frozen=True)
class _Loss:
    """The mean log loss of weights, the intercept last, and the penalty's share in it."""

    design: Floats
    outcome: Floats
    penalty: float

    def look(self, weights: Floats) -> tuple[float, Floats]:
        """Return value and slope."""
        slopes, intercept = weights[:-1], weights[-1]
        value = 0.5 * self.penalty * float(slopes @ slopes)
        slope = np.append(self.penalty * slopes, 0.0)
        for rows, outcome in self._blocks():
            odds = rows @ slopes + intercept
            value += float(np.logaddexp(0.0, odds).sum() - outcome @ odds)
            error = expit(odds) - outcome
            slope[:-1] += rows.T @ error
            slope[-1] += error.sum()
        count = len(self.outcome)
        return value / count, slope / count

    def curvature(self, weights: Floats) -> Floats:
        """Return the matrix of second derivatives."""
        slopes, intercept = weights[:-1], weights[-1]
        width = len(weights)
        square = np.zeros((width, width))
        for rows, _ in self._blocks():
            chance = expit(rows @ slopes + intercept)
            root = np.sqrt(chance * (1.0 - chance))
            bent = rows * root[:, None]
            square[:-1, :-1] += bent.T @ bent
            square[-1, :-1] += root @ bent
            square[-1, -1] += root @ root
        square[:-1, -1] = square[-1, :-1]
        square[np.arange(width - 1), np.arange(width - 1)] += self.penalty
        square /= len(self.outcome)
        square[np.arange(width), np.arange(width)] += LEAST_CURVATURE
        return square

    def _blocks(self) -> list[tuple[Floats, Floats]]:
        starts = range(0, len(self.outcome), BLOCK)
        return [
            (self.design[at : at + BLOCK], self.outcome[at : at + BLOCK])
            for at in starts
        ]


@dataclass(frozen=True)
class _Room:
    """What the weights may be."""

    low: Floats
    high: Floats

    def enter(self, weights: Floats) -> Floats:
        """Return the nearest weights that may be."""
        return np.clip(weights, self.low, self.high)

    def find_step(self, weights: Floats, slope: Floats, square: Floats) -> Floats:
        """Return the step to the minimum of a square inside the bounds.

        Weights that meet a bound stay on it as long as the square pushes them there.
        """
        low, high = self.low - weights, self.high - weights
        step = np.zeros(len(weights))
        held = ((low == 0.0) & (slope > 0.0)) | ((high == 0.0) & (slope < 0.0))
        for _ in range(len(weights)):
            step = _solve(slope, square, step, held)
            beyond = (step < low) | (step > high)
            if beyond.any():
                step = np.clip(step, low, high)
                held |= beyond
                continue
            push = slope + square @ step
            pulled = held & np.where(step == low, push < 0.0, push > 0.0)
            if not pulled.any():
                break
            held &= ~pulled
        if slope @ step < 0.0:
            return step
        downhill = -slope / np.diag(square)
        return np.clip(downhill, low, high)


def _solve(slope: Floats, square: Floats, step: Floats, held: Flags) -> Floats:
    """Return the step that is best where those that are held stay as they are."""
    free = np.flatnonzero(~held)
    if not len(free):
        return step
    best = np.where(held, step, 0.0)
    push = slope[free] + square[free] @ best
    best[free] = -cho_solve(cho_factor(square[np.ix_(free, free)]), push)
    return best
