"""46 to 62: amounts, counts, days, codes and text."""

from __future__ import annotations

import csv
from typing import Any

import pyarrow as pa

from tests.bad_inputs.container import CLAIMS, NAMES
from tests.bad_inputs.keys import CLAIM_FILE, orphans, spell
from tests.bad_inputs.month import MONTH, Planting
from tests.bad_inputs.registry import (
    Bad,
    Expected,
    case,
    normalised,
    refusal,
    refused,
    set_aside,
)

NEXT = str(MONTH.plus(1))
Values = tuple[str, ...]


def spoil(
    month: Planting, table: str, column: str, rule: str, values: Values, first: int = 0
) -> list[Bad]:
    """Put values into the first rows of a column; return what must be in quarantine."""
    for row, value in zip(month.rows(table)[first:], values, strict=False):
        row[column] = value
    file = f"{table}.csv"
    return [
        Bad(table, file, n, column, value, rule)
        for n, value in enumerate(values, first + 2)
    ]


@case(46, "N")
def amounts(month: Planting) -> Expected:
    right = ("1234.50", "86.50", "-45.00", "-45.00", "1.50")
    spell(
        month,
        "bill",
        "billed_amount",
        right,
        ("1,234.50", "￥86.5", "(45.00)", "45-", "1．5"),
    )
    month.send_csv("bill")
    forms = (
        "thousands_separator",
        "currency_sign",
        "accounting_negative",
        "trailing_minus",
        "full_width_or_invisible",
    )
    return normalised("bill", forms={("billed_amount", form): 1 for form in forms})


@case(46, "N")
def amounts_with_two_forms(month: Planting) -> Expected:
    right = ("1234.50", "-1234.50", "-1234.50", "86.50", "86.50", "86.50")
    spell(
        month,
        "bill",
        "billed_amount",
        right,
        ("￥1,234.50", "（1,234.50）", "-￥1,234.50", "86.5元", "CNY 86.50", "¥86.50"),
    )
    month.send_csv("bill")
    return normalised(
        "bill",
        forms={
            ("billed_amount", "currency_sign"): 5,
            ("billed_amount", "full_width_or_invisible"): 1,
        },
    )


@case(47, "N")
def negative_bill(month: Planting) -> Expected:
    for row in month.true("bill")[:2]:
        row["billed_amount"] = "-86.50"
    month.send_csv("bill")
    return normalised("bill")


@case(48, "Q")
def amounts_that_are_none(month: Planting) -> Expected:
    values = ("NaN", "inf", "1e308", "-inf", "Infinity", "1.234", "12.3.4", "--5")
    bad = spoil(month, "bill", "billed_amount", "not_a_money", values)
    month.send_csv("bill")
    return set_aside(*bad)


@case(48, "Q")
def doubles_that_are_none(month: Planting) -> Expected:
    values = ("nan", "inf", "1e308")
    for row, value in zip(month.rows("usage"), values, strict=False):
        row["voice_minutes"] = value
    month.send_parquet("usage", voice_minutes=pa.float64())
    shown = ("nan", "inf", "1e+308")
    cells = enumerate(shown, 1)
    return set_aside(
        *(
            Bad("usage", "usage.parquet", n, "voice_minutes", value, "not_a_quantity")
            for n, value in cells
        )
    )


@case(48, "Q")
def double_amounts_that_are_none(month: Planting) -> Expected:
    for row, value in zip(
        month.rows("payment"), ("nan", "-inf", "0.125"), strict=False
    ):
        row["amount"] = value
    month.send_parquet("payment", amount=pa.float64())
    cells = enumerate(("nan", "-inf", "0.125"), 1)
    return set_aside(
        *(
            Bad("payment", "payment.parquet", n, "amount", value, "not_a_money")
            for n, value in cells
        )
    )


@case(49, "Q")
def counts_that_are_none(month: Planting) -> Expected:
    bad = spoil(
        month, "usage", "voice_calls", "not_a_integer", ("5.6", "1e3", "5,6", "1,00")
    )
    month.send_csv("usage")
    return set_aside(*bad)


@case(49, "Q")
def double_count(month: Planting) -> Expected:
    month.rows("usage")[2]["voice_calls"] = "5.6"
    month.send_parquet("usage", voice_calls=pa.float64())
    return set_aside(
        Bad("usage", "usage.parquet", 3, "voice_calls", "5.6", "not_a_integer")
    )


@case(51, "N")
def serial_days(month: Planting) -> Expected:
    spell(month, CLAIMS, "claimed_on", ("2026-08-30", "2026-08-31"), ("", ""))
    cells = ((1, 46264), (2, 46265))
    month.send_xlsx(
        CLAIMS,
        lambda book, sheet: [sheet.write_number(n, 3, serial) for n, serial in cells],
    )
    return normalised(CLAIMS, forms={("claimed_on", "serial_day"): 2})


