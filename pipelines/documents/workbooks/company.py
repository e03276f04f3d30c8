"""The company's workbook: KPIs, lists, orders, and what was held back.

And what audits, forecast and complaint chart found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypedDict

from pipelines.catalogue.outputs import (
    find_multiplier,
    judge_outputs,
    load_kpis,
    load_lists,
)
from pipelines.documents.workbooks.book_plan import BookPlan
from pipelines.documents.workbooks.columns import Cell, OrderKey, Sheet, SheetRow
from pipelines.documents.workbooks.table_columns import OFFER_COLUMNS, TABLE_COLUMNS
from pipelines.documents.workbooks.workbook import Tables, write_tables
from pipelines.documents.workbooks.workbook_data import ListRow, WorkbookData
from pipelines.text.texts import load_labels

_CELL_KINDS = {"ratio": "rate", "amount": "money", "count": "integer"}
_OPERATION_SCOPES = ("company", "branch", "unit")
_COHORT_REVENUE = ("revenue_retention_rate", "net")  # a KPI and its variant
_UNCLAIMED = "unclaimed"  # the scope of customers whom no branch owns


class KpiRow(TypedDict):
    """A row of `kpi_monthly`: a KPI's figures of a scope, and whether they may be used."""

    kpi: str
    variant: str
    is_default: bool
    scope_kind: str
    scope_id: str
    value: float | None
    target: float | None
    gap: float | None
    rank: int | None
    numerator: Decimal | None
    status: str
    reason: str | None


class AuditRow(TypedDict):
    """A row of `report_audit`: what was found, of which kind, and whether it is closed."""

    kind: str
    subject_id: str
    amount: Decimal | None
    state: str
    is_overdue: bool


class ForecastRow(TypedDict):
    """A row of `report_forecast`: what will be open of a scope at the end of a month."""

    scope_kind: str
    scope_id: str
    about_month: str


class WeekRow(TypedDict):
    """A row of `report_complaint_week`; nothing is expected of a week that cannot be judged."""

    scope_kind: str
    scope_id: str
    week_begins_on: date
    expected: float | None
    signal: str | None


class OperationRow(TypedDict):
    """A row of `report_operation`: what retention costs in a scope, and what it keeps."""

    scope_kind: str
    scope_id: str
    effect_state: str


class ScopedOffers(TypedDict):
    """A row of `report_offer`: what the offers of a scope's orders cost."""

    scope_kind: str
    scope_id: str
    offer_count: int
    offer_cost_amount: Decimal
    offer_added_amount: Decimal


ScopedRow = KpiRow | ForecastRow | WeekRow | OperationRow | ScopedOffers


def plan_company_book(data: WorkbookData, out: Path) -> BookPlan:
    """Return what writes `<month>_company.xlsx`."""
    path = out / f"{data.version.month}_company.xlsx"
    write = partial(_write_company_book, data, path)
    return BookPlan("company", "company", path, write)


def _write_company_book(data: WorkbookData, path: Path) -> None:
    """Write the workbook; sheets of findings that there are none of are left out."""
    kpi_rows: list[KpiRow] = data.read_table("kpi_monthly")
    kpi_rows.sort(key=_order_kpis)
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
        columns = TABLE_COLUMNS[name]
        has_offers = data.version.is_computed("report_offer")
        if has_offers and name == "operation":
            columns = (*columns, *OFFER_COLUMNS)
        sheet = Sheet(name, columns, rows, frozen=1)
        sheets.append(sheet)

    company = data.find_label("scope.company")
    stamp = data.make_stamp(company)
    book = Tables(stamp, tuple(sheets))
    write_tables(path, book, load_labels(data.language))


def _describe_scope(data: WorkbookData, row: ScopedRow) -> dict[str, object]:
    """Return a row's scope in words."""
    name = row["scope_id"]
    if name == _UNCLAIMED:
        name = data.find_label("scope.unclaimed")
    kind = data.find_label(f"scope.{row['scope_kind']}")
    return {"scope_kind": kind, "scope_id": name}


# -- KPIs, lists, what was held back -----------------------------------------------------------


