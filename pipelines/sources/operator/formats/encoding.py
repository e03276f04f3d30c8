"""Tell a text file's encoding from its bytes; refuse bytes that are no text, or text that was damaged."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.blocks import read_data, whole_lines
from pipelines.sources.operator.formats.hanzi import (
    UTF8_HANZI,
    count_common,
    count_mojibake,
    is_chinese,
    share_common,
)

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_ONE_IN = (
    1000  # damage on fewer lines than one in so many is left to the row, not held against the file
)
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

    `is_telling` says that the bytes are text in this encoding alone, so that they tell how other files were written.
    """

    encoding: str
    codec: str
    notes: tuple[str, ...] = ()
    is_telling: bool = True


@dataclass
class _Survey:
    """What one pass over the bytes found."""

    lines: int = 0
    is_ascii: bool = True
    utf8_only: bool = True
    gb_only: bool = True
    utf8_lines: int = 0
    mojibake: int = 0


def detect_encoding(
    path: Path, name: str, limits: Limits, ask_sisters: Callable[[], str | None] = lambda: None
) -> TextForm:
    """Return the form of a text file; raise FileRefused for one that cannot be read as one text.

    Bytes that are text in two encodings are read like the sister files; `ask_sisters` returns how those are written,
    None where they do not tell either.
    """
    with open(path, "rb") as file:
        head = file.read(64)
    _refuse_disguise(head, name)
    if head[:2] in _UTF16:
        _survey_utf16(path, name)
        return TextForm(_UTF16[head[:2]], "utf-16")
    survey = _survey_bytes(path, name, limits)
    has_bom = head.startswith(codecs.BOM_UTF8)
    if survey.utf8_only and survey.gb_only and not survey.is_ascii and not has_bom:
        scales = _weigh_readings(path, name, limits)
        if not scales.is_chinese_utf8:
            return _choose_reading(scales, ask_sisters(), survey, name)
    form = _judge(path, name, limits, survey, has_bom)
    if survey.mojibake * _ONE_IN > survey.lines:
        raise FileRefused("mojibake", file=name, places=survey.mojibake)
    return form


