"""Money to the fen and figures in their units, as a spreadsheet rounds them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.text.units import (
    close_percent,
    format_figure,
    format_gap,
    join_sides,
    make_exact,
    round_to_fen,
    write_plain_cell,
)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        (Decimal("0.005"), "0.01"), (Decimal("-0.005"), "-0.01"), (Decimal("0.0049"), "0.00"),
        (2.675, "2.68"), (1.005, "1.01"), (-1.005, "-1.01"), (1e15, "1000000000000000.00"),
    ],
)  # fmt: skip
def test_money_is_rounded_half_away_from_zero(
    amount: float | Decimal, rounded: str
) -> None:
    assert str(round_to_fen(amount)) == rounded


def test_a_double_is_its_shortest_decimals_and_a_decimal_is_itself() -> None:
    exact = Decimal("1.10000000000000000001")
    assert make_exact(exact) is exact
    assert make_exact(0.1) == Decimal("0.1")
    assert str(make_exact(2)) == "2.0"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "ratio", "–"),
        (0.12345, "ratio", "12.35%"), (0, "ratio", "0.00%"), (-0.00001, "ratio", "0.00%"),
        (0.12345, "points", "12.35"),
        (1234567.5, "count", "1,234,568"), (2.5, "rank", "3"), (-2.5, "count", "-3"),
        (1234.005, "yuan", "1,234.01"), (Decimal("0.005"), "days", "0.01"),
    ],
)  # fmt: skip
def test_a_figure_is_shown_in_its_unit(
    value: float | Decimal | None, unit: str, shown: str
) -> None:
    assert format_figure(value, unit) == shown


@pytest.mark.parametrize(
    ("gap", "unit", "shown"),
    [
        (None, "ratio", "–"), (-0.0448, "ratio", "-4.48pp"), (0.0, "ratio", "0.00pp"),
        (-1.47, "days", "-1.47"), (Decimal("4.825"), "amount", "4.83"),
    ],
)  # fmt: skip
def test_a_difference_of_ratios_is_points_and_not_per_cent(
    gap: float | Decimal | None, unit: str, shown: str
) -> None:
    assert format_gap(gap, unit) == shown


def test_earlier_months_have_a_blank_before_the_sign() -> None:
    assert close_percent("12.35 % of 5 %") == "12.35% of 5%"


@pytest.mark.parametrize(
    ("numerator", "denominator", "multiplier", "stated"),
    [
        (15, 3127, 1, "15 ÷ 3127"),
        (150000, 3127, 10000, "15 × 10000 ÷ 3127"),
        (Decimal("1.50"), None, 1, "1.5"),
        (None, 12.0, 1, "12"),
        (None, None, 1, ""),
        (None, 12, 100, "12"),
    ],
)
def test_a_quotient_is_stated_as_it_is_made(
    numerator: float | Decimal | None,
    denominator: float | Decimal | None,
    multiplier: int,
    stated: str,
) -> None:
    assert join_sides(numerator, denominator, multiplier) == stated
    if multiplier == 1:
        assert join_sides(numerator, denominator) == stated


def test_a_cell_of_a_text_file_has_no_needless_zeros() -> None:
    assert write_plain_cell(Decimal("1200.00")) == "1200"
    assert write_plain_cell(Decimal("0.50")) == "0.5"
    assert write_plain_cell("0.50") == "0.50"
