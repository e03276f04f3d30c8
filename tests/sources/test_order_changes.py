"""A manager leaves, an order was a mistake: it is said on the record, and the next export and `why` follow it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.core.month import Month
from pipelines.sources.office.changes import read_changes
from pipelines.store.lake import MonthFolder
from tests.support.office import (
    answers_of,
    exported,
    fill,
    released_town,
    rows_of,
    taken,
)
from tests.support.small import KEY, MONTH, Town, own_settings, read

PEOPLE = ("ann", "bob", "cat")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("changes") / "home"
    town = Town()
    for who in PEOPLE:
        town.person(who).owe(who)
    released_town(home, town)
    return home


@pytest.fixture
def home(sealed: Path, tmp_path: Path) -> Path:
    """The same months with an office of one's own."""
    shutil.copytree(sealed, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def ask(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run `retention` on the home; return its exit code and what it printed."""
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["retention", *words, "--home", str(home)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out + said.err

    return run


def orders(home: Path) -> dict[str, str]:
    """Order id by customer."""
    return {
        row["customer_id"]: row["order_id"]
        for row in read(MonthFolder(home, MONTH).version(), "dispatch_order")
    }


def test_a_manager_leaves_and_what_he_has_not_closed_goes_to_another(
    home: Path, tmp_path: Path, ask: Callable[..., tuple[int, str]]
) -> None:
    answer = {"bob": {"outcome": "paid", "contacted_on": date(2026, 9, 4)}}
    taken(home, fill(exported(home, tmp_path / "first")["M1"], answer))
    code, said = ask(
        "reassign",
        "--of",
        "M1",
        "--month",
        str(MONTH),
        "--to",
        "M2",
        "--why",
        "M1 离职",
        "--by",
        "Li",
    )
    assert code == 0 and "2 " in said
    books = exported(home, tmp_path / "second")
    assert [row["customer_id"] for row in rows_of(books["M1"])] == ["bob"]
    assert {row["customer_id"] for row in rows_of(books["M2"])} == {"ann", "cat"}
    assert {row["phone"] for row in rows_of(books["M2"])} == {
        "13812345678"
    }  # theirs now, in full
    (row,) = json.loads(ask("why", "ann", str(MONTH), "--json")[1])
    assert [
        (c["kind"], c["manager_id"], c["why"], c["actor"]) for c in row["changes"]
    ] == [("reassigned", "M2", "M1 离职", "Li")]
    assert "改派给 M2：M1 离职" in ask("why", "ann", str(MONTH), "--lang", "zh")[1]


def test_the_new_manager_s_answers_come_back_by_the_same_ids(
    home: Path, tmp_path: Path, ask: Callable[..., tuple[int, str]]
) -> None:
    assert ask("reassign", orders(home)["ann"], "--to", "M3", "--why", "搬家")[0] == 0
    books = exported(home, tmp_path / "second")
    answer = {"ann": {"outcome": "paid", "contacted_on": date(2026, 9, 9)}}
    assert taken(home, fill(books["M3"], answer)).accepted == 1
    assert [row["customer_id"] for row in answers_of(home)] == ["ann"]
    assert {
        row["manager_id"]
        for row in read(MonthFolder(home, MONTH).version(), "dispatch_order")
    } == {"M1"}  # sealed


def test_a_withdrawn_order_is_in_no_later_export_and_may_come_back(
    home: Path, tmp_path: Path, ask: Callable[..., tuple[int, str]]
) -> None:
    cat = orders(home)["cat"]
    assert ask("withdraw", cat, "--why", "名单有误")[0] == 0
    assert {
        row["customer_id"] for row in rows_of(exported(home, tmp_path / "second")["M1"])
    } == {
        "ann",
        "bob",
    }
    assert "撤回：名单有误" in ask("why", "cat", str(MONTH), "--lang", "zh")[1]
    assert ask("reassign", cat, "--to", "M1", "--why", "核对无误")[0] == 0
    assert {
        row["customer_id"] for row in rows_of(exported(home, tmp_path / "third")["M1"])
    } == set(PEOPLE)
    changes = read_changes(own_settings().office_database(home), MONTH)[cat]
    assert [one.kind for one in changes] == ["withdrawn", "reassigned"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("withdraw", "202608-AAAAAAAAAAAA", "--why", "x"), "error.order.unknown"),
        (("withdraw", "--why", "x"), "error.order.none"),
        (("reassign", "ann's", "--to", "M7", "--why", "x"), "error.order.no_manager"),
        (
            ("reassign", "--of", "M1", "--to", "M2", "--why", "x"),
            "error.order.no_month",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    words: tuple[str, ...], told: str, ask: Callable[..., tuple[int, str]]
) -> None:
    code, said = ask(*words, "--json")
    assert code == 2 and told.removeprefix("error.") in said


def test_nothing_is_changed_without_a_reason_or_when_one_of_several_is_unknown(
    home: Path, ask: Callable[..., tuple[int, str]]
) -> None:
    ann = orders(home)["ann"]
    assert ask("withdraw", ann, "--why", " ")[0] == 2
    assert ask("withdraw", ann, "202608-AAAAAAAAAAAA", "--why", "x")[0] == 2
    assert read_changes(own_settings().office_database(home), MONTH) == {}


def test_an_office_never_opened_knows_of_no_change(tmp_path: Path) -> None:
    assert (
        read_changes(f"sqlite:///{tmp_path / 'office.sqlite3'}", Month.parse("2026-08"))
        == {}
    )
    assert not (tmp_path / "office.sqlite3").exists()
