"""The versions beside the months: which there are, whether they may be used, and making one of them champion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.registry import Card, ModelRefused, load_model, read_card
from pipelines.core.errors import ModelError
from pipelines.core.settings import Settings
from pipelines.store.champions import (
    VERSION_NAME,
    Promotion,
    models_folder,
    read_promotions,
    record_promotion,
    uplift_shelf,
)

_REFUSED = {
    "missing": "model.missing",
    "tampered": "model.tampered",
    "too_large": "model.too_large",
    "other_version": "model.other_version",
    "foreign": "model.foreign",
}


@dataclass(frozen=True)
class Shelved:
    """A version: its card where it may be used, a word for why not otherwise, and its promotions."""

    version: str
    card: Card | None
    refused: str | None
    promotions: tuple[Promotion, ...]
    is_champion: bool


def list_versions(home: Path, settings: Settings) -> list[Shelved]:
    """Look at every version, oldest first; each is loaded, so that what is said usable is."""
    said = read_promotions(home)
    there = {
        path.name for path in models_folder(home).glob("*") if VERSION_NAME.fullmatch(path.name)
    }
    champion = {said[-1].version} if said else set()  # though its folder may be gone
    return [
        _look(models_folder(home) / name, said, settings.key) for name in sorted(there | champion)
    ]


def _look(folder: Path, said: list[Promotion], key: bytes) -> Shelved:
    refused = None
    try:
        card: Card | None = load_model(folder, key)[1]
    except ModelRefused as error:
        card, refused = None, error.reason
    promotions = tuple(promotion for promotion in said if promotion.version == folder.name)
    return Shelved(
        folder.name, card, refused, promotions, bool(said) and said[-1].version == folder.name
    )


def promote(home: Path, version: str, by: str, why: str, settings: Settings) -> Promotion:
    """Make a version champion, on the record, if it can be used; raise ModelError where it cannot."""
    if not VERSION_NAME.fullmatch(version):
        raise ModelError("model.unknown", version=version)
    shelves = [
        shelf for shelf in (home, uplift_shelf(home)) if (models_folder(shelf) / version).is_dir()
    ]
    if not shelves:
        raise ModelError("model.unknown", version=version)
    home = shelves[0]
    try:
        _, card = load_model(models_folder(home) / version, settings.key)
    except ModelRefused as error:
        raise ModelError(_REFUSED[error.reason], version=version) from error
    if not card.judged.get(
        "wins", True
    ):  # an uplift model's card says whether it sorts better than the risk does
        raise ModelError("model.lost_to_risk", version=version, **_qini(card))
    return record_promotion(home, version, card.trained_through, by, why)


def read_notes(home: Path, version: str, settings: Settings) -> dict[str, str]:
    """Return what a version's card notes of it, whichever shelf it stands on; raise ModelError where it is not there."""
    for shelf in (home, uplift_shelf(home)):
        if (models_folder(shelf) / version).is_dir():
            return read_card(models_folder(shelf) / version, settings.key).notes
    raise ModelError("model.unknown", version=version)


def _qini(card: Card) -> dict[str, str]:
    """What decides between an uplift model and the risk, as text."""
    return {name: f"{card.judged[name]:+.5f}" for name in ("model", "risk", "low", "high")}
