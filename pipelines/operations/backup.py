"""One archive with the whole home and the office, and a home made of it again.

    office.jsonl    the office's rows, whichever database they are in (SQLite or PostgreSQL)
    home/…          every file of the home but locks, unfinished files and drafts, and the office's own SQLite file
    hashes.json     the SHA-256 of each of them; the last member, so that an archive without it is not whole

Versions are never changed once they are there, so months may run meanwhile. What names a version (`CURRENT`, seals,
promotions) is read before the versions are looked for: what it names is then in the archive. The office is read first;
an answer that comes later than that is not in the archive, though a month that has heard it may be.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

from pipelines.core.errors import Refused, StorageError, UsageError
from pipelines.core.settings import Settings
from pipelines.store.failpoints import failpoint
from pipelines.store.files import hash_file, protect_folder, rename_folder, replacing

OFFICE, HASHES = "office.jsonl", "hashes.json"
_OFFICE_FILE = "office.sqlite3"
_PREFIX = "retention-"


@dataclass(frozen=True)
class Backup:
    """An archive: where it is, how many files of the home are in it, and how many rows of the office."""

    path: Path
    files: int
    office_rows: int


def back_up(
    home: Path, folder: Path, settings: Settings, now: datetime, keep: int | None = None
) -> Backup:
    """Write `retention-<UTC>.tar` into a folder outside the home, for the owner alone; keep the newest `keep` archives.

    Raise UsageError for a folder inside the home, or a home that is none, and StorageError when it cannot be written.
    """
    if not (home / "months").is_dir():
        raise UsageError("backup.no_home", home=home)
    if folder.resolve().is_relative_to(home.resolve()):
        raise UsageError("backup.inside", home=home, folder=folder)
    path = folder / f"{_PREFIX}{now:%Y%m%dT%H%M%SZ}.tar"
    with _storage(folder), replacing(path, 0o600) as temporary:
        temporary.touch(0o600)
        with (
            temporary.open("wb") as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            made = _fill(archive, home, settings)
        failpoint("backup.written")
    for old in archives(folder)[keep:] if keep else []:
        old.unlink()
    return Backup(path, *made)


def archives(folder: Path) -> list[Path]:
    """The archives in a folder, newest first."""
    return sorted(folder.glob(f"{_PREFIX}*Z.tar"), reverse=True)


def _fill(archive: tarfile.TarFile, home: Path, settings: Settings) -> tuple[int, int]:
    office = _dump_office(home, settings)
    hashes = {OFFICE: _add(archive, OFFICE, office)}
    for path, content in _files(home):
        name = f"home/{path.relative_to(home)}"
        with io.BytesIO(content) if content is not None else path.open("rb") as stream:
            hashes[name] = _add_stream(archive, name, stream, path.stat().st_mode & 0o777)
    _add(archive, HASHES, json.dumps(hashes, indent=1, sort_keys=True).encode())
    return len(hashes) - 1, office.count(b"\n")


def _files(home: Path) -> Iterator[tuple[Path, bytes | None]]:
    """Yield each file, first those that name a version, with their content as it was before the versions were listed."""
    pointers = {
        path: path.read_bytes()
        for depth in ("*", "*/*", "*/*/*")
        for path in home.glob(depth)
        if _is_kept(path, home)
    }
    yield from sorted(pointers.items())
    yield from (
        (path, None)
        for path in sorted(home.rglob("*"))
        if path not in pointers and _is_kept(path, home)
    )


def _is_kept(path: Path, home: Path) -> bool:
    parts = path.relative_to(home).parts
    is_unfinished = any(
        part.endswith((".partial", ".gone")) for part in parts
    ) or path.name.endswith((".tmp", ".lock"))
    is_office = len(parts) == 1 and path.name.startswith(_OFFICE_FILE)
    return path.is_file() and not path.is_symlink() and not is_unfinished and not is_office


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> str:
    return _add_stream(archive, name, io.BytesIO(content), 0o600)


def _add_stream(archive: tarfile.TarFile, name: str, stream: IO[bytes], mode: int) -> str:
    """Add a stream from its beginning to its end; return the hash of what was added."""
    reader = _Hashing(stream)
    member = tarfile.TarInfo(name)
    member.size, member.mode = stream.seek(0, os.SEEK_END), mode
    stream.seek(0)
    archive.addfile(member, reader)
    return reader.digest.hexdigest()


class _Hashing:
    """Hashes what is read through it: a file that is replaced meanwhile is hashed as it was archived."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        block = self.stream.read(size)
        self.digest.update(block)
        return block


