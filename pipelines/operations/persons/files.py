"""Files that people read and that name a customer, and drafts in which names are not sealed yet."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from datetime import date
from html import escape
from pathlib import Path

from pipelines.core.month import Month
from pipelines.operations.backup import PERSONS
from pipelines.operations.persons.known import Known
from pipelines.store.lake import MONTH_NAME, DayFolder, MonthFolder
from pipelines.store.persons.vault import find_file

_SEALED = ("customer", "service")


def list_naming_files(home: Path, known: Known) -> Iterator[Path]:
    """Files that people read and that name a customer: workbooks to send, refused rows, exports."""
    for pattern in ("outbox/*/content/*/*", "returns/*", f"{PERSONS}/*/data.*"):
        for path in sorted(home.glob(pattern)):
            if not path.is_file() or path.name == "index.json":
                continue
            if _names(path, known.words):
                yield path


def _names(path: Path, words: frozenset[str]) -> bool:
    """Whether a file has one of the words in it: of a workbook, as a whole cell."""
    if not zipfile.is_zipfile(path):
        content = path.read_bytes()
        return any(word.encode("utf-8", "replace") in content for word in words)
    escaped = [re.escape(escape(word, quote=False)) for word in sorted(words)]
    cells = "|".join(escaped)
    pattern = re.compile(f">(?:{cells})<".encode("utf-8", "replace"))
    with zipfile.ZipFile(path) as book:
        for name in book.namelist():
            if name.endswith(".xml") and pattern.search(book.read(name)):
                return True
    return False


def remove_files(home: Path, known: Known) -> None:
    """Remove what names the customer; sets of the outbox are drawn anew when they are sent."""
    for path in list(list_naming_files(home, known)):
        path.unlink(missing_ok=True)
        path.with_name("index.json").unlink(missing_ok=True)
    for folder, draft in list(list_plain_drafts(home)):
        with folder.lock():
            shutil.rmtree(draft, ignore_errors=True)


def list_plain_drafts(home: Path) -> Iterator[tuple[MonthFolder, Path]]:
    """Drafts of a run that died while what was delivered stood in them as it came."""
    for kind in ("months", "days"):
        for draft in sorted(home.glob(f"{kind}/*/v*.partial")):
            if _is_plain(draft):
                yield _find_folder(home, draft), draft


def _is_plain(draft: Path) -> bool:
    if (draft / ".staging").exists() or any(draft.glob(".*.tmp")):
        return True
    return any(
        (draft / f"extract_{name}.parquet").exists()
        and not find_file(draft, name).exists()
        for name in _SEALED
    )


def _find_folder(home: Path, draft: Path) -> MonthFolder:
    name = draft.parent.name
    month = Month.parse(name[:7])
    if MONTH_NAME.fullmatch(name):
        return MonthFolder(home, month)
    return DayFolder(home, month, date.fromisoformat(name))
