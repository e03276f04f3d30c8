"""The month folder: readers see a whole version or the former one, and a commit may be cut off anywhere."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from pipelines.core.errors import Busy, Refused, UsageError
from pipelines.core.month import Month
from pipelines.store import lake
from pipelines.store.files import remove_folder, write_json, write_text
from pipelines.store.lake import Draft, MonthFolder, Version, list_held_months
from pipelines.store.manifest import Seal, read_entries

MONTH = Month.parse("2026-08")


@pytest.fixture
def folder(tmp_path: Path) -> MonthFolder:
    return MonthFolder(tmp_path, MONTH)


def draft_of(folder: MonthFolder, content: str) -> Draft:
    """A draft with one table, all rooms finished."""
    draft = folder.draft()
    draft.start({"source": content})
    write_text(draft.path / "kpi_monthly.parquet", content)
    draft.scratch.mkdir()
    made = {"status": "computed", "rows": 1, "sha256": content}
    missing = {"status": "not_computed", "reasons": ["why"]}
    draft.finish_room(
        "kpi", read_entries({"kpi_monthly": made, "score_churn": missing})
    )
    return draft


def content(version: Version | None) -> str:
    assert version is not None
    return (version.path / "kpi_monthly.parquet").read_text()


def test_versions_count_up_and_the_newest_is_current(folder: MonthFolder) -> None:
    assert folder.current() is None and folder.versions() == []
    first, second = (
        folder.commit(draft_of(folder, "a")),
        folder.commit(draft_of(folder, "b")),
    )
    assert (first.number, second.number, folder.version().number) == (1, 2, 2)
    assert content(folder.version(1)) == "a" and content(folder.current()) == "b"
    assert (
        first.manifest["inputs"] == {"source": "a"}
        and first.identity != second.identity
    )


def test_a_version_holds_no_scratch_and_no_draft_file(folder: MonthFolder) -> None:
    version = folder.commit(draft_of(folder, "a"))
    assert sorted(p.name for p in version.path.iterdir()) == [
        "kpi_monthly.parquet",
        "manifest.json",
    ]


class Killed(BaseException):
    pass


STEPS = ("write_json", "rename_folder", "write_text")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_commit_cut_off_at_any_step_is_made_good(
    folder: MonthFolder, monkeypatch: pytest.MonkeyPatch, step: str, late: bool
) -> None:
    folder.commit(draft_of(folder, "old"))
    draft, real = draft_of(folder, "new"), getattr(lake, step)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(lake, step, cut_off(real, late))
        folder.commit(draft)
    assert content(folder.current()) == (
        "new" if step == "write_text" and late else "old"
    )
    made_good(MonthFolder(folder.path.parents[1], MONTH))


def cut_off(real: Callable[..., None], late: bool) -> Callable[..., None]:
    def step(*arguments: object) -> None:
        if late:
            real(*arguments)
        raise Killed

    return step


def made_good(folder: MonthFolder) -> None:
    """A new process recovers; what is still a draft is committed again."""
    folder.recover()
    draft = folder.draft()
    if draft.rooms:
        folder.commit(draft)
    assert content(folder.current()) == "new" and [
        v.number for v in folder.versions()
    ] == [1, 2]
    assert not list(folder.path.glob("*.partial")) and not list(
        folder.path.rglob("*.tmp")
    )


def test_a_commit_cut_off_while_the_draft_file_goes(folder: MonthFolder) -> None:
    draft = draft_of(folder, "new")
    write_json(draft.path / "manifest.json", draft.to_manifest().to_json())
    (draft.path / "draft.json").unlink()
    folder.recover()
    assert content(folder.current()) == "new" and folder.draft().number == 2


def test_recovering_what_is_whole_changes_nothing(folder: MonthFolder) -> None:
    folder.commit(draft_of(folder, "a"))
    before = {p: p.stat().st_mtime_ns for p in folder.path.rglob("*")}
    folder.recover()
    assert {p: p.stat().st_mtime_ns for p in folder.path.rglob("*")} == before


def test_a_draft_goes_on_where_it_was(folder: MonthFolder) -> None:
    draft_of(folder, "a")
    again = folder.draft()
    assert (
        again.rooms == ["kpi"] and again.inputs == {"source": "a"} and again.number == 1
    )
    again.finish_room("report", {}, {"source": "read"})
    assert folder.draft().inputs == {"source": "read"} and folder.draft().rooms == [
        "kpi",
        "report",
    ]


def test_starting_afresh_leaves_nothing_of_the_old_draft(folder: MonthFolder) -> None:
    draft_of(folder, "a").start({"source": "b"})
    draft = folder.draft()
    assert (
        draft.rooms == []
        and draft.finished == {}
        and [p.name for p in draft.path.iterdir()] == ["draft.json"]
    )


def test_a_discarded_draft_frees_its_number(folder: MonthFolder) -> None:
    folder.discard(draft_of(folder, "a"))
    assert folder.draft().number == 1 and not folder.draft().rooms


def test_what_is_not_there_is_said_by_name(folder: MonthFolder) -> None:
    with pytest.raises(UsageError, match="month.not_held"):
        folder.version()
    version = folder.commit(draft_of(folder, "a"))
    with pytest.raises(UsageError, match="month.not_held"):
        folder.version(7)
    with pytest.raises(UsageError, match="table.unknown"):
        version.table("nothing")
    with pytest.raises(UsageError, match="table.not_computed.*why"):
        version.table("score_churn")


def test_a_seal_is_set_once(folder: MonthFolder) -> None:
    first = folder.commit(draft_of(folder, "a"))
    assert folder.read_seal() is None
    folder.release(first)
    folder.release(first)
    with pytest.raises(Refused):
        folder.release(folder.commit(draft_of(folder, "b")))
    assert folder.read_seal() == Seal(1, first.identity)


def test_a_released_version_loses_its_rights_to_be_written_and_is_removed_all_the_same(
    folder: MonthFolder,
) -> None:
    version = folder.commit(draft_of(folder, "a"))
    (version.path / "outbox").mkdir()
    write_text(version.path / "outbox" / "summary.html", "x", 0o600)
    beside = folder.commit(draft_of(folder, "b"))
    folder.release(version)
    kept = [version.path, *version.path.rglob("*")]
    assert [path for path in kept if path.stat().st_mode & 0o222] == []
    assert (version.path / "outbox" / "summary.html").stat().st_mode & 0o777 == 0o400
    assert beside.path.stat().st_mode & 0o200
    version.path.chmod(
        0o755
    )  # as a run that was killed between seal and rights left it
    folder.recover()
    assert version.path.stat().st_mode & 0o222 == 0
    remove_folder(version.path)
    assert not version.path.exists()


def test_held_months_are_those_with_a_current_version(tmp_path: Path) -> None:
    assert list_held_months(tmp_path) == []
    for month in ("2026-10", "2025-12"):
        held = MonthFolder(tmp_path, Month.parse(month))
        held.commit(draft_of(held, "a"))
    draft_of(MonthFolder(tmp_path, MONTH), "not yet")
    (tmp_path / "months" / "notes").mkdir()
    assert [str(m) for m in list_held_months(tmp_path)] == ["2025-12", "2026-10"]


def test_the_ten_thousandth_version_is_the_newest(folder: MonthFolder) -> None:
    folder.commit(draft_of(folder, "a"))
    for name in ("v9999", "v10000"):
        (folder.path / name).mkdir()
    assert folder.versions()[-1].number == 10000


def hold(path: Path, month: Month, ready: Event, done: Event) -> None:
    with MonthFolder(path, month).lock():
        ready.set()
        done.wait(120)


def test_the_lock_holds_between_processes_and_goes_with_its_process(
    folder: MonthFolder,
) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(
        target=hold, args=(folder.path.parents[1], MONTH, ready, done)
    )
    other.start()
    assert ready.wait(120)
    with pytest.raises(Busy), folder.lock():
        pass
    other.kill()
    other.join()
    with folder.lock():
        pass
