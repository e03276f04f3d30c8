"""CSV as operators really send it: every form is read as it is, or refused by name."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipelines.sources import Limits
from tests.support.source_files import PLAN, deliver, refused

ROW = "P1,畅享套餐,86.50\n"


def names(rows: list[dict[str, object]]) -> list[object]:
    return [row["name"] for row in rows]


@pytest.mark.parametrize(
    ("codec", "bom", "reported"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("gbk", b"", "gb18030"),
        ("gb18030", b"", "gb18030"),
    ],
)
def test_reads_every_encoding_the_contract_names(
    tmp_path: Path, codec: str, bom: bytes, reported: str
) -> None:
    delivery, rows = deliver(tmp_path, {"plan.csv": bom + (PLAN + ROW).encode(codec)})
    assert rows == [
        {
            "plan_id": "P1",
            "name": "畅享套餐",
            "monthly_fee": "86.50",
            "_file": "plan.csv",
            "_line": 2,
            "_fault": None,
        }
    ]
    assert delivery.files[0].encoding == reported and delivery.files[0].delimiter == ","


def test_reads_rare_gb18030_characters(tmp_path: Path) -> None:
    delivery, rows = deliver(
        tmp_path, {"plan.csv": (PLAN + "P1,𠮷䶮,1\nP2,王𠮷,2\n").encode("gb18030")}
    )
    assert names(rows) == ["𠮷䶮", "王𠮷"] and delivery.files[0].encoding == "gb18030"


def test_keeps_a_gbk_name_that_happens_to_be_valid_utf8(tmp_path: Path) -> None:
    assert (
        "路".encode("gbk").decode() == "·"
    )  # the two bytes are one character of UTF-8
    _, rows = deliver(
        tmp_path, {"plan.csv": (PLAN + "P1,路路,1\nP2,中山路,2\n").encode("gbk")}
    )
    assert names(rows) == ["路路", "中山路"]


def test_keeps_the_row_of_a_broken_byte(tmp_path: Path) -> None:
    gbk = (
        (PLAN + "P1,张三,1\nP2,李四,2\n")
        .encode("gbk")
        .replace("三".encode("gbk"), b"\xff")
    )
    delivery, rows = deliver(tmp_path, {"plan.csv": gbk})
    assert (
        names(rows) == ["张\ufffd", "李四"] and delivery.files[0].encoding == "gb18030"
    )
    utf8 = (
        (PLAN + "P1,张三,1\nP2,李四,2\n").encode().replace("三".encode(), b"\xe4\xb8")
    )
    delivery, rows = deliver(tmp_path, {"plan.csv": utf8})
    assert names(rows) == ["张\ufffd", "李四"] and delivery.files[0].encoding == "utf-8"
    assert delivery.files[0].notes == ("undecodable bytes replaced by U+FFFD",)


def test_refuses_mixed_encodings(tmp_path: Path) -> None:
    mixed = PLAN.encode() + "P1,张三,1\n".encode() + "P2,李四,2\n".encode("gbk")
    assert refused(tmp_path, {"plan.csv": mixed})[0] == "mixed_encodings"
    assert (
        refused(tmp_path, {"plan.csv": b"\xef\xbb\xbf" + mixed})[0] == "mixed_encodings"
    )


@pytest.mark.parametrize(
    "damaged",
    [
        "张三".encode().decode("gb18030"),
        "锟斤拷锟斤拷",
        "张三".encode().decode("latin-1"),
        "李四光".encode("gbk").decode("latin-1"),
    ],
)
def test_refuses_mojibake(tmp_path: Path, damaged: str) -> None:
    for codec in ("utf-8", "utf-16"):
        key, facts = refused(
            tmp_path, {"plan.csv": (PLAN + f"P1,{damaged},1\n").encode(codec)}
        )
        assert key == "mojibake" and int(facts["places"]) > 0
        assert damaged not in str(facts)


@pytest.mark.parametrize(
    "name",
    [
        "····",
        "××××",
        "张××",
        "——……",
        "Café déjà",
        "Ünïcödé",
        "龘靐齉",
        "ＡＢＣ１２３",
        "한국어",
    ],
)
def test_accepts_unusual_text(tmp_path: Path, name: str) -> None:
    assert names(deliver(tmp_path, {"plan.csv": PLAN + f"P1,{name},1\n"})[1]) == [name]


def test_refuses_nul_bytes(tmp_path: Path) -> None:
    assert refused(tmp_path, {"plan.csv": PLAN + "P1,a\0b,1\n"}) == (
        "nul_byte",
        {"file": "plan.csv", "line": "2"},
    )
    assert (
        refused(tmp_path, {"plan.csv": (PLAN + "P1,a\0b,1\n").encode("utf-16")})[0]
        == "nul_byte"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_reads_every_line_end(tmp_path: Path, end: str) -> None:
    text = (PLAN + "P1,a,1\n\nP2,b,2\n").replace("\n", end)
    _, rows = deliver(tmp_path, {"plan.csv": text})
    assert [(row["plan_id"], row["_line"]) for row in rows] == [("P1", 2), ("P2", 4)]


def test_reads_mixed_line_ends_and_quoted_newlines(tmp_path: Path) -> None:
    text = PLAN + 'P1,"a\nb, ""c""",1\r\nP2,b,2\rP3,c,3'
    _, rows = deliver(tmp_path, {"plan.csv": text})
    assert [(r["plan_id"], r["name"], r["_line"]) for r in rows] == [
        ("P1", 'a\nb, "c"', 2),
        ("P2", "b", 4),
        ("P3", "c", 5),
    ]


