"""Why a KPI moved: volume, mix and rate add up to the change, in every part and over all parts, whatever the figures."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.core.apportion import apportion_parts, round_half_away
from pipelines.rooms.kpi.decompose import (
    Effects,
    Pair,
    add_pairs,
    decompose_change,
    is_storable,
)

CENTS = st.decimals(min_value=-(10**7), max_value=10**7, places=2, allow_nan=False).map(
    Fraction
)
COUNTS = st.integers(min_value=0, max_value=5000).map(Fraction)
PAIRS = st.builds(Pair, CENTS, COUNTS, CENTS, COUNTS)


def pick(effects: Effects, names: tuple[str, ...]) -> list[Decimal]:
    return [getattr(effects, name) for name in names]


def pair(*figures: int) -> Pair:
    return Pair(*map(Fraction, figures))


@given(
    st.lists(st.fractions(min_value=-1000, max_value=1000), max_size=12),
    st.integers(min_value=0, max_value=12),
)
def test_rounded_parts_add_up_to_the_rounded_whole(
    parts: list[Fraction], places: int
) -> None:
    rounded = apportion_parts(parts, places)
    unit = Fraction(1, 10**places)
    assert (
        sum(map(Fraction, rounded))
        == round_half_away(sum(parts, Fraction(0)) / unit) * unit
    )
    assert all(
        abs(Fraction(done) - part) < 2 * unit
        for done, part in zip(rounded, parts, strict=True)
    )


def test_the_largest_remainder_gets_the_unit_and_the_earlier_of_equals() -> None:
    third = Fraction(1, 3)
    assert apportion_parts([third, third, third], 2) == [
        Decimal("0.34"),
        Decimal("0.33"),
        Decimal("0.33"),
    ]
    assert apportion_parts([Fraction("0.004"), Fraction("0.008")], 2) == [
        Decimal("0.00"),
        Decimal("0.01"),
    ]
    assert apportion_parts([Fraction("-0.005")], 2) == [Decimal("-0.01")]


HALVES = {
    "1/2": 1, "-1/2": -1, "3/2": 2, "-3/2": -2, "5/2": 3, "-5/2": -3, "0": 0, "7": 7, "-7": -7,
    "499999999999999999/1000000000000000000": 0, "-499999999999999999/1000000000000000000": 0,
    "500000000000000001/1000000000000000000": 1, "-500000000000000001/1000000000000000000": -1,
}  # fmt: skip


@pytest.mark.parametrize(("value", "whole"), HALVES.items())
def test_halves_are_rounded_away_from_zero(value: str, whole: int) -> None:
    assert round_half_away(Fraction(value)) == whole


def test_a_half_of_a_fen_is_a_fen_on_either_side() -> None:
    assert apportion_parts([Fraction("0.005")], 2) == [Decimal("0.01")]
    assert apportion_parts([Fraction("0.025"), Fraction("0.10")], 2) == [
        Decimal("0.03"),
        Decimal("0.10"),
    ]
    assert apportion_parts([Fraction("-0.025"), Fraction("-0.10")], 2) == [
        Decimal("-0.03"),
        Decimal("-0.10"),
    ]


@given(st.lists(PAIRS, min_size=1, max_size=6))
def test_effects_add_up_in_every_part_and_over_all_parts(pairs: list[Pair]) -> None:
    parts = {f"B{place}": p for place, p in enumerate(pairs)}
    n0, d0, n1, d1 = (
        sum(getattr(p, side) for p in pairs) for side in ("n0", "d0", "n1", "d1")
    )
    if not (d0 and d1):
        return
    rows = decompose_change(parts)
    company = rows.pop("company")
    for name in (
        "numerator_change",
        "volume",
        "mix",
        "rate",
        "value_change",
        "value_mix",
        "value_rate",
    ):
        assert sum(getattr(row, name) for row in rows.values()) == getattr(
            company, name
        )
    for row in (company, *rows.values()):
        assert row.volume + row.mix + row.rate == row.numerator_change
        assert row.value_mix + row.value_rate == row.value_change
    assert Fraction(company.numerator_change) == n1 - n0
    assert abs(Fraction(company.value_change) - (n1 / d1 - n0 / d0)) <= Fraction(
        1, 2 * 10**12
    )
    assert all(
        Fraction(rows[i].numerator_change) == p.n1 - p.n0 for i, p in parts.items()
    )


def test_more_of_everything_is_volume() -> None:
    rows = decompose_change(
        {"B1": pair(10, 100, 20, 200), "B2": pair(30, 100, 60, 200)}
    )
    assert pick(rows["company"], ("volume", "mix", "rate", "value_change")) == [
        40,
        0,
        0,
        0,
    ]
    assert [rows["B1"].volume, rows["B2"].volume] == [10, 30]


def test_a_worse_branch_that_grows_is_mix() -> None:
    """Each branch keeps its rate of 10 % and 30 %; the second grows from a half to three quarters."""
    rows = decompose_change({"B1": pair(10, 100, 5, 50), "B2": pair(30, 100, 45, 150)})
    company = rows["company"]
    assert pick(company, ("volume", "mix", "rate")) == [0, 10, 0]
    assert (company.value_change, company.value_mix, company.value_rate) == (
        Decimal("0.05"),
        Decimal("0.05"),
        Decimal(0),
    )
    # Against the company's mean rate of 22.5 % the good branch's loss of share is as bad as the other's gain.
    assert (rows["B1"].value_mix, rows["B2"].value_mix) == (
        Decimal("0.03125"),
        Decimal("0.01875"),
    )


def test_a_worse_rate_is_rate() -> None:
    rows = decompose_change(
        {"B1": pair(10, 100, 20, 100), "B2": pair(30, 100, 30, 100)}
    )
    assert pick(rows["company"], ("volume", "mix", "rate", "value_rate")) == [
        0,
        0,
        10,
        Decimal("0.05"),
    ]
    assert rows["B2"].rate == 0


@pytest.mark.parametrize("part", [pair(0, 0, 12, 40), pair(12, 40, 0, 0)])
def test_a_branch_that_opens_or_closes_has_no_change_of_rate(part: Pair) -> None:
    rows = decompose_change({"B1": pair(10, 100, 10, 100), "B2": part})
    assert rows["B2"].rate == 0 and rows["B2"].value_rate == 0


def test_an_amount_without_a_denominator_is_rate() -> None:
    """Open bills of customers who were billed nothing: nobody's share moved."""
    rows = decompose_change(
        {"B1": pair(10, 100, 10, 100), "unclaimed": pair(0, 0, 7, 0)}
    )
    assert pick(rows["unclaimed"], ("volume", "mix", "rate")) == [0, 0, 7]


