"""The company's workbook: KPIs, lists, orders, and what was held back.

And what audits, forecast and complaint chart found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.catalogue.outputs import judge_outputs, load_kpis, load_lists
from pipelines.documents.workbooks.book_plan import BookPlan
from pipelines.documents.workbooks.columns import Cell, OrderKey, Sheet, SheetRow
from pipelines.documents.workbooks.table_columns import TABLE_COLUMNS
from pipelines.documents.workbooks.workbook import Tables, write_tables
from pipelines.documents.workbooks.workbook_data import ListRow, WorkbookData
from pipelines.text.texts import load_labels

_CELL_KINDS = {"ratio": "rate", "amount": "money", "count": "integer"}
_OPERATION_SCOPES = ("company", "branch", "unit")
_COHORT_REVENUE = ("revenue_retention_rate", "net")  # a KPI and its variant
_UNCLAIMED = "unclaimed"  # the scope of customers whom no branch owns


def plan_company_book(data: WorkbookData, out: Path) -> BookPlan:
    """Return what writes `<month>_company.xlsx`."""
    path = out / f"{data.version.month}_company.xlsx"
    write = partial(_write_company_book, data, path)
    return BookPlan("company", "company", path, write)


def _write_company_book(data: WorkbookData, path: Path) -> None:
    """Write the workbook; sheets of findings that there are none of are left out."""
    kpi_rows = sorted(data.read_table("kpi_monthly"), key=_order_kpis)
    rows_by_sheet: dict[str, Sequence[SheetRow]] = {
        "kpi": _build_kpi_rows(data, kpi_rows),
        "lists": [_build_list_row(data, row) for row in data.list_rows],
        "orders": _build_order_rows(data),
        "withheld": _build_held_back_rows(data, kpi_rows),
        "why_not": _build_why_not_rows(data),
    }
    findings: dict[str, Sequence[SheetRow]] = {
        "audit": _build_audit_rows(data),
        "forecast": _build_forecast_rows(data),
        "complaint": _build_complaint_rows(data),
        "operation": _build_operation_rows(data, kpi_rows),
    }
    for name, rows in findings.items():
        if rows:
            rows_by_sheet[name] = rows

    sheets = []
    for name, rows in rows_by_sheet.items():
        sheets.append(Sheet(name, TABLE_COLUMNS[name], rows, frozen=1))
    stamp = data.make_stamp(data.find_label("scope.company"))
    book = Tables(stamp, tuple(sheets))
    write_tables(path, book, load_labels(data.language))


def _describe_scope(data: WorkbookData, row: Any) -> dict[str, object]:
    """Return a row's scope in words."""
    name = row["scope_id"]
    if name == _UNCLAIMED:
        name = data.find_label("scope.unclaimed")
    kind = data.find_label(f"scope.{row['scope_kind']}")
    return {"scope_kind": kind, "scope_id": name}


# -- KPIs, lists, what was held back -----------------------------------------------------------


def _order_kpis(row: Any) -> OrderKey:
    """By KPI, the default variant first."""
    is_further = not row["is_default"]
    return row["kpi"], is_further, row["scope_kind"]


def _build_kpi_rows(data: WorkbookData, kpi_rows: Sequence[Any]) -> list[SheetRow]:
    """Return the KPIs with titles and reasons in words, their figures in their units."""
    # Of variants that share a name the last file's front matter has unit and title.
    meta_of = {kpi.name: kpi.meta for kpi in load_kpis()}
    found: list[SheetRow] = []
    for row in kpi_rows:
        meta = meta_of[row["kpi"]]
        cell_kind = _CELL_KINDS.get(meta["unit"], "number")
        found.append(
            {
                **row,
                "kpi_title": meta["title"][data.language],
                **_describe_scope(data, row),
                "value": Cell(cell_kind, row["value"]),
                "target": Cell(cell_kind, row["target"]),
                "gap": Cell(cell_kind, row["gap"]),
                "status": data.find_label(f"status.{row['status']}"),
                "reason": data.describe_reason(row["reason"]),
            }
        )

    return found


def _build_list_row(data: WorkbookData, row: ListRow) -> SheetRow:
    """Return a list with how many orders it has, what they are worth, when they are due."""
    name = row["list"]
    orders = [order for order in data.orders if order["list"] == name]
    amounts = [order["amount"] for order in orders if order["amount"] is not None]
    due_days = [order["due_on"] for order in orders]
    spec = next(spec for spec in load_lists() if spec.name == name)
    return {
        "list_title": data.list_titles[name],
        "purpose": data.find_label(f"purpose.{spec.meta['purpose']}"),
        "order_count": len(orders),
        "amount": sum(amounts) if amounts else None,
        "due_on": min(due_days, default=None),
        "status": data.find_label(f"status.{row['status']}"),
        "reason": data.describe_reason(row["reason"]),
    }


