"""An operator's own names: what a mapping makes of its files and queries, and what it may not say."""

from __future__ import annotations

import io
import random
import re
import sqlite3
import unicodedata
from datetime import date
from pathlib import Path
from typing import Literal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.core.errors import RetentionError, SpecError
from pipelines.core.names import show_name
from pipelines.sources import Delivery, open_source
from pipelines.sources.operator.folder import DaySource
from pipelines.sources.operator.mapping import load_mapping
from pipelines.text.texts import LANGUAGES, describe_error
from tests.support.source_files import MONTH, put_files, read_rows

Form = Literal["NFC", "NFD"]
PLANS = """\
plan:
  file: 套餐资料_*.csv
  columns:
    套餐编码: plan_id
    套餐名称: name
    月租费: monthly_fee
"""
CARDS = """\
vip_card:
  file: 会员卡.csv
  columns: {卡号: card_id, 客户编码: customer_id, 等级: tier, 状态: card_status, 发卡日期: issued_on}
  codes:
    tier: {钻石卡: diamond, "01": gold, 无: none}
    card_status: {有效: valid, 作废: void}
"""
SOUND = PLANS + CARDS


def read_mapped(
    folder: Path, mapping: str, files: dict[str, bytes | str]
) -> dict[str, Delivery]:
    source = put_files(folder, files)
    (source / "mapping.yml").write_text(mapping, encoding="utf-8")
    return {d.table: d for d in open_source(source).extract(MONTH, folder / "out")}


def test_files_headers_and_codes_of_an_operator_are_read_as_the_contracts(
    tmp_path: Path,
) -> None:
    plans = "套餐资料导出\n套餐编码,套餐名称,月租费,备注\nP1,畅享,59,\nP2,尊享,128,新\n".encode(
        "gb18030"
    )
    cards = "卡号,客户编码,等级,状态,发卡日期\n1,c1,钻石卡,有效,2026-01-02\n2,c2, ０１ ,void,\n卡号,客户编码,等级,状态,发卡日期\n"
    made = read_mapped(
        tmp_path, SOUND, {"套餐资料_202610.csv": plans, "会员卡.csv": cards}
    )
    assert [
        (r["plan_id"], r["name"], r["monthly_fee"]) for r in read_rows(tmp_path)
    ] == [
        ("P1", "畅享", "59"),
        ("P2", "尊享", "128"),
    ]
    assert made["plan"].unknown == ("备注",)
    assert made["plan"].files[0].notes == ("title rows skipped: 1", "headers mapped: 3")
    cells = [(r["tier"], r["card_status"]) for r in read_rows(tmp_path, "vip_card")]
    assert cells == [("diamond", "valid"), ("gold", "void")]
    assert made["vip_card"].files[0].notes == (
        "headers mapped: 5",
        "repeated header rows dropped: 1",
        "codes translated: 3",
    )


def test_files_that_one_pattern_names_are_the_parts_of_a_table(tmp_path: Path) -> None:
    head = "套餐编码,套餐名称,月租费\n"
    files = {f"套餐资料_{n}.csv": f"{head}P{n},x,{n}\n" for n in (2, 10, 1)}
    made = read_mapped(tmp_path, SOUND, {**files})
    assert [r["plan_id"] for r in read_rows(tmp_path)] == ["P1", "P2", "P10"]
    assert made["vip_card"].state == "absent"  # its file does not lie in this month


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_a_name_is_the_same_however_its_signs_are_composed(
    tmp_path: Path, form: Form, written: Form
) -> None:
    name, header = (
        unicodedata.normalize(form, "plané.csv"),
        "planid,name,monthly_fee\nP1,x,1\n",
    )
    mapping = unicodedata.normalize(
        written, "plan:\n  file: plané.csv\n  columns: {planid: plan_id}\n"
    )
    assert read_mapped(tmp_path, mapping, {name: header})["plan"].rows == 1


