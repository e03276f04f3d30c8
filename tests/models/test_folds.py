"""Which rows judge: later months, fitted on what was known by then."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.folds import draw_trials, make_folds, month_numbers

OUTCOME = np.tile([0.0, 1.0], 30)


def test_months_are_numbered_in_a_row() -> None:
    assert np.diff(
        month_numbers(["2025-11", "2025-12", "2026-01", "2026-03"])
    ).tolist() == [
        1,
        1,
        2,
    ]
    assert month_numbers(pd.Series([7, 9])).tolist() == [7, 9]
    assert (
        month_numbers(pd.Series(["2026-03", "2026-03"]))
        == month_numbers(["2026-03"])[0]
    ).all()


def test_a_month_is_judged_by_what_had_its_labels_by_then() -> None:
    months = np.repeat(np.arange(6), 10)
    folds = make_folds(OUTCOME, months, count=3, gap=2, seed=0)
    assert [(sorted(set(months[fit])), set(months[judge])) for fit, judge in folds] == [
        ([0, 1], {3}),
        ([0, 1, 2], {4}),
        ([0, 1, 2, 3], {5}),
    ]


def test_a_history_too_short_to_wait_is_still_fitted_on_the_past() -> None:
    months = np.repeat([0, 1], 30)
    ((fit, judge),) = make_folds(OUTCOME, months, count=3, gap=2, seed=0)
    assert set(months[fit]) == {0} and set(months[judge]) == {1}


def test_without_months_rows_are_held_out_by_class() -> None:
    folds = make_folds(OUTCOME, None, count=3, gap=2, seed=0)
    assert sorted(np.concatenate([judge for _, judge in folds])) == list(range(60))
    assert all(OUTCOME[judge].mean() == 0.5 for _, judge in folds)
    assert make_folds(np.eye(1, 60)[0], None, count=3, gap=2, seed=0) == []


def test_a_past_without_the_outcome_judges_nothing() -> None:
    outcome = np.repeat([0.0, 0.0, 1.0], 20)
    assert make_folds(outcome, np.repeat([0, 1, 2], 20), count=3, gap=1, seed=0) == []


RARE = np.tile(np.eye(1, 50)[0], 200)  # one in fifty of 10,000


def test_of_many_rows_all_of_the_rarer_outcome_stay() -> None:
    fit, judge = np.arange(8_000), np.arange(8_000, 10_000)
    for outcome, sign in ((RARE, 1.0), (1.0 - RARE, -1.0)):
        [trial] = draw_trials([(fit, judge)], outcome, most=2_000, seed=0)
        is_rarer = RARE == 1.0
        assert set(fit[is_rarer[fit]]) <= set(trial.fit) <= set(fit)
        assert abs(len(trial.fit) - 2_000) < 120
        # The judged rows are all judged; those that a fit watches are drawn as it was.
        assert trial.judge is judge
        assert set(judge[is_rarer[judge]]) <= set(trial.watched) <= set(judge)
        assert abs(len(trial.watched) - 500) < 60
        share = (2_000 - 160) / (8_000 - 160)
        assert trial.shift == sign * np.log(share)


def test_rows_that_fit_are_all_fitted_on() -> None:
    fit, judge = np.arange(8_000), np.arange(8_000, 10_000)
    [trial] = draw_trials([(fit, judge)], RARE, most=8_000, seed=0)
    assert trial == (fit, judge, judge, 0.0)


def test_no_more_of_the_commoner_are_left_out_than_there_are_of_the_rarer() -> None:
    outcome = np.tile([0.0, 0.0, 1.0], 400)
    [trial] = draw_trials([(np.arange(1_200), np.arange(0))], outcome, most=10, seed=0)
    assert outcome[trial.fit].sum() == 400
    assert abs(len(trial.fit) - 800) < 80
