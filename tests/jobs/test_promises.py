"""Promises to pay on the days that they fall due on, and after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from pipelines.documents.day_view import read_day_view
from pipelines.documents.workbooks.export import export_day
from pipelines.jobs.daily import DayJob, run_day
from pipelines.jobs.run import release_month
from pipelines.sources.office.by_day import read_day_office
from pipelines.sources.office.changes import WITHDRAWN
from pipelines.store.lake import DayFolder, MonthFolder, Version
from pipelines.store.persons.vault import read_open_rows
from tests.jobs.test_daily import DAY, NEXT_DAY, copy_month, deliver, work_list
from tests.support.office import exported, fill, released_town, taken
from tests.support.small import (
    MONTH,
    Town,
    job,
    only,
    own_settings,
    read,
    row,
    run_town,
    write_csv,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copy_month(tmp_path)


@pytest.fixture
def run(home: Path) -> Callable[..., Version]:
    return lambda day=DAY: run_day(
        DayJob(home, day, home.parent / "source", own_settings())
    )


def promise(home: Path, promised_on: date, **more: object) -> None:
    """Release the month; dan promises on the 7th to pay his 40 yuan by a day."""
    release_month(job(home, None))
    said = {
        "outcome": "promised",
        "contacted_on": date(2026, 9, 7),
        "promised_amount": 40,
        "promised_on": promised_on,
    }
    assert (
        taken(
            home, fill(exported(home, home.parent / "out")["M1"], {"dan": said | more})
        ).accepted
        == 1
    )


def payment_of_dan(amount: str) -> list[dict[str, str]]:
    return [
        row(
            "payment",
            MONTH,
            payment_id="P1",
            customer_id="dan",
            paid_on=DAY,
            amount=amount,
        )
    ]


def due(version: Version) -> list[object]:
    company = only(read(version, "daily_due", scope_kind="company"))
    return [
        company[name]
        for name in (
            "due_count",
            "due_amount",
            "kept_count",
            "late_count",
            "late_amount",
        )
    ]


OWES = [
    {
        **{
            "bill_id": "R-dan",
            "service_id": "dan-1",
            "customer_id": "dan",
            "bill_month": str(MONTH),
        },
        **{"open_amount": "40.00", "due_on": "2026-08-20"},
    }
]


def test_a_promise_falls_due_and_is_late_the_next_day(
    home: Path, run: Callable[..., Version]
) -> None:
    promise(home, DAY)
    deliver(home.parent / "source", DAY, receivable=OWES)
    deliver(home.parent / "source", NEXT_DAY, receivable=OWES)
    first, second = run(), run(NEXT_DAY)
    assert due(first) == [1, Decimal("40.00"), 0, 0, Decimal("0.00")]
    assert due(second) == [0, Decimal("0.00"), 0, 1, Decimal("40.00")]
    order = only(
        read(MonthFolder(home, MONTH).version(), "dispatch_order", customer_id="dan")
    )
    named = only(read(second, "daily_promise"))
    assert (named["order_id"], named["manager_id"], named["state"]) == (
        order["order_id"],
        "M1",
        "late",
    )
    assert named["promised_on"] == DAY and named["short_amount"] == Decimal("40.00")
    assert read_day_view(second)["promises"] == [named]


def test_a_promise_is_kept_by_money_and_half_kept_by_half_of_it(
    home: Path, run: Callable[..., Version]
) -> None:
    promise(home, DAY)
    deliver(home.parent / "source", DAY, receivable=[], payment=payment_of_dan("40.00"))
    assert due(run()) == [1, Decimal("40.00"), 1, 0, Decimal("0.00")]
    half = [{**OWES[0], "open_amount": "25.00"}]
    deliver(
        home.parent / "source",
        NEXT_DAY,
        receivable=half,
        payment=payment_of_dan("15.00"),
    )
    assert due(run(NEXT_DAY)) == [0, Decimal("0.00"), 0, 1, Decimal("25.00")]


def test_what_is_promised_after_the_day_is_not_the_days(
    home: Path, run: Callable[..., Version]
) -> None:
    promise(home, DAY, contacted_on=date(2026, 9, 8))
    deliver(home.parent / "source", date(2026, 9, 7), receivable=OWES)
    assert (
        read(run(date(2026, 9, 7)), "daily_order")
        and due(run(date(2026, 9, 7)))[0] == 0
    )


def test_a_promise_to_an_order_of_a_day_is_known_and_goes_with_its_order(
    home: Path, run: Callable[..., Version]
) -> None:
    from console.changes import REASSIGNED, change_orders

    release_month(job(home, None))
    deliver(home.parent / "source", DAY, "ann")
    order = only(read(run(), "dispatch_order"))["order_id"]
    said = {
        "outcome": "promised",
        "contacted_on": NEXT_DAY,
        "promised_amount": 50,
        "promised_on": NEXT_DAY,
    }
    assert taken(home, fill(work_list(home), {"ann": said})).accepted == 1
    deliver(home.parent / "source", NEXT_DAY, "ann")
    source = home.parent / "source"
    office = own_settings().office_database(home)
    before = read_day_office(office, MONTH.plus(1), NEXT_DAY)
    change_orders([order], REASSIGNED, "on leave", "test", "M2")
    after = read_day_office(office, MONTH.plus(1), NEXT_DAY)
    assert [
        only(reading.tables["order"].to_pylist())["manager_id"]
        for reading in (before, after)
    ] == ["M1", "M2"]
    assert before.sha256 != after.sha256  # an unsealed day is made again
    assert (
        only(
            read(
                run_day(DayJob(home, NEXT_DAY, source, own_settings())), "daily_promise"
            )
        )["manager_id"]
        == "M2"
    )
    change_orders([order], WITHDRAWN, "a mistake", "test")
    assert (
        read_day_office(office, MONTH.plus(1), NEXT_DAY).tables["order"].num_rows == 0
    )


@pytest.mark.parametrize(
    ("language", "sheet", "late"),
    [
        ("zh", "承诺回访名单", "逾期未兑现"),
        ("en", "Promises to call about", "past due"),
    ],
)
def test_the_bulletin_names_whom_to_call(
    home: Path, run: Callable[..., Version], language: str, sheet: str, late: str
) -> None:
    promise(home, DAY)
    deliver(home.parent / "source", NEXT_DAY, receivable=OWES)
    run(NEXT_DAY)
    calls, bulletin = export_day(
        DayFolder(home, MONTH, NEXT_DAY), home.parent / "out", language
    )
    named = only(
        [
            *openpyxl.load_workbook(bulletin)[sheet].iter_rows(
                min_row=4, values_only=True
            )
        ]
    )
    instalment, _day, *money = named[3:8]
    assert (
        named[1:3] == ("M1", late)
        and (instalment, money) == (1, [40, 0, 40])
        and named[-1] == "dan"
    )
    assert calls.name.endswith("_M1.xlsx") and calls.stat().st_mode & 0o077 == 0
    called = only(
        [*openpyxl.load_workbook(calls)[sheet].iter_rows(min_row=4, values_only=True)]
    )
    dan = only(
        read_open_rows(
            MonthFolder(home, MONTH).version(),
            "snapshot_person",
            where={"customer_id": "dan"},
        )
    )
    assert called == (dan["name"], dan["phone"], *named[2:]) and dan["phone"]


def test_who_has_kept_his_promise_is_not_called(
    home: Path, run: Callable[..., Version]
) -> None:
    promise(home, DAY)
    deliver(
        home.parent / "source", DAY, receivable=OWES, payment=payment_of_dan("40.00")
    )
    run()
    assert [
        b.name
        for b in export_day(DayFolder(home, MONTH, DAY), home.parent / "out", "zh")
    ] == [f"{DAY}_bulletin.xlsx"]


# Who promises to pay 40 yuan by which day of September, and what is paid, or taken back, on which day, on which bill.
PROMISES: dict[str, tuple[int, list[tuple[str, int, str]]]] = {
    "keeps": (20, [("40.00", 19, "")]),
    "breaks": (20, []),
    "half": (20, [("15.00", 22, "2026-07")]),
    "late": (20, [("40.00", 28, "")]),
    "other": (20, [("40.00", 19, "2026-08")]),  # on a bill that was not due yet
    "waits": (30, []),
    # Taken back by the last day of grace, and after it.
    "bounces": (20, [("40.00", 19, ""), ("-40.00", 22, "")]),
    "bounces_late": (20, [("40.00", 19, "2026-07"), ("-40.00", 29, "2026-07")]),
    "pays_again": (20, [("40.00", 19, ""), ("-40.00", 20, ""), ("40.00", 23, "")]),
    "credited": (20, [("10.00", 19, "2026-07")]),  # and 30 yuan are taken off the bill
    "forgiven": (20, []),  # all 40 are
}


def september(made: Town) -> Town:
    """What has changed by the end of September: payments, and what is open still."""
    for who, (_, payments) in PROMISES.items():
        for number, (amount, day, of_month) in enumerate(payments):
            made.add(
                "payment",
                payment_id=f"{who}/{number}",
                customer_id=who,
                bill_id=f"{who}-1/{of_month}" if of_month else "",
                paid_on=f"2026-09-{day}",
                amount=amount,
            )
    for who, off in (("credited", "-30.00"), ("forgiven", "-40.00")):
        made.add(
            "adjustment", adjustment_id=who, bill_id=f"{who}-1/2026-07", customer_id=who, kind="credit_note",
            adjusted_on="2026-09-15", amount=off,
        )  # fmt: skip
    for who, left in (
        ("breaks", "40.00"),
        ("half", "25.00"),
        ("other", "40.00"),
        ("waits", "40.00"),
        ("bounces", "40.00"),
        ("bounces_late", "40.00"),
    ):
        made.add(
            "receivable", bill_id=f"{who}-1/2026-07", service_id=f"{who}-1", customer_id=who, bill_month="2026-07",
            open_amount=left, due_on="2026-08-01",
        )  # fmt: skip
    return made


def test_the_last_day_says_what_the_month_says(tmp_path: Path) -> None:
    """But for whom has paid after the days of grace: the promise was broken, and there is nothing to call about."""
    august, month = Town(), Town(MONTH.plus(1))
    for who in PROMISES:
        august.person(who).owe(who, "40.00")
        month.person(who)
    august.add(
        "receivable", bill_id="other-1/2026-08", service_id="other-1", customer_id="other", bill_month="2026-08",
        open_amount="100.00", due_on="2026-09-25",
    )  # fmt: skip
    home = released_town(tmp_path / "home", august).home
    said = {
        who: {
            "outcome": "promised",
            "contacted_on": date(2026, 9, 7),
            "promised_amount": 40,
            "promised_on": date(2026, 9, by),
        }
        for who, (by, _) in PROMISES.items()
    }
    assert taken(
        home, fill(exported(home, tmp_path / "out")["M1"], said)
    ).accepted == len(PROMISES)
    september(month)
    last = date(2026, 9, 30)
    for name in ("service", "receivable", "payment"):
        write_csv(
            tmp_path / "source" / "daily" / str(last) / f"{name}.csv",
            name,
            month.tables[name],
        )
    day = run_day(DayJob(home, last, tmp_path / "source", own_settings()))
    told = {row["customer_id"]: row for row in read(day, "daily_promise")}
    seen = {
        row["customer_id"]: row
        for row in read(run_town(home, month), "feedback_promise")
    }
    assert {who: row["state"] for who, row in seen.items()} == {
        **dict.fromkeys(("breaks", "half", "late", "other"), "broken"),
        **dict.fromkeys(("bounces", "bounces_late"), "broken"),
        **dict.fromkeys(("keeps", "pays_again", "credited"), "kept"),
        **{"waits": "pending", "forgiven": "void"},
    }
    assert {who: (row["state"], row["short_amount"]) for who, row in told.items()} == {
        "breaks": ("late", Decimal("40.00")),
        "half": ("late", Decimal("25.00")),
        "other": ("late", Decimal("40.00")),
        "waits": ("due", Decimal("40.00")),
        "bounces": ("late", Decimal("40.00")),
        "bounces_late": ("late", Decimal("40.00")),
    }
    assert all(
        row["come_amount"] == seen[who]["paid_amount"] for who, row in told.items()
    )
