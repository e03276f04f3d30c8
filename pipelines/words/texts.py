"""What people read: one file a language in `locales/`, the same keys in each."""

from __future__ import annotations

import os
from functools import cache
from string import Formatter

from pipelines.core.errors import RetentionError
from pipelines.core.outcomes import outcome_words
from pipelines.core.paths import LOCALES

LANGUAGES = tuple(sorted(path.stem for path in LOCALES.glob("*.yml")))


@cache
def labels(language: str) -> dict[str, str]:
    """Load a language's texts by key, the words of the outcome codes among them."""
    import yaml  # here, so that the help need not wait for it

    text = (LOCALES / f"{language}.yml").read_text(encoding="utf-8")
    loaded: dict[str, str] = yaml.load(text, yaml.CSafeLoader)  # ten times as fast as the loader in Python
    return dict(sorted((loaded | outcome_words(language)).items()))


def label(language: str, key: str, **facts: object) -> str:
    """Return a text with its facts filled in; the key itself when nobody has written the text."""
    text = labels(language).get(key)
    if text is None:
        return ", ".join([key, *(f"{name}={value}" for name, value in facts.items())])
    known = {name: facts.get(name, "?") for _, name, _, _ in Formatter().parse(text) if name}
    return text.format(**known)


def describe(language: str, error: RetentionError) -> str:
    """Say in a language what went wrong, where, and what to do next."""
    return label(language, f"error.{error.key}", **error.facts)


def local_language() -> str:
    """The language of the shell's locale; Chinese where that says nothing."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "zh"
    return next((name for name in LANGUAGES if locale.lower().startswith(name)), "en" if locale != "zh" else "zh")


def reason_in_words(language: str, reason: str | None) -> str:
    """Put a table's reason codes (`absent: receivable; small_denominator`) into words."""
    return "; ".join(_one(language, part) for part in (reason or "").split("; ") if part)


def _one(language: str, code: str) -> str:
    kind, colon, rest = code.partition(": ")
    text = labels(language).get(f"why.{kind}" if colon else f"why.{code}")
    return text.format(_one(language, rest)) if text else code
