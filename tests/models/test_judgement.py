"""What is told of a model: worked out by hand, plain enough to be stored, and honest about chance."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from models.judging.judgement import (
    PlainLogistic,
    arrears_rule,
    compare,
    describe_maker,
    tenure_groups,
    usage_rule,
)


def judged(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    chance = random.random(rows) * 0.4
    table = pd.DataFrame(
        {
            "model": chance,
            "outcome": (random.random(rows) < chance).astype(int),
            "value": 10.0,
        }
    )
    table["customer_id"] = [f"c{number}" for number in range(rows)]
    return table.assign(noise=random.random(rows), same=chance)


def test_a_line_a_maker_and_only_probabilities_have_a_log_loss() -> None:
    model, noise, rule = compare(
        judged().assign(rule=1.0), ["model", "noise"], ["rule"], 0.1
    )
    assert (
        "log_loss" in model
        and "log_loss" in noise
        and "log_loss" not in rule
        and "auc_gain" not in model
    )
    assert rule["auc"] == 0.5 and rule["precision_at_capacity"] == pytest.approx(
        judged()["outcome"].mean()
    )
    assert json.dumps([model, noise, rule])


def test_a_better_maker_is_told_from_chance_and_an_equal_one_is_not() -> None:
    _, noise, same = compare(judged(), ["model", "noise", "same"], [], 0.1)
    assert noise["auc_gain_low"] > 0 and noise["log_loss_gain_high"] < 0
    assert same["auc_gain_low"] <= 0 <= same["auc_gain_high"]


def test_value_within_capacity_by_hand() -> None:
    rows = pd.DataFrame(
        {
            "model": [0.9, 0.5, 0.4, 0.1],
            "outcome": [0, 1, 1, 0],
            "value": [1.0, 10.0, 30.0, None],
        }
    )
    line = compare(rows.assign(customer_id=list("abcd")), ["model"], [], 0.25)[0]
    assert line["precision_at_capacity"] == 0.0  # one place: the highest score stayed
    assert (
        line["value_at_capacity"] == 0.75
    )  # by score × value the third customer comes first


def test_slices_and_deciles_are_of_all_rows_and_small_slices_are_left_out() -> None:
    rows = judged()
    branch = pd.Series(["B1"] * 560 + ["B2"] * 40)
    told = describe_maker(rows, "model", {"branch": branch})
    assert [row["slice"] for row in told["slices"]["branch"]] == ["B1"]
    assert (
        sum(row["rows"] for row in told["deciles"]) == 600
        and told["deciles"][-1]["gain"] == 1.0
    )
    assert told["base_rate"] == rows["outcome"].mean() and json.dumps(told)


def test_rules_of_thumb() -> None:
    frame = pd.DataFrame(
        {"voice_change_rate": [-0.5, None, 0.2], "data_change_rate": [0.0, -0.9, None]}
    )
    assert (
        usage_rule(frame).tolist() == [0.5, 0.9, -0.2]
        and usage_rule(frame[[]]).tolist() == [0.0] * 3
    )
    assert arrears_rule(frame.assign(past_due_age_days=[3, np.nan, 9])).tolist() == [
        3.0,
        0.0,
        9.0,
    ]
    assert arrears_rule(frame).tolist() == [0.0] * 3


def test_tenure_groups_meet_at_whole_years() -> None:
    groups = tenure_groups(pd.Series([0, 11, 12, 23, 24, 47, 48, None]))
    assert groups.tolist()[:-1] == [
        "<1",
        "<1",
        "1-2",
        "1-2",
        "2-4",
        "2-4",
        ">4",
    ] and pd.isna(groups.iloc[-1])


def test_the_baseline_takes_texts_and_missing_values() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "use": random.normal(size=400),
            "plan": random.choice(np.array(["x", None]), 400),
            "empty": np.nan,
        }
    )
    outcome = (frame["use"] + random.normal(size=400) > 0).astype(int)
    model = PlainLogistic().fit(frame, outcome)
    chance = model.predict_proba(frame.assign(plan="new"))[:, 1]
    assert np.corrcoef(chance, frame["use"])[0, 1] > 0.8
