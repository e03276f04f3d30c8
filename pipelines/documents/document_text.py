"""Reads the words back out of the written documents: Word, page and PDF."""

from __future__ import annotations

import re
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

from docx import Document
from docx.table import Table
from pypdfium2 import PdfDocument

from pipelines.documents.reports.shown import Form

_PAGE_NUMBER = re.compile(r"^- \d+ -$", re.MULTILINE)


def read_document_text(path: Path, form: Form) -> str:
    """Return the words of a document in its order, a paragraph or a cell a line.

    Of a page what stands in `<main>`; of a PDF without the pages' numbers.
    """
    if form is Form.WORD:
        return _read_docx(path)
    if form is Form.PAGE:
        return _read_html(path)
    return _read_pdf(path)


def _read_docx(path: Path) -> str:
    """Return the paragraphs and the cells of tables, in the order of the document."""
    document = Document(str(path))
    lines: list[str] = []
    for item in document.iter_inner_content():
        if isinstance(item, Table):
            for row in item.rows:
                lines += [cell.text for cell in row.cells]
        else:
            lines.append(item.text)

    return "\n".join(lines)


def _read_html(path: Path) -> str:
    page = _MainReader()
    page.feed(path.read_text(encoding="utf-8"))
    return "".join(page.words)


def _read_pdf(path: Path) -> str:
    """Return the words of the pages without the pages' numbers."""
    pages = []
    with closing(PdfDocument(path)) as document:
        for page in document:
            text = page.get_textpage().get_text_range()
            pages.append(text.replace("\r\n", "\n"))
    return _PAGE_NUMBER.sub("", "\n".join(pages))


class _MainReader(HTMLParser):
    """The words of `<main>`.

    A drawing's title and description are told apart from what it shows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open_tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where we are; a cell, a line or a drawing begins a line."""
        if tag in ("main", "svg", "title"):
            self.open_tags.append(tag)
        if "svg" not in self.open_tags or tag == "svg":
            self.words.append("" if tag == "a" else "\n")

    def handle_endtag(self, tag: str) -> None:
        """Note where we are no more."""
        if tag in self.open_tags:
            self.open_tags.remove(tag)
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        """Take the words."""
        if "main" in self.open_tags and "title" not in self.open_tags:
            self.words.append(data)
