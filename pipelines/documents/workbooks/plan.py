"""A year's plan as a workbook: a sheet a measure, a row a scope, a column a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, TypedDict

from pipelines.catalogue.outputs import load_kpis
from pipelines.documents.workbooks.columns import Column, Sheet, SheetRow
from pipelines.documents.workbooks.sheet import Canvas, draw_sheet, open_workbook
from pipelines.store.files import replacing
from pipelines.store.lake import Version
from pipelines.text.safe_text import name_tabs
from pipelines.text.texts import fill_label, load_labels

_CELL_KINDS = {0: "integer", 2: "money"}  # by the decimals that a measure's parts have
_UNCLAIMED = "unclaimed"


class PartRow(TypedDict):
    """A row of `plan_part`: a scope's share of a measure in a month, or of no month of its own."""

    measure: str
    month: str | None
    scope_kind: str
    scope_id: str
    branch_id: str
    amount: Decimal


@dataclass
class _ScopeLine:
    """A scope's amounts by month, and their sum."""

    kind: str
    branch: str
    manager: str
    amounts: dict[str, Decimal]
    whole_year: Decimal = Decimal(0)


def export_plan(version: Version, out: Path, language: str) -> Path:
    """Write `plan_<year>.xlsx` and return it; the same version gives the same bytes."""
    plan = version.plan_inputs.plan
    year = plan["year"]
    parts: list[PartRow] = version.read_arrow("plan_part").to_pylist()
    months = _list_months(parts)

    sheets = []
    for name in sorted(plan["measures"]):
        own_parts = [part for part in parts if part["measure"] == name]
        sheet = _make_measure_sheet(name, version, own_parts, months, language)
        sheets.append(sheet)
    if plan["handed_down"]:
        sheets.append(_make_sheet_of_handed_down(plan["handed_down"], language))

    path = out / f"plan_{year}.xlsx"
    title = fill_label(language, "plan.title", year=year, version=version.number)
    properties = {"title": title, "created": datetime(year, 1, 1)}
    # A column of a month is called as the month is.
    titles = load_labels(language) | {month: month for month in months}
    _write_book(path, sheets, titles, language, properties)
    return path


def _list_months(parts: Sequence[PartRow]) -> list[str]:
    """Return the months that parts are of, each once, in their order."""
    months: dict[str, None] = {}
    for part in parts:
        month = part["month"]
        if month:
            months[month] = None
    return list(months)


def _write_book(
    path: Path,
    sheets: Sequence[Sheet],
    titles: Mapping[str, str],
    language: str,
    properties: Mapping[str, object],
) -> None:
    """Write the sheets as a workbook with nothing of the clock in it."""
    raw = BytesIO()
    canvas = Canvas(open_workbook(raw), titles, language)
    canvas.book.set_properties(properties)
    tabs = name_tabs([sheet.title for sheet in sheets])
    for sheet, tab in zip(sheets, tabs, strict=True):
        draw_sheet(canvas, sheet, tab)
    canvas.book.close()
    with replacing(path) as temporary:
        temporary.write_bytes(raw.getvalue())


def _make_measure_sheet(
    name: str,
    version: Version,
    parts: Sequence[PartRow],
    months: list[str],
    language: str,
) -> Sheet:
    """Return the sheet of one measure; its note says by which key it was split."""
    inputs = version.plan_inputs
    measure = inputs.plan["measures"][name]
    key = measure["key"]
    note = fill_label(
        language,
        "plan.note",
        version=version.number,
        key_version=key["version"],
        hash=inputs.keys[name],
        month=key["month"],
    )

    cell_kind = _CELL_KINDS.get(measure["places"], "number")
    amounts = [Column(month, 14, cell_kind) for month in ("plan.whole_year", *months)]
    columns = (
        Column("scope_kind", 12),
        Column("branch_id", 12),
        Column("manager_id", 14),
        *amounts,
    )
    rows = [_build_row(line, language) for line in _sum_by_scope(parts)]
    return Sheet(
        name=name,
        columns=columns,
        rows=rows,
        title=measure["title"].get(language, name),
        note=note,
        frozen=3,
    )


def _sum_by_scope(parts: Sequence[PartRow]) -> list[_ScopeLine]:
    """Lay a measure's parts out by scope: the company, then each branch before its managers."""
    lines: dict[tuple[str, str], _ScopeLine] = {}
    for part in parts:
        branch, manager = _find_branch_and_manager(part)
        new = _ScopeLine(part["scope_kind"], branch, manager, {})
        line = lines.setdefault((branch, manager), new)
        month = part["month"]
        if month is not None:
            line.amounts[month] = part["amount"]
            line.whole_year += part["amount"]

    return list(lines.values())


def _find_branch_and_manager(part: PartRow) -> tuple[str, str]:
    """Return the branch and the manager of a part; empty where it is of neither."""
    if part["scope_kind"] == "manager":
        return part["branch_id"], part["scope_id"]
    if part["scope_kind"] == "branch":
        return part["scope_id"], ""
    return "", ""


def _build_row(line: _ScopeLine, language: str) -> SheetRow:
    """Return the row of a scope, its amounts by month."""
    row: dict[str, object] = {
        "scope_kind": fill_label(language, f"scope.{line.kind}"),
        "plan.whole_year": line.whole_year,
        "branch_id": _name_scope(line.branch, language),
        "manager_id": _name_scope(line.manager, language),
    }
    row.update(line.amounts)
    return row


def _name_scope(scope_id: str, language: str) -> str:
    """Return what a scope is called in a row: its id, but for what nobody owns."""
    if scope_id == _UNCLAIMED:
        return fill_label(language, "scope.unclaimed")
    return scope_id


def _make_sheet_of_handed_down(
    handed_down: Sequence[Mapping[str, Any]], language: str
) -> Sheet:
    """Return the targets that were handed down as they are, and split by nothing."""
    titles = {kpi.name: kpi.meta["title"][language] for kpi in load_kpis()}
    rows: list[SheetRow] = []
    for target in handed_down:
        scope_kind = target["scope_kind"]
        row = {
            "kpi_title": titles[target["kpi"]],
            "scope_kind": fill_label(language, f"scope.{scope_kind}"),
            "scope_id": ", ".join(target["scope_ids"] or ()),
            "value": target["value"] or ", ".join(target["values"]),
        }
        rows.append(row)

    columns = (
        Column("kpi_title", 28),
        Column("scope_kind", 12),
        Column("scope_id", 30),
        Column("value", 40),
    )
    title = fill_label(language, "plan.handed_down")
    return Sheet("handed_down", columns, rows, title=title)
