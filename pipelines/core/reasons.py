"""Why something was not computed, was withheld, or carries a caveat: one type, one text.

A table holds reasons as text, joined by `"; "`: `absent: bill.amount (2026-05); small_denominator`.
Programs make and read that text here alone; the words that people read are made on the `text` floor
(`why.<kind>` in `locales/`).

    Reason.parse("absent: bill.amount (2026-05)")  → Reason("absent", "bill.amount", "2026-05")
    str(Reason.absent("bill.amount"))              → "absent: bill.amount"
    join_reasons([...]) · split_reasons(text)      the text of several, and back
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

SEPARATOR = "; "
_COLON = ": "
_IN_MONTH = re.compile(r"(?P<text>.*) \((?P<month>\d{4}-\d{2})\)", re.DOTALL)


class ReasonKind(StrEnum):
    """The kinds of reasons that the rooms give.

    A finding of the gate is a kind of its own, named after its check.
    """

    # Something that was to be there is not. About: a table, `table.column`, or several of them.
    ABSENT = "absent"
    REFUSED = "refused"
    # A month, or what a month must have had before. About: the month.
    NOT_HELD = "not held"
    NO_MONTH_BEFORE = "no month held before"
    NO_BASE_MONTH = "base month"
    OLDER_RELEASE = "older release"  # it kept no such table then
    NOT_DISPATCHED = "not dispatched"
    MONTHS_HELD = "months held"
    # The model. About: the reason behind it, or a word of the registry.
    NO_CHAMPION = "no champion model"
    CHAMPION_NEEDS = "champion needs"
    CHAMPION_REFUSED = "champion refused"
    NO_SCORE = "no score"
    # A list that is made with less than it should have. About: the reason behind it.
    BY_RULES_ALONE = "by rules alone"
    COMPLAINTS_UNKNOWN = "complaints unknown"
    SCORE_WATCHED = "score watched"
    PAUSED = "paused"
    # A figure. About: the checks, or the bounds.
    DOES_NOT_TIE = "does_not_tie"
    SMALL_DENOMINATOR = "small_denominator"
    TOO_FEW_ORDERS = "too few orders"
    INTERVAL = "interval"
    # A finding of the gate that somebody has accepted. About: the finding.
    WAIVED = "waived"


@dataclass(frozen=True)
class Reason:
    """One reason.

    `about` is what stands behind the colon (None: no colon), `month` another month it belongs to.

    `kind` is a `ReasonKind` or the name of a check; two reasons are equal when their texts are.
    """

    kind: str
    about: str | None = None
    month: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reason:
        """Read one reason; any text is one, and `str` gives it back unchanged."""
        in_month = _IN_MONTH.fullmatch(text)
        month = in_month["month"] if in_month else None
        rest = in_month["text"] if in_month else text
        kind, colon, about = rest.partition(_COLON)
        return cls(kind, about if colon else None, month)

    @classmethod
    def absent(cls, name: str, month: object = None) -> Reason:
        """Say that a table or column (`table.column`) is not there, in `month` if it is another."""
        return cls(ReasonKind.ABSENT, name, None if month is None else str(month))

    @classmethod
    def not_held(cls, month: object) -> Reason:
        """Say that a month is not held."""
        return cls(ReasonKind.NOT_HELD, str(month))

    def __str__(self) -> str:
        """The text as it stands in a table."""
        text = str(self.kind)
        if self.about is not None:
            text += f"{_COLON}{self.about}"
        if self.month is not None:
            text += f" ({self.month})"
        return text

    @property
    def cause(self) -> Reason | None:
        """The reason behind this one (`by rules alone: absent: score_churn`).

        None where nothing follows the colon.
        """
        if self.about is None:
            return None
        return replace(Reason.parse(self.about), month=self.month)

    def in_month(self, month: object) -> Reason:
        """The same of an earlier month.

        One that tells more in parentheses already stays as it is.
        """
        if "(" in str(self):
            return self
        return replace(self, month=str(month))


def join_reasons(reasons: Iterable[Reason | str]) -> str:
    """Return the text of several reasons, as a table holds it; the empty text for none."""
    return SEPARATOR.join(str(reason) for reason in reasons)


def split_reasons(text: str | None) -> tuple[Reason, ...]:
    """Read the reasons of a table's cell; none for an empty one."""
    if not text:
        return ()
    return tuple(Reason.parse(part) for part in text.split(SEPARATOR))
