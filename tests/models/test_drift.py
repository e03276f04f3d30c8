"""Drift: by hand, and what chance alone does."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from models.judging.drift import load_bins, population_stability, store_bins


def test_index_by_hand() -> None:
    before, now = pd.Series(["x"] * 50 + ["y"] * 50), pd.Series(["x"] * 75 + ["y"] * 25)
    expected = 0.25 * np.log(0.75 / 0.5) + -0.25 * np.log(0.25 / 0.5)
    assert population_stability(before, now).index == pytest.approx(expected)
    assert population_stability(before, before).index == 0.0


def test_without_a_change_it_stays_below_the_limit_in_nineteen_of_twenty_months() -> (
    None
):
    random = np.random.default_rng(0)
    months = [pd.Series(random.normal(size=3000)) for _ in range(400)]
    beyond = [
        population_stability(a, b).is_beyond_chance
        for a, b in zip(months[::2], months[1::2], strict=True)
    ]
    assert 0.01 <= np.mean(beyond) <= 0.10


def test_missing_values_that_begin_are_a_change() -> None:
    before = pd.Series(np.arange(2000.0))
    now = before.where(before.index % 5 > 0)
    drift = population_stability(before, now)
    assert drift.is_beyond_chance and drift.index > 0.2
    assert (
        population_stability(pd.Series([np.nan] * 9), pd.Series([np.nan] * 9)).index
        == 0.0
    )


def test_a_new_text_is_a_change_and_stays_finite() -> None:
    drift = population_stability(
        pd.Series(["x"] * 900), pd.Series(["x"] * 800 + ["new"] * 100)
    )
    assert drift.is_beyond_chance and np.isfinite(drift.index)


def test_batches_add_up_and_a_stored_month_compares_alike() -> None:
    random = np.random.default_rng(2)
    before = pd.DataFrame(
        {
            "use": random.normal(size=900),
            "plan": random.choice(np.array(["x", "y", None]), 900),
        }
    )
    now = pd.DataFrame(
        {
            "use": random.normal(0.3, 1, size=900),
            "plan": random.choice(np.array(["x", "z", None]), 900),
        }
    )
    kept = load_bins(json.loads(json.dumps(store_bins(before))))
    for name, bins in kept.items():
        counts = bins.count(now[name][:400]) + bins.count(now[name][400:])
        assert bins.compare(counts) == population_stability(before[name], now[name])
        assert counts.sum() == 900 and bins.compare(np.zeros(len(counts))).index == 0.0
    assert kept["plan"].count(now["plan"])[-2] == (now["plan"] == "z").sum()
