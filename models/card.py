"""What is known of a model without touching it: its card, sealed, and why a model is refused.

Light enough for what only shows models: neither scikit-learn nor a model is loaded.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from importlib.metadata import version as find_installed
from pathlib import Path
from typing import Any

CARD, SEAL = "card.json", "card.hmac"
# The note of a card whose model was made in a hurry: on fewer rows, of fewer candidates.
QUICK = "quick"
MOST_BYTES = 200 * 2**20  # of the file, and of what it unpacks to
ROWS = "rows"  # the predictor that is scikit-learn's own, a row at a time


class ModelRefused(ValueError):
    """A model file is not loaded; `reason` is a word for it."""

    reason = "refused"


class ModelMissing(ModelRefused):
    """There is no such version, or a part of it is gone."""

    reason = "missing"


class ModelTampered(ModelRefused):
    """The card or the model is not what was sealed, or was sealed with another key."""

    reason = "tampered"


class ModelTooLarge(ModelRefused):
    """The file is larger, packed or unpacked, than any model made here."""

    reason = "too_large"


class ModelOfOtherVersion(ModelRefused):
    """The model was fitted by another scikit-learn.

    Its private parts may mean something else now.
    """

    reason = "other_version"


class ModelOfOtherPredictor(ModelRefused):
    """The card names a predictor that this version of the code does not have."""

    reason = "other_predictor"


class ModelForeign(ModelRefused):
    """The file is no skops file, or holds types that no model made here has."""

    reason = "foreign"


@dataclass(frozen=True)
class Card:
    """What a person must know of a model.

    `metrics` by measure, `missing_tables` made it smaller than it could be.

    `judged` is how it did on months it was not fitted on, `reference` the month it was trained
    through, in bins. `predictor` is the code that takes rows through the trees.
    """

    trained_through: str
    months: list[str]
    rows: int
    outcomes: dict[str, int]
    features: list[str]
    missing_tables: list[str]
    choices: dict[str, str]
    metrics: dict[str, float]
    data_hash: str
    code_hash: str
    text: str
    sklearn_version: str = find_installed("scikit-learn")
    model_hash: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    judged: dict[str, Any] = field(default_factory=dict)
    reference: dict[str, Any] = field(default_factory=dict)
    predictor: str = ROWS

    @property
    def version(self) -> str:
        """The name of the version: the month it was trained through, and its hash."""
        return f"{self.trained_through}-{self.model_hash[:12]}"


def read_card(version: Path, key: bytes) -> Card:
    """Read the card of a version, its seal checked; the model is not touched."""
    text = read_part(version / CARD)
    seal = read_part(version / SEAL).decode("ascii", errors="replace").strip()
    if not hmac.compare_digest(seal.encode(), seal_card(text, key).encode()):
        raise ModelTampered(
            f"{version.name}: the card does not bear the seal of this installation"
        )
    return Card(**json.loads(text))


def seal_card(text: bytes, key: bytes) -> str:
    """Return the seal of a card's text under a key."""
    return hmac.new(
        key, b"retention-office model card v1\0" + text, hashlib.sha256
    ).hexdigest()


def read_part(path: Path) -> bytes:
    """Read a file of a version, if it is there and no larger than any model made here."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelTooLarge(
                f"{path.parent.name}/{path.name}: {path.stat().st_size} bytes, {MOST_BYTES} at most"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelMissing(f"{path.parent.name}/{path.name} is not there") from None
