"""The fonts that set Chinese: a package of free ones, so that each machine draws the same.

What the machine has installed is not asked: the same month gives the same bytes with and without
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import typst

# Noto Sans SC and Noto Serif SC as Noto publishes them, SIL Open Font License 1.1.
PACKAGE = "pylopdf_fonts_zh_cn"
SANS = "Noto Sans SC"
SERIF = "Noto Serif SC"


@dataclass(frozen=True)
class ChineseFonts:
    """Two families that set Chinese, and what Typst takes to find them and no others."""

    sans: str
    serif: str
    found: typst.Fonts


def find_chinese_fonts() -> ChineseFonts | None:
    """Return the fonts that set Chinese.

    None where their package, or one of its files, is missing.
    """
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        return None
    return _load_fonts(Path(package.origin).parent)


@cache
def _load_fonts(folder: Path) -> ChineseFonts | None:
    """Return the fonts of the package; None where one of the two families is missing."""
    found = typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])
    if not {SANS, SERIF} <= set(found.families()):
        return None
    return ChineseFonts(SANS, SERIF, found)
