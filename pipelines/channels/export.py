"""A month's workbooks: one a manager, one a branch for what it must claim, one for the company."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.channels.columns import DAY_COLUMNS
from pipelines.channels.workbook import (
    TABLE_COLUMNS,
    Cell,
    Sheet,
    Stamp,
    Tables,
    WorkList,
    file_stem,
    write_tables,
    write_work_list,
)
from pipelines.core.outputs import kpis, lists
from pipelines.core.settings import load_settings
from pipelines.sources.changes import WITHDRAWN, Change, read_changes
from pipelines.store.lake import DayFolder, MonthFolder, Version
from pipelines.words.evidence import evidence_in_words, script_in_words
from pipelines.words.masking import mask_name, mask_phone
from pipelines.words.texts import label, labels, reason_in_words

Row = dict[str, Any]
_KINDS = {"ratio": "rate", "amount": "money", "count": "integer"}


@dataclass(frozen=True)
class Office:
    """A month's orders and tables as the workbooks need them, in one language."""

    version: Version
    language: str
    is_draft: bool
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)

    def rows(self, table: str) -> list[Row]:
        """All rows of a table."""
        rows: list[Row] = pq.read_table(self.version.table(table)).to_pylist()
        return rows

    @cached_property
    def orders(self) -> list[Row]:
        """The orders that leave the house, in the order to work them; the hold-out never does."""
        priority = {spec.name: spec.meta["priority"] for spec in lists()}
        treated = [as_changed(row, self.changes) for row in self.rows("dispatch_order") if row["arm"] == "treated"]
        treated = [row for row in treated if row]
        return sorted(treated, key=lambda row: (priority[row["list"]], row["rank"]))

    @cached_property
    def people(self) -> Mapping[str, Row]:
        """Name and phone of the customers who have an order."""
        wanted = pc.field("customer_id").isin(pa.array({row["customer_id"] for row in self.orders}, pa.string()))
        found = pq.read_table(self.version.table("snapshot_person"), filters=wanted).to_pylist()
        return {row["customer_id"]: row for row in found}

    @cached_property
    def list_titles(self) -> dict[str, str]:
        """Each list's title."""
        return {spec.name: spec.title(self.language) for spec in lists()}

    def stamp(self, title: str) -> Stamp:
        """What a workbook says of itself; it is dated by the month, so that the same month gives the same bytes."""
        caveats = [f"{self.list_titles[row['list']]}: {self.reason(row)}" for row in self.states if row["reason"]]
        is_day = self.version.occasion != str(self.version.month)
        return Stamp(
            title=f"{title} {self.version.occasion}" if is_day else title,
            language=self.language,
            month=str(self.version.month),
            version=self.version.number,
            run_id=self.version.identity[:12],
            created=self.version.month.plus(1).first_day,
            is_draft=self.is_draft,
            caveats=tuple(caveats),
        )

    @cached_property
    def states(self) -> list[Row]:
        """The lists with their state and counts."""
        return self.rows("dispatch_list")

    def reason(self, row: Row) -> str:
        """A row's reason in words."""
        return reason_in_words(self.language, row["reason"])

    def work_row(self, place: int, order: Row, is_owner: bool) -> Row:
        """One line of a work list; only the manager who owns the customer sees name and phone in full."""
        person = self.people.get(order["customer_id"], {"name": None, "phone": None})
        codes = (order["reason_codes"] or "").split(";")
        also_on = (order["also_on"] or "").split(";")
        spec = next(s for s in lists() if s.name == order["list"])
        return {
            "rank": place,
            "customer_name": person["name"] if is_owner else mask_name(person["name"]),
            "phone": person["phone"] if is_owner else mask_phone(person["phone"]),
            "list_title": self.list_titles[order["list"]],
            "reasons": "; ".join(label(self.language, f"reason.{code}") for code in codes if code),
            "amount": order["amount"],
            "due_on": order["due_on"],
            "action": spec.meta["action"][self.language],
            "evidence": evidence_in_words(spec, self.language, order),
            "script": script_in_words(spec, self.language, order),
            "also_on": "; ".join(self.list_titles[name] for name in also_on if name),
            **{name: order[name] for name in ("order_id", "customer_id", "service_id", "branch_id", "manager_id")},
        }


