"""The reading copy: Typst sets the paper as PDF, and charts as pictures for Word.

The same paper gives the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst

from pipelines.documents.reports.fonts import ChineseFonts, find_chinese_fonts
from pipelines.documents.reports.model import (
    Block,
    Chart,
    Paper,
    Text,
    join_unbroken_parts,
)
from pipelines.documents.reports.shown import Form, show_paper
from pipelines.store.files import replacing

SOURCE = Path(__file__).with_name("summary.typ")
_PICTURE = (
    b"#set page(width: auto, height: auto, margin: 0pt)\n"
    b'#image(bytes(sys.inputs.svg), format: "svg")'
)
_PIXELS_PER_INCH = 220


def write_pdf(path: Path, paper: Paper) -> bool:
    """Write the paper as PDF and return whether there is one.

    Without the fonts that set Chinese there is none.
    """
    fonts = find_chinese_fonts()
    if fonts is None:
        return False
    content = _make_content(show_paper(paper, Form.PDF).paper)
    content["serif"] = fonts.serif
    content["sans"] = fonts.sans
    inputs = {"paper": json.dumps(content, ensure_ascii=False)}
    document = _compile_typst(SOURCE.read_bytes(), "pdf", inputs, fonts)
    with replacing(path) as temporary:
        temporary.write_bytes(document)
    return True


def draw_picture(svg: str, fonts: ChineseFonts) -> bytes:
    """Return a chart as PNG."""
    return _compile_typst(_PICTURE, "png", {"svg": svg}, fonts)


def _compile_typst(
    source: bytes, form: Any, inputs: dict[str, str], fonts: ChineseFonts
) -> bytes:
    """Return what Typst makes of a source, of a picture its one page."""
    compiled: Any = typst.compile(
        source,
        format=form,
        ppi=_PIXELS_PER_INCH,
        sys_inputs=inputs,
        font_paths=fonts.found,
        ignore_system_fonts=True,
    )
    return bytes(compiled if isinstance(compiled, bytes) else compiled[0])


def _make_content(paper: Paper) -> dict[str, object]:
    """Return the paper under the names that `summary.typ` knows."""
    sections = []
    front = paper.list_front()
    for section in paper.sections:
        blocks = [_make_block(block) for block in section.blocks]
        sections.append(
            {
                "title": section.title,
                "blocks": blocks,
                "ends_page": section.ends_page,
                "is_front": section in front,
            }
        )

    return {
        "title": paper.title,
        "said": paper.said,
        "draft": paper.draft,
        "sections": sections,
        "language": paper.language,
    }


def _make_block(block: Block) -> dict[str, object]:
    """Return a block under the names that `summary.typ` knows."""
    if isinstance(block, Text):
        kind = "blank" if block.is_blank else "text"
        return {"kind": kind, "text": join_unbroken_parts(block.parts)}

    if isinstance(block, Chart):
        return {
            "kind": "chart",
            "title": block.title,
            "svg": block.svg,
            "told": block.description,
        }

    columns = range(len(block.header))
    return {
        "kind": "table",
        "title": block.title,
        "header": block.header,
        "rows": [[join_unbroken_parts(cell) for cell in row] for row in block.rows],
        "aligns": ["right" if index in block.numeric else "left" for index in columns],
        "widths": block.widths or [1] * len(block.header),
    }
