"""A machine without fonts, LibreOffice, PostgreSQL, Java, Redis and Compose: months, documents, and what their tests say."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from docx import Document

from pipelines.documents.reports import fonts
from pipelines.text.texts import LANGUAGES
from tests.support.unseen import FOLDERS, PROGRAMS, run_unseen, why_not_hidden

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(why_not_hidden() is not None, reason=str(why_not_hidden())),
]
RETENTION = Path(sys.executable).with_name("retention")
MONTH = "2026-08"
# One operator is made for all of these; the other tests of documents ask for nothing that could be out of sight.
DOCUMENTS = (
    "tests/documents/test_lint.py::test_every_number_of_every_document_is_traced",
    "tests/documents/test_lint.py::test_the_formats_hold_the_same_figures",
    "tests/documents/test_paper_files.py::test_the_same_month_gives_the_same_bytes",
    "tests/documents/test_paper_files.py::test_each_chart_is_a_picture_in_word_and_a_drawing_in_the_page",
)
WITH_TOOLS = (
    "tests/documents/test_workbook.py::test_libreoffice_opens_it_and_signatures_hold",
    "tests/e2e/test_compose.py",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of a small operator, run there."""
    folder = tmp_path_factory.mktemp("bare")
    source, home = folder / "source", folder / "home"
    twin: list[str | Path] = [
        "--services",
        "600",
        "--months",
        "2",
        "--seed",
        "1",
        "--through",
        MONTH,
        "--out",
        source,
    ]
    run: list[str | Path] = ["run", MONTH, "--source", source, "--home", home]
    for command in (["twin", *twin], run):
        done = run_unseen([RETENTION, *command])
        assert done.returncode in (0, 12), done.stderr
    return home


def test_what_is_out_of_sight_is_out_of_sight() -> None:
    asks = (
        "import shutil, sys, pathlib; programs, folders = sys.argv[1].split(), sys.argv[2].split();"
        "print([p for p in programs if shutil.which(p)],"
        "[f for f in folders if pathlib.Path(f).is_dir() and list(pathlib.Path(f).iterdir())])"
    )
    done = run_unseen(
        [sys.executable, "-c", asks, " ".join(PROGRAMS), " ".join(FOLDERS)]
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[] []"), done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_month_is_exported_with_its_charts(
    language: str, home: Path, tmp_path: Path
) -> None:
    done = run_unseen(
        [
            RETENTION,
            "export",
            MONTH,
            "--home",
            home,
            "--out",
            tmp_path,
            "--lang",
            language,
        ]
    )
    assert done.returncode == 0, done.stderr
    pictures = Document(str(tmp_path / f"{MONTH}_summary.docx")).inline_shapes
    page = (tmp_path / f"{MONTH}_summary.html").read_text(encoding="utf-8")
    assert len(pictures) == page.count("<figure ") > 0
    assert (tmp_path / f"{MONTH}_summary.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_the_office_s_own_fonts_the_charts_are_tables(
    language: str, home: Path, tmp_path: Path
) -> None:
    package = find_spec(fonts.PACKAGE)
    assert package is not None and package.origin is not None
    lost = [Path(package.origin).parent]
    done = run_unseen(
        [
            RETENTION,
            "export",
            MONTH,
            "--home",
            home,
            "--out",
            tmp_path,
            "--lang",
            language,
        ],
        lost,
    )
    assert done.returncode == 0 and "pylopdf-fonts-zh-cn" in done.stdout, (
        done.stdout,
        done.stderr,
    )
    document = Document(str(tmp_path / f"{MONTH}_summary.docx"))
    page = (tmp_path / f"{MONTH}_summary.html").read_text(encoding="utf-8")
    titles = re.findall(r"<figcaption>([^<]+)</figcaption>", page)
    assert len(document.inline_shapes) == 0 and titles
    assert set(titles) <= {paragraph.text for paragraph in document.paragraphs}
    assert not list(tmp_path.glob("*.pdf"))


def test_the_tests_of_documents_pass_and_what_is_left_out_says_why() -> None:
    pytest_here = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-rs",
    ]
    done = run_unseen([*pytest_here, *DOCUMENTS, *WITH_TOOLS], timeout=2400)
    assert done.returncode == 0, done.stdout[-3000:]
    left_out = re.findall(
        r"^SKIPPED \[\d+\] [^:]+:\d+: (.+)$", done.stdout, re.MULTILINE
    )
    assert any("soffice" in reason for reason in left_out) and any(
        "docker-compose" in reason for reason in left_out
    )
    assert not [reason for reason in left_out if "font" in reason], (
        "the fonts come along"
    )
