"""A text in several languages, as people wrote it beside `zh:` and `en:` in SQL files and checks.

A third language is one file in `locales/`; what those files say is then told in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WRITTEN_IN = (
    "en",
    "zh",
)  # what every text beside a rule, a list or a KPI is written in
_OTHERWISE = "en"


class Wording(dict[str, Any]):
    """A text by language, `text[language]`; English in one that nobody wrote it in."""

    def __missing__(self, language: str) -> Any:
        """Return the English text."""
        return dict.__getitem__(self, _OTHERWISE)


def mark_wordings(content: Any) -> Any:
    """Return what was read of YAML with every mapping that has both languages as a Wording."""
    if isinstance(content, Mapping):
        marked = {key: mark_wordings(value) for key, value in content.items()}
        if all(language in marked for language in WRITTEN_IN):
            return Wording(marked)
        return marked
    if isinstance(content, list):
        return [mark_wordings(item) for item in content]
    return content
