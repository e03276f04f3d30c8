"""Values: every form the contract names is read exactly, and nothing else is read as something it is not."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from pipelines.core.contract import Column, load_contract
from pipelines.core.quoting import quote_text
from pipelines.core.values import (
    SQL_TYPES,
    write_broken_rule,
    write_plain_condition,
    write_typed_cell,
)
from tests.core.parsing import DAMAGED, SERIAL, engine, parse, parse_all, take

# -- money and numbers -------------------------------------------------------------------------------------------

MONEY = {
    "86.5": "86.50", "0": "0.00", "-12.34": "-12.34", "1,234.50": "1234.50", "1,234,567.8": "1234567.80",
    "￥86.5": "86.50", "¥86.5": "86.50", "86.5元": "86.50", "CNY 86.50": "86.50", "RMB86.5": "86.50",
    "(45.00)": "-45.00", "45-": "-45.00", "（45.00）": "-45.00", "－45": "-45.00", "−45": "-45.00", "+45": "45.00",
    "１２３．４５": "123.45", "１，２３４．５０": "1234.50", " 86.50 ": "86.50", "\u300086.50\u00a0": "86.50",
    "\ufeff86.50\u200b": "86.50", "86.5000": "86.50", "￥1,234.50-": "-1234.50", "(￥45.00)": "-45.00",
    "999999999999.99": "999999999999.99", "000000000000086.5": "86.50",
    ".50": "0.50", "-.25": "-0.25", "(.5)": "-0.50", "￥.50": "0.50", "．５０": "0.50", ".500": "0.50",
}  # fmt: skip
NO_MONEY = [
    "1.234", "0.001", "1e3", "1E3", "abc", "1,23", "12,34.5", "1.234,50", "1..2", "1.2.3", "--5", "(-5)", "(5", "5)",
    "()", "-", "+", ".", "nan", "inf", "12345678901234567", "0x10", "1/2", "5%", "五", "1'234", "$5", "-45-", "(45)-",
    "1000000000000", "-1000000000000.00", "9999999999999999.99", ".", "-.", ".505", ". 5",
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), MONEY.items())
def test_money_in_every_form(text: str, value: str) -> None:
    assert parse("money", text) == Decimal(value)


@pytest.mark.parametrize("text", NO_MONEY)
def test_what_is_no_money(text: str) -> None:
    assert parse("money", text) is None


@pytest.mark.parametrize("text", ["3元5", "12 50", "1 2", "1CNY2", "5 6.1"])
def test_numbers_are_not_glued_together(text: str) -> None:
    assert parse("money", text) is None


@pytest.mark.parametrize("text", ["+-5", "++5"])
def test_two_signs_are_no_number(text: str) -> None:
    assert parse("money", text) is None


INTEGERS = {
    "5": 5,
    "-5": -5,
    "5.0": 5,
    "5.000": 5,
    "1,234": 1234,
    "０１２": 12,
    "(5)": -5,
    "999999999": 10**9 - 1,
    "000000000000000007": 7,
}


@pytest.mark.parametrize(("text", "value"), INTEGERS.items())
def test_counts_in_every_form(text: str, value: int) -> None:
    assert parse("integer", text) == value


@pytest.mark.parametrize(
    "text", ["5.6", "1e3", "5,6", "abc", "1000000000", "9" * 30, "true", "五"]
)
def test_what_is_no_count(text: str) -> None:
    assert parse("integer", text) is None


def test_counts_are_not_glued_together() -> None:
    assert parse("integer", "5,6") is None and parse("integer", "5/6") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", "0.1"),
        ("1,234.567891", "1234.567891"),
        ("1.0000004", "1.000000"),
        ("-3", "-3"),
    ],
)
def test_quantities_have_six_decimals(text: str, value: str) -> None:
    assert parse("quantity", text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["1e3", "NaN", "inf", "1234567890123", "1000000000", "x"]
)
def test_what_is_no_quantity(text: str) -> None:
    assert parse("quantity", text) is None


def test_a_column_may_hold_less_than_its_kind() -> None:
    points = Column("x", "quantity", below=300)
    for physical, cell, value in (
        ("VARCHAR", "'299.9'", Decimal("299.9")),
        ("VARCHAR", "'300'", None),
        ("DOUBLE", "-300", None),
    ):
        raw = f"(SELECT CAST({cell} AS {physical}) AS x) AS raw"
        sql = write_typed_cell(points, physical)
        assert engine.execute(
            f"SELECT {sql.value}, {sql.empty} FROM {raw}"
        ).fetchone() == (
            value,
            False,
        )
        assert engine.execute(
            f"SELECT {write_plain_condition(points, physical)} FROM {raw}"
        ).fetchone() == (value is not None,)
    assert engine.execute(
        f"SELECT {write_broken_rule(points, quote_text('300'))}"
    ).fetchone() == ("out_of_range",)


def test_a_target_is_as_large_as_money() -> None:
    assert (
        parse("amount", "999999999999.5") == Decimal("999999999999.5")
        and parse("amount", "1000000000000") is None
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1987", 1987),
        ("１９８７", 1987),
        ("1987.0", 1987),
        ("87", None),
        ("2101", None),
    ],
)
def test_years(text: str, value: int | None) -> None:
    assert parse("year", text) == value


# -- dates and instants ------------------------------------------------------------------------------------------

DATES = [
    "2026-10-31", "2026/10/31", "20261031", "2026年10月31日", "31/10/2026", "2026.10.31", "２０２６-１０-３１",
    "2026-10-31 00:00:00", "2026-10-31T00:00", "2026/10/31 0:00", "2026/10/31 0:00:00", "31/10/2026 0:00",
    "2026-10-30T16:00:00Z", "2026-10-31T23:59:59+08:00", "2026-10-30 20:00:00+00", "２０２６－１０－３０T16:00:00Z", " 2026-10-31 ", "\ufeff2026-10-31", f"{SERIAL}46326", f"{SERIAL}46326.0",
]  # fmt: skip
NO_DATES = [
    "2026-02-30", "20260230", "2026/13/01", "10/31/2026", "26-10-31", "31/10/26", "2026-10", "46326",
    "2026-10-31 12:00", "2026-10-31 0:01", "2199-12-31T16:00:00Z",
    "1900-01-00", "0000-00-00", "20261301", "2026年2月30日", "31.10.2026", "1899-12-31", "2200-01-01", "tomorrow",
    "infinity",
    f"{SERIAL}x", f"{SERIAL}-1", f"{SERIAL}999999999999",
]  # fmt: skip


@pytest.mark.parametrize("text", DATES)
def test_dates_in_every_form(text: str) -> None:
    assert parse("date", text) == date(2026, 10, 31)


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date(text: str) -> None:
    assert parse("date", text) is None


def test_day_comes_before_month() -> None:
    assert parse("date", "05/06/2026") == date(2026, 6, 5) == parse("date", "5/6/2026")


def test_no_end_is_a_date_and_leap_days_are() -> None:
    assert parse("date", "9999-12-31") == date(9999, 12, 31)
    assert (
        parse("date", "29/02/2024") == date(2024, 2, 29)
        and parse("date", "29/02/2026") is None
    )


@pytest.mark.parametrize("text", ["46326.75", "46326.51"])
def test_a_serial_day_with_a_time_is_never_the_next_day(text: str) -> None:
    assert parse("date", SERIAL + text) in (date(2026, 10, 31), None)


INSTANTS = [
    "2026-10-31 23:30:00", "2026-10-31T23:30", "2026-10-31T23:30:00+08:00", "2026-10-31T23:30:00+0800",
    "2026-10-31T15:30:00Z", "2026/10/31 23:30:00", "20261031 23:30", "2026-10-31 10:00:00-05:30",
    "2026-10-31 23:30:00.000",
]  # fmt: skip


def test_instants_in_every_form() -> None:
    assert parse_all("timestamp", INSTANTS) == [datetime(2026, 10, 31, 15, 30)] * len(
        INSTANTS
    )


def test_what_is_no_instant() -> None:
    texts = [
        "2026-02-30 10:00",
        "2026-10-31 25:00",
        "2026-10-31 10:61",
        "10:00",
        "x",
        "2026-10-31 10",
    ]
    assert parse_all("timestamp", texts) == [None] * len(texts)


def test_a_day_alone_begins_at_midnight_in_shanghai() -> None:
    assert parse("timestamp", "2026-10-31") == datetime(2026, 10, 30, 16)


@pytest.mark.parametrize("text", ["2026-10-31 15:30:00+00", "2026-10-31 10:30:00-05"])
def test_a_zone_of_hours_alone_is_read_right_or_not_at_all(text: str) -> None:
    assert parse("timestamp", text) in (datetime(2026, 10, 31, 15, 30), None)


MONTHS = [
    "2026-10",
    "202610",
    "2026/10",
    "2026年10月",
    "2026.10",
    "2026-10-01",
    "20261001",
    "２０２６-１０",
    f"{SERIAL}46296",
]


def test_months_in_every_form() -> None:
    assert parse_all("month", MONTHS) == ["2026-10"] * len(MONTHS)


def test_what_is_no_month() -> None:
    texts = [
        "2026-13",
        "2026-00",
        "202600",
        "2026-10-31",
        "10/2026",
        "26-10",
        "2026",
        "Oct 2026",
    ]
    assert parse_all("month", texts) == [None] * len(texts)


# -- words and ids -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["true", "TRUE", "1", "是", "Y", "y", "yes", "１", "Ｙ", " true ", "1.0"]
)
def test_yes(text: str) -> None:
    assert parse("bool", text) is True


@pytest.mark.parametrize(
    "text", ["false", "False", "0", "否", "N", "n", "no", "０", "0.0"]
)
def test_no(text: str) -> None:
    assert parse("bool", text) is False


@pytest.mark.parametrize("text", ["2", "-1", "t", "maybe", "是否", "10", "真", "null"])
def test_neither_yes_nor_no(text: str) -> None:
    assert parse("bool", text) is None


IDS = {
    "00012345": "00012345", "０00１": "0001", " A-1 ": "A-1", "a\u200bb": "ab",
    "123456789012345678": "123456789012345678",
    "12345e67": "12345e67", "1E5": "1E5", "12e-5": "12e-5", "x" * 64: "x" * 64,
    "12345.0": "12345", "AB/7": "AB/7", "\u300012\u00a0": "12", "客户7": "客户7",
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), IDS.items())
def test_ids_are_text(text: str, value: str) -> None:
    assert parse("id", text) == value


NO_IDS = [
    "8.61381E+11", "1e+5", "NaN", "None", "NULL", "null", "-", "\\N", "#N/A", "N/A", "inf", f"{DAMAGED}12345",
    "a\ufffdb",
    "a\x00b", "", "  ", "a\x07b", "a\nb", "a\x85b", "x" * 65, "unclaimed", "company", "ｃｏｍｐａｎｙ", " Unclaimed ",
    "1.5e10",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_IDS)
def test_what_is_no_id(text: str) -> None:
    assert parse("id", text) is None


def test_a_float_id_of_sixteen_digits_is_not_taken_with_its_point() -> None:
    assert parse("id", "1234567890123456.0") is None


def test_what_names_the_whole_or_the_rest_may_say_so() -> None:
    assert (
        parse("any_id", "company") == "company"
        and parse("any_id", "unclaimed") == "unclaimed"
    )


PHONES = {
    "13812345601": "13812345601", "+86 138-1234-5601": "13812345601", "１３８１２３４５６０１": "13812345601",
    "13812345601.0": "13812345601", "010-12345678": "010-12345678", "０１０－１２３４５６７８": "010-12345678",
    "（０１０）１２３４５６７８": "(010)12345678", "12345678.0": "12345678", "1.38E+10": None, "1.3812345601e10": None,
    "1E10": None, "１．３８E＋１０": None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), PHONES.items())
def test_a_phone_is_digits_or_unknown(text: str, value: str | None) -> None:
    assert parse("phone", text) == value


@pytest.mark.parametrize(
    ("physical", "value", "expected", "is_empty"),
    [
        ("DOUBLE", "13812345601", "13812345601", False),
        ("DECIMAL(14,2)", "13812345601", "13812345601", False),
        ("BIGINT", "13812345601", "13812345601", False),
        ("VARCHAR", "'1.38E+10'", None, True),  # unknown: neither quarantined nor shown
        ("DOUBLE", "1e25", None, True),
    ],
)
def test_a_phone_that_comes_as_a_number(
    physical: str, value: str, expected: str | None, is_empty: bool
) -> None:
    assert take("phone", physical, value) == (expected, is_empty)


def test_words_of_an_enum_fold_case_and_width_and_nothing_else() -> None:
    column = load_contract()["customer"].column("vip_tier")
    assert column is not None
    sql = write_typed_cell(column, "VARCHAR").value.replace(
        'raw."vip_tier"', "CAST(? AS VARCHAR)"
    )
    read = [
        engine.execute(sql_for(sql), [text] * sql.count("?")).fetchone()
        for text in ("gold", "ＧＯＬＤ ", "golden")
    ]
    assert read == [("gold",), ("gold",), (None,)]


def sql_for(expression: str) -> str:
    return f"SELECT {expression}"


def test_text_is_trimmed_and_otherwise_left_alone() -> None:
    assert (
        parse("text", " \u3000=1+1　Ａ ") == "=1+1　Ａ"
        and parse("text", "\u3000 ") is None
    )
    assert parse("text", "\ufffd") is None


@pytest.mark.parametrize("text", [None, "", " ", "\u3000", "\t\r\n"])
def test_empty_means_unknown(text: str | None) -> None:
    row = engine.execute("SELECT is_empty(CAST(? AS VARCHAR))", [text]).fetchone()
    assert row == (True,) and all(
        parse(kind, text) is None for kind in SQL_TYPES if kind != "enum"
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [("text", "vip套餐"), ("text", "v"), ("id", "客户v"), ("id", "vip 1")],
)
def test_no_letter_is_trimmed(kind: str, text: str) -> None:
    assert parse(kind, text) == text


def test_an_invisible_text_is_unknown() -> None:
    assert parse("text", "\u200b\ufeff") is None
