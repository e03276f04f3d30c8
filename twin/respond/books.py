"""Read a month's workbooks as they were sent out, and fill in copies of them."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
from openpyxl import Workbook, load_workbook

from twin.respond.form import (
    HIDDEN_TAB,
    LIST_TITLES,
    OUTCOME_WORDS,
    Header,
    find_header,
)

TOP_ROWS = 8  # a header stands within these
ZIP_DATE = (
    1980,
    1,
    1,
    0,
    0,
    0,
)  # the same workbook gives the same bytes, whatever the clock says
OFFER = re.compile(r"[（(](F[0-9]{2})[）)]")
STAMP = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(<)")
ORDER_FORM = pa.schema(
    [
        (name, pa.string())
        for name in ("order_id", "list", "customer_id", "service_id", "manager_id")
    ]
    + [("amount", pa.decimal128(18, 2)), ("due_on", pa.date32())]
    + [("offer_id", pa.string())]
)
Filled = Mapping[str, Mapping[str, object]]  # outcome columns by order id


@dataclass(frozen=True)
class Dispatch:
    """A released month's orders as the managers got them, sorted by order id."""

    month: str
    orders: pa.Table


def read_dispatch(folder: Path) -> Dispatch:
    """Read every work list of a folder. Raises ValueError for drafts, mixed months, and a folder without orders."""
    months: set[str] = set()
    rows: list[dict[str, Any]] = []
    for path in _books(folder):
        # Read only, which takes half as long: nothing is written to what was sent out.
        with closing(load_workbook(path, read_only=True)) as book:
            header = _header_of(book)
            if header is None:
                continue
            facts = _facts(book)
            if facts.get("is_draft") not in ("False", "0", False):
                raise ValueError(
                    f"{path.name} is a draft: release the month, then export it again"
                )
            months.add(str(facts.get("month")))
            rows += _rows(path, book, header, _desk(path, facts))
    if len(months) != 1:
        raise ValueError(
            f"{folder} holds {'no work lists' if not months else 'work lists of ' + ', '.join(sorted(months))}"
        )
    month = months.pop()
    own = [row for row in rows if _is_of_month(row["order_id"], month)]
    own.sort(key=lambda row: str(row["order_id"]))
    return Dispatch(month, pa.Table.from_pylist(own, schema=ORDER_FORM))


def _is_of_month(order_id: str, month: str) -> bool:
    """Whether an order is the month's own; the twin's managers never take up what they left."""
    return order_id.startswith(month.replace("-", ""))


def _books(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.glob("*.xlsx") if not path.name.startswith("~")
    )


def _header_of(book: Workbook) -> Header | None:
    for page in book.worksheets:
        for row, cells in enumerate(
            page.iter_rows(max_row=TOP_ROWS, values_only=True), start=1
        ):
            if header := find_header(page.title, row, cells):
                return header
    return None


def _facts(book: Workbook) -> dict[str, Any]:
    if HIDDEN_TAB not in book.sheetnames:
        return {}
    cells = book[HIDDEN_TAB].iter_rows(min_col=4, max_col=5, values_only=True)
    return {str(name): value for name, value in cells if name is not None}


def _desk(path: Path, facts: Mapping[str, Any]) -> str | None:
    """Name the manager whose book it is; none for a branch's."""
    return None if "_branch_" in path.name else str(facts.get("manager_id"))


def _rows(
    path: Path, book: Workbook, header: Header, manager: str | None
) -> Iterator[dict[str, Any]]:
    titles = {words[header.language]: name for name, words in LIST_TITLES.items()}
    for line in book[header.tab].iter_rows(min_row=header.row + 1, values_only=True):
        cell = {name: line[place - 1] for name, place in header.columns.items()}
        if cell["order_id"] is None:
            continue
        if cell["list_title"] not in titles:
            raise ValueError(
                f"{path.name}: the twin knows no list called {cell['list_title']}"
            )
        yield {
            "order_id": str(cell["order_id"]),
            "list": titles[str(cell["list_title"])],
            "customer_id": str(cell["customer_id"]),
            "service_id": cell.get("service_id") and str(cell["service_id"]),
            "manager_id": manager,
            "amount": _amount(cell.get("amount")),
            "due_on": _day(cell.get("due_on")),
            "offer_id": _offer(cell.get("evidence")),
        }


def _offer(cell: object) -> str | None:
    """The offer that the reasons of an order end with."""
    found = OFFER.search(str(cell or ""))
    return found[1] if found else None


def _amount(cell: object) -> Decimal | None:
    try:
        return None if cell is None else Decimal(str(cell)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


def _day(cell: object) -> date | None:
    return cell.date() if isinstance(cell, datetime) else None


def fill_books(folder: Path, out: Path, filled: Filled) -> int:
    """Fill the outcome columns of copies of a folder's work lists; return how many files were written."""
    out.mkdir(parents=True, exist_ok=True)
    written = 0
    for path in _books(folder):
        book = load_workbook(path)
        if header := _header_of(book):
            _fill(book, header, filled)
            (out / path.name).write_bytes(_stable_bytes(book))
            written += 1
    return written


def _fill(book: Workbook, header: Header, filled: Filled) -> None:
    page = book[header.tab]
    for row in range(header.row + 1, page.max_row + 1):
        answers = filled.get(str(page.cell(row, header.columns["order_id"]).value), {})
        for name, value in answers.items():
            if value is not None and name in header.columns:
                word = (
                    OUTCOME_WORDS[str(value)][header.language]
                    if name == "outcome"
                    else value
                )
                page.cell(row, header.columns[name]).value = word


def _stable_bytes(book: Workbook) -> bytes:
    """Save a workbook without the clock: openpyxl stamps the file, and the zip each entry, with the present."""
    raw, target = BytesIO(), BytesIO()
    book.save(raw)
    created = f"{book.properties.created:%Y-%m-%dT%H:%M:%SZ}".encode()
    with (
        zipfile.ZipFile(raw) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for entry in source.namelist():
            content = STAMP.sub(rb"\g<1>" + created + rb"\g<2>", source.read(entry))
            copy.writestr(
                zipfile.ZipInfo(entry, ZIP_DATE), content, zipfile.ZIP_DEFLATED
            )
    return target.getvalue()
