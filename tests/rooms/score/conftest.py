"""The scored operator, a copy of it that a test may spoil, and one way to spoil it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from models import registry
from pipelines.jobs.run import Job
from pipelines.store.champions import models_folder
from tests.support.scored import scored_operator
from tests.support.small import Operator, only, ungated_job


@pytest.fixture(scope="module")
def operator() -> Operator:
    return scored_operator()


@pytest.fixture
def copied(operator: Operator, tmp_path: Path) -> Job:
    """The newest month of a copy that a test may spoil."""
    shutil.copytree(operator.home, tmp_path / "home")
    return ungated_job(tmp_path / "home", operator.source)


def version_of(home: Path) -> Path:
    return only([path for path in models_folder(home).iterdir() if path.is_dir()])


def better_looking_card(version: Path) -> None:
    card = json.loads((version / registry.CARD).read_text(encoding="utf-8"))
    card["metrics"]["voluntary_auc"] = 0.99
    (version / registry.CARD).write_text(json.dumps(card), encoding="utf-8")
