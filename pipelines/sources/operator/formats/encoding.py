"""Tell a text file's encoding from its bytes.

Bytes that are no text, or text that was damaged, are refused.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.survey import (
    ONE_IN,
    Scales,
    Survey,
    count_kinds,
    survey_bytes,
    survey_utf16,
    weigh_readings,
)

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_REPLACED = "undecodable bytes replaced by U+FFFD"
_IN_BOTH = "well-formed as UTF-8 and as GB18030"
_DISGUISES = {
    b"PK\x03\x04": "xlsx/zip",
    b"\x1f\x8b": "gzip",
    b"PAR1": "parquet",
    b"\xd0\xcf\x11\xe0": "xls",
    b"<!doc": "html",
    b"<html": "html",
    b"<table": "html",
    b"<?xml": "xml",
    b"%pdf-": "pdf",
}


@dataclass(frozen=True)
class TextForm:
    """The encoding as reported, the codec to open the file with, and what was noticed.

    `is_telling` says that the bytes are text in this encoding alone, so that they tell how other
    files were written.
    """

    encoding: str
    codec: str
    notes: tuple[str, ...] = ()
    is_telling: bool = True


def find_no_sisters() -> str | None:
    """Return None: the encoding of other files where there are none."""
    return None


def detect_encoding(
    path: Path,
    name: str,
    limits: Limits,
    ask_sisters: Callable[[], str | None] = find_no_sisters,
) -> TextForm:
    """Return the form of a text file; raise FileRefused for one that cannot be read as one text.

    Bytes that are text in two encodings are read like the sister files; `ask_sisters` returns how
    those are written, None where they do not tell either.
    """
    with open(path, "rb") as file:
        head = file.read(64)
    _refuse_disguise(head, name)
    if head[:2] in _UTF16:
        survey_utf16(path, name)
        return TextForm(_UTF16[head[:2]], "utf-16")

    survey = survey_bytes(path, name, limits)
    has_bom = head.startswith(codecs.BOM_UTF8)
    is_text_in_both = survey.utf8_only and survey.gb_only and not survey.is_ascii
    if is_text_in_both and not has_bom:
        scales = weigh_readings(path, name, limits)
        if not scales.is_chinese_utf8:
            return _choose_reading(scales, ask_sisters(), survey, name)

    form = _find_sound_form(survey, has_bom)
    if form is None:
        form = _find_damaged_form(path, name, limits, survey, has_bom)
    survey.check_mojibake(name)
    return form


def find_disguise(head: bytes) -> str | None:
    """Name what a file's first bytes say it is; None when they say nothing."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for magic, kind in _DISGUISES.items():
        if head.startswith(magic) or start.startswith(magic):
            return kind
    return None


def _refuse_disguise(head: bytes, name: str) -> None:
    """Refuse an empty file, and one whose first bytes say that it is no text."""
    if not head:
        raise FileRefused("empty_file", file=name)
    kind = find_disguise(head)
    if kind is not None:
        raise FileRefused("disguised", file=name, looks_like=kind)


def _find_sound_form(survey: Survey, has_bom: bool) -> TextForm | None:
    """Return the one encoding in which every byte is text; None when there is no such one."""
    if survey.utf8_only:
        encoding = "utf-8-sig" if has_bom else "utf-8"
        return TextForm(encoding, encoding, is_telling=not survey.is_ascii)
    if survey.gb_only and not survey.utf8_lines and not has_bom:
        return TextForm("gb18030", "gb18030")
    return None


def _find_damaged_form(
    path: Path,
    name: str,
    limits: Limits,
    survey: Survey,
    has_bom: bool,
) -> TextForm:
    """Return the encoding of a file with undecodable bytes, by the lines that are Chinese in it.

    Raise FileRefused for a file whose lines are written in two encodings.
    """
    utf8, gb = count_kinds(path, name, limits)
    fewer = gb if has_bom else min(utf8, gb)
    if fewer and fewer * ONE_IN >= utf8 + gb:
        raise FileRefused(
            "mixed_encodings",
            file=name,
            utf8_lines=utf8,
            gb18030_lines=gb,
        )

    if has_bom:
        encoding = "utf-8-sig"
    elif gb > utf8 or (survey.gb_only and not utf8):
        encoding = "gb18030"
    else:
        encoding = "utf-8"
    return TextForm(encoding, encoding, (_REPLACED,))


def _choose_reading(
    scales: Scales,
    sisters: str | None,
    survey: Survey,
    name: str,
) -> TextForm:
    """Return how to read a file that is text in two encodings: like its sisters, else the likelier.

    Raise FileRefused if that reading is damaged text.
    """
    encoding = sisters or scales.likely_encoding
    places = scales.mojibake_gb if encoding == "gb18030" else survey.mojibake
    survey.check_mojibake(name, places)
    if sisters:
        note = f"{_IN_BOTH}: read as {encoding} like the other files"
    else:
        note = f"encoding doubtful: {_IN_BOTH}, read as {encoding}"
    return TextForm(encoding, encoding, (note,), is_telling=False)
