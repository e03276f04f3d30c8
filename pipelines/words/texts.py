"""What people read: one file a language in `locales/`, the same keys in each."""

from __future__ import annotations

import os
import re
from functools import cache
from string import Formatter

from pipelines.core.errors import Phrase, RetentionError, SpecError
from pipelines.core.outcomes import outcome_words
from pipelines.core.paths import LOCALES
from pipelines.core.written import read_written

LANGUAGES = tuple(sorted(path.stem for path in LOCALES.glob("*.yml")))


@cache
def labels(language: str) -> dict[str, str]:
    """Load a language's texts by key, the words of the outcome codes among them."""
    written = read_written(LOCALES / f"{language}.yml", f"locales/{language}.yml")
    loaded = written.hold_to(dict[str, str], written.read())
    for key, text in loaded.items():
        if not _has_sound_places(text):
            raise written.wrong([key], Phrase("written.why.braces"))
    return dict(sorted((loaded | outcome_words(language)).items()))


def _has_sound_places(text: str) -> bool:
    """Whether what stands in braces is a name, or a number, and nothing else."""
    try:
        names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        return False
    return all(re.fullmatch(r"\w+", name) for name in names)


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
    try:
        return label(language, f"error.{error.key}", **error.facts)
    except SpecError as wrong_texts:  # the texts themselves cannot be read: say so without them
        return str(wrong_texts)


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
