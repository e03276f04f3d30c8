"""An archive of the home and the office, and a home made of it again: byte for byte, or not at all."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.core.errors import Refused, StorageError, UsageError
from pipelines.jobs.run import release_month
from pipelines.jobs.verify import verify_month
from pipelines.operations.backup import HASHES, OFFICE, back_up, list_archives
from pipelines.operations.restoring import restore_home
from pipelines.store.files import hash_file
from pipelines.store.lake import MonthFolder
from pipelines.store.persons.keys import PersonKeys
from tests.support.postgres import Cluster
from tests.support.small import (
    KEY,
    MONTH,
    Town,
    job,
    own_settings,
    run_town,
    ungated_job,
)

NOW = datetime(2026, 9, 5, 2, 0, tzinfo=UTC)
ROWS = "SELECT order_id, month, manager_id, amount FROM console_order ORDER BY order_id"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a released month whose order is in the office, and a draft that nobody finished."""
    folder = tmp_path_factory.mktemp("sound")
    run_town(folder / "home", Town().person("ann", manager=None), folder / "source")
    release_month(job(folder / "home", None))
    draft = folder / "home" / "months" / "2026-09" / "v0001.partial"
    draft.mkdir(parents=True)
    (draft / "draft.json").write_text("{}")
    return folder / "home"


def files_of(home: Path) -> dict[str, tuple[str, int]]:
    """Hash and rights of every file of a home that a month is made of."""
    kept = [
        p
        for p in home.rglob("*")
        if p.is_file() and ".partial" not in str(p) and not p.name.endswith(".lock")
    ]
    kept = [p for p in kept if not p.name.startswith("office.sqlite3")]
    # Keys of persons are in no archive: they come from their one copy beside it.
    kept = [p for p in kept if p.parent.name != "keys"]
    return {
        str(p.relative_to(home)): (hash_file(p), p.stat().st_mode & 0o777) for p in kept
    }


def orders_of(url: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(sa.text(ROWS))]
    engine.dispose()
    return rows


def office_of(home: Path) -> str:
    return f"sqlite:///{home / 'office.sqlite3'}"


def test_a_restored_home_is_the_home(sound: Path, tmp_path: Path) -> None:
    made = back_up(sound, tmp_path / "archives", own_settings(), NOW)
    assert (
        made.path.name == "retention-20260905T020000Z.tar"
        and made.path.stat().st_mode & 0o777 == 0o600
    )
    again = restore_home(made.path, tmp_path / "again", own_settings())
    assert (
        files_of(again.path) == files_of(sound)
        and PersonKeys(again.path).find(["ann"]) == PersonKeys(sound).find(["ann"])
        and len(files_of(sound)) == again.files == made.files > 50
    )
    assert orders_of(office_of(again.path)) == orders_of(office_of(sound)) != []
    assert not (again.path / "months" / "2026-09").exists()
    assert verify_month(ungated_job(again.path, None)).differences == []
    release_month(
        job(again.path, None)
    )  # the office knows that its orders left the house


def test_sqlite_becomes_postgresql(
    sound: Path, tmp_path: Path, postgres_cluster: Cluster
) -> None:
    """The way from the embedded office to the one in service; a database with rows in it is not mixed with."""
    made = back_up(sound, tmp_path / "archives", own_settings(), NOW)
    url = postgres_cluster.create("restored")
    in_service = own_settings(office_url=url)
    restore_home(made.path, tmp_path / "again", in_service)
    assert [(o[0], o[1], o[2]) for o in orders_of(url)] == [
        (o[0], o[1], o[2]) for o in orders_of(office_of(sound))
    ]
    with pytest.raises(Refused, match=r"restore\.office_not_empty"):
        restore_home(made.path, tmp_path / "other", in_service)
    assert not (tmp_path / "other").exists()
    # And back: of PostgreSQL the archive has the same rows.
    back = back_up(tmp_path / "again", tmp_path / "back", in_service, NOW)
    restore_home(back.path, tmp_path / "embedded", own_settings())
    assert (
        orders_of(office_of(tmp_path / "embedded"))[0][0]
        == orders_of(office_of(sound))[0][0]
    )


def test_only_the_newest_archives_are_kept(sound: Path, tmp_path: Path) -> None:
    for day in range(4):
        back_up(sound, tmp_path, own_settings(), NOW + timedelta(days=day), keep=2)
    assert [p.name[10:18] for p in list_archives(tmp_path)] == ["20260908", "20260907"]


