"""A promise that is put off: the last one stands, and how often it was put off is counted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.support.office import exported, fill, released_town, taken
from tests.support.small import MONTH, Row, Town, read, run_town

NEXT = MONTH.plus(1)


def promise(contacted: int, promised: int) -> Row:
    """A promise made on a day of September, for another."""
    return {
        "outcome": "promised",
        "contacted_on": date(2026, 9, contacted),
        "promised_amount": 50,
        "promised_on": date(2026, 9, promised),
    }


def test_a_promise_of_a_later_day_extends_one_said_again_that_day_corrects(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    first = Town().header_only("payment", "receivable")
    for who in ("ann", "bob", "cat"):
        first.person(who).owe(who)
    released_town(home, first)
    for said in (
        {"ann": promise(7, 12), "bob": promise(7, 12), "cat": promise(7, 20)},
        {"ann": promise(10, 20), "bob": promise(7, 14), "cat": promise(10, 15)},
        {"ann": promise(14, 29)},
    ):
        book = exported(home, home / "out")["M1"]
        taken(home, fill(book, said))

    then = Town(NEXT).header_only("payment", "receivable")
    for who in ("ann", "bob", "cat"):
        then.person(who)
    rows = read(run_town(home, then), "feedback_promise")
    found = {
        row["customer_id"]: (row["promised_on"].day, row["extension_count"])
        for row in rows
    }
    assert found == {"ann": (29, 2), "bob": (14, 0), "cat": (15, 0)}


def test_of_instalments_each_has_its_row_and_who_paid_one_may_promise_the_rest(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    first = Town().header_only("payment", "receivable")
    for who in ("ann", "bob"):
        first.person(who).owe(who)
    released_town(home, first)
    book = exported(home, home / "out")["M1"]
    third = {"promised_on_3": date(2026, 9, 28), "promised_amount_3": 10}
    plan = promise(7, 10) | {
        "promised_on_2": date(2026, 9, 20),
        "promised_amount_2": 20,
    }
    taken(home, fill(book, {"ann": plan | third, "bob": plan}))
    book = exported(home, home / "out")["M1"]
    rest = promise(12, 20) | {
        "promised_on_2": date(2026, 9, 28),
        "promised_amount_2": 10,
    }
    later = promise(12, 12) | {
        "promised_on_2": date(2026, 9, 20),
        "promised_amount_2": 20,
    }
    taken(home, fill(book, {"ann": rest, "bob": later}))

    then = Town(NEXT).header_only("payment", "receivable")
    for who in ("ann", "bob"):
        then.person(who)
    rows = read(run_town(home, then), "feedback_promise")
    found = [
        (
            row["customer_id"],
            row["instalment"],
            row["promised_on"].day,
            row["extension_count"],
        )
        for row in rows
    ]
    # Of ann the days stay; bob's first is put off by two days.
    assert sorted(found) == [("ann", 1, 20, 0), ("ann", 2, 28, 0), ("bob", 1, 12, 1), ("bob", 2, 20, 1)]  # fmt: skip
