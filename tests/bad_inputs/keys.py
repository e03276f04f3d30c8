"""33 to 45: ids and names."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tests.bad_inputs.container import CLAIMS, NAMES
from tests.bad_inputs.month import Planting
from tests.bad_inputs.registry import Bad, Expected, case, normalised, set_aside

CLAIM_FILE, PAY_FILE = "expense_claim.csv", "payment.csv"
LONG_ID = 510123199001011234


def spell(
    month: Planting,
    table: str,
    column: str,
    right: tuple[str, ...],
    delivered: tuple[str, ...],
) -> None:
    """Put what is right into the clean month and other spellings of it into the delivered one."""
    for rows, values in ((month.true(table), right), (month.rows(table), delivered)):
        for row, value in zip(rows, values, strict=False):
            row[column] = value


def orphans(
    month: Planting, owner: str, who: str, but: tuple[str, ...] = ()
) -> list[Bad]:
    """The rows of a customer or service who is in quarantine: they belong to nobody now."""
    found = []
    key = f"{owner}_id"
    for table in month.tables():
        for place, row in enumerate(month.rows(table)):
            if table not in (owner, *but) and row.get(key) == who:
                rule, column = f"unknown_{owner}", key
                found.append(
                    Bad(
                        table,
                        month.file(table),
                        month.line(table, place),
                        column,
                        who,
                        rule,
                    )
                )
    return found


@case(33, "Q")
def lost_zeros_in_payments(month: Planting) -> Expected:
    bad = []
    for place in (2, 5):
        row = month.rows("payment")[place]
        row["customer_id"] = row["customer_id"].lstrip("0")
        bad.append(
            Bad(
                "payment",
                PAY_FILE,
                place + 2,
                "customer_id",
                row["customer_id"],
                "lost_zeros",
            )
        )
    month.send_csv("payment")
    return set_aside(*bad)


@case(33, "Q")
def lost_zeros_in_a_workbook(month: Planting) -> Expected:
    who = month.rows("payment")[4]["customer_id"]
    month.send_xlsx("payment", lambda book, sheet: sheet.write_number(5, 1, int(who)))
    return set_aside(
        Bad("payment", "payment.xlsx", 6, "customer_id", who.lstrip("0"), None)
    )


@case(33, "Q")
def lost_zeros_in_the_customer_table(month: Planting) -> Expected:
    row = month.rows("customer")[7]
    who = row["customer_id"]
    row["customer_id"] = who.lstrip("0")
    month.send_csv("customer")
    own = Bad("customer", "customer.csv", 9, "customer_id", row["customer_id"], None)
    return set_aside(own, *orphans(month, "customer", who))


@case(34, "N")
def float_text(month: Planting) -> Expected:
    month.true(CLAIMS)[0]["claim_id"] = "12345"
    month.rows(CLAIMS)[0]["claim_id"] = "12345.0"
    month.send_csv(CLAIMS)
    return normalised(CLAIMS, forms={("claim_id", "*"): 1})


def _numbered(month: Planting) -> None:
    for number, row in enumerate(month.true(CLAIMS), start=1):
        row["claim_id"] = str(number)


@case(34, "N")
def float_column(month: Planting) -> Expected:
    _numbered(month)
    month.send_parquet(CLAIMS, claim_id=pa.float64())
    return normalised(CLAIMS, forms={("claim_id", "*"): 12})


@case(34, "N")
def float_cells(month: Planting) -> Expected:
    _numbered(month)
    month.send_xlsx(
        CLAIMS,
        lambda book, sheet: [sheet.write_number(n, 0, float(n)) for n in range(1, 13)],
    )
    return normalised(CLAIMS)


@case(35, "Q")
def scientific(month: Planting) -> Expected:
    values = ("8.61381E+11", "1.5e5", "5.10123E+17")
    for row, value in zip(month.rows(CLAIMS), values, strict=False):
        row["claim_id"] = value
    month.send_csv(CLAIMS)
    bad = (
        Bad(CLAIMS, CLAIM_FILE, n, "claim_id", value, "not_a_id")
        for n, value in enumerate(values, 2)
    )
    return set_aside(*bad)


@case(36, "Q")
def long_id_as_number(month: Planting) -> Expected:
    month.send_xlsx(CLAIMS, lambda book, sheet: sheet.write_number(3, 0, LONG_ID))
    return set_aside(
        Bad(
            CLAIMS,
            "expense_claim.xlsx",
            4,
            "claim_id",
            "5.101231990010113e+17",
            "not_a_id",
        )
    )


@case(36, "Q")
def long_id_as_double(month: Planting) -> Expected:
    _numbered(month)
    month.rows(CLAIMS)[3]["claim_id"] = str(float(LONG_ID))
    month.send_parquet(CLAIMS, claim_id=pa.float64())
    return set_aside(
        Bad(
            CLAIMS,
            "expense_claim.parquet",
            4,
            "claim_id",
            "5.1012319900101126e+17",
            "not_a_id",
        )
    )


NOTHINGS = ("NaN", "nan", "None", "NULL", "null", "-", "\\N", "#N/A", "N/A")


@case(37, "Q")
def words_for_nothing(month: Planting) -> Expected:
    bad = []
    for place, word in enumerate(NOTHINGS):
        for step, column in enumerate(("payment_id", "customer_id", "bill_id")):
            line = 3 * place + step
            month.rows("payment")[line][column] = word
            bad.append(Bad("payment", PAY_FILE, line + 2, column, word, "not_a_id"))
    month.send_csv("payment")
    return set_aside(*bad)


@case(37, "Q")
def nothing_at_all(month: Planting) -> Expected:
    for place, cell in enumerate(("", "  ", "\u3000")):
        month.rows(CLAIMS)[place]["claim_id"] = cell
    month.send_csv(CLAIMS)
    return set_aside(
        *(
            Bad(CLAIMS, CLAIM_FILE, line, "claim_id", None, "missing")
            for line in (2, 3, 4)
        )
    )


@case(38, "Q")
def nan_double(month: Planting) -> Expected:
    _numbered(month)
    for place in (1, 4):
        month.rows(CLAIMS)[place]["claim_id"] = "nan"
    month.send_parquet(CLAIMS, claim_id=pa.float64())
    file = "expense_claim.parquet"
    return set_aside(
        *(Bad(CLAIMS, file, line, "claim_id", "nan", "not_a_id") for line in (2, 5))
    )


@case(39, "N")
def same_row_again(month: Planting) -> Expected:
    rows = month.rows("payment")
    rows += [dict(rows[3]), dict(rows[3]), dict(rows[9])]
    month.send_csv("payment")
    return normalised("payment", repeats=3)


@case(39, "Q")
def same_id_other_content(month: Planting) -> Expected:
    rows = month.rows("payment")
    rows.append(rows[3] | {"amount": "12.34"})
    month.send_csv("payment")
    who, rule = rows[3]["payment_id"], "contradicts_its_key"
    return set_aside(
        *(
            Bad("payment", PAY_FILE, line, "payment_id", who, rule)
            for line in (5, len(rows) + 1)
        )
    )


def _widened(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


@case(40, "N")
def full_width_digits(month: Planting) -> Expected:
    for row in month.rows("payment")[:3]:
        row["customer_id"] = _widened(row["customer_id"])
        row["amount"] = _widened(row["amount"])
    month.send_csv("payment")
    form = "full_width_or_invisible"
    return normalised("payment", forms={("customer_id", form): 3, ("amount", form): 3})


@case(41, "N")
def invisible_characters(month: Planting) -> Expected:
    forms: tuple[str, ...] = (
        "\u200b{}",
        "{}\u00a0",
        "\u3000{}",
        "\ufeff{}",
        "\u202e{}",
        "{}  ",
        " {}",
        "{}\t",
    )
    for row, form in zip(month.rows("payment"), forms, strict=False):
        row["customer_id"] = form.format(row["customer_id"])
    month.rows("payment")[20]["customer_id"] = "\u200b".join(
        month.rows("payment")[20]["customer_id"]
    )
    month.send_csv("payment")
    counted = {
        ("customer_id", "full_width_or_invisible"): 6,
        ("customer_id", "spaces"): 3,
    }
    return normalised("payment", forms=counted)


@case(42, "N")
def phone_signs(month: Planting) -> Expected:
    forms = (
        "+86 138 1234 5678",
        "138-1234-5678",
        "8613812345678",
        "＋８６１３８１２３４５６７８",
        "138 1234 5678",
    )
    spell(month, "customer", "phone", ("13812345678",) * 5, forms)
    month.send_csv("customer")
    return normalised("customer", forms={("phone", "*"): 5})


@case(42, "N")
def phones_of_odd_length(month: Planting) -> Expected:
    for row, phone in zip(
        month.true("customer"),
        ("1381234567", "138123456789", "0834-1234567"),
        strict=False,
    ):
        row["phone"] = phone
    month.send_csv("customer")
    return normalised("customer")


@case(43, "Q")
def arrears_of_nobody(month: Planting) -> Expected:
    month.rows("receivable")[6]["customer_id"] = "9999999999"
    month.rows("receivable")[8]["service_id"] = "S9999999999"
    month.send_csv("receivable")
    return set_aside(
        Bad(
            "receivable",
            "receivable.csv",
            8,
            "customer_id",
            "9999999999",
            "unknown_customer",
        ),
        Bad(
            "receivable",
            "receivable.csv",
            10,
            "service_id",
            "S9999999999",
            "unknown_service",
        ),
    )


@case(44, "N")
def names_with_spaces(month: Planting) -> Expected:
    for row, form in zip(
        month.rows("organisation"), ("{}\u3000", " {}", "{}\u00a0"), strict=False
    ):
        row["name"] = form.format(row["name"])
    month.send_csv("organisation")
    return normalised(
        "organisation",
        forms={("name", "full_width_or_invisible"): 2, ("name", "spaces"): 1},
    )


@case(44, "Q")
def one_id_two_names(month: Planting) -> Expected:
    rows: list[dict[str, Any]] = month.rows(NAMES)
    rows.append(rows[2] | {"name": rows[2]["name"] + "（城关）"})
    month.send_csv(NAMES)
    who, rule = rows[2]["manager_id"], "contradicts_its_key"
    return set_aside(
        *(
            Bad(NAMES, "account_manager.csv", n, "manager_id", who, rule)
            for n in (4, len(rows) + 1)
        )
    )


@case(45, "N")
def hostile_branch_names(month: Planting) -> Expected:
    for row, name in zip(
        month.true("organisation"),
        ("../../x", "CON", "城" * 300, "支局😀"),
        strict=False,
    ):
        row["name"] = name
    month.send_csv("organisation")
    return normalised("organisation")
