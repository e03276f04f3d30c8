"""Days between two months: bulletins, orders for whom was suspended since, and what a second run does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import pytest

from console.database import open_office
from pipelines.core.errors import Refused, SourceNotReady, UsageError
from pipelines.documents.day_view import read_day_view
from pipelines.documents.workbooks.export import export_day
from pipelines.jobs.daily import DayJob, run_day
from pipelines.jobs.run import release_month
from pipelines.returns.corrected import SentOut, write_corrected
from pipelines.sources.office.changes import WITHDRAWN
from pipelines.store.lake import DayFolder, MonthFolder, Version
from tests.support.made_once import copy_made
from tests.support.office import answers_of, exported, fill, taken
from tests.support.small import (
    KEY,
    MONTH,
    Town,
    job,
    only,
    own_settings,
    read,
    row,
    run_town,
    twin_operator,
    write_csv,
)
from twin import generate

DAY, NEXT_DAY = date(2026, 9, 8), date(2026, 9, 9)
PEOPLE = ("ann", "bob", "cat", "dan", "eve")


def town() -> Town:
    """Five customers; dan owes already, so that he has an order of the month; eve is nobody's."""
    made = Town()
    for who in PEOPLE:
        made.person(who, manager=None if who == "eve" else "M1")
    return made.owe("dan", "40.00").header_only("trouble_ticket")


def deliver(
    source: Path, day: date, *suspended: str, **more: list[dict[str, str]]
) -> None:
    """Deliver a day: who is suspended, since that day, and owes 50 yuan."""
    lines = {who: {"service_id": f"{who}-1", "customer_id": who} for who in PEOPLE}
    stopped = {
        "changed_at": f"{day} 10:00:00",
        "from_status": "active",
        "to_status": "suspended_arrears",
        "reason": "arrears",
    }
    owed = {"bill_month": str(MONTH), "open_amount": "50.00", "due_on": "2026-09-01"}
    tables = {
        "service": [
            row(
                "service",
                MONTH,
                **line,
                status="suspended_arrears" if who in suspended else "active",
            )
            for who, line in lines.items()
        ],
        "status_change": [{"service_id": f"{who}-1", **stopped} for who in suspended],
        "receivable": [
            {"bill_id": f"R-{who}", **lines[who], **owed} for who in suspended
        ],
        "payment": [
            row(
                "payment",
                MONTH,
                payment_id="P1",
                customer_id="cat",
                paid_on=day,
                amount="12.30",
            )
        ],
        "trouble_ticket": [],
    }
    for name, rows in {**tables, **more}.items():
        write_csv(source / "daily" / str(day) / f"{name}.csv", name, rows)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copy_month(tmp_path)


def copy_month(to: Path) -> Path:
    """Copy the home of the town's month into a folder, beside what was delivered."""
    copy_made("month-of-days", lambda folder: run_town(folder / "home", town()), to)
    return to / "home"


@pytest.fixture
def run(home: Path) -> Callable[..., Version]:
    def run(day: date = DAY) -> Version:
        return run_day(DayJob(home, day, home.parent / "source", own_settings()))

    return run


def why_not(version: Version) -> dict[str, str]:
    return {r["customer_id"]: r["reason"] for r in read(version, "dispatch_why_not")}


def test_who_was_suspended_gets_an_order_and_who_has_one_does_not(
    home: Path, run: Callable[..., Version]
) -> None:
    deliver(home.parent / "source", DAY, "ann", "dan", "eve")
    version = run()
    order = only(read(version, "dispatch_order"))
    assert (order["customer_id"], order["manager_id"], order["amount"]) == (
        "ann",
        "M1",
        Decimal("50.00"),
    )
    assert (order["month"], order["dispatched_on"], order["due_on"]) == (
        "2026-08",
        date(2026, 9, 9),
        date(2026, 9, 14),
    )
    assert order["order_id"].startswith("202608-")
    assert order["order_id"] not in {
        r["order_id"]
        for r in read(MonthFolder(home, MONTH).version(), "dispatch_order")
    }
    assert why_not(version) == {"dan": "other_list", "eve": "other_list"}


def test_the_bulletins(home: Path, run: Callable[..., Version]) -> None:
    deliver(home.parent / "source", DAY, "ann", "dan", "eve")
    told = read_day_view(run())
    company = {
        name: only([r for r in told[name] if r["scope_kind"] == "company"])
        for name in ("suspended", "arrears")
    }
    assert [
        company["suspended"][n]
        for n in ("suspended_count", "stopped_count", "reactivated_count")
    ] == [3, 3, 0]
    amounts = ("open_amount", "past_due_amount", "paid_amount", "paid_month_amount")
    assert [company["arrears"][n] for n in amounts] == [
        Decimal(x) for x in ("150.00", "150.00", "12.30", "12.30")
    ]
    # The bills of August are open by 150.00; the target allows two in a hundred of their revenue, five times 100.00.
    assert [
        company["arrears"][n]
        for n in ("last_open_amount", "allowed_amount", "to_collect_amount")
    ] == [Decimal(x) for x in ("150.00", "10.00", "140.00")]
    unclaimed = only(
        [
            r
            for r in told["suspended"]
            if r["scope_kind"] == "manager" and r["scope_id"] == "unclaimed"
        ]
    )
    assert unclaimed["suspended_count"] == 1 and told["not_computed"] == {}


