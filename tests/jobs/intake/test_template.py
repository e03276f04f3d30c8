"""The empty form: what it writes is a delivery, and its mapping is one."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from pipelines.catalogue.contract_texts import EXAMPLE_MONTH
from pipelines.cli import app
from pipelines.core.contract import load_contract
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.jobs.intake.template import write_template
from pipelines.sources import open_source
from pipelines.sources.operator.mapping import load_mapping

MONTH = Month.parse(EXAMPLE_MONTH)


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("form")
    write_template(folder)
    return folder


def test_the_form_has_a_file_and_a_sheet_for_every_table(form: Path) -> None:
    assert {path.stem for path in form.glob("*.csv")} == set(load_contract())
    book = openpyxl.load_workbook(form / "delivery.xlsx")
    assert book.sheetnames == list(load_contract())
    for table in load_contract().values():
        names = [cell.value for cell in book[table.name][4]]
        assert names == [column.name for column in table.columns]
        assert (
            book[table.name].max_row == 6
        )  # two meanings, Chinese headers, names, two examples


def test_headers_alone_mean_none_and_hold_every_column(
    form: Path, tmp_path: Path
) -> None:
    shutil.copytree(
        form,
        tmp_path / "source" / str(MONTH),
        ignore=shutil.ignore_patterns("*.xlsx", "*.yml", "example"),
    )
    deliveries = open_source(tmp_path / "source").extract(MONTH, tmp_path / "out")
    assert {(d.state, d.missing, d.unknown) for d in deliveries} == {("empty", (), ())}


def test_the_example_is_read_whole_as_files_and_as_a_workbook(
    form: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    (source / str(MONTH)).mkdir(parents=True)
    shutil.copy(form / "delivery.xlsx", source / str(MONTH))
    lines = [f"{table}: {{file: delivery.xlsx}}" for table in load_contract()]
    (source / "mapping.yml").write_text("\n".join(lines), encoding="utf-8")
    for folder in (form / "example", source):
        deliveries = open_source(folder).extract(MONTH, tmp_path / "out")
        assert {(d.state, d.rows, d.missing) for d in deliveries} == {
            ("present", 2, ())
        }


def test_the_mapping_form_says_nothing_until_it_is_filled_in_and_then_holds(
    form: Path, tmp_path: Path
) -> None:
    assert load_mapping(form / "mapping.yml").tables == {}
    text = (form / "mapping.yml").read_text(encoding="utf-8")
    body = [line.removeprefix("#") for line in text.splitlines()[3:]]
    (tmp_path / "mapping.yml").write_text("\n".join(body), encoding="utf-8")
    mapping = load_mapping(tmp_path / "mapping.yml")
    assert list(mapping.tables) == list(load_contract())
    for name, own in mapping.tables.items():
        assert list(own.columns.values()) == [
            column.name for column in load_contract()[name].columns
        ]


def test_nothing_is_overwritten(form: Path) -> None:
    result = CliRunner().invoke(app, ["template", str(form)])
    assert (
        isinstance(result.exception, UsageError)
        and result.exception.key == "template.there"
    )
