"""Every number of every document is traced; wrong ones planted in each format, each language and the register are found."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from pipelines.documents.reports import pdf
from pipelines.documents.reports.lint import (
    Findings,
    find_numbers,
    lint_document,
    lint_documents,
    lint_register,
)
from pipelines.documents.reports.model import Paper, Table
from pipelines.documents.reports.write import (
    make_month_paper,
    make_table_reader,
    write_documents,
)
from tests.support.scored import scored_operator
from tests.support.small import Row

PLANTED = 6  # a format


@cache
def paper(language: str) -> Paper:
    return make_month_paper(scored_operator().version, language, is_draft=True)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    """The documents, by language and ending."""
    version, folder = scored_operator().version, tmp_path_factory.mktemp("lint")
    return {
        language: {
            f.suffix[1:]: f
            for f in write_documents(
                version, folder / language, language, is_draft=True
            )
        }
        for language in ("zh", "en")
    }


def test_every_number_of_every_document_is_traced(
    documents: dict[str, dict[str, Path]],
) -> None:
    read = make_table_reader(scored_operator().version)
    total = Findings(0, 0, ())
    for language, files in documents.items():
        findings = lint_documents(paper(language), files.values(), read)
        assert findings.disagreements == ()
        total += findings
    assert total.found > 5000 and total.traced > 4000
    register = lint_register(paper("en").figures, read)
    assert register.traced > 500, (
        "figures that a table of the month has under the same name"
    )


def test_the_formats_hold_the_same_figures(
    documents: dict[str, dict[str, Path]],
) -> None:
    for language, files in documents.items():
        traced = {
            kind: lint_document(paper(language), f).traced
            for kind, f in files.items()
            if kind != "xlsx"
        }
        assert len(set(traced.values())) == 1 and min(traced.values()) > 150


# -- planted -----------------------------------------------------------------------------------------------------


def another(number: str) -> str:
    """The same number with its last digit one on."""
    place = max(i for i, sign in enumerate(number) if sign.isdigit())
    return f"{number[:place]}{(int(number[place]) + 1) % 10}{number[place + 1 :]}"


def planted_at(count: int, place: int) -> int:
    """Spread the planted errors over a document."""
    return (place * count) // PLANTED


def plant_in_word(source: Path, target: Path, place: int) -> str:
    with ZipFile(source) as old, ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "word/document.xml":
                text = content.decode()
                runs = [
                    m
                    for m in re.finditer(r"(?<=>)[^<>]*\d[^<>]*(?=</w:t>)", text)
                    if re.search(r"\d\.\d\d", m[0])
                ]
                run = runs[planted_at(len(runs), place)]
                number = next(re.finditer(r"[\d,]+\.\d\d", run[0]))
                at = run.start() + number.start()
                content = (
                    text[:at] + another(number[0]) + text[at + len(number[0]) :]
                ).encode()
            new.writestr(name, content)
    return number[0]


def plant_in_page(source: Path, target: Path, place: int) -> str:
    text = source.read_text(encoding="utf-8")
    main = text[: text.index("</main>")]
    found = [*re.finditer(r"(?<=>)-?[\d,]+\.\d\d(?= ?%?<)", main)]
    number = found[planted_at(len(found), place)]
    target.write_text(
        text[: number.start()] + another(number[0]) + text[number.end() :],
        encoding="utf-8",
    )
    return number[0]


def plant_in_pdf(source: Path, target: Path, place: int) -> str:
    """A PDF is set anew from a paper with one wrong number."""
    language = source.parent.name
    of = paper(language)
    section, block, row, cell = [
        (s, b, r, c)
        for s, found in enumerate(of.sections)
        for b, table in enumerate(found.blocks)
        if isinstance(table, Table)
        for r, cells in enumerate(table.rows)
        for c, parts in enumerate(cells)
        if parts[0].figure
    ][place * 7]
    table = of.sections[section].blocks[block]
    assert isinstance(table, Table)
    parts = table.rows[row][cell]
    wrong = (replace(parts[0], text=another(parts[0].text)), *parts[1:])
    cells = (*table.rows[row][:cell], wrong, *table.rows[row][cell + 1 :])
    rows = (*table.rows[:row], cells, *table.rows[row + 1 :])
    blocks = list(of.sections[section].blocks)
    blocks[block] = replace(table, rows=rows)
    sections = list(of.sections)
    sections[section] = replace(sections[section], blocks=tuple(blocks))
    pdf.write_pdf(target, replace(of, sections=tuple(sections)))
    return parts[0].text


def plant_in_annex(source: Path, target: Path, place: int) -> str:
    book = load_workbook(source)
    sheet = book.worksheets[0]
    cells = [
        row[5]
        for row in sheet.iter_rows(min_row=4)
        if isinstance(row[5].value, int | float)
    ]
    cell = cells[planted_at(len(cells), place)]
    wrong, cell.value = cell.value, cell.value + 1
    book.save(target)
    return str(wrong)


PLANTS: dict[str, Callable[[Path, Path, int], str]] = {
    "docx": plant_in_word, "html": plant_in_page, "pdf": plant_in_pdf, "xlsx": plant_in_annex,
}  # fmt: skip


@pytest.mark.parametrize("kind", PLANTS)
def test_every_planted_number_is_found(
    kind: str, documents: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """Six a format and language: forty-eight in all, one at a time."""
    for language, files in documents.items():
        for place in range(PLANTED):
            target = tmp_path / f"{language}{place}.{kind}"
            planted = PLANTS[kind](files[kind], target, place)
            findings = lint_document(paper(language), target)
            assert len(findings.disagreements) == 1, (
                language,
                place,
                planted,
                findings.disagreements,
            )
            told = find_numbers(findings.disagreements[0].wanted)
            # In a drawing what is written beside it is read as one with it.
            wanted = find_numbers(planted)[0].lstrip("-").rstrip("%")
            assert kind == "xlsx" or any(
                one.rstrip("%").endswith(wanted) for one in told
            )


def test_a_number_left_out_and_one_too_many_are_found(
    documents: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    source = documents["en"]["html"].read_text(encoding="utf-8")
    cell = r"(<td data-title=\"[^\"]*\" class=\"n\">)<a [^>]*>[^<]+</a>"
    number = next(re.finditer(cell, source))
    for name, text in (
        ("less", source.replace(number[0], number[1], 1)),
        ("more", source.replace("</main>", "<p>12.34%</p></main>")),
    ):
        target = tmp_path / f"{name}.html"
        target.write_text(text, encoding="utf-8")
        assert len(lint_document(paper("en"), target).disagreements) == 1


@pytest.mark.parametrize("table", ["kpi_monthly", "kpi_trend", "kpi_bridge"])
def test_a_register_that_is_not_the_tables_is_found(table: str) -> None:
    true = make_table_reader(scored_operator().version)
    column = "amount" if table == "kpi_bridge" else "value"

    def read(name: str) -> list[Row]:
        rows = [dict(row) for row in true(name)]
        if name == table:
            row = next(
                r
                for r in rows
                if r["scope_kind"] == "company"
                and r[column]
                and r.get("is_default", True)
            )
            row[column] += Decimal("0.01") if column == "amount" else 1e-6
        return rows

    assert len(lint_register(paper("en").figures, read).disagreements) >= 1


def test_a_figure_that_prints_another_number_is_found() -> None:
    figures = dict(paper("zh").figures)
    name = next(n for n, f in figures.items() if f["unit"] == "ratio")
    figures[name] = figures[name] | {"shown": another(figures[name]["shown"])}
    found = lint_register(figures, make_table_reader(scored_operator().version))
    assert len(found.disagreements) == 1 and found.disagreements[0].place == name


def test_numbers_are_read_as_they_are_printed() -> None:
    text = "81.33\u00a0%，-1,076.83 元（第4），2026-08-31，–，低迁-44.98"
    assert find_numbers(text) == [
        "81.33%",
        "-1,076.83",
        "4",
        "2026",
        "08",
        "31",
        "-44.98",
    ]


def test_an_office_s_template_with_a_number_of_its_own_is_not_sent(
    tmp_path: Path,
) -> None:
    from docx import Document

    from pipelines.core.errors import StorageError
    from pipelines.documents.reports.template import TEMPLATE
    from pipelines.documents.reports.write import export_documents
    from pipelines.store.lake import MonthFolder

    home = tmp_path / "home"
    shutil.copytree(
        scored_operator().home / "months" / "2026-08", home / "months" / "2026-08"
    )
    assert export_documents(
        MonthFolder(home, scored_operator().months[-1]), tmp_path / "out", "en"
    )
    own = Document(str(TEMPLATE))
    own.paragraphs[0].insert_paragraph_before("Card-holding 99.99%")
    (home / "templates").mkdir()
    own.save(str(home / "templates" / "summary.docx"))
    with pytest.raises(StorageError) as caught:
        export_documents(
            MonthFolder(home, scored_operator().months[-1]), tmp_path / "out", "en"
        )
    assert caught.value.facts["wrong"] == 1 and caught.value.facts["found"] == "99.99%"