def test_the_next_day_knows_the_day_before(
    home: Path, run: Callable[..., Version]
) -> None:
    deliver(home.parent / "source", DAY, "ann")
    deliver(home.parent / "source", NEXT_DAY, "ann", "bob")
    first, second = run(), run(NEXT_DAY)
    assert [r["customer_id"] for r in read(second, "dispatch_order")] == ["bob"]
    assert why_not(second) == {"ann": "other_list"}
    places = [
        only(read(v, "features_manager", manager_id="M1"))["capacity"]
        for v in (first, second)
    ]
    assert places[0] - places[1] == 1


def test_the_same_day_again_is_the_same_version_and_the_month_is_untouched(
    home: Path, run: Callable[..., Version]
) -> None:
    deliver(home.parent / "source", DAY, "ann")
    before = MonthFolder(home, MONTH).version().identity
    first = run()
    again = run()
    assert (again.number, again.identity) == (1, first.identity)
    assert MonthFolder(home, MONTH).version().identity == before


def test_a_complaint_or_a_wish_of_yesterday_counts_today(
    home: Path, run: Callable[..., Version]
) -> None:
    complaint = row(
        "trouble_ticket", MONTH, customer_id="bob", opened_at=f"{DAY} 09:00:00"
    )
    release_month(job(home, None))
    filled = fill(
        exported(home, home.parent / "out")["M1"],
        {"dan": {"outcome": "do_not_contact", "contacted_on": "2026-09-07"}},
    )
    assert taken(home, filled).accepted == 1
    deliver(
        home.parent / "source", DAY, "ann", "bob", "dan", trouble_ticket=[complaint]
    )
    version = run()
    assert only(read(version, "features_consent", customer_id="dan"))[
        "is_do_not_contact"
    ]
    assert why_not(version) == {"bob": "complaint", "dan": "other_list"}


