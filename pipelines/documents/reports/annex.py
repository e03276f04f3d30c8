"""The summary's annex as a workbook.

Every figure with its source, and what is too wide for a page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.core.month import Month
from pipelines.documents.marks import read_marks, say_marks
from pipelines.documents.reports.model import Paper, Wording
from pipelines.documents.reports.rows import (
    BridgeRow,
    ChangeRow,
    ReadTable,
    map_scope_names,
)
from pipelines.documents.workbooks.columns import SheetRow
from pipelines.documents.workbooks.table_columns import ANNEX_COLUMNS
from pipelines.documents.workbooks.workbook import (
    Cell,
    Sheet,
    Stamp,
    Tables,
    write_tables,
)
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label, load_labels

# How a workbook's cell shows a unit; a plain number where nothing is said.
_CELL_KINDS = {
    "ratio": "rate",
    "points": "rate",
    "amount": "money",
    "count": "integer",
    "rank": "integer",
}


def write_annex(path: Path, paper: Paper, version: Version, read: ReadTable) -> None:
    """Write the annex of a paper; the bytes depend on the month's tables alone.

    A sheet without rows is left out.
    """
    words = _make_wording(paper)
    sheets = [make_figure_sheet(words)]

    # A bridge that may not be used has no figures, and no sheet.
    is_bridge_usable = any(row["topic"] == "bridge" for row in paper.figures.values())
    if is_bridge_usable:
        steps = _build_bridge_rows(words, read("kpi_bridge"))
        sheets += _make_sheet("bridge", steps)
    if version.is_computed("kpi_change"):
        changes = _build_change_rows(words, read("kpi_change"))
        sheets += _make_sheet("change", changes)

    stamp = make_paper_stamp(paper, version)
    book = Tables(stamp, tuple(sheets))
    write_tables(path, book, load_labels(paper.language))


def _make_sheet(name: str, rows: Sequence[SheetRow]) -> list[Sheet]:
    """Return the sheet, or none where it has no rows."""
    if rows:
        return [Sheet(name, ANNEX_COLUMNS[name], rows, frozen=1)]
    return []


def _make_wording(paper: Paper) -> Wording:
    """Return the words of a paper's language, with the names of its scopes."""
    return Wording(paper.language, paper.figures, map_scope_names(paper.figures))


def find_cell_kind(unit: str) -> str:
    """Return how a workbook's cell shows a figure of that unit."""
    return _CELL_KINDS.get(unit, "number")


def make_paper_stamp(paper: Paper, version: Version) -> Stamp:
    """Return what a workbook that goes with a paper says of itself."""
    return Stamp(
        title=paper.title,
        language=paper.language,
        month=paper.month,
        version=version.number,
        run_id=version.identity[:12],
        created=Month.parse(paper.month).plus(1).first_day,
        is_draft=bool(paper.draft),
        caveats=tuple(_list_marks(paper, version)),
    )


def _list_marks(paper: Paper, version: Version) -> Iterator[str]:
    """Yield what of a paper was made under a waiver, each with what was accepted."""
    words = _make_wording(paper)
    titles = {}
    for row in paper.figures.values():
        topic = row["topic"]
        titles[topic] = _name_topic(words, topic)
    marks = read_marks(version.read_rows)
    yield from say_marks(marks, titles, paper.language)


def write_figure_book(path: Path, paper: Paper, version: Version) -> None:
    """Write a paper's figures with their sources as a workbook."""
    sheet = make_figure_sheet(_make_wording(paper))
    stamp = make_paper_stamp(paper, version)
    book = Tables(stamp, (sheet,))
    write_tables(path, book, load_labels(paper.language))


def make_figure_sheet(words: Wording) -> Sheet:
    """Return the sheet of a paper's figures, which the lint reads."""
    rows = list(_build_figure_rows(words))
    return Sheet("figures", ANNEX_COLUMNS["figures"], rows, frozen=1)


def name_measure(words: Wording, measure: str) -> str:
    """Return what a measure is called; the steps of the bridge are measures too."""
    known = load_labels(words.language)
    for key in (f"measure.{measure}", f"paper.step.{measure}"):
        if known.get(key):
            return known[key]
    return measure


def _build_figure_rows(words: Wording) -> Iterator[SheetRow]:
    """Yield a row a figure: what it is about, its number, its quotient, its source."""
    for row in words.figures.values():
        yield {
            "figure": row["figure"],
            "kpi_title": _name_topic(words, row["topic"]),
            "measure": name_measure(words, row["measure"]),
            "scope_id": words.name_scope(row["scope_id"]),
            "about_month": row["month"],
            "value": Cell(find_cell_kind(row["unit"]), row["number"]),
            "shown": row["shown"],
            "numerator": row["numerator"],
            "denominator": row["denominator"],
            "kpi_id": row["topic"],
            "definition_version": row.get("definition_version"),
            "source": row["source"],
        }


def _name_topic(words: Wording, topic: str) -> str:
    """Say what a figure is about: a KPI and its variant, a list, or what has a name of its own."""
    own_name = load_labels(words.language).get(f"paper.topic.{topic}")
    if own_name is not None:
        return own_name

    name, _, variant = topic.partition(".")
    kpi = words.name_kpi(name)
    if not variant:
        return kpi
    meaning = words.name_variant(topic)
    return f"{kpi} · {meaning}"


def _build_bridge_rows(words: Wording, rows: Sequence[BridgeRow]) -> list[SheetRow]:
    """Return a row a scope, the company first, with its steps side by side."""
    amounts: dict[tuple[str, str], dict[str, object]] = defaultdict(dict)
    for row in rows:
        own_amounts = amounts[row["scope_kind"], row["scope_id"]]
        own_amounts[f"step_{row['step']}"] = row["amount"]

    found: list[SheetRow] = []
    for kind, scope in sorted(amounts, key=_order_scopes):
        found.append(
            {
                "scope_kind": fill_label(words.language, f"scope.{kind}"),
                "scope_id": words.name_scope(scope),
                **amounts[kind, scope],
            }
        )

    return found


def _order_scopes(scope: tuple[str, str]) -> tuple[bool, str, str]:
    """The company first, then by kind and id."""
    kind, scope_id = scope
    return kind != "company", kind, scope_id


def _build_change_rows(words: Wording, rows: Sequence[ChangeRow]) -> list[SheetRow]:
    """Return what moved each KPI that may be used."""
    found: list[SheetRow] = []
    for row in rows:
        if row["status"] not in ("released", "caveat"):
            continue

        part_kind = fill_label(words.language, f"scope.{row['part_kind']}")
        found.append(
            {
                "kpi_title": words.name_kpi(row["kpi"]),
                "variant": row["variant"],
                "before_month": row["before_month"],
                "part_kind": part_kind,
                "scope_id": words.name_scope(row["scope_id"]),
                "numerator_change": row["numerator_change"],
                "volume": row["volume"],
                "mix": row["mix"],
                "rate": row["rate"],
                "value_change": row["value_change"],
                "value_mix": row["value_mix"],
                "value_rate": row["value_rate"],
            }
        )

    return found
