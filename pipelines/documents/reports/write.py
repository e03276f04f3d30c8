"""Writes a month's documents from its tables: .docx, PDF, page and annex, in one language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.core.errors import StorageError
from pipelines.core.month import Month
from pipelines.documents.pages.page import write_paper_page, write_summary
from pipelines.documents.reports.annex import write_annex, write_figure_book
from pipelines.documents.reports.complaints import write_bulletin
from pipelines.documents.reports.docx import write_docx
from pipelines.documents.reports.lint import Findings, lint_documents
from pipelines.documents.reports.manager_book import write_analysis_book
from pipelines.documents.reports.managers import Analysis, write_analyses
from pipelines.documents.reports.model import Paper
from pipelines.documents.reports.pdf import write_pdf
from pipelines.documents.reports.period import write_period
from pipelines.documents.reports.rows import ReadTable
from pipelines.documents.reports.summary import TABLES, write_paper
from pipelines.documents.reports.template import TEMPLATE
from pipelines.store.files import write_text
from pipelines.store.lake import MonthFolder, Version
from pipelines.text.safe_text import file_stem

# What the page is drawn from.
PAGE_TABLES = (
    "report_figure",
    "report_sentence",
    "kpi_monthly",
    "dispatch_list",
    "validate_result",
    "snapshot_intake",
    "snapshot_normalised",
    "extract_delivery",
)


def make_month_paper(version: Version, language: str, is_draft: bool) -> Paper:
    """Return the summary of a month's version."""
    read = make_table_reader(version)
    tables = {name: read(name) for name in TABLES}
    return write_paper(
        tables, version.month, language, _describe_version(version), is_draft
    )


