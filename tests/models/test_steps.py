"""A fit that was interrupted goes on with what it had, and ends byte for byte as one that never was; nothing is left over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io

from models import boosting
from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from models.judging.evaluate import (
    auc,
    auc_of_draws,
    log_loss_of_draws,
    mean_log_loss,
)
from models.registry import _without_chance
from models.steps import Workbench, use_workbench

MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")


def make_rows() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    month = np.repeat(MONTHS, 150)
    frame = pd.DataFrame(
        {"use": random.normal(size=600), "plan": random.choice(["a", "b"], 600)}
    )
    frame.loc[::17, "use"] = np.nan
    is_leaver = random.random(600) < 0.3 - 0.2 * np.tanh(
        frame["use"].fillna(0.0).to_numpy()
    )
    return frame, np.where(is_leaver, "voluntary", "stay"), month


def fit(folder: Path | None) -> bytes:
    """Fit a small model of both kinds of candidates; return its bytes as they would be sealed."""
    frame, outcome, month = make_rows()
    recipe = CompetingClassifier(ChurnClassifier(folds=2, max_rounds=20))
    with use_workbench(Workbench(folder=folder, salt="code")):
        model = recipe.fit(frame, outcome, month)
    return _without_chance(skops.io.dumps(model))


@pytest.mark.parametrize("finished", [0, 1, 5])
def test_an_interrupted_fit_goes_on_and_ends_as_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: int
) -> None:
    calls: list[int] = []
    staged = boosting.TreeModel.staged

    def stop_after(model: boosting.TreeModel, matrix: np.ndarray) -> np.ndarray:
        if len(calls) == finished:
            raise KeyboardInterrupt
        calls.append(1)
        return staged(model, matrix)

    monkeypatch.setattr(boosting.TreeModel, "staged", stop_after)
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "kept")
    assert len(list((tmp_path / "kept").glob("*.npy"))) == finished
    again: list[int] = []

    def count(model: boosting.TreeModel, matrix: np.ndarray) -> np.ndarray:
        again.append(1)
        return staged(model, matrix)

    monkeypatch.setattr(boosting.TreeModel, "staged", count)
    went_on = fit(tmp_path / "kept")
    tries = finished + len(again)
    again.clear()
    assert went_on == fit(None)
    assert len(again) == tries  # what was finished was not made again


def test_a_step_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    whole = fit(tmp_path)
    for path in tmp_path.glob("*.npy"):
        path.write_bytes(path.read_bytes()[:40])
    assert fit(tmp_path) == whole


def test_other_rows_parameters_or_code_find_nothing(tmp_path: Path) -> None:
    def keep(salt: str, *made_of: object) -> int:
        from models.steps import identify, keep_step

        with use_workbench(Workbench(folder=tmp_path, salt=salt)):
            keep_step(identify(*made_of), lambda: np.zeros(1))
        return len(list(tmp_path.glob("*.npy")))

    rows = np.arange(6.0)
    assert keep("code", rows, 1) == 1
    assert keep("code", rows, 1) == 1
    assert keep("code", rows.reshape(2, 3), 1) == 2
    assert keep("code", rows, 2) == 3
    assert keep("other code", rows, 1) == 4


def test_the_quick_measures_are_the_measures() -> None:
    random = np.random.default_rng(3)
    outcome = (random.random(500) < 0.1).astype(float)
    chance = random.random(500).round(2)  # with ties
    times = random.integers(0, 4, 500)
    drawn = np.repeat(np.arange(500), times)
    assert auc_of_draws(outcome, chance)(times.astype(float)) == pytest.approx(
        auc(outcome[drawn], chance[drawn]), abs=1e-12
    )
    assert log_loss_of_draws(outcome, chance)(times.astype(float)) == pytest.approx(
        mean_log_loss(outcome[drawn], chance[drawn]), abs=1e-12
    )
