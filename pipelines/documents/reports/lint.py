"""Reads every number back out of the written documents and asks where it comes from.

Two questions: does the register of figures say what the month's tables say, and does each document
show, number by number and in order, what the paper made of the register says there? A number that
stands nowhere in the paper, stands for another one, or is not there, is a disagreement. The page is
read as far as the paper goes (`<main>`); the tables below it are the month's intake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from pathlib import Path

from python_calamine import CalamineWorkbook

from pipelines.catalogue.figure_rows import (
    FigureRow,
    Figures,
    KpiRow,
    TrendRow,
    build_figure_id,
    name_topic,
)
from pipelines.catalogue.outputs import (
    COMPLAINT_TOPIC,
    find_multiplier,
    find_topic_unit,
    list_kpi_topics,
)
from pipelines.core.month import Month
from pipelines.documents.document_text import read_document_text
from pipelines.documents.reports.manager_book import list_grid_columns
from pipelines.documents.reports.model import EMPTY, NO_BREAK, Paper
from pipelines.documents.reports.rows import (
    BridgeRow,
    PlaceRow,
    ReadTable,
    WeekRow,
)
from pipelines.documents.reports.shown import Form, show_paper
from pipelines.text.texts import load_labels
from pipelines.text.units import format_figure, make_exact

# A minus is a sign only where it joins no two numbers: 2026-08 is two of them.
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])-?\d+(?:,\d{3})*(?:\.\d+)?(?: ?%)?"  # -1,076.83 or 81.33%
    r"|\d+(?:,\d{3})*(?:\.\d+)?(?: ?%)?"  # the same without a sign, behind a letter or a number
)
_TOLERANCE = Decimal("1e-11")  # the register keeps twelve decimals, a table doubles
REGISTER = "report_figure"


@dataclass(frozen=True)
class Number:
    """A number as it is printed, where, and the figure it is.

    `figure` is None where a date, a rank's word or a definition has it.
    """

    text: str
    place: str
    figure: str | None = None


@dataclass(frozen=True)
class Disagreement:
    """Where a document, or the register, has another number than it should.

    `found` or `wanted` is a dash where there is none.
    """

    file: str
    place: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.found} ≠ {self.wanted}"


@dataclass(frozen=True)
class Findings:
    """How many numbers were found, how many are figures of the register, and what disagrees."""

    found: int
    traced: int
    disagreements: tuple[Disagreement, ...]

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            self.found + other.found,
            self.traced + other.traced,
            self.disagreements + other.disagreements,
        )


def lint_documents(paper: Paper, files: Iterable[Path], read: ReadTable) -> Findings:
    """Lint the register against the month's tables and each document against the paper."""
    findings = lint_register(paper.figures, read)
    for file in files:
        findings += lint_document(paper, file)
    return findings


# -- the register ------------------------------------------------------------------------------


def lint_register(figures: Figures, read: ReadTable) -> Findings:
    """Compare the figures with the tables they are of, and what is printed with the number."""
    wrong: list[Disagreement] = []
    known: set[str] = set()
    for name, tabled in _read_tabled_numbers(read):
        if name not in figures:
            continue
        known.add(name)
        registered = figures[name]["number"]
        if abs(tabled - registered) > _TOLERANCE:
            wrong.append(Disagreement(REGISTER, name, str(registered), str(tabled)))

    for name, row in figures.items():
        wanted = format_figure(row["number"], row["unit"])
        if wanted != row["shown"]:
            wrong.append(Disagreement(REGISTER, name, row["shown"], wanted))

    return Findings(len(figures), len(known), tuple(wrong))


def _read_tabled_numbers(read: ReadTable) -> Iterator[tuple[str, Decimal]]:
    """Yield ids of figures with the number that a table of the month has for them."""
    yield from _read_kpi_numbers(read("kpi_monthly"))
    yield from _read_trend_numbers(read("kpi_trend"))
    yield from _read_bridge_numbers(read("kpi_bridge"))
    yield from _read_week_numbers(read("report_complaint_week"))
    yield from _read_place_numbers(read("dispatch_capacity"))


