"""Running a month: the same inputs give the same bytes, interruptions are made good, a sealed month stays."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import (
    Busy,
    Refused,
    SourceNotReady,
    StorageError,
    UsageError,
)
from pipelines.jobs import month_inputs
from pipelines.jobs import run as runner
from pipelines.jobs.run import (
    ROOMS,
    Job,
    release_month,
    run_from_room,
    run_month,
    run_room,
)
from pipelines.store.lake import MonthFolder, Version
from pipelines.store.manifest import Seal
from tests.support.comparable import read_folder
from tests.support.small import MONTH, Town, read, run_town, ungated_job


def town() -> Town:
    return (
        Town()
        .person("ann")
        .person("bob", calls=0)
        .person("cat", manager=None)
        .owe("ann")
    )


class Killed(BaseException):
    """The process is gone: nothing catches it."""


def kill(*_: object, **__: object) -> Any:
    raise Killed


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A month run in one go."""
    folder = tmp_path_factory.mktemp("made")
    run_town(folder / "home", town(), folder / "source")
    return ungated_job(folder / "home", folder / "source")


@pytest.fixture
def copied(made: Job, tmp_path: Path) -> Job:
    """A copy of that month, to be changed."""
    shutil.copytree(made.home, tmp_path / "home")
    shutil.copytree(Path(str(made.source)), tmp_path / "source")
    return ungated_job(tmp_path / "home", tmp_path / "source")


def tables(version: Version) -> dict[str, bytes]:
    return read_folder(version.path)


# -- the same inputs ---------------------------------------------------------------------------------------------


def test_a_month_killed_in_each_room_ends_as_if_run_in_one_go(
    made: Job, tmp_path: Path
) -> None:
    other = ungated_job(tmp_path / "home", Path(str(made.source)))
    for done, room in enumerate(ROOMS):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
            patch.setattr(
                importlib.import_module(f"pipelines.rooms.{room}"), "run", kill
            )
            run_month(other)
        assert (
            other.folder.draft().rooms == list(ROOMS[:done])
            and other.folder.current() is None
        )
    version = run_month(other)
    assert version.number == 1 and tables(version) == tables(made.folder.version())
    assert sorted(p.name for p in other.folder.path.iterdir()) == [
        ".lock",
        "CURRENT",
        "v0001",
    ]


def test_room_by_room_gives_the_same_bytes(made: Job, tmp_path: Path) -> None:
    other = ungated_job(tmp_path / "home", Path(str(made.source)))
    versions = [run_room(other, room) for room in ROOMS]
    assert versions[:-1] == [None] * 8 and versions[-1] is not None
    assert tables(versions[-1]) == tables(made.folder.version())


def test_nothing_new_makes_no_new_version(copied: Job) -> None:
    before = tables(copied.folder.version())
    assert run_month(copied).number == 1 and [
        v.number for v in copied.folder.versions()
    ] == [1]
    assert (
        run_room(copied, "kpi") == copied.folder.version()
        and tables(copied.folder.version()) == before
    )


def test_other_input_makes_a_version_beside_the_first(copied: Job) -> None:
    before = tables(copied.folder.version())
    town().person("dan").write(Path(str(copied.source)))
    version = run_month(copied)
    assert version.number == 2 == copied.folder.version().number
    assert (
        tables(copied.folder.version(1)) == before
        and len(read(version, "snapshot_customer")) == 4
    )


def test_the_manifest_tells_rows_hashes_and_definitions(made: Job) -> None:
    manifest = made.folder.version().manifest
    assert manifest["month"] == "2026-08" and manifest["rooms"] == list(ROOMS)
    churn = manifest["tables"]["features_revenue"]
    assert churn["rows"] == 3 and set(churn["inputs"]) == {
        "snapshot_bill",
        "features_service",
    }
    assert (
        churn["inputs"]["snapshot_bill"]
        == manifest["tables"]["snapshot_bill"]["sha256"]
    )
    assert churn["definition"]["file"] == "sql/features/revenue.sql"


