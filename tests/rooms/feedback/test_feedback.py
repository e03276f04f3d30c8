"""The loop: what managers answered comes back, is part of what the next month is made of, and changes its lists."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines import ROOMS
from pipelines.jobs.run import run_month, run_room
from pipelines.store.lake import MonthFolder
from tests.support.made_once import copy_made
from tests.support.office import (
    Answers,
    answers_of,
    exported,
    fill,
    released_town,
    taken,
)
from tests.support.small import MONTH, Town, read, run_town, ungated_job

NEXT = MONTH.plus(1)
PEOPLE = ("ann", "bob", "cat", "dan")


def town(month: Any = MONTH, **phones: str) -> Town:
    """Four customers with past-due bills, all of manager M1."""
    made = Town(month)
    for who in PEOPLE:
        made.person(who, phone=phones.get(who, f"1380000000{PEOPLE.index(who)}")).owe(
            who
        )
    return made


def answer(outcome: str, day: int = 5, **more: object) -> dict[str, object]:
    return {"outcome": outcome, "contacted_on": date(2026, 9, day), **more}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose first month is released."""
    copy_made(
        "released-to-answer",
        lambda folder: released_town(folder / "home", town()),
        tmp_path,
    )
    return tmp_path / "home"


def hand_in(home: Path, answers: Answers, name: str = "out") -> Any:
    return taken(home, fill(exported(home, home / name)["M1"], answers))


def why_nots(home: Path, month: Any = NEXT) -> dict[str, str]:
    version = MonthFolder(home, month).version()
    return {
        row["customer_id"]: row["reason"]
        for row in read(version, "dispatch_why_not", list="arrears")
    }


def orders(home: Path, month: Any = NEXT) -> set[str]:
    return {
        row["customer_id"]
        for row in read(
            MonthFolder(home, month).version(), "dispatch_order", list="arrears"
        )
    }


def test_a_released_month_is_in_the_office_once(home: Path) -> None:
    from console.models import AuditEntry, Order, Release
    from pipelines.jobs.run import release_month

    release_month(ungated_job(home, None))
    assert Release.objects.get().order_count == Order.objects.count() == 4
    assert AuditEntry.objects.filter(action="import_orders").count() == 1
    digests = set(Order.objects.values_list("phone_digest", flat=True))
    assert len(digests) == 4 and not any("138" in str(digest)[:3] for digest in digests)


def test_who_is_not_to_be_contacted_and_whose_number_is_wrong_get_no_order_next_month(
    home: Path,
) -> None:
    hand_in(
        home,
        {
            "ann": answer("do_not_contact"),
            "bob": answer("wrong_number"),
            "cat": answer("paid"),
        },
    )
    run_town(home, town(NEXT))
    assert why_nots(home) == {"ann": "do_not_contact", "bob": "wrong_number"}
    assert orders(home) == {"cat", "dan"}


def test_a_wrong_number_is_forgotten_with_the_number(home: Path) -> None:
    hand_in(home, {"ann": answer("do_not_contact"), "bob": answer("wrong_number")})
    run_town(home, town(NEXT, ann="13911111111", bob="13922222222"))
    assert why_nots(home) == {"ann": "do_not_contact"} and orders(home) == {
        "bob",
        "cat",
        "dan",
    }


def test_no_number_at_all_is_no_other_number(home: Path) -> None:
    hand_in(home, {"bob": answer("wrong_number")})
    run_town(home, town(NEXT, bob=""))
    assert why_nots(home) == {"bob": "wrong_number"}


def test_a_wrong_number_lasts_and_do_not_contact_too(home: Path) -> None:
    hand_in(home, {"ann": answer("do_not_contact"), "bob": answer("wrong_number")})
    for ahead in (1, 2, 5):
        run_town(home, town(MONTH.plus(ahead)))
        assert why_nots(home, MONTH.plus(ahead)) == {
            "ann": "do_not_contact",
            "bob": "wrong_number",
        }


def test_a_wrong_number_is_taken_back_by_a_later_answer_and_do_not_contact_is_not(
    home: Path,
) -> None:
    hand_in(home, {"ann": answer("do_not_contact"), "bob": answer("wrong_number")})
    hand_in(home, {"ann": answer("paid", 8), "bob": answer("paid", 8)}, "again")
    run_town(home, town(NEXT))
    assert why_nots(home) == {"ann": "do_not_contact"}


def test_the_later_contact_stands_in_whatever_order_the_files_come(home: Path) -> None:
    late = hand_in(home, {"ann": answer("paid", 9), "bob": answer("refused", 4)})
    early = hand_in(
        home, {"ann": answer("no_answer", 4), "bob": answer("paid", 9)}, "early"
    )
    assert (late.accepted, early.accepted) == (2, 2) and len(answers_of(home)) == 4
    staged = read(run_town(home, town(NEXT)), "extract_outcome")
    assert {row["outcome"] for row in staged} == {"paid"} and all(
        row["is_success"] for row in staged
    )


def test_of_one_day_what_came_later_stands(home: Path) -> None:
    hand_in(home, {"ann": answer("no_answer")})
    hand_in(home, {"ann": answer("paid")}, "again")
    assert [
        row["outcome"] for row in read(run_town(home, town(NEXT)), "extract_outcome")
    ] == ["paid"]


def test_the_same_answers_are_the_same_month_and_another_answer_is_another_version(
    home: Path,
) -> None:
    hand_in(home, {"ann": answer("paid")})
    first = run_town(home, town(NEXT))
    hand_in(home, {"ann": answer("paid")}, "again")
    assert run_town(home, town(NEXT)).number == first.number
    hand_in(home, {"bob": answer("paid")}, "more")
    second = run_town(home, town(NEXT))
    assert second.number == first.number + 1
    assert (
        len(read(first, "extract_outcome")) == 1
        and len(read(second, "extract_outcome")) == 2
    )


def test_what_is_answered_after_the_cut_off_is_not_known_in_the_month(
    home: Path,
) -> None:
    hand_in(
        home,
        {
            "ann": answer("paid") | {"contacted_on": date(2026, 10, 1)},
            "bob": answer("paid"),
        },
    )
    assert len(read(run_town(home, town(NEXT)), "extract_outcome")) == 1
    assert len(read(run_town(home, town(NEXT.plus(1))), "extract_outcome")) == 2


def test_a_sealed_month_stays_whatever_is_answered(home: Path) -> None:
    released_town(home, town(NEXT))
    hand_in(home, {"ann": answer("paid")})
    version = run_month(
        ungated_job(home, home.parent / "source", NEXT, holdout_share=0)
    )
    assert version.number == 1 and read(version, "extract_outcome") == []


def test_an_answer_between_two_rooms_waits_for_the_next_run(home: Path) -> None:
    source = town(NEXT).write(home.parent / "source")
    at = ungated_job(home, source, NEXT, holdout_share=0)
    run_room(at, ROOMS[0])
    hand_in(home, {"ann": answer("paid")})
    version = [run_room(at, room) for room in ROOMS[1:]][-1]
    assert version is not None and read(version, "extract_outcome") == []
    assert run_month(at).number == version.number + 1


def test_an_office_that_was_never_opened_says_nothing_and_is_not_made_by_asking(
    tmp_path: Path,
) -> None:
    version = run_town(tmp_path / "home", town())
    assert [
        read(version, f"extract_{name}") for name in ("outcome", "release", "mark")
    ] == [
        [],
        [],
        [],
    ]
    assert not (tmp_path / "home" / "office.sqlite3").exists()
