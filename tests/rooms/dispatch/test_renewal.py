"""Renewals from month to month: around two dispatch days, once an end, and half of it without one of the columns."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.core.month import Month
from tests.support.small import MONTH, Row, Town, only, read, run_town

NEXT = MONTH.plus(1)
ENDS = {"ann": "2026-10-20", "bob": "2026-10-25", "cat": "2026-09-10"}


def town(month: Month, *lacking: str) -> Town:
    """Three contracts, and dan's promotion; orders go out on 3 September, of the next month on 10 October."""
    made = Town(month)
    for who, day in ENDS.items():
        made.person(who, service={"contract_end_on": day})
    made.person(
        "dan",
        service={
            "contract_end_on": "",
            "promotion_end_on": "2026-09-12",
            "promotion_discount_amount": "15.00",
        },
    )
    for column in lacking:
        made.drop_column("service", column)
    return made


def listed(folder: Path) -> dict[str, Row]:
    rows = read(folder, "dispatch_candidate", list="renewal")
    return {row["customer_id"]: row for row in rows}


def test_an_end_is_on_one_order_however_many_windows_it_lies_in(tmp_path: Path) -> None:
    first = run_town(tmp_path / "home", town(MONTH), holdout_share=0)
    assert listed(first.path).keys() == {"ann", "cat", "dan"}  # until 24 October
    orders = read(first.path, "dispatch_order", list="renewal")
    due = {order["customer_id"]: order["due_on"] for order in orders}
    assert due["cat"] == date(2026, 9, 10) and due["dan"] == date(2026, 9, 11)

    second = run_town(tmp_path / "home", town(NEXT), holdout_share=0)
    assert listed(second.path).keys() == {"bob"}


def test_who_was_held_out_is_not_listed_for_the_same_end_either(tmp_path: Path) -> None:
    first = run_town(tmp_path / "home", town(MONTH), holdout_share="0.5")
    arms = {row["arm"] for row in read(first.path, "dispatch_order", list="renewal")}
    assert arms == {"treated", "holdout"}
    ordered = {r["customer_id"] for r in read(first.path, "dispatch_order")}
    second = run_town(tmp_path / "home", town(NEXT), holdout_share="0.5")
    assert listed(second.path).keys() == {"bob"} and "bob" not in ordered


@pytest.mark.parametrize(
    ("lacking", "people"),
    [
        ("contract_end_on", {"dan"}),
        ("promotion_end_on", {"ann", "cat"}),
    ],
)
def test_half_of_it_is_computed_without_one_of_the_columns(
    tmp_path: Path, lacking: str, people: set[str]
) -> None:
    version = run_town(tmp_path / "home", town(MONTH, lacking), holdout_share=0)
    state = only(read(version.path, "dispatch_list", list="renewal"))
    assert state["status"] == "caveat"
    assert f"absent: service.{lacking}" in state["reason"]
    assert listed(version.path).keys() == people


def test_without_both_columns_it_is_not_computed(tmp_path: Path) -> None:
    lacking = ("contract_end_on", "promotion_end_on")
    version = run_town(tmp_path / "home", town(MONTH, *lacking), holdout_share=0)
    state = only(read(version.path, "dispatch_list", list="renewal"))
    assert state["status"] == "not_computed"
    assert all(f"absent: service.{column}" in state["reason"] for column in lacking)
