"""Which code takes rows through a model's trees, by the name that stands in the model's card.

A version keeps the one it was sealed with, on every machine. The faster one is chosen only where it
gives the same numbers to the last bit as scikit-learn's own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.boosting import TreeModel
from models.card import ROWS
from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from models.frames import Floats
from models.trees.walk import TreeWalk

__all__ = ["COLUMNS", "PREDICTORS", "ROWS", "choose_predictor", "use_predictor"]
COLUMNS = "columns-1"  # models.trees.walk
PREDICTORS = (ROWS, COLUMNS)
MADE_UP_ROWS = 2_000

Boosted = ChurnClassifier | CompetingClassifier


def use_predictor(model: Boosted, name: str) -> None:
    """Let a model's trees be asked by the predictor of that name, one of PREDICTORS."""
    if name not in PREDICTORS:
        raise ValueError(f"no predictor {name!r}")
    for trees in _list_trees(model):
        trees.walk = TreeWalk(trees.trees) if name == COLUMNS else None


def choose_predictor(model: Boosted, frame: pd.DataFrame) -> str:
    """Return the fastest predictor whose log-odds are those of scikit-learn, bit for bit.

    It is tried on a frame, and on rows that no month has: any number between the extremes and
    beyond, any category, and holes.
    """
    for part in _list_models(model):
        known = part.coder_.transform(frame)
        matrix = np.vstack([known, _make_up_rows(known)])
        for trees in part.parts_:
            if isinstance(trees, TreeModel) and not _is_same(trees, matrix):
                return ROWS
    return COLUMNS


def _is_same(model: TreeModel, matrix: Floats) -> bool:
    try:
        walked = TreeWalk(model.trees).log_odds(matrix)
    except ValueError:
        return False
    return np.array_equal(walked, model.trees.decision_function(matrix))


def _make_up_rows(known: Floats) -> Floats:
    """Draw each column by itself, from its own values and from what lies between and beyond."""
    random = np.random.default_rng(0)
    drawn = np.empty((MADE_UP_ROWS, known.shape[1]))
    for place in range(known.shape[1]):
        column = known[:, place]
        held = column[~np.isnan(column)]
        low, high = (held.min(), held.max()) if len(held) else (0.0, 1.0)
        span = high - low + 1.0
        drawn[:, place] = random.uniform(low - span, high + span, MADE_UP_ROWS)
        if len(held):
            own = random.random(MADE_UP_ROWS) < 0.5
            drawn[own, place] = random.choice(held, int(own.sum()))
    drawn[random.random(drawn.shape) < 0.1] = np.nan
    return drawn


def _list_models(model: Boosted) -> list[ChurnClassifier]:
    return [model] if isinstance(model, ChurnClassifier) else model.models_


def _list_trees(model: Boosted) -> list[TreeModel]:
    parts = [part for each in _list_models(model) for part in each.parts_]
    return [part for part in parts if isinstance(part, TreeModel)]
