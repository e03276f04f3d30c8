"""The editable report: docxtpl fills the template, which the office may have edited.

The same paper gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml import OxmlElement
from docx.shared import Mm, Pt
from docxtpl import DocxTemplate, InlineImage
from jinja2.exceptions import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.documents.reports.fonts import find_chinese_fonts
from pipelines.documents.reports.model import (
    Block,
    Chart,
    Paper,
    Section,
    Table,
    Text,
    join_unbroken_parts,
    list_blocks,
)
from pipelines.documents.reports.pdf import draw_picture
from pipelines.documents.reports.shown import Form, show_paper
from pipelines.documents.reports.template import TEMPLATE
from pipelines.store.files import replacing

_LINE_MM = 156  # between the margins
_FRONT_LINE = Pt(19)
_FRONT_SIZE = Pt(12)
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_CONTENT_TYPES = "[Content_Types].xml"  # Word wants this part first
# What a template that cannot be used raises; of XML that is none, lxml says it with a SyntaxError.
_TEMPLATE_ERRORS = (
    TemplateError,
    PackageNotFoundError,
    BadZipFile,
    KeyError,
    ValueError,
    SyntaxError,
)


def write_docx(path: Path, paper: Paper, template: Path = TEMPLATE) -> None:
    """Write the paper as .docx.

    A chart is a picture, or a table of its figures where the fonts are missing.
    """
    shown = show_paper(paper, Form.WORD).paper
    document = DocxTemplate(template)
    _fill_template(document, shown, template)

    blocks = list_blocks(shown)
    tables = [block for block in blocks if isinstance(block, Table)]
    _dress_tables(document, tables)
    _set_front(document, shown)
    charts = [block for block in blocks if isinstance(block, Chart)]
    _describe_pictures(document, charts)
    _set_properties(document, shown)

    raw = BytesIO()
    document.save(raw)
    content = _pack_undated(raw)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _fill_template(document: DocxTemplate, paper: Paper, template: Path) -> None:
    """Fill a template in; raise SpecError when it cannot be read, or asks for what there is not."""
    sections = []
    for section in paper.sections:
        blocks = [_make_block(document, block) for block in section.blocks]
        sections.append({"title": section.title, "blocks": blocks})

    content = {
        "title": paper.title,
        "said": paper.said,
        "draft": paper.draft,
        "sections": sections,
    }
    try:
        # A template is code: in the sandbox it reaches nothing but these words.
        document.render(content, SandboxedEnvironment(autoescape=True))
    except _TEMPLATE_ERRORS as error:
        why = " ".join(str(error).split())
        raise SpecError("paper.template", file=template, why=why) from error


def _make_block(document: DocxTemplate, block: Block) -> dict[str, object]:
    """Return a block under the names that the template knows."""
    if isinstance(block, Text):
        kind = "blank" if block.is_blank else "text"
        return {"kind": kind, "text": join_unbroken_parts(block.parts)}

    if isinstance(block, Table):
        rows = []
        for row in block.rows:
            rows.append([join_unbroken_parts(cell) for cell in row])
        return {
            "kind": "table",
            "title": block.title,
            "header": block.header,
            "rows": rows,
        }

    fonts = find_chinese_fonts()
    assert fonts is not None, "without them a paper is shown without charts"
    picture = BytesIO(draw_picture(block.svg, fonts))
    image = InlineImage(document, picture, width=Mm(_LINE_MM))
    return {"kind": "chart", "title": block.title, "image": image}


def _set_front(document: DocxTemplate, paper: Paper) -> None:
    """Set the front page closer, and begin a page behind it, however the template heads it."""
    front = paper.list_front()
    if not front:
        return
    front_texts = _list_texts(front)
    titles = [section.title for section in paper.sections]
    behind = titles[len(front) : len(front) + 1]
    for paragraph in document.docx.paragraphs:
        if paragraph.text in behind:
            paragraph.paragraph_format.page_break_before = True
            return
        if paragraph.text in front_texts:
            paragraph.paragraph_format.line_spacing = _FRONT_LINE
            for run in paragraph.runs:
                run.font.size = _FRONT_SIZE


def _list_texts(sections: Iterable[Section]) -> set[str]:
    """Return the titles and paragraphs of sections."""
    texts = set()
    for section in sections:
        texts.add(section.title)
        for block in section.blocks:
            if isinstance(block, Text):
                texts.add(join_unbroken_parts(block.parts))
    return texts


def _dress_tables(document: DocxTemplate, tables: Iterable[Table]) -> None:
    """Set widths and alignment of each table that was drawn."""
    for drawn, table in _match_tables(document, tables):
        _dress_table(drawn, table)


def _dress_table(drawn: Any, table: Table) -> None:
    """Set widths, put numbers to the right, repeat the header on every page, keep rows whole."""
    shares = table.widths or (1,) * len(table.header)
    total = sum(shares)
    widths = [Mm(_LINE_MM * share / total) for share in shares]

    drawn.autofit = False
    columns = drawn._tbl.tblGrid.gridCol_lst
    for column, width in zip(columns, widths, strict=True):
        column.w = width

    for line, row in enumerate(drawn.rows):
        _mark_row(row, "w:tblHeader" if line == 0 else "w:cantSplit")
        for index, cell in enumerate(row.cells):
            cell.width = widths[index]
            if index in table.numeric:
                paragraph = cell.paragraphs[0]
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _match_tables(
    document: DocxTemplate, tables: Iterable[Table]
) -> Iterator[tuple[Any, Table]]:
    """Yield what was drawn of each table.

    An office's template may have tables of its own, a letterhead for example.
    """
    drawn = iter(document.docx.tables)
    for table in tables:
        for candidate in drawn:
            first = [cell.text for cell in candidate.rows[0].cells]
            if first == list(table.header):
                yield candidate, table
                break


def _mark_row(row: Any, name: str) -> None:
    """Set a property of a row that has no value."""
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement(name))


def _describe_pictures(document: DocxTemplate, charts: Iterable[Chart]) -> None:
    """Give each picture its figures in words."""
    for shape, chart in zip(document.docx.inline_shapes, charts, strict=False):
        properties = shape._inline.docPr
        properties.set("descr", chart.description)
        properties.set("title", chart.title)


def _set_properties(document: DocxTemplate, paper: Paper) -> None:
    """Say what the file is; it is dated by the month, not by the clock."""
    day = Month.parse(paper.month).plus(1).first_day
    made = datetime(day.year, day.month, day.day)
    properties = document.docx.core_properties
    properties.title = paper.title
    properties.author = ""
    properties.last_modified_by = ""
    properties.created = made
    properties.modified = made
    properties.revision = 1
    properties.comments = paper.draft


def _pack_undated(raw: BytesIO) -> bytes:
    """Pack the parts anew in order and without the clock's time."""
    packed = BytesIO()
    with ZipFile(raw) as source, ZipFile(packed, "w", ZIP_DEFLATED) as target:
        others = sorted(name for name in source.namelist() if name != _CONTENT_TYPES)
        for name in [_CONTENT_TYPES, *others]:
            undated = ZipInfo(name, _NO_DATE)
            target.writestr(undated, source.read(name), ZIP_DEFLATED)
    return packed.getvalue()