@pytest.mark.parametrize(
    "changes",
    [
        {"high_value_threshold": "90"},
        {"secret_key": "another key of the tests, 32 byte"},
        {"holdout_share": "0.2"},
    ],
)
def test_settings_that_mean_something_are_inputs(
    made: Job, changes: dict[str, Any]
) -> None:
    now = month_inputs.state_inputs(
        ungated_job(made.home, None, **changes), "source", "office"
    )
    assert now != month_inputs.state_inputs(
        ungated_job(made.home, None), "source", "office"
    )


def test_settings_that_mean_nothing_are_no_inputs(made: Job) -> None:
    now = month_inputs.state_inputs(
        ungated_job(made.home, None, threads=3, memory_limit="1GB"), "source", "office"
    )
    assert now == month_inputs.state_inputs(
        ungated_job(made.home, None), "source", "office"
    )


def test_a_home_may_be_moved(made: Job, copied: Job) -> None:
    assert not any(
        str(made.home).encode() in content
        for content in tables(made.folder.version()).values()
    )
    assert run_month(copied).path.is_relative_to(copied.home)


# -- interrupted -------------------------------------------------------------------------------------------------


def test_other_input_after_the_first_room_begins_afresh(tmp_path: Path) -> None:
    source = town().write(tmp_path / "source")
    run_room(ungated_job(tmp_path / "home", source), "extract")
    first = (
        MonthFolder(tmp_path / "home", MONTH).draft().finished["extract_customer"].rows
    )
    town().person("dan").write(source)
    run_room(ungated_job(tmp_path / "home", source), "extract")
    draft = MonthFolder(tmp_path / "home", MONTH).draft()
    assert (first, draft.finished["extract_customer"].rows, draft.number) == (3, 4, 1)


