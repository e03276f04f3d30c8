"""Orders: ids nobody can foretell and every run repeats; due days by the list's rule."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.catalogue.outputs import load_lists
from pipelines.catalogue.spec import Spec
from pipelines.core.calendar import Calendar
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.rooms.dispatch.orders import (
    ORDER_ID,
    IdentifyOrders,
    find_due_day,
    hash_with_key,
)

MONTH, DISPATCH = Month.parse("2018-09"), date(2018, 10, 10)
KEY = b"a key of the tests' own, 32 bytes"


def ids(*rows: tuple[str, str], key: bytes = KEY, month: Month = MONTH) -> list[str]:
    asked = [{"list": name, "customer_id": customer} for name, customer in rows]
    batch = pa.RecordBatch.from_pylist(asked)
    found = IdentifyOrders(key, month).start()(batch)
    return [str(i) for i in found.column("order_id").to_pylist()]


def test_an_id_is_month_and_twelve_letters() -> None:
    assert re.fullmatch(r"201809-[A-Z2-7]{12}", ids(("arrears", "ann"))[0])


def test_no_orders_have_no_ids() -> None:
    none = pa.RecordBatch.from_pylist(
        [], pa.schema([("list", pa.string()), ("customer_id", pa.string())])
    )
    found = IdentifyOrders(KEY, MONTH).start()(none)
    assert found.num_rows == 0 and found.schema == ORDER_ID


def test_an_id_depends_on_key_month_list_and_customer_alone() -> None:
    one = ids(("arrears", "ann"))
    assert one == ids(("renewal", "bob"), ("arrears", "ann"))[1:]
    others = [
        ids(("renewal", "ann")),
        ids(("arrears", "bob")),
        ids(("arrears", "ann"), key=b"x" * 32),
    ]
    assert one not in [*others, ids(("arrears", "ann"), month=MONTH.plus(1))]


def test_a_hundred_thousand_ids_are_unique() -> None:
    assert len(set(ids(*(("arrears", f"c{i}") for i in range(100_000))))) == 100_000


words = st.lists(
    st.text(
        st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), max_size=3
    ),
    min_size=1,
    max_size=3,
)


@given(words, words)
def test_parts_of_a_hash_do_not_run_together(one: list[str], other: list[str]) -> None:
    assert (hash_with_key(KEY, *one) == hash_with_key(KEY, *other)) == (one == other)


def due(
    rule: dict[str, Any] | None, listed: date | None = None, month: Month = MONTH
) -> date:
    spec = Spec(
        "dispatch",
        "x",
        Path("x.sql"),
        {} if rule is None else {"due": rule},
        "SELECT 1",
    )
    return find_due_day(Calendar(), month, DISPATCH, spec, listed)


@pytest.mark.parametrize(
    ("rule", "listed", "expected"),
    [
        ({"working_days": 2}, None, date(2018, 10, 12)),
        ({"working_days": 7}, None, date(2018, 10, 19)),
        ({"day": 12}, None, date(2018, 10, 12)),
        # In the Golden Week the working day before is a day before the orders go out.
        ({"day": 5}, None, DISPATCH),
        ({"day": 14}, None, date(2018, 10, 12)),
        ({"column": "due_on"}, date(2018, 9, 20), DISPATCH),
        ({"column": "due_on"}, date(2018, 10, 21), date(2018, 10, 19)),
        ({"column": "due_on"}, None, date(2018, 10, 31)),
    ],
)
def test_due_days(rule: dict[str, Any], listed: date | None, expected: date) -> None:
    assert due(rule, listed) == expected


def test_a_list_without_a_due_rule_is_a_spec_error() -> None:
    with pytest.raises(SpecError) as refused:
        due(None)
    assert refused.value.key == "spec.no_due"
    assert refused.value.facts == {"where": "sql/dispatch/x.sql"}


def test_a_day_every_month_has() -> None:
    days = [spec.meta["due"].get("day", 1) for spec in load_lists()]
    assert all(1 <= day <= 28 for day in days)


@pytest.mark.parametrize(
    ("occasion", "said"), [("", "2026-08"), ("2026-09-10", "2026-09-10")]
)
def test_an_id_is_what_anybody_with_the_key_can_work_out(
    occasion: str, said: str
) -> None:
    """By other means than the program's: workbooks that are out must find their orders after an upgrade."""
    key = b"a key of the tests' own, 32 bytes"
    message = f"order\x1f{said}\x1farrears\x1fann".encode()
    digest = hmac.new(key, message, hashlib.sha256).digest()
    wanted = {
        "list": "arrears",
        "customer_id": "ann",
        "order_id": f"202608-{base64.b32encode(digest).decode()[:12]}",
    }
    batch = pa.RecordBatch.from_pylist([{"list": "arrears", "customer_id": "ann"}])
    identify = IdentifyOrders(key, Month.parse("2026-08"), occasion)
    assert identify.start()(batch).to_pylist() == [wanted]
