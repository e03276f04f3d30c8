"""A released month as it was published against what is known now, figure by figure, with causes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from console.figures.kpis import Wanted, load_meanings, say_gap
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label
from pipelines.text.units import format_figure

_COMPANY = {"scope_kind": "company", "scope_id": "company"}


@dataclass(frozen=True)
class RestatedFigure:
    """A figure of the company that is another one by now, and by how much each cause changed it."""

    title: str
    published: str
    known: str
    difference: str
    causes: str


@dataclass(frozen=True)
class RestatedOrders:
    """How many orders of a list would be others, in which way and why."""

    list_title: str
    change: str
    cause: str
    count: int


def list_restated_figures(version: Version, language: str) -> list[RestatedFigure]:
    """Return the company's figures that differ, by name."""
    meanings = load_meanings(language)
    causes = _read_causes(version)
    figures = []
    for row in version.read_rows("restate_kpi", where=_COMPANY):
        wanted = Wanted(row["kpi"], row["variant"])
        is_same = row["status_published"] == row["status_known"]
        if wanted not in meanings or (not row["value_difference"] and is_same):
            continue
        meaning = meanings[wanted]
        said = [
            f"{fill_label(language, f'restate.cause.{cause}')} {_say_gap(change, meaning.unit)}"
            for cause, change in causes[wanted].items()
            if change
        ]
        figures.append(
            RestatedFigure(
                title=meaning.title,
                published=_say(row["value_published"], meaning.unit),
                known=_say(row["value_known"], meaning.unit),
                difference=_say_gap(row["value_difference"], meaning.unit),
                causes="; ".join(said),
            )
        )
    return sorted(figures, key=lambda figure: figure.title)


def _read_causes(version: Version) -> Mapping[Wanted, dict[str, Decimal | None]]:
    causes: dict[Wanted, dict[str, Decimal | None]] = defaultdict(dict)
    for row in version.read_rows("restate_cause", where=_COMPANY):
        causes[Wanted(row["kpi"], row["variant"])][row["cause"]] = row["value_change"]
    return causes


def _say(value: Any, unit: str) -> str:
    return format_figure(None if value is None else float(value), unit)


def _say_gap(gap: Any, unit: str) -> str:
    return say_gap(None if gap is None else float(gap), unit)


def count_restated_orders(
    version: Version, titles: Mapping[str, str], language: str
) -> list[RestatedOrders]:
    """Count the orders that would be others by list, change and cause; nobody is named."""
    columns = ["list", "change", "cause"]
    rows = version.read_rows("restate_order", columns)
    counts = Counter((row["list"], row["change"], row["cause"]) for row in rows)
    return [
        RestatedOrders(
            list_title=titles.get(name, name),
            change=fill_label(language, f"restate.change.{change}"),
            cause=fill_label(language, f"restate.cause.{cause}"),
            count=count,
        )
        for (name, change, cause), count in sorted(counts.items())
    ]
