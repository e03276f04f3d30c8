"""A challenger that says who will leave.

Fitted on the labels known by a month, judged on months it did not see, sealed beside the months.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import scipy
import sklearn
from sklearn.base import clone
from threadpoolctl import threadpool_limits

import models.competing
from models.competing import CompetingClassifier
from models.labels import VOLUNTARY
from models.registry import QUICK, Card, hash_code, save_model
from models.steps import Workbench, use_workbench
from pipelines.core.errors import ModelError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.documents.pages.review import write_review
from pipelines.jobs.training.card import make_card
from pipelines.jobs.training.judging import (
    Progress,
    find_capacity_share,
    find_rival,
    judge_recipe,
)
from pipelines.jobs.training.recipes import (
    MOST_ROWS_QUICK,
    make_quick_recipe,
    make_recipe,
)
from pipelines.rooms.score.samples import GAP, MOST_ROWS, Samples, gather_samples
from pipelines.store.champions import models_folder
from pipelines.text.texts import LANGUAGES

FEWEST_LEAVERS = 10
# Beside the versions: what is finished of a training, until all of it is.
KEPT = ".steps"
STEPS = (
    "train_samples",
    *(f"train_judge_{outcome}" for outcome in models.competing.ORDER),
    "train_compare",
    *(f"train_fit_{outcome}" for outcome in models.competing.ORDER),
    "train_write",
    "train_uplift",
)


def train_churn(
    home: Path,
    through: Month,
    settings: Settings,
    progress: Progress = lambda step: None,
    *,
    is_quick: bool = False,
) -> Card:
    """Fit, judge and seal a challenger on what was known by `through`, with its review page.

    Return its card.

    What was finished of an interrupted training of the same rows is used again; nothing of it stays
    once this is done. Raise ModelError where no month up to then has its label, or too few have
    left to learn from.
    """
    progress("train_samples")
    most_rows = MOST_ROWS_QUICK if is_quick else MOST_ROWS
    samples = gather_samples(home, through, settings, most_rows)
    _refuse_too_few(samples)
    recipe = make_quick_recipe() if is_quick else make_recipe()

    shelf = models_folder(home)
    bench = Workbench(progress, shelf / KEPT, salt=_name_code())
    # One thread: sums in one order, so the same figures on any number of cores; and threads that
    # wait for each other over few rows cost more than they do.
    with use_workbench(bench), threadpool_limits(1):
        bench.phase = "train_judge"
        share = find_capacity_share(home, through)
        judgement = judge_recipe(
            recipe, samples, share, find_rival(home, settings), progress
        )
        bench.phase = "train_fit"
        model = _fit_recipe(recipe, samples)

    progress("train_write")
    card = make_card(model, samples, judgement)
    if is_quick:
        quick_note = {QUICK: f"{QUICK}: {MOST_ROWS_QUICK}"}
        card = replace(card, notes=card.notes | quick_note)

    card = save_model(shelf, model, card, settings.key)
    write_pages(home, card)
    bench.clear()
    return card


def _refuse_too_few(samples: Samples) -> None:
    """Raise ModelError where there is no labelled row, or too few services have left."""
    if samples.rows.empty:
        raise ModelError("model.no_labels", month=samples.through, gap=GAP)
    leavers = int((samples.rows["outcome"] == VOLUNTARY).sum())
    if leavers < FEWEST_LEAVERS:
        raise ModelError(
            "model.few_leavers",
            month=samples.through,
            leavers=leavers,
            fewest=FEWEST_LEAVERS,
        )


def _fit_recipe(recipe: CompetingClassifier, samples: Samples) -> CompetingClassifier:
    rows = samples.rows
    outcome = rows["outcome"].to_numpy()
    month = rows["month"].to_numpy()
    fitted: CompetingClassifier = clone(recipe).fit(samples.features, outcome, month)
    return fitted


def _name_code() -> str:
    """Name the code and the libraries that make the same rows into the same model."""
    return "\0".join(
        [hash_code(), sklearn.__version__, np.__version__, scipy.__version__]
    )


def write_pages(home: Path, card: Card) -> None:
    """Write the page that a person decides by, one of each language, beside the version."""
    facts = asdict(card) | {"version": card.version}
    month = Month.parse(card.trained_through)
    for language in LANGUAGES:
        page = models_folder(home) / card.version / f"review.{language}.html"
        write_review(page, month, language, facts, is_challenger=True)
