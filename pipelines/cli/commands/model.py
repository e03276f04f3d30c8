"""Commands of the models: fit a challenger, look at what there is, make one of them champion."""

from __future__ import annotations

from dataclasses import asdict
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, DecidedBy, Home, Lang
from pipelines.cli.screens.models import (
    ListedModel,
    Training,
    describe_models,
    describe_training,
    describe_work,
    draw_models,
    draw_training,
)
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import ModelError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.store.champions import models_folder, uplift_shelf
from pipelines.text.progress import show_steps
from pipelines.text.texts import say_reasons

if TYPE_CHECKING:
    from models.registry import Card


@app.command("train")
def train_challenger(
    through: Annotated[
        str,
        typer.Option(
            "--through", help="The month up to which labels are known: YYYY-MM."
        ),
    ],
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Fewer rows and candidates: seconds, not minutes; the card says so.",
        ),
    ] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Fit a challenger on what was known by a month, and judge it on months it did not see."""
    from pipelines.jobs.training.churn import STEPS, train_churn
    from pipelines.jobs.training.estimate import estimate_work

    speaker = Speaker(lang, as_json)
    known = Month.parse(through)
    if not as_json:
        work = estimate_work(home, known, is_quick=quick)
        typer.echo(describe_work(work, quick, speaker.language), err=True)

    with show_steps(
        STEPS, through, speaker.language, is_quiet=as_json, can_go_on=True
    ) as progress:
        card = train_churn(home, known, load_settings(), progress, is_quick=quick)
        progress("train_uplift")
        uplift = _try_uplift(home, known)

    pages = sorted((models_folder(home) / card.version).glob("review.*.html"))
    training = Training(card, [str(page) for page in pages], uplift)
    content = describe_training(training, speaker.language)
    speaker.show_content(content, draw_training, training)


def _try_uplift(home: Path, through: Month) -> Card | ModelError:
    """Fit an uplift model, or return why there is none yet.

    Most homes have too little history for years.
    """
    from pipelines.jobs.training.uplift import train_uplift

    try:
        return train_uplift(home, through, load_settings())
    except ModelError as error:
        return error


@app.command("models")
def list_models(
    home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False
) -> None:
    """List the models: figures, who is champion, and which may not be used and why."""
    from pipelines.jobs.training.shelf import list_versions

    speaker = Speaker(lang, as_json)
    settings = load_settings()
    listed = [
        ListedModel("churn", shelved) for shelved in list_versions(home, settings)
    ]
    for shelved in list_versions(uplift_shelf(home), settings):
        listed.append(ListedModel("uplift", shelved))
    content = describe_models(listed)
    speaker.show_content(content, draw_models, listed)


@app.command("promote")
def promote_model(
    version: Annotated[
        str, typer.Argument(help="The model's version, as `retention models` names it.")
    ],
    by: DecidedBy = None,
    why: Annotated[
        str,
        typer.Option("--why", help="The reason; only the first champion needs none."),
    ] = "",
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Make a model champion, on the record; the next run of a month it suits takes it up."""
    from models.registry import QUICK
    from pipelines.jobs.training.shelf import promote_version, read_notes

    speaker = Speaker(lang, as_json)
    settings = load_settings()
    decided_by = getuser() if by is None else by
    promotion = asdict(promote_version(home, version, decided_by, why, settings))
    quick = read_notes(home, version, settings).get(QUICK)
    content = promotion | {"quick": quick}
    speaker.answer_line(content, "cli.promoted", **promotion)
    if quick:
        speaker.say_line(
            "cli.promoted_quick",
            how=say_reasons(speaker.language, quick),
            trained_through=promotion["trained_through"],
        )