def _read_kpi_numbers(rows: Sequence[KpiRow]) -> Iterator[tuple[str, Decimal]]:
    """Yield the numbers of `kpi_monthly`, each by its figure's id."""
    for row in rows:
        numbers_by_measure = {
            "value": row["value"],
            "target": row["target"],
            "gap": row["gap"],
            "rank": row["rank"],
            "numerator": row["numerator"],
            "denominator": row["denominator"],
        }
        for measure, number in numbers_by_measure.items():
            if number is not None:
                yield _name_kpi_figure(measure, row, row["month"]), make_exact(number)

        numerator = row["numerator"]
        multiplier = _find_row_multiplier(row)
        if numerator is not None and multiplier != 1:
            figure_id = _name_kpi_figure("stated_numerator", row, row["month"])
            yield figure_id, numerator / multiplier


def _find_row_multiplier(row: KpiRow) -> int:
    """Return what the numerator of a KPI's row was multiplied by for its unit."""
    topic = name_topic(row)
    if topic not in list_kpi_topics():  # of a KPI that is no more
        return 1
    return find_multiplier(find_topic_unit(topic), Month.parse(row["month"]))


def _read_week_numbers(rows: Sequence[WeekRow]) -> Iterator[tuple[str, Decimal]]:
    """Yield what the bulletin of complaints prints of each week."""
    for row in rows:
        numbers = {
            "complaint_count": row["complaint_count"],
            "expected": row["expected"],
            "upper_limit": row["upper_limit"],
        }
        for measure, number in numbers.items():
            if number is not None:
                week = row["week_begins_on"].isoformat()
                figure_id = build_figure_id(
                    measure, COMPLAINT_TOPIC, row["scope_kind"], row["scope_id"], week
                )
                yield figure_id, make_exact(number)


def _read_place_numbers(rows: Sequence[PlaceRow]) -> Iterator[tuple[str, Decimal]]:
    """Yield the places for orders, and what one more is worth."""
    for row in rows:
        numbers = {
            "capacity": Decimal(row["capacity"]),
            "used_count": Decimal(row["used_count"]),
            "left_count": Decimal(row["left_count"]),
            "shadow_price_amount": row["shadow_price_amount"],
        }
        for measure, number in numbers.items():
            figure_id = build_figure_id(
                measure, "capacity", row["scope_kind"], row["scope_id"], row["month"]
            )
            yield figure_id, number


def _read_trend_numbers(rows: Sequence[TrendRow]) -> Iterator[tuple[str, Decimal]]:
    """Yield the values of `kpi_trend` in the months they are of."""
    for row in rows:
        value = row["value"]
        if value is not None:
            figure_id = _name_kpi_figure("value", row, row["seen_month"])
            yield figure_id, make_exact(value)


def _name_kpi_figure(measure: str, row: KpiRow | TrendRow, month: str) -> str:
    """Return how the register calls a measure of a KPI's row."""
    topic = name_topic(row)
    return build_figure_id(measure, topic, row["scope_kind"], row["scope_id"], month)


def _read_bridge_numbers(rows: Sequence[BridgeRow]) -> Iterator[tuple[str, Decimal]]:
    """Yield the amounts of `kpi_bridge`."""
    for row in rows:
        figure_id = build_figure_id(
            row["step"], "bridge", row["scope_kind"], row["scope_id"], row["month"]
        )
        yield figure_id, make_exact(row["amount"])


# -- a document against the paper --------------------------------------------------------------


def lint_document(paper: Paper, file: Path) -> Findings:
    """Compare a document's numbers with the paper's, in order.

    Those of a workbook with the register, figure by figure.
    """
    if file.suffix == ".xlsx":
        return _lint_workbook(paper, file)

    form = Form(file.suffix)
    wanted = list(_list_shown_numbers(paper, form))
    wanted_texts = [number.text for number in wanted]
    found_texts = find_numbers(read_document_text(file, form))

    wrong: list[Disagreement] = []
    traced = 0
    matcher = SequenceMatcher(None, wanted_texts, found_texts, autojunk=False)
    for kind, wanted_from, wanted_to, found_from, found_to in matcher.get_opcodes():
        if kind == "equal":
            for number in wanted[wanted_from:wanted_to]:
                traced += number.figure is not None
            continue

        wrong.append(
            Disagreement(
                file=file.name,
                place=_describe_place(wanted, wanted_from),
                found=_name_first(found_texts[found_from:found_to]),
                wanted=_name_first(wanted_texts[wanted_from:wanted_to]),
            )
        )

    return Findings(len(found_texts), traced, tuple(wrong))


