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

from pipelines.documents.reports.managers import GRID
from pipelines.documents.reports.model import EMPTY, NO_BREAK, Paper
from pipelines.documents.reports.pdf_text import pdf_text
from pipelines.documents.reports.shown import Form, show_paper
from pipelines.text.texts import labels
from pipelines.text.units import exact, in_words

Row = dict[str, Any]
# A minus is a sign only where it joins no two numbers: 2026-08 is two of them.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])-?\d[\d,]*(?:\.\d+)?(?: ?%)?|\d[\d,]*(?:\.\d+)?(?: ?%)?")
_PAGE = re.compile(r"^- \d+ -$", re.MULTILINE)
REGISTER = "report_figure"


@dataclass(frozen=True)
class Number:
    """A number as it is printed, where, and the figure it is; None where a date, a rank's word or a definition has it."""

    text: str
    place: str
    figure: str | None = None


@dataclass(frozen=True)
class Disagreement:
    """Where a document, or the register, has another number than it should; a dash where one of the two has none."""

    file: str
    place: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.found} ≠ {self.wanted}"


@dataclass(frozen=True)
class Findings:
    """How many numbers were found, how many of them are figures of the register, and what disagrees."""

    found: int
    traced: int
    disagreements: tuple[Disagreement, ...]

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            self.found + other.found,
            self.traced + other.traced,
            self.disagreements + other.disagreements,
        )


def lint_documents(
    paper: Paper, files: Iterable[Path], read: Callable[[str], Sequence[Row]]
) -> Findings:
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
        Disagreement(REGISTER, row["figure"], str(row["number"]), str(tabled))
        for row, tabled in known
        if abs(tabled - row["number"]) > Decimal("1e-11")
    ]
    wrong += [
        Disagreement(REGISTER, name, row["shown"], in_words(row["number"], row["unit"]))
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
        yield (
            f"{row['step']}:bridge:{row['scope_kind']}:{row['scope_id']}:{row['month']}",
            exact(row["amount"]),
        )


# -- a document against the paper --------------------------------------------------------------------------------


def lint_document(paper: Paper, file: Path) -> Findings:
    """Compare a document's numbers with the paper's, in order; the annex's with the register, figure by figure."""
    if file.suffix == ".xlsx":
        return _lint_annex(paper, file)
    wanted = list(_numbers_of(paper, Form(file.suffix)))
    found = numbers(READERS[file.suffix](file))
    matcher = SequenceMatcher(None, _texts(wanted), found, autojunk=False)
    wrong, traced = [], 0
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            traced += sum(number.figure is not None for number in wanted[i1:i2])
        else:
            place = _place_in(wanted, i1)
            wrong.append(
                Disagreement(
                    file.name, place, _first_of(found[j1:j2]), _first_of(_texts(wanted[i1:i2]))
                )
            )
    return Findings(len(found), traced, tuple(wrong))


def numbers(text: str) -> list[str]:
    """Return the numbers of a text as they are printed."""
    return [re.sub(r"\s+", "", number) for number in _NUMBER.findall(text.replace(NO_BREAK, " "))]


def _numbers_of(paper: Paper, form: Form) -> Iterator[Number]:
    """Yield the numbers that a document of this form shows of the paper, in its order."""
    for word in show_paper(paper, form).words:
        for text in numbers(word.part.text):
            yield Number(text, word.place, word.part.figure)


def _place_in(wanted: Sequence[Number], at: int) -> str:
    """Say where a number of the paper stands; of what comes behind its last one, where that one stands."""
    number = wanted[min(at, len(wanted) - 1)]
    return f"{number.place} ({number.figure})" if number.figure else number.place


def _texts(wanted: Sequence[Number]) -> list[str]:
    return [number.text for number in wanted]


def _first_of(texts: Sequence[str]) -> str:
    """Return the first of some numbers, and that there are more; a dash where there is none."""
    return f"{texts[0]} …" if len(texts) > 1 else texts[0] if texts else EMPTY


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
    return "".join(page.words)


def _read_pdf(path: Path) -> str:
    return _PAGE.sub("", pdf_text(path))


READERS: dict[str, Callable[[Path], str]] = {
    ".docx": _read_docx,
    ".html": _read_html,
    ".pdf": _read_pdf,
}


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
        if (
            figure is None
            or shown != figure["shown"]
            or in_words(float(str(value)), figure["unit"]) != shown
        ):
            wanted = figure["shown"] if figure else EMPTY
            wrong.append(Disagreement(file.name, str(name), f"{value} ({shown})", wanted))
    wrong += [
        Disagreement(file.name, name, EMPTY, figure["shown"])
        for name, figure in paper.figures.items()
        if name not in seen
    ]
    grid = _lint_grid(paper, file, book)
    return Findings(2 * len(seen), 2 * len(seen), tuple(wrong)) + grid


def _lint_grid(paper: Paper, file: Path, book: CalamineWorkbook) -> Findings:
    """Compare the cells of a sheet with a row a manager, if there is one, with the figures of their places."""
    title = labels(paper.language)["sheet.managers"]
    rows = (
        book.get_sheet_by_name(title).to_python(skip_empty_area=False)
        if title in book.sheet_names
        else []
    )
    managers = {row["scope_id"] for row in paper.figures.values() if row["scope_kind"] == "manager"}
    wrong, found = [], 0
    for row in rows:
        for (topic, measure), cell in (
            zip(GRID, row[2:], strict=False) if row[1] in managers else ()
        ):
            name = f"{measure}:{topic}:manager:{row[1]}:{paper.month}"
            wanted = str(float(paper.figures[name]["number"])) if name in paper.figures else ""
            found += cell != ""
            if str(cell) != wanted:
                wrong.append(Disagreement(file.name, name, str(cell) or EMPTY, wanted or EMPTY))
    return Findings(found, found - len(wrong), tuple(wrong))
