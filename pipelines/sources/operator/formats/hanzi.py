"""Tell Chinese text from bytes read under the wrong encoding, by how common its characters are.

UTF-8 read as GBK gives characters that exist but that nobody uses (`张三` becomes `寮犱笁`), so
neither a decoder nor a pattern of bytes can tell the two apart; the share of everyday characters
can.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable


def _decode_level_1() -> str:
    """Return level 1 of GB 2312: the 3,755 characters ordered by sound.

    They make up nearly all running text and names.
    """
    level_1 = bytearray()
    for lead in range(0xB0, 0xD8):
        for trail in range(0xA1, 0xFF):
            level_1 += bytes((lead, trail))
    return level_1[: 3755 * 2].decode("gb2312")


COMMON = frozenset(_decode_level_1())

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_ENOUGH = 0.5  # share of everyday characters in real text; names may hold rare ones

UTF8_HANZI = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}")

# Bytes of a hanzi in UTF-8: a lead, then two continuations.
_LEADS = range(0xE4, 0xEA)
_CONTINUATIONS = range(0x81, 0xC0)  # what can be the first byte of a GBK character, too


def _list_characters(leads: Iterable[int], trails: Iterable[int]) -> str:
    """Return a regular expression's set of the GBK characters with these pairs of bytes."""
    trails = tuple(trails)
    characters: list[str] = []
    for lead in leads:
        for trail in trails:
            decoded = bytes((lead, trail)).decode("gb18030", "ignore")
            if len(decoded) == 1:
                characters.append(decoded)
    return f"[{re.escape(''.join(characters))}]"


# Two hanzi in UTF-8 are six bytes: lead cont | cont lead | cont cont, read as three GBK characters.
_UTF8_AS_GBK = re.compile(
    _list_characters(_LEADS, range(0x80, 0xC0))
    + _list_characters(_CONTINUATIONS, _LEADS)
    + _list_characters(_CONTINUATIONS, _CONTINUATIONS)
)
_LATIN_TAIL = (
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e"
    "\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_UTF8_AS_LATIN = re.compile(f"(?:[ã-é]{_LATIN_TAIL}{{2}}){{2}}")
_GBK_AS_LATIN = re.compile("(?:[°-Ö][¡-þ]){2,}")
_ASCII_TO_BLANK = b" " * 128 + bytes(range(128, 256))
_REPLACED_TWICE = (
    "锟斤拷"  # U+FFFD saved as UTF-8 and read as GBK: the text itself is gone
)


def share_common(text: str) -> float:
    """Return the share of everyday characters among the non-ASCII ones; 0 without any."""
    common, strange = count_common(text)
    if not strange:
        return 0.0
    return common / strange


def count_common(text: str) -> tuple[int, int]:
    """Count the everyday characters, and all characters beyond ASCII."""
    strange = _NON_ASCII.findall(text)
    common = sum(character in COMMON for character in strange)
    return common, len(strange)


def is_chinese(text: str) -> bool:
    """Return whether the non-ASCII part of a text is mostly everyday Chinese."""
    return share_common(text) >= _ENOUGH


def count_mojibake(text: str) -> int:
    """Count the places where a text was read under the wrong encoding and saved again."""
    if text.isascii():
        return 0
    only_strange = text.encode("utf-8", "replace").translate(_ASCII_TO_BLANK)
    runs = Counter(only_strange.split())
    return sum(
        times * _count_in_run(run.decode("utf-8")) for run, times in runs.items()
    )


def _count_in_run(text: str) -> int:
    """Count the damaged places in a run of characters beyond ASCII."""
    if len(text) < 3:
        return 0
    found = text.count(_REPLACED_TWICE) + len(_UTF8_AS_LATIN.findall(text))
    found += sum(_is_utf8_as_gbk(match[0]) for match in _UTF8_AS_GBK.finditer(text))
    found += sum(_is_gbk_as_latin(match[0]) for match in _GBK_AS_LATIN.finditer(text))
    return found


def _is_utf8_as_gbk(text: str) -> bool:
    """Whether GBK characters are everyday Chinese once their bytes are read as UTF-8."""
    try:
        original = text.encode("gb18030").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return COMMON.issuperset(original)


def _is_gbk_as_latin(text: str) -> bool:
    """Whether Latin letters are Chinese once their bytes are read as GBK."""
    if len(set(text)) < 3:  # a run of one sign, such as ···· or ××××, is a sign
        return False
    original = text.encode("latin-1").decode("gb18030", "replace")
    return is_chinese(original)
