"""The versions beside the months.

Which there are, whether they may be used, and making one of them champion.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    "other_predictor": "model.other_predictor",
    "foreign": "model.foreign",
}


@dataclass(frozen=True)
class Shelved:
    """A version of a model, as it stands beside the months.

    Its card where it may be used, a word for why not otherwise, and its promotions.
    """

    version: str
    card: Card | None
    refused: str | None
    promotions: tuple[Promotion, ...]
    is_champion: bool


def list_versions(home: Path, settings: Settings) -> list[Shelved]:
    """Look at every version, oldest first; each is loaded, so that what is said usable is."""
    promotions = read_promotions(home)
    folder = models_folder(home)
    names = {
        path.name for path in folder.glob("*") if VERSION_NAME.fullmatch(path.name)
    }
    if promotions:
        names.add(promotions[-1].version)  # the champion, though its folder may be gone
    return [
        _describe_version(folder / name, promotions, settings.key)
        for name in sorted(names)
    ]


def _describe_version(
    folder: Path, promotions: Sequence[Promotion], key: bytes
) -> Shelved:
    card: Card | None = None
    refused: str | None = None
    try:
        _, card = load_model(folder, key)
    except ModelRefused as error:
        refused = error.reason

    own = tuple(
        promotion for promotion in promotions if promotion.version == folder.name
    )
    is_champion = bool(promotions) and promotions[-1].version == folder.name
    return Shelved(folder.name, card, refused, own, is_champion)


def promote_version(
    home: Path, version: str, by: str, why: str, settings: Settings
) -> Promotion:
    """Make a version champion, on the record, if it can be used.

    Raise ModelError where it cannot.
    """
    if not VERSION_NAME.fullmatch(version):
        raise ModelError("model.unknown", version=version)
    shelf = _find_shelf(home, version)
    try:
        _, card = load_model(models_folder(shelf) / version, settings.key)
    except ModelRefused as error:
        raise ModelError(_REFUSED[error.reason], version=version) from error

    # The card of an uplift model says whether it sorts better than the risk does.
    if not card.judged.get("wins", True):
        raise ModelError("model.lost_to_risk", version=version, **_describe_qini(card))
    return record_promotion(shelf, version, card.trained_through, by, why)


def read_notes(home: Path, version: str, settings: Settings) -> dict[str, str]:
    """Return what a version's card notes of it, whichever shelf it stands on.

    Raise ModelError where it is not there.
    """
    shelf = _find_shelf(home, version)
    return read_card(models_folder(shelf) / version, settings.key).notes


def _find_shelf(home: Path, version: str) -> Path:
    """Return which shelf a version stands on, that of churn models or of uplift.

    Raise ModelError for neither.
    """
    for shelf in (home, uplift_shelf(home)):
        if (models_folder(shelf) / version).is_dir():
            return shelf
    raise ModelError("model.unknown", version=version)


def _describe_qini(card: Card) -> dict[str, str]:
    """What decides between an uplift model and the risk, as text."""
    return {
        name: f"{card.judged[name]:+.5f}" for name in ("model", "risk", "low", "high")
    }
