"""The console in tests with a month that the gate found fault with: made, not released, and its delivery beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.database import open_console
from pipelines.jobs.run import run_month
from pipelines.store.waivers import accept_finding
from tests.support.console.visitors import DEBTORS, TODAY, Console
from tests.support.small import KEY, MONTH, Town, job, own_settings

SEPTEMBER = MONTH.plus(1)
# Two rows of a line that say different things: the line's number of calls is not known.
TWICE = "usage.column_values_to_be_unique:service_id"
SHARE = "usage.quarantined_share_5"


def september_town(is_corrected: bool = False) -> Town:
    """September of those who owe; unless it is corrected, ann's use is delivered twice, and not the same."""
    town = Town(SEPTEMBER)
    for customer, (manager, branch, name, phone) in DEBTORS.items():
        town.person(customer, manager=manager, branch=branch, name=name, phone=phone)
        town.owe(customer)
    if not is_corrected:
        town.add("usage", service_id="ann-1", voice_calls=77)
    return town


def make_september(home: Path, source: Path) -> None:
    """Deliver September to a home that holds August, and run it through the whole gate."""
    september_town().write(source)
    run_month(job(home, source, SEPTEMBER, holdout_share=0))


@pytest.fixture(scope="session")
def found_folder(debtors_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with such a home and its source. Nobody may change it."""
    folder = tmp_path_factory.mktemp("found")
    shutil.copytree(debtors_home, folder / "home")
    make_september(folder / "home", folder / "source")
    return folder


@pytest.fixture(scope="session")
def waived_folder(found_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the findings accepted, and the month run again. Nobody may change it."""
    folder = tmp_path_factory.mktemp("waived") / "all"
    shutil.copytree(found_folder, folder)
    for finding in (TWICE, SHARE):
        accept_finding(folder / "home", finding, "seen", str(SEPTEMBER), "qi")
    run_month(job(folder / "home", folder / "source", SEPTEMBER, holdout_share=0))
    return folder


def _open_copy(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Console:
    from console import clock

    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    monkeypatch.setattr(clock, "find_today", lambda: TODAY)
    open_console(tmp_path / "home", own_settings())
    return Console(tmp_path / "home")


@pytest.fixture
def found(
    found_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    """A console of its own over the month with findings; its delivery lies in `source` beside the home."""
    yield _open_copy(found_folder, tmp_path, monkeypatch)
    _close()


@pytest.fixture
def waived(
    waived_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    """A console of its own over the month that was made under waivers."""
    yield _open_copy(waived_folder, tmp_path, monkeypatch)
    _close()


def _close() -> None:
    from django.db import connections

    connections.close_all()