def test_reads_tabs_and_sep_lines(tmp_path: Path) -> None:
    delivery, rows = deliver(
        tmp_path, {"plan.csv": (PLAN + ROW).replace(",", "\t").encode("utf-16")}
    )
    assert delivery.files[0].delimiter == "\t" and rows[0]["monthly_fee"] == "86.50"
    delivery, rows = deliver(
        tmp_path, {"plan.csv": "sep=;\r\n" + (PLAN + ROW).replace(",", ";")}
    )
    assert delivery.files[0].delimiter == ";" and delivery.files[0].notes == (
        "sep line skipped",
    )
    assert rows[0]["name"] == "畅享套餐" and rows[0]["_line"] == 3
    delivery, rows = deliver(tmp_path, {"plan.csv": '"sep=,"\n' + PLAN + ROW})
    assert rows[0]["_line"] == 3


@pytest.mark.parametrize("delimiter", [";", "|", "，"])
def test_refuses_another_delimiter_by_name(tmp_path: Path, delimiter: str) -> None:
    key, facts = refused(tmp_path, {"plan.csv": (PLAN + ROW).replace(",", delimiter)})
    assert key == "wrong_delimiter" and facts["delimiter"] == delimiter


def test_cleans_headers(tmp_path: Path) -> None:
    header = ' PLAN_ID\u3000,"na\nme",\u200bＭｏｎｔｈｌｙ＿Ｆｅｅ\u00a0, 备 注 \n'
    delivery, rows = deliver(tmp_path, {"plan.csv": "\ufeff" + header + "P1,a,1,x\n"})
    assert delivery.columns == (
        "plan_id",
        "name",
        "monthly_fee",
    ) and delivery.unknown == ("备注",)
    assert rows[0]["备注"] == "x" and rows[0]["_line"] == 3


def test_refuses_duplicate_headers(tmp_path: Path) -> None:
    key, facts = refused(
        tmp_path, {"plan.csv": "plan_id,name,monthly_fee,Name \nP1,a,1,b\n"}
    )
    assert key == "duplicate_header" and facts["columns"] == "name"


def test_skips_title_rows(tmp_path: Path) -> None:
    delivery, rows = deliver(
        tmp_path,
        {"plan.csv": "2026年10月套餐,,\n\n制表：市场部,,\n" + PLAN + "P1,a,1\n"},
    )
    assert rows[0]["_line"] == 5 and delivery.files[0].notes == (
        "title rows skipped: 2",
    )


def test_drops_repeated_headers(tmp_path: Path) -> None:
    delivery, rows = deliver(
        tmp_path,
        {
            "plan.csv": PLAN
            + "P1,a,1\n"
            + PLAN.upper()
            + "P2,b,2\nｐｌａｎ＿ｉｄ, name ,Monthly_Fee\n"
        },
    )
    assert [row["_line"] for row in rows] == [2, 4]
    assert delivery.files[0].notes == ("repeated header rows dropped: 2",)


def test_refuses_a_missing_required_column(tmp_path: Path) -> None:
    key, facts = refused(tmp_path, {"plan.csv": "plan_id,name\nP1,a\n"})
    assert (key, facts["columns"]) == ("missing_column", "monthly_fee")
    key, facts = refused(tmp_path, {"plan.csv": "P1,a,1\nP2,b,2\n"})
    assert key == "no_header" and "P1" not in str(facts)


def test_marks_rows_that_cannot_be_data(tmp_path: Path) -> None:
    text = (
        PLAN
        + "P1,a\nP2,b,2\nP3,c,3,x\nP4,d,4,\n,,\n  \n合 计：,,10\n,总计,10\nTotal,,9\nＴＯＴＡＬ,,9\nTOTALLY,x,9\n"
    )
    _, rows = deliver(tmp_path, {"plan.csv": text})
    assert [(row["plan_id"], row["_line"], row["_fault"]) for row in rows] == [
        ("P1", 2, "ragged"),
        ("P2", 3, None),
        ("P3", 4, "ragged"),
        ("P4", 5, None),
        ("合 计：", 8, "total_row"),
        (None, 9, "total_row"),
        ("Total", 10, "total_row"),
        ("ＴＯＴＡＬ", 11, "total_row"),
        ("TOTALLY", 12, None),
    ]
    assert refused(tmp_path, {"plan.csv": text + "P9,"}) == (
        "csv_truncated",
        {"file": "plan.csv", "line": "13"},
    )


