"""The summary's annex as a workbook: every figure with its source, and the tables that are too wide for a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.core.month import Month
from pipelines.documents.reports.model import Paper, Wording
from pipelines.documents.workbooks.columns import ANNEX_COLUMNS
from pipelines.documents.workbooks.workbook import Cell, Sheet, Stamp, Tables, write_tables
from pipelines.store.lake import Version
from pipelines.text.texts import label, labels

Row = dict[str, Any]
_KINDS = {
    "ratio": "rate",
    "points": "rate",
    "amount": "money",
    "count": "integer",
    "rank": "integer",
}


def write_annex(
    path: Path, paper: Paper, version: Version, read: Callable[[str], Sequence[Row]]
) -> None:
    """Write the annex of a paper; the bytes depend on the month's tables alone."""
    computed = {
        name for name, entry in version.manifest["tables"].items() if entry["status"] == "computed"
    }
    words = Wording(paper.language, paper.figures, scopes_of(paper.figures))
    # A bridge that may not be used has no figures, and no sheet.
    is_bridge_usable = any(row["topic"] == "bridge" for row in paper.figures.values())
    rows = {
        "bridge": list(_bridge(words, read("kpi_bridge"))) if is_bridge_usable else [],
        "change": list(_changes(words, read("kpi_change"))) if "kpi_change" in computed else [],
    }
    others = [
        Sheet(name, ANNEX_COLUMNS[name], found, frozen=1) for name, found in rows.items() if found
    ]
    write_tables(
        path,
        Tables(stamp_of(paper, version), (figure_sheet(words), *others)),
        labels(paper.language),
    )


def kind_of(unit: str) -> str:
    """Return how a workbook's cell shows a figure of that unit."""
    return _KINDS.get(unit, "number")


def stamp_of(paper: Paper, version: Version) -> Stamp:
    """Return what a workbook that goes with a paper says of itself."""
    return Stamp(
        title=paper.title,
        language=paper.language,
        month=paper.month,
        version=version.number,
        run_id=version.identity[:12],
        created=Month.parse(paper.month).plus(1).first_day,
        is_draft=bool(paper.draft),
    )


def write_figure_book(path: Path, paper: Paper, version: Version) -> None:
    """Write a paper's figures with their sources as a workbook."""
    words = Wording(paper.language, paper.figures, scopes_of(paper.figures))
    write_tables(
        path, Tables(stamp_of(paper, version), (figure_sheet(words),)), labels(paper.language)
    )


def figure_sheet(words: Wording) -> Sheet:
    """Return the sheet of a paper's figures, which the lint reads."""
    return Sheet("figures", ANNEX_COLUMNS["figures"], list(_figures(words)), frozen=1)


def scopes_of(figures: Mapping[str, Row]) -> dict[str, str]:
    """Return what the scopes of the figures are called."""
    return {row["scope_id"]: row["scope_name"] for row in figures.values() if row["scope_name"]}


def measure_in_words(words: Wording, measure: str) -> str:
    """Return what a measure is called; the steps of the bridge are measures too."""
    known = labels(words.language)
    return known.get(f"measure.{measure}") or known.get(f"paper.step.{measure}", measure)


def _figures(words: Wording) -> Iterator[Row]:
    for row in words.figures.values():
        yield {
            "figure": row["figure"],
            "kpi_title": _topic(words, row["topic"]),
            "measure": measure_in_words(words, row["measure"]),
            "scope_id": words.scope(row["scope_id"]),
            "about_month": row["month"],
            "value": Cell(kind_of(row["unit"]), row["number"]),
            "shown": row["shown"],
            "numerator": row["numerator"],
            "denominator": row["denominator"],
            "kpi_id": row["topic"],
            "definition_version": row.get("definition_version"),
            "source": row["source"],
        }


def _topic(words: Wording, topic: str) -> str:
    """Say what a figure is about: a KPI and its variant, a list, or what has a name of its own."""
    own = labels(words.language).get(f"paper.topic.{topic}")
    if own is not None:
        return own
    name, _, variant = topic.partition(".")
    return f"{words.kpi(name)} · {words.variant(topic)}" if variant else words.kpi(name)


def _bridge(words: Wording, rows: Sequence[Row]) -> Iterator[Row]:
    scopes: dict[tuple[str, str], Row] = defaultdict(dict)
    for row in rows:
        scopes[row["scope_kind"], row["scope_id"]][f"step_{row['step']}"] = row["amount"]
    for (kind, scope), amounts in sorted(
        scopes.items(), key=lambda item: (item[0][0] != "company", item[0])
    ):
        yield {
            "scope_kind": label(words.language, f"scope.{kind}"),
            "scope_id": words.scope(scope),
            **amounts,
        }


_CHANGES = ("numerator_change", "volume", "mix", "rate", "value_change", "value_mix", "value_rate")


def _changes(words: Wording, rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        if row["status"] in ("released", "caveat"):
            yield {
                "kpi_title": words.kpi(row["kpi"]),
                "variant": row["variant"],
                "before_month": row["before_month"],
                "part_kind": label(words.language, f"scope.{row['part_kind']}"),
                "scope_id": words.scope(row["scope_id"]),
                **{name: row[name] for name in _CHANGES},
            }