def as_changed(order: Row, changes: Mapping[str, tuple[Change, ...]]) -> Row:
    """Return an order as it stands by now: with the manager it was given to last; nothing of one that was taken back."""
    last = changes.get(order["order_id"], (None,))[-1]
    if last is None:
        return order
    return {} if last.kind == WITHDRAWN else {**order, "manager_id": last.manager_id}


def export_month(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write a month's workbooks into a folder; drafts until the month is released. Return the files."""
    version = folder.version()
    changes = read_changes(load_settings().office_database(folder.home), folder.month)
    office = Office(version, language, folder.seal() is None, changes)
    return [*_work_lists(office, out), _company_book(office, out)]


def export_day(folder: DayFolder, out: Path, language: str) -> list[Path]:
    """Write a day's work lists and its bulletins into a folder; drafts until its month is released. Return the files."""
    office = Office(folder.version(), language, folder.seal() is None)
    return [*_work_lists(office, out), *_bulletins(office, out)]


def _bulletins(office: Office, out: Path) -> Iterator[Path]:
    found = {name: office.rows(f"daily_{name}") for name in DAY_COLUMNS if office.version.is_computed(f"daily_{name}")}
    sheets = tuple(Sheet(name, DAY_COLUMNS[name], _placed(office, rows), frozen=1) for name, rows in found.items())
    if sheets:
        path = out / f"{office.version.occasion}_bulletin.xlsx"
        write_tables(path, Tables(office.stamp(label(office.language, "day.title")), sheets), labels(office.language))
        yield path


def _placed(office: Office, rows: Sequence[Row]) -> list[Row]:
    """Company first, then branches, then managers, kinds in words."""
    kinds = ("company", "branch", "manager")
    rows = sorted(rows, key=lambda row: (kinds.index(row["scope_kind"]), row["scope_id"]))
    return [
        {
            **{(f"day.{name}"): value for name, value in row.items()},
            "scope_kind": label(office.language, f"scope.{row['scope_kind']}"),
            "scope_id": row["scope_id"],
        }
        for row in rows
    ]


def _work_lists(office: Office, out: Path) -> Iterator[Path]:
    managers = _names(office, "snapshot_account_manager", "manager_id")
    branches = _names(office, "snapshot_organisation", "org_id")
    for (desk, is_owner), rows in desks(office):
        name = (managers if is_owner else branches).get(desk, desk)
        book = WorkList(stamp=office.stamp(name), manager_id=desk, rows=rows)
        kind = "manager" if is_owner else "branch"
        path = out / f"{office.version.occasion}_{kind}_{file_stem(name, desk)}.xlsx"
        write_work_list(path, book, labels(office.language), load_settings().key)
        yield path


def desks(office: Office) -> Iterator[tuple[tuple[str, bool], list[Row]]]:
    """Yield each desk (a manager, or a branch where nobody owns the customer) with its rows in the order to work them."""
    found: dict[tuple[str, bool], list[Row]] = defaultdict(list)
    for order in office.orders:
        is_owned = order["manager_id"] is not None
        found[order["manager_id"] if is_owned else order["branch_id"] or "-", is_owned].append(order)
    for (desk, is_owner), orders in sorted(found.items()):
        yield (desk, is_owner), [office.work_row(place, order, is_owner) for place, order in enumerate(orders, start=1)]


def _names(office: Office, table: str, key: str) -> dict[str, str]:
    """What managers or branches are called; empty where the operator did not say."""
    if office.version.manifest["tables"][table]["status"] != "computed":
        return {}
    return {row[key]: row["name"] for row in office.rows(table)}


def _company_book(office: Office, out: Path) -> Path:
    path = out / f"{office.version.month}_company.xlsx"
    titles = {kpi.name: kpi.meta for kpi in kpis()}
    kpi_rows = sorted(office.rows("kpi_monthly"), key=lambda r: (r["kpi"], not r["is_default"], r["scope_kind"]))
    sheets = {
        "kpi": [_kpi_row(office, titles[row["kpi"]], row) for row in kpi_rows],
        "lists": [_list_row(office, row) for row in office.states],
        "orders": [office.work_row(place, order, False) for place, order in enumerate(office.orders, start=1)],
        "withheld": list(_held_back(office, kpi_rows)),
        "why_not": _why_not(office),
        **({"audit": found} if (found := _audits(office)) else {}),
    }
    book = Tables(
        stamp=office.stamp(label(office.language, "scope.company")),
        sheets=tuple(Sheet(name, TABLE_COLUMNS[name], rows, frozen=1) for name, rows in sheets.items()),
    )
    write_tables(path, book, labels(office.language))
    return path


def _audits(office: Office) -> list[Row]:
    """What was found or closed, the dearest first."""
    rows = office.rows("report_audit") if office.version.is_computed("report_audit") else []
    rows = sorted(rows, key=lambda row: (row["kind"], row["state"], -(row["amount"] or 0), row["subject_id"]))
    return [
        row
        | {
            "audit_kind": label(office.language, f"audit.{row['kind']}"),
            "state": label(office.language, f"audit.{'overdue' if row['is_overdue'] else row['state']}"),
        }
        for row in rows
    ]


def _kpi_row(office: Office, meta: Mapping[str, Any], row: Row) -> Row:
    kind = _KINDS.get(meta["unit"], "number")
    return row | {
        "kpi_title": meta["title"][office.language],
        "scope_kind": label(office.language, f"scope.{row['scope_kind']}"),
        "scope_id": label(office.language, "scope.unclaimed") if row["scope_id"] == "unclaimed" else row["scope_id"],
        **{name: Cell(kind, row[name]) for name in ("value", "target", "gap")},
        "status": label(office.language, f"status.{row['status']}"),
        "reason": office.reason(row),
    }


def _list_row(office: Office, row: Row) -> Row:
    orders = [order for order in office.orders if order["list"] == row["list"]]
    spec = next(spec for spec in lists() if spec.name == row["list"])
    amounts = [order["amount"] for order in orders if order["amount"] is not None]
    return {
        "list_title": office.list_titles[row["list"]],
        "purpose": label(office.language, f"purpose.{spec.meta['purpose']}"),
        "order_count": len(orders),
        "amount": sum(amounts) if amounts else None,
        "due_on": min((order["due_on"] for order in orders), default=None),
        "status": label(office.language, f"status.{row['status']}"),
        "reason": office.reason(row),
    }


def _held_back(office: Office, kpi_rows: Sequence[Row]) -> Iterator[Row]:
    """Everything that is not simply released, KPIs by variant and lists by title."""
    company = [row for row in kpi_rows if row["scope_kind"] == "company"]
    named = [(f"{row['kpi']}.{row['variant']}", row) for row in company]
    named += [(office.list_titles[row["list"]], row) for row in office.states]
    for name, row in named:
        if row["status"] != "released":
            status = label(office.language, f"status.{row['status']}")
            yield {"output": name, "status": status, "reason": office.reason(row)}


def _why_not(office: Office) -> list[Row]:
    """How many were left out of each list and why; the hold-out is not among the reasons that leave the house."""
    rows = [row for row in office.rows("dispatch_why_not") if row["reason"] != "holdout"]
    counts = Counter((row["list"], row["reason"]) for row in rows)
    return [
        {
            "list_title": office.list_titles[name],
            "reason": reason_in_words(office.language, reason),
            "customer_count": count,
        }
        for (name, reason), count in sorted(counts.items())
    ]
