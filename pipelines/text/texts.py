"""What people read: one file a language in `locales/`, the same keys in each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from string import Formatter

from pipelines.core.errors import Phrase, RetentionError, SpecError
from pipelines.core.month import Month
from pipelines.core.outcomes import list_outcome_words
from pipelines.core.paths import LOCALES
from pipelines.core.reasons import SEPARATOR

LANGUAGES = tuple(sorted(path.stem for path in LOCALES.glob("*.yml")))
_OF_MONTH = re.compile(r"(?P<kind>.+: )(?P<month>[0-9]{4}-(?:0[1-9]|1[0-2]))")
_MONTHS_JOINT = " – "
_OF_MONTHS = re.compile(r"(?P<part>\d+) of (?P<whole>\d+)")
UNKNOWN = "?"  # stands where a text names a fact that nobody gave


@cache
def load_labels(language: str) -> dict[str, str]:
    """Load a language's texts by key, the words of the outcome codes among them.

    Raise SpecError naming the line of what is no text, or has braces that cannot be filled.
    """
    # Imported here, so that the help does not wait for it.
    from pipelines.core.yaml_files import read_yaml

    path = LOCALES / f"{language}.yml"
    loaded: dict[str, str] = read_yaml(path)
    for key, text in loaded.items():
        if not isinstance(text, str) or not _has_sound_places(text):
            raise _describe_bad_text(path, key, text)

    texts = loaded | list_outcome_words(language)
    return dict(sorted(texts.items()))


def _has_sound_places(text: str) -> bool:
    """Whether what stands in braces is a name, or a number, and nothing else."""
    try:
        names = list(_find_places(text))
    except ValueError:
        return False
    return all(re.fullmatch(r"\w+", name) for name in names)


def _find_places(text: str) -> list[str]:
    """The names that stand in braces; raise ValueError for braces that do not close."""
    parsed = Formatter().parse(text)
    return [name for _, name, _, _ in parsed if name is not None]


def _describe_bad_text(path: Path, key: str, text: object) -> SpecError:
    """The error that says on which line a text cannot be used."""
    from pipelines.core.written import read_written

    why = Phrase("written.why.braces")
    if not isinstance(text, str):
        why = Phrase("written.why.text", {"value": text})
    return read_written(path, f"locales/{path.name}").wrong([key], why)


# -- a text with its facts -------------------------------------------------------------------------


def fill_label(language: str, key: str, **facts: object) -> str:
    """Return a text with its facts filled in; the key itself when nobody has written the text."""
    text = load_labels(language).get(key)
    if text is None:
        named = [f"{name}={value}" for name, value in facts.items()]
        return ", ".join([key, *named])

    filled = {}
    for name in _find_places(text):
        fact = facts.get(name, UNKNOWN)
        filled[name] = say_fact(language, fact)
    return text.format(**filled)


def say_fact(language: str, fact: object) -> object:
    """Return a fact that is words in a language; any other as it is."""
    if not isinstance(fact, Phrase):
        return fact
    own_words = fact.texts.get(language)
    return own_words or fill_label(language, fact.key, **fact.facts)


def describe_error(language: str, error: RetentionError) -> str:
    """Say in a language what went wrong, where, and what to do next."""
    try:
        return fill_label(language, f"error.{error.key}", **error.facts)
    except SpecError as bad_texts:
        # The texts themselves cannot be read: say so without them.
        return str(bad_texts)


def find_local_language() -> str:
    """Return the language of the shell's locale; Chinese where that says nothing."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        locale = os.environ.get(variable)
        if locale:
            return _language_of(locale)
    return "zh"


def _language_of(locale: str) -> str:
    """The language of a locale such as `zh_CN.UTF-8`; English of one that we do not speak."""
    for language in LANGUAGES:
        if locale.lower().startswith(language):
            return language
    if locale == "zh":
        return "zh"
    return "en"


# -- reasons ---------------------------------------------------------------------------------------


def say_reasons(language: str, reason: str | None) -> str:
    """Put a table's reasons (`absent: receivable; small_denominator`) into words."""
    if not reason:
        return ""
    parts = [part for part in reason.split(SEPARATOR) if part]
    return SEPARATOR.join(_say_reason(language, part) for part in _fold_months(parts))


def _fold_months(parts: Iterable[str]) -> list[str]:
    """Return reasons with months that follow one another as one.

    `not held: 2025-01; not held: 2025-02` becomes `not held: 2025-01 – 2025-02`.
    """
    folded: list[str] = []
    awaited = ""  # the reason that would go on with the last one
    for part in parts:
        if part == awaited:
            first, _, _ = folded[-1].partition(_MONTHS_JOINT)
            _, _, month = part.rpartition(" ")
            folded[-1] = first + _MONTHS_JOINT + month
        else:
            folded.append(part)
        awaited = _name_reason_after(part)
    return folded


def _name_reason_after(reason: str) -> str:
    """Return the same reason of the month after; the empty string where it is of no month."""
    of_month = _OF_MONTH.fullmatch(reason)
    if of_month is None:
        return ""
    month = Month.parse(of_month["month"])
    following = month.plus(1)
    return f"{of_month['kind']}{following}"


def _say_reason(language: str, reason: str) -> str:
    """One reason in words, with the reason behind it; one that has no words stays as it is."""
    counted = _OF_MONTHS.fullmatch(reason)
    if counted is not None:
        return fill_label(
            language,
            "why.of_months",
            part=counted["part"],
            whole=counted["whole"],
        )

    # Of a reason without a colon the kind is the whole of it, and nothing is behind.
    kind, _, behind = reason.partition(": ")
    text = load_labels(language).get(f"why.{kind}")
    if not text:
        return reason
    return text.format(_say_reason(language, behind))
