"""What people read: one file a language in `locales/`, the same keys in each."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from string import Formatter

from pipelines.core.errors import Phrase, RetentionError, SpecError
from pipelines.core.outcomes import outcome_words
from pipelines.core.paths import LOCALES

LANGUAGES = tuple(sorted(path.stem for path in LOCALES.glob("*.yml")))


def _no_text(path: Path, key: str, text: object) -> SpecError:
    """The error that says on which line a text cannot be used."""
    from pipelines.core.written import read_written

    why = (
        Phrase("written.why.braces")
        if isinstance(text, str)
        else Phrase("written.why.text", {"value": text})
    )
    return read_written(path, f"locales/{path.name}").wrong([key], why)


@cache
def labels(language: str) -> dict[str, str]:
    """Load a language's texts by key, the words of the outcome codes among them."""
    from pipelines.core.yaml_files import read_yaml  # here, so that the help need not wait for it

    path = LOCALES / f"{language}.yml"
    loaded: dict[str, str] = read_yaml(path)
    for key, text in loaded.items():
        if not isinstance(text, str) or not _has_sound_places(text):
            raise _no_text(path, key, text)
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
    known = {
        name: say(language, facts.get(name, "?"))
        for _, name, _, _ in Formatter().parse(text)
        if name
    }
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
    locale = (
        os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "zh"
    )
    return next(
        (name for name in LANGUAGES if locale.lower().startswith(name)),
        "en" if locale != "zh" else "zh",
    )


def reason_in_words(language: str, reason: str | None) -> str:
    """Put a table's reason codes (`absent: receivable; small_denominator`) into words."""
    return "; ".join(_one(language, part) for part in (reason or "").split("; ") if part)


def _one(language: str, code: str) -> str:
    kind, colon, rest = code.partition(": ")
    text = labels(language).get(f"why.{kind}" if colon else f"why.{code}")
    return text.format(_one(language, rest)) if text else code