def export_documents(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write a month's documents into a folder and return the files.

    They are drafts until the month is released. None of a month that was made before there were
    figures. Raise StorageError when a number in one of them is not the one that the month's tables
    have: such a document must not be sent.
    """
    version = folder.version()
    if not version.is_computed("report_figure"):
        return []

    is_draft = folder.read_seal() is None
    read = make_table_reader(version)

    files = write_documents(version, out, language, is_draft, folder.path.parents[1])
    findings = lint_documents(
        make_month_paper(version, language, is_draft), files, read
    )
    for analysis in make_analyses(version, language, is_draft):
        written = write_analysis(version, out, analysis)
        findings += lint_documents(analysis.paper, written, read)
        files += written

    for paper in make_period_papers(version, language, is_draft):
        written = write_period_summary(version, out, paper)
        findings += lint_documents(paper, written, read)
        files += written

    bulletin = make_bulletin(version, language, is_draft)
    if bulletin:
        written = write_bulletin_files(version, out, bulletin)
        findings += lint_documents(bulletin, written, read)
        files += written

    _refuse_disagreements(version.month, findings)
    return [*files, *_copy_dictionary(version, out, language)]


def _refuse_disagreements(month: Month, findings: Findings) -> None:
    """Raise StorageError that names the first number that disagrees, and says how many do."""
    wrong = findings.disagreements
    if wrong:
        raise StorageError(
            "paper.disagrees", month=month, wrong=len(wrong), **asdict(wrong[0])
        )


def _copy_dictionary(version: Version, out: Path, language: str) -> list[Path]:
    """Put the definitions beside the page whose numbers lead there.

    As they were when the month was made; return the file.
    """
    page = version.path / "outbox" / f"dictionary.{language}.html"
    if not page.exists():
        return []
    target = out / name_dictionary_file(version.month)
    write_text(target, page.read_text(encoding="utf-8"))
    return [target]


def name_dictionary_file(month: Month) -> str:
    """Return what the page of definitions is called beside the documents."""
    return f"{month}_dictionary.html"


def make_analyses(
    version: Version, language: str, is_draft: bool
) -> Iterator[Analysis]:
    """Yield the retention quality analysis of each branch."""
    read = make_table_reader(version)
    return write_analyses(
        read, version.month, language, _describe_version(version), is_draft
    )


def write_analysis(version: Version, out: Path, analysis: Analysis) -> list[Path]:
    """Write a branch's analysis as .docx, workbook and PDF; return the files."""
    stem = f"{version.month}_quality_{file_stem(analysis.branch, analysis.branch_id)}"
    document = out / f"{stem}.docx"
    workbook = out / f"{stem}.xlsx"
    write_docx(document, analysis.paper)
    write_analysis_book(workbook, analysis, version)
    return [
        document,
        workbook,
        *_write_reading_copy(out / f"{stem}.pdf", analysis.paper),
    ]


def make_period_papers(
    version: Version, language: str, is_draft: bool
) -> Iterator[Paper]:
    """Yield the summaries of the quarter, half-year and year that the month closes."""
    read = make_table_reader(version)
    version_words = _describe_version(version)
    for period in version.month.closes:
        paper = write_period(
            read, version.month, period, language, version_words, is_draft
        )
        if paper:
            yield paper


def write_period_summary(version: Version, out: Path, paper: Paper) -> list[Path]:
    """Write a period's summary as .docx, annex and PDF; return the files."""
    stem = f"{version.month}_{paper.kind}_summary"
    document = out / f"{stem}.docx"
    annex = out / f"{stem}_annex.xlsx"
    write_docx(document, paper)
    write_figure_book(annex, paper, version)
    return [document, annex, *_write_reading_copy(out / f"{stem}.pdf", paper)]


def make_bulletin(version: Version, language: str, is_draft: bool) -> Paper | None:
    """Return the bulletin of complaints of a month's version, where there is one."""
    read = make_table_reader(version)
    words = _describe_version(version)
    return write_bulletin(read, version.month, language, words, is_draft)


def write_bulletin_files(version: Version, out: Path, paper: Paper) -> list[Path]:
    """Write the bulletin as .docx, page, annex and PDF; return the files."""
    stem = f"{version.month}_complaints"
    document = out / f"{stem}.docx"
    page = out / f"{stem}.html"
    annex = out / f"{stem}_annex.xlsx"
    write_docx(document, paper)
    write_paper_page(page, version.month, paper)
    write_figure_book(annex, paper, version)
    return [document, page, annex, *_write_reading_copy(out / f"{stem}.pdf", paper)]


def _write_reading_copy(path: Path, paper: Paper) -> list[Path]:
    """Write the PDF of a paper, where the fonts for it are there; return it."""
    if write_pdf(path, paper):
        return [path]
    return []


def _describe_version(version: Version) -> str:
    return f"v{version.number} · {version.identity[:12]}"


def make_table_reader(version: Version) -> ReadTable:
    """Return what reads a table of a version; a table that is not computed has no rows."""

    def read_table(name: str) -> list[Any]:
        if not version.is_computed(name):
            return []
        rows: list[Any] = version.read_arrow(name).to_pylist()
        return rows

    return read_table


def write_documents(
    version: Version, out: Path, language: str, is_draft: bool, home: Path | None = None
) -> list[Path]:
    """Write the documents into a folder and return them.

    No PDF where the fonts for it are missing. The office's own template, `templates/summary.docx`
    in its home, goes before the one that came along.
    """
    read = make_table_reader(version)
    paper = make_month_paper(version, language, is_draft)
    stem = f"{version.month}_summary"
    document = out / f"{stem}.docx"
    page = out / f"{stem}.html"
    annex = out / f"{stem}_annex.xlsx"

    write_docx(document, paper, _find_template(home))
    tables = {name: read(name) for name in PAGE_TABLES}
    write_summary(
        page,
        version.month,
        language,
        tables,
        paper,
        name_dictionary_file(version.month),
    )
    write_annex(annex, paper, version, read)
    return [document, page, annex, *_write_reading_copy(out / f"{stem}.pdf", paper)]


def _find_template(home: Path | None) -> Path:
    """Return the office's own template, or the one that came along."""
    if home is None:
        return TEMPLATE
    own = home / "templates" / "summary.docx"
    if own.exists():
        return own
    return TEMPLATE
