"""Commands of the models: fit a challenger, look at what there is, make one of them champion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.screens import models as model_views
from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.errors import ModelError
from pipelines.core.month import Month
from pipelines.core.settings import Settings, load_settings
from pipelines.store.champions import models_folder, uplift_shelf
from pipelines.text.progress import show_steps
from pipelines.text.texts import label, reason_in_words

if TYPE_CHECKING:
    from models.registry import Card
    from pipelines.jobs.training.estimate import Work
    from pipelines.jobs.training.shelf import Shelved

SHORT_SECONDS = 90


@app.command("train")
def train(
    through: Annotated[
        str, typer.Option("--through", help="The month up to which labels are known: YYYY-MM.")
    ],
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Fewer rows and candidates: seconds, not minutes; the card says so."
        ),
    ] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Fit a challenger on what was known by a month, and judge it on months it did not see."""
    from pipelines.jobs.training.churn import STEPS
    from pipelines.jobs.training.churn import train as fit
    from pipelines.jobs.training.estimate import estimate_work
    from pipelines.jobs.training.uplift import train_uplift

    speaker = Speaker(lang, as_json)
    known = Month.parse(through)
    if not as_json:
        typer.echo(
            _plan_in_words(estimate_work(home, known, is_quick=quick), quick, speaker.language),
            err=True,
        )
    with show_steps(STEPS, through, speaker.language, is_quiet=as_json, can_go_on=True) as progress:
        card = fit(home, known, load_settings(), progress, is_quick=quick)
        progress("train_uplift")
        uplift = _try(train_uplift, home, known)
    pages = sorted((models_folder(home) / card.version).glob("review.*.html"))
    content = _content(card) | {
        "pages": [str(page) for page in pages],
        "uplift": _uplift(uplift, speaker.language),
    }
    speaker.show(content, lambda: model_views.draw_card(content, speaker.language))


@app.command("models")
def models(home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False) -> None:
    """List the models: figures, who is champion, and which may not be used and why."""
    from pipelines.jobs.training.shelf import list_versions

    speaker = Speaker(lang, as_json)
    settings = load_settings()
    content = [_shelved(seen) | {"kind": "churn"} for seen in list_versions(home, settings)]
    content += [
        _shelved(seen) | {"kind": "uplift"} for seen in list_versions(uplift_shelf(home), settings)
    ]
    speaker.show(content, lambda: model_views.draw_models(content, speaker.language))


@app.command("promote")
def promote(
    version: Annotated[
        str, typer.Argument(help="The model's version, as `retention models` names it.")
    ],
    by: Annotated[
        str | None, typer.Option("--by", help="Who decides; by default the user logged in.")
    ] = None,
    why: Annotated[
        str, typer.Option("--why", help="The reason; only the first champion needs none.")
    ] = "",
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Make a model champion, on the record; the next run of a month it suits takes it up."""
    from models.registry import QUICK
    from pipelines.jobs.training.shelf import promote as make_champion
    from pipelines.jobs.training.shelf import read_notes

    speaker = Speaker(lang, as_json)
    settings = load_settings()
    promotion = make_champion(home, version, getuser() if by is None else by, why, settings)
    quick = read_notes(home, version, settings).get(QUICK)
    content = asdict(promotion) | {"quick": quick}
    speaker.show(content, lambda: speaker.say("cli.promoted", **asdict(promotion)))
    if quick:
        how = reason_in_words(speaker.language, quick)
        speaker.say("cli.promoted_quick", how=how, trained_through=promotion.trained_through)


def _plan_in_words(work: Work, is_quick: bool, language: str) -> str:
    """Say what a training will do, and about how long it takes; below a minute and a half in seconds."""
    is_short = work.seconds < SHORT_SECONDS
    count = max(1, round(work.seconds if is_short else work.seconds / 60))
    about = label(language, "train.seconds" if is_short else "train.minutes", count=count)
    facts = {
        "months": work.months,
        "rows": f"{work.rows:,}",
        "candidates": work.candidates,
        "folds": work.folds,
    }
    return label(language, "train.plan_quick" if is_quick else "train.plan", **facts, about=about)


def _try(
    fit: Callable[[Path, Month, Settings], Card], home: Path, through: Month
) -> Card | ModelError:
    """Fit an uplift model, or say why there is none yet: most installations have too little history for years."""
    try:
        return fit(home, through, load_settings())
    except ModelError as error:
        return error


def _uplift(found: Card | ModelError, language: str) -> dict[str, Any]:
    if isinstance(found, ModelError):
        return {"version": None, "why_not": label(language, f"error.{found.key}", **found.facts)}
    return {"version": found.version, "held_out": found.outcomes["holdout"], **found.judged}


def _content(card: Card) -> dict[str, Any]:
    """A card without the long tables of the review page."""
    return {"version": card.version} | {
        n: v for n, v in asdict(card).items() if n not in ("judged", "reference")
    }


def _shelved(seen: Shelved) -> dict[str, Any]:
    return {
        "version": seen.version,
        "is_champion": seen.is_champion,
        "refused": seen.refused,
        "promotions": [asdict(promotion) for promotion in seen.promotions],
        **(
            {name: value for name, value in _content(seen.card).items() if name != "version"}
            if seen.card
            else {}
        ),
    }