LARGE = st.decimals(
    min_value=-(10**20), max_value=10**20, places=2, allow_nan=False
).map(Fraction)


@given(st.lists(st.builds(Pair, LARGE, LARGE, LARGE, LARGE), min_size=1, max_size=4))
def test_sums_of_thirty_digits_lose_none(pairs: list[Pair]) -> None:
    whole_before = sum(part.d0 for part in pairs)
    whole_now = sum(part.d1 for part in pairs)
    assume(whole_before and whole_now)
    parts = {str(place): part for place, part in enumerate(pairs)}
    effects = decompose_change(parts)
    company = effects.pop("company")
    for name, part in parts.items():
        assert Fraction(effects[name].numerator_change) == part.n1 - part.n0
    assert company.volume == sum(effect.volume for effect in effects.values())


def test_a_change_beyond_the_table_is_not_told() -> None:
    nothing = Decimal(0)
    fits = Effects(Decimal(10) ** 29, nothing, nothing, nothing, nothing)
    beyond = Effects(Decimal(10) ** 30, nothing, nothing, nothing, nothing)
    assert is_storable(fits)
    assert not is_storable(beyond)
    value = Decimal(10) ** 26
    assert not is_storable(Effects(nothing, nothing, nothing, value, nothing))
    just_below = Decimal(10) ** 26 - 1
    assert is_storable(Effects(nothing, nothing, nothing, just_below, nothing))


def test_pairs_are_added_up_figure_by_figure() -> None:
    assert add_pairs([pair(1, 10, 2, 20), pair(3, 30, 5, 50)]) == pair(4, 40, 7, 70)
    assert add_pairs([]) == pair(0, 0, 0, 0)
