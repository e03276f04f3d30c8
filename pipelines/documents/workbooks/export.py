"""A month's workbooks: one a manager, one a branch for what it must claim, one for the company."""

from __future__ import annotations

import errno
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.catalogue.outputs import lists
from pipelines.core.errors import Incomplete, RetentionError, StorageError
from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.columns import CALL_COLUMNS, DAY_COLUMNS, PROMISE_COLUMNS
from pipelines.documents.workbooks.company import company_book_name, write_company_book
from pipelines.documents.workbooks.workbook import (
    Sheet,
    Stamp,
    Tables,
    WorkList,
    file_stem,
    write_tables,
    write_work_list,
)
from pipelines.sources.office.changes import WITHDRAWN, Change, read_changes
from pipelines.store.lake import DayFolder, MonthFolder, Version
from pipelines.text.evidence import evidence_in_words, script_in_words
from pipelines.text.masking import mask_name, mask_phone
from pipelines.text.texts import label, labels, reason_in_words

Row = dict[str, Any]
MOST_NAMED = 5  # of the workbooks that failed
_OF_THE_NAME = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)


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
        treated = [
            as_changed(row, self.changes)
            for row in self.rows("dispatch_order")
            if row["arm"] == "treated"
        ]
        treated = [row for row in treated if row]
        return sorted(treated, key=lambda row: (priority[row["list"]], row["rank"]))

    @cached_property
    def people(self) -> Mapping[str, Row]:
        """Name and phone of the customers who have an order."""
        return self.persons({row["customer_id"] for row in self.orders})

    def persons(self, customers: set[str]) -> Mapping[str, Row]:
        """Name and phone of customers by id."""
        wanted = pc.field("customer_id").isin(pa.array(customers, pa.string()))
        found = pq.read_table(self.version.table("snapshot_person"), filters=wanted).to_pylist()
        return {row["customer_id"]: row for row in found}

    @cached_property
    def list_titles(self) -> dict[str, str]:
        """Each list's title."""
        return {spec.name: spec.title(self.language) for spec in lists()}

    def stamp(self, title: str) -> Stamp:
        """What a workbook says of itself; it is dated by the month, so that the same month gives the same bytes."""
        caveats = [
            f"{self.list_titles[row['list']]}: {self.reason(row)}"
            for row in self.states
            if row["reason"]
        ]
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
            **{
                name: order[name]
                for name in ("order_id", "customer_id", "service_id", "branch_id", "manager_id")
            },
        }


@dataclass(frozen=True)
class Book:
    """A workbook and for whom it is: a manager, a branch, or the company."""

    kind: str
    holder: str
    path: Path


def as_changed(order: Row, changes: Mapping[str, tuple[Change, ...]]) -> Row:
    """Return an order as it stands by now: with the manager it was given to last; nothing of one that was taken back."""
    last = changes.get(order["order_id"], (None,))[-1]
    if last is None:
        return order
    return {} if last.kind == WITHDRAWN else {**order, "manager_id": last.manager_id}


