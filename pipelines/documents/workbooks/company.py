"""The company's workbook: KPIs, lists, orders, what was held back, and what audits, forecast and complaint chart found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.catalogue.outputs import kpis, lists, output_states
from pipelines.documents.workbooks.workbook import TABLE_COLUMNS, Cell, Sheet, Tables, write_tables
from pipelines.documents.workbooks.workbook_data import WorkbookData
from pipelines.text.texts import label, labels, reason_in_words

Row = dict[str, Any]
_KINDS = {"ratio": "rate", "amount": "money", "count": "integer"}


def company_book_name(data: WorkbookData) -> str:
    """Return what the company's workbook is called."""
    return f"{data.version.month}_company.xlsx"


def write_company_book(data: WorkbookData, out: Path) -> Path:
    """Write `<month>_company.xlsx`; sheets of findings that there are none of are left out."""
    path = out / company_book_name(data)
    titles = {kpi.name: kpi.meta for kpi in kpis()}
    kpi_rows = sorted(
        data.rows("kpi_monthly"), key=lambda r: (r["kpi"], not r["is_default"], r["scope_kind"])
    )
    sheets = {
        "kpi": [_kpi_row(data, titles[row["kpi"]], row) for row in kpi_rows],
        "lists": [_list_row(data, row) for row in data.states],
        "orders": [
            data.work_row(place, order, False) for place, order in enumerate(data.orders, start=1)
        ],
        "withheld": list(_held_back(data, kpi_rows)),
        "why_not": _why_not(data),
    }
    more = {
        "audit": _audits(data),
        "forecast": _forecast(data),
        "complaint": _complaints(data),
    }
    more["operation"] = _operation(data, kpi_rows)
    sheets |= {name: rows for name, rows in more.items() if rows}
    book = Tables(
        stamp=data.stamp(label(data.language, "scope.company")),
        sheets=tuple(
            Sheet(name, TABLE_COLUMNS[name], rows, frozen=1) for name, rows in sheets.items()
        ),
    )
    write_tables(path, book, labels(data.language))
    return path


def _audits(data: WorkbookData) -> list[Row]:
    """What was found or closed, the dearest first."""
    rows = data.rows("report_audit") if data.version.is_computed("report_audit") else []
    rows = sorted(
        rows, key=lambda row: (row["kind"], row["state"], -(row["amount"] or 0), row["subject_id"])
    )
    return [
        row
        | {
            "audit_kind": label(data.language, f"audit.{row['kind']}"),
            "state": label(
                data.language, f"audit.{'overdue' if row['is_overdue'] else row['state']}"
            ),
        }
        for row in rows
    ]


def _forecast(data: WorkbookData) -> list[Row]:
    """What will be open month by month up to 31 December, the company first."""
    rows = data.rows("report_forecast") if data.version.is_computed("report_forecast") else []
    rows = sorted(
        rows, key=lambda row: (row["scope_kind"] != "company", row["scope_id"], row["about_month"])
    )
    return [row | _scope(data, row) for row in rows]


def _complaints(data: WorkbookData) -> list[Row]:
    """The weeks that could be judged, the latest first."""
    rows = (
        data.rows("report_complaint_week")
        if data.version.is_computed("report_complaint_week")
        else []
    )
    rows = [row for row in rows if row["expected"] is not None]
    rows = sorted(
        rows,
        key=lambda row: (
            row["scope_kind"] != "company",
            row["scope_id"],
            -row["week_begins_on"].toordinal(),
        ),
    )
    signals = {name: label(data.language, f"complaint.{name}") for name in ("high", "low")}
    return [row | _scope(data, row) | {"signal": signals.get(row["signal"])} for row in rows]


def _operation(data: WorkbookData, kpi_rows: Sequence[Row]) -> list[Row]:
    """Cohort, cost and increment of company, branches and units; nothing while the cohort's revenue may not be used."""
    of_cohort = [
        row for row in kpi_rows if (row["kpi"], row["variant"]) == ("revenue_retention_rate", "net")
    ]
    is_usable = all(row["status"] in ("released", "caveat") for row in of_cohort)
    if not (of_cohort and is_usable and data.version.is_computed("report_operation")):
        return []
    rows = data.rows("report_operation")
    kinds = ("company", "branch", "unit")
    rows = sorted(rows, key=lambda row: (kinds.index(row["scope_kind"]), row["scope_id"]))
    states = {
        name: label(data.language, f"effect.{name}")
        for name in ("helps", "harms", "open", "too_few")
    }
    return [row | _scope(data, row) | {"effect_state": states[row["effect_state"]]} for row in rows]


def _scope(data: WorkbookData, row: Row) -> Row:
    unclaimed = label(data.language, "scope.unclaimed")
    return {
        "scope_kind": label(data.language, f"scope.{row['scope_kind']}"),
        "scope_id": unclaimed if row["scope_id"] == "unclaimed" else row["scope_id"],
    }


def _kpi_row(data: WorkbookData, meta: Mapping[str, Any], row: Row) -> Row:
    kind = _KINDS.get(meta["unit"], "number")
    return row | {
        "kpi_title": meta["title"][data.language],
        **_scope(data, row),
        **{name: Cell(kind, row[name]) for name in ("value", "target", "gap")},
        "status": label(data.language, f"status.{row['status']}"),
        "reason": data.reason(row),
    }


def _list_row(data: WorkbookData, row: Row) -> Row:
    orders = [order for order in data.orders if order["list"] == row["list"]]
    spec = next(spec for spec in lists() if spec.name == row["list"])
    amounts = [order["amount"] for order in orders if order["amount"] is not None]
    return {
        "list_title": data.list_titles[row["list"]],
        "purpose": label(data.language, f"purpose.{spec.meta['purpose']}"),
        "order_count": len(orders),
        "amount": sum(amounts) if amounts else None,
        "due_on": min((order["due_on"] for order in orders), default=None),
        "status": label(data.language, f"status.{row['status']}"),
        "reason": data.reason(row),
    }


def _held_back(data: WorkbookData, kpi_rows: Sequence[Row]) -> Iterator[Row]:
    """Everything that is not simply released, KPIs by variant and lists by title."""
    for state in output_states(kpi_rows, data.states):
        if state.status != "released":
            yield {
                "output": data.list_titles.get(state.name, state.name)
                if state.kind == "list"
                else state.name,
                "status": label(data.language, f"status.{state.status}"),
                "reason": data.reason({"reason": state.reason}),
            }


def _why_not(data: WorkbookData) -> list[Row]:
    """How many were left out of each list and why; the hold-out is not among the reasons that leave the house."""
    rows = [row for row in data.rows("dispatch_why_not") if row["reason"] != "holdout"]
    counts = Counter((row["list"], row["reason"]) for row in rows)
    return [
        {
            "list_title": data.list_titles[name],
            "reason": reason_in_words(data.language, reason),
            "customer_count": count,
        }
        for (name, reason), count in sorted(counts.items())
    ]
