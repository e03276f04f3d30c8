"""Reads every number back out of the written documents and asks where it comes from.

Two questions: does the register of figures say what the month's tables say, and does each document show, number by
number and in order, what the paper made of the register says there? A number that stands nowhere in the paper, stands
for another one, or is not there, is a disagreement. The page is read as far as the paper goes (`<main>`); the tables
below it are the month's intake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from docx import Document
from docx.table import Table as DocxTable
from python_calamine import CalamineWorkbook

from pipelines.channels.papers.managers import GRID
from pipelines.channels.papers.model import NO_BREAK, Block, Chart, Paper, Part, Table
from pipelines.channels.papers.pdf_text import pdf_text
from pipelines.words.texts import labels
from pipelines.words.units import exact, in_words

Row = dict[str, Any]
# A minus is a sign only where it joins no two numbers: 2026-08 is two of them.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])-?\d[\d,]*(?:\.\d+)?(?: ?%)?|\d[\d,]*(?:\.\d+)?(?: ?%)?")
_PAGE = re.compile(r"^- \d+ -$", re.MULTILINE)
_SVG_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


@dataclass(frozen=True)
class Number:
    """A number as it is printed, and the figure it is; None where a date, a rank's word or a definition has it."""

    text: str
    figure: str | None = None


@dataclass(frozen=True)
class Findings:
    """How many numbers were found, how many of them are figures of the register, and what disagrees."""

    found: int
    traced: int
    disagreements: tuple[str, ...]

    def __add__(self, other: Findings) -> Findings:
        return Findings(self.found + other.found, self.traced + other.traced, self.disagreements + other.disagreements)


def lint_documents(paper: Paper, files: Iterable[Path], read: Callable[[str], Sequence[Row]]) -> Findings:
    """Lint the register against the month's tables and each document against the paper."""
    findings = lint_register(paper.figures, read)
    for file in files:
        findings += lint_document(paper, file)
    return findings


# -- the register ------------------------------------------------------------------------------------------------


def lint_register(figures: Mapping[str, Row], read: Callable[[str], Sequence[Row]]) -> Findings:
    """Compare the figures with the tables they are of, and what is printed with the number."""
    known = [(figures[name], tabled) for name, tabled in _tabled(read) if name in figures]
    wrong = [
        f"{row['figure']}: {row['number']} for {tabled}"
        for row, tabled in known
        if abs(tabled - row["number"]) > Decimal("1e-11")
    ]
    wrong += [
        f"{name}: prints {row['shown']} for {row['number']}"
        for name, row in figures.items()
        if in_words(row["number"], row["unit"]) != row["shown"]
    ]
    return Findings(len(figures), len({row["figure"] for row, _ in known}), tuple(wrong))


def _tabled(read: Callable[[str], Sequence[Row]]) -> Iterator[tuple[str, Decimal]]:
    """Yield ids of figures with the number that a table of the month has for them."""
    for row in read("kpi_monthly"):
        for measure in ("value", "target", "gap", "rank", "numerator", "denominator"):
            if row[measure] is not None:
                where = f"{row['scope_kind']}:{row['scope_id']}:{row['month']}"
                yield f"{measure}:{row['kpi']}.{row['variant']}:{where}", exact(row[measure])
    for row in read("kpi_trend"):
        if row["value"] is not None:
            where = f"{row['scope_kind']}:{row['scope_id']}:{row['seen_month']}"
            yield f"value:{row['kpi']}.{row['variant']}:{where}", exact(row["value"])
    for row in read("kpi_bridge"):
        yield f"{row['step']}:bridge:{row['scope_kind']}:{row['scope_id']}:{row['month']}", exact(row["amount"])


# -- a document against the paper --------------------------------------------------------------------------------


def lint_document(paper: Paper, file: Path) -> Findings:
    """Compare a document's numbers with the paper's, in order; the annex's with the register, figure by figure."""
    if file.suffix == ".xlsx":
        return _lint_annex(paper, file)
    has_drawn_text = file.suffix in (".pdf", ".html")
    wanted = list(_numbers_of(paper, has_drawn_text))
    found = numbers(READERS[file.suffix](file))
    matcher = SequenceMatcher(None, [number.text for number in wanted], found, autojunk=False)
    wrong, traced = [], 0
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            traced += sum(number.figure is not None for number in wanted[i1:i2])
        else:
            told = ", ".join(f"{number.text} ({number.figure or '-'})" for number in wanted[i1:i2])
            wrong.append(f"{file.name}: {', '.join(found[j1:j2]) or 'nothing'} for {told or 'nothing'}")
    return Findings(len(found), traced, tuple(wrong))