def export_month(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write a month's workbooks into a folder; drafts until the month is released. Return the files."""
    return [book.path for book in month_books(folder, out, language)]


def export_work_lists(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write what managers and branches get of a month, and nothing else; return the files."""
    return [book.path for book in write_books(_work_lists(_office(folder, language), out))]


def month_books(folder: MonthFolder, out: Path, language: str) -> list[Book]:
    """Write a month's workbooks into a folder; return them with for whom each is."""
    office = _office(folder, language)
    company = Book("company", "company", out / company_book_name(office))
    return write_books(
        chain(_work_lists(office, out), [_Plan(company, lambda: write_company_book(office, out))])
    )


def export_day(folder: DayFolder, out: Path, language: str) -> list[Path]:
    """Write a day's work lists and its bulletins into a folder; drafts until its month is released. Return the files."""
    return [book.path for book in day_books(folder, out, language)]


def day_books(folder: DayFolder, out: Path, language: str) -> list[Book]:
    """Write a day's work lists and bulletins into a folder; return them with for whom each is."""
    office = _office(folder, language)
    return write_books(
        chain(_work_lists(office, out), _calls(office, out), _bulletins(office, out))
    )


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


def _office(folder: MonthFolder, language: str) -> Office:
    """What leaves the house by now of a month or a day, a draft until it is sealed.

    Raise Refused for what is sealed under the key that is everybody's.
    """
    settings = load_settings()
    is_draft = folder.seal() is None
    if not is_draft:
        settings.require_own_key()
    changes = read_changes(settings.office_database(folder.home), folder.month)
    return Office(folder.version(), language, is_draft, changes)


def _bulletins(office: Office, out: Path) -> Iterator[_Plan]:
    found = {
        name: office.rows(f"daily_{name}")
        for name in DAY_COLUMNS
        if office.version.is_computed(f"daily_{name}")
    }
    sheets = [
        Sheet(name, DAY_COLUMNS[name], _placed(office, rows), frozen=1)
        for name, rows in found.items()
    ]
    if office.version.is_computed("daily_promise"):
        sheets.append(Sheet("promise", PROMISE_COLUMNS, _promises(office), frozen=2))
    if sheets:
        path = out / f"{office.version.occasion}_bulletin.xlsx"
        tables = Tables(office.stamp(label(office.language, "day.title")), tuple(sheets))
        yield _Plan(
            Book("company", "company", path),
            lambda: write_tables(path, tables, labels(office.language)),
        )


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


def _promises(office: Office) -> list[Row]:
    """By desk, who is late first; the longest ago before the others."""
    states = ("late", "due", "kept")
    rows = sorted(
        office.rows("daily_promise"),
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
        | {"state": label(office.language, f"promise.{row['state']}")}
        for row in rows
    ]


def _calls(office: Office, out: Path) -> Iterator[_Plan]:
    """Write whom each manager is to call about a promise; a kept one needs no call."""
    if not office.version.is_computed("daily_promise"):
        return
    managers = _names(office, "snapshot_account_manager", "manager_id")
    rows = [row for row in _promises(office) if row["manager_id"] and row["short_amount"]]
    people = office.persons({row["customer_id"] for row in rows})
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        who = people.get(row["customer_id"], {})
        found[row["manager_id"]].append(
            row | {"customer_name": who.get("name"), "phone": who.get("phone")}
        )
    for manager, called in sorted(found.items()):
        name = managers.get(manager, manager)
        path = out / f"{office.version.occasion}_promises_{file_stem(name, manager)}.xlsx"
        tables = Tables(office.stamp(name), (Sheet("promise", CALL_COLUMNS, called, frozen=2),))
        yield _Plan(
            Book("manager", manager, path),
            partial(write_tables, path, tables, labels(office.language)),
        )


def _work_lists(office: Office, out: Path) -> Iterator[_Plan]:
    managers = _names(office, "snapshot_account_manager", "manager_id")
    branches = _names(office, "snapshot_organisation", "org_id")
    for (desk, is_owner), rows in desks(office):
        name = (managers if is_owner else branches).get(desk, desk)
        book = WorkList(stamp=office.stamp(name), manager_id=desk, rows=rows)
        kind = "manager" if is_owner else "branch"
        path = out / f"{office.version.occasion}_{kind}_{file_stem(name, desk)}.xlsx"
        yield _Plan(
            Book(kind, desk, path),
            partial(write_work_list, path, book, labels(office.language), load_settings().key),
        )


def desks(office: Office) -> Iterator[tuple[tuple[str, bool], list[Row]]]:
    """Yield each desk (a manager, or a branch where nobody owns the customer) with its rows in the order to work them."""
    found: dict[tuple[str, bool], list[Row]] = defaultdict(list)
    for order in office.orders:
        is_owned = order["manager_id"] is not None
        found[order["manager_id"] if is_owned else order["branch_id"] or "-", is_owned].append(
            order
        )
    for (desk, is_owner), orders in sorted(found.items()):
        yield (
            (desk, is_owner),
            [
                office.work_row(place, order, is_owner)
                for place, order in enumerate(orders, start=1)
            ],
        )


def _names(office: Office, table: str, key: str) -> dict[str, str]:
    """What managers or branches are called; empty where the operator did not say."""
    if office.version.manifest["tables"][table]["status"] != "computed":
        return {}
    return {row[key]: row["name"] for row in office.rows(table)}