def _order_kpis(row: KpiRow) -> OrderKey:
    """By KPI, the default variant first."""
    is_further = not row["is_default"]
    return row["kpi"], is_further, row["scope_kind"]


def _build_kpi_rows(data: WorkbookData, kpi_rows: Sequence[KpiRow]) -> list[SheetRow]:
    """Return the KPIs with titles and reasons in words, their figures in their units."""
    # Of variants that share a name the last file's front matter has unit and title.
    meta_of = {kpi.name: kpi.meta for kpi in load_kpis()}
    found: list[SheetRow] = []
    for row in kpi_rows:
        meta = meta_of[row["kpi"]]
        cell_kind = _CELL_KINDS.get(meta["unit"], "number")
        shown: dict[str, object] = {**row}
        shown["kpi_title"] = meta["title"][data.language]
        shown["kpi_rank"] = row["rank"]
        shown["numerator"] = _state_numerator(data, row, meta["unit"])
        shown |= _describe_scope(data, row)
        for measure in ("value", "target", "gap"):
            shown[measure] = Cell(cell_kind, shown[measure])
        shown |= _describe_state(data, row["status"], row["reason"])
        found.append(shown)

    return found


def _state_numerator(data: WorkbookData, row: KpiRow, unit: str) -> Decimal | None:
    """Return a numerator in what it counts; None where there is none."""
    numerator = row["numerator"]
    if numerator is None:
        return None
    return numerator / find_multiplier(unit, data.version.month)


def _describe_state(
    data: WorkbookData, status: str, reason: str | None
) -> dict[str, object]:
    """Return in words what became of an output, and why."""
    return {
        "status": data.find_label(f"status.{status}"),
        "reason": data.describe_reason(reason),
    }


def _build_list_row(data: WorkbookData, row: ListRow) -> SheetRow:
    """Return a list with how many orders it has, what they are worth, when they are due."""
    name = row["list"]
    orders = [order for order in data.orders if order["list"] == name]
    amounts = [order["amount"] for order in orders if order["amount"] is not None]
    due_days = [order["due_on"] for order in orders]

    spec = next(spec for spec in load_lists() if spec.name == name)
    purpose = spec.meta["purpose"]
    return {
        "list_title": data.list_titles[name],
        "purpose": data.find_label(f"purpose.{purpose}"),
        "order_count": len(orders),
        "amount": sum(amounts) if amounts else None,
        "due_on": min(due_days, default=None),
        **_describe_state(data, row["status"], row["reason"]),
    }


def _build_order_rows(data: WorkbookData) -> list[SheetRow]:
    """Return all orders in the order to work them; names and numbers of people masked."""
    rows: list[SheetRow] = []
    for rank, order in enumerate(data.orders, start=1):
        rows.append(data.build_work_row(rank, order, is_masked=True))
    return rows


def _build_held_back_rows(
    data: WorkbookData, kpi_rows: Sequence[KpiRow]
) -> list[SheetRow]:
    """Return everything that is not simply released, KPIs by variant and lists by title."""
    found: list[SheetRow] = []
    for state in judge_outputs(kpi_rows, data.list_rows):
        if state.status == "released":
            continue

        output = state.name
        if state.kind == "list":
            output = data.list_titles.get(state.name, state.name)
        in_words = _describe_state(data, state.status, state.reason)
        found.append({"output": output, **in_words})

    return found


