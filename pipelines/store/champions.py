"""Models beside the months: which version scores a month, who promoted it and why.

    <home>/models/2026-06-1a2b3c4d5e6f/   a version: model, card, seal
    <home>/models/promotions.jsonl        the record; the last line that suits a month counts
    <home>/models/uplift/models/…         the same for the uplift models

A month is scored by nothing fitted on later months, so that running an old month again never looks
into its future.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.store.files import hash_file, write_record
from pipelines.store.lake import MONTH_NAME
from pipelines.store.torn import read_lines

FOLDER, RECORD = "models", "promotions.jsonl"
UPLIFT = "uplift"
CARD = "card.json"
VERSION_NAME = re.compile(r"\d{4}-\d{2}-[0-9a-f]{12}")
# What a version is; pages beside them may be drawn again.
PARTS = ("model.skops", CARD, "card.hmac")


@dataclass(frozen=True)
class Promotion:
    """A version that somebody made champion; `at` is for the record (UTC, ISO 8601) alone."""

    version: str
    trained_through: str
    by: str
    why: str
    at: str


@dataclass(frozen=True)
class Champion:
    """The version that scores a month.

    `digest` names the bytes of its files, whatever they are worth.
    """

    version: str
    path: Path
    digest: str

    def meaning(self) -> dict[str, str]:
        """What a month that this version scores is made of."""
        return {"version": self.version, "files": self.digest}

    @property
    def features(self) -> frozenset[str]:
        """The columns its card says it is shown.

        None of a card that cannot be read, which scores nobody.
        """
        try:
            card = json.loads((self.path / CARD).read_text(encoding="utf-8"))
            return frozenset(str(name) for name in card["features"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return frozenset()


def models_folder(home: Path) -> Path:
    """The folder of the versions."""
    return home / FOLDER


def uplift_shelf(home: Path) -> Path:
    """Where the uplift models stand, to these functions a home like any other."""
    return models_folder(home) / UPLIFT


# -- the record ------------------------------------------------------------------------------------


def read_promotions(home: Path) -> list[Promotion]:
    """Read the record, oldest first."""
    return read_lines(models_folder(home) / RECORD, _read_promotion)


def _read_promotion(
    version: str, trained_through: str, by: str, why: str, at: str
) -> Promotion:
    """Take a line of the record.

    Raise ValueError for a version that is none: its name becomes a path.
    """
    if (
        VERSION_NAME.fullmatch(version) is None
        or MONTH_NAME.fullmatch(trained_through) is None
    ):
        raise ValueError(version)
    return Promotion(version, trained_through, by, why, at)


def record_promotion(
    home: Path, version: str, trained_through: str, by: str, why: str
) -> Promotion:
    """Make a version champion, on the record; the record is replaced in one step.

    Raise UsageError where nobody says who promotes, or why a standing champion is replaced.
    """
    from filelock import FileLock  # here, so that who only reads does not wait for it

    with FileLock(models_folder(home) / ".promotions.lock"):
        promotions = read_promotions(home)
        if not by.strip():
            raise UsageError("promote.nobody", version=version)
        if promotions and not why.strip():
            standing = promotions[-1].version
            raise UsageError("promote.no_reason", version=version, champion=standing)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        promotion = Promotion(version, trained_through, by.strip(), why.strip(), at)
        write_record(models_folder(home) / RECORD, [*promotions, promotion])
    return promotion


# -- the champion ----------------------------------------------------------------------------------


def find_champion(home: Path, month: Month | None = None) -> Champion | None:
    """Return the version promoted last, for a month the last one trained through it or earlier.

    None if none is.
    """
    found = None
    for promotion in read_promotions(home):
        if month is None or Month.parse(promotion.trained_through) <= month:
            found = promotion
    return open_version(home, found.version) if found else None


def open_version(home: Path, version: str) -> Champion:
    """Return a version with the digest of what its folder holds now."""
    folder = models_folder(home) / version
    lines = []
    for name in PARTS:
        path = folder / name
        digest = hash_file(path) if path.is_file() else None
        lines.append(f"{name} {digest}")
    return Champion(version, folder, sha256("\n".join(lines).encode()).hexdigest())
