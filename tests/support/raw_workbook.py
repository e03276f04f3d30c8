"""Workbooks written by hand, member by member, as no library would write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>plan_id</t></is></c><c r="B1" t="inlineStr"><is><t>name</t></is></c>'
    '<c r="C1" t="inlineStr"><is><t>monthly_fee</t></is></c></row>'
)


def put_row(number: int, *cells: str) -> str:
    """A row of cells given as XML."""
    return f'<row r="{number}">{"".join(cells)}</row>'


def put_text(place: str, text: str) -> str:
    """A cell of text."""
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def sheet_xml(
    rows: str, namespace: str = MAIN, before: str = "", after: str = ""
) -> str:
    """A worksheet."""
    return f'<worksheet xmlns="{namespace}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def raw_workbook(
    rows: str = "",
    sheets: Mapping[str, str] | None = None,
    members: Mapping[str, str | bytes] | None = None,
    is_strict: bool = False,
    states: Mapping[str, str] | None = None,
) -> bytes:
    """A workbook of one sheet of plans under a right header, or of whole sheets by name; `members` replace or add."""
    main, relations = (STRICT, _STRICT_RELATIONS) if is_strict else (MAIN, _RELATIONS)
    sheets = sheets or {"plan": sheet_xml(HEADER + rows, main)}
    names = [
        f'<sheet name="{name}" sheetId="{i}" {_state(states, name)} r:id="rId{i}"/>'
        for i, name in enumerate(sheets, 1)
    ]
    links = [
        f'<Relationship Id="rId{i}" Type="{relations}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    ]
    links += [
        f'<Relationship Id="s{kind}" Type="{relations}/{kind}" Target="{kind}.xml"/>'
        for kind in ("sharedStrings", "styles")
    ]
    content: dict[str, str | bytes] = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{relations}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>{"".join(names)}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{"".join(links)}</Relationships>',
    }
    content |= {
        f"xl/worksheets/sheet{i}.xml": xml for i, xml in enumerate(sheets.values(), 1)
    }
    content |= members or {}
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in content.items():
            file.writestr(name, data)
    return sink.getvalue()


def _state(states: Mapping[str, str] | None, name: str) -> str:
    return f'state="{states[name]}"' if states and name in states else ""
