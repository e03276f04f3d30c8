"""Masking: enough to recognise, not enough to call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.masking import MASKS, mask_name, mask_phone


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
