"""A month's workbooks: one a manager, one a branch for what it must claim, one for the company."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pipelines.core.errors import Incomplete, RetentionError, StorageError
from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.book_plan import BookPlan
from pipelines.documents.workbooks.bulletin import plan_bulletin, plan_calls
from pipelines.documents.workbooks.company import plan_company_book
from pipelines.documents.workbooks.work_lists import plan_work_lists
from pipelines.documents.workbooks.workbook_data import WorkbookData
from pipelines.sources.office.changes import read_changes
from pipelines.store.lake import DayFolder, MonthFolder

MOST_NAMED = 5  # of the workbooks that failed
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
    that is full or away ends it at once.
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


def _read_released(folder: MonthFolder, language: str) -> WorkbookData:
    """Return what is released by now of a month or a day, a draft until it is sealed.

    Raise Refused for what is sealed under the key that is everybody's.
    """
    settings = load_settings()
    is_draft = folder.read_seal() is None
    if not is_draft:
        settings.require_own_key()
    changes = read_changes(settings.office_database(folder.home), folder.month)
    return WorkbookData(folder.version(), language, is_draft, changes)
