"""What a released month or day sends: its files, rendered once and kept, with for whom each is.

Rendering once is what keeps a letter the same letter: another version of a library, or of this
program, would make other bytes of the same orders, and everybody would get everything again.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple, TypedDict

from pipelines.core.errors import Refused, UsageError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.documents.workbooks.export import (
    Book,
    write_day_books,
    write_month_books,
)
from pipelines.sources.office.changes import list_months_in_book, read_changes
from pipelines.store.files import hash_file, read_json, write_json
from pipelines.store.lake import DayFolder, MonthFolder, Version
from pipelines.store.outbox import make_letter_id

COMPANY = "company"
_OWNER_ALONE_FOLDER, _OWNER_ALONE_FILE = 0o700, 0o600
_DAY_LENGTH = len("2026-11-05")


@dataclass(frozen=True)
class Parcel:
    """A file and for whom it is: `part` is manager, branch or company.

    `place` is the set of files it belongs to.
    """

    part: str
    holder: str
    place: str
    name: str
    sha256: str

    @property
    def file(self) -> str:
        """Where it lies below the outbox of its month."""
        return f"content/{self.place}/{self.name}"


# -- what was released -----------------------------------------------------------------------------


def open_released(home: Path, occasion: str) -> MonthFolder:
    """Return the folder of a month (`2026-10`) or a day (`2026-11-05`).

    Raise Refused before it is released.
    """
    day = _parse_day(occasion)
    folder = (
        MonthFolder(home, Month.parse(occasion))
        if day is None
        else _open_day(home, day)
    )
    folder.version()
    if folder.read_seal() is None:
        raise Refused("deliver.not_released", month=occasion)
    return folder


def _parse_day(occasion: str) -> date | None:
    """Read a day written in full; None for anything else."""
    if len(occasion) != _DAY_LENGTH:
        return None
    try:
        return date.fromisoformat(occasion)
    except ValueError:
        return None


def _open_day(home: Path, day: date) -> DayFolder:
    """Return a day's folder under the month whose orders it adds to."""
    current = DayFolder(home, Month(day.year, day.month), day).current()
    if current is None:
        raise UsageError("day.not_held", day=day)
    return DayFolder(home, current.of_month, day)


def find_released_version(folder: MonthFolder) -> Version:
    """Return the version that was released."""
    seal = folder.read_seal()
    return folder.version(seal.version if seal else None)


# -- its files -------------------------------------------------------------------------------------


class FileEntry(TypedDict):
    """A file of a set, as the set's index has it."""

    part: str
    holder: str
    name: str
    sha256: str


@dataclass(frozen=True)
class _FileSet:
    """Files that are rendered together.

    It has the key of what they say, and what writes them into a folder.
    """

    key: str
    write: Callable[[Path], Sequence[Book]]

    def write_entries(self, folder: Path) -> list[FileEntry]:
        """Write the files and describe them."""
        return [_describe_file(book) for book in self.write(folder)]


def render_parcels(
    folder: MonthFolder,
    outbox: Path,
    language: str,
    settings: Settings,
    is_kept: bool = True,
) -> list[Parcel]:
    """Return the files of a month or a day with for whom they are, rendering what is not there yet.

    Books change with what was reassigned or withdrawn since; a sealed month's documents never do.
    Sheets of pay are for the eyes of their owner and are not sent. What is not to be kept is
    rendered elsewhere and thrown away.
    """
    parcels: list[Parcel] = []
    for file_set in _list_file_sets(folder, language, settings):
        entries = _render_set(file_set, outbox / "content" / file_set.key, is_kept)
        parcels += [Parcel(place=file_set.key, **entry) for entry in entries]
    return parcels


def _list_file_sets(
    folder: MonthFolder, language: str, settings: Settings
) -> list[_FileSet]:
    identity = find_released_version(folder).identity
    months = list_months_in_book(folder.month)
    changes = read_changes(settings.office_database(folder.home), *months)
    changes_text = repr(sorted(changes.items()))
    books_key = make_letter_id("books", identity, language, changes_text)
    if isinstance(folder, DayFolder):
        day_folder = folder
        return [
            _FileSet(books_key, lambda out: write_day_books(day_folder, out, language))
        ]
    documents_key = make_letter_id("papers", identity, language)
    return [
        _FileSet(books_key, lambda out: write_month_books(folder, out, language)),
        _FileSet(documents_key, lambda out: _write_documents(folder, out, language)),
    ]


def _write_documents(folder: MonthFolder, out: Path, language: str) -> list[Book]:
    from pipelines.documents.reports.write import (
        export_documents,
    )  # what draws them is loaded for it

    return [
        Book(COMPANY, COMPANY, path) for path in export_documents(folder, out, language)
    ]


def _render_set(file_set: _FileSet, place: Path, is_kept: bool) -> list[FileEntry]:
    """Read a set's index, which is written last; make the set where there is none."""
    index_file = place / "index.json"
    index = read_json(index_file)
    if index is not None:
        entries: list[FileEntry] = index["files"]
        # A restored home has the index alone, and a person's deletion takes what names them.
        if all((place / entry["name"]).exists() for entry in entries):
            return entries
    if not is_kept:
        with tempfile.TemporaryDirectory() as elsewhere:
            return file_set.write_entries(Path(elsewhere))
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, mode=_OWNER_ALONE_FOLDER)
    entries = file_set.write_entries(place)
    write_json(index_file, {"files": entries}, _OWNER_ALONE_FILE)
    return entries


def _describe_file(book: Book) -> FileEntry:
    return {
        "part": book.kind,
        "holder": book.holder,
        "name": book.path.name,
        "sha256": hash_file(book.path),
    }


# -- addresses -------------------------------------------------------------------------------------


class _ManagerAddress(NamedTuple):
    manager_id: str
    email: str | None


def read_addresses(version: Version) -> dict[str, str]:
    """Return the managers' e-mail addresses that the operator delivered."""
    table = "snapshot_account_manager"
    if not version.is_computed(table) or "email" not in version.list_columns(table):
        return {}
    managers = version.read_as(_ManagerAddress, table)
    return {manager.manager_id: manager.email for manager in managers if manager.email}
