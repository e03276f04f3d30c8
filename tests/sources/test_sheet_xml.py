"""Worksheets as no spreadsheet program would write them: read for what they say, or refused, and never slow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.sources import DAMAGED_ID, EXCEL_SERIAL, NO_CACHED_VALUE, Limits
from tests.support.raw_workbook import (
    HEADER,
    MAIN,
    put_row,
    put_text,
    raw_workbook,
    sheet_xml,
)
from tests.support.source_files import deliver, refused, run_limited


def read(folder: Path, content: bytes, **limits: Any) -> list[tuple[Any, ...]]:
    """The plans of a workbook, each with its line."""
    rows = deliver(folder, {"plan.xlsx": content}, limits=Limits(**limits))[1]
    return [
        (row["plan_id"], row["name"], row["monthly_fee"], row["_line"]) for row in rows
    ]


def why_refused(folder: Path, content: bytes, **limits: Any) -> str:
    return refused(folder, {"plan.xlsx": content}, limits=Limits(**limits))[0]


def one_cell(cell: str) -> str:
    """A plan whose name is that cell."""
    return put_row(2, put_text("A2", "P1"), cell, '<c r="C2"><v>1</v></c>')


# -- marks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2" t="e"><v>#N/A</v></c>',
        "<c r='B2' t='e'><v>#N/A</v></c>",
        "<c t='e' r='B2' ><v >#N/A</v ></c >",
        '<c t="e"><v>#N/A</v></c>',
        '<c\nr="B2"\tt="e"><extLst/><v><![CDATA[#N/A]]></v></c>',
        '<c r="B2" t="e"><v>&#35;N/&#x41;</v></c>',
        f'<x:c xmlns:x="{MAIN}" r="B2" t="e"><x:v>#N/A</x:v></x:c>',
    ],
)
def test_an_error_cell_is_marked_however_it_is_written(
    tmp_path: Path, cell: str
) -> None:
    assert read(tmp_path, raw_workbook(one_cell(cell))) == [
        ("P1", f"{NO_CACHED_VALUE}#N/A", "1", 2)
    ]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2"><f>A1</f></c>',
        "<c r='B2'><f>A1</f><v/></c>",
        '<c r="B2"><f>A1</f><v></v></c>',
        '<c t="str" r="B2"><f ca="1">A1</f><v></v></c>',
        "<c><f>A<!-- a > sign -->1</f></c>",
        '<c r="B2" t="e"><f>A1</f><v>#REF!</v></c>',
    ],
)
def test_a_formula_without_a_value_is_marked_with_its_text(
    tmp_path: Path, cell: str
) -> None:
    assert read(tmp_path, raw_workbook(one_cell(cell))) == [
        ("P1", f"{NO_CACHED_VALUE}=A1", "1", 2)
    ]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2"><v>abc</v></c>',
        '<c r="B2"><v>1e999</v></c>',
        '<c r="B2"><v>nan</v></c>',
        '<c r="B2"><v>1_000</v></c>',
        '<c r="B2" t="b"><v>2</v></c>',
        '<c r="B2" t="d"><v>tomorrow</v></c>',
        '<c r="B2" t="zz"><v>1</v></c>',
    ],
)
def test_a_cell_that_contradicts_its_type_is_marked(tmp_path: Path, cell: str) -> None:
    assert str(read(tmp_path, raw_workbook(one_cell(cell)))[0][1]).startswith(
        NO_CACHED_VALUE
    )


# -- text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("string", "text"),
    [
        ("<t>a</t>", "a"),
        ('<t xml:space="preserve"> a </t>', " a "),
        ("<r><rPr><b/></rPr><t>张</t></r><r><t>三</t></r>", "张三"),
        (
            '<t>张三</t><rPh sb="0" eb="1"><t>zhang</t></rPh><phoneticPr fontId="1"/>',
            "张三",
        ),
        ("<t>a_x000D_b_x005F_x000D_</t>", "a\rb_x000D_"),
        ("<t>_xD83D__xDE00_</t>", "😀"),
        ("<t>_xD83D_</t>", "\ufffd"),
        ("<t>_x0000_</t>", "\ufffd"),
        ("<t>a&amp;b&#x4e2d;</t>", "a&b中"),
        ("<t>_x00</t>", "_x00"),
        ("", None),
    ],
)
def test_strings_are_read_alike_wherever_they_stand(
    tmp_path: Path, string: str, text: str | None
) -> None:
    inline = raw_workbook(one_cell(f'<c r="B2" t="inlineStr"><is>{string}</is></c>'))
    assert read(tmp_path, inline)[0][1] == text
    shared = {
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>other</t></si><si>{string}</si></sst>'
    }
    assert (
        read(
            tmp_path,
            raw_workbook(one_cell('<c r="B2" t="s"><v>1</v></c>'), members=shared),
        )[0][1]
        == text
    )


@pytest.mark.parametrize("index", ["2", "-1", "1.0", "x", "99999999999999999999", ""])
def test_a_string_that_is_not_there_refuses_the_workbook(
    tmp_path: Path, index: str
) -> None:
    shared = {
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}" count="9"><si><t>a</t></si><si><t>b</t></si></sst>'
    }
    content = raw_workbook(
        one_cell(f'<c r="B2" t="s"><v>{index}</v></c>'), members=shared
    )
    if index == "":
        assert read(tmp_path, content)[0][1] is None
    else:
        assert why_refused(tmp_path, content) == "xlsx_damaged"


# -- places ------------------------------------------------------------------------------------------------------


def test_cells_and_rows_without_a_place_follow_each_other(tmp_path: Path) -> None:
    rows = "<row><c t='inlineStr'><is><t>P1</t></is></c><c r='C2'><v>2</v></c></row><row r='9'><c t='str'><v>P2</v></c></row>"
    assert read(tmp_path, raw_workbook(rows)) == [
        ("P1", None, "2", 2),
        ("P2", None, None, 9),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
        '<row r="99999999999999999999"/>',
        '<row r="-2"/>',
        '<row r="0"/>',
        '<row r="5"/><row r="4"/>',
        '<row r="5"/><row r="5"/>',
        '<row r="2"><c r="XFE2"><v>1</v></c></row>',
        '<row r="2"><c r="ZZZZZZZ2"><v>1</v></c></row>',
        '<row r="2"><c r="B3"><v>1</v></c></row>',
        '<row r="2"><c r="B2"/><c r="A2"/></row>',
        '<row r="2"><c r="B2"/><c r="B2"/></row>',
        '<row r="2"><c r="2"/></row>',
        '<row r="2"><c r="B"/></row>',
        '<row r="2"><c r="Б2"/></row>',
    ],
)
def test_places_that_cannot_be_refuse_the_workbook(tmp_path: Path, rows: str) -> None:
    assert why_refused(tmp_path, raw_workbook(rows)) == "xlsx_damaged"


def test_what_a_sheet_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    xml = sheet_xml(
        HEADER + put_row(2, put_text("A2", "P1")),
        before='<dimension ref="A1:XFD1048576"/>',
    )
    assert read(tmp_path, raw_workbook(sheets={"plan": xml})) == [("P1", None, None, 2)]
    xml = xml.replace("A1:XFD1048576", "A1")
    assert read(tmp_path, raw_workbook(sheets={"plan": xml})) == [("P1", None, None, 2)]


def test_styled_cells_without_a_value_are_nothing(tmp_path: Path) -> None:
    empty = "<c s='1'/>" * 50
    styled = "".join(f'<row r="{i}">{empty}</row>' for i in range(3, 20_000))
    rows = put_row(2, put_text("A2", "P1"), '<c r="XFD2" s="7"/>') + styled
    assert read(tmp_path, raw_workbook(rows)) == [("P1", None, None, 2)]


def test_what_stands_beside_the_table_is_no_part_of_it_and_is_told(
    tmp_path: Path,
) -> None:
    rows = put_row(2, put_text("A2", "P1"), put_text("F2", "see below")) + put_row(
        3, put_text("F3", "a remark")
    )
    found = deliver(tmp_path, {"plan.xlsx": raw_workbook(rows)})[1]
    assert [(row["_line"], row["_fault"]) for row in found] == [
        (2, "ragged"),
        (3, "ragged"),
    ]


# -- values ------------------------------------------------------------------------------------------------------

_FORMATS = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="176" formatCode="{{}}"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="{}"/></cellXfs></styleSheet>'
)


@pytest.mark.parametrize(
    ("code", "number", "value", "text"),
    [
        ("", 14, "46326", "2026-10-31"),
        ("", 31, "46326", "2026-10-31"),  # yyyy"年"m"月"d"日" in a Chinese Excel
        ("", 22, "46326.5", "2026-10-31 12:00:00"),
        ("", 22, "46326.000000001", "2026-10-31"),
        (
            "yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;",
            176,
            "46326",
            "2026-10-31",
        ),
        ("[$-804]yyyy/m/d;@", 176, "46326", "2026-10-31"),
        ("h:mm", 176, "0.5", "12:00:00"),
        ("[h]:mm", 176, "1.5", "1 day, 12:00:00"),
        ("0.00&quot;days&quot;", 176, "46326", "46326"),
        ("[Red]0.00\\d_m*s", 176, "46326", "46326"),
        ("General", 176, "46326", "46326"),
        ("", 14, "-1", "-1"),
        ("", 14, "9999999", "9999999"),
        ("", 2, "46326.25", "46326.25"),
    ],
)
def test_the_format_of_a_number_tells_a_day(
    tmp_path: Path, code: str, number: int, value: str, text: str
) -> None:
    styles = {"xl/styles.xml": _FORMATS.format(code, number)}
    content = raw_workbook(
        one_cell(f'<c r="B2" s="1"><v>{value}</v></c>'), members=styles
    )
    assert read(tmp_path, content)[0][1] == text


def test_a_day_as_an_id_is_damage_and_a_number_as_a_day_a_serial(
    tmp_path: Path,
) -> None:
    styles = {"xl/styles.xml": _FORMATS.format("", 14)}
    cells = '<c r="A2" s="1"><v>46326</v></c><c r="B2" t="d"><v>2026-10-31T00:00:00</v></c><c r="C2"><v>46326</v></c>'
    assert read(tmp_path, raw_workbook(put_row(2, cells), members=styles)) == [
        (f"{DAMAGED_ID}2026-10-31", "2026-10-31", "46326", 2)
    ]
    assert EXCEL_SERIAL not in str(read(tmp_path, raw_workbook(put_row(2, cells))))


# -- the package -------------------------------------------------------------------------------------------------


def test_strict_open_xml_is_read(tmp_path: Path) -> None:
    content = raw_workbook(
        one_cell('<c r="B2" t="d"><v>2026-10-31</v></c>'), is_strict=True
    )
    assert read(tmp_path, content) == [("P1", "2026-10-31", "1", 2)]


def test_other_formats_that_are_renamed_are_named(tmp_path: Path) -> None:
    assert (
        why_refused(tmp_path, raw_workbook(members={"xl/workbook.bin": b"\0"}))
        == "xlsx_is_binary"
    )
    ods = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}
    assert why_refused(tmp_path, raw_workbook(members=ods)) == "xlsx_is_ods"


def test_macros_are_noted_and_ignored(tmp_path: Path) -> None:
    content = raw_workbook(
        put_row(2, put_text("A2", "P1")), members={"xl/vbaProject.bin": b"\xd0\xcf"}
    )
    assert deliver(tmp_path, {"plan.xlsx": content})[0].files[0].notes == (
        "macros ignored",
    )


def test_hidden_sheets_are_read_last_and_noted(tmp_path: Path) -> None:
    wrong, right = sheet_xml(""), sheet_xml(HEADER + put_row(2, put_text("A2", "P1")))
    for state in ("hidden", "veryHidden"):
        content = raw_workbook(
            sheets={"old": wrong, "data": right}, states={"old": state}
        )
        assert read(tmp_path, content) == [("P1", None, None, 2)]
        content = raw_workbook(
            sheets={"data": wrong, "plan": right}, states={"plan": state}
        )
        notes = deliver(tmp_path, {"plan.xlsx": content})[0].files[0].notes
        assert notes == ("sheet read: plan", "hidden sheet read")


def test_two_sheets_that_could_be_meant_are_refused(tmp_path: Path) -> None:
    right = sheet_xml(HEADER + put_row(2, put_text("A2", "P1")))
    assert (
        why_refused(tmp_path, raw_workbook(sheets={"Plan ": right, "PLAN": right}))
        == "sheet_twice"
    )
    names = {"xl/workbook.xml": _two_sheets("a", "A")}
    assert (
        why_refused(
            tmp_path, raw_workbook(sheets={"a": right, "b": right}, members=names)
        )
        == "xlsx_damaged"
    )


def _two_sheets(*names: str) -> str:
    sheets = "".join(
        f'<sheet name="{name}" sheetId="{i}" r:id="rId{i}"/>'
        for i, name in enumerate(names, 1)
    )
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return f'<workbook xmlns="{MAIN}" xmlns:r="{relations}"><sheets>{sheets}</sheets></workbook>'


@pytest.mark.parametrize(
    ("target", "is_read"),
    [
        ("worksheets/sheet1.xml", True),
        ("/xl/worksheets/sheet1.xml", True),
        ("./worksheets/../worksheets/sheet1.xml", True),
        ("WORKSHEETS/Sheet1.xml", True),
        ("../../../etc/passwd", False),
        ("/etc/passwd", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_a_sheet_is_a_member_of_the_archive_or_none(
    tmp_path: Path, target: str, is_read: bool
) -> None:
    kind = (
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    )
    link = f'<Relationships><Relationship Id="rId1" Type="{kind}" Target="{target}"/></Relationships>'
    content = raw_workbook(
        put_row(2, put_text("A2", "P1")), members={"xl/_rels/workbook.xml.rels": link}
    )
    if is_read:
        assert read(tmp_path, content)
    else:
        assert why_refused(tmp_path, content) == "xlsx_damaged"


def test_members_that_differ_by_case_alone_are_refused(tmp_path: Path) -> None:
    assert (
        why_refused(tmp_path, raw_workbook(members={"XL/workbook.xml": "<a/>"}))
        == "xlsx_damaged"
    )


_LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


@pytest.mark.parametrize(
    "member",
    [
        "xl/workbook.xml",
        "xl/worksheets/sheet1.xml",
        "xl/sharedStrings.xml",
        "xl/styles.xml",
    ],
)
@pytest.mark.parametrize(
    "prologue",
    [
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{_LAUGHS}]>',
        '<!DOCTYPE a [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">',
    ],
)
def test_entities_and_document_types_are_refused(
    tmp_path: Path, member: str, prologue: str
) -> None:
    content = raw_workbook(members={member: f"{prologue}<a>&l9;</a>"})
    assert why_refused(tmp_path, content) == "xlsx_damaged"


# -- work --------------------------------------------------------------------------------------------------------


def _deep() -> str:
    return "<a>" * 400_000


def _wide_cell() -> str:
    return '<c r="A2" ' + " ".join(f'a{i}="e"' for i in range(200_000)) + "/>"


def _cells_that_made_a_pattern_backtrack() -> str:
    return "".join(
        f'<c t="e" {"r" * 50}="{i}" ' + 'b="" ' + "><v>" for i in range(20_000)
    )


def _long_tag() -> str:
    return '<c r="' + "A" * 30_000_000 + '"/>'


def _many_names() -> str:
    return "".join(f"<n{i}/>" for i in range(1_000_000))


def _many_prefixes() -> str:
    return "".join(f'<c xmlns:p{i}="u{i}"/>' for i in range(300_000))


def _long_comment() -> str:
    return "<!--" + "-a" * 15_000_000 + "-->"


HOSTILE = {
    "deep": _deep,
    "wide cell": _wide_cell,
    "backtrack": _cells_that_made_a_pattern_backtrack,
    "long tag": _long_tag,
    "many names": _many_names,
    "many prefixes": _many_prefixes,
    "long comment": _long_comment,
}


def try_hostile(folder: Path) -> dict[str, str]:
    """Deliver every hostile sheet and say why it is refused."""
    sheets = {name: raw_workbook(put_row(2, make())) for name, make in HOSTILE.items()}
    return {
        name: why_refused(folder / name, content, xlsx_ratio=10**9)
        for name, content in sheets.items()
    }


def test_no_sheet_takes_long(tmp_path: Path) -> None:
    assert run_limited("test_sheet_xml", tmp_path) == dict.fromkeys(
        HOSTILE, "xlsx_damaged"
    )