def unfinished(copied: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rooms are finished, and the process is killed before the commit."""
    folder = copied.folder.path
    (folder / "v0001" / "manifest.json").rename(folder / "v0001" / "draft.json")
    (folder / "v0001").rename(folder / "v0001.partial")
    (folder / "CURRENT").unlink()


def test_a_run_killed_before_the_commit_commits_when_run_again(
    copied: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfinished(copied, monkeypatch)
    monkeypatch.setattr(runner, "run_draft_room", kill)  # there is no room left to run
    assert run_month(copied).number == 1


def test_the_last_room_tried_again_commits(
    copied: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfinished(copied, monkeypatch)
    assert (
        run_room(copied, ROOMS[-1]) is not None and copied.folder.current() is not None
    )


def test_a_room_cannot_run_before_those_to_its_left(tmp_path: Path) -> None:
    source = town().write(tmp_path / "source")
    run_room(ungated_job(tmp_path / "home", source), "extract")
    with pytest.raises(UsageError, match="room.too_early") as caught:
        run_room(ungated_job(tmp_path / "home", source), "dispatch")
    assert caught.value.facts["next"] == "snapshot"
    with pytest.raises(UsageError, match="room.unknown"):
        run_room(ungated_job(tmp_path / "home", source), "kitchen")


def test_a_finished_room_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = town().write(tmp_path / "source")
    run_room(ungated_job(tmp_path / "home", source), "extract")
    monkeypatch.setattr(runner, "run_draft_room", kill)
    assert run_room(ungated_job(tmp_path / "home", source), "extract") is None


def test_a_month_has_one_run_at_a_time(copied: Job) -> None:
    other = ungated_job(copied.home, Path(str(copied.source)))
    with copied.folder.lock():
        for busy in (run_month, release_month, lambda j: run_room(j, "extract")):
            with pytest.raises(Busy) as caught:
                busy(other)
            assert caught.value.exit_code == 16
    assert run_month(other).number == 1


def test_a_full_disk_is_a_storage_error_and_the_run_goes_on(
    copied: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    town().person("dan").write(Path(str(copied.source)))
    with (
        monkeypatch.context() as patch,
        pytest.raises(StorageError) as caught,
    ):
        patch.setattr(
            "pipelines.store.files.os.fsync",
            lambda d: (_ for _ in ()).throw(OSError(28, "No space left")),
        )
        run_month(copied)
    assert caught.value.exit_code == 17 and copied.folder.version().number == 1
    assert not list(copied.home.rglob("*.tmp"))


def test_a_home_that_is_a_file_is_a_storage_error(tmp_path: Path, made: Job) -> None:
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(StorageError):
        run_month(ungated_job(tmp_path / "home", Path(str(made.source))))


# -- sources and seals -------------------------------------------------------------------------------------------


def test_without_a_source_there_is_nothing_to_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="source.none"):
        run_month(ungated_job(tmp_path / "home", None))
    with pytest.raises(SourceNotReady, match="source.not_there"):
        run_month(ungated_job(tmp_path / "home", tmp_path / "nowhere"))
    (tmp_path / "source.txt").touch()
    with pytest.raises(UsageError, match="source.unknown_spec"):
        run_month(ungated_job(tmp_path / "home", tmp_path / "source.txt"))


def test_a_month_that_is_not_delivered_is_not_ready(made: Job, tmp_path: Path) -> None:
    with pytest.raises(SourceNotReady) as caught:
        run_month(ungated_job(tmp_path / "home", Path(str(made.source)), MONTH.plus(1)))
    assert caught.value.exit_code == 11 and caught.value.facts["month"] == "2026-09"


def test_a_sealed_month_is_read_again(
    copied: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = release_month(copied)
    seal = copied.folder.read_seal()
    assert seal == Seal(1, version.identity)
    monkeypatch.setattr(runner, "run_draft_room", kill)
    assert (
        run_month(copied)
        == version
        == run_month(ungated_job(copied.home, None))
        == release_month(copied)
    )
    assert run_room(copied, "kpi") == version and copied.folder.read_seal() == seal


def test_a_sealed_month_refuses_another_source(copied: Job) -> None:
    release_month(copied)
    town().person("dan").write(Path(str(copied.source)))
    with pytest.raises(Refused) as caught:
        run_month(copied)
    assert caught.value.exit_code == 15 and [
        v.number for v in copied.folder.versions()
    ] == [1]


def test_a_sealed_month_stands_whatever_the_settings_and_the_code(
    copied: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = release_month(copied)
    monkeypatch.setattr(month_inputs, "hash_table_code", lambda: "other code")
    again = ungated_job(
        copied.home, Path(str(copied.source)), high_value_threshold="1000"
    )
    assert run_month(again) == version


def test_only_a_held_month_can_be_released(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="month.not_held"):
        release_month(ungated_job(tmp_path / "home", None))


def test_rooms_run_as_one_application_are_found_finished(
    made: Job, tmp_path: Path
) -> None:
    """Whoever runs them one by one afterwards finds nothing left to do, and the last commits."""
    job = ungated_job(tmp_path / "home", Path(str(made.source)))
    assert run_from_room(job, "extract") is None
    assert job.folder.current() is None and job.folder.draft().rooms == list(ROOMS)
    for room in ROOMS[1:-1]:
        assert run_from_room(job, room) is None
    version = run_from_room(job, ROOMS[-1])
    assert version is not None and job.folder.current() is not None
    assert read_folder(version.path) == read_folder(made.folder.version().path)


def test_an_application_that_is_killed_goes_on_behind_its_last_finished_room(
    made: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ungated_job(tmp_path / "home", Path(str(made.source)))
    with monkeypatch.context() as patch:
        patch.setattr(importlib.import_module("pipelines.rooms.dispatch"), "run", kill)
        with pytest.raises(Killed):
            run_from_room(job, "extract")
    assert job.folder.draft().rooms == list(ROOMS[: ROOMS.index("dispatch")])
    with monkeypatch.context() as patch:
        patch.setattr(importlib.import_module("pipelines.rooms.features"), "run", kill)
        assert run_from_room(job, "extract") is None
    version = run_from_room(job, ROOMS[-1])
    assert version is not None
    assert read_folder(version.path) == read_folder(made.folder.version().path)
