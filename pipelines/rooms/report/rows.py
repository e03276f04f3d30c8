"""What figures and sentences are made from, and how the tables of the month are read for them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple, NotRequired

from pipelines.catalogue.figure_rows import KpiRow
from pipelines.rooms.context import Context

Number = float | Decimal


class Scope(NamedTuple):
    """What a figure is about: a scope in a month, and what the scope is called."""

    kind: str
    scope_id: str
    month: str
    name: str | None = None


class Sides(NamedTuple):
    """The numerator and denominator that a figure stands on; None where it has none."""

    numerator: Number | None
    denominator: Number | None


class ToldRow(KpiRow):
    """A KPI's row that a sentence is made of: which direction is better, and a manager's branch."""

    better: str
    home: NotRequired[str | None]


def read_table(context: Context, table: str) -> list[dict[str, Any]]:
    """Return a small table of the month as it stands."""
    return context.engine.rows(f"SELECT * FROM {table}")


def read_ordered(context: Context, table: str) -> list[dict[str, Any]]:
    """Return a small table of the month, ordered by all of its columns."""
    return context.engine.rows(f"SELECT * FROM {table} ORDER BY ALL")
