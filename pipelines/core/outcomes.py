"""The outcome codes (回单): what a manager can answer, and what each means (`outcomes.yml`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

# How long an answer to an order can still be checked.
GRACE_DAYS = 3  # after the day a payment was promised for
# Months after an order's month in which it is looked at for the last time.
LAST_CHECK = 3


@dataclass(frozen=True)
class Outcome:
    """One code with its flags; `marks` is what it says of the customer beyond the order."""

    code: str
    words: dict[str, str] = field(hash=False)
    is_contact: bool = False
    is_success: bool = False
    needs_date: bool = False
    needs_amount: bool = False
    closes: bool = False
    is_common: bool = False
    marks: str | None = None


@cache
def load_outcomes() -> dict[str, Outcome]:
    """Load the codes in the order a drop-down shows them."""
    # Imported here, so that the help does not wait for it.
    from pipelines.core.yaml_files import read_yaml

    raw = read_yaml(Path(__file__).with_name("outcomes.yml"))
    return {code: Outcome(code, **flags) for code, flags in raw.items()}


def make_standing_key(contacted_on: date | None, number: int) -> tuple[date, int]:
    """Return what an order's answers are sorted by: the last one stands.

    A later contact does, of one day what came in later (`number`).
    """
    return contacted_on or date.min, number


def list_outcome_words(language: str) -> dict[str, str]:
    """Return what people read: `outcome.<code>` to its words."""
    texts = {}
    for code, outcome in load_outcomes().items():
        texts[f"outcome.{code}"] = outcome.words.get(language, outcome.words["en"])
    return texts
