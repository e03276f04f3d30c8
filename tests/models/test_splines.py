"""A spline by whole columns: the bits of scipy's BSpline, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BSpline

from models.curves.splines import BLOCK, evaluate_spline, make_basis


def evaluate_by_scipy(
    knots: np.ndarray, coefficients: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """Return what scipy says within the outer knots, and a straight line beyond."""
    degree = len(coefficients) - len(knots) + 1
    first, last = np.repeat(knots[0], degree), np.repeat(knots[-1], degree)
    spline = BSpline(np.concatenate([first, knots, last]), coefficients, degree)
    value: np.ndarray = np.full(len(x), np.nan)
    for row, number in enumerate(x):
        inside = min(max(number, knots[0]), knots[-1])
        value[row] = spline(inside)
        if inside != number:
            value[row] += spline(inside, nu=1) * (number - inside)
    value[np.isnan(x)] = np.nan
    return value


def draw_knots(random: np.random.Generator) -> np.ndarray:
    """Draw knots that are near each other or far apart, whole numbers among them."""
    scale = 10.0 ** random.integers(-3, 5)
    drawn = random.normal(size=random.integers(2, 9)) * scale
    knots = np.unique(np.round(drawn, random.integers(0, 9)))
    return knots if len(knots) > 1 else np.array([0.0, 1.0])


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("seed", range(20))
def test_every_row_has_the_bits_of_scipy(degree: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    knots = draw_knots(random)
    coefficients = random.normal(size=len(knots) + degree - 1)
    span = knots[-1] - knots[0]
    x = random.uniform(knots[0] - span / 3, knots[-1] + span / 3, 300)
    x[:60] = random.choice(knots, 60)
    x[60:90] = np.nan
    expected = evaluate_by_scipy(knots, coefficients, x)
    assert np.array_equal(
        evaluate_spline(knots, coefficients, x), expected, equal_nan=True
    )


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_a_basis_has_the_bits_of_scipy(degree: int) -> None:
    random = np.random.default_rng(degree)
    for _ in range(20):
        knots = draw_knots(random)
        x = random.uniform(knots[0], knots[-1], 200)
        x[:50] = random.choice(knots, 50)
        units = np.eye(len(knots) + degree - 1)
        expected = [evaluate_by_scipy(knots, unit, x) for unit in units]
        assert np.array_equal(make_basis(knots, degree, x), np.column_stack(expected))


def test_where_a_block_ends_nothing_changes() -> None:
    random = np.random.default_rng(0)
    knots = np.array([-2.0, -0.5, 0.25, 2.0])
    coefficients = random.normal(size=6)
    x = random.normal(size=2 * BLOCK + 5)
    whole = evaluate_spline(knots, coefficients, x)
    for start in (0, BLOCK - 3, 2 * BLOCK - 1):
        part = slice(start, start + 7)
        assert np.array_equal(
            whole[part], evaluate_spline(knots, coefficients, x[part])
        )
        few = x[:BLOCK][part]
        inside = np.clip(few, knots[0], knots[-1])
        basis = make_basis(knots, 3, np.clip(x, knots[0], knots[-1]))
        assert np.array_equal(basis[:BLOCK][part], make_basis(knots, 3, inside))


def test_no_rows_have_no_values() -> None:
    knots = np.array([0.0, 1.0])
    assert evaluate_spline(knots, np.ones(4), np.empty(0)).shape == (0,)
    assert make_basis(knots, 3, np.empty(0)).shape == (0, 4)
