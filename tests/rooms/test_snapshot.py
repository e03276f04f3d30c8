"""Snapshot: every delivered row is accepted, an exact repeat, or in quarantine with what was wrong with it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.core.contract import load_contract
from pipelines.core.errors import GateStopped, RetentionError, SourceNotReady
from pipelines.store.lake import Draft, MonthFolder
from pipelines.store.persons.vault import read_open_rows
from tests.support.small import (
    MONTH,
    Row,
    Town,
    only,
    read,
    run_through,
    twin_operator,
    write_csv,
)


def snapshot(folder: Path, town: Town) -> Path:
    """Deliver a month and run it up to the snapshot; return the draft's folder."""
    return run_through(folder / "home", town.write(folder / "source"), "snapshot")


def dirty_town() -> Town:
    """Good people, and one row for each thing that can be wrong."""
    town = Town().person("ann").person("bob").person("cat", vip_tier="")
    town.add("customer", customer_id="vic", vip_tier="emerald").add(
        "customer", customer_id="", phone="13900001111"
    )
    town.add("customer", customer_id="tim", birth_year="18")
    town.add(
        "service", service_id="vic-1", customer_id="vic"
    )  # vic is in quarantine: so is what hangs on him
    town.add("bill", bill_id="v1", service_id="vic-1", customer_id="ann").add(
        "usage", service_id="vic-1"
    )
    town.add("bill", bill_id="b2", service_id="ann-1", customer_id="nobody")
    town.add(
        "bill",
        bill_id="b3",
        service_id="ann-1",
        customer_id="ann",
        billed_amount="1.234",
    )
    town.add(
        "bill", bill_id="b4", service_id="ann-1", customer_id="ann", due_on="2026-02-30"
    )
    town.add(
        "bill",
        bill_id="b5",
        service_id="ann-1",
        customer_id="ann",
        adjustment_amount="5.00",
    )
    town.add(
        "bill", bill_id="b6", service_id="ann-1", customer_id="ann", billed_amount=""
    )
    for _ in range(3):
        town.add("bill", bill_id="twice", service_id="bob-1", customer_id="bob")
    for amount in ("10.00", "20.00", "10.00"):
        town.add(
            "bill",
            bill_id="either",
            service_id="bob-1",
            customer_id="bob",
            billed_amount=amount,
        )
    town.add(
        "ownership", customer_id="ann", valid_from="2026-01-01", valid_to="2025-01-01"
    )
    town.add("usage", service_id="bob-1", voice_calls="-1")
    return town


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return snapshot(tmp_path_factory.mktemp("dirty"), dirty_town())


# -- rows in = accepted + repeats + quarantined ------------------------------------------------------------------


def test_every_row_is_accounted_for(dirty: Path) -> None:
    delivered = {table: len(rows) for table, rows in dirty_town().tables.items()}
    for r in read(dirty, "snapshot_intake"):
        assert (
            r["rows_in"]
            == r["accepted"] + r["repeats"] + r["quarantined"]
            == delivered.get(r["table"], 0)
        )
        assert r["quarantined"] == len(
            read(dirty, "snapshot_quarantine", table=r["table"])
        )
        if r["state"] != "absent":
            assert r["accepted"] == len(read(dirty, f"snapshot_{r['table']}"))


def test_every_row_of_the_twin_is_accounted_for() -> None:
    operator = twin_operator()
    raw = {t: operator.version.path / f"extract_{t}.parquet" for t in load_contract()}
    for r in read(operator.version, "snapshot_intake"):
        assert r["rows_in"] == r["accepted"] + r["repeats"] + r["quarantined"]
        assert (
            r["state"] == "absent"
            or r["rows_in"] == pq.ParquetFile(raw[r["table"]]).metadata.num_rows
        )


