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