# -- the office --------------------------------------------------------------------------------------------------


def _dump_office(home: Path, settings: Settings) -> bytes:
    """The office's rows as JSON lines; nothing where there is no office yet."""
    if settings.office_url is None and not (home / _OFFICE_FILE).exists():
        return b""
    from console.database import open_office

    open_office(home, settings)
    from django.core.management import call_command

    out = io.StringIO()
    call_command("dumpdata", "console", format="jsonl", stdout=out, verbosity=0)
    return out.getvalue().encode()


def _load_office(home: Path, settings: Settings, rows: Path) -> int:
    """Put the rows into the office of the restored home; raise Refused when it has rows already."""
    count = rows.read_bytes().count(b"\n")
    from console.database import open_office

    open_office(home, settings)
    from django.core.management import call_command
    from django.db import connections

    from console.models import AuditEntry, Release

    if Release.objects.exists() or AuditEntry.objects.exists():
        raise Refused("restore.office_not_empty")
    if count:
        call_command("loaddata", rows, verbosity=0)
    connections.close_all()
    return count


# -- and back ----------------------------------------------------------------------------------------------------


def restore(archive: Path, home: Path, settings: Settings) -> Backup:
    """Make a home of an archive, where there is none; every file is compared with its hash before the home appears.

    Raise Refused when the home, or the office database in service, has something in it, and StorageError naming the
    member when the archive is torn or not as it was written.
    """
    if home.exists() and any(home.iterdir()):
        raise Refused("restore.not_empty", home=home)
    home.parent.mkdir(parents=True, exist_ok=True)
    with _storage(archive), _beside(home) as there:
        _unpack(archive, there)
        (there / "home").mkdir(exist_ok=True)
        for made in (there / "home", *(path for path in there.rglob("*") if path.is_dir())):
            made.chmod(0o700)
        files = _check(archive, there)
        _protect_released(there / "home")
        rows = _load_office(there / "home", settings, there / OFFICE)
        failpoint("restore.loaded")
        if home.exists():
            home.rmdir()
        rename_folder(there / "home", home)
    return Backup(home, files, rows)


@contextmanager
def _beside(home: Path) -> Iterator[Path]:
    """A folder beside the home, on the same disk; what a restore that was killed left in it goes first."""
    folder = home.parent / f".{home.name}.restoring"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _unpack(archive: Path, folder: Path) -> None:
    """Write the archive's files into a folder, for its owner alone.

    The filters of `tarfile` came with Python 3.11.4, and Debian's 3.11 is older.
    """
    try:
        with tarfile.open(archive, mode="r:") as members:
            for member in members:
                _unpack_member(archive, members, member, folder)
    except (tarfile.TarError, EOFError) as error:
        raise StorageError("restore.torn", archive=archive) from error


def _unpack_member(
    archive: Path, members: tarfile.TarFile, member: tarfile.TarInfo, folder: Path
) -> None:
    """Let nothing out of the folder, and nobody else read what is in it, whatever the archive says."""
    target = Path(os.path.normpath(folder / member.name))
    if not target.is_relative_to(folder) or not (member.isreg() or member.isdir()):
        raise StorageError("restore.torn", archive=archive)
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    content = members.extractfile(member)
    assert content is not None  # of a regular file there always is one
    with content, target.open("wb") as stream:
        shutil.copyfileobj(content, stream)
    target.chmod((member.mode & 0o700) | 0o400)
    os.utime(target, (member.mtime, member.mtime))


def _check(archive: Path, folder: Path) -> int:
    """Compare what was unpacked with the hashes; return how many files of the home there are."""
    try:
        hashes: dict[str, str] = json.loads((folder / HASHES).read_text())
    except (FileNotFoundError, ValueError) as error:
        raise StorageError("restore.torn", archive=archive) from error
    found = {
        str(p.relative_to(folder)): p
        for p in folder.rglob("*")
        if p.is_file() and p != folder / HASHES
    }
    for name in sorted(hashes.keys() | found.keys()):
        if name not in found or name not in hashes or hash_file(found[name]) != hashes[name]:
            raise StorageError("restore.differs", archive=archive, member=name)
    return len(hashes) - 1


def _protect_released(home: Path) -> None:
    """Take the right to write from what was released, as it had none where it was archived."""
    for seal in home.glob("*/*/SEAL.json"):
        version = seal.parent / f"v{json.loads(seal.read_text())['version']:04d}"
        if version.is_dir():
            protect_folder(version)


@contextmanager
def _storage(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            "storage.failed", where=error.filename or where, why=error.strerror
        ) from error