@pytest.mark.parametrize(
    ("table", "column", "value", "rule"),
    [
        ("customer", "vip_tier", "emerald", "not_a_enum"),
        ("customer", "customer_id", None, "missing"),
        ("customer", "birth_year", "18", "not_a_year"),
        ("service", "customer_id", "vic", "unknown_customer"),
        ("bill", "service_id", "vic-1", "unknown_service"),
        ("usage", "service_id", "vic-1", "unknown_service"),
        ("bill", "customer_id", "nobody", "unknown_customer"),
        ("bill", "billed_amount", "1.234", "not_a_money"),
        ("bill", "due_on", "2026-02-30", "not_a_date"),
        (
            "bill",
            "adjustment_amount",
            "5.00",
            "column_values_to_be_between:adjustment_amount",
        ),
        ("bill", "billed_amount", None, "missing"),
        ("usage", "voice_calls", "-1", "column_values_to_be_between:voice_calls"),
    ],
)
def test_quarantine_says_where_what_and_why(
    dirty: Path, table: str, column: str, value: str | None, rule: str
) -> None:
    found = only(
        read(dirty, "snapshot_quarantine", table=table, column=column, value=value)
    )
    assert (found["rule"], found["file"]) == (rule, f"{table}.csv")
    delivered = dirty_town().tables[table][found["line"] - 2]  # line 1 is the header
    assert delivered[column] == (value or "")


def test_a_pair_of_days_out_of_order_is_set_aside(dirty: Path) -> None:
    found = only(read(dirty, "snapshot_quarantine", table="ownership"))
    assert (
        found["rule"] == "column_pair_values_a_to_be_greater_than_b:valid_to_valid_from"
    )


def test_an_exact_repeat_is_dropped_and_counted(dirty: Path) -> None:
    only(read(dirty, "snapshot_bill", bill_id="twice"))
    assert (
        only(read(dirty, "snapshot_intake", table="bill"))["repeats"] == 3
    )  # of `twice` two, of `either` one


def test_of_rows_that_contradict_their_key_none_is_kept(dirty: Path) -> None:
    assert not read(dirty, "snapshot_bill", bill_id="either")
    rules = [r["rule"] for r in read(dirty, "snapshot_quarantine", value="either")]
    assert rules == ["contradicts_its_key"] * 2


def test_personal_values_are_masked_in_quarantine(tmp_path: Path) -> None:
    town = Town().person("ann").person("bob", name="李\ufffd四", phone="138\ufffd5678")
    found = only(
        read(snapshot(tmp_path, town), "snapshot_quarantine", table="customer")
    )
    assert (found["column"], found["value"], found["rule"]) == (
        "name",
        "***",
        "not_a_text",
    )


def test_personal_data_stand_apart(dirty: Path) -> None:
    names = pq.read_schema(dirty / "snapshot_customer.parquet").names
    assert not {"name", "phone"} & set(names)
    draft = Draft(MONTH, dirty)
    ann = only(read_open_rows(draft, "snapshot_person", where={"customer_id": "ann"}))
    assert ann["phone"] == "13812345678"
    assert (
        only(read(dirty, "snapshot_person", customer_id="ann"))["phone"] == "sealed:1"
    )
    assert not [
        path.name for path in dirty.glob("*.parquet") if path.stat().st_mode & 0o077
    ]


def test_what_was_normalised_is_counted(tmp_path: Path) -> None:
    town = (
        Town()
        .person("ann", revenue="1,234.50")
        .person("bob", revenue="￥86.5")
        .person("cat", revenue="(45.00)")
    )
    folder = snapshot(tmp_path, town)
    forms = {
        r["form"]: r["rows"]
        for r in read(
            folder, "snapshot_normalised", table="bill", column="billed_amount"
        )
    }
    assert forms == {
        "thousands_separator": 1,
        "currency_sign": 1,
        "accounting_negative": 1,
    }


# -- the order of rows and files does not matter -----------------------------------------------------------------


def snapshot_bytes(draft: Path) -> dict[str, bytes]:
    """The typed tables; where in a file a bad row stood is another matter."""
    by_place = {"snapshot_quarantine"}
    return {
        p.stem: p.read_bytes()
        for p in draft.glob("snapshot_*.parquet")
        if p.stem not in by_place
    }


def test_shuffled_rows_give_the_same_snapshot(tmp_path: Path, dirty: Path) -> None:
    town, dice = dirty_town(), random.Random(7)
    for rows in town.tables.values():
        dice.shuffle(rows)
    assert snapshot_bytes(snapshot(tmp_path, town)) == snapshot_bytes(dirty)


