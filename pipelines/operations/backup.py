"""One archive with the whole home and the office.

    office.jsonl  the office's rows, whichever database they are in (SQLite or PostgreSQL), with the
                  console's accounts, their second factors and the access log
    home/…        every file of the home but locks, unfinished files and drafts, the office's own
                  SQLite file, keys of persons, and workbooks with names, which are drawn again
    hashes.json   the SHA-256 of each of them; the last member, so that an archive without it is
                  not whole

Versions are never changed once they are there, so months may run meanwhile. What names a version
(`CURRENT`, seals, promotions) is read before the versions are looked for: what it names is then in
the archive. Beside the archives lies one copy of the keys of persons, replaced each time: of
archives there are many, and a key that was destroyed must not come back with an older one.

The office is read first; an answer that comes later than that is not in the archive,
though a month that has heard it may be.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

from pipelines.core.errors import StorageError, UsageError
from pipelines.core.settings import Settings
from pipelines.store.failpoints import failpoint
from pipelines.store.files import replacing
from pipelines.store.persons.keys import KEYS_FOLDER, PersonKeys

PERSONS = "persons"  # what was gathered of a customer is for them alone, and for a day
# Apart from them: keys, which have one copy, and refused rows, which are handed in again.
_APART = (PERSONS, KEYS_FOLDER, "returns")
KEYS_COPY = "retention-keys.sqlite3"
_SET_DEPTH = len(("outbox", "2026-10", "content", "set", "file"))
OFFICE = "office.jsonl"
HASHES = "hashes.json"
OFFICE_FILE = "office.sqlite3"
ACCOUNTS_TABLE = "accounts_account"
_PREFIX = "retention-"
# Files that name a version stand no deeper in the home.
_POINTER_DEPTHS = ("*", "*/*", "*/*/*")


@dataclass(frozen=True)
class Backup:
    """An archive: where it is, and how many files of the home and rows of the office are in it."""

    path: Path
    files: int
    office_rows: int


def back_up(
    home: Path, folder: Path, settings: Settings, now: datetime, keep: int | None = None
) -> Backup:
    """Write `retention-<UTC>.tar` into a folder outside the home, for the owner alone.

    Keep the newest `keep` archives.

    Raise UsageError for a folder inside the home, or a home that is none, and StorageError when it
    cannot be written.
    """
    if not (home / "months").is_dir():
        raise UsageError("backup.no_home", home=home)
    if folder.resolve().is_relative_to(home.resolve()):
        raise UsageError("backup.inside", home=home, folder=folder)

    path = folder / f"{_PREFIX}{now:%Y%m%dT%H%M%SZ}.tar"
    with report_storage_errors(folder), replacing(path, 0o600) as temporary:
        files, office_rows = _write_archive(temporary, home, settings)
        failpoint("backup.written")

    _copy_keys(home, folder)
    if keep:
        for old in list_archives(folder)[keep:]:
            old.unlink()

    return Backup(path, files, office_rows)


def _copy_keys(home: Path, folder: Path) -> None:
    """Put the keys of persons beside the archives, and write down that a copy lies there."""
    keys = PersonKeys(home)
    copy = folder / KEYS_COPY
    if not keys.path.exists() and not copy.exists():
        return
    with report_storage_errors(folder):
        keys.copy_to(copy)
        keys.record_copy(copy)


def list_archives(folder: Path) -> list[Path]:
    """Return the archives in a folder, newest first."""
    return sorted(folder.glob(f"{_PREFIX}*Z.tar"), reverse=True)


@contextmanager
def report_storage_errors(where: Path) -> Iterator[None]:
    """Turn what the operating system refuses into a StorageError of the file, else of `where`."""
    try:
        yield
    except OSError as error:
        file = error.filename or where
        raise StorageError("storage.failed", where=file, why=error.strerror) from error


def _write_archive(path: Path, home: Path, settings: Settings) -> tuple[int, int]:
    """Write the archive.

    Return how many files of the home, and how many rows of the office are in it.
    """
    path.touch(0o600)
    with (
        path.open("wb") as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        office_rows = _dump_office(home, settings)
        hashes = {OFFICE: _add_content(archive, OFFICE, office_rows)}
        for file in _list_files(home):
            name = f"home/{file.path.relative_to(home)}"
            hashes[name] = _add_file(archive, name, file)
        content = json.dumps(hashes, indent=1, sort_keys=True)
        _add_content(archive, HASHES, content.encode())

    return len(hashes) - 1, office_rows.count(b"\n")


# -- the files of the home -------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    """A file of the home; with its content where that has been read already."""

    path: Path
    content: bytes | None = None


def _list_files(home: Path) -> Iterator[_File]:
    """Yield each file; first those that name a version.

    Their content is read before the versions are listed, so that what they name is listed.
    """
    pointers = {}
    for depth in _POINTER_DEPTHS:
        for path in home.glob(depth):
            if _is_kept(path, home):
                pointers[path] = path.read_bytes()

    for path in sorted(pointers):
        yield _File(path, pointers[path])
    for path in sorted(home.rglob("*")):
        if path not in pointers and _is_kept(path, home):
            yield _File(path)


def _is_kept(path: Path, home: Path) -> bool:
    """Whether a path is a file that the archive holds."""
    if not path.is_file() or path.is_symlink():
        return False
    parts = path.relative_to(home).parts
    if any(part.endswith((".partial", ".gone")) for part in parts):
        return False
    if path.name.endswith((".tmp", ".lock")) or parts[0] in _APART:
        return False
    if _is_drawn(parts):
        return False
    is_office = len(parts) == 1 and path.name.startswith(OFFICE_FILE)
    return not is_office


def _is_drawn(parts: Sequence[str]) -> bool:
    """Whether a file of the outbox is drawn again where it is missing; its set's index is kept."""
    in_set = len(parts) == _SET_DEPTH and parts[0] == "outbox" and parts[2] == "content"
    return in_set and parts[-1] != "index.json"


