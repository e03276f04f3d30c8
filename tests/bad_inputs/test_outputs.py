"""45, 60, 61, 62 where they come out again: file names, workbooks, CSV and the page show text and run nothing."""

from __future__ import annotations

import csv
import html
import zipfile
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from pipelines.documents.table_files import write_table_file
from pipelines.documents.workbooks.export import export_month
from pipelines.store.lake import MonthFolder, Version
from pipelines.text.texts import LANGUAGES
from tests.bad_inputs.values import FORMULAS, SCRIPTS
from tests.support.small import MONTH, Town, run_town

NAMES = (*FORMULAS, *SCRIPTS)
MANAGERS = (
    "../../x",
    "CON",
    "城" * 300,
    "支局😀",
    "a\u202eb",
    "..",
    "NUL.xlsx",
    "/etc/passwd",
)
BRANCHES = ("../../B", "城" * 300)


def town() -> Town:
    """Owners and customers with names that must stay names, and a column and a file called by scripts."""
    place = Town()
    for n, name in enumerate(MANAGERS):
        place.add("account_manager", manager_id=f"X{n}", name=name)
    for n, name in enumerate(BRANCHES):
        place.add("organisation", org_id=f"Y{n}", name=name)
    for n, name in enumerate(NAMES):
        place.person(f"c{n}", name=name, manager=f"X{n % len(MANAGERS)}", calls=0)
    for n in range(len(BRANCHES)):
        place.person(
            f"d{n}", manager=None, branch=f"Y{n}", vip_tier="none", revenue="10.00"
        )
    place.tables["customer"][0]["<script>alert(1)</script>"] = "x"
    return place.add(
        "account_manager", manager_id="=1+1", name="=2+2", email="@SUM(A1)"
    )


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    folder = tmp_path_factory.mktemp("hostile")
    stranger = folder / "source" / str(MONTH) / "<script>alert(2)<script>{{7*7}}.txt"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("x")
    return run_town(folder / "home", town(), holdout_share=0)


@pytest.fixture(scope="module")
def books(
    version: Version, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The workbooks by the id in their name."""
    out = tmp_path_factory.mktemp("books")
    files = export_month(MonthFolder(version.path.parents[2], MONTH), out, "zh")
    assert sorted(out.rglob("*")) == sorted(files), (
        "nothing was written beside the folder"
    )
    return {file.stem.rsplit("_", 1)[-1]: file for file in files}


def cells(book: Path) -> list[str]:
    sheets = CalamineWorkbook.from_path(str(book))
    return [
        str(cell)
        for name in sheets.sheet_names
        for row in sheets.get_sheet_by_name(name).to_python()
        for cell in row
    ]


def test_hostile_names_make_harmless_files(
    version: Version, books: Mapping[str, Path]
) -> None:
    wanted = {f"X{n}" for n in range(len(MANAGERS))} | {
        f"Y{n}" for n in range(len(BRANCHES))
    }
    assert wanted <= set(books)
    for file in books.values():
        assert file.parent == next(iter(books.values())).parent
        assert len(file.name.encode()) <= 255 and file.name.startswith(f"{MONTH}_")
        assert not set(file.name) & set('/\\:*?"<>|\u202e\0') and ".." not in file.name
    assert len({file.name.casefold() for file in books.values()}) == len(books)


def test_hostile_text_is_shown_literally_in_workbooks(
    books: Mapping[str, Path],
) -> None:
    shown = {cell for book in books.values() for cell in cells(book)}
    assert set(NAMES) <= shown and {"CON", "../../x"} <= {
        part for cell in shown for part in cell.split(" · ")
    }
    for book in books.values():
        with zipfile.ZipFile(book) as archive:
            sheets = [
                archive.read(name).decode()
                for name in archive.namelist()
                if "worksheets/sheet" in name
            ]
            assert not any(
                "<f>" in sheet or "<f " in sheet or "<hyperlink" in sheet
                for sheet in sheets
            )
            assert not any(
                "externalLink" in name or "vba" in name for name in archive.namelist()
            )


def test_hostile_text_is_escaped_in_csv(version: Version, tmp_path: Path) -> None:
    write_table_file(version, "snapshot_account_manager", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["manager_id"]: row for row in csv.DictReader(stream)}
    assert (rows["'=1+1"]["name"], rows["'=1+1"]["email"]) == ("'=2+2", "'@SUM(A1)")
    assert rows["X1"]["name"] == "CON"


class _Tags(HTMLParser):
    """The tags of a page, its addresses and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not {name for name, _ in attrs} & {"src", "onclick", "onerror", "onload"}
        outside = {
            (value or "").partition("#")[0] for name, value in attrs if name == "href"
        } - {""}
        assert outside <= {
            f"{page}.{code}.html"
            for page in ("quality", "dictionary")
            for code in LANGUAGES
        }

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("language", LANGUAGES)
def test_script_text_is_shown_literally_on_the_page(
    version: Version, language: str
) -> None:
    text = (version.path / "outbox" / f"summary.{language}.html").read_text(
        encoding="utf-8"
    )
    page = _Tags()
    page.feed(text)
    assert "script" not in page.tags and "<script" not in text
    assert html.escape("<script>alert(1)</script>") in text
    for shown in ("<script>alert(1)</script>", "<script>alert(2)<script>{{7*7}}.txt"):
        assert shown in page.words


def test_a_long_note_fits_a_cell(tmp_path: Path) -> None:
    place = (
        Town()
        .person("ann", name="慰" * 40_000, calls=0)
        .person("bob", name="问" * 10_000, calls=0)
    )
    held = run_town(tmp_path / "home", place, holdout_share=0)
    files = export_month(
        MonthFolder(held.path.parents[2], MONTH), tmp_path / "out", "zh"
    )
    shown = {cell for file in files for cell in cells(file)}
    assert "问" * 10_000 in shown and "慰" * 32_766 + "…" in shown