@case(51, "N")
def serial_days_since_1904(month: Planting) -> Expected:
    spell(month, CLAIMS, "claimed_on", ("2026-08-30",), ("",))
    cell = 46264 - 1462
    month.send_xlsx(
        CLAIMS, lambda book, sheet: sheet.write_number(1, 3, cell), date_1904=True
    )
    return normalised(
        CLAIMS, forms={("claimed_on", "serial_day"): 1}, notes="dates counted from 1904"
    )


@case(52, "N")
def days(month: Planting) -> Expected:
    delivered = (
        "20260831",
        "2026/08/31",
        "31/08/2026",
        "2026年8月31日",
        "2026-08-31 00:00:00",
        "２０２６－０８－３１",
    )
    spell(month, CLAIMS, "claimed_on", ("2026-08-31",) * 6, delivered)
    month.send_csv(CLAIMS)
    forms = (
        "date_slashes",
        "date_day_first",
        "date_chinese",
        "full_width_or_invisible",
    )
    return normalised(
        CLAIMS,
        forms={
            **{("claimed_on", form): 1 for form in forms},
            ("claimed_on", "other"): 2,
        },
    )


@case(52, "Q")
def days_that_are_none(month: Planting) -> Expected:
    values = (
        "2026-02-30",
        "08/31/2026",
        "20260230",
        "2026年2月30日",
        "2026-13-01",
        "46265",
    )
    bad = spoil(month, CLAIMS, "claimed_on", "not_a_date", values)
    month.send_csv(CLAIMS)
    return set_aside(*bad)


@case(53, "N")
def no_end(month: Planting) -> Expected:
    for row in month.true("ownership")[:3]:
        row["valid_to"] = "9999-12-31"
    month.send_csv("ownership")
    return normalised("ownership")


@case(53, "Q")
def years_of_two_digits(month: Planting) -> Expected:
    bad = spoil(
        month,
        CLAIMS,
        "claimed_on",
        "not_a_date",
        ("26-08-31", "31/08/26", "1900-01-00", "0026-08-31"),
    )
    month.send_csv(CLAIMS)
    return set_aside(*bad)


@case(53, "Q")
def serial_zero(month: Planting) -> Expected:
    month.send_xlsx(CLAIMS, lambda book, sheet: sheet.write_number(2, 3, 0))
    return set_aside(
        Bad(CLAIMS, "expense_claim.xlsx", 3, "claimed_on", "0", "not_a_date")
    )


@refusal(54, ("bill",))
def bills_of_two_months(month: Planting, table: str) -> Expected:
    for row in month.rows(table)[:20]:
        row["bill_month"] = str(MONTH.plus(-1))
    month.send_csv(table)
    return refused(table, "wrong_month", table=table, found=MONTH.plus(-1), line=2)


@refusal(54, ("bill",))
def bills_of_another_month(month: Planting, table: str) -> Expected:
    for row in month.rows(table):
        row["bill_month"] = str(MONTH.plus(-1))
    month.send_csv(table)
    return refused(table, "wrong_month", table=table, found=MONTH.plus(-1), line=2)


def _future(
    month: Planting, table: str, column: str, value: str = f"{NEXT}-01"
) -> Expected:
    bad = spoil(month, table, column, f"{column}_not_after_cut_off", (value,), first=2)
    month.send_csv(table)
    return set_aside(*bad)


@case(55, "Q")
def paid_in_the_future(month: Planting) -> Expected:
    return _future(month, "payment", "paid_on")


@case(55, "Q")
def used_in_the_future(month: Planting) -> Expected:
    return _future(month, "usage", "last_used_on")


@case(55, "Q")
def adjusted_in_the_future(month: Planting) -> Expected:
    return _future(month, "adjustment", "adjusted_on")


@case(55, "Q")
def claimed_in_the_future(month: Planting) -> Expected:
    return _future(month, CLAIMS, "claimed_on")


@case(55, "Q")
def answered_in_the_future(month: Planting) -> Expected:
    return _future(month, "survey_answer", "answered_on")


@case(55, "Q")
def card_delivered_in_the_future(month: Planting) -> Expected:
    return _future(month, "vip_card", "delivered_on")


@case(55, "Q")
def ticket_of_the_future(month: Planting) -> Expected:
    month.rows("trouble_ticket")[1] |= {
        "opened_at": f"{NEXT}-01 00:00:00",
        "closed_at": "",
    }
    month.send_csv("trouble_ticket")
    rule = "opened_on_not_after_cut_off"
    return set_aside(
        Bad("trouble_ticket", "trouble_ticket.csv", 3, "opened_on", f"{NEXT}-01", rule)
    )


def _of_a_service(
    month: Planting, column: str, value: str, rule: str | None, **more: str
) -> Expected:
    row = month.rows("service")[11]
    row |= {column: value, **more}
    month.send_csv("service")
    own = Bad("service", "service.csv", 13, column, value, rule)
    return set_aside(own, *orphans(month, "service", row["service_id"]))


