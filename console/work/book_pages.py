"""The pages of the workbook: fetch it, hand it in, fetch what has to be corrected."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from django.conf import settings
from django.core import signing
from django.http import FileResponse, Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.work.books import list_months, take_file, write_own_books
from pipelines.core.month import Month
from pipelines.store.files import hash_file

_LINK_SALT = "console.corrected"
_LINK_SECONDS = 15 * 60
_BOOKS = "console/books.html"
_KINDS = (".xlsx", ".csv")
_KEPT_NAME = re.compile(r"console_[0-9a-f]{32}\.xlsx")


@open_to(Role.MANAGER)
@require_safe
def show_books(request: Any) -> Any:
    """Show the months whose workbook can be fetched, and where to hand one in."""
    return render(request, _BOOKS, {"months": list_months(request.user)})


@open_to(Role.MANAGER)
@require_safe
def fetch_book(request: Any, month: str) -> Any:
    """Send a manager's workbook of a month; several together where days added orders."""
    if month not in list_months(request.user):
        record_access(request, "book", month, is_refused=True)
        raise Http404
    record_access(request, "book", month)
    with _make_folder() as folder:
        written = write_own_books(
            settings.CONSOLE_HOME,
            request.user,
            Month.parse(month),
            find_language(),
            folder,
        )
        if not written:
            raise Http404
        file = written[0] if len(written) == 1 else _pack_books(folder, written)
        # An open file is still there when its folder is gone.
        return FileResponse(file.open("rb"), as_attachment=True, filename=file.name)


def _pack_books(folder: Path, books: list[Path]) -> Path:
    packed = folder / f"{books[0].stem}.zip"
    with ZipFile(packed, "w") as archive:
        for book in books:
            archive.write(book, book.name)
    return packed


@open_to(Role.MANAGER)
@require_POST
def hand_in_book(request: Any) -> Any:
    """Take a filled workbook back, and say row by row what became of it."""
    handed = request.FILES.get("file")
    context: dict[str, Any] = {"months": list_months(request.user)}
    problem = _find_problem(handed)
    if problem:
        return render(request, _BOOKS, context | {"problem": problem}, status=422)

    with _make_folder() as folder:
        path = _keep_file(handed, folder)
        # Not its name, which may be a customer's; the intake has the same hash.
        record_access(request, "hand_in", hash_file(path))
        taken = take_file(settings.CONSOLE_HOME, request.user, path, find_language())
    context |= {"taken": taken, "file": handed.name}
    if taken.corrected:
        named = [request.user.pk, taken.corrected]
        context["link"] = signing.dumps(named, salt=_LINK_SALT)
    status = 422 if taken.error else 200
    return render(request, _BOOKS, context, status=status)


def _find_problem(handed: Any) -> str:
    """Say what is wrong with a file before it is looked into."""
    problem = ""
    if handed is None:
        problem = _("Choose a file first.")
    elif Path(handed.name).suffix.lower() not in _KINDS:
        problem = _("Hand in the workbook as .xlsx or .csv.")
    elif handed.size > settings.CONSOLE_LARGEST_FILE:
        problem = _("The file is larger than 10 MB.")
    return problem


def _keep_file(handed: Any, folder: Path) -> Path:
    """Write what was handed in under a name of ours in a folder of its own."""
    suffix = Path(handed.name).suffix.lower()
    path = folder / f"handed_in{suffix}"
    with path.open("wb") as stream:
        for chunk in handed.chunks():
            stream.write(chunk)
    return path


@contextmanager
def _make_folder() -> Iterator[Path]:
    """Give a private folder for as long as it is needed."""
    folder = Path(tempfile.mkdtemp(prefix="console-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@open_to(Role.MANAGER)
@require_safe
def fetch_corrected(request: Any, link: str) -> Any:
    """Send the workbook of refused rows to whoever handed them in, for a quarter of an hour."""
    path = _open_link(request, link)
    if path is None or not path.is_file():
        record_access(request, "corrected", is_refused=True)
        raise Http404
    record_access(request, "corrected", path.name)
    return FileResponse(path.open("rb"), as_attachment=True, filename="corrected.xlsx")


def _open_link(request: Any, link: str) -> Path | None:
    """Return the file that a link is for; None of one that is old, changed or another's."""
    try:
        account, name = signing.loads(link, salt=_LINK_SALT, max_age=_LINK_SECONDS)
    except signing.BadSignature:
        return None
    if account != request.user.pk or not _KEPT_NAME.fullmatch(name):
        return None
    kept: Path = settings.CONSOLE_HOME / "returns" / name
    return kept
