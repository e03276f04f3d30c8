"""Models as the command line shows them: a training before and after, and a line a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.tables import draw_grid
from pipelines.core.errors import ModelError
from pipelines.text.texts import fill_label, say_reasons

if TYPE_CHECKING:
    from models.registry import Card
    from pipelines.jobs.training.estimate import Work
    from pipelines.jobs.training.shelf import Shelved
    from pipelines.store.champions import Promotion

OUTCOMES = ("voluntary", "involuntary")
FIGURES = ("auc", "average_precision", "log_loss", "calibration_error", "lift_10")
_LIST_FIGURES = ("auc", "log_loss")
_LIST_COLUMNS = ("version", "champion", "rows")
_QINI_FIGURES = ("model", "risk", "low", "high")
_SHORT_SECONDS = 90
_LEFT_OUT = ("judged", "reference")  # of a card: the long tables of the review page


# -- before a training -----------------------------------------------------------------------------


def describe_work(work: Work, is_quick: bool, language: str) -> str:
    """Say what a training will do, and about how long it takes.

    Below a minute and a half that is in seconds.
    """
    key = "train.plan_quick" if is_quick else "train.plan"
    return fill_label(
        language,
        key,
        months=work.months,
        rows=f"{work.rows:,}",
        candidates=work.candidates,
        folds=work.folds,
        about=_describe_duration(work.seconds, language),
    )


def _describe_duration(seconds: float, language: str) -> str:
    if seconds < _SHORT_SECONDS:
        whole = max(1, round(seconds))
        return fill_label(language, "train.seconds", count=whole)
    minutes = max(1, round(seconds / 60))
    return fill_label(language, "train.minutes", count=minutes)


# -- after a training ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Training:
    """What a training has made: a challenger, its pages, an uplift model or why there is none."""

    card: Card
    pages: Sequence[str]
    uplift: Card | ModelError


def describe_training(training: Training, language: str) -> dict[str, object]:
    """Return what a training has made, as a program reads it."""
    return describe_card(training.card) | {
        "pages": list(training.pages),
        "uplift": _describe_uplift(training.uplift, language),
    }


def describe_card(card: Card) -> dict[str, object]:
    """Return a card as a program reads it, without the long tables of the review page."""
    content: dict[str, object] = {"version": card.version}
    for name, value in asdict(card).items():
        if name not in _LEFT_OUT:
            content[name] = value
    return content


def _describe_uplift(uplift: Card | ModelError, language: str) -> dict[str, object]:
    if isinstance(uplift, ModelError):
        return {"version": None, "why_not": _explain_no_uplift(uplift, language)}
    return {
        "version": uplift.version,
        "held_out": uplift.outcomes["holdout"],
        **uplift.judged,
    }


def _explain_no_uplift(error: ModelError, language: str) -> str:
    return fill_label(language, f"error.{error.key}", **error.facts)


def draw_training(training: Training, language: str) -> None:
    """Say what was fitted, on what, how it did on months it did not see, and who decides."""
    card = training.card
    print_line(
        language,
        "cli.trained",
        trained_through=card.trained_through,
        version=card.version,
        rows=card.rows,
        months=len(card.months),
    )
    _draw_figures(card, language)

    for about, reason in card.notes.items():
        name = _name_note(about, language)
        typer.echo(f"  {name}: {say_reasons(language, reason)}")
    for page in training.pages:
        print_line(language, "cli.review", page=page)
    print_line(language, "cli.trained_next", version=card.version)

    uplift = _compare_uplift(training.uplift, language)
    print_line(language, "cli.uplift", what=uplift)


def _draw_figures(card: Card, language: str) -> None:
    """Draw how a model did, a line an outcome."""
    titles = [""]
    for name in FIGURES:
        titles.append(fill_label(language, f"model.{name}"))

    body = []
    for outcome in OUTCOMES:
        cells = [fill_label(language, f"model.{outcome}")]
        cells += [_format_metric(card.metrics, f"{outcome}_{name}") for name in FIGURES]
        body.append(cells)
    draw_grid(titles, body, range(1, len(titles)))


def _name_note(about: str, language: str) -> str:
    """What a note is about: its kind in words and, after it, of what, where that is said."""
    kind = fill_label(language, f"model.note.{about.split()[0]}")
    subject = about.partition(" ")[2]
    return f"{kind} {subject}".rstrip(" :：")


def _compare_uplift(uplift: Card | ModelError, language: str) -> str:
    """Say how an uplift model did beside the risk, or why there is none."""
    if isinstance(uplift, ModelError):
        return _explain_no_uplift(uplift, language)

    qini = {name: f"{uplift.judged[name]:+.5f}" for name in _QINI_FIGURES}
    key = "cli.uplift_loses"
    if uplift.judged["wins"]:
        key = "cli.uplift_wins"
    return fill_label(
        language,
        key,
        version=uplift.version,
        held_out=uplift.outcomes["holdout"],
        **qini,
    )


# -- all versions ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListedModel:
    """A version on one of the shelves; `kind` is churn or uplift."""

    kind: str
    shelved: Shelved

    @property
    def metrics(self) -> Mapping[str, float]:
        """Its figures; none of a version that may not be used."""
        if self.shelved.card:
            return self.shelved.card.metrics
        return {}

    @property
    def mark(self) -> str:
        """The mark of the champion."""
        if self.shelved.is_champion:
            return "✓"
        return ""


def describe_models(models: Sequence[ListedModel]) -> list[dict[str, object]]:
    """Return the versions as a program reads them."""
    return [_describe_model(model) for model in models]


def _describe_model(model: ListedModel) -> dict[str, object]:
    shelved = model.shelved
    content: dict[str, object] = {
        "version": shelved.version,
        "is_champion": shelved.is_champion,
        "refused": shelved.refused,
        "promotions": [asdict(promotion) for promotion in shelved.promotions],
    }
    if shelved.card is not None:
        of_card = describe_card(shelved.card)
        del of_card["version"]
        content |= of_card

    content["kind"] = model.kind
    return content


def draw_models(models: Sequence[ListedModel], language: str) -> None:
    """Draw a line a version, and below it who made it champion and why."""
    if not models:
        print_line(language, "cli.models_none")
        return

    churn = [model for model in models if model.kind != "uplift"]
    _draw_churn_models(churn, language)
    for model in models:
        if model.kind == "uplift":
            _draw_uplift_model(model, language)
        version = model.shelved.version
        refused = model.shelved.refused
        if refused:
            typer.echo(f"{version}: {say_reasons(language, refused)}")
        for promotion in model.shelved.promotions:
            typer.echo(f"{version}: {_describe_promotion(promotion, language)}")


def _draw_churn_models(models: Sequence[ListedModel], language: str) -> None:
    """Draw a line a version: whether it is champion, and how it did by outcome."""
    titles = [fill_label(language, f"model.{name}") for name in _LIST_COLUMNS]
    for outcome in OUTCOMES:
        for name in _LIST_FIGURES:
            what = fill_label(language, f"model.{outcome}")
            figure = fill_label(language, f"model.{name}")
            titles.append(f"{what}, {figure}")

    body = []
    for model in models:
        card = model.shelved.card
        rows = str(card.rows) if card else "–"
        cells = [model.shelved.version, model.mark, rows]
        for outcome in OUTCOMES:
            for name in _LIST_FIGURES:
                cells.append(_format_metric(model.metrics, f"{outcome}_{name}"))
        body.append(cells)

    draw_grid(titles, body, range(2, len(titles)))


def _draw_uplift_model(model: ListedModel, language: str) -> None:
    uplift = _format_metric(model.metrics, "qini_uplift")
    risk = _format_metric(model.metrics, "qini_risk")
    name = f"{model.shelved.version} {model.mark}".rstrip()
    did = fill_label(language, "cli.models_uplift", uplift=uplift, risk=risk)
    typer.echo(f"{name}: {did}")


def _describe_promotion(promotion: Promotion, language: str) -> str:
    return fill_label(
        language,
        "cli.models_promoted",
        at=promotion.at,
        by=promotion.by,
        why=promotion.why or "–",
    )


def _format_metric(metrics: Mapping[str, float], name: str) -> str:
    if name in metrics:
        return f"{metrics[name]:.4f}"
    return "–"
