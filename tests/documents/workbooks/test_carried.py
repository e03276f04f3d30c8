"""The next month's workbooks show what earlier months left open, and who has left by the name they had."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.text.texts import fill_label
from tests.support.office import exported, fill, released_town, rows_of, taken
from tests.support.small import MONTH, Row, Town, only, read, run_town

NEXT = MONTH.plus(1)
DAY = date(2026, 9, 10)


def first_month() -> Town:
    """Four owe, one of them on a line that is no mobile; all are M1's."""
    town = Town()
    for who in ("ann", "bob", "gus"):
        town.person(who, name=f"{who}先生").owe(who)
    town.person("eve", name="伊娃娃", service={"service_type": "broadband"})
    return town.owe("eve")


def second_month() -> Town:
    """Nobody owes any more but eve, who has left; gus wants no calls."""
    town = Town(NEXT)
    for who in ("ann", "bob"):
        town.person(who, name=f"{who}先生")
    town.person("gus", name="gus先生", do_not_contact="true")
    return town.owe("eve")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month released and answered for bob alone, and the month after it."""
    folder = tmp_path_factory.mktemp("carried")
    home = folder / "home"
    released_town(home, first_month())
    books = exported(home, folder / "first")
    answers = {"bob": {"outcome": "refused", "contacted_on": DAY}}
    assert taken(home, fill(books["M1"], answers)).accepted == 1
    run_town(home, second_month(), holdout_share=0)
    return home


@pytest.fixture(scope="module")
def rows(home: Path) -> list[Row]:
    """What M1's book of the second month says."""
    return list(rows_of(exported(home, home / "second", month=NEXT)["M1"]))


def test_what_is_past_its_day_and_open_comes_first(home: Path, rows: list[Row]) -> None:
    order = only(
        read(
            home / "months" / str(MONTH) / "v0001", "dispatch_order", customer_id="ann"
        )
    )
    first = rows[0]
    assert first["order_id"] == order["order_id"]
    assert first["due_on"].date() == order["due_on"]
    assert first["rank"] == 1
    assert first["customer_name"] == "ann先生"
    about = fill_label("zh", "carried.evidence", month=str(MONTH), evidence="")
    assert first["evidence"].startswith(about)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))


def test_what_is_answered_or_may_not_be_asked_is_not_carried(rows: list[Row]) -> None:
    old = [row for row in rows if row["order_id"].startswith("202608")]
    assert [row["customer_id"] for row in old] == ["ann"]


def test_an_order_of_the_same_list_takes_its_place(rows: list[Row]) -> None:
    of_eve = only([row for row in rows if row["customer_id"] == "eve"])
    assert of_eve["order_id"].startswith("202609")


def test_who_has_left_and_owes_is_called_by_the_name_of_then(rows: list[Row]) -> None:
    of_eve = only([row for row in rows if row["customer_id"] == "eve"])
    assert (of_eve["customer_name"], of_eve["phone"]) == ("伊娃娃", "13812345678")


def test_an_answer_from_the_next_book_is_taken_for_the_earlier_order(
    home: Path, rows: list[Row]
) -> None:
    book = exported(home, home / "third", month=NEXT)["M1"]
    assert rows
    answers = {"ann": {"outcome": "no_answer", "contacted_on": date(2026, 10, 12)}}
    receipt = taken(home, fill(book, answers))
    assert not receipt.refused
    assert receipt.accepted == 1
