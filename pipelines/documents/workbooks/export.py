"""A month's workbooks: one a manager, one a branch for what it must claim, one for the company."""

from __future__ import annotations

import errno
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from pipelines.core.errors import Incomplete, RetentionError, StorageError
from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.columns import CALL_COLUMNS, DAY_COLUMNS, PROMISE_COLUMNS
from pipelines.documents.workbooks.company import company_book_name, write_company_book
from pipelines.documents.workbooks.workbook import (
    Sheet,
    Tables,
    WorkList,
    file_stem,
    write_tables,
    write_work_list,
)
from pipelines.documents.workbooks.workbook_data import WorkbookData
from pipelines.sources.office.changes import read_changes
from pipelines.store.lake import DayFolder, MonthFolder
from pipelines.text.texts import label, labels

Row = dict[str, Any]
MOST_NAMED = 5  # of the workbooks that failed
_OF_THE_NAME = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)


@dataclass(frozen=True)
class Book:
    """A workbook and for whom it is: a manager, a branch, or the company."""

    kind: str
    holder: str
    path: Path


def export_month(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write a month's workbooks into a folder; drafts until the month is released. Return the files."""
    return [book.path for book in month_books(folder, out, language)]


def export_work_lists(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write what managers and branches get of a month, and nothing else; return the files."""
    return [book.path for book in write_books(_work_lists(_read_data(folder, language), out))]


def month_books(folder: MonthFolder, out: Path, language: str) -> list[Book]:
    """Write a month's workbooks into a folder; return them with for whom each is."""
    data = _read_data(folder, language)
    company = Book("company", "company", out / company_book_name(data))
    return write_books(
        chain(_work_lists(data, out), [_Plan(company, lambda: write_company_book(data, out))])
    )


def export_day(folder: DayFolder, out: Path, language: str) -> list[Path]:
    """Write a day's work lists and its bulletins into a folder; drafts until its month is released. Return the files."""
    return [book.path for book in day_books(folder, out, language)]


def day_books(folder: DayFolder, out: Path, language: str) -> list[Book]:
    """Write a day's work lists and bulletins into a folder; return them with for whom each is."""
    data = _read_data(folder, language)
    return write_books(chain(_work_lists(data, out), _calls(data, out), _bulletins(data, out)))


@dataclass(frozen=True)
class _Plan:
    """A workbook that is to be written, and what writes it."""

    book: Book
    write: Callable[[], object]


class BooksFailed(Incomplete):
    """Some workbooks could not be written; `books` are those that were."""

    def __init__(self, books: list[Book], failed: list[str]) -> None:
        super().__init__(
            "export.failed",
            count=len(failed),
            written=len(books),
            which="; ".join(failed[:MOST_NAMED]),
        )
        self.books = books


def write_books(plans: Iterable[_Plan]) -> list[Book]:
    """Write each workbook; one that cannot be written holds back no other, and raises BooksFailed after the last.

    A disk that is full or away ends it at once.
    """
    written: list[Book] = []
    failed: list[str] = []
    for plan in plans:
        try:
            plan.write()
        except StorageError:
            raise
        except (
            Exception
        ) as error:  # whatever is wrong with one workbook is not wrong with the others
            if isinstance(error, OSError) and error.errno not in _OF_THE_NAME:
                raise
            why = error.key if isinstance(error, RetentionError) else type(error).__name__
            failed.append(f"{plan.book.path.name} ({why})")
        else:
            written.append(plan.book)
    if failed:
        raise BooksFailed(written, failed)
    return written


def _read_data(folder: MonthFolder, language: str) -> WorkbookData:
    """What leaves the house by now of a month or a day, a draft until it is sealed.

    Raise Refused for what is sealed under the key that is everybody's.
    """
    settings = load_settings()
    is_draft = folder.seal() is None
    if not is_draft:
        settings.require_own_key()
    changes = read_changes(settings.office_database(folder.home), folder.month)
    return WorkbookData(folder.version(), language, is_draft, changes)


def _bulletins(data: WorkbookData, out: Path) -> Iterator[_Plan]:
    found = {
        name: data.rows(f"daily_{name}")
        for name in DAY_COLUMNS
        if data.version.is_computed(f"daily_{name}")
    }
    sheets = [
        Sheet(name, DAY_COLUMNS[name], _placed(data, rows), frozen=1)
        for name, rows in found.items()
    ]
    if data.version.is_computed("daily_promise"):
        sheets.append(Sheet("promise", PROMISE_COLUMNS, _promises(data), frozen=2))
    if sheets:
        path = out / f"{data.version.occasion}_bulletin.xlsx"
        tables = Tables(data.stamp(label(data.language, "day.title")), tuple(sheets))
        yield _Plan(
            Book("company", "company", path),
            lambda: write_tables(path, tables, labels(data.language)),
        )


def _placed(data: WorkbookData, rows: Sequence[Row]) -> list[Row]:
    """Company first, then branches, then managers, kinds in words."""
    kinds = ("company", "branch", "manager")
    rows = sorted(rows, key=lambda row: (kinds.index(row["scope_kind"]), row["scope_id"]))
    return [
        {
            **{(f"day.{name}"): value for name, value in row.items()},
            "scope_kind": label(data.language, f"scope.{row['scope_kind']}"),
            "scope_id": row["scope_id"],
        }
        for row in rows
    ]


def _promises(data: WorkbookData) -> list[Row]:
    """By desk, who is late first; the longest ago before the others."""
    states = ("late", "due", "kept")
    rows = sorted(
        data.rows("daily_promise"),
        key=lambda row: (
            row["branch_id"] or "",
            row["manager_id"] or "",
            states.index(row["state"]),
            row["promised_on"],
            row["order_id"],
        ),
    )
    return [
        row
        | {f"day.{name}": row[name] for name in ("come_amount", "short_amount")}
        | {"state": label(data.language, f"promise.{row['state']}")}
        for row in rows
    ]


def _calls(data: WorkbookData, out: Path) -> Iterator[_Plan]:
    """Write whom each manager is to call about a promise; a kept one needs no call."""
    if not data.version.is_computed("daily_promise"):
        return
    managers = _names(data, "snapshot_account_manager", "manager_id")
    rows = [row for row in _promises(data) if row["manager_id"] and row["short_amount"]]
    people = data.persons({row["customer_id"] for row in rows})
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        who = people.get(row["customer_id"], {})
        found[row["manager_id"]].append(
            row | {"customer_name": who.get("name"), "phone": who.get("phone")}
        )
    for manager, called in sorted(found.items()):
        name = managers.get(manager, manager)
        path = out / f"{data.version.occasion}_promises_{file_stem(name, manager)}.xlsx"
        tables = Tables(data.stamp(name), (Sheet("promise", CALL_COLUMNS, called, frozen=2),))
        yield _Plan(
            Book("manager", manager, path),
            partial(write_tables, path, tables, labels(data.language)),
        )


def _work_lists(data: WorkbookData, out: Path) -> Iterator[_Plan]:
    managers = _names(data, "snapshot_account_manager", "manager_id")
    branches = _names(data, "snapshot_organisation", "org_id")
    for (desk, is_owner), rows in desks(data):
        name = (managers if is_owner else branches).get(desk, desk)
        book = WorkList(stamp=data.stamp(name), manager_id=desk, rows=rows)
        kind = "manager" if is_owner else "branch"
        path = out / f"{data.version.occasion}_{kind}_{file_stem(name, desk)}.xlsx"
        yield _Plan(
            Book(kind, desk, path),
            partial(write_work_list, path, book, labels(data.language), load_settings().key),
        )


def desks(data: WorkbookData) -> Iterator[tuple[tuple[str, bool], list[Row]]]:
    """Yield each desk (a manager, or a branch where nobody owns the customer) with its rows in the order to work them."""
    found: dict[tuple[str, bool], list[Row]] = defaultdict(list)
    for order in data.orders:
        is_owned = order["manager_id"] is not None
        found[order["manager_id"] if is_owned else order["branch_id"] or "-", is_owned].append(
            order
        )
    for (desk, is_owner), orders in sorted(found.items()):
        yield (
            (desk, is_owner),
            [data.work_row(place, order, is_owner) for place, order in enumerate(orders, start=1)],
        )


def _names(data: WorkbookData, table: str, key: str) -> dict[str, str]:
    """What managers or branches are called; empty where the operator did not say."""
    if data.version.manifest["tables"][table]["status"] != "computed":
        return {}
    return {row[key]: row["name"] for row in data.rows(table)}
