"""Workbooks and CSV of any name, encoding and program are taken, or refused by name.

The edits of `edits.py` go through LibreOffice as well where it is installed.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from pipelines.core.names import show_name
from pipelines.documents.workbooks.columns import WORK_LIST_COLUMNS
from pipelines.sources.operator.delivery import FileRefused
from tests.e2e.returns.edits import (
    ALL,
    EDITS,
    WORDS,
    Edit,
    as_told,
    cell,
    edited,
    judged,
    other_sheet_first,
    rename_and_move,
    split_on_two_sheets,
)
from tests.support.office import reading, rows_of, taken
from tests.support.small import KEY


@pytest.mark.parametrize(
    "name",
    [
        b"\xff\xfe.xlsx",
        b"a\nb.xlsx",
        "\u202egpj.xlsx".encode(),
        b"-x.xlsx",
        "张三".encode("gbk") + b".xlsx",
        b"\xff" * 250 + b".xlsx",
    ],
    ids=["bytes", "line break", "direction", "like an option", "gbk", "long"],
)
def test_a_file_of_any_name_is_taken_and_its_refused_rows_go_back(
    sent: dict[str, Path], office: Path, home: Path, tmp_path: Path, name: bytes
) -> None:
    path = tmp_path / os.fsdecode(name)
    made = edited(sent, EDITS[0], tmp_path)
    book = openpyxl.load_workbook(made)
    cell(book.worksheets[0], "ann", "contacted_on").value = "nonsense"
    book.save(made)
    made.rename(path)
    command: list[str | bytes | Path] = [
        sys.executable,
        "-m",
        "pipelines",
        "outcomes",
        "--json",
        "--home",
        office,
        "--out",
        tmp_path / "out",
        "--by",
        b"\xffme",
    ]
    env = {**os.environ, "RETENTION_SECRET_KEY": KEY, "RETENTION_DEMONSTRATION": "true"}
    done = subprocess.run(
        [*command, "--", path], capture_output=True, env=env, check=False
    )
    assert done.returncode == 12, done.stderr.decode()
    (told,) = json.loads(done.stdout.decode())
    assert told["file"] == show_name(path.name)[-255:]
    assert (told["accepted"], len(told["refused"])) == (ALL - 1, 1)
    assert Path(told["corrected"]).is_file()


@pytest.mark.parametrize("thing", ["is_special", "is_folder", "link_dangling"])
def test_what_is_no_file_is_refused_and_holds_back_no_other(
    sent: dict[str, Path], office: Path, tmp_path: Path, thing: str
) -> None:
    path = tmp_path / "back.xlsx"
    if thing == "is_special":
        os.mkfifo(path)
    elif thing == "is_folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    with pytest.raises(FileRefused, match=thing):
        reading(path)


def test_sheets_whose_names_differ_by_blanks_alone_are_both_read(
    sent: dict[str, Path], office: Path, tmp_path: Path
) -> None:
    path = edited(sent, EDITS[0], tmp_path)
    book = openpyxl.load_workbook(path)
    first = book.worksheets[0]
    first.title = "Sheet1"
    second = book.copy_worksheet(first)
    second.title = "Sheet 1"
    for sheet, others in ((first, ("ann", "bob")), (second, ("cat", "dan", "eve"))):
        for who in others:
            sheet.delete_rows(cell(sheet, who, "order_id").row)
    book.save(path)
    assert judged(taken(office, path)) == (ALL, 0, Counter())


# -- CSV ---------------------------------------------------------------------------------------------------------


def as_csv(
    book: Path, out: Path, encoding: str, delimiter: str = ",", titles: int = 0
) -> Path:
    """Write a work list as a spreadsheet program writes CSV; `titles` lines stand above the header."""
    rows = list(rows_of(book))
    with out.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerows([["工作清单"]] * titles)
        writer.writerow([WORDS[c.name] for c in WORK_LIST_COLUMNS])
        for row in rows:
            writer.writerow([_plain(row[c.name]) for c in WORK_LIST_COLUMNS])
    return out


def _plain(value: object) -> object:
    return f"{value:%Y/%m/%d}" if isinstance(value, datetime) else value


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [
        ("utf-8", ","),
        ("utf-8-sig", ","),
        ("gb18030", ","),
        ("gbk", "\t"),
        ("utf-16", "\t"),
    ],
)
def test_saved_as_csv_in_any_encoding(
    sent: dict[str, Path], office: Path, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    book = edited(sent, EDITS[0], tmp_path)
    receipt = taken(
        office, as_csv(book, tmp_path / "back.csv", encoding, delimiter, titles=2)
    )
    assert judged(receipt) == (ALL, 0, Counter())


def test_the_contract_s_own_csv(
    sent: dict[str, Path], office: Path, tmp_path: Path
) -> None:
    ids = {row["customer_id"]: row["order_id"] for row in rows_of(sent["zh"])}
    lines = [
        "order_id,outcome,contacted_on,promised_amount,promised_on,note",
        f"{ids['ann']},paid,2026-09-04,,,",
        f"{ids['bob']},promised,2026/9/5,50.00,20260912,一定",
        f"{ids['cat']},promised,2026-09-05,,,",
        "202608-ZZZZZZZZZZZZ,paid,2026-09-04,,,",
        ",paid,2026-09-04,,,",
        f"{ids['dan']},refused,2026-09-04,,,too,many",
    ]
    (tmp_path / "back.csv").write_text("\n".join(lines), encoding="utf-8")
    receipt = taken(office, tmp_path / "back.csv")
    assert judged(receipt) == (
        2,
        0,
        Counter(["needs", "unknown_order", "no_order", "broken_row"]),
    )


# -- LibreOffice -------------------------------------------------------------------------------------------------

SOFFICE = shutil.which("soffice")
by_libreoffice = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice (soffice) is not installed"
)


def resave(
    files: Sequence[Path], out: Path, form: str, profile: Path
) -> dict[str, Path]:
    """Open files in LibreOffice without a screen and save them in another form; by stem."""
    command = [
        str(SOFFICE),
        f"-env:UserInstallation=file://{profile}",
        "--headless",
        "--convert-to",
        form,
    ]
    subprocess.run(
        [*command, "--outdir", str(out), *map(str, files)],
        check=True,
        capture_output=True,
        timeout=600,
    )
    return {file.stem.split("-")[0]: file for file in out.iterdir()}


@pytest.fixture(scope="module")
def resaved(
    sent: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Path]]:
    """Every edited workbook as LibreOffice saves it: as .xlsx and as .csv."""
    folder, profile = (
        tmp_path_factory.mktemp("edited"),
        tmp_path_factory.mktemp("profile"),
    )
    files = [edited(sent, edit, folder) for edit in EDITS]
    forms = {
        "xlsx": "xlsx:Calc MS Excel 2007 XML",
        "csv": "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true",
    }
    return {
        kind: resave(files, tmp_path_factory.mktemp(kind), form, profile)
        for kind, form in forms.items()
    }


@pytest.mark.long
@by_libreoffice
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_saved_by_libreoffice(
    edit: Edit, kind: str, resaved: dict[str, dict[str, Path]], office: Path
) -> None:
    if kind == "csv" and edit.do in (
        rename_and_move,
        other_sheet_first,
        split_on_two_sheets,
    ):
        pytest.skip("a CSV holds one sheet, here another one")
    receipt = taken(office, resaved[kind][f"{EDITS.index(edit):02d}"])
    # Twenty million days are a date to LibreOffice, and a CSV holds what it shows.
    is_lost_there = kind == "csv" and edit.name == "a date as digits"
    assert judged(receipt) == (
        (ALL - 1, 0, Counter(["bad_date"])) if is_lost_there else as_told(edit)
    )
