"""The reading copy: Typst sets the paper as PDF, and charts as pictures for Word. The same paper gives the same bytes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import typst

from pipelines.channels.papers.model import Chart, Paper, Table, Text, unbroken
from pipelines.store.files import replacing

SOURCE = Path(__file__).with_name("summary.typ")
# The first that is installed sets Chinese; the server need not have the office's fonts.
SERIF = ("Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC", "FangSong", "SimSun", "Noto Sans CJK SC")
_PICTURE = b'#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg")'
_SHARP = 220  # pixels an inch


@cache
def chinese_font() -> str | None:
    """Return the font that sets Chinese on this machine; None where there is none."""
    families = set(typst.Fonts().families())
    return next((name for name in SERIF if name in families), None)


def write_pdf(path: Path, paper: Paper) -> None:
    """Write the paper as PDF; the machine has a Chinese font."""
    inputs = {"paper": json.dumps(_content(paper), ensure_ascii=False)}
    done: Any = typst.compile(SOURCE.read_bytes(), format="pdf", sys_inputs=inputs)
    with replacing(path) as temporary:
        temporary.write_bytes(done)


def draw_picture(svg: str) -> bytes:
    """Return a chart as PNG."""
    picture: Any = typst.compile(_PICTURE, format="png", ppi=_SHARP, sys_inputs={"svg": svg})
    return bytes(picture if isinstance(picture, bytes) else picture[0])


def _content(paper: Paper) -> dict[str, Any]:
    sections = [{"title": s.title, "blocks": [_block(b) for b in s.blocks]} for s in paper.sections]
    head = {"title": paper.title, "said": paper.said, "draft": paper.draft, "sections": sections}
    return head | {"language": paper.language, "fonts": ["Libertinus Serif", chinese_font() or SERIF[0]]}


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
