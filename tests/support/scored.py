"""A synthetic operator whose newest month a champion scores; shared between tests, so nobody may change it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
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
from tests.support.small import MONTH, Operator, own_settings, ungated_job
from twin import generate

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
    folder = Path(tempfile.mkdtemp(prefix="scored-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    generate(
        folder / "source", services=500, months=len(MONTHS), seed=3, through=str(MONTH)
    )
    operator = Operator(folder / "source", folder / "unscored", MONTHS)
    for month in MONTHS[:-1]:
        run_month(ungated_job(operator.home, operator.source, month))
    return operator


@cache
def scored_operator() -> Operator:
    """The same with a champion promoted, and the sixth month scored by it."""
    unscored = unscored_operator()
    operator = replace(unscored, home=unscored.home.with_name("home"))
    shutil.copytree(unscored.home, operator.home)
    shelf.promote_version(
        operator.home,
        train_small(operator.home),
        "Wang",
        "the first one",
        own_settings(),
    )
    run_month(ungated_job(operator.home, operator.source))
    return operator
