"""Bytes that are text in two encodings: the sister files decide, else the file carries a caveat."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.support.source_files import PLAN, deliver

# Each of these is well-formed UTF-8 when written as GB18030: every pair is a lead and one continuation byte.
_EITHER = "".join(
    text
    for lead in range(0xC4, 0xD8)
    for trail in range(0xA1, 0xC0)
    for text in [bytes((lead, trail)).decode("gb2312", "ignore")]
    if text
)
NAME = _EITHER[40:43]
DOUBTFUL = (PLAN + f"P1,{NAME},1\n").encode("gb18030")
BALANCE = "customer_id,balance_amount,note\n"
DECIDED = "well-formed as UTF-8 and as GB18030: read as gb18030 like the other files"
DOUBT = "encoding doubtful: well-formed as UTF-8 and as GB18030, read as gb18030"


def test_the_example_is_what_it_says() -> None:
    assert DOUBTFUL.decode("utf-8") != DOUBTFUL.decode("gb18030")
    assert NAME in DOUBTFUL.decode("gb18030")


@pytest.mark.parametrize(
    "name", ["prepaid_balance.csv", "prepaid_balance.csv.gz", "plan.part-2.csv"]
)
def test_a_sister_file_tells_the_encoding(tmp_path: Path, name: str) -> None:
    header = PLAN if name.startswith("plan") else BALANCE
    sister = (header + "C1,营业厅张三,5\n" * 3).encode("gb18030")
    files = {
        "plan.part-1.csv": DOUBTFUL,
        name: gzip.compress(sister) if name.endswith("gz") else sister,
    }
    delivery, rows = deliver(tmp_path, files)
    assert rows[0]["name"] == NAME
    assert (delivery.files[0].encoding, delivery.files[0].notes) == (
        "gb18030",
        (DECIDED,),
    )


def test_a_sister_in_utf_8_tells_that_it_is_utf_8(tmp_path: Path) -> None:
    _, rows = deliver(
        tmp_path,
        {"plan.csv": DOUBTFUL, "prepaid_balance.csv": BALANCE + "C1,5,营业厅张三\n"},
    )
    assert rows[0]["name"] == NAME.encode("gb18030").decode("utf-8")


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"prepaid_balance.csv": b"customer_id,balance_amount\nC1,5\n"},
        {"prepaid_balance.csv": (BALANCE + f"C1,5,{NAME}\n").encode("gb18030")},
        {"prepaid_balance.csv": b"\xff\xfe\x00"},
        {
            "prepaid_balance.csv": (BALANCE + "C1,5,营业厅张三\n").encode("gb18030"),
            "expense_claim.csv": (BALANCE + "C1,5,营业厅张三\n").encode(),
        },
    ],
    ids=[
        "alone",
        "a sister of ASCII",
        "a doubtful sister",
        "a broken sister",
        "sisters that differ",
    ],
)
def test_where_no_sister_tells_the_file_carries_the_caveat(
    tmp_path: Path, others: dict[str, bytes]
) -> None:
    delivery, rows = deliver(tmp_path, {"plan.csv": DOUBTFUL, **others})
    assert rows[0]["name"] == NAME
    assert delivery.files[0].notes == (DOUBT,)


def test_chinese_in_utf_8_is_not_doubtful_though_it_decodes_as_gb18030(
    tmp_path: Path,
) -> None:
    content = (PLAN + "P1,张三,1\n").encode()
    assert content.decode("gb18030") != content.decode("utf-8")
    gb = (BALANCE + "C1,5,营业厅张三\n").encode("gb18030")
    delivery, rows = deliver(tmp_path, {"plan.csv": content, "prepaid_balance.csv": gb})
    assert rows[0]["name"] == "张三" and delivery.files[0].notes == ()


@pytest.mark.parametrize("name", ["Café·Zoë", "20°C", "±5"])
def test_western_letters_stay_utf_8_where_no_sister_tells(
    tmp_path: Path, name: str
) -> None:
    delivery, rows = deliver(tmp_path, {"plan.csv": PLAN + f"P1,{name},1\n"})
    assert rows[0]["name"] == name
    assert delivery.files[0].encoding == "utf-8"


def test_a_byte_order_mark_leaves_no_doubt(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + (PLAN + "P1,Zoë,1\n").encode()
    gb = (BALANCE + "C1,5,营业厅张三\n").encode("gb18030")
    delivery, rows = deliver(tmp_path, {"plan.csv": content, "prepaid_balance.csv": gb})
    assert rows[0]["name"] == "Zoë" and delivery.files[0].notes == ()