def test_split_parts_give_the_same_snapshot(tmp_path: Path, dirty: Path) -> None:
    source = dirty_town().write(tmp_path / "source")
    folder, rows = source / str(MONTH), dirty_town().tables["bill"]
    (folder / "bill.csv").unlink()
    for part, some in enumerate((rows[5:], rows[:2], rows[2:5]), start=1):
        write_csv(folder / f"bill.part-{part}.csv", "bill", some)
    draft = run_through(tmp_path / "home", source, "snapshot")
    assert snapshot_bytes(draft) == snapshot_bytes(dirty)
    assert {r["file"] for r in read(draft, "snapshot_quarantine", table="bill")} > {
        "bill.part-1.csv"
    }


# -- absent, empty, unknown --------------------------------------------------------------------------------------


def entry(draft: Path, table: str) -> Row:
    return MonthFolder(draft.parents[2], MONTH).draft().finished[table].to_json()


def test_absent_empty_and_unknown_are_told_apart(tmp_path: Path) -> None:
    town = (
        Town()
        .person("ann")
        .without("ownership")
        .header_only("loyalty")
        .drop_column("customer", "vip_tier")
    )
    town.tables["customer"][0]["favourite_colour"] = "red"
    draft = snapshot(tmp_path, town)
    assert entry(draft, "snapshot_ownership") == {
        "status": "not_computed", "reasons": ["absent: ownership"], "room": "snapshot",
    }  # fmt: skip
    assert entry(draft, "snapshot_loyalty")["rows"] == 0 and not read(
        draft, "snapshot_loyalty"
    )
    assert "vip_tier" in entry(draft, "snapshot_customer")["absent"]
    assert only(read(draft, "snapshot_customer"))["vip_tier"] is None
    assert (
        only(read(draft, "extract_delivery", table="customer"))["unknown"]
        == "favourite_colour"
    )
    assert (
        "favourite_colour" in pq.read_schema(draft / "extract_customer.parquet").names
    )


def test_a_table_without_a_required_column_is_refused_by_name(tmp_path: Path) -> None:
    town = Town().person("ann").drop_column("usage", "sms_count")
    draft = snapshot(tmp_path, town)
    assert only(read(draft, "snapshot_intake", table="usage"))["state"] == "refused"
    assert entry(draft, "snapshot_usage")["reasons"] == ["refused: usage"]


def test_an_instant_gets_its_day_in_shanghai(tmp_path: Path) -> None:
    town = (
        Town()
        .person("ann")
        .add(
            "trouble_ticket",
            opened_at="2026-08-31T23:30:00+08:00",
            closed_at="2026-08-31 16:30Z",
        )
    )
    ticket = only(read(snapshot(tmp_path, town), "snapshot_trouble_ticket"))
    assert (str(ticket["opened_on"]), str(ticket["closed_on"])) == (
        "2026-08-31",
        "2026-09-01",
    )


Change = Callable[[Town], object]


def of_july(town: Town) -> None:
    town.tables["bill"][0]["bill_month"] = "2026-07"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stopped")


@pytest.mark.parametrize(
    ("change", "error", "key"),
    [
        (lambda town: town.without("bill"), SourceNotReady, "source.required_absent"),
        (
            lambda town: town.without("customer"),
            SourceNotReady,
            "source.required_absent",
        ),
        (
            lambda town: town.header_only("service"),
            GateStopped,
            "source.required_empty",
        ),
        (
            lambda town: town.drop_column("bill", "due_on"),
            GateStopped,
            "source.missing_column",
        ),
        (of_july, GateStopped, "source.wrong_month"),
    ],
    ids=["no_bills", "no_customers", "no_services", "no_column", "bills_of_july"],
)
def test_what_stops_the_month(
    folders: Path, change: Change, error: type[RetentionError], key: str
) -> None:
    shutil.rmtree(folders, ignore_errors=True)
    town = Town().person("ann").person("bob")
    change(town)
    with pytest.raises(error) as caught:
        snapshot(folders, town)
    assert caught.value.key == key and caught.value.facts["table"] in (
        "bill",
        "customer",
        "service",
    )
    assert MonthFolder(folders / "home", MONTH).current() is None
