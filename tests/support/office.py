"""The office in tests: a released town, its workbooks filled in, and what the office holds afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from console.database import open_office
from pipelines.core.month import Month
from pipelines.documents.workbooks.columns import CORRECTED_COLUMNS
from pipelines.documents.workbooks.export import export_month
from pipelines.jobs.run import release_month
from pipelines.returns.filled import Return, read_return
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import load_labels
from tests.support.small import KEY, MONTH, Row, Town, job, own_settings, run_town

HEADER = 3  # the line of the titles, counted from one


def released_town(home: Path, town: Town, **settings: Any) -> MonthFolder:
    """Run a town's month and release it; nobody is held out unless the settings say so."""
    run_town(home, town, **({"holdout_share": 0} | settings))
    release_month(job(home, None, town.month, **settings))
    return MonthFolder(home, town.month)


def exported(
    home: Path, out: Path, language: str = "zh", month: Month = MONTH
) -> dict[str, Path]:
    """Export a month's workbooks as the tests' key signs them; by the desk in their name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETENTION_SECRET_KEY", KEY)
        files = export_month(MonthFolder(home, month), out, language)
    return {file.stem.rsplit("_", 1)[-1]: file for file in files}


def rows_of(path: Path, language: str = "zh") -> Iterator[Row]:
    """The rows of a work list by column name."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    names = {
        load_labels(language)[c.name]: c.name
        for c in CORRECTED_COLUMNS
        if c.name in load_labels(language)
    }
    titles = [names.get(str(cell.value), str(cell.value)) for cell in sheet[HEADER]]
    for line in sheet.iter_rows(min_row=HEADER + 1, values_only=True):
        yield dict(zip(titles, line, strict=True))


Answers = Mapping[str, Mapping[str, object]]


def fill(
    path: Path,
    answers: Answers,
    language: str = "zh",
    edit: Callable[[Any], object] | None = None,
) -> Path:
    """Fill in a workbook by header name: customer id to inputs, outcomes as codes; then edit its first sheet."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    words = load_labels(language)
    places = {cell.value: cell.column for cell in sheet[HEADER]}
    for line in range(HEADER + 1, sheet.max_row + 1):
        answer = answers.get(sheet.cell(line, places[words["customer_id"]]).value, {})
        for name, value in answer.items():
            text = words[f"outcome.{value}"] if name == "outcome" else value
            sheet.cell(line, places[words[name]]).value = text
    if edit:
        edit(sheet)
    book.save(path)
    return path


def taken(home: Path, path: Path) -> Any:
    """Take a file back into a home's office and return the receipt."""
    open_office(home, own_settings())
    from console.returns import take_answers_back

    return take_answers_back(reading(path), "test")


def reading(path: Path) -> Return:
    """Read a file that came back, signed with the tests' key."""
    return read_return(path, KEY.encode())


def answers_of(home: Path) -> list[Row]:
    """Every answer the office holds, with its customer."""
    open_office(home, own_settings())
    from console.models import Answer
    from console.persons.notes import NOTE, open_words

    names = (
        "order__customer_id",
        "outcome",
        "contacted_on",
        "promised_amount",
        "promised_on",
        "note",
    )
    rows = []
    for row in Answer.objects.order_by("pk").values(*names):
        answer = {name.removeprefix("order__"): value for name, value in row.items()}
        answer["note"] = open_words(answer["customer_id"], NOTE, answer["note"])
        rows.append(answer)
    return rows
