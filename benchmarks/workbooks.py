"""Five hundred work lists, against pandas with openpyxl: `python -m benchmarks.workbooks`.

Both write the same rows with a drop-down, protection and open cells for the answers, three rounds of each way in turn, so that what else runs on the machine meets them all.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

from pipelines.documents.workbooks import export
from pipelines.documents.workbooks.book_plan import BookPlan
from pipelines.documents.workbooks.workbook import (
    OUTCOMES,
    WORK_LIST_COLUMNS,
    Stamp,
    WorkList,
    write_work_list,
)
from pipelines.text.texts import load_labels

ROUNDS = 3
STAMP = Stamp("Wang", "zh", "2026-08", 1, "bench", date(2026, 9, 3), is_draft=False)
SAMPLES: dict[str, object] = {
    "money": Decimal("128.50"),
    "integer": 7,
    "number": 7,
    "rate": 0.125,
    "date": date(2026, 9, 20),
}
TEXT = "本月用量较上月下降，合约将于下月到期"


def make_rows(book: int, count: int) -> list[dict[str, object]]:
    """Make the rows of a work list, no answer filled in."""
    rows = []
    for number in range(count):
        row: dict[str, object] = {}
        for column in WORK_LIST_COLUMNS:
            text = f"{TEXT} {book:04d}-{number:03d}"
            row[column.name] = (
                None if column.is_input else SAMPLES.get(column.kind, text)
            )
        rows.append(row)
    return rows


def plan_books(out: Path, books: int, rows: int) -> list[BookPlan]:
    """Plan the books as a month's export does."""
    labels = load_labels("zh")
    plans = []
    for number in range(books):
        path = out / f"{number:04d}.xlsx"
        holder = f"M{number:04d}"
        book = WorkList(stamp=STAMP, manager_id=holder, rows=make_rows(number, rows))
        write = partial(write_work_list, path, book, labels, b"benchmark")
        plans.append(BookPlan("manager", holder, path, write))
    return plans


def write_with_pandas(out: Path, books: int, rows: int) -> None:
    """Write the same rows by pandas and openpyxl, with a drop-down, protection and open cells."""
    # Imported here: the processes that write side by side import this module, as they do a command.
    import pandas as pd
    from openpyxl.styles import Protection
    from openpyxl.worksheet.datavalidation import DataValidation

    inputs = [
        place
        for place, column in enumerate(WORK_LIST_COLUMNS, start=1)
        if column.is_input
    ]
    choices = '"' + ",".join(OUTCOMES)[:250] + '"'
    for number in range(books):
        frame = pd.DataFrame(make_rows(number, rows))
        with pd.ExcelWriter(out / f"{number:04d}.xlsx", engine="openpyxl") as writer:
            frame.to_excel(writer, sheet_name="work_list", index=False)
            sheet = writer.sheets["work_list"]
            sheet.protection.sheet = True
            drop_down = DataValidation("list", formula1=choices, allow_blank=True)
            sheet.add_data_validation(drop_down)
            for place in inputs:
                for line in range(2, rows + 2):
                    cell = sheet.cell(line, place)
                    cell.protection = Protection(locked=False)
                    drop_down.add(cell)


def clock(write: Callable[[Path], object]) -> tuple[float, float]:
    """Return the seconds and the CPU seconds of a way, those of its processes included."""
    with tempfile.TemporaryDirectory(prefix="retention-bench-") as folder:
        before, started = _cpu(), time.perf_counter()
        write(Path(folder))
        return time.perf_counter() - started, _cpu() - before


def _cpu() -> float:
    used = [
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(each.ru_utime + each.ru_stime for each in used)


def write_serially(out: Path, books: int, rows: int) -> None:
    """Write each book in this process."""
    for plan in plan_books(out, books, rows):
        plan.write()


def main() -> None:
    """Print a line a way, and how many times as long the others take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", type=int, default=500)
    parser.add_argument("--rows", type=int, default=60, help="of a book")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    ways: dict[str, Callable[[Path], object]] = {
        "side by side": lambda out: export.write_books(
            plan_books(out, given.books, given.rows)
        ),
        "one process": lambda out: write_serially(out, given.books, given.rows),
        "pandas + openpyxl": lambda out: write_with_pandas(
            out, given.books, given.rows
        ),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, write in ways.items():
            found[name].append(clock(write))
    cores = len(os.sched_getaffinity(0))
    print(
        f"{given.books} books of {given.rows} rows, {cores} cores, load {os.getloadavg()[0]:.1f}"
    )
    first = None
    for name, rounds in found.items():
        wall = statistics.median(seconds for seconds, _ in rounds)
        cpu = statistics.median(seconds for _, seconds in rounds)
        first = first or wall
        print(
            f"{name:20s} {wall:6.2f} s  {cpu:6.2f} CPU s  {wall / first:5.2f} times as long"
        )


if __name__ == "__main__":
    main()