def read_member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None
    return member.read()


def rewritten(archive: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Write the archive again with members changed, or left out."""
    with tarfile.open(archive) as old:
        members = [(name, read_member(old, name)) for name in old.getnames()]
    with tarfile.open(archive, "w") as new:
        for name, content in members:
            said = change(name, content)
            if said is not None:
                member = tarfile.TarInfo(name)
                member.size = len(said)
                new.addfile(member, io.BytesIO(said))


def flipped(name: str, content: bytes) -> bytes:
    return (
        content[:-1] + bytes([content[-1] ^ 1])
        if name.endswith("kpi_monthly.parquet")
        else content
    )


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "one bit": lambda path: rewritten(path, flipped),
    "a file gone": lambda path: rewritten(
        path, lambda n, c: None if n.endswith("dispatch_order.parquet") else c
    ),
    "no hashes": lambda path: rewritten(path, lambda n, c: None if n == HASHES else c),
    "other answers": lambda path: rewritten(
        path, lambda n, c: c + b"{}\n" if n == OFFICE else c
    ),
    "no archive": lambda path: path.write_bytes(b"x" * 2000),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_archive_restores_nothing(
    damage: str, sound: Path, tmp_path: Path
) -> None:
    made = back_up(sound, tmp_path / "archives", own_settings(), NOW)
    DAMAGES[damage](made.path)
    with pytest.raises(StorageError, match=r"restore\.(torn|differs)"):
        restore_home(made.path, tmp_path / "again", own_settings())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archives"]


def test_nothing_is_written_out_of_the_folder(sound: Path, tmp_path: Path) -> None:
    made = back_up(sound, tmp_path / "archives", own_settings(), NOW)
    with tarfile.open(made.path, "a") as archive:
        archive.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    with pytest.raises(StorageError, match=r"restore\.torn"):
        restore_home(made.path, tmp_path / "again", own_settings())
    assert not (tmp_path / "outside").exists()


def test_what_is_there_is_not_overwritten(sound: Path, tmp_path: Path) -> None:
    made = back_up(sound, tmp_path / "archives", own_settings(), NOW)
    with pytest.raises(Refused, match=r"restore\.not_empty"):
        restore_home(made.path, sound, own_settings())
    for folder, key in ((sound / "archives", "inside"), (tmp_path / "x", "no_home")):
        with pytest.raises(UsageError, match=f"backup.{key}"):
            back_up(sound if key == "inside" else tmp_path, folder, own_settings(), NOW)


DEATHS = ("backup.written", "restore.loaded")


@pytest.mark.parametrize("point", DEATHS)
def test_killed_in_between_nothing_half_is_there(
    point: str, sound: Path, tmp_path: Path
) -> None:
    made = back_up(sound, tmp_path / "archives", own_settings(), NOW)
    words = ["backup", "--to", "late", "--home", str(sound)]
    if point.startswith("restore"):
        words = ["restore", str(made.path), "--home", "again"]
    environment = os.environ | {
        "RETENTION_FAILPOINT": f"{point}=kill",
        "RETENTION_SECRET_KEY": KEY,
    }
    command = [sys.executable, "-m", "pipelines", *words]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == -9, done.stderr
    assert list_archives(tmp_path / "late") == [] and not (tmp_path / "again").exists()
    restore_home(made.path, tmp_path / "again", own_settings())
    assert files_of(tmp_path / "again") == files_of(sound)
    assert not list(tmp_path.glob(".again*"))


def test_a_month_that_is_committed_meanwhile_is_whole_in_the_archive(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that appears while files are listed may be in it or not: what CURRENT names is."""
    home = shutil.copytree(sound, tmp_path / "home")
    folder = MonthFolder(home, MONTH)
    listed = Path.rglob

    def commit_first(self: Path, pattern: str) -> object:
        if self == home and not (folder.path / "v0002").exists():
            shutil.copytree(folder.path / "v0001", folder.path / "v0002")
            (folder.path / "CURRENT").write_text("v0002\n")
        return listed(self, pattern)

    monkeypatch.setattr(Path, "rglob", commit_first)
    made = back_up(home, tmp_path / "archives", own_settings(), NOW)
    monkeypatch.undo()
    restore_home(made.path, tmp_path / "again", own_settings())
    again = MonthFolder(tmp_path / "again", MONTH)
    assert again.version().number == 1 and again.version().manifest
    with tarfile.open(made.path) as archive:
        assert json.loads(read_member(archive, HASHES)) is not None
