"""A synthetic operator whose newest month a champion scores; shared between tests, so nobody may change it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from pipelines.core.month import Month
from pipelines.jobs.run import run_month
from pipelines.jobs.training import churn as training
from pipelines.jobs.training import shelf
from pipelines.rooms.score.frame import list_feature_groups, list_features, map_signs
from tests.support.made_once import make_once
from tests.support.small import (
    MONTH,
    Operator,
    own_settings,
    run_twin,
    ungated_job,
)

MONTHS = tuple(MONTH.plus(back) for back in range(-5, 1))
TRAINED = MONTHS[-2]  # its labelled snapshots are the first three months


def small_recipe() -> CompetingClassifier:
    """The product's model, given fewer trees and folds: seconds where the real one takes a minute."""
    small = ChurnClassifier(candidates=("blend",), folds=2, max_rounds=20)
    return CompetingClassifier(
        small, monotone=map_signs(list_features(list_feature_groups()))
    )


def train_small(home: Path, through: Month = TRAINED) -> str:
    """Fit a small challenger and return its version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "make_recipe", small_recipe)
        return training.train_churn(home, through, own_settings()).version


@cache
def unscored_operator() -> Operator:
    """Six months of about 500 services, of which five are run, without a model and without the gate."""
    return run_twin("unscored", MONTHS, services=500, seed=3, left=1)


@cache
def scored_operator() -> Operator:
    """The same with a champion promoted, and the sixth month scored by it."""
    unscored = unscored_operator()

    def make(folder: Path) -> None:
        home = shutil.copytree(unscored.home, folder / "home")
        version = train_small(home)
        shelf.promote_version(home, version, "Wang", "the first one", own_settings())
        run_month(ungated_job(home, unscored.source))

    return replace(unscored, home=make_once("scored", make) / "home")
