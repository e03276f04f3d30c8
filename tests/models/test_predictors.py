"""Trees asked column by column give scikit-learn's numbers, bit for bit; the card says who asks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from models import predictors, registry
from models.boosting import TreeModel
from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from models.predictors import COLUMNS, ROWS, choose_predictor, use_predictor
from models.registry import load_model, save_model
from models.trees.walk import TreeWalk
from tests.models.test_registry import KEY, make_card


def make_rows(seed: int, rows: int) -> np.ndarray:
    """Numbers with ties and extremes, categories known and unknown, and holes."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, 5))
    matrix[:, 1] = np.round(matrix[:, 1], 1)
    matrix[:, 2] = random.integers(0, 6, rows)
    matrix[:, 4] *= 1e300
    matrix[random.random((rows, 5)) < 0.15] = np.nan
    return matrix


def fit(leaves: int, *, categorical: bool = True) -> HistGradientBoostingClassifier:
    matrix = make_rows(0, 1500)
    odds = np.nan_to_num(matrix[:, 0]) + np.isin(matrix[:, 2], [1, 4]) * 2.0
    outcome = np.random.default_rng(1).random(1500) < 1 / (1 + np.exp(-odds))
    model = HistGradientBoostingClassifier(
        max_iter=25,
        max_leaf_nodes=leaves,
        min_samples_leaf=5,
        categorical_features=[2] if categorical else None,
        random_state=0,
    )
    return model.fit(matrix, outcome)


Pair = tuple[HistGradientBoostingClassifier, TreeWalk]
Fitted = tuple[CompetingClassifier, pd.DataFrame]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """Small trees, large ones and some without categories; each with what asks it column by column."""
    models = [fit(4), fit(16), fit(60), fit(16, categorical=False)]
    return [(model, TreeWalk(model)) for model in models]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 70), of=st.integers(0, 3))
def test_any_rows_get_the_same_log_odds(
    pairs: list[Pair], seed: int, rows: int, of: int
) -> None:
    model, walk = pairs[of]
    matrix = make_rows(seed, rows)
    strange = np.random.default_rng(seed).random(rows) < 0.2
    matrix[strange, 2] = np.resize([-3.0, 7.0, 250.0, 2.5, 1e9], strange.sum())
    if of == 3:
        matrix[:, 2] = np.nextafter(matrix[:, 2], np.inf)
    expected = model.decision_function(matrix)
    np.testing.assert_array_equal(walk.log_odds(matrix), expected)


def test_a_threshold_itself_and_its_neighbours_go_the_same_way(
    pairs: list[Pair],
) -> None:
    model, walk = pairs[1]
    nodes = np.concatenate([tree.nodes for (tree,) in model._predictors])
    cuts = np.unique(nodes["num_threshold"][nodes["is_leaf"] == 0])
    near = np.concatenate(
        [cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf)]
    )
    matrix = np.tile(near[:, None], (1, 5))
    matrix[:, 2] = 1.0
    np.testing.assert_array_equal(
        walk.log_odds(matrix), model.decision_function(matrix)
    )


def test_the_cut_into_blocks_changes_nothing(
    pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, walk = pairs[1]
    matrix = make_rows(7, 500)
    whole = walk.staged(matrix, [10, 25])
    monkeypatch.setattr("models.trees.walk.BLOCK", 64)
    np.testing.assert_array_equal(walk.staged(matrix, [10, 25]), whole)
    staged = list(model._staged_raw_predict(matrix))
    np.testing.assert_array_equal(whole[0], staged[9][:, 0])


@pytest.fixture(scope="module")
def competing() -> Fitted:
    """A model of two ways to leave, and the rows it was fitted on."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"use": random.normal(size=900)})
    frame["plan"] = random.choice(np.array(["x", "y", None]), 900)
    frame.loc[::9, "use"] = np.nan
    chance = np.where(frame["plan"] == "x", 0.5, 0.2)
    outcome = np.where(random.random(900) < chance, "voluntary", "stay")
    outcome[::11] = "involuntary"
    estimator = ChurnClassifier(candidates=("boosting",), max_rounds=20, folds=2)
    return CompetingClassifier(estimator).fit(frame, outcome), frame


def test_a_model_scores_the_same_by_either_predictor_and_is_stored_the_same(
    competing: Fitted,
) -> None:
    model, frame = competing
    stored = skops.io.dumps(model)
    plain = model.predict_proba(frame)
    assert choose_predictor(model, frame) == COLUMNS
    use_predictor(model, COLUMNS)
    np.testing.assert_array_equal(model.predict_proba(frame), plain)
    assert registry._without_chance(skops.io.dumps(model)) == registry._without_chance(
        stored
    )
    use_predictor(model, ROWS)


def test_a_predictor_that_is_a_last_bit_off_is_not_chosen(
    competing: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, frame = competing
    log_odds = TreeWalk.log_odds

    def nearly(walk: TreeWalk, matrix: np.ndarray) -> np.ndarray:
        odds = log_odds(walk, matrix)
        odds[-1] = np.nextafter(odds[-1], np.inf)
        return odds

    monkeypatch.setattr(TreeWalk, "log_odds", nearly)
    assert choose_predictor(model, frame) == ROWS


def test_trees_that_are_too_large_are_left_to_scikit_learn(
    competing: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, frame = competing
    monkeypatch.setattr("models.trees.walk.MOST_LEAVES", 3)
    assert choose_predictor(model, frame) == ROWS


def test_a_loaded_model_uses_the_predictor_of_its_card(
    competing: Fitted, tmp_path: Path
) -> None:
    model, _ = competing
    for name, is_walked in ((ROWS, False), (COLUMNS, True)):
        card = save_model(tmp_path / name, model, make_card(predictor=name), KEY)
        loaded, _ = load_model(tmp_path / name / card.version, KEY)
        assert isinstance(loaded, CompetingClassifier)
        trees = [
            part for part in loaded.models_[0].parts_ if isinstance(part, TreeModel)
        ]
        assert [part.walk is not None for part in trees] == [is_walked]


def test_a_card_that_names_an_unknown_predictor_is_refused_by_name(
    competing: Fitted, tmp_path: Path
) -> None:
    model, _ = competing
    card = save_model(tmp_path, model, make_card(predictor="columns-99"), KEY)
    with pytest.raises(registry.ModelOfOtherPredictor, match="columns-99") as refused:
        load_model(tmp_path / card.version, KEY)
    assert refused.value.reason == "other_predictor"
    with pytest.raises(ValueError, match="columns-99"):
        predictors.use_predictor(model, "columns-99")


def test_a_card_from_before_predictors_is_scored_as_before(tmp_path: Path) -> None:
    assert make_card().predictor == ROWS
