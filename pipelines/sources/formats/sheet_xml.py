"""What calamine does not tell: cells of a worksheet's XML that need care, and how far the sheet reaches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from posixpath import join, normpath
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

from pipelines.sources.delivery import NO_CACHED_VALUE, FileRefused, Limits
from pipelines.sources.formats.archive import Archive

_SMALL = 16 << 20  # bytes of workbook.xml beyond which it is no list of sheets
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REF = re.compile(rb"(?<![A-Za-z:])r\s*=\s*[\"']([A-Za-z]{0,7})(\d{1,12})[\"']")  # of a cell, or of a row
_ERROR = re.compile(
    rb"<(?:\w+:)?c\s(?=[^>]*\bt=\"e\")[^>]*\br=\"([A-Z]+)(\d+)\"[^>]*>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]*)<",
    re.DOTALL,
)
_UNCOMPUTED = re.compile(
    rb"<(?:\w+:)?c\s[^>]*\br=\"([A-Z]+)(\d+)\"[^>]*>\s*<(?:\w+:)?f(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_NOTES = {
    "hidden rows read": (b"hidden", re.compile(rb"<(?:\w+:)?row\b[^>]*\shidden=\"(?:1|true)\"")),
    "hidden columns read": (b"hidden", re.compile(rb"<(?:\w+:)?col\b[^>]*\shidden=\"(?:1|true)\"")),
    "merged cells: only the first holds the value": (b"mergeCell", re.compile(rb"<(?:\w+:)?mergeCell\b")),
    "filtered rows read": (b"filterColumn", re.compile(rb"<(?:\w+:)?filterColumn\b")),
}


@dataclass(frozen=True)
class Workbook:
    """Sheet names with their XML members, in order, and whether days count from 1904."""

    sheets: dict[str, str]
    is_1904: bool


@dataclass
class SheetScan:
    """What one pass over a worksheet's XML found; cells by (row, column), both from 0."""

    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    notes: set[str] = field(default_factory=set)
    last_row: int = 0
    last_column: int = 0


def read_workbook(archive: Archive) -> Workbook:
    """Read the list of worksheets; raise FileRefused for a zip that is no workbook."""
    book = _parse(archive, "xl/workbook.xml")
    links = {link.get("Id"): link.get("Target", "") for link in _parse(archive, "xl/_rels/workbook.xml.rels")}
    found = [
        (
            sheet.get("state", "visible") != "visible",
            sheet.get("name", ""),
            _member(links.get(sheet.get(_RELATION), "")),
        )
        for sheet in book.iter()
        if sheet.tag.endswith("}sheet")
    ]
    found.sort(key=lambda sheet: sheet[0])  # a hidden sheet is read only when no visible one stands before it
    sheets = {name: member for _, name, member in found if member in archive.members and "worksheets/" in member}
    properties = next((item for item in book.iter() if item.tag.endswith("}workbookPr")), None)
    is_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    return Workbook(sheets, is_1904)


def scan_sheet(archive: Archive, member: str, limits: Limits) -> SheetScan:
    """Find error cells, formulas without a result, hidden and merged rows; refuse a sheet that spans too far.

    calamine allots the whole rectangle up to the last cell, so one cell in the far corner would take all memory.
    """
    scan = SheetScan()
    for block in _whole_cells(archive.inflate(member)):
        _scan_block(block, scan)
        if (scan.last_row + 1) * (scan.last_column + 1) > limits.xlsx_cells:
            raise FileRefused("sheet_too_large", file=archive.name, limit=f"{limits.xlsx_cells:,}")
    return scan


def _scan_block(block: bytes, scan: SheetScan) -> None:
    refs = _REF.findall(block)
    if refs:
        scan.last_row = max(scan.last_row, *(int(row) for row in {row for _, row in refs}))
        scan.last_column = max(scan.last_column, *(_column_index(c.decode()) for c in {c for c, _ in refs}))
    if b't="e"' in block:
        for letters, row, text in _ERROR.findall(block):
            scan.cells[_position(letters, row)] = unescape(text.decode("utf-8", "replace"))
    if b"<f" in block or b":f" in block:
        for letters, row in _UNCOMPUTED.findall(block):
            scan.cells[_position(letters, row)] = NO_CACHED_VALUE
    scan.notes.update(note for note, (word, pattern) in _NOTES.items() if word in block and pattern.search(block))


def _position(letters: bytes, row: bytes) -> tuple[int, int]:
    return int(row) - 1, _column_index(letters.decode())


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def _whole_cells(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the XML before a row or a cell, so that no cell is torn in two."""
    rest = b""
    for block in blocks:
        block = rest + block
        cut = max(block.rfind(b"<c "), block.rfind(b"<row "), 0) or max(block.rfind(b"<"), 0)
        rest = block[cut:]
        if cut:
            yield block[:cut]
    yield rest


def _parse(archive: Archive, member: str) -> ElementTree.Element:
    info = archive.members.get(member)
    if info is None or info.file_size > _SMALL:
        raise FileRefused("xlsx_damaged", file=archive.name, detail=member)
    data = archive.read(member)
    try:
        if b"<!DOCTYPE" in data:
            raise FileRefused("xlsx_damaged", file=archive.name, detail=f"{member}: DOCTYPE")
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise FileRefused("xlsx_damaged", file=archive.name, detail=member) from error


def _member(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
