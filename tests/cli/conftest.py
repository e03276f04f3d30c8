"""The command line in a home of its own: what is called, and what is answered."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines import cli
from tests.support.made_once import make_once
from tests.support.small import KEY, Town, run_town


class Answer(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Retention = Callable[..., Answer]


@pytest.fixture
def retention(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Retention:
    """Run `retention` with those words, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    monkeypatch.setenv("RETENTION_THREADS", "1")
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["retention", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def made() -> Path:
    """A folder with a source and a home, once a run of tests; names begin like formulas. Nobody may change it."""
    town = (
        Town()
        .person("ann", name="=HYPERLINK(1)")
        .person("=bob", calls=0, name="+博")
        .person("cat", manager=None)
    )
    town.owe("ann")
    return make_once(
        "cli", lambda folder: run_town(folder / "home", town, folder / "source")
    )


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path
