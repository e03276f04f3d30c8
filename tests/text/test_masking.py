"""Masking: enough to recognise, not enough to call."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.masking import (
    MASKS,
    digest_phone,
    mask_id,
    mask_name,
    mask_phone,
    mask_row,
    mask_text,
    mask_value,
)


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812345678", "138****5678"), (" 13812345678 ", "138****5678"), ("+8613812345678", "+86*******5678"),
        ("0891-6812345", "089*****2345"), ("6812345", "*****45"), ("68123456", "******56"), ("110", "**0"),
        ("12", "**"), ("1", "*"),
    ],
)  # fmt: skip
def test_phones(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [("张三", "张**"), ("欧阳娜娜", "欧**"), (" 李四", "李**"), ("A", "A**")],
)
def test_names(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize("mask", MASKS.values())
def test_nothing_stays_nothing(mask: type) -> None:
    assert mask(None) is None and mask("") == ""


@given(st.from_regex(r"[0-9]{5,20}", fullmatch=True))
def test_a_masked_phone_is_as_long_and_hides_its_middle(phone: str) -> None:
    shown = mask_phone(phone)
    assert (
        shown is not None
        and len(shown) == len(phone)
        and "*" in shown
        and shown.endswith(phone[-2:])
    )


def test_a_landline_of_eight_digits_is_hidden() -> None:
    assert (mask_phone("68123456") or "").count("*") >= 4


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("510123199001011234", "510123********1234"), ("C00000012", "C000***12"),
        ("ann-12", "ann**2"), ("ann-1", "*****"), ("13812345678", "1381*****78"), ("", ""),
        ("1234567890123456", "123456******3456"),
    ],
)  # fmt: skip
def test_ids(value: str, shown: str) -> None:
    assert mask_id(value) == shown


def test_a_number_is_told_apart_by_who_has_the_key_alone() -> None:
    wanted = hmac.new(b"key", b"phone\x1f13812345678", hashlib.sha256).hexdigest()
    assert digest_phone(b"key", " 13812345678 ") == wanted
    assert digest_phone(b"other", "13812345678") != wanted
    assert digest_phone(b"key", None) is None
    assert digest_phone(b"key", " ") is None


def test_blanks_are_no_name_and_anything_can_be_masked() -> None:
    assert mask_name(" ") == " "
    assert mask_text(None) is None
    assert mask_text(12) == "1**"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("phone", 13812345678, "138****5678"),
        ("name", "张三", "张**"),
        ("email", "ann@example.com", "a**"),
        ("webhook_url", "https://x", "h**"),
        ("note", "call ann", "c**"),
        ("customer_id", "C00000012", "C000***12"),
        ("service_id", 138123456789, "13812****789"),
        ("branch_id", "B00000012", "B00000012"),
        ("to_plan_id", "P00000012", "P00000012"),
        ("amount", 12.5, "12.5"),
    ],
)
def test_a_column_is_masked_by_what_it_holds(
    name: str, value: object, shown: str
) -> None:
    assert mask_value(name, value) == shown


def test_a_row_tells_what_was_delivered_and_nobody_whose_it_is() -> None:
    row = {"customer_id": "C00000012", "_line": 7, "amount": 5, "note": None}
    assert mask_row(row) == "customer_id=C000***12; amount=5"