def test_keeps_text_exactly(tmp_path: Path) -> None:
    cells = [
        "  a ",
        "=1+1",
        "@SUM",
        "００１",
        "NULL",
        "\u202eabc",
        "<script>",
        "\u3000",
    ]
    _, rows = deliver(
        tmp_path, {"plan.csv": PLAN + "".join(f'P1,"{cell}",\n' for cell in cells)}
    )
    assert names(rows) == cells and all(row["monthly_fee"] is None for row in rows)


def test_refuses_broken_quotes_and_endless_fields(tmp_path: Path) -> None:
    assert refused(tmp_path, {"plan.csv": PLAN + 'P1,a,1\nP2,"b,2\nP3,c,3\n'}) == (
        "unterminated_quote",
        {"file": "plan.csv", "line": "3"},
    )
    assert refused(tmp_path, {"plan.csv": PLAN + 'P1,"a"b,1\n'}) == (
        "bad_quote",
        {"file": "plan.csv", "line": "2"},
    )
    for quote in ("", '"'):
        key, facts = refused(
            tmp_path, {"plan.csv": PLAN + f"P1,{quote}{'x' * 100_001}{quote},1\n"}
        )
        assert (key, facts["line"]) == ("field_too_long", "2")
    deliver(tmp_path, {"plan.csv": PLAN + f"P1,{'张' * 100_000},1\n"})
    assert (
        refused(
            tmp_path, {"plan.csv": PLAN + "P1," * 1000}, limits=Limits(line_bytes=1000)
        )[0]
        == "line_too_long"
    )


def test_tells_empty_from_nothing(tmp_path: Path) -> None:
    delivery, rows = deliver(tmp_path, {"plan.csv": PLAN})
    assert delivery.state == "empty" and not rows
    assert refused(tmp_path, {"plan.csv": b""})[0] == "empty_file"
    assert refused(tmp_path, {"plan.csv": b"\n\n"})[0] == "no_header"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"PK\x03\x04...", "xlsx/zip"), (b"<html><table>", "html"), (b"PAR1", "parquet")],
)
def test_names_another_format_under_the_name_csv(
    tmp_path: Path, content: bytes, kind: str
) -> None:
    assert refused(tmp_path, {"plan.csv": content}) == (
        "disguised",
        {"file": "plan.csv", "looks_like": kind},
    )


def test_refuses_a_bad_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(
        (PLAN + "".join(f"P{i},{i * 7919},{i}\n" for i in range(2000))).encode()
    )
    assert deliver(tmp_path, {"plan.csv.gz": whole})[0].rows == 2000
    assert (
        refused(tmp_path, {"plan.csv.gz": whole[: len(whole) // 2]})[0]
        == "gzip_truncated"
    )
    assert refused(tmp_path, {"plan.csv.gz": PLAN + ROW})[0] == "gzip_damaged"
    broken = whole[:200] + bytes(50) + whole[250:]
    assert refused(tmp_path, {"plan.csv.gz": broken})[0] == "gzip_damaged"
    bomb = gzip.compress(PLAN.encode() + b"\n" * 3_000_000)
    assert (
        refused(tmp_path, {"plan.csv.gz": bomb}, limits=Limits(gzip_bytes=1 << 20))[0]
        == "archive_bomb"
    )


def test_reads_blocks_that_cut_rows(tmp_path: Path) -> None:
    """Rows, quotes, CRLF and characters fall across the reader's blocks of one MiB."""
    lines = [
        f'P{i:06d},"第{i}档\r\n""优惠""",{i}\r\n'
        if i % 3
        else f"P{i:06d},第{i}档,{i}\r\n"
        for i in range(60_000)
    ]
    for codec in ("utf-8", "gb18030", "utf-16"):
        delivery, rows = deliver(
            tmp_path, {"plan.csv": (PLAN + "".join(lines)).encode(codec)}
        )
        assert delivery.rows == 60_000
        assert (
            rows[-1]["name"] == '第59999档\r\n"优惠"'
            and rows[-1]["_line"] == 60_000 + 39_999 + 1
        )
        assert all(row["monthly_fee"] == str(i) for i, row in enumerate(rows))


def test_same_file_gives_same_bytes(tmp_path: Path) -> None:
    text = PLAN + "".join(f"P{i},{i % 7},{i}\n" for i in range(200_000))
    outputs = []
    for i in range(2):
        deliver(
            tmp_path / str(i),
            {"plan.csv": text},
            limits=Limits(batch_rows=1000 * (i + 1)),
        )
        outputs.append(
            (tmp_path / str(i) / "out" / "extract_plan.parquet").read_bytes()
        )
    assert outputs[0] == outputs[1]
