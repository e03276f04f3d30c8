"""The retention quality analysis: a paper a branch, a row a manager, every number a figure of the month and read back."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from openpyxl import load_workbook

from pipelines.catalogue.figure_rows import name_topic
from pipelines.catalogue.outputs import list_quality_topics, load_kpis
from pipelines.documents.reports.lint import lint_documents
from pipelines.documents.reports.manager_book import list_grid_columns
from pipelines.documents.reports.managers import Analysis, find_topic_title
from pipelines.documents.reports.model import (
    Table,
    Text,
    Wording,
    join_parts,
    list_figure_ids,
)
from pipelines.documents.reports.write import (
    make_analyses,
    make_table_reader,
    write_analysis,
)
from pipelines.rooms.report.figures import index_figures
from pipelines.rooms.report.managers import topic_sentence
from pipelines.rooms.report.rows import ToldRow
from pipelines.rooms.report.sentences import Writer
from pipelines.text.texts import LANGUAGES, load_labels
from tests.support.figures import make_figure
from tests.support.scored import scored_operator
from tests.support.small import read


@cache
def analyses(language: str) -> tuple[Analysis, ...]:
    return tuple(make_analyses(scored_operator().version, language, is_draft=True))


def tables(of: Analysis) -> list[Table]:
    return [
        block
        for section in of.paper.sections
        for block in section.blocks
        if isinstance(block, Table)
    ]


def test_each_branch_has_its_managers_and_no_others() -> None:
    home = {
        r["manager_id"]: r["branch_id"]
        for r in read(scored_operator().version, "snapshot_account_manager")
    }
    assert {a.branch_id for a in analyses("zh")} == set(home.values())
    for of in analyses("zh"):
        assert of.managers and all(home[m] == of.branch_id for m in of.managers)
        branch, *of_managers = tables(of)
        told = {
            row["topic"]
            for row in of.paper.figures.values()
            if row["scope_kind"] == "manager"
        }
        assert 0 < len(branch.rows) <= len(list_quality_topics()) == 8
        each = [table for table in of_managers if table.title in titles_of(of, told)]
        assert len(each) == len(told)
        assert all(0 < len(table.rows) <= len(of.managers) for table in of_managers)


def titles_of(of: Analysis, topics: set[str]) -> set[str]:
    words = Wording("zh", of.paper.figures)
    return {find_topic_title(words, topic) for topic in topics}


def test_nothing_is_shown_of_what_is_not_computed() -> None:
    """No table, row or numeric column of dashes alone is left."""
    for of in analyses("zh"):
        for table in tables(of):
            assert table.rows
            for row in table.rows:
                assert any(join_parts(row[place]) != "–" for place in table.numeric)
            for place in table.numeric:
                assert any(join_parts(row[place]) != "–" for row in table.rows)


def test_every_number_is_the_kpi_table_s() -> None:
    rows = read(scored_operator().version, "kpi_monthly")
    of = {
        (f"{r['kpi']}.{r['variant']}", r["scope_kind"], r["scope_id"]): r for r in rows
    }
    before = read(
        scored_operator().home / "months" / str(scored_operator().months[-2]) / "v0001",
        "kpi_monthly",
    )
    was = {
        (f"{r['kpi']}.{r['variant']}", r["scope_kind"], r["scope_id"]): r["value"]
        for r in before
    }
    checked = 0
    for analysis in analyses("en"):
        for name in list_figure_ids(analysis.paper):
            figure = analysis.paper.figures[name]
            key = (figure["topic"], figure["scope_kind"], figure["scope_id"])
            row = of[key]
            wanted = (
                row["value"] - was[key]
                if figure["measure"] == "change"
                else row[figure["measure"]]
            )
            assert float(figure["number"]) == pytest.approx(float(wanted), abs=1e-11)
            assert row["status"] in ("released", "caveat")
            checked += 1
    assert checked > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_written_numbers_are_read_back_and_wrong_ones_found(
    language: str, tmp_path: Path
) -> None:
    version = scored_operator().version
    for of in analyses(language):
        files = write_analysis(version, tmp_path, of)
        again = write_analysis(version, tmp_path / "again", of)
        assert [f.read_bytes() for f in files] == [f.read_bytes() for f in again]
        findings = lint_documents(of.paper, files, make_table_reader(version))
        assert findings.disagreements == () and findings.traced > 50
        book = load_workbook(files[1])
        sheet = book[load_labels(language)["sheet.managers"]]
        row = next(r for r in sheet.iter_rows() if r[1].value in of.managers)
        cell = next(
            c
            for c in row[2 : 2 + len(list_grid_columns())]
            if isinstance(c.value, int | float)
        )
        cell.value += 0.01
        book.save(files[1])
        assert (
            len(
                lint_documents(
                    of.paper, files, make_table_reader(version)
                ).disagreements
            )
            == 1
        )


def test_small_denominators_are_marked_and_not_ranked() -> None:
    small = {
        (f"{r['kpi']}.{r['variant']}", r["scope_id"])
        for r in read(scored_operator().version, "kpi_monthly", scope_kind="manager")
        if "small_denominator" in (r["reason"] or "")
        and r["status"] in ("released", "caveat")
    }
    mark, seen = load_labels("en")["paper.analysis.small"], 0
    for of in analyses("en"):
        words = Wording("en", of.paper.figures)
        by_title = {table.title: table for table in tables(of)}
        for topic in list_quality_topics():
            table = by_title.get(find_topic_title(words, topic))
            if table is None:
                continue
            place = table.header.index(load_labels("en")["paper.column.rank"])
            ranks = [join_parts(row[place]) for row in table.rows]
            seen += ranks.count(mark)
            assert ranks.count(mark) == sum(
                (topic, manager) in small for manager in of.managers
            )
    assert seen > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kpi_has_a_sentence_with_all_its_places_filled(language: str) -> None:
    for of in analyses(language):
        told = [
            join_parts(b.parts)
            for b in of.paper.sections[0].blocks
            if isinstance(b, Text)
        ]
        assert len(told) == len(list_quality_topics()) and not any(
            "{" in text or "None" in text for text in told
        )


# -- rules -------------------------------------------------------------------------------------------------------

BETTER = {k.name: k.meta["better"] for k in load_kpis()}


def a_row(
    kind: str,
    scope: str,
    *,
    gap: float = 0.0,
    status: str = "released",
    reason: str | None = None,
    rank: int | None = None,
) -> ToldRow:
    return {
        "kpi": "arrears_rate",
        "variant": "t1_amount",
        "scope_kind": kind,
        "scope_id": scope,
        "value": None,
        "gap": gap,
        "better": BETTER["arrears_rate"],
        "status": status,
        "reason": reason,
        "rank": rank,
    }


def a_writer(*rows: ToldRow) -> Writer:
    figures = []
    for row in rows:
        for measure in ("value", "gap", "rank"):
            if measure != "rank" or row["rank"]:
                figure = make_figure(
                    measure,
                    name_topic(row),
                    1,
                    "1.00",
                    scope_kind=row["scope_kind"],
                    scope_id=row["scope_id"],
                )
                figures.append(figure)
    return Writer("2026-08", rows, index_figures(figures))


def test_a_sentence_tells_best_and_last_missed_and_small() -> None:
    branch = a_row("branch", "B1")
    one, two = (
        a_row("manager", "M1", rank=4, gap=0.01),
        a_row("manager", "M2", rank=2, gap=-0.01),
    )
    tiny = a_row("manager", "M3", reason="small_denominator", gap=0.5)
    writer = a_writer(branch, one, two, tiny)
    rules, slots = topic_sentence(
        writer, "arrears_rate.t1_amount", branch, [one, two, tiny]
    )
    assert rules == [
        "value",
        "best_manager",
        "missed_managers",
        "small_managers",
        "end",
    ]
    assert (slots["best"], slots["worst"]) == ("scopes M2", "scopes M1")
    assert (slots["missed_managers"], slots["small_managers"]) == (
        "scopes M1 M3",
        "scopes M3",
    )
    assert topic_sentence(writer, "arrears_rate.t1_amount", branch, [two])[0] == [
        "value",
        "end",
    ]


def test_what_was_not_computed_says_so_and_no_more() -> None:
    company = a_row(
        "company", "company", status="not_computed", reason="absent: receivable"
    )
    assert topic_sentence(a_writer(), "arrears_rate.t1_amount", company, [])[0] == [
        "not_computed"
    ]
