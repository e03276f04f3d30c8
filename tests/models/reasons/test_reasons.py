"""Reasons in words: grouped, the highest three that raise the chance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.reasons import group_contributions, top_reasons

CONTRIBUTIONS = pd.DataFrame(
    {
        "calls_0": [0.5, -1.0, 0.0],
        "calls_1": [0.25, -1.0, 0.0],
        "debt": [0.5, 0.5, 0.0],
        "age": [9.0, 9.0, 9.0],
    },
    index=["S1", "S2", "S3"],
)
GROUPS = {"calls_0": "usage", "calls_1": "usage", "debt": "arrears"}


def test_features_of_a_group_are_summed_and_the_rest_is_other() -> None:
    grouped = group_contributions(CONTRIBUTIONS, GROUPS)
    assert grouped.columns.tolist() == ["arrears", "other", "usage"]
    assert list(grouped.loc["S1"]) == [0.5, 9.0, 0.75]
    pd.testing.assert_series_equal(grouped.sum(axis=1), CONTRIBUTIONS.sum(axis=1))


def test_only_what_raises_the_chance_is_a_reason_and_other_is_none() -> None:
    reasons = top_reasons(group_contributions(CONTRIBUTIONS, GROUPS))
    assert list(reasons.loc["S1"]) == ["usage", "arrears", None]
    assert list(reasons.loc["S2"]) == ["arrears", None, None]
    assert list(reasons.loc["S3"]) == [None, None, None]


def test_more_groups_than_places_and_ties_by_name() -> None:
    grouped = pd.DataFrame([[1.0, 2.0, 1.0, 0.5]], columns=["b", "a", "c", "d"])
    assert top_reasons(grouped).iloc[0].tolist() == ["a", "b", "c"]
    assert top_reasons(grouped[["d"]]).iloc[0].tolist() == ["d", None, None]


def test_sixty_thousand_rows_are_grouped_without_a_loop_over_them() -> None:
    values = pd.DataFrame(
        np.random.default_rng(0).normal(size=(60_000, 40)),
        columns=[f"f{n}" for n in range(40)],
    )
    groups = {name: f"g{number % 8}" for number, name in enumerate(values.columns)}
    reasons = top_reasons(group_contributions(values, groups))
    assert len(reasons) == 60_000 and reasons["reason_1"].notna().mean() > 0.99
