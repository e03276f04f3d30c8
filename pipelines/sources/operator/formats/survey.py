"""Count what the bytes of a text file are: text in UTF-8, text in GB18030, damaged text."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
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

# Damage on fewer lines than one in so many is left to the row, not held against the file.
ONE_IN = 1000
_ENOUGH_IN_LINE = (
    0.3  # share of everyday characters in a line with a broken byte or two
)


@dataclass
class Survey:
    """What one pass over the bytes found.

    `utf8_lines` counts lines that are Chinese in UTF-8, of blocks in it at most one a block;
    `mojibake` the places where text was read under the wrong encoding and saved again.
    """

    lines: int = 0
    is_ascii: bool = True
    utf8_only: bool = True
    gb_only: bool = True
    utf8_lines: int = 0
    mojibake: int = 0

    def check_mojibake(self, name: str, places: int | None = None) -> None:
        """Raise FileRefused if too much of the file is damaged; `places` of another reading."""
        damaged = self.mojibake if places is None else places
        if damaged * ONE_IN > self.lines:
            raise FileRefused("mojibake", file=name, places=damaged)


def survey_bytes(path: Path, name: str, limits: Limits) -> Survey:
    """Look at every byte once; raise FileRefused for a NUL byte or a line without end."""
    survey = Survey()
    for block in whole_lines(read_data(path), name, limits):
        nul = block.find(b"\0")
        if nul >= 0:
            line = survey.lines + block.count(b"\n", 0, nul) + 1
            raise FileRefused("nul_byte", file=name, line=line)

        survey.lines += max(block.count(b"\n"), 1)
        if not block.isascii():
            survey.is_ascii = False
            _survey_block(block, survey)
    return survey


def _survey_block(block: bytes, survey: Survey) -> None:
    """Add a block that is not plain ASCII to the survey."""
    text = _decode_strictly(block, "utf-8")
    if text is not None:
        survey.utf8_lines += bool(UTF8_HANZI.search(block))
        survey.gb_only = (
            survey.gb_only and _decode_strictly(block, "gb18030") is not None
        )
    else:
        survey.utf8_only = False
        survey.utf8_lines += _count_utf8_lines(block)
        text = _decode_strictly(block, "gb18030")
        survey.gb_only = survey.gb_only and text is not None
    survey.mojibake += count_mojibake(text or "")


def survey_utf16(path: Path, name: str) -> None:
    """Raise FileRefused for UTF-16 text that holds a NUL or is damaged."""
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    survey = Survey()
    for data in read_data(path):
        text = decoder.decode(data)
        nul = text.find("\0")
        if nul >= 0:
            line = survey.lines + text.count("\n", 0, nul) + 1
            raise FileRefused("nul_byte", file=name, line=line)
        survey.lines += max(text.count("\n"), 1)
        survey.mojibake += count_mojibake(text)
    survey.check_mojibake(name)


@dataclass
class Scales:
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
        is_utf8 = 2 * self.utf8_common >= self.utf8
        is_gb = 2 * self.gb_common >= self.gb
        return is_utf8 and not is_gb

    @property
    def likely_encoding(self) -> str:
        """The more likely reading, where nothing else tells."""
        is_gb = 2 * self.gb_common >= self.gb
        if is_gb and not self.is_latin:
            return "gb18030"
        return "utf-8"


def weigh_readings(path: Path, name: str, limits: Limits) -> Scales:
    """Weigh a file whose bytes are text in UTF-8 and in GB18030."""
    scales = Scales()
    for block in whole_lines(read_data(path), name, limits):
        if block.isascii():
            continue
        utf8 = block.decode("utf-8")
        common, strange = count_common(utf8)
        scales.utf8_common += common
        scales.utf8 += strange
        scales.is_latin = scales.is_latin and max(utf8) <= "\u00ff"

        gb = block.decode("gb18030")
        common, strange = count_common(gb)
        scales.gb_common += common
        scales.gb += strange
        scales.mojibake_gb += count_mojibake(gb)
    return scales


def count_kinds(path: Path, name: str, limits: Limits) -> tuple[int, int]:
    """Count the lines that are Chinese in UTF-8 and those that are Chinese in GB18030."""
    utf8 = 0
    gb = 0
    for block in whole_lines(read_data(path), name, limits):
        if block.isascii():
            continue
        for line in block.splitlines():
            if line.isascii():
                continue
            kind = _encoding_of_line(line)
            utf8 += kind == "utf-8"
            gb += kind == "gb18030"
    return utf8, gb


def _encoding_of_line(line: bytes) -> str | None:
    """Return the encoding under which a line reads as Chinese, a broken byte or two allowed."""
    text = _decode_strictly(line, "utf-8")
    if text is not None:
        return "utf-8" if is_chinese(text) else None

    utf8_share = share_common(line.decode("utf-8", "replace"))
    gb_share = share_common(line.decode("gb18030", "replace"))
    if max(utf8_share, gb_share) < _ENOUGH_IN_LINE:
        return None
    return "utf-8" if utf8_share >= gb_share else "gb18030"


def _count_utf8_lines(block: bytes) -> int:
    """Count the lines that are Chinese in UTF-8.

    Looks only at lines with a UTF-8 hanzi's pattern of bytes.
    """
    count = 0
    done = 0
    for match in UTF8_HANZI.finditer(block):
        if match.start() < done:
            continue
        start = block.rfind(b"\n", 0, match.start()) + 1
        done = block.find(b"\n", match.end())
        if done < 0:
            done = len(block)
        text = _decode_strictly(block[start:done], "utf-8")
        if text is not None and is_chinese(text):
            count += 1
    return count


def _decode_strictly(data: bytes, codec: str) -> str | None:
    """Return bytes as text; None if they are none."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None
