"""What a released month or day sends: its files, rendered once and kept, with for whom each is.

Rendering once is what keeps a letter the same letter: another version of a library, or of this program, would make other
bytes of the same orders, and everybody would get everything again.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.core.errors import Refused, UsageError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.documents.month_view import summarise_outcome
from pipelines.documents.workbooks.export import Book, day_books, month_books
from pipelines.sources.office.changes import read_changes
from pipelines.store.files import hash_file, read_json, write_json
from pipelines.store.lake import DayFolder, MonthFolder, Version
from pipelines.store.outbox import letter_id
from pipelines.text.texts import label

COMPANY = "company"
_OWNER_ALONE = 0o700


@dataclass(frozen=True)
class Parcel:
    """A file and for whom it is: `part` is manager, branch or company. `place` is the set of files it belongs to."""

    part: str
    holder: str
    place: str
    name: str
    sha256: str

    @property
    def file(self) -> str:
        """Where it lies below the outbox of its month."""
        return f"content/{self.place}/{self.name}"


def open_released(home: Path, occasion: str) -> MonthFolder:
    """Return the folder of a month (`2026-10`) or a day (`2026-11-05`); raise Refused before it is released."""
    folder = (
        _day_folder(home, date.fromisoformat(occasion))
        if _is_day(occasion)
        else _month_folder(home, occasion)
    )
    folder.version()
    if folder.seal() is None:
        raise Refused("deliver.not_released", month=occasion)
    return folder


def _is_day(occasion: str) -> bool:
    try:
        date.fromisoformat(occasion)
    except ValueError:
        return False
    return len(occasion) == len("2026-11-05")


def _month_folder(home: Path, occasion: str) -> MonthFolder:
    return MonthFolder(home, Month.parse(occasion))


def _day_folder(home: Path, day: date) -> DayFolder:
    current = DayFolder(home, Month(day.year, day.month), day).current()
    if current is None:
        raise UsageError("day.not_held", day=day)
    return DayFolder(home, Month.parse(current.manifest["month"]), day)


def released_version(folder: MonthFolder) -> Version:
    """Return the version that was released."""
    seal = folder.seal()
    return folder.version(seal["version"] if seal else None)


def render(
    folder: MonthFolder, outbox: Path, language: str, settings: Settings, is_kept: bool = True
) -> list[Parcel]:
    """Return the files of a month or a day with for whom they are, rendering what is not there yet.

    Books change with what was reassigned or withdrawn since; a sealed month's documents never do. Sheets of pay are
    for the eyes of their owner and are not sent. What is not to be kept is rendered elsewhere and thrown away.
    """
    version = released_version(folder)
    changes = read_changes(settings.office_database(folder.home), folder.month)
    books = letter_id("books", version.identity, language, repr(sorted(changes.items())))
    if isinstance(folder, DayFolder):
        return _rendered(outbox, books, lambda out: day_books(folder, out, language), is_kept)
    papers = letter_id("papers", version.identity, language)
    return [
        *_rendered(outbox, books, lambda out: month_books(folder, out, language), is_kept),
        *_rendered(outbox, papers, lambda out: _documents(folder, out, language), is_kept),
    ]


def _documents(folder: MonthFolder, out: Path, language: str) -> list[Book]:
    from pipelines.documents.reports.write import (
        export_documents,
    )  # what draws them is loaded for it

    return [Book(COMPANY, COMPANY, path) for path in export_documents(folder, out, language)]


def _rendered(
    outbox: Path, key: str, write: Callable[[Path], Sequence[Book]], is_kept: bool
) -> list[Parcel]:
    """Read a set's index, which is written last; make the set where there is none."""
    place = outbox / "content" / key
    index = read_json(place / "index.json")
    if index is None and not is_kept:
        with tempfile.TemporaryDirectory() as elsewhere:
            return [Parcel(place=key, **_entry(book)) for book in write(Path(elsewhere))]
    if index is None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, mode=_OWNER_ALONE)
        index = {"files": [_entry(book) for book in write(place)]}
        write_json(place / "index.json", index, 0o600)
    return [Parcel(place=key, **entry) for entry in index["files"]]


def _entry(book: Book) -> dict[str, str]:
    return {
        "part": book.kind,
        "holder": book.holder,
        "name": book.path.name,
        "sha256": hash_file(book.path),
    }


def addresses(version: Version) -> dict[str, str]:
    """Return the managers' e-mail addresses that the operator delivered."""
    if not version.is_computed("snapshot_account_manager"):
        return {}
    path = version.table("snapshot_account_manager")
    if "email" not in pq.read_schema(path).names:
        return {}
    rows = pq.read_table(path, columns=["manager_id", "email"]).to_pylist()
    return {row["manager_id"]: row["email"] for row in rows if row["email"]}


# -- the digest --------------------------------------------------------------------------------------------------


def count(version: Version) -> dict[str, Any]:
    """Count what a group may read of a version: orders by list and by due day, managers, what was withheld.

    As it was released: a robot says a month once, whatever is reassigned later. No customer, no manager, no amount.
    """
    columns = ["list", "manager_id", "due_on", "arm"]
    rows = pq.read_table(version.table("dispatch_order"), columns=columns).to_pylist()
    treated = [row for row in rows if row["arm"] == "treated"]
    is_month = version.occasion == str(version.month)
    withheld = summarise_outcome(version)["withheld"] if is_month else {}
    return {
        "occasion": version.occasion,
        "version": version.number,
        "orders": len(treated),
        "managers": len({row["manager_id"] for row in treated if row["manager_id"]}),
        "lists": dict(sorted(Counter(row["list"] for row in treated).items())),
        "due": {
            str(day): n for day, n in sorted(Counter(row["due_on"] for row in treated).items())
        },
        "withheld": len(withheld),
    }


def digest(counts: dict[str, Any], titles: dict[str, str], language: str, link: str | None) -> str:
    """Put the counts into a few lines."""
    heads = {name: counts[name] for name in ("occasion", "version", "orders", "managers")}
    lines = [label(language, "digest.head", **heads)]
    lines += [
        label(language, "digest.list", title=titles.get(name, name), n=n)
        for name, n in counts["lists"].items()
    ]
    lines += [label(language, "digest.due", day=day, n=n) for day, n in counts["due"].items()]
    if counts["withheld"]:
        lines.append(label(language, "digest.withheld", n=counts["withheld"]))
    return "\n".join([*lines, *([link] if link else [])])
