"""Nothing leaves the house, and nothing is believed on its return, under a key that everybody can read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipelines.core.errors import Refused
from pipelines.core.settings import DEVELOPMENT_KEY, Settings, load_settings
from pipelines.delivery.post import deliver_letters
from pipelines.documents.workbooks.export import export_month
from pipelines.jobs.daily import DayJob, run_day
from pipelines.jobs.run import Job, release_month
from pipelines.returns.filled import read_return
from pipelines.store.lake import MonthFolder
from tests.support.office import exported, fill, released_town, rows_of
from tests.support.small import KEY, MONTH, Town, run_town

PAID = {"outcome": "paid", "contacted_on": date(2026, 9, 7)}


@pytest.fixture
def everybodys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """The settings of an installation in which nobody has set a key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RETENTION_DEMONSTRATION", raising=False)
    monkeypatch.delenv("RETENTION_SECRET_KEY", raising=False)
    return load_settings(threads=1, holdout_share=0)


@pytest.fixture
def town() -> Town:
    return Town().person("ann", calls=0).person("bob", calls=0)


def refusal_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.key


def test_nothing_is_released_under_the_development_key(
    everybodys: Settings, town: Town, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    run_town(home, town, secret_key=DEVELOPMENT_KEY)
    job = Job(home, MONTH, settings=everybodys)
    assert refusal_of(lambda: release_month(job)) == "key.development"
    assert job.folder.read_seal() is None and not (home / "office.sqlite3").exists()
    job.settings = load_settings(threads=1, demonstration=True)
    release_month(job)
    assert job.folder.read_seal() is not None


def test_what_is_released_goes_no_further_under_it(
    everybodys: Settings, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    folder = released_town(tmp_path / "home", town)
    monkeypatch.delenv("RETENTION_SECRET_KEY")
    day = DayJob(folder.home, date(2026, 9, 3), tmp_path / "days", everybodys)
    acts: list[Callable[[], object]] = [
        lambda: deliver_letters(folder.home, str(MONTH), everybodys),
        lambda: export_month(MonthFolder(folder.home, MONTH), tmp_path / "out", "en"),
        lambda: run_day(day),
    ]
    assert [refusal_of(act) for act in acts] == ["key.development"] * len(acts)
    assert not (tmp_path / "out").exists() and not (folder.home / "outbox").exists()


def test_a_month_made_in_a_trial_is_not_released_under_another_key(
    town: Town, tmp_path: Path
) -> None:
    run_town(tmp_path / "home", town, secret_key=DEVELOPMENT_KEY)
    job = Job(tmp_path / "home", MONTH, settings=load_settings(secret_key=KEY))
    assert refusal_of(lambda: release_month(job)) == "key.other"


def unsigned(book: Path, path: Path) -> Path:
    """Write a filled work list as a CSV without its signatures, as anybody can type it."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["order_id", *PAID])
        writer.writeheader()
        writer.writerows({"order_id": row["order_id"], **PAID} for row in rows_of(book))
    return path


def test_rows_without_a_signature_are_refused_one_by_one_where_the_office_says_so(
    town: Town, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    released_town(home, town)
    book = exported(home, tmp_path / "books")["M1"]
    typed = unsigned(book, tmp_path / "typed.csv")
    assert {row.refusal for row in read_return(typed, KEY.encode()).rows} == {None}
    judged = read_return(typed, KEY.encode(), must_sign=True).rows
    assert len(judged) == 2 and {row.refusal.key for row in judged if row.refusal} == {
        "unsigned"
    }
    fill(book, {"ann": PAID})
    assert [
        row.refusal for row in read_return(book, KEY.encode(), must_sign=True).rows
    ] == [None]
