"""kill -9 between the parts of a table: the next run goes on behind the last finished room, to the same bytes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.forge import Forge
from tests.faults.home import BEFORE, MONTH, assert_same, readable, run_args

SIGKILL = -9
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parting_forge() -> Iterator[Forge]:
    """Commands whose tables stand in sixteen parts."""
    made = Forge(RETENTION_TABLE_PARTS="16")
    yield made
    made.close()


def test_death_between_two_parts(
    parting_forge: Forge, source: Path, tmp_path: Path
) -> None:
    """Of the first table in parts, of one in the middle of the month, and of the last; before a part and behind it."""
    before, steps = tmp_path / "before", tmp_path / "steps"
    code, said = parting_forge.run(*run_args(source, before, BEFORE))
    assert code in (0, 12), said
    undisturbed = shutil.copytree(before, tmp_path / "undisturbed")
    code, said = parting_forge.run(*run_args(source, undisturbed), trace=steps)
    assert code in (0, 12), said

    passed = steps.read_text().splitlines()
    count = passed.count("file.ready:7.parquet")
    assert count > 50
    for step in (
        "file.ready:7.parquet",
        f"file.there:7.parquet#{count // 2}",
        f"file.ready:7.parquet#{count}",
    ):
        home = shutil.copytree(before, tmp_path / "home")
        code, said = parting_forge.run(
            *run_args(source, home), failpoint=f"{step}=kill"
        )
        assert code == SIGKILL, (step, code, said)
        assert readable(home) is None, step
        drafts = list((home / "months" / str(MONTH)).glob("v*.partial"))
        assert len(drafts) == 1, step
        code, said = parting_forge.run(*run_args(source, home))
        assert code in (0, 12), (step, said)
        assert_same(home, undisturbed, step)
        shutil.rmtree(home)


def test_a_disk_that_is_full_in_the_middle_of_a_table(
    parting_forge: Forge, source: Path, tmp_path: Path
) -> None:
    """The command says so with its code, and the next one ends the month."""
    home = tmp_path / "home"
    full = "file.ready:7.parquet#20=enospc"
    code, said = parting_forge.run(*run_args(source, home, BEFORE), failpoint=full)
    assert code == 17, said
    code, said = parting_forge.run(*run_args(source, home, BEFORE))
    assert code in (0, 12), said