def _build_order_rows(data: WorkbookData) -> list[SheetRow]:
    """Return all orders in the order to work them; names and numbers of people masked."""
    rows: list[SheetRow] = []
    for rank, order in enumerate(data.orders, start=1):
        rows.append(data.build_work_row(rank, order, is_owner=False))
    return rows


def _build_held_back_rows(
    data: WorkbookData, kpi_rows: Sequence[Any]
) -> list[SheetRow]:
    """Return everything that is not simply released, KPIs by variant and lists by title."""
    found: list[SheetRow] = []
    for state in judge_outputs(kpi_rows, data.list_rows):
        if state.status == "released":
            continue

        output = state.name
        if state.kind == "list":
            output = data.list_titles.get(state.name, state.name)
        found.append(
            {
                "output": output,
                "status": data.find_label(f"status.{state.status}"),
                "reason": data.describe_reason(state.reason),
            }
        )

    return found


def _build_why_not_rows(data: WorkbookData) -> list[SheetRow]:
    """Return how many were left out of each list and why.

    The hold-out is not among the reasons that are released.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for row in data.read_table("dispatch_why_not"):
        if row["reason"] != "holdout":
            counts[row["list"], row["reason"]] += 1

    found: list[SheetRow] = []
    for (name, reason), count in sorted(counts.items()):
        found.append(
            {
                "list_title": data.list_titles[name],
                "reason": data.describe_reason(reason),
                "customer_count": count,
            }
        )

    return found


# -- findings of the room `report` -------------------------------------------------------------


def _build_audit_rows(data: WorkbookData) -> list[SheetRow]:
    """Return what was found or closed, the dearest first."""
    rows = sorted(data.read_if_computed("report_audit"), key=_order_audits)
    found: list[SheetRow] = []
    for row in rows:
        state = "overdue" if row["is_overdue"] else row["state"]
        found.append(
            {
                **row,
                "audit_kind": data.find_label(f"audit.{row['kind']}"),
                "state": data.find_label(f"audit.{state}"),
            }
        )

    return found


def _order_audits(row: Any) -> OrderKey:
    """By kind and state, the dearest first."""
    amount = row["amount"] or 0
    return row["kind"], row["state"], -amount, row["subject_id"]


def _build_forecast_rows(data: WorkbookData) -> list[SheetRow]:
    """Return what will be open month by month up to 31 December, the company first."""
    rows = sorted(data.read_if_computed("report_forecast"), key=_order_forecasts)
    return [{**row, **_describe_scope(data, row)} for row in rows]


def _order_forecasts(row: Any) -> OrderKey:
    """The company first, then its parts, each month by month."""
    is_part = row["scope_kind"] != "company"
    return is_part, row["scope_id"], row["about_month"]


def _build_complaint_rows(data: WorkbookData) -> list[SheetRow]:
    """Return the weeks that could be judged, the latest first."""
    weeks = data.read_if_computed("report_complaint_week")
    judged = [week for week in weeks if week["expected"] is not None]
    signals = {name: data.find_label(f"complaint.{name}") for name in ("high", "low")}
    found: list[SheetRow] = []
    for week in sorted(judged, key=_order_weeks):
        scope = _describe_scope(data, week)
        signal = signals.get(week["signal"])
        found.append({**week, **scope, "signal": signal})
    return found


def _order_weeks(week: Any) -> OrderKey:
    """The company first, then its parts, each with its latest week first."""
    is_part = week["scope_kind"] != "company"
    day = week["week_begins_on"].toordinal()
    return is_part, week["scope_id"], -day


def _build_operation_rows(
    data: WorkbookData, kpi_rows: Sequence[Any]
) -> list[SheetRow]:
    """Return cohort, cost and increment of company, branches and units.

    Nothing while the cohort's revenue may not be used.
    """
    if not _is_cohort_revenue_usable(kpi_rows):
        return []

    rows = data.read_if_computed("report_operation")
    found: list[SheetRow] = []
    for row in sorted(rows, key=_order_operations):
        scope = _describe_scope(data, row)
        effect_state = data.find_label(f"effect.{row['effect_state']}")
        found.append({**row, **scope, "effect_state": effect_state})
    return found


def _order_operations(row: Any) -> OrderKey:
    """The company first, then its branches, then their units."""
    level = _OPERATION_SCOPES.index(row["scope_kind"])
    return level, row["scope_id"]


def _is_cohort_revenue_usable(kpi_rows: Sequence[Any]) -> bool:
    """Whether the KPI is there, and released in every scope."""
    statuses = set()
    for row in kpi_rows:
        if (row["kpi"], row["variant"]) == _COHORT_REVENUE:
            statuses.add(row["status"])
    return bool(statuses) and statuses <= {"released", "caveat"}
