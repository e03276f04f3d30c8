"""Texts that go to people: what a cell, a sheet's tab and a file's name may hold."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

CELL_LIMIT = 32_767  # UTF-16 units, Excel's own
TAB_LIMIT = 31
_SHORT = (
    CELL_LIMIT // 2
)  # signs that fit, whatever they are: each takes two units at most
_STEM_BYTES = 120
# What XML 1.0 cannot carry at all: control characters, halves of surrogate pairs, the two non-
# characters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_A_TAB = re.compile(r"[\[\]:*?/\\\s]+")
_TRIMMED = " '"  # what no tab begins or ends with
_NOT_IN_A_STEM = re.compile(r"[\W_]+")
_NOT_IN_AN_ID = re.compile("[^A-Za-z0-9-]+")
_ID_AS_IS = re.compile(r"[A-Za-z0-9_-]{1,40}")


def is_blank(value: object) -> bool:
    """Say whether a value leaves its cell empty: nothing, no text, or not a number (NaN, NaT)."""
    return value is None or value == "" or bool(value != value)


def clean_text(value: object) -> str:
    """Return the value as text a cell can hold: legal XML, one kind of line break, not too long."""
    text = str(value)
    if len(text) <= _SHORT and text.isprintable():
        return text
    text = re.sub("\r\n?", "\n", text)
    return cut_text(_ILLEGAL.sub("", text), CELL_LIMIT)


def cut_text(text: str, limit: int) -> str:
    """Cut text to `limit` UTF-16 units, the last of them an ellipsis."""
    units = text.encode("utf-16-le", "ignore")
    if len(units) <= 2 * limit:
        return text
    # Two bytes a unit; half of a pair that is cut through is left out.
    kept = units[: 2 * (limit - 1)]
    return kept.decode("utf-16-le", "ignore") + "…"


def name_tabs(titles: Sequence[str]) -> list[str]:
    """Return one legal tab name a title, no two alike whatever the case."""
    taken: set[str] = {"history"}  # Excel keeps this one for itself
    names = []
    for title in titles:
        name = _find_free_tab(_make_tab(title), taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def _make_tab(title: str) -> str:
    """A title as Excel takes it for a tab: no brackets, no signs of paths and formulas."""
    folded = unicodedata.normalize("NFKC", clean_text(title))
    legal = _NOT_IN_A_TAB.sub(" ", folded)
    cut = cut_text(legal.strip(_TRIMMED), TAB_LIMIT)
    return cut.strip(_TRIMMED) or "sheet"


def _find_free_tab(name: str, taken: set[str]) -> str:
    """The name, or else with the first number behind it that is free."""
    candidate = name
    number = 1
    while candidate.casefold() in taken:
        number += 1
        tail = f" ({number})"
        candidate = cut_text(name, TAB_LIMIT - len(tail)) + tail
    return candidate


def file_stem(text: str, unique_id: str) -> str:
    """Return a file name without ending: the text to be recognised by, the id to be unique.

    Two ids never share a stem (ids that differ only by case do on a file system blind to case).
    """
    # The text part has no underscore, so the first one always parts text from id.
    folded = unicodedata.normalize("NFKC", text)
    plain = _NOT_IN_A_STEM.sub("-", folded).strip("-")
    # File systems count bytes; half of a character that is cut through is left out.
    kept = plain.encode("utf-8", "ignore")[:_STEM_BYTES]
    recognised_by = kept.decode("utf-8", "ignore").rstrip("-") or "workbook"
    return f"{recognised_by}_{_write_id(unique_id)}"


def _write_id(unique_id: str) -> str:
    """An id that a file's name can hold: itself, or what can be read of it and its hash."""
    if _ID_AS_IS.fullmatch(unique_id):
        return unique_id

    # A tilde never stands in an id taken as it is, so a changed id cannot meet another's.
    content = unique_id.encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(content).hexdigest()
    readable = _NOT_IN_AN_ID.sub("", unique_id)
    return f"{readable[:20]}~{digest[:16]}"
