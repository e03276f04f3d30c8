"""Texts that go to people: what a cell, a sheet's tab and a file's name may hold."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

CELL_LIMIT = 32_767  # UTF-16 units, Excel's own
TAB_LIMIT = 31
_STEM_BYTES = 120
# What XML 1.0 cannot carry at all: control characters, halves of surrogate pairs, the two non-
# characters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ID_AS_IS = re.compile(r"[A-Za-z0-9_-]{1,40}")


def is_blank(value: object) -> bool:
    """Say whether a value leaves its cell empty: nothing, no text, or not a number (NaN, NaT)."""
    return value is None or value == "" or bool(value != value)


def clean_text(value: object) -> str:
    """Return the value as text a cell can hold: legal XML, one kind of line break, not too long."""
    text = re.sub("\r\n?", "\n", str(value))
    return cut_text(_ILLEGAL.sub("", text), CELL_LIMIT)


def cut_text(text: str, limit: int) -> str:
    """Cut text to `limit` UTF-16 units, the last of them an ellipsis."""
    units = text.encode("utf-16-le", "ignore")
    if len(units) <= 2 * limit:
        return text
    return units[: 2 * (limit - 1)].decode("utf-16-le", "ignore") + "…"


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
    folded = unicodedata.normalize("NFKC", clean_text(title))
    legal = re.sub(r"[\[\]:*?/\\\s]+", " ", folded).strip(" '")
    return cut_text(legal, TAB_LIMIT).strip(" '") or "sheet"


def _find_free_tab(name: str, taken: set[str]) -> str:
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
    recognised = re.sub(r"[\W_]+", "-", folded).strip("-").encode("utf-8", "ignore")
    recognised_by = recognised[:_STEM_BYTES].decode("utf-8", "ignore").rstrip("-")
    return f"{recognised_by or 'workbook'}_{_write_id(unique_id)}"


def _write_id(unique_id: str) -> str:
    if _ID_AS_IS.fullmatch(unique_id):
        return unique_id
    # A tilde never stands in an id taken as it is, so a changed id cannot meet another's.
    digest = hashlib.sha256(unique_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    readable = re.sub("[^A-Za-z0-9-]+", "", unique_id)[:20]
    return f"{readable}~{digest}"
