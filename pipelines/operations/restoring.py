"""A home made again of an archive that `backup` wrote.

Every file is compared with its hash before the home appears.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipelines.core.errors import Refused, StorageError
from pipelines.core.settings import Settings
from pipelines.operations.backup import (
    ACCOUNTS_TABLE,
    HASHES,
    KEYS_COPY,
    OFFICE,
    Backup,
    report_storage_errors,
)
from pipelines.operations.persons.erasure import repeat_erasures
from pipelines.store.failpoints import failpoint
from pipelines.store.files import hash_file, protect_folder, rename_folder
from pipelines.store.persons.keys import PersonKeys

_ACCOUNT_ROW = b'{"model": "accounts.account"'


def restore_home(archive: Path, home: Path, settings: Settings) -> Backup:
    """Make a home of an archive, where there is none.

    The office goes into the database that the settings name.

    Raise Refused when the home, or the office database in service, has something in it, and
    StorageError naming the member when the archive is torn or not as it was written.
    """
    if home.exists() and any(home.iterdir()):
        raise Refused("restore.not_empty", home=home)

    home.parent.mkdir(parents=True, exist_ok=True)
    with report_storage_errors(archive), _make_folder_beside(home) as folder:
        restored = folder / "home"
        _unpack_archive(archive, folder)
        restored.mkdir(exist_ok=True)
        _keep_folders_private(restored)
        files = _compare_hashes(archive, folder)
        _fetch_keys(archive, restored)
        _protect_released(restored)
        office_rows = _load_office(restored, settings, folder / OFFICE)
        failpoint("restore.loaded")
        if home.exists():
            home.rmdir()
        rename_folder(restored, home)

    repeat_erasures(home, settings)
    return Backup(home, files, office_rows)


@contextmanager
def _make_folder_beside(home: Path) -> Iterator[Path]:
    """A folder beside the home, on the same disk.

    What a restore that was killed left in it goes first.
    """
    folder = home.parent / f".{home.name}.restoring"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


# -- the files -------------------------------------------------------------------------------------


def _unpack_archive(archive: Path, folder: Path) -> None:
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
    """Let nothing out of the folder, and nobody else read it, whatever the archive says."""
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


def _keep_folders_private(home: Path) -> None:
    home.chmod(0o700)
    for path in home.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)


def _compare_hashes(archive: Path, folder: Path) -> int:
    """Compare what was unpacked with the hashes; return how many files of the home there are."""
    hashes = _read_hashes(archive, folder)
    unpacked = {}
    for path in folder.rglob("*"):
        if path.is_file() and path != folder / HASHES:
            unpacked[str(path.relative_to(folder))] = path

    for name in sorted(hashes.keys() | unpacked.keys()):
        file = unpacked.get(name)
        if file is None or name not in hashes or hash_file(file) != hashes[name]:
            raise StorageError("restore.differs", archive=archive, member=name)

    return len(hashes) - 1


def _read_hashes(archive: Path, folder: Path) -> Mapping[str, str]:
    try:
        hashes: dict[str, str] = json.loads((folder / HASHES).read_text())
    except (FileNotFoundError, ValueError) as error:
        raise StorageError("restore.torn", archive=archive) from error
    return hashes


def _protect_released(home: Path) -> None:
    """Take the right to write from what was released, as it had none where it was archived."""
    for seal in home.glob("*/*/SEAL.json"):
        number = json.loads(seal.read_text())["version"]
        version = seal.parent / f"v{number:04d}"
        if version.is_dir():
            protect_folder(version)


def _fetch_keys(archive: Path, home: Path) -> None:
    """Take the keys of persons from the copy beside the archives, which knows what was destroyed.

    Without it names and numbers stay sealed.
    """
    copy = archive.parent / KEYS_COPY
    if not copy.exists():
        return
    keys = PersonKeys(home)
    keys.path.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copyfile(copy, keys.path)
    keys.path.chmod(0o600)
    keys.record_copy(copy)


# -- the office ------------------------------------------------------------------------------------


def _load_office(home: Path, settings: Settings, rows: Path) -> int:
    """Put the rows into the office of the restored home; raise Refused when it has rows already."""
    content = rows.read_bytes()
    count = content.count(b"\n")
    from console.database import look_into_office, open_accounts, open_office

    tables = look_into_office(home, settings)
    has_accounts = ACCOUNTS_TABLE in tables or _ACCOUNT_ROW in content
    open_parts = open_accounts if has_accounts else open_office
    open_parts(home, settings)
    from django.core.management import call_command
    from django.db import connections

    if _has_rows(has_accounts):
        raise Refused("restore.office_not_empty")
    if count:
        call_command("loaddata", rows, verbosity=0)
    connections.close_all()
    return count


def _has_rows(has_accounts: bool) -> bool:
    """Whether the office has anything in it that a restore would mix with."""
    from console.models import AuditEntry, Release

    if Release.objects.exists() or AuditEntry.objects.exists():
        return True
    if not has_accounts:
        return False
    from console.accounts.models import AccessEntry, Account

    return bool(Account.objects.exists() or AccessEntry.objects.exists())
