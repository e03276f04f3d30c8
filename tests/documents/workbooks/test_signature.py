"""The signature of a row: the same for what Excel and CSV make of it, another for whatever was changed."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, datetime
from decimal import Decimal

import pytest

from pipelines.documents.workbooks.columns import Column
from pipelines.documents.workbooks.signature import (
    is_signed_by,
    list_protected_cells,
    make_stable_text,
    sign_row,
)

KEY = b"sixteen bytes ok"
CELLS = {"order_id": "202608-ABC", "customer_id": "安"}


def test_a_signature_is_what_anybody_with_the_key_can_work_out() -> None:
    """By other means than the program's: workbooks that are out must still be known after an upgrade."""
    text = r'{"customer_id":"\u5b89","order_id":"202608-ABC"}'
    message = b"retention work list row 1\n" + text.encode("ascii")
    wanted = "v1-" + hmac.new(KEY, message, hashlib.sha256).hexdigest()
    assert sign_row(KEY, CELLS) == wanted
    assert sign_row(KEY, dict(reversed(CELLS.items()))) == wanted


def test_a_short_key_signs_nothing() -> None:
    with pytest.raises(ValueError, match="^a signing key has at least 16 bytes$"):
        sign_row(KEY[:15], CELLS)


def test_a_signature_is_known_with_blanks_around_it_and_no_other_is() -> None:
    signature = sign_row(KEY, CELLS)
    assert is_signed_by(KEY, CELLS, f" {signature}\n")
    for other in ("", signature[:-1], signature.upper(), "安", "\udcff"):
        assert not is_signed_by(KEY, CELLS, other)
    assert not is_signed_by(KEY[::-1], CELLS, signature)
    for name in CELLS:
        assert not is_signed_by(KEY, {**CELLS, name: "x"}, signature)


def test_signed_columns_alone_are_protected_and_a_missing_cell_is_blank() -> None:
    columns = [
        Column("order_id", 10),
        Column("amount", 10, "money", is_folded=True),
        Column("gone", 10),
        Column("row_id", 10, is_hidden=True),
        Column("note", 10, is_input=True),
        Column("why", 10, is_remark=True),
    ]
    row = {"order_id": "A", "amount": 5, "note": "free", "why": "x"}
    cells = list_protected_cells(columns, row)
    assert cells == {"order_id": "A", "amount": "5.00", "gone": ""}


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("text", None, ""),
        ("text", "  two \n words ", "two words"),
        ("text", 12.0, "12"),
        ("text", 12.5, "12.5"),
        ("text", 12, "12"),
        ("unknown", 12.0, "12"),
        ("money", 5, "5.00"),
        ("money", "￥1，234.5", "1234.50"),
        ("money", "¥ 1,234.50", "1234.50"),
        ("money", 0.125, "0.13"),
        ("money", "-0.001", "0.00"),
        ("money", Decimal("99999999999999999999"), "99999999999999999999.00"),
        ("money", "-1e20", "-1e20"),
        ("money", "1e20", "1e20"),
        ("money", "NaN", "NaN"),
        ("money", "five", "five"),
        ("integer", "1,200", "1200"),
        ("integer", 3.0, "3"),
        ("integer", "-2.0", "-2"),
        ("integer", "3.5", "3.5"),
        ("integer", "none", "none"),
        ("date", date(2026, 9, 5), "2026-09-05"),
        ("date", datetime(2026, 9, 5, 8, 30), "2026-09-05"),
        ("date", 46270, "2026-09-05"),
        ("date", 46270.75, "2026-09-05"),
        ("date", "2026/9/5", "2026-09-05"),
        ("date", " 2026年9月5日 ", "2026-09-05"),
        ("date", "2026-09-05 00:00:00", "2026-09-05"),
        ("date", "2026-09-05 0:00", "2026-09-05"),
        ("date", "2026-09-05 08:00", "2026-09-05 08:00"),
        ("date", "2026-02-30", "2026-02-30"),
        ("date", 1e12, "1000000000000.0"),
    ],
)
def test_one_text_stands_for_all_that_a_value_becomes(
    kind: str, value: object, text: str
) -> None:
    assert make_stable_text(kind, value) == text
