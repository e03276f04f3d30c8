"""A year's plan as a workbook: a sheet a measure, a row a scope, a column a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.catalogue.outputs import kpis
from pipelines.documents.workbooks.columns import Column, Sheet
from pipelines.documents.workbooks.sheet import Canvas, draw_sheet, open_workbook
from pipelines.store.files import replacing
from pipelines.store.lake import Version
from pipelines.text.safe_text import name_tabs
from pipelines.text.texts import label, labels

_KINDS = {0: "integer", 2: "money"}  # by the decimals that a measure's parts have
Row = Mapping[str, Any]


def export_plan(version: Version, out: Path, language: str) -> Path:
    """Write `plan_<year>.xlsx` and return it; the same version gives the same bytes."""
    plan = version.manifest["inputs"]["plan"]
    year, parts = plan["year"], pq.read_table(version.table("plan_part")).to_pylist()
    months = {str(part["month"]): str(part["month"]) for part in parts if part["month"]}
    sheets = [
        _sheet(name, version, parts, list(months), language) for name in sorted(plan["measures"])
    ]
    sheets += [_sheet_of_handed_down(plan["handed_down"], language)] if plan["handed_down"] else []
    raw = BytesIO()
    canvas = Canvas(open_workbook(raw), {**labels(language), **months}, language)
    title = label(language, "plan.title", year=year, version=version.number)
    canvas.book.set_properties({"title": title, "created": datetime(year, 1, 1)})
    for sheet, tab in zip(sheets, name_tabs([sheet.title for sheet in sheets]), strict=True):
        draw_sheet(canvas, sheet, tab)
    canvas.book.close()
    path = out / f"plan_{year}.xlsx"
    with replacing(path) as temporary:
        temporary.write_bytes(raw.getvalue())
    return path


def _sheet(
    name: str, version: Version, parts: Sequence[Row], months: list[str], language: str
) -> Sheet:
    inputs = version.manifest["inputs"]
    measure = inputs["plan"]["measures"][name]
    kind = _KINDS.get(measure["places"], "number")
    columns = (
        *(Column("scope_kind", 12), Column("branch_id", 12), Column("manager_id", 14)),
        *(Column(month, 14, kind) for month in ("plan.whole_year", *months)),
    )
    key = {
        "key_version": measure["key"]["version"],
        "hash": inputs["keys"][name],
        "month": measure["key"]["month"],
    }
    note = label(language, "plan.note", version=version.number, **key)
    rows = _by_scope([part for part in parts if part["measure"] == name], language)
    return Sheet(
        name, columns, rows, title=measure["title"].get(language, name), note=note, frozen=3
    )


def _by_scope(parts: Sequence[Row], language: str) -> list[dict[str, object]]:
    """Lay a measure's parts out by scope: the company, then each branch before its managers."""
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for part in parts:
        branch, manager = _place(part)
        new = {
            "scope_kind": label(language, f"scope.{part['scope_kind']}"),
            "plan.whole_year": Decimal(0),
        }
        row = rows.setdefault(
            (branch, manager), {**new, "branch_id": branch, "manager_id": manager}
        )
        if part["month"] is None:
            continue
        row[part["month"]] = part["amount"]
        row["plan.whole_year"] += part["amount"]
    for row in rows.values():
        unclaimed = {
            name: label(language, "scope.unclaimed")
            for name, cell in row.items()
            if cell == "unclaimed"
        }
        row.update(unclaimed)
    return list(rows.values())


def _place(part: Row) -> tuple[str, str]:
    if part["scope_kind"] == "manager":
        return part["branch_id"], part["scope_id"]
    return (part["scope_id"] if part["scope_kind"] == "branch" else ""), ""


def _sheet_of_handed_down(handed_down: Sequence[Row], language: str) -> Sheet:
    columns = (
        Column("kpi_title", 28),
        Column("scope_kind", 12),
        Column("scope_id", 30),
        Column("value", 40),
    )
    titles = {kpi.name: kpi.meta["title"][language] for kpi in kpis()}
    rows = [
        {
            "kpi_title": titles[handed["kpi"]],
            "scope_kind": label(language, f"scope.{handed['scope_kind']}"),
            "scope_id": ", ".join(handed["scope_ids"] or ()),
            "value": handed["value"] or ", ".join(handed["values"]),
        }
        for handed in handed_down
    ]
    return Sheet("handed_down", columns, rows, title=label(language, "plan.handed_down"))
