"""Words of this office that make a password easy to guess."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What is on the door, in both languages, and what people here are called.
OFFICE_WORDS = (
    "retention",
    "console",
    "office",
    "manager",
    "password",
    "telecom",
    "liucun",
    "weixi",
    "dianxin",
    "yidong",
    "liantong",
    "mima",
)
_LETTERS_BESIDES = 6


class OfficeWordsValidator:
    """Refuses a password that is a word of the office with little besides."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a password that is mostly one of the words."""
        plain = password.casefold()
        for word in OFFICE_WORDS:
            if word in plain and len(plain) - len(word) < _LETTERS_BESIDES:
                raise ValidationError(self.get_help_text(), code="office_word")

    def get_help_text(self) -> str:
        """Return what a password must not be."""
        return _("A word of this office with a few letters is easy to guess.")  # type: ignore[no-any-return]
