"""A figure made under a waiver bears its mark wherever it is shown, until the waiver's last month.

Zero use is made of rows that were accepted: the console, the commands, workbooks, documents and pages all say so.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pypdfium2
import pytest

from console.figures.kpis import Scope, Wanted, read_scope
from pipelines.documents.reports.write import export_documents
from pipelines.documents.workbooks.export import export_month
from pipelines.store.lake import MonthFolder, Version
from pipelines.store.waivers import find_waivers
from tests.console.quality.findings import SEPTEMBER, TWICE
from tests.support.console.visitors import Console
from tests.support.small import KEY

MARK = "已记录接受"
ZERO = "zero_usage_rate"


@pytest.fixture
def version(waived: Console) -> Version:
    return MonthFolder(waived.home, SEPTEMBER).version()


def run_command(console: Console, *words: str) -> str:
    """What a command says, by the process that people call."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines",
            *words,
            "--home",
            str(console.home),
            "--lang",
            "zh",
        ],
        env={
            "PATH": "/usr/bin:/bin",
            "RETENTION_SECRET_KEY": KEY,
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "1000",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def list_marked_rows(version: Version) -> Iterator[tuple[str, str]]:
    """The KPI rows made of what was accepted: of every kind of scope."""
    for row in version.read_rows("kpi_monthly"):
        if row["kpi"] == ZERO and row["value"] is not None:
            yield row["scope_kind"], row["reason"] or ""


def test_every_row_of_the_table_bears_it(version: Version) -> None:
    rows = list(list_marked_rows(version))
    assert {"company", "branch", "manager"} <= {kind for kind, _ in rows}
    assert [kind for kind, reason in rows if f"waived: {TWICE}" not in reason] == []


@pytest.mark.parametrize(
    "words",
    [
        ("kpi", str(SEPTEMBER)),
        ("kpi", str(SEPTEMBER), "--scope", "branch"),
        ("kpi", str(SEPTEMBER), "--scope", "manager"),
        ("lists", str(SEPTEMBER)),
        ("status", str(SEPTEMBER)),
        ("figure", f"{ZERO}:branch:B1", str(SEPTEMBER)),
    ],
    ids=lambda words: " ".join(words),
)
def test_commands_say_it(waived: Console, words: tuple[str, ...]) -> None:
    said = run_command(waived, *words)
    assert f"{MARK}：usage." in said  # a screen breaks what is longer


def test_workbooks_say_it(
    waived: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    folder = MonthFolder(waived.home, SEPTEMBER)
    files = export_month(folder, tmp_path / "out", "zh")
    [company] = [file for file in files if "company" in file.name]
    marked = 0
    for sheet in openpyxl.load_workbook(company).worksheets:
        for line in sheet.iter_rows(values_only=True):
            marked += any(MARK in str(cell) for cell in line)
    assert marked >= 3  # the figures, and the lists made of them


def test_documents_say_it(waived: Console, tmp_path: Path) -> None:
    folder = MonthFolder(waived.home, SEPTEMBER)
    files = export_documents(folder, tmp_path, "zh")
    texts = {file.name: read_text(file) for file in files}
    summary = {name: text for name, text in texts.items() if "summary" in name}
    assert {Path(name).suffix for name in summary} >= {".docx", ".html"}
    for name, text in summary.items():
        assert MARK in re.sub(r"\s", "", text), name


def read_text(file: Path) -> str:
    """What a document says, whatever its form."""
    if file.suffix == ".docx":
        with ZipFile(file) as archive:
            xml = archive.read("word/document.xml").decode()
        return re.sub(r"<[^>]+>", "", xml)
    if file.suffix == ".pdf":
        pages = pypdfium2.PdfDocument(file)
        return "".join(page.get_textpage().get_text_bounded() for page in pages)
    if file.suffix == ".xlsx":
        sheets = openpyxl.load_workbook(file).worksheets
        rows = [row for sheet in sheets for row in sheet.iter_rows(values_only=True)]
        return str(rows)
    return file.read_text(encoding="utf-8")


def test_pages_of_the_month_say_it(version: Version) -> None:
    page = (version.path / "outbox" / "quality.zh.html").read_text(encoding="utf-8")
    held = re.sub(r"<[^>]+>", "", page)
    assert "已接受: service_id 不重复" in re.sub(r"\s+", " ", held)


def test_the_console_says_it(waived: Console, version: Version) -> None:
    for scope in (Scope("branch", "B1"), Scope("manager", "M1")):
        lines = {line.wanted: line for line in read_scope(version, scope, "zh")}
        default = next(wanted for wanted in lines if wanted.kpi == ZERO)
        assert MARK in lines[default].reason
    MonthFolder(waived.home, SEPTEMBER).release(version)
    head = waived.visit("head1")
    assert MARK in head.get("/branch/").content.decode()
    assert MARK in head.get(f"/branch/{ZERO}/{default.variant}/").content.decode()
    assert MARK in waived.visit("wang").get("/mine/").content.decode()


def test_the_mark_ends_with_the_waiver(waived: Console) -> None:
    assert set(find_waivers(waived.home, SEPTEMBER)) >= {TWICE}
    assert find_waivers(waived.home, SEPTEMBER.plus(1)) == {}


def test_a_variant_that_is_not_made_of_it_bears_none(version: Version) -> None:
    wanted = Wanted("arrears_rate", "services")
    rows = version.read_rows("kpi_monthly", where={"kpi": wanted.kpi})
    assert rows and all("waived" not in (row["reason"] or "") for row in rows)
