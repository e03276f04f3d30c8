"""Draw the template of the summary anew: `python -m pipelines.documents.reports.template`.

The page is GB/T 9704: A4, margins 37, 35, 28 and 26 mm, 22 lines a page, title 22 pt 小标宋, body
16 pt 仿宋, heads 黑体. These fonts are not free and lie on the office's machines: they are named,
not embedded. The office may edit the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

TEMPLATE = Path(__file__).with_name("summary.docx")
LINE = Pt(28)
# The fonts: for Latin letters, for text, titles, what is said under them, and heads.
_LATIN = "Times New Roman"
_FANG_SONG = "仿宋_GB2312"
_XIAO_BIAO_SONG = "方正小标宋简体"
_KAI = "楷体_GB2312"
_HEI = "黑体"
_THEMES = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")

# The paragraphs by style, down to the table that a block may be.
_BEFORE_TABLE = (
    ("Paper Draft", "{%p if draft %}"),
    ("Paper Draft", "{{ draft }}"),
    ("Paper Draft", "{%p endif %}"),
    ("Paper Title", "{{ title }}"),
    ("Paper Said", "{%p for line in said %}"),
    ("Paper Said", "{{ line }}"),
    ("Paper Said", "{%p endfor %}"),
    ("Paper Text", "{%p for section in sections %}"),
    ("Heading 1", "{{ section.title }}"),
    ("Paper Text", "{%p for block in section.blocks %}"),
    ("Paper Text", "{%p if block.kind == 'text' %}"),
    ("Paper Text", "{{ block.text }}"),
    ("Paper Text", "{%p elif block.kind == 'blank' %}"),
    ("Paper Text", "{{ block.text }}"),
    ("Paper Text", ""),
    ("Paper Text", "{%p elif block.kind == 'chart' %}"),
    ("Paper Caption", "{{ block.title }}"),
    ("Paper Drawing", "{{ block.image }}"),
    ("Paper Text", "{%p else %}"),
    ("Paper Caption", "{{ block.title }}"),
)
_BEHIND_TABLE = ("{%p endif %}", "{%p endfor %}", "{%p endfor %}")
# The lines of the table: docxtpl repeats its cells and rows.
_TABLE_LINES = (
    ("{%tc for name in block.header %}", "{{ name }}", "{%tc endfor %}"),
    ("{%tr for row in block.rows %}", "", ""),
    ("{%tc for cell in row %}", "{{ cell }}", "{%tc endfor %}"),
    ("{%tr endfor %}", "", ""),
)
_PAGE_NUMBER = (
    ("text", "- "),
    ("begin", ""),
    ("code", "PAGE"),
    ("end", ""),
    ("text", " -"),
)


def draw_template(path: Path) -> None:
    """Write the template of the summary."""
    document = Document()
    page = document.sections[0]
    _set_page(page)
    _set_styles(document)
    _say_language(document)

    for style, text in _BEFORE_TABLE:
        document.add_paragraph(text, style=style)
    _add_table(document)
    for text in _BEHIND_TABLE:
        document.add_paragraph(text, style="Paper Text")

    _number_pages(page)
    document.core_properties.author = ""
    document.save(str(path))


def _set_page(section: Any) -> None:
    """Set the size, the margins and the lines of the page."""
    section.page_width = Mm(210)
    section.page_height = Mm(297)
    section.top_margin = Mm(37)
    section.bottom_margin = Mm(35)
    section.left_margin = Mm(28)
    section.right_margin = Mm(26)
    section.footer_distance = Mm(28)

    grid = OxmlElement("w:docGrid")
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), "579")
    properties = section._sectPr
    for old in properties.findall(qn("w:docGrid")):
        properties.remove(old)
    properties.append(grid)


def _set_styles(document: Any) -> None:
    """Set the styles that the paragraphs of the template name."""
    centre = WD_ALIGN_PARAGRAPH.CENTER
    _set_style(document, "Normal", _FANG_SONG, 16)
    _set_style(
        document,
        "Paper Title",
        _XIAO_BIAO_SONG,
        22,
        align=centre,
        line=Pt(36),
        after=12,
    )
    _set_style(document, "Paper Said", _KAI, 12, align=centre, line=Pt(20))
    _set_style(document, "Paper Text", _FANG_SONG, 16, line=LINE, indent=Pt(32))
    _set_style(
        document,
        "Paper Caption",
        _HEI,
        12,
        align=centre,
        line=Pt(22),
        before=8,
        keep=True,
    )
    _set_style(document, "Paper Drawing", _FANG_SONG, 10.5, align=centre)

    cell = _set_style(document, "Paper Cell", _FANG_SONG, 9, line=Pt(13))
    _take_off_grid(cell)

    draft = _set_style(document, "Paper Draft", _HEI, 14, align=centre, line=LINE)
    draft.font.color.rgb = RGBColor(0xC0, 0, 0)

    heading = _set_style(
        document, "Heading 1", _HEI, 16, line=LINE, before=10, keep=True
    )
    heading.font.color.rgb = RGBColor(0, 0, 0)
    heading.font.bold = False


def _set_style(
    document: Any,
    name: str,
    font: str,
    size: float,
    *,
    align: Any = None,
    line: Any = None,
    before: float = 0,
    after: float = 0,
    indent: Any = None,
    keep: bool = False,
) -> Any:
    """Set a paragraph style and return it; sizes and spaces are in points.

    `font` is the one for Chinese.
    """
    styles = document.styles
    if name not in styles:
        styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style = styles[name]
    style.font.name = _LATIN
    style.font.size = Pt(size)

    # Without the East Asian font named Word takes another one for Chinese.
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in _THEMES:
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), font)

    shape = style.paragraph_format
    shape.alignment = align
    shape.space_before = Pt(before)
    shape.space_after = Pt(after)
    shape.first_line_indent = indent
    shape.keep_with_next = keep
    if line is not None:
        shape.line_spacing = line
    return style


def _take_off_grid(style: Any) -> None:
    """Let a table's lines be closer than the 22 of the page."""
    snap = OxmlElement("w:snapToGrid")
    snap.set(qn("w:val"), "0")
    properties = style.element.get_or_add_pPr()
    # The order that Word wants.
    properties.insert_element_before(snap, "w:spacing", "w:ind", "w:jc")


def _say_language(document: Any) -> None:
    """Say that the East Asian text is simplified Chinese.

    Else its marks are set as in Taiwan or Japan.
    """
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")


def _add_table(document: Any) -> None:
    """Add a table of as many columns as the header has."""
    table = document.add_table(rows=4, cols=3, style="Table Grid")
    for line, texts in enumerate(_TABLE_LINES):
        for column, text in enumerate(texts):
            cell = table.cell(line, column)
            paragraph = cell.paragraphs[0]
            paragraph.style = document.styles["Paper Cell"]
            run = paragraph.add_run(text)
            run.bold = line == 0 or None


def _number_pages(section: Any) -> None:
    """Put "- 1 -" under each page."""
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for kind, text in _PAGE_NUMBER:
        run = paragraph.add_run(text if kind == "text" else "")
        run.font.size = Pt(14)
        # The number is a field: where it begins, what it says, where it ends.
        if kind in ("begin", "end"):
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
        elif kind == "code":
            code = OxmlElement("w:instrText")
            code.text = text
            run._r.append(code)


if __name__ == "__main__":
    draw_template(TEMPLATE)
