"""What the gate asks of Great Expectations, and what it is told: plain values, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CountQuestion:
    """Whether a rule is kept, by the number that stands for it in a table of one row.

    `least` is the smallest share of rows that has to keep the rule; None for a query, of which no
    row may be found.
    """

    finding: str
    severity: str
    value: float
    least: Any = None


@dataclass(frozen=True)
class RowsQuestion:
    """Whether a rule is kept by the rows of a view, in a database that has the gate's views.

    `limits` are the engine's settings, the same for whoever opens the database.
    """

    finding: str
    severity: str
    type: str
    kwargs: Mapping[str, Any]
    view: str
    database: str
    limits: Mapping[str, Any]


Question = Sequence[CountQuestion] | RowsQuestion


@dataclass(frozen=True)
class Ruling:
    """What Great Expectations says of a rule; `raised` is what kept it from saying anything."""

    finding: str
    is_kept: bool
    raised: str | None = None
    observed: str = ""
    unexpected: int | None = None
    elements: int | None = None


def describe_error(error: Exception) -> str:
    """Say in a line what a check ended with."""
    lines = str(error).splitlines()
    first_line = lines[0] if lines else ""
    return f"{type(error).__name__}: {first_line[:120]}"