@case(55, "Q")
def activated_in_the_future(month: Planting) -> Expected:
    dates = {"contract_end_on": "", "terminated_on": ""}
    return _of_a_service(
        month, "activated_on", f"{NEXT}-01", "activated_on_not_after_cut_off", **dates
    )


@case(55, "Q")
def status_of_the_future(month: Planting) -> Expected:
    return _of_a_service(month, "status_since", f"{NEXT}-01", None)


@case(55, "Q")
def born_in_the_future(month: Planting) -> Expected:
    row = month.rows("customer")[9]
    row["birth_year"] = str(MONTH.year + 1)
    month.send_csv("customer")
    own = Bad("customer", "customer.csv", 11, "birth_year", row["birth_year"], None)
    return set_aside(own, *orphans(month, "customer", row["customer_id"]))


@case(56, "Q")
def unknown_status(month: Planting) -> Expected:
    return _of_a_service(month, "status", "frozen", "not_a_enum")


@case(56, "Q")
def unknown_codes(month: Planting) -> Expected:
    month.rows("vip_card")[3]["card_status"] = "lost"
    month.send_csv("vip_card")
    return set_aside(
        Bad("vip_card", "vip_card.csv", 5, "card_status", "lost", "not_a_enum")
    )


@case(57, "Q")
def contract_ends_before_it_begins(month: Planting) -> Expected:
    rule = "column_pair_values_a_to_be_greater_than_b:contract_end_on_activated_on"
    return _of_a_service(month, "contract_end_on", "2001-01-01", rule)


@case(58, "Q")
def impossible_usage(month: Planting) -> Expected:
    counts = (("voice_calls", "-1"), ("sms_count", "-7"), ("active_days", "32"))
    minutes = (
        ("voice_minutes", "-0.5"),
        ("voice_minutes", "44640.01"),
        ("off_net_minutes", "50000"),
        ("data_mb", "-1"),
    )
    bad = []
    for place, (column, value) in enumerate((*counts, *minutes)):
        month.rows("usage")[place][column] = value
        shown = f"{float(value):.6f}" if (column, value) in minutes else value
        rule = f"column_values_to_be_between:{column}"
        bad.append(Bad("usage", "usage.csv", place + 2, column, shown, rule))
    month.send_csv("usage")
    return set_aside(*bad)


@case(59, "Q")
def formula_without_a_value(month: Planting) -> Expected:
    def formulas(book: Any, sheet: Any) -> None:
        for line, column in enumerate((0, 3, 4, 5), start=1):
            sheet.write_formula(line, column, "=A1&A2", None, "")

    month.send_xlsx(CLAIMS, formulas)
    cells = (
        ("claim_id", "id"),
        ("claimed_on", "date"),
        ("amount", "money"),
        ("purpose", "text"),
    )
    file = "expense_claim.xlsx"
    return set_aside(
        *(
            Bad(CLAIMS, file, n, c, "=A1&A2", f"not_a_{kind}")
            for n, (c, kind) in enumerate(cells, 2)
        )
    )


FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    "=cmd|' /C calc'!A0",
)


@case(60, "N")
def formula_text(month: Planting) -> Expected:
    spell(month, NAMES, "name", (*FORMULAS, "=2", "=3"), (*FORMULAS, "\t=2", "\r=3"))
    month.send("account_manager.csv", month.csv(NAMES, quoting=csv.QUOTE_ALL))
    return normalised(NAMES, forms={("name", "spaces"): 2})


SCRIPTS = (
    "<script>alert(1)</script>",
    "'; drop table snapshot_bill; --",
    "{{7*7}}",
    "${jndi:ldap://x/a}",
    "%s{0}",
)


@case(61, "N")
def script_text(month: Planting) -> Expected:
    for table in (NAMES, "organisation"):
        spell(month, table, "name", SCRIPTS, SCRIPTS)
        month.send_csv(table)
    return normalised(NAMES)


@case(61, "N")
def script_text_as_a_name(month: Planting) -> Expected:
    spell(month, "customer", "name", SCRIPTS, SCRIPTS)
    month.send_csv("customer")
    return normalised("customer")


@case(62, "N")
def right_to_left(month: Planting) -> Expected:
    spell(
        month,
        NAMES,
        "name",
        ("张三gnp.exe", "李四"),
        ("张三\u202egnp.exe", "李\u2067四\u2069"),
    )
    month.send_csv(NAMES)
    return normalised(NAMES, forms={("name", "*"): 2})


@case(62, "N")
def long_note(month: Planting) -> Expected:
    spell(month, CLAIMS, "purpose", ("慰问" * 5000,), ("慰问" * 5000,))
    month.send_csv(CLAIMS)
    return normalised(CLAIMS)


__all__ = ["CLAIM_FILE", "FORMULAS", "SCRIPTS"]
