"""What people read: one file a language in `locales/`, the same keys in each."""

from __future__ import annotations

import os
from functools import cache
from string import Formatter

from pipelines.core.errors import Phrase, RetentionError
from pipelines.core.outcomes import outcome_words
from pipelines.core.paths import LOCALES
from pipelines.core.yaml_files import read_yaml

LANGUAGES = tuple(sorted(path.stem for path in LOCALES.glob("*.yml")))


@cache
def labels(language: str) -> dict[str, str]:
    """Load a language's texts by key, the words of the outcome codes among them."""
    loaded: dict[str, str] = read_yaml(LOCALES / f"{language}.yml")
    return dict(sorted((loaded | outcome_words(language)).items()))


def label(language: str, key: str, **facts: object) -> str:
    """Return a text with its facts filled in; the key itself when nobody has written the text."""
    text = labels(language).get(key)
    if text is None:
        return ", ".join([key, *(f"{name}={value}" for name, value in facts.items())])
    known = {name: say(language, facts.get(name, "?")) for _, name, _, _ in Formatter().parse(text) if name}
    return text.format(**known)


def say(language: str, fact: object) -> object:
    """Say a fact that is words; any other stays as it is."""
    if not isinstance(fact, Phrase):
        return fact
    return fact.texts.get(language) or label(language, fact.key, **fact.facts)


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
