"""A month's workbooks: one a manager, one a branch for what it must claim, one for the company."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from pipelines.core.errors import Incomplete, RetentionError, StorageError
from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.book_plan import BookPlan
from pipelines.documents.workbooks.bulletin import plan_bulletin, plan_calls
from pipelines.documents.workbooks.company import plan_company_book
from pipelines.documents.workbooks.work_lists import plan_work_lists
from pipelines.documents.workbooks.workbook_data import WorkbookData
from pipelines.sources.office.changes import list_months_in_book, read_changes
from pipelines.store.lake import DayFolder, MonthFolder

MOST_NAMED = 5  # of the workbooks that failed
FEWEST_SIDE_BY_SIDE = 100  # books: fewer are written before other processes have begun
BOOKS_AT_ONCE = 10  # that a process is given
AHEAD = 3  # times as much as a process is given waits for it: the rest is not yet made
# What a file system says of a name, and of nothing else.
_NAME_ERRORS = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)


@dataclass(frozen=True)
class Book:
    """A workbook that was written and for whom it is: a manager, a branch, or the company."""

    kind: str
    holder: str
    path: Path


def export_month(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write a month's workbooks into a folder; drafts until the month is released.

    Return the files.
    """
    return [book.path for book in write_month_books(folder, out, language)]


def export_work_lists(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write what managers and branches get of a month, and nothing else; return the files."""
    data = _read_released(folder, language)
    return [book.path for book in write_books(plan_work_lists(data, out))]


def write_month_books(folder: MonthFolder, out: Path, language: str) -> list[Book]:
    """Write a month's workbooks into a folder; return them with for whom each is."""
    data = _read_released(folder, language)
    company = plan_company_book(data, out)
    return write_books(chain(plan_work_lists(data, out), [company]))


def export_day(folder: DayFolder, out: Path, language: str) -> list[Path]:
    """Write a day's work lists and its bulletins into a folder; drafts until its month is released.

    Return the files.
    """
    return [book.path for book in write_day_books(folder, out, language)]


def write_day_books(folder: DayFolder, out: Path, language: str) -> list[Book]:
    """Write a day's work lists and bulletins into a folder; return them with for whom each is."""
    data = _read_released(folder, language)
    plans = chain(
        plan_work_lists(data, out), plan_calls(data, out), plan_bulletin(data, out)
    )
    return write_books(plans)


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


def write_books(plans: Iterable[BookPlan]) -> list[Book]:
    """Write each workbook; return those that were written.

    One that cannot be written holds back no other, and raises BooksFailed after the last. A disk
    that is full or away ends it at once. Many are written side by side on the cores.
    """
    written: list[Book] = []
    failed: list[str] = []
    for plan, is_written in _write_ahead(plans):
        try:
            if not is_written:
                plan.write()
        except StorageError:
            raise
        except (
            Exception
        ) as error:  # what is wrong with one is not wrong with the others
            if isinstance(error, OSError) and error.errno not in _NAME_ERRORS:
                raise
            why = type(error).__name__
            if isinstance(error, RetentionError):
                why = error.key
            failed.append(f"{plan.path.name} ({why})")
        else:
            written.append(Book(plan.kind, plan.holder, plan.path))

    if failed:
        raise BooksFailed(written, failed)
    return written


# -- side by side ----------------------------------------------------------------------------------


def _write_ahead(plans: Iterable[BookPlan]) -> Iterator[tuple[BookPlan, bool]]:
    """Yield the plans in their order, with whether another process has written each.

    What it could not write is left to the caller, to be tried again and to say why.
    """
    plans = iter(plans)
    first = list(islice(plans, FEWEST_SIDE_BY_SIDE))
    plans = chain(first, plans)
    cores = min(load_settings().threads, len(os.sched_getaffinity(0)))
    is_helper = (
        multiprocessing.current_process().daemon
    )  # one that may have none of its own
    if len(first) < FEWEST_SIDE_BY_SIDE or cores < 2 or is_helper:
        for plan in plans:
            yield plan, False
        return

    # Not forked: the engine's threads would be cut off in the middle of what they hold.
    spawned = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(cores, spawned, initializer=_leave_interrupts)
    waiting: deque[tuple[list[BookPlan], Future[list[bool]] | None]] = deque()
    try:
        while chunk := list(islice(plans, BOOKS_AT_ONCE)):
            waiting.append((chunk, _hand_over(pool, chunk)))
            if len(waiting) > cores * AHEAD:
                yield from _collect_books(*waiting.popleft())
        while waiting:
            yield from _collect_books(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the process that waits for the books."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _hand_over(
    pool: ProcessPoolExecutor, chunk: list[BookPlan]
) -> Future[list[bool]] | None:
    """Give books to a process; None where there is none left, or a book is the company's.

    The company's book reads the month itself: there is nothing small to hand over.
    """
    if any(plan.kind == "company" for plan in chunk):
        return None
    try:
        return pool.submit(_try_books, chunk)
    except RuntimeError:  # the processes have ended
        return None


def _try_books(chunk: list[BookPlan]) -> list[bool]:
    """Write books; return which of them are written."""
    written = []
    for plan in chunk:
        try:
            plan.write()
        except Exception:  # noqa: BLE001  # the process that waits tries again, and tells
            written.append(False)
        else:
            written.append(True)
    return written


def _collect_books(
    chunk: list[BookPlan], handed_over: Future[list[bool]] | None
) -> Iterator[tuple[BookPlan, bool]]:
    written = [False] * len(chunk)
    if handed_over is not None:
        try:
            written = handed_over.result()
        except Exception:  # noqa: BLE001  # a process that ended, a book that stays here
            written = [False] * len(chunk)
    yield from zip(chunk, written, strict=True)


def _read_released(folder: MonthFolder, language: str) -> WorkbookData:
    """Return what is released by now of a month or a day, a draft until it is sealed.

    Raise Refused for what is sealed under the key that is everybody's.
    """
    settings = load_settings()
    is_draft = folder.read_seal() is None
    if not is_draft:
        settings.require_own_key()
    months = list_months_in_book(folder.month)
    changes = read_changes(settings.office_database(folder.home), *months)
    return WorkbookData(folder.version(), language, is_draft, changes)