def find_disguise(head: bytes) -> str | None:
    """Name what a file's first bytes say it is; None when they say nothing."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return next(
        (
            kind
            for magic, kind in _DISGUISES.items()
            if head.startswith(magic) or start.startswith(magic)
        ),
        None,
    )


def _refuse_disguise(head: bytes, name: str) -> None:
    if not head:
        raise FileRefused("empty_file", file=name)
    if kind := find_disguise(head):
        raise FileRefused("disguised", file=name, looks_like=kind)


def _judge(path: Path, name: str, limits: Limits, survey: _Survey, has_bom: bool) -> TextForm:
    if survey.utf8_only:
        form = TextForm("utf-8-sig", "utf-8-sig") if has_bom else TextForm("utf-8", "utf-8")
        return replace(form, is_telling=not survey.is_ascii)
    if survey.gb_only and not survey.utf8_lines and not has_bom:
        return TextForm("gb18030", "gb18030")
    utf8, chinese_gb = _count_kinds(path, name, limits)
    fewer = chinese_gb if has_bom else min(utf8, chinese_gb)
    if fewer and fewer * _ONE_IN >= utf8 + chinese_gb:
        raise FileRefused("mixed_encodings", file=name, utf8_lines=utf8, gb18030_lines=chinese_gb)
    note = ("undecodable bytes replaced by U+FFFD",)
    if has_bom:
        return TextForm("utf-8-sig", "utf-8-sig", note)
    is_gb = chinese_gb > utf8 or (survey.gb_only and not utf8)
    return TextForm("gb18030", "gb18030", note) if is_gb else TextForm("utf-8", "utf-8", note)


def _survey_bytes(path: Path, name: str, limits: Limits) -> _Survey:
    survey = _Survey()
    for block in whole_lines(read_data(path), name, limits):
        if (at := block.find(b"\0")) >= 0:
            raise FileRefused(
                "nul_byte", file=name, line=survey.lines + block.count(b"\n", 0, at) + 1
            )
        survey.lines += max(block.count(b"\n"), 1)
        if not block.isascii():
            survey.is_ascii = False
            _survey_block(block, survey)
    return survey


def _survey_block(block: bytes, survey: _Survey) -> None:
    text = _decode_strictly(block, "utf-8")
    if text is not None:
        survey.utf8_lines += bool(UTF8_HANZI.search(block))
        survey.gb_only = survey.gb_only and _decode_strictly(block, "gb18030") is not None
    else:
        survey.utf8_only = False
        survey.utf8_lines += _count_utf8_lines(block)
        text = _decode_strictly(block, "gb18030")
        survey.gb_only = survey.gb_only and text is not None
    survey.mojibake += count_mojibake(text or "")


# -- bytes that are text in two encodings ------------------------------------------------------------------------


@dataclass
class _Scales:
    """The characters beyond ASCII of both readings, and how many of them are everyday Chinese."""

    utf8: int = 0
    utf8_common: int = 0
    gb: int = 0
    gb_common: int = 0
    is_latin: bool = True  # as UTF-8 nothing but letters and signs of Western Europe
    mojibake_gb: int = 0

    @property
    def is_chinese_utf8(self) -> bool:
        """Whether only the reading as UTF-8 is Chinese."""
        return 2 * self.utf8_common >= self.utf8 and 2 * self.gb_common < self.gb

    @property
    def likely(self) -> str:
        """The more likely reading, where nothing else tells."""
        return "gb18030" if not self.is_latin and 2 * self.gb_common >= self.gb else "utf-8"


def _weigh_readings(path: Path, name: str, limits: Limits) -> _Scales:
    scales = _Scales()
    for block in whole_lines(read_data(path), name, limits):
        if block.isascii():
            continue
        utf8, gb = block.decode("utf-8"), block.decode("gb18030")
        common, all_of_it = count_common(utf8)
        scales.utf8_common, scales.utf8 = scales.utf8_common + common, scales.utf8 + all_of_it
        common, all_of_it = count_common(gb)
        scales.gb_common, scales.gb = scales.gb_common + common, scales.gb + all_of_it
        scales.is_latin = scales.is_latin and max(utf8) <= "\u00ff"
        scales.mojibake_gb += count_mojibake(gb)
    return scales


def _choose_reading(scales: _Scales, sisters: str | None, survey: _Survey, name: str) -> TextForm:
    encoding = sisters or scales.likely
    mojibake = scales.mojibake_gb if encoding == "gb18030" else survey.mojibake
    if mojibake * _ONE_IN > survey.lines:
        raise FileRefused("mojibake", file=name, places=mojibake)
    if sisters:
        note = f"well-formed as UTF-8 and as GB18030: read as {encoding} like the other files"
    else:
        note = f"encoding doubtful: well-formed as UTF-8 and as GB18030, read as {encoding}"
    return TextForm(encoding, encoding, (note,), is_telling=False)


def _count_utf8_lines(block: bytes) -> int:
    """Count the lines that are Chinese in UTF-8; looks only at lines with a UTF-8 hanzi's byte pattern."""
    count = done = 0
    for match in UTF8_HANZI.finditer(block):
        if match.start() < done:
            continue
        start, done = (
            block.rfind(b"\n", 0, match.start()) + 1,
            block.find(b"\n", match.end()) % (len(block) + 1),
        )
        text = _decode_strictly(block[start:done], "utf-8")
        count += text is not None and is_chinese(text)
    return count


def _count_kinds(path: Path, name: str, limits: Limits) -> tuple[int, int]:
    """Count the lines that are Chinese in UTF-8 and those that are Chinese in GB18030."""
    utf8 = chinese_gb = 0
    for block in whole_lines(read_data(path), name, limits):
        for line in () if block.isascii() else block.splitlines():
            kind = None if line.isascii() else _kind_of(line)
            utf8 += kind == "utf-8"
            chinese_gb += kind == "gb18030"
    return utf8, chinese_gb


def _kind_of(line: bytes) -> str | None:
    """Return the encoding under which a line reads as Chinese, a broken byte or two allowed."""
    text = _decode_strictly(line, "utf-8")
    if text is not None:
        return "utf-8" if is_chinese(text) else None
    shares = {codec: share_common(line.decode(codec, "replace")) for codec in ("utf-8", "gb18030")}
    best = max(shares, key=lambda codec: shares[codec])
    return best if shares[best] >= 0.3 else None


def _decode_strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _survey_utf16(path: Path, name: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    lines = mojibake = 0
    for data in read_data(path):
        text = decoder.decode(data)
        if "\0" in text:
            raise FileRefused(
                "nul_byte", file=name, line=lines + text.count("\n", 0, text.find("\0")) + 1
            )
        lines += max(text.count("\n"), 1)
        mojibake += count_mojibake(text)
    if mojibake * _ONE_IN > lines:
        raise FileRefused("mojibake", file=name, places=mojibake)
