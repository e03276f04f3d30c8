"""A day's workbooks beside its work lists: the bulletin, and whom each manager is to call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypedDict

from pipelines.documents.workbooks.book_plan import BookPlan
from pipelines.documents.workbooks.columns import OrderKey, Sheet, SheetRow
from pipelines.documents.workbooks.table_columns import (
    CALL_COLUMNS,
    DAY_COLUMNS,
    PROMISE_COLUMNS,
)
from pipelines.documents.workbooks.workbook import Tables, file_stem, write_tables
from pipelines.documents.workbooks.workbook_data import WorkbookData
from pipelines.text.texts import load_labels

_SCOPES = ("company", "branch", "manager")
_STATES = ("late", "due", "kept")


class PromiseRow(TypedDict):
    """A row of `daily_promise`: a promise to pay, what has come and what is short of it."""

    order_id: str
    instalment: int
    customer_id: str
    branch_id: str | None
    manager_id: str | None
    state: str
    promised_on: date
    promised_amount: Decimal
    contacted_on: date | None
    come_amount: Decimal
    short_amount: Decimal


class FigureRow(TypedDict):
    """A row of a day's table of figures: its scope; the figures are other in each."""

    scope_kind: str
    scope_id: str


def plan_bulletin(data: WorkbookData, out: Path) -> Iterator[BookPlan]:
    """Yield the day's bulletin, a sheet a table; nothing where none of them is computed."""
    sheets = []
    for name, columns in DAY_COLUMNS.items():
        table = f"daily_{name}"
        if data.version.is_computed(table):
            figures = data.read_table(table)
            rows = _build_scope_rows(data, figures)
            sheets.append(Sheet(name, columns, rows, frozen=1))

    if data.version.is_computed("daily_promise"):
        rows = [_build_promise_row(data, promise) for promise in _read_promises(data)]
        sheets.append(Sheet("promise", PROMISE_COLUMNS, rows, frozen=2))

    if not sheets:
        return

    path = out / f"{data.version.occasion}_bulletin.xlsx"
    stamp = data.make_stamp(data.find_label("day.title"))
    tables = Tables(stamp, tuple(sheets))
    write = partial(write_tables, path, tables, load_labels(data.language))
    yield BookPlan("company", "company", path, write)


def plan_calls(data: WorkbookData, out: Path) -> Iterator[BookPlan]:
    """Yield whom each manager is to call about a promise; a kept one needs no call."""
    if not data.version.is_computed("daily_promise"):
        return

    managers = data.find_names("snapshot_account_manager", "manager_id")
    rows_by_manager = _build_call_rows(data)
    for manager, rows in sorted(rows_by_manager.items()):
        name = managers.get(manager, manager)
        stem = file_stem(name, manager)
        path = out / f"{data.version.occasion}_promises_{stem}.xlsx"
        sheet = Sheet("promise", CALL_COLUMNS, rows, frozen=2)
        tables = Tables(data.make_stamp(name), (sheet,))
        write = partial(write_tables, path, tables, load_labels(data.language))
        yield BookPlan("manager", manager, path, write)


def _build_call_rows(data: WorkbookData) -> dict[str, list[SheetRow]]:
    """Return by manager the promises to call about, with whom to call."""
    promises = []
    customers = set()
    for promise in _read_promises(data):
        if promise["manager_id"] and promise["short_amount"]:
            promises.append(promise)
            customers.add(promise["customer_id"])
    people = data.find_people(customers)

    by_manager: dict[str, list[SheetRow]] = defaultdict(list)
    for promise in promises:
        row = _build_promise_row(data, promise)
        row["customer_name"] = None
        row["phone"] = None
        person = people.get(promise["customer_id"])
        if person is not None:
            row["customer_name"] = person["name"]
            row["phone"] = person["phone"]
        manager = str(promise["manager_id"])
        by_manager[manager].append(row)

    return by_manager


def _build_scope_rows(data: WorkbookData, rows: Sequence[FigureRow]) -> list[SheetRow]:
    """Return company first, then branches, then managers; kinds in words."""
    found: list[SheetRow] = []
    for row in sorted(rows, key=_order_scopes):
        shown: dict[str, object] = {}
        for name, value in row.items():
            shown[f"day.{name}"] = value
        shown["scope_kind"] = data.find_label(f"scope.{row['scope_kind']}")
        shown["scope_id"] = row["scope_id"]
        found.append(shown)
    return found


def _order_scopes(row: FigureRow) -> OrderKey:
    """The company first, then its branches, then their managers."""
    level = _SCOPES.index(row["scope_kind"])
    return level, row["scope_id"]


def _read_promises(data: WorkbookData) -> list[PromiseRow]:
    """Return the promises by desk, who is late first; the longest ago before the others."""
    promises: list[PromiseRow] = data.read_table("daily_promise")
    return sorted(promises, key=_order_promises)


def _order_promises(promise: PromiseRow) -> OrderKey:
    """By branch and manager; who is late first, and who promised longest ago."""
    branch = promise["branch_id"] or ""
    manager = promise["manager_id"] or ""
    state = _STATES.index(promise["state"])
    return branch, manager, state, promise["promised_on"], promise["order_id"]


def _build_promise_row(data: WorkbookData, promise: PromiseRow) -> dict[str, object]:
    """Return a promise under the names of its columns, its state in words."""
    return {
        **promise,
        "day.come_amount": promise["come_amount"],
        "day.short_amount": promise["short_amount"],
        "state": data.find_label(f"promise.{promise['state']}"),
    }
