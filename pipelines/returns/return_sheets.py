"""The sheets of a filled workbook or CSV: columns by their titles, in whatever language they are.

Cells stay as they were typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.core.contract import Column, Table
from pipelines.core.names import show_name
from pipelines.documents.workbooks.columns import WORK_LIST_COLUMNS
from pipelines.sources.operator.batches.part import Part
from pipelines.sources.operator.delivery import FAULT, LINE, FileRefused, Limits
from pipelines.sources.operator.formats import xlsx_file
from pipelines.sources.operator.formats.csv_file import open_csv
from pipelines.sources.operator.header import (
    TITLE_ROWS,
    find_header_row,
    fold_name,
)
from pipelines.sources.operator.staging import Staged, stage_files
from pipelines.text.texts import LANGUAGES, load_labels

ORDER_ID = re.compile(r"([0-9]{4})(0[1-9]|1[0-2])-\w+")
INPUTS = tuple(column.name for column in WORK_LIST_COLUMNS if column.is_input)
_NEEDED = ("order_id", "outcome")
# The kinds of file by how their names end.
_KINDS = {
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".csv": "csv",
    ".txt": "csv",
    ".csv.gz": "csv.gz",
}
# Why a sheet is no work list in one language, and may be one in another.
_ELSEWHERE = (
    "source.no_header",
    "source.wrong_sheet",
    "source.missing_column",
    "source.wrong_delimiter",
)


@dataclass(frozen=True)
class TitleForm:
    """One way the titles may be written: in a language, or as the contract has them.

    `names` are the columns by folded title; `language` is empty for the contract's own.
    """

    language: str
    names: Mapping[str, str]

    def make_table(self, sheet: str) -> Table:
        """Return the form as a table that the readers of deliveries know."""
        dates = {column.name for column in WORK_LIST_COLUMNS if column.kind == "date"}
        columns = []
        for title, name in self.names.items():
            kind = "date" if name in dates else "text"
            columns.append(Column(title, kind, name in _NEEDED))
        return Table(sheet, (), tuple(columns))


@dataclass(frozen=True)
class ReturnLine:
    """A line of a sheet: its number, what is wrong with its form, its cells by column."""

    number: int
    fault: str | None
    cells: dict[str, str]

    @property
    def order_id(self) -> str:
        """The order it answers; empty where it names none."""
        return self.cells.get("order_id", "").strip()

    def is_answered(self) -> bool:
        """Whether anything was filled in."""
        return any(self.cells.get(name) for name in INPUTS)


@dataclass(frozen=True)
class ReturnSheet:
    """A sheet of orders: the language of its titles, which columns it has, and its lines."""

    language: str
    columns: frozenset[str]
    lines: Sequence[ReturnLine]


@dataclass(frozen=True)
class ReturnSheets:
    """What was read of a file: its hash, whether it is a CSV, and its sheets, at least one."""

    sha256: str
    is_csv: bool
    sheets: Sequence[ReturnSheet]


@cache
def _make_forms() -> tuple[TitleForm, ...]:
    """Return every way the titles may be written, languages first."""
    names = [column.name for column in WORK_LIST_COLUMNS]
    forms = []
    for language in reversed(LANGUAGES):
        titles = load_labels(language)
        forms.append(
            TitleForm(language, {fold_name(titles[name]): name for name in names})
        )
    return (*forms, TitleForm("", {name: name for name in names}))


def read_sheets(path: Path, limits: Limits) -> ReturnSheets:
    """Read every sheet of a file that is a work list: people split their work.

    Raise FileRefused when there is none, or the file cannot be read.
    """
    kind = _find_kind(path)
    with TemporaryDirectory(prefix="return-") as folder:
        (staged,) = stage_files([(path, kind)], Path(folder) / "in", limits)
        sheets = _read_staged(staged, limits)
    return ReturnSheets(staged.sha256, staged.kind == "csv", sheets)


def _find_kind(path: Path) -> str:
    """Return the kind of a file by its name; raise FileRefused for any other."""
    name = path.name.lower()
    for ending, kind in _KINDS.items():
        if name.endswith(ending):
            return kind
    raise FileRefused("not_a_return", file=show_name(path.name))


def _read_staged(staged: Staged, limits: Limits) -> list[ReturnSheet]:
    """Return the sheets that are work lists; raise FileRefused where there is none."""
    refusals: list[FileRefused] = []
    sheets = []
    for name, forms in _choose_forms(staged, limits).items():
        sheet = _read_sheet(staged, name, forms, limits, refusals)
        if sheet is not None:
            sheets.append(sheet)

    if sheets:
        return sheets

    for (
        refusal
    ) in refusals:  # a column that was lost says more than that there are no titles
        if refusal.key == "source.missing_column":
            raise refusal

    raise FileRefused("no_order_titles", file=staged.name)


def _choose_forms(staged: Staged, limits: Limits) -> dict[str, Sequence[TitleForm]]:
    """Return the forms that the titles of each sheet may have; of a CSV, and of one sheet, all.

    The heads of all sheets are read at once: what is no work list is not opened once a form.
    """
    if staged.kind == "csv":
        return {"work_list": _make_forms()}
    heads = xlsx_file.read_sheets(staged, limits, TITLE_ROWS + 1)
    if len(heads) == 1:
        return dict.fromkeys(heads, _make_forms())

    chosen: dict[str, Sequence[TitleForm]] = {}
    for name, head in heads.items():
        chosen[name] = [
            form
            for form in _make_forms()
            if find_header_row(head, form.make_table(name)) is not None
        ]
    return chosen


def _read_sheet(
    staged: Staged,
    sheet: str,
    forms: Sequence[TitleForm],
    limits: Limits,
    refusals: list[FileRefused],
) -> ReturnSheet | None:
    """Read a sheet in the language of its titles.

    None where it is no work list; why in each language is added to `refusals`.
    """
    open_part = open_csv if staged.kind == "csv" else xlsx_file.open_xlsx
    for form in forms:
        try:
            part = open_part(staged, form.make_table(sheet), limits)
        except FileRefused as refusal:
            if refusal.key not in _ELSEWHERE:
                raise
            refusals.append(refusal)
        else:
            columns = {
                form.names[title] for title in part.schema.names if title in form.names
            }
            # Read now: the next sheet is spooled to the same place.
            lines = list(_read_lines(part, form))
            return ReturnSheet(form.language, frozenset(columns), lines)

    return None


def _read_lines(part: Part, form: TitleForm) -> Iterator[ReturnLine]:
    """Yield the lines that name an order or were filled in."""
    titles = [title for title in part.schema.names if title in form.names]
    for batch in part.read():
        for row in batch.to_pylist():
            cells = {form.names[title]: row[title] or "" for title in titles}
            line = ReturnLine(row[LINE], row[FAULT], cells)
            if cells.get("order_id") or line.is_answered():
                yield line
