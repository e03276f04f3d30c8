"""Measures against values worked out by hand, and against the definition summed by brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import beta

from models.judging.evaluate import (
    calibration_error,
    decile_table,
    expected_maximum_profit,
    individual_maximum_profit,
    lift,
    log_loss_of_odds,
    mean_log_loss,
    measure_all,
    measure_slices,
    precision_at,
    value_caught,
)

OUTCOME = np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
SCORE = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])


def draw(rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    chance = random.beta(1, 4, rows).round(2)
    return (
        (random.random(rows) < chance).astype(float),
        chance,
        random.lognormal(5, 1, rows),
    )


def test_precision_at_counts_hits_of_the_first_places() -> None:
    assert [precision_at(OUTCOME, SCORE, k) for k in (1, 3, 4, 10, 50)] == [
        1.0,
        2 / 3,
        0.75,
        0.3,
        0.3,
    ]


def test_ties_at_the_edge_count_at_their_expected_value() -> None:
    tied = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert precision_at(OUTCOME, tied, 3) == pytest.approx((1 + 2 * 2 / 4) / 3)
    assert precision_at(OUTCOME[::-1], tied[::-1], 3) == precision_at(OUTCOME, tied, 3)


def test_lift_is_the_top_over_the_base_rate() -> None:
    assert lift(OUTCOME, SCORE) == pytest.approx(1 / 0.3)
    assert lift(OUTCOME, np.zeros(10)) == pytest.approx(1.0)


def test_value_caught_is_the_share_of_what_is_lost() -> None:
    value = np.arange(10, 0, -1).astype(float)
    assert value_caught(OUTCOME, SCORE, value, 2) == pytest.approx(19 / 26)


def test_calibration_error_by_hand() -> None:
    chance = np.array([0.1, 0.1, 0.5, 0.5])
    assert calibration_error(
        np.array([0.0, 0.0, 1.0, 1.0]), chance, bins=2
    ) == pytest.approx((0.1 + 0.5) / 2)
    assert calibration_error(
        np.array([0.0, 0.0, 1.0, 0.0]), chance, bins=2
    ) == pytest.approx(0.05)


def test_log_loss_of_odds_is_that_of_probabilities_and_never_endless() -> None:
    odds = np.linspace(-8, 8, 10)
    assert log_loss_of_odds(OUTCOME, odds) == pytest.approx(
        mean_log_loss(OUTCOME, expit(odds))
    )
    assert log_loss_of_odds(np.array([1.0]), np.array([-800.0])) == 800.0


def test_a_rule_without_probabilities_has_ranking_measures_only() -> None:
    ranking = measure_all(OUTCOME, SCORE * 100, is_probability=False)
    assert set(ranking) == {"auc", "average_precision", "lift_10", "empc"} and ranking[
        "auc"
    ] == pytest.approx(20 / 21)
    assert set(measure_all(OUTCOME, SCORE)) - set(ranking) == {
        "log_loss",
        "brier",
        "calibration_error",
    }


def test_slices_show_who_is_treated_unequally() -> None:
    by = pd.Series(["north"] * 4 + ["south"] * 6)
    table = measure_slices(OUTCOME, SCORE, by).set_index("slice")
    assert (
        table.loc["north", "rows"] == 4 and table.loc["north", "observed_rate"] == 0.75
    )
    assert table["auc"]["north"] == pytest.approx(2 / 3)
    assert np.isnan(table["auc"]["south"])
    assert table.loc["south", "predicted_rate"] == pytest.approx(0.25)


def test_deciles_add_up() -> None:
    outcome, chance, _ = draw(995)
    table = decile_table(outcome, chance)
    assert (
        table["rows"].sum() == 995
        and table["hits"].sum() == outcome.sum()
        and table["gain"].iloc[-1] == 1.0
    )
    assert table["predicted_rate"].is_monotonic_decreasing
    assert (table["lift"] * table["rows"]).sum() == pytest.approx(995)


# -- expected maximum profit -------------------------------------------------------------------------------------


def profit_by_definition(
    outcome: np.ndarray, score: np.ndarray, value: Any, offer: Any, contact: float
) -> float:
    """The mean over γ of the best cut's profit, each cut tried, integrated numerically."""
    value, offer = (
        np.broadcast_to(value, outcome.shape),
        np.broadcast_to(offer, outcome.shape),
    )
    cuts = [score >= edge for edge in np.unique(score)]
    gain = np.array([0.0] + [(outcome * (value - offer))[cut].sum() for cut in cuts])
    cost = np.array(
        [0.0] + [(contact + (1 - outcome) * offer)[cut].sum() for cut in cuts]
    )
    best = lambda g: np.max(gain * g - cost) * beta.pdf(g, 6, 14)  # noqa: E731
    whole: float = quad(best, 0, 1, limit=500, epsabs=1e-10)[0]
    return whole / len(outcome)


@pytest.mark.parametrize("seed", range(3))
def test_expected_maximum_profit_is_its_definition(seed: int) -> None:
    outcome, chance, value = draw(150, seed)
    found = expected_maximum_profit(outcome, chance)
    assert found == pytest.approx(
        profit_by_definition(outcome, chance, 200.0, 10.0, 1.0), rel=1e-5
    )
    individual = individual_maximum_profit(outcome, chance * value, value)
    expected = profit_by_definition(outcome, chance * value, value, 0.05 * value, 1.0)
    assert individual == pytest.approx(expected, rel=1e-5)


def test_one_value_for_all_is_the_same_measure() -> None:
    outcome, chance, _ = draw()
    assert individual_maximum_profit(
        outcome, chance, np.full(len(outcome), 200.0)
    ) == pytest.approx(expected_maximum_profit(outcome, chance), abs=1e-12)


def test_a_perfect_score_by_hand() -> None:
    """Every leaver is contacted when γ pays for the call: V (1 − δ) ∫ max(γ − φ/(1−δ), 0) h(γ) dγ per leaver."""
    outcome = np.array([1.0, 0.0, 0.0, 0.0])
    per_leaver = quad(
        lambda g: max(190 * g - 1, 0) * beta.pdf(g, 6, 14), 0, 1, points=[1 / 190]
    )[0]
    assert expected_maximum_profit(outcome, outcome) == pytest.approx(
        per_leaver / 4, rel=1e-9
    )


def test_contacting_nobody_earns_nothing() -> None:
    outcome, chance, _ = draw()
    assert expected_maximum_profit(outcome, chance, contact=1e6) == 0.0
    assert expected_maximum_profit(np.zeros(10), SCORE) == 0.0


def test_value_in_the_ranking_earns_more_where_a_contact_costs_more_than_some_are_worth() -> (
    None
):
    outcome, chance, value = draw(5000)
    by_chance, by_value = (
        individual_maximum_profit(outcome, score, value, contact=25.0)
        for score in (chance, chance * value)
    )
    assert by_value > 1.1 * by_chance
