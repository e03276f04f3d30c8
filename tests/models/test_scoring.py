"""Scoring in batches: the same scores, one batch at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from models.scoring import has_collapsed, score_batches

Base = tuple[pd.DataFrame, CompetingClassifier]


def cut_batches(frame: pd.DataFrame, rows: int) -> Iterator[pd.DataFrame]:
    for start in range(0, len(frame), rows):
        yield frame.iloc[start : start + rows]


@pytest.fixture(scope="module")
def base() -> Base:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"service_id": [f"S{n}" for n in range(1000)], "use": random.normal(size=1000)}
    )
    frame["plan"] = random.choice(np.array(["x", "y", None]), 1000)
    outcome = random.choice(["stay", "voluntary"], 1000, p=[0.7, 0.3])
    model = CompetingClassifier(ChurnClassifier(max_rounds=25, candidates=("blend",)))
    return frame, model.fit(frame[["use", "plan"]], outcome)


@pytest.mark.parametrize("rows", [1, 7, 400, 1000, 5000])
def test_batches_give_the_scores_of_the_whole(base: Base, rows: int) -> None:
    frame, model = base
    few = frame.head(30) if rows == 1 else frame
    scored = pd.concat(
        score_batches(model.score_frame, cut_batches(few, rows), ["service_id"])
    )
    assert (scored["service_id"] == few["service_id"]).all()
    whole = model.score_frame(few[["use", "plan"]])
    pd.testing.assert_frame_equal(
        scored.drop(columns="service_id"), whole, check_exact=True
    )


def test_a_batch_is_given_away_before_the_next_is_asked_for(base: Base) -> None:
    frame, model = base
    asked = []

    def batches() -> Iterator[pd.DataFrame]:
        for number, batch in enumerate(cut_batches(frame, 100)):
            asked.append(number)
            yield batch

    scored = score_batches(model.score_frame, batches(), ["service_id"])
    next(scored)
    assert asked == [0]


def test_a_collapsed_score_is_seen() -> None:
    assert (
        has_collapsed(np.full(100, 0.02))
        and has_collapsed(np.array([0.1, np.nan, 0.3]))
        and has_collapsed(np.empty(0))
    )
    assert has_collapsed(np.r_[np.full(60, 0.02), np.linspace(0, 1, 40)])
    assert not has_collapsed(
        np.random.default_rng(0).random(100)
    ) and not has_collapsed(np.array([0.2]))
