"""Homes to be damaged: one that holds the month before, one undisturbed, and one for the begin of each room."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines import ROOMS
from tests.faults.forge import Forge
from tests.faults.home import BEFORE, run_args, write_source
from tests.support.made_once import make_once

SIGKILL = -9


@pytest.fixture(scope="package")
def forge() -> Iterator[Forge]:
    made = Forge()
    yield made
    made.close()


@pytest.fixture(scope="package")
def source() -> Path:
    """What the operator delivers; once a run of tests, as the two homes below."""
    return make_once("faults_source", write_source)


@pytest.fixture(scope="package")
def begun(forge: Forge, source: Path) -> Path:
    """A home that holds the month before."""

    def make(folder: Path) -> None:
        args = ("run", str(BEFORE), "--source", source, "--home", folder / "home")
        code, said = forge.run(*args)
        assert code in (0, 12), said

    return make_once("faults_begun", make) / "home"


@pytest.fixture(scope="package")
def undisturbed(forge: Forge, source: Path, begun: Path) -> tuple[Path, Path]:
    """A home in which the month was run and released, and a file of the steps that took."""

    def make(folder: Path) -> None:
        home = shutil.copytree(begun, folder / "home")
        code, said = forge.run(*run_args(source, home), trace=folder / "steps")
        assert code in (0, 12), said

    folder = make_once("faults_undisturbed", make)
    return folder / "home", folder / "steps"


@pytest.fixture(scope="package")
def before(
    forge: Forge, source: Path, begun: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Homes that a run left when it died at the begin of each room."""
    homes = {ROOMS[0]: begun}
    for earlier, room in pairwise(ROOMS):
        homes[room] = shutil.copytree(
            homes[earlier], tmp_path_factory.mktemp(room) / "home"
        )
        assert (
            forge.run(
                *run_args(source, homes[room]), failpoint=f"room.begun:{room}=kill"
            )[0]
            == SIGKILL
        )
    return homes
