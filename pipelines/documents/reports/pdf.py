"""The reading copy: Typst sets the paper as PDF, and charts as pictures for Word. The same paper gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst

from pipelines.documents.reports.fonts import ChineseFonts, chinese_fonts
from pipelines.documents.reports.model import Chart, Paper, Table, Text, unbroken
from pipelines.documents.reports.shown import Form, show_paper
from pipelines.store.files import replacing

SOURCE = Path(__file__).with_name("summary.typ")
_PICTURE = b'#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg")'
_SHARP = 220  # pixels an inch


def write_pdf(path: Path, paper: Paper) -> bool:
    """Write the paper as PDF and return whether there is one: without the fonts that set Chinese there is none."""
    fonts = chinese_fonts()
    if fonts is None:
        return False
    content = _content(show_paper(paper, Form.PDF).paper) | {
        "serif": fonts.serif,
        "sans": fonts.sans,
    }
    inputs = {"paper": json.dumps(content, ensure_ascii=False)}
    done = _compile(SOURCE.read_bytes(), "pdf", inputs, fonts)
    with replacing(path) as temporary:
        temporary.write_bytes(done)
    return True


def draw_picture(svg: str, fonts: ChineseFonts) -> bytes:
    """Return a chart as PNG."""
    return _compile(_PICTURE, "png", {"svg": svg}, fonts)


def _compile(source: bytes, form: Any, inputs: dict[str, str], fonts: ChineseFonts) -> bytes:
    done: Any = typst.compile(
        source,
        format=form,
        ppi=_SHARP,
        sys_inputs=inputs,
        font_paths=fonts.found,
        ignore_system_fonts=True,
    )
    return bytes(done if isinstance(done, bytes) else done[0])


def _content(paper: Paper) -> dict[str, Any]:
    sections = [{"title": s.title, "blocks": [_block(b) for b in s.blocks]} for s in paper.sections]
    head = {"title": paper.title, "said": paper.said, "draft": paper.draft, "sections": sections}
    return head | {"language": paper.language}


def _block(block: Text | Table | Chart) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"kind": "blank" if block.is_blank else "text", "text": unbroken(block.parts)}
    if isinstance(block, Chart):
        return {"kind": "chart", "title": block.title, "svg": block.svg, "told": block.description}
    rows = [[unbroken(cell) for cell in row] for row in block.rows]
    aligns = ["right" if place in block.numeric else "left" for place in range(len(block.header))]
    widths = block.widths or [1] * len(block.header)
    return {"kind": "table", "title": block.title, "header": block.header, "rows": rows, "aligns": aligns,
            "widths": widths}  # fmt: skip
