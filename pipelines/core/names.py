"""How the name of a delivered thing is shown: a file, a sheet, whoever handed it in."""

from __future__ import annotations

import unicodedata

# Control, direction and other invisible characters, line ends, private and unassigned code points.
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_BREAKS = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}
_BYTES = range(0xDC80, 0xDD00)  # how Python carries a byte that is no text


def show_name(name: str) -> str:
    r"""Return a name as one line of visible text.

    `\xff` stands for a byte that is no text, `\u202e` for a character that cannot be seen. A
    backslash is doubled, so that no two names are shown alike.
    """
    if name.isascii() and name.isprintable() and "\\" not in name:
        return name
    return "".join(_show_character(character) for character in name)


def _show_character(character: str) -> str:
    """Show one character: itself, or the escape that stands for it."""
    code = ord(character)
    if code in _BYTES:
        return f"\\x{code - 0xDC00:02x}"
    if character in _BREAKS:
        return _BREAKS[character]
    if unicodedata.category(character) not in _UNSEEN:
        return character
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"
