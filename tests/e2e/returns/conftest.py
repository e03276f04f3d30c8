"""A released month, its manager's workbook as it was sent, and an office that takes it back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.returns.edits import PEOPLE
from tests.support.office import exported, released_town
from tests.support.small import Town


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose month is released: six orders of one manager."""
    folder = tmp_path_factory.mktemp("returns")
    town = Town()
    for who in PEOPLE:
        town.person(who).owe(who)
    released_town(folder / "home", town)
    return folder / "home"


@pytest.fixture(scope="module")
def sent(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The manager's workbook as it was sent out, by language."""
    return {
        lang: exported(home, tmp_path_factory.mktemp(lang), lang)["M1"]
        for lang in ("zh", "en")
    }


@pytest.fixture
def office(home: Path, tmp_path: Path) -> Path:
    """A home of one's own with the same orders in its office."""
    (tmp_path / "home").mkdir()
    shutil.copy(home / "office.sqlite3", tmp_path / "home")
    return tmp_path / "home"