def test_a_name_in_the_bytes_of_a_chinese_windows_archive_is_known(
    tmp_path: Path,
) -> None:
    name = "套餐资料_1.csv".encode("gb18030").decode("utf-8", "surrogateescape")
    source = put_files(tmp_path, {name: "套餐编码,套餐名称,月租费\nP1,x,1\n"})
    assert open_source(source).unknown_files(MONTH) == (show_name(name),)
    (source / "mapping.yml").write_text(PLANS, encoding="utf-8")
    assert open_source(source).unknown_files(MONTH) == ()


def workbook(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_one_workbook_may_hold_several_tables_a_sheet_each(tmp_path: Path) -> None:
    mapping = (
        "plan: {file: 交付.xlsx, sheet: 套餐, columns: {编码: plan_id}}\n"
        "organisation: {file: 交付.xlsx, codes: {org_kind: {市: city}}}\n"
    )
    book = workbook(
        organisation=[["org_id", "org_kind", "name"], ["O1", "市", "安平"]],
        套餐=[["编码", "name", "monthly_fee"], ["P1", "畅享", 59]],
    )
    made = read_mapped(tmp_path, mapping, {"交付.xlsx": book})
    assert (made["plan"].rows, made["organisation"].rows) == (1, 1)
    assert read_rows(tmp_path, "organisation")[0]["org_kind"] == "city"
    assert open_source(tmp_path / "source").unknown_files(MONTH) == ()


def test_codes_of_a_parquet_files_own_type_are_translated(tmp_path: Path) -> None:
    sink = pa.BufferOutputStream()
    columns = {
        "customer_id": ["a", "b", "c"],
        "points_balance": [1, 2, 3],
        "is_barred": [1, 0, None],
    }
    pq.write_table(pa.table(columns), sink)
    mapping = 'loyalty: {codes: {is_barred: {1: "false", 0: "true"}}}'
    read_mapped(tmp_path, mapping, {"loyalty.parquet": bytes(sink.getvalue())})
    assert [r["is_barred"] for r in read_rows(tmp_path, "loyalty")] == [
        "false",
        "true",
        None,
    ]


def test_a_mapping_of_the_month_takes_the_place_of_the_sources(tmp_path: Path) -> None:
    source = put_files(tmp_path, {"plan.csv": "plan_id,name,monthly_fee\nP1,x,1\n"})
    (source / "mapping.yml").write_text(PLANS, encoding="utf-8")
    assert open_source(source).unknown_files(MONTH) == (
        "plan.csv",
    )  # not the file that the mapping names
    first = open_source(source).fingerprint(MONTH)
    (source / str(MONTH) / "mapping.yml").write_text(
        "# the contract's own names\n", encoding="utf-8"
    )
    assert open_source(source).unknown_files(MONTH) == ()
    assert open_source(source).fingerprint(MONTH) != first


def test_the_mapping_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    source = put_files(
        tmp_path, {"套餐资料_1.csv": "套餐编码,套餐名称,月租费\nP1,x,1\n"}
    )
    seen = set()
    for text in (PLANS, SOUND, SOUND + "# looked through\n"):
        (source / "mapping.yml").write_text(text, encoding="utf-8")
        seen.add(open_source(source).fingerprint(MONTH))
    assert len(seen) == 3


def test_the_days_of_a_source_are_read_by_its_mapping(tmp_path: Path) -> None:
    day = tmp_path / "source" / "daily" / "2026-11-05"
    day.mkdir(parents=True)
    (day / "工单.csv").write_text(
        "工单号,客户,受理时间,类型\n1,c1,2026-11-05 09:00:00,投诉\n", encoding="gb18030"
    )
    mapping = (
        "trouble_ticket:\n  file: 工单.csv\n"
        "  columns: {工单号: ticket_id, 客户: customer_id, 受理时间: opened_at, 类型: category}\n"
        "  codes: {category: {投诉: complaint}}\n"
    )
    (tmp_path / "source" / "mapping.yml").write_text(mapping + CARDS, encoding="utf-8")
    made = DaySource(tmp_path / "source", date(2026, 11, 5)).extract(
        MONTH, tmp_path / "out"
    )
    assert {d.table: d.rows for d in made if d.rows} == {"trouble_ticket": 1}
    assert read_rows(tmp_path, "trouble_ticket")[0]["category"] == "complaint"


def test_a_database_is_read_by_a_mapping_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_URL", f"sqlite:///{tmp_path / 'operator.db'}")
    with sqlite3.connect(tmp_path / "operator.db") as connection:
        connection.execute("CREATE TABLE KH (KH_ID TEXT, LX INTEGER)")
        connection.execute("INSERT INTO KH VALUES ('c1', 1), ('c2', 2), ('c3', 7)")
    spec = {
        "url_env": "OPERATOR_URL",
        "tables": {"customer": "SELECT * FROM KH"},
        "mapping": "names.yml",
    }
    (tmp_path / "operator.yml").write_text(yaml.safe_dump(spec))
    columns = "customer:\n  columns: {KH_ID: customer_id, LX: customer_type}\n"
    (tmp_path / "names.yml").write_text(
        columns + "  codes: {customer_type: {1: individual, 2: group}}\n"
    )
    source = open_source(tmp_path / "operator.yml")
    made = {d.table: d for d in source.extract(MONTH, tmp_path / "out")}
    assert made["customer"].rows == 3 and source.mapping(MONTH) is not None
    rows = read_rows(tmp_path, "customer")
    assert [(r["customer_id"], r["customer_type"]) for r in rows] == [
        ("c1", "individual"),
        ("c2", "group"),
        ("c3", "7"),
    ]
    for wrong, key in (
        ("customer: {file: a.csv}", "not_of_database"),
        ("plan: {columns: {A: plan_id}}", "no_query"),
    ):
        (tmp_path / "names.yml").write_text(wrong)
        with pytest.raises(SpecError) as refused:
            open_source(tmp_path / "operator.yml")
        assert (
            refused.value.key == f"mapping.{key}" and refused.value.facts["line"] == 1
        )
    (tmp_path / "names.yml").write_text(
        "customer:\n  columns:\n    KH_ID: customer_id\n    LEIXING: customer_type\n"
    )
    with pytest.raises(SpecError) as refused:
        open_source(tmp_path / "operator.yml").extract(MONTH, tmp_path / "out")
    assert (
        refused.value.key == "mapping.header_not_there"
        and refused.value.facts["line"] == 4
    )


WRONG = {
    "plan:\n  columns:\n    套餐编码: plan_id\n    套餐编号: plan_id\n": (
        "column_twice",
        4,
    ),
    "plan:\n  columns:\n    套餐编码: plan_id\n    套 餐编码: name\n": (
        "header_twice",
        4,
    ),
    "plan:\n  columns:\n    套餐编码: plan_no\n": ("unknown_column", 3),
    "plan:\n  columns:\n    套餐编码:\n": ("unknown_column", 3),
    "plan:\n  columns:\n    套餐编码: plan_id\n    套餐编码: name\n": ("yaml.bad", 4),
    "plan: {}\ncustomers:\n  file: a.csv\n": ("unknown_table", 2),
    "plan:\n  header: 3\n": ("unknown_key", 2),
    "plan:\n  file: 客户/资料.csv\n": ("bad_file", 2),
    "plan:\n  file: [a.csv, 资料.dbf]\n": ("bad_file", 2),
    "plan:\n  - a\n": ("bad_form", 1),
    "- plan\n": ("bad_form", 1),
    "plan:\n  codes:\n    name: {甲: a}\n": ("takes_no_codes", 3),
    "plan:\n  codes:\n    nam: {甲: a}\n": ("unknown_column", 3),
    "service:\n  codes:\n    status:\n      在网: activ\n": ("unknown_value", 4),
    "service:\n  codes:\n    status:\n      在网:\n": ("unknown_value", 4),
    "service:\n  codes:\n    is_excluded: {是: yes}\n": ("unknown_value", 3),
    "service:\n  codes:\n    status:\n      在网: active\n      在 网: terminated\n": (
        "code_twice",
        5,
    ),
    "plan:\n  file: [a.csv\n": ("yaml.bad", 3),
    "plan:\n\tfile: a.csv\n": ("yaml.bad", 2),
    "plan: &x {file: b.csv}\nplant: *x\n": ("unknown_table", 2),
    "plan:\n  ? [a]\n  : b\n": ("yaml.bad", 2),
    "plan: {}\n---\nplan: {}\n": ("yaml.bad", 2),
    "plan:\n  file: \x01.csv\n": ("yaml.bad", 2),
    "[" * 5000: ("yaml.too_deep", 1),
}


@pytest.mark.parametrize(
    "text", list(WRONG), ids=[f"{n}-{key}" for n, (key, _) in enumerate(WRONG.values())]
)
def test_a_mapping_that_cannot_be_meant_is_refused_with_its_line(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "mapping.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        load_mapping(tmp_path / "mapping.yml")
    error = refused.value
    assert (error.key.removeprefix("mapping."), error.facts["line"]) == WRONG[text]
    for language in LANGUAGES:
        message = describe_error(language, error)
        assert "mapping.yml" in message and str(error.facts["line"]) in message


def test_a_mapping_saved_in_another_encoding_is_refused_with_its_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "mapping.yml").write_bytes(
        "plan:\n  file: 套餐.csv\n".encode("gb18030")
    )
    with pytest.raises(SpecError) as refused:
        load_mapping(tmp_path / "mapping.yml")
    assert (refused.value.key, refused.value.facts["line"]) == ("yaml.not_utf8", 2)


@pytest.mark.parametrize(
    ("files", "line", "header"),
    [
        ({"套餐资料_1.csv": "套餐编号,套餐名称,月租费\nP1,x,1\n"}, 4, "套餐编码"),
        ({"套餐资料_1.csv": "套餐编码,套餐,月租费\nP1,x,1\n"}, 5, "套餐名称"),
        ({"会员卡.csv": "卡号,客户编码,等级,状态\n1,c,无,有效\n"}, 9, "发卡日期"),
    ],
)
def test_a_header_that_no_file_has_is_refused_with_its_line(
    tmp_path: Path, files: dict[str, bytes | str], line: int, header: str
) -> None:
    with pytest.raises(SpecError) as refused:
        read_mapped(tmp_path, SOUND, files)
    facts = refused.value.facts
    assert refused.value.key == "mapping.header_not_there"
    assert (facts["line"], facts["header"], facts["delivered"]) == (
        line,
        header,
        next(iter(files)),
    )


def test_codes_of_a_column_that_no_file_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as refused:
        read_mapped(
            tmp_path,
            "plan: {}\nloyalty:\n  codes:\n    is_barred: {是: true}\n",
            {"loyalty.csv": "customer_id,points_balance\nc,1\n"},
        )
    assert (
        refused.value.key == "mapping.header_not_there"
        and refused.value.facts["line"] == 4
    )


def test_a_csv_file_cannot_be_two_tables(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as refused:
        read_mapped(
            tmp_path,
            "plan:\n  file: 资料*.csv\nloyalty:\n  file: '*1.csv'\n",
            {"资料1.csv": "a,b\n"},
        )
    assert (
        refused.value.key == "mapping.file_of_two" and refused.value.facts["line"] == 4
    )


def test_a_column_may_stand_under_the_contracts_own_name_where_its_own_header_is_not(
    tmp_path: Path,
) -> None:
    made = read_mapped(
        tmp_path, PLANS, {"套餐资料_1.csv": "plan_id,套餐名称,月租费\nP1,x,1\n"}
    )
    assert made["plan"].rows == 1


def test_whatever_is_broken_in_a_mapping_ends_with_a_message_not_a_traceback(
    tmp_path: Path,
) -> None:
    rng = random.Random(7)
    said: list[tuple[int, str]] = []
    path = tmp_path / "mapping.yml"
    for _ in range(300):
        letters = list(SOUND)
        at = rng.randrange(len(letters))
        letters[at : at + rng.randrange(3)] = rng.choice(
            ["", ":", "\t", "{", "- ", "\n", "&a ", "*a", "!!int ", "'", "套", "\0"]
        )
        path.write_text("".join(letters), encoding="utf-8")
        try:
            load_mapping(path)
        except RetentionError as error:
            said.append((error.exit_code, describe_error("en", error)))
    assert len(said) > 100
    assert all(code == 10 and re.search(r"line \d", message) for code, message in said)
