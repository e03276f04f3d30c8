"""What a document shows of a paper.

What its writer draws and what the lint reads there are made here, by one function. A chart is a
drawing whose words can be read (page, PDF), a picture (Word), or its figures as a small table (Word
where the fonts are missing).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipelines.documents.reports.fonts import find_chinese_fonts
from pipelines.documents.reports.model import (
    Block,
    Chart,
    Paper,
    Part,
    Section,
    Table,
    Text,
)

_SVG_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


class Form(StrEnum):
    """A form of document, by the ending of its files."""

    WORD = ".docx"
    PAGE = ".html"
    PDF = ".pdf"


@dataclass(frozen=True)
class Word:
    """A run of text that can be read in a document, and under which heading it stands."""

    place: str
    part: Part


@dataclass(frozen=True)
class Shown:
    """A paper as a document of one form has it.

    `paper` is drawn, and then `words` can be read there, in this order.
    """

    paper: Paper
    words: tuple[Word, ...]


def show_paper(paper: Paper, form: Form) -> Shown:
    """Return what a document of this form shows of a paper on this machine."""
    shown = paper
    if form is Form.WORD and find_chinese_fonts() is None:
        sections = []
        for section in paper.sections:
            blocks = tuple(_replace_charts(section.blocks))
            sections.append(replace(section, blocks=blocks))
        shown = replace(paper, sections=tuple(sections))
    return Shown(shown, tuple(_read_paper(shown, form)))


def _replace_charts(blocks: Sequence[Block]) -> Iterator[Block]:
    """Put a chart's figures in its place, but for a table that stands there already."""
    known = {block.rows for block in blocks if isinstance(block, Table)}
    for block in blocks:
        if not isinstance(block, Chart):
            yield block
        elif block.figures.rows not in known:
            yield block.figures


def _read_paper(paper: Paper, form: Form) -> Iterator[Word]:
    """Yield the words of a paper in the order that its documents have them."""
    for line in (paper.draft, paper.title, *paper.said):
        yield Word(paper.title, Part(line))
    for section in paper.sections:
        yield Word(section.title, Part(section.title))
        for block in section.blocks:
            heading = _find_heading(section, block)
            for part in _read_block(block, form):
                yield Word(heading, part)


def _find_heading(section: Section, block: Block) -> str:
    """Return under which heading a block stands."""
    if isinstance(block, Text):
        return section.title
    return f"{section.title}, {block.title}"


def _read_block(block: Block, form: Form) -> Iterator[Part]:
    """Yield the words that can be read of a block in a document of this form."""
    if isinstance(block, Text):
        yield from block.parts
    elif isinstance(block, Table):
        yield from _read_table(block)
    elif form is Form.PAGE:
        # The caption stands under the drawing, whose words its reader cannot tell apart.
        drawn = "".join(_read_drawing(block))
        yield Part(drawn)
        yield Part(block.title)
    elif form is Form.PDF:
        yield Part(block.title)
        for text in _read_drawing(block):
            yield Part(text)
    else:
        yield Part(block.title)


def _read_table(table: Table) -> Iterator[Part]:
    """Yield title, header and cells, row by row."""
    yield Part(table.title)
    for title in table.header:
        yield Part(title)
    for row in table.rows:
        for cell in row:
            yield from cell


def _read_drawing(chart: Chart) -> list[str]:
    """Return the words of a drawing, in the order they are drawn."""
    return [html.unescape(text) for text in _SVG_TEXT.findall(chart.svg)]
