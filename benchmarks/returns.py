"""Filled workbooks taken back: how many a minute, and what became of their rows.

    python -m benchmarks.returns [WORKBOOKS]

One town is released with a manager a workbook and ten orders each; every workbook is filled in with openpyxl, one in
five edited on the way (rows sorted, a cell of the office changed, an impossible day). Rows that were filled in and are
neither accepted, unchanged nor refused are lost; there must be none.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import openpyxl

from console.database import open_office
from pipelines.channels.columns import WORK_LIST_COLUMNS
from pipelines.channels.returns import read_return
from pipelines.channels.workbook import Stamp, WorkList, write_work_list
from pipelines.core.settings import load_settings
from pipelines.words.texts import labels

WORKBOOKS, ORDERS, HEADER = 500, 10, 3
WORDS = labels("zh")
PLACES = {column.name: place for place, column in enumerate(WORK_LIST_COLUMNS, start=1)}


def send_out(folder: Path, workbooks: int) -> list[Path]:
    """Put a released month's orders into the office and write its workbooks."""
    from console.models import Order, Release

    release = Release.objects.create(month="2026-08", version=1, manifest="-", order_count=workbooks * ORDERS)
    ids = [[f"202608-B{book:05d}{row:02d}" for row in range(ORDERS)] for book in range(workbooks)]
    dispatched, due = date(2026, 9, 3), date(2026, 9, 14)
    common = {"release": release, "list": "arrears", "purpose": "debt", "dispatched_on": dispatched, "due_on": due}
    orders = [Order(order_id=i, customer_id=f"C{i[8:]}", amount=50, **common) for book in ids for i in book]
    Order.objects.bulk_create(orders, batch_size=2_000)
    return [_write(folder / f"{place:04d}.xlsx", book) for place, book in enumerate(ids)]


def _write(path: Path, ids: list[str]) -> Path:
    rows = [
        {"rank": place, "customer_name": "客户", "phone": "13800000000", "list_title": "欠费", "reasons": "逾期",
         "amount": 50, "due_on": date(2026, 9, 14), "action": "核对", "also_on": "", "order_id": order_id,
         "customer_id": f"C{order_id[8:]}", "service_id": ""}
        for place, order_id in enumerate(ids, start=1)
    ]  # fmt: skip
    stamp = Stamp(path.stem, "zh", "2026-08", 1, "-", date(2026, 9, 1), is_draft=False)
    write_work_list(path, WorkList(stamp, path.stem, rows), WORDS, load_settings().key)
    return path


def fill_in(path: Path, draw: random.Random) -> int:
    """Fill in most of a workbook's rows and do something to one in five; return how many rows say something."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    filled = draw.sample(range(HEADER + 1, HEADER + 1 + ORDERS), draw.randint(1, ORDERS))
    for line in filled:
        sheet.cell(line, PLACES["outcome"]).value = WORDS[f"outcome.{draw.choice(['paid', 'refused', 'no_answer'])}"]
        sheet.cell(line, PLACES["contacted_on"]).value = date(2026, 9, draw.randint(3, 14))
    edit = draw.randrange(15)
    if edit == 0:
        rows = [[cell.value for cell in line] for line in sheet.iter_rows(min_row=HEADER + 1)]
        for line, row in enumerate(reversed(rows), start=HEADER + 1):
            for place, value in enumerate(row, start=1):
                sheet.cell(line, place).value = value
    elif edit == 1:
        sheet.cell(filled[0], PLACES["amount"]).value = 1
    elif edit == 2:
        sheet.cell(filled[0], PLACES["contacted_on"]).value = date(2026, 9, 1)
    book.save(path)
    return len(filled)


def main(workbooks: int) -> None:
    """Print what became of the rows, and how long it took."""
    with tempfile.TemporaryDirectory(prefix="returns-bench-") as name:
        settings = load_settings()
        open_office(Path(name) / "home", settings)
        from console.returns import take_back

        files = send_out(Path(name), workbooks)
        draw = random.Random(1)
        filled = sum(fill_in(path, draw) for path in files)
        started = time.perf_counter()
        receipts = [take_back(read_return(path, settings.key), "bench") for path in files]
        seconds = time.perf_counter() - started
        accepted, unchanged = sum(r.accepted for r in receipts), sum(r.unchanged for r in receipts)
        refused = sum(len(r.refused) for r in receipts)
        lost = filled - accepted - unchanged - refused
        print(
            f"{workbooks} workbooks, {filled} rows filled in: {accepted} accepted, {refused} refused, {lost} lost; "
            f"{seconds:.1f} s = {seconds / workbooks * 1000:.0f} ms a workbook"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else WORKBOOKS)
