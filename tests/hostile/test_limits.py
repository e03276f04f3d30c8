"""The smallest input of each limit: what is beyond is set aside by name, and what is at the limit runs all nine rooms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.jobs.run import run_month
from pipelines.store.versions import Version
from tests.support.small import (
    MONTH,
    Row,
    Town,
    only,
    read,
    read_people,
    run_town,
    ungated_job,
)

MOST = "999999999999.99"


def three_people(**bill: str) -> Town:
    """Ann, Bob and Cat, each with a service, a bill, usage and an owner; all their bills are changed alike."""
    town = (
        Town()
        .person("ann")
        .person("bob")
        .person("cat")
        .owe("ann", MOST)
        .owe("bob", MOST)
    )
    for row in town.tables["bill"]:
        row |= bill
    return town


BEYOND: list[tuple[str, str, str, str]] = [
    ("bill", "billed_amount", "9999999999999999.99", "out_of_range"),
    ("bill", "billed_amount", "1000000000000", "out_of_range"),
    ("bill", "due_on", "2200-01-01", "out_of_range"),
    ("account_manager", "capacity", "2147483648", "out_of_range"),
    ("account_manager", "capacity", "1000000000", "out_of_range"),
    ("account_manager", "manager_id", "m" * 300, "out_of_range"),
    ("account_manager", "manager_id", "unclaimed", "reserved_word"),
    ("ownership", "manager_id", "unclaimed", "reserved_word"),
    ("ownership", "branch_id", "company", "reserved_word"),
    ("organisation", "org_id", "company", "reserved_word"),
    ("ownership", "manager_id", "a\x07b", "not_a_id"),
    ("ownership", "manager_id", "1.5E+10", "not_a_id"),
]


def test_what_is_beyond_a_limit_is_set_aside_by_name_and_nine_rooms_run(
    tmp_path: Path,
) -> None:
    town = three_people()
    for n, (table, column, value, _) in enumerate(BEYOND):
        copy = dict(town.tables[table][0])
        key = {
            "bill": "bill_id",
            "account_manager": "manager_id",
            "organisation": "org_id",
        }.get(table)
        copy |= (
            {key: f"more-{n}"}
            if key
            else {
                "valid_from": f"2019-01-{n + 1:02d}",
                "valid_to": f"2019-01-{n + 2:02d}",
            }
        )
        town.tables[table].append(copy | {column: value})
    town.header_only("loyalty").add("loyalty", customer_id="ann").add(
        "loyalty", customer_id="bob", points_balance=10**17
    )
    version = run_town(tmp_path / "home", town)
    told = {
        (row["table"], row["column"], row["value"], row["rule"])
        for row in read(version, "snapshot_quarantine")
    }
    wanted = {
        (table, column, value[:200], rule) for table, column, value, rule in BEYOND
    }
    assert told == wanted | {("loyalty", "points_balance", str(10**17), "out_of_range")}
    assert len(read(version, "report_figure")) > 0


def test_ids_of_digits_and_an_e_are_ids(tmp_path: Path) -> None:
    town = Town()
    for who in ("12345e67", "1E5", "00012e3"):
        town.person(who)
    version = run_town(tmp_path / "home", town)
    assert {row["customer_id"] for row in read(version, "snapshot_customer")} == {
        "12345e67",
        "1E5",
        "00012e3",
    }
    assert read(version, "snapshot_quarantine") == []


def test_all_amounts_at_the_limit_run_all_nine_rooms(tmp_path: Path) -> None:
    town = three_people(billed_amount=MOST)
    town.header_only("payment", "plan", "loyalty")
    for who in ("ann", "bob", "cat"):
        town.add("payment", payment_id=who, customer_id=who, amount=MOST)
        town.add("loyalty", customer_id=who, points_balance=999_999_999)
    for row in town.tables["usage"]:
        row |= {
            "voice_calls": "999999999",
            "sms_count": "999999999",
            "voice_minutes": "44640",
        }
        row["data_mb"] = "999999999.999999"
    for row in town.tables["account_manager"]:
        row["capacity"] = "999999999"
    version = run_town(tmp_path / "home", town)
    assert read(version, "snapshot_quarantine") == []
    billed = sum(row["billed_amount"] for row in read(version, "snapshot_bill"))
    assert billed == 3 * Decimal(MOST)


def deliver_parquet(
    tmp_path: Path, town: Town, table: str, column: str, cells: pa.Array
) -> list[Row]:
    """Deliver one table as Parquet with a typed column and run the month; return the table's typed rows."""
    source = town.write(tmp_path / "source") / str(MONTH)
    rows = town.tables[table]
    columns: dict[str, pa.Array] = {
        name: pa.array([row[name] or None for row in rows], pa.string())
        for name in rows[0]
    }
    pq.write_table(pa.table(columns | {column: cells}), source / f"{table}.parquet")
    (source / f"{table}.csv").unlink()
    held = run_town_as_delivered(tmp_path)
    assert {
        (row["table"], row["column"]) for row in read(held, "snapshot_quarantine")
    } <= {(table, column)}
    return read(held, f"snapshot_{table}")


def run_town_as_delivered(tmp_path: Path) -> Path:
    """Run the month that lies there; return its folder."""
    return run_month(ungated_job(tmp_path / "home", tmp_path / "source")).path


def test_a_decimal_of_256_bits_is_the_amount_that_was_sent(tmp_path: Path) -> None:
    town = Town().person("ann").header_only("payment").add("payment", customer_id="ann")
    cells = pa.array([Decimal("6.84")], pa.decimal256(60, 2))
    assert only(deliver_parquet(tmp_path, town, "payment", "amount", cells))[
        "amount"
    ] == Decimal("6.84")


def test_days_beyond_all_calendars_are_set_aside(tmp_path: Path) -> None:
    town = Town().person("ann").person("bob")
    cells = pa.array([2**31 - 1, 20_700], pa.int32()).view(pa.date32())
    rows = deliver_parquet(tmp_path, town, "bill", "due_on", cells)
    assert only(rows)["due_on"] == date(1970, 1, 1).fromordinal(
        date(1970, 1, 1).toordinal() + 20_700
    )


@pytest.mark.parametrize("kind", [pa.float64(), pa.string()])
def test_a_phone_column_with_gaps_is_called_by_its_digits_or_not_at_all(
    tmp_path: Path, kind: pa.DataType
) -> None:
    town = Town().person("ann").person("bob").person("cat")
    values = (
        [13812345601.0, None, 13900000000.0]
        if kind == pa.float64()
        else ["13812345601.0", None, "1.39E+10"]
    )
    deliver_parquet(tmp_path, town, "customer", "phone", pa.array(values, kind))
    people = {
        row["customer_id"]: row["phone"]
        for row in read_people(Version(MONTH, run_town_as_delivered(tmp_path)))
    }
    last = "13900000000" if kind == pa.float64() else None
    assert people == {"ann": "13812345601", "bob": None, "cat": last}