def _add_file(archive: tarfile.TarFile, name: str, file: _File) -> str:
    mode = file.path.stat().st_mode & 0o777
    if file.content is not None:
        return _add_stream(archive, name, io.BytesIO(file.content), mode)
    with file.path.open("rb") as stream:
        return _add_stream(archive, name, stream, mode)


def _add_content(archive: tarfile.TarFile, name: str, content: bytes) -> str:
    return _add_stream(archive, name, io.BytesIO(content), 0o600)


def _add_stream(
    archive: tarfile.TarFile, name: str, stream: IO[bytes], mode: int
) -> str:
    """Add a stream from its beginning to its end; return the hash of what was added."""
    reader = _HashingReader(stream)
    member = tarfile.TarInfo(name)
    member.size = stream.seek(0, os.SEEK_END)
    member.mode = mode
    stream.seek(0)
    archive.addfile(member, reader)
    return reader.digest.hexdigest()


class _HashingReader:
    """Hashes what is read through it.

    So a file that is replaced meanwhile is hashed as it was archived.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        block = self.stream.read(size)
        self.digest.update(block)
        return block


# -- the office ------------------------------------------------------------------------------------


def _dump_office(home: Path, settings: Settings) -> bytes:
    """The office's rows as JSON lines; nothing where there is no office yet.

    Sessions and lock-outs are left out: who comes back after a restore logs in anew.
    """
    from console.database import look_into_office, open_accounts, open_office

    tables = look_into_office(home, settings)
    if not tables and settings.office_url is None:
        return b""
    parts = ["console"]
    if ACCOUNTS_TABLE in tables:
        open_accounts(home, settings)
        parts += ["accounts", "otp_totp"]
    else:
        open_office(home, settings)
    from django.core.management import call_command

    out = io.StringIO()
    # How orders stand is not dumped: the database makes it of what is.
    call_command(
        "dumpdata",
        *parts,
        exclude=["console.orderstate"],
        format="jsonl",
        stdout=out,
        verbosity=0,
    )
    return out.getvalue().encode()