def find_numbers(text: str) -> list[str]:
    """Return the numbers of a text as they are printed."""
    found = _NUMBER.findall(text.replace(NO_BREAK, " "))
    return [re.sub(r"\s+", "", number) for number in found]


def _list_shown_numbers(paper: Paper, form: Form) -> Iterator[Number]:
    """Yield the numbers that a document of this form shows of the paper, in its order."""
    for word in show_paper(paper, form).words:
        for text in find_numbers(word.part.text):
            yield Number(text, word.place, word.part.figure)


def _describe_place(wanted: Sequence[Number], index: int) -> str:
    """Say where a number of the paper stands.

    Of what comes behind its last one, where that one stands.
    """
    number = wanted[min(index, len(wanted) - 1)]
    if number.figure:
        return f"{number.place} ({number.figure})"
    return number.place


def _name_first(texts: Sequence[str]) -> str:
    """Return the first of some numbers, and that there are more; a dash where there is none."""
    if not texts:
        return EMPTY
    if len(texts) > 1:
        return f"{texts[0]} …"
    return texts[0]


# -- a workbook against the register -----------------------------------------------------------


def _lint_workbook(paper: Paper, file: Path) -> Findings:
    """Compare each figure's row: what it prints, and what its number comes to in its unit."""
    words = load_labels(paper.language)
    name_title = words["figure"]
    book = CalamineWorkbook.from_path(str(file))
    sheet = book.get_sheet_by_name(words["sheet.figures"])
    rows = sheet.to_python(skip_empty_area=False)
    header_line = next(line for line, row in enumerate(rows) if name_title in row)
    header = rows[header_line]
    name_at = header.index(name_title)
    value_at = header.index(words["value"])
    shown_at = header.index(words["shown"])

    wrong: list[Disagreement] = []
    seen = set()
    for row in rows[header_line + 1 :]:
        name = str(row[name_at])
        value = row[value_at]
        shown = row[shown_at]
        seen.add(name)
        figure = paper.figures.get(name)
        wanted = _find_other_wanted(figure, value, shown)
        if wanted is not None:
            found = f"{value} ({shown})"
            wrong.append(Disagreement(file.name, name, found, wanted))

    for name, figure in paper.figures.items():
        if name not in seen:
            wrong.append(Disagreement(file.name, name, EMPTY, figure["shown"]))

    count = 2 * len(seen)  # each row says its number and what is printed
    of_figures = Findings(count, count, tuple(wrong))
    return of_figures + _lint_grid(paper, file, book)


def _find_other_wanted(
    figure: FigureRow | None, value: object, shown: object
) -> str | None:
    """Return what a row should print; None where it does, and its number comes to the same."""
    if figure is None:
        return EMPTY
    wanted = figure["shown"]
    number = format_figure(float(str(value)), figure["unit"])
    if shown == wanted == number:
        return None
    return wanted


def _lint_grid(paper: Paper, file: Path, book: CalamineWorkbook) -> Findings:
    """Compare the cells of a sheet with a row a manager, if there is one, with their figures."""
    title = load_labels(paper.language)["sheet.managers"]
    if title not in book.sheet_names:
        return Findings(0, 0, ())

    sheet = book.get_sheet_by_name(title)
    managers = _list_managers(paper.figures)
    wrong: list[Disagreement] = []
    found = 0
    for row in sheet.to_python(skip_empty_area=False):
        _, manager, *cells = row
        if manager not in managers:
            continue

        for (topic, measure), cell in zip(list_grid_columns(), cells, strict=False):
            name = build_figure_id(measure, topic, "manager", str(manager), paper.month)
            wanted = _write_number(paper.figures, name)
            shown = str(cell)
            if shown:
                found += 1

            if shown != wanted:
                wrong.append(
                    Disagreement(
                        file=file.name,
                        place=name,
                        found=shown or EMPTY,
                        wanted=wanted or EMPTY,
                    )
                )

    return Findings(found, found - len(wrong), tuple(wrong))


def _list_managers(figures: Figures) -> set[str]:
    """Return the managers who have a figure."""
    managers = set()
    for row in figures.values():
        if row["scope_kind"] == "manager":
            managers.add(row["scope_id"])
    return managers


def _write_number(figures: Figures, name: str) -> str:
    """Return a figure's number as a cell has it; empty where there is none."""
    if name not in figures:
        return ""
    number = float(figures[name]["number"])
    return str(number)
