"""The models beside the months as their sealed cards tell of them; no model is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from models.card import QUICK, Card, ModelRefused, read_card
from pipelines.core.month import Month
from pipelines.documents.pages.review import draw_review
from pipelines.store.champions import (
    VERSION_NAME,
    Promotion,
    models_folder,
    read_promotions,
    uplift_shelf,
)
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label

CHURN, UPLIFT = "churn", "uplift"
_METRICS = ("auc", "log_loss", "lift_10")
_OUTCOMES = ("voluntary", "involuntary")


class Shelved(NamedTuple):
    """A version of a model: its card, or the word for why it is refused, and its promotions."""

    kind: str
    version: str
    card: Card | None
    refused: str | None
    promotions: Sequence[Promotion]
    is_champion: bool

    @property
    def is_quick(self) -> bool:
        """Whether the model was made in a hurry: on fewer rows, of fewer candidates."""
        return self.card is not None and QUICK in self.card.notes


def list_shelf(home: Path, key: bytes) -> list[Shelved]:
    """Return the versions of both kinds of models, the newest first."""
    shelved = []
    for kind, shelf in ((CHURN, home), (UPLIFT, uplift_shelf(home))):
        promotions = read_promotions(shelf)
        folder = models_folder(shelf)
        for path in sorted(folder.glob("*"), reverse=True):
            if VERSION_NAME.fullmatch(path.name):
                shelved.append(_describe_version(kind, path, promotions, key))
    return shelved


def find_shelved(home: Path, version: str, key: bytes) -> Shelved | None:
    """Return a version, whichever shelf it stands on; None for one that is not there."""
    if VERSION_NAME.fullmatch(version) is None:
        return None
    for kind, shelf in ((CHURN, home), (UPLIFT, uplift_shelf(home))):
        folder = models_folder(shelf) / version
        if folder.is_dir():
            return _describe_version(kind, folder, read_promotions(shelf), key)
    return None


def _describe_version(
    kind: str, folder: Path, promotions: Sequence[Promotion], key: bytes
) -> Shelved:
    card: Card | None = None
    refused: str | None = None
    try:
        card = read_card(folder, key)
    except ModelRefused as error:
        refused = error.reason
    own = [promotion for promotion in promotions if promotion.version == folder.name]
    is_champion = bool(promotions) and promotions[-1].version == folder.name
    return Shelved(kind, folder.name, card, refused, own, is_champion)


def list_metrics(card: Card, language: str) -> list[tuple[str, str]]:
    """Return a card's figures in words, outcome by outcome."""
    found = []
    for outcome in _OUTCOMES:
        for metric in _METRICS:
            value = card.metrics.get(f"{outcome}_{metric}")
            if value is not None:
                title = fill_label(language, f"model.{outcome}")
                name = fill_label(language, f"model.{metric}")
                found.append((f"{title} · {name}", f"{value:.3f}"))
    for name, value in card.metrics.items():
        if name.startswith("qini"):
            found.append((name, f"{value:+.5f}"))
    return found


def draw_card(shelved: Shelved, version: Version | None, language: str) -> str:
    """Draw the review of a churn model as its page does, with what is watched of the champion."""
    card = shelved.card
    if card is None or shelved.kind != CHURN:
        return ""
    month = version.month if version else Month.parse(card.trained_through)
    shown = asdict(card) | {"version": card.version}
    looks: list[Mapping[str, Any]] = []
    if version is not None and version.is_computed("score_watch"):
        champion = version.month_inputs.champion
        if champion is not None and champion["version"] == shelved.version:
            looks = list(version.read_rows("score_watch"))
    is_challenger = not shelved.is_champion
    return draw_review(month, language, shown, looks, is_challenger)