def numbers(text: str) -> list[str]:
    """Return the numbers of a text as they are printed."""
    return [re.sub(r"\s+", "", number) for number in _NUMBER.findall(text.replace(NO_BREAK, " "))]


def _numbers_of(paper: Paper, has_drawn_text: bool) -> Iterator[Number]:
    for line in (paper.draft, paper.title, *paper.said):
        yield from _in((Part(line),))
    for section in paper.sections:
        yield from _in((Part(section.title),))
        for block in section.blocks:
            yield from _of_block(block, has_drawn_text)


def _of_block(block: Block, has_drawn_text: bool) -> Iterator[Number]:
    if isinstance(block, Chart):
        yield from _in((Part(block.title),))
        if has_drawn_text:
            yield from (Number(text) for text in numbers("".join(_SVG_TEXT.findall(block.svg))))
    elif isinstance(block, Table):
        yield from _in([Part(block.title), *map(Part, block.header)])
        for row in block.rows:
            yield from (number for cell in row for number in _in(cell))
    else:
        yield from _in(block.parts)


def _in(parts: Sequence[Part]) -> Iterator[Number]:
    yield from (Number(text, part.figure) for part in parts for text in numbers(part.text))


# -- readers -----------------------------------------------------------------------------------------------------


def _read_docx(path: Path) -> str:
    document = Document(str(path))
    lines = []
    for item in document.iter_inner_content():
        if isinstance(item, DocxTable):
            lines += [cell.text for row in item.rows for cell in row.cells]
        else:
            lines.append(item.text)
    return "\n".join(lines)


class _Main(HTMLParser):
    """The words of `<main>`; a drawing's title and description are told apart from what it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where we are; a cell, a line or a drawing begins a line."""
        if tag in ("main", "svg", "title"):
            self.open.append(tag)
        if "svg" not in self.open or tag == "svg":
            self.words.append("" if tag == "a" else "\n")

    def handle_endtag(self, tag: str) -> None:
        """Note where we are no more."""
        if tag in self.open:
            self.open.remove(tag)
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        """Take the words."""
        if "main" in self.open and "title" not in self.open:
            self.words.append(data)


def _read_html(path: Path) -> str:
    page = _Main()
    page.feed(path.read_text(encoding="utf-8"))
    # In a page the drawing stands before its caption, in a paper the title before the drawing; both hold no number.
    return "".join(page.words)


def _read_pdf(path: Path) -> str:
    return _PAGE.sub("", pdf_text(path))


READERS: dict[str, Callable[[Path], str]] = {".docx": _read_docx, ".html": _read_html, ".pdf": _read_pdf}


def _lint_annex(paper: Paper, file: Path) -> Findings:
    """Compare each figure's row: what it prints, and what its number comes to in its unit."""
    words = labels(paper.language)
    book = CalamineWorkbook.from_path(str(file))
    rows = book.get_sheet_by_name(words["sheet.figures"]).to_python(skip_empty_area=False)
    header = next(place for place, row in enumerate(rows) if words["figure"] in row)
    at = {name: rows[header].index(words[name]) for name in ("figure", "value", "shown")}
    wrong, seen = [], set()
    for row in rows[header + 1 :]:
        name, value, shown = (row[at[n]] for n in ("figure", "value", "shown"))
        figure = paper.figures.get(str(name))
        seen.add(name)
        if figure is None or shown != figure["shown"] or in_words(float(str(value)), figure["unit"]) != shown:
            wrong.append(f"{file.name}: {value} ({shown}) for {name}")
    wrong += [f"{file.name}: nothing for {name}" for name in paper.figures if name not in seen]
    grid = _lint_grid(paper, file, book)
    return Findings(2 * len(seen), 2 * len(seen), tuple(wrong)) + grid


def _lint_grid(paper: Paper, file: Path, book: CalamineWorkbook) -> Findings:
    """Compare the cells of a sheet with a row a manager, if there is one, with the figures of their places."""
    title = labels(paper.language)["sheet.managers"]
    rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False) if title in book.sheet_names else []
    managers = {row["scope_id"] for row in paper.figures.values() if row["scope_kind"] == "manager"}
    wrong, found = [], 0
    for row in rows:
        for (topic, measure), cell in zip(GRID, row[2:], strict=False) if row[1] in managers else ():
            name = f"{measure}:{topic}:manager:{row[1]}:{paper.month}"
            wanted = str(float(paper.figures[name]["number"])) if name in paper.figures else ""
            found += cell != ""
            if str(cell) != wanted:
                wrong.append(f"{file.name}: {cell or 'nothing'} for {name}")
    return Findings(found, found - len(wrong), tuple(wrong))