def _build_why_not_rows(data: WorkbookData) -> list[SheetRow]:
    """Return how many were left out of each list and why.

    The hold-out is not among the reasons that are released.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for row in data.read_table("dispatch_why_not"):
        reason = row["reason"]
        if reason != "holdout":
            counts[row["list"], reason] += 1

    found: list[SheetRow] = []
    for (name, reason), count in sorted(counts.items()):
        shown = {
            "list_title": data.list_titles[name],
            "reason": data.describe_reason(reason),
            "customer_count": count,
        }
        found.append(shown)

    return found


# -- findings of the room `report` -------------------------------------------------------------


def _build_audit_rows(data: WorkbookData) -> list[SheetRow]:
    """Return what was found or closed, the dearest first."""
    rows: list[AuditRow] = data.read_if_computed("report_audit")
    found: list[SheetRow] = []
    for row in sorted(rows, key=_order_audits):
        state = "overdue" if row["is_overdue"] else row["state"]
        shown: dict[str, object] = {**row}
        shown["audit_kind"] = data.find_label(f"audit.{row['kind']}")
        shown["state"] = data.find_label(f"audit.{state}")
        found.append(shown)

    return found


def _order_audits(row: AuditRow) -> OrderKey:
    """By kind and state, the dearest first."""
    amount = row["amount"] or 0
    return row["kind"], row["state"], -amount, row["subject_id"]


def _build_forecast_rows(data: WorkbookData) -> list[SheetRow]:
    """Return what will be open month by month up to 31 December, the company first."""
    rows: list[ForecastRow] = data.read_if_computed("report_forecast")
    found: list[SheetRow] = []
    for row in sorted(rows, key=_order_forecasts):
        scope = _describe_scope(data, row)
        found.append({**row, **scope})
    return found


def _order_forecasts(row: ForecastRow) -> OrderKey:
    """The company first, then its parts, each month by month."""
    is_part = row["scope_kind"] != "company"
    return is_part, row["scope_id"], row["about_month"]


def _build_complaint_rows(data: WorkbookData) -> list[SheetRow]:
    """Return the weeks that could be judged, the latest first."""
    weeks: list[WeekRow] = data.read_if_computed("report_complaint_week")
    judged = [week for week in weeks if week["expected"] is not None]
    signals = {
        "high": data.find_label("complaint.high"),
        "low": data.find_label("complaint.low"),
    }

    found: list[SheetRow] = []
    for week in sorted(judged, key=_order_weeks):
        scope = _describe_scope(data, week)
        signal = signals.get(week["signal"] or "")
        found.append({**week, **scope, "signal": signal})
    return found


def _order_weeks(week: WeekRow) -> OrderKey:
    """The company first, then its parts, each with its latest week first."""
    is_part = week["scope_kind"] != "company"
    day = week["week_begins_on"].toordinal()
    return is_part, week["scope_id"], -day


def _build_operation_rows(
    data: WorkbookData, kpi_rows: Sequence[KpiRow]
) -> list[SheetRow]:
    """Return cohort, cost and increment of company, branches and units.

    Nothing while the cohort's revenue may not be used.
    """
    if not _is_cohort_revenue_usable(kpi_rows):
        return []

    rows: list[OperationRow] = data.read_if_computed("report_operation")
    offers = _read_offers(data)
    found: list[SheetRow] = []
    for row in sorted(rows, key=_order_operations):
        scope = _describe_scope(data, row)
        effect_state = data.find_label(f"effect.{row['effect_state']}")
        scope_key = _take_scope(row)
        offered = offers.get(scope_key, {})
        filled = {**row, **offered, **scope, "effect_state": effect_state}
        found.append(filled)
    return found


def _read_offers(data: WorkbookData) -> dict[tuple[str, str], Mapping[str, object]]:
    """What offers went out with the month's orders, by scope; none where none are delivered."""
    rows: list[ScopedOffers] = data.read_if_computed("report_offer")
    found: dict[tuple[str, str], Mapping[str, object]] = {}
    for row in rows:
        scope_key = _take_scope(row)
        found[scope_key] = row
    return found


def _take_scope(row: ScopedRow) -> tuple[str, str]:
    """What tells a row's scope apart."""
    kind = row["scope_kind"]
    scope_id = row["scope_id"]
    return kind, scope_id


def _order_operations(row: OperationRow) -> OrderKey:
    """The company first, then its branches, then their units."""
    level = _OPERATION_SCOPES.index(row["scope_kind"])
    return level, row["scope_id"]


def _is_cohort_revenue_usable(kpi_rows: Sequence[KpiRow]) -> bool:
    """Whether the KPI is there, and released in every scope."""
    statuses = set()
    for row in kpi_rows:
        if (row["kpi"], row["variant"]) == _COHORT_REVENUE:
            statuses.add(row["status"])
    return bool(statuses) and statuses <= {"released", "caveat"}
