"""kill -9 at every step of a month, found by running one: whoever reads sees a whole version, and a second run ends
where an undisturbed one does, byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines import ROOMS
from tests.faults.forge import Forge
from tests.faults.home import MONTH, assert_same, readable, run_args

SIGKILL = -9
COMMIT = ("commit.manifest", "commit.closed", "commit.renamed")


@pytest.fixture(scope="module")
def steps(undisturbed: tuple[Path, Path]) -> dict[str, list[str]]:
    """The steps by room, those before the first with it and those after the last too; the second passing is `name#2`."""
    by_room: dict[str, list[str]] = {ROOMS[0]: []}
    room = ROOMS[0]
    for step in undisturbed[1].read_text().splitlines():
        room = step.partition(":")[2] if step.startswith("room.begun:") else room
        passed = by_room.setdefault(room, [])
        passings = sum(p.partition("#")[0] == step for p in passed) + 1
        passed.append(step if passings == 1 else f"{step}#{passings}")
    return by_room


def open_to_others(home: Path) -> list[str]:
    """The files and folders of a home that others than its owner can read, write or enter."""
    there = [home, *home.rglob("*")]
    return [
        str(path.relative_to(home.parent))
        for path in there
        if path.lstat().st_mode & 0o077
    ]


def die_and_go_on(
    forge: Forge, source: Path, start: Path, undisturbed: Path, step: str, home: Path
) -> None:
    """Go on from a home, be killed at a step, read, go on again, and compare."""
    shutil.copytree(start, home)
    code, said = forge.run(*run_args(source, home), failpoint=f"{step}=kill")
    assert code == SIGKILL, (step, code, said)
    assert readable(home) in (None, "v0001"), step
    assert open_to_others(home) == [], step
    code, said = forge.run(*run_args(source, home))
    assert code in (0, 12), (step, said)
    assert_same(home, undisturbed, step)
    shutil.rmtree(home)


def leave_out_like_tables(steps: list[str]) -> list[str]:
    """Leave out the tables between the first and the last that a room writes, all alike."""
    tables = [step for step in steps if ".parquet" in step]
    return [step for step in steps if step not in tables[2:-2]]


def test_the_steps_are_those_of_the_rooms_and_the_commit(
    undisturbed: tuple[Path, Path], steps: dict[str, list[str]]
) -> None:
    assert tuple(steps) == ROOMS
    everything = [step for passed in steps.values() for step in passed]
    assert [step for step in everything if step.startswith("commit.")] == list(COMMIT)
    assert {
        "file.there:manifest.json",
        "file.there:CURRENT",
        "file.there:SEAL.json",
    } <= set(everything)
    tables = {
        f.name
        for f in (undisturbed[0] / "months" / str(MONTH) / "v0001").glob("*.parquet")
    }
    assert tables <= {step.partition(":")[2] for step in everything}


@pytest.mark.slow
def test_death_in_every_step_of_the_commit_and_the_release(
    forge: Forge, source: Path, before: dict[str, Path], undisturbed: tuple[Path, Path], steps: dict[str, list[str]],
    tmp_path: Path,
) -> None:  # fmt: skip
    last = ROOMS[-1]
    tried = leave_out_like_tables(steps[last])
    for step in tried:
        die_and_go_on(
            forge, source, before[last], undisturbed[0], step, tmp_path / "home"
        )
    print(f"killed at {len(tried)} steps of {sum(map(len, steps.values()))}")


@pytest.mark.long
@pytest.mark.parametrize("room", ROOMS)
def test_death_at_every_step(
    room: str, forge: Forge, source: Path, before: dict[str, Path], undisturbed: tuple[Path, Path],
    steps: dict[str, list[str]], tmp_path: Path,
) -> None:  # fmt: skip
    for step in steps[room]:
        die_and_go_on(
            forge, source, before[room], undisturbed[0], step, tmp_path / "home"
        )
    print(
        f"{room}: killed at {len(steps[room])} steps, each gone on from to the bytes of an undisturbed run"
    )