def day_exported(home: Path) -> list[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETENTION_SECRET_KEY", KEY)
        return export_day(DayFolder(home, MONTH, DAY), home.parent / "out", "zh")


def work_list(home: Path) -> Path:
    return only([file for file in day_exported(home) if "manager" in file.name])


def test_orders_leave_the_house_once_their_month_is_released(
    home: Path, run: Callable[..., Version]
) -> None:
    deliver(home.parent / "source", DAY, "ann")
    assert run() and DayFolder(home, MONTH, DAY).read_seal() is None
    release_month(job(home, None))
    run()
    assert DayFolder(home, MONTH, DAY).read_seal() is not None
    filled = fill(
        work_list(home), {"ann": {"outcome": "paid", "contacted_on": str(NEXT_DAY)}}
    )
    assert taken(home, filled).accepted == 1  # the office knows the order of the day
    assert [answer["customer_id"] for answer in answers_of(home)] == ["ann"]
    deliver(home.parent / "source", DAY, "ann", "bob")
    with pytest.raises(Refused, match="day.sealed"):
        run()


def test_a_refused_row_of_a_day_goes_back_signed_and_then_comes_in(
    home: Path, run: Callable[..., Version]
) -> None:
    release_month(job(home, None))
    deliver(home.parent / "source", DAY, "ann")
    run()
    said = {"outcome": "promised", "contacted_on": NEXT_DAY}
    receipt = taken(home, fill(work_list(home), {"ann": said}))
    assert (receipt.accepted, [row.refusal.key for row in receipt.refused]) == (
        0,
        ["needs"],
    )
    corrected = home.parent / "corrected.xlsx"
    write_corrected(
        corrected, receipt.refused, SentOut(home), "zh", KEY.encode(), "ann"
    )
    fill(corrected, {"ann": {"promised_amount": 50, "promised_on": date(2026, 9, 12)}})
    assert taken(home, corrected).accepted == 1


def test_an_order_of_a_day_that_was_taken_back_is_in_no_later_workbook(
    home: Path, run: Callable[..., Version]
) -> None:
    release_month(job(home, None))
    deliver(home.parent / "source", DAY, "ann")
    order = only(read(run(), "dispatch_order"))
    assert work_list(home)
    from console.changes import change_orders

    change_orders([order["order_id"]], WITHDRAWN, "a mistake", "test")
    assert [file.name for file in day_exported(home)] == ["2026-09-08_bulletin.xlsx"]


def orders_in_the_office(home: Path) -> list[str]:
    open_office(home, own_settings())
    from console.models import Order

    return list(
        Order.objects.filter(dispatched_on=NEXT_DAY).values_list(
            "customer_id", flat=True
        )
    )


def test_a_run_that_died_before_the_office_had_the_orders_is_made_good(
    home: Path, run: Callable[..., Version]
) -> None:
    deliver(home.parent / "source", DAY, "ann")
    version = run()
    release_month(job(home, None))
    DayFolder(home, MONTH, DAY).release(version)
    assert orders_in_the_office(home) == []
    assert [run().number, run().number] == [1, 1] and orders_in_the_office(home) == [
        "ann"
    ]


def test_a_day_on_which_nobody_is_suspended_has_its_bulletin(
    home: Path, run: Callable[..., Version]
) -> None:
    release_month(job(home, None))
    deliver(home.parent / "source", DAY)
    assert read_day_view(run())["orders"] == 0 and orders_in_the_office(home) == []
    assert [file.name for file in day_exported(home)] == ["2026-09-08_bulletin.xlsx"]


def test_what_was_not_delivered_is_named_and_the_rest_is_made(
    home: Path, run: Callable[..., Version]
) -> None:
    deliver(home.parent / "source", DAY, "ann")
    for name in ("service", "payment"):
        (home.parent / "source" / "daily" / str(DAY) / f"{name}.csv").unlink()
    told = read_day_view(run())
    assert told["not_computed"]["daily_suspended"] == "absent: service"
    assert "absent: service" in told["not_computed"]["suspended_reactivation"]
    assert told["orders"] == 0


def test_without_amounts_the_suspended_still_get_their_orders(
    home: Path, run: Callable[..., Version]
) -> None:
    deliver(home.parent / "source", DAY, "ann")
    (home.parent / "source" / "daily" / str(DAY) / "receivable.csv").unlink()
    version = run()
    order = only(read(version, "dispatch_order"))
    assert order["customer_id"] == "ann" and order["amount"] is None
    assert (
        read_day_view(version)["not_computed"]["daily_arrears"] == "absent: receivable"
    )


def test_errors_say_what_is_missing(
    home: Path, run: Callable[..., Version], tmp_path: Path
) -> None:
    with pytest.raises(
        SourceNotReady, match=r"source\.month_missing: month=2026-09-08"
    ):
        run()
    with pytest.raises(UsageError, match=r"day\.no_month"):
        run_day(DayJob(tmp_path / "empty", DAY, tmp_path / "source", own_settings()))


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("欠停", "当日新停")), ("en", ("Suspended", "Newly suspended"))],
)
def test_the_days_workbooks(
    home: Path, run: Callable[..., Version], language: str, words: tuple[str, str]
) -> None:
    deliver(home.parent / "source", DAY, "ann")
    run()
    files = {
        f.name: f
        for f in export_day(DayFolder(home, MONTH, DAY), home.parent / "out", language)
    }
    assert any(name.startswith("2026-09-08_manager_") for name in files)
    sheet = openpyxl.load_workbook(files["2026-09-08_bulletin.xlsx"])[words[0]]
    assert words[1] in [
        cell for line in sheet.iter_rows(values_only=True) for cell in line
    ]


def test_the_last_day_of_a_month_says_what_the_month_says(tmp_path: Path) -> None:
    operator = twin_operator()
    shutil.copytree(operator.home, tmp_path / "home")
    last = MONTH.last_day
    generate(
        tmp_path / "source",
        services=300,
        months=3,
        seed=1,
        through=str(MONTH),
        days=[str(last)],
    )
    version = run_day(
        DayJob(tmp_path / "home", last, tmp_path / "source", own_settings())
    )
    rate = only(
        read(
            operator.version,
            "kpi_monthly",
            kpi="arrears_rate",
            variant="t1_amount",
            scope_kind="company",
            month=str(MONTH),
        )
    )
    told = only(read(version, "daily_arrears", scope_kind="company"))
    assert (version.month, told["last_open_amount"]) == (
        MONTH.plus(-1),
        rate["numerator"],
    )
    assert told["allowed_amount"] == (rate["denominator"] * Decimal("0.02")).quantize(
        Decimal("0.01"), ROUND_HALF_UP
    )
    assert told["to_collect_amount"] == max(
        told["last_open_amount"] - told["allowed_amount"], Decimal(0)
    )
    stopped = read(operator.version, "features_service", status="suspended_arrears")
    assert (
        only(read(version, "daily_suspended", scope_kind="company"))["suspended_count"]
        == len(stopped)
        > 0
    )
