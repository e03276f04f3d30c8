"""What a document shows of a paper: what its writer draws and what the lint reads there are made here, by one function.

A chart is a drawing whose words can be read (page, PDF), a picture (Word), or its figures as a small table (Word where
the fonts are missing).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipelines.documents.reports.fonts import chinese_fonts
from pipelines.documents.reports.model import Block, Chart, Paper, Part, Section, Table, Text

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
    """A paper as a document of one form has it: `paper` is drawn, and then `words` can be read there, in this order."""

    paper: Paper
    words: tuple[Word, ...]


def show_paper(paper: Paper, form: Form) -> Shown:
    """Return what a document of this form shows of a paper on this machine."""
    has_tables = form is Form.WORD and chinese_fonts() is None
    sections = [
        replace(s, blocks=tuple(_with_tables(s.blocks))) if has_tables else s
        for s in paper.sections
    ]
    shown = replace(paper, sections=tuple(sections))
    return Shown(shown, tuple(_read_paper(shown, form)))


def _with_tables(blocks: Sequence[Block]) -> Iterator[Block]:
    """Put a chart's figures in its place, but for a table that stands there already."""
    known = {block.rows for block in blocks if isinstance(block, Table)}
    for block in blocks:
        if not isinstance(block, Chart):
            yield block
        elif block.figures.rows not in known:
            yield block.figures


def _read_paper(paper: Paper, form: Form) -> Iterator[Word]:
    for line in (paper.draft, paper.title, *paper.said):
        yield Word(paper.title, Part(line))
    for section in paper.sections:
        yield Word(section.title, Part(section.title))
        for block in section.blocks:
            place = _place_of(section, block)
            yield from (Word(place, part) for part in _read_block(block, form))


def _place_of(section: Section, block: Block) -> str:
    return section.title if isinstance(block, Text) else f"{section.title}, {block.title}"


def _read_block(block: Block, form: Form) -> Iterator[Part]:
    if isinstance(block, Text):
        yield from block.parts
    elif isinstance(block, Table):
        yield from (Part(block.title), *map(Part, block.header))
        yield from (part for row in block.rows for cell in row for part in cell)
    elif form is Form.PAGE:  # the caption stands under the drawing
        yield from (_read_drawing(block), Part(block.title))
    elif form is Form.PDF:
        yield from (Part(block.title), _read_drawing(block))
    else:
        yield Part(block.title)


def _read_drawing(chart: Chart) -> Part:
    """Return the words of a drawing as one run: its readers cannot tell them apart."""
    return Part("".join(html.unescape(text) for text in _SVG_TEXT.findall(chart.svg)))
