"""Quarter, half-year and year: sums worked out here from the months' own KPI tables, and every number read back."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from pipelines.catalogue.figure_rows import FigureRow
from pipelines.catalogue.outputs import load_kpis
from pipelines.core.month import Month
from pipelines.documents.reports.lint import lint_documents
from pipelines.documents.reports.model import (
    Paper,
    Table,
    Text,
    join_parts,
    list_figure_ids,
)
from pipelines.documents.reports.write import (
    make_period_papers,
    make_table_reader,
    write_period_summary,
)
from pipelines.rooms.report.figures import index_figures
from pipelines.rooms.report.periods import tell_period
from pipelines.store.lake import MonthFolder, Version
from pipelines.text.texts import LANGUAGES
from tests.support.figures import make_figure
from tests.support.small import read, run_twin

LAST = Month.parse("2026-06")
KPIS = {kpi.name: kpi for kpi in load_kpis() if "." not in kpi.spec.name}


@cache
def months() -> tuple[Version, ...]:
    """Four months of about 300 services; the last closes a quarter and a half-year, of which two months are not held."""
    held = [LAST.plus(back) for back in (-3, -2, -1, 0)]
    operator = run_twin("periods", held, services=300, seed=2)
    return tuple(MonthFolder(operator.home, month).version() for month in held)


def worked_out(
    kpi: str, kind: str, scope: str, versions: tuple[Version, ...]
) -> tuple[float, int] | None:
    """A period's value and months, by the definition, from each month's own table."""
    found = [
        read(
            v, "kpi_monthly", kpi=kpi, is_default=True, scope_kind=kind, scope_id=scope
        )
        for v in versions
    ]
    usable = [
        [
            r
            for r in rows
            if r["status"] in ("released", "caveat") and r["value"] is not None
        ]
        for rows in found
    ]
    if KPIS[kpi].meta.get("period") != "sum":
        return (usable[-1][0]["value"], 1) if usable[-1] else None
    rows = [row for rows in usable for row in rows]
    below = sum((r["denominator"] for r in rows), Decimal(0))
    return (
        (float(sum(r["numerator"] for r in rows) / below), len(rows)) if below else None
    )


@pytest.mark.parametrize(("period", "held"), [("quarter", 3), ("half", 4)])
def test_a_period_is_its_months_sums_or_its_last_month(period: str, held: int) -> None:
    figures = {f["figure"]: f for f in read(months()[-1], "report_figure")}
    scopes = {
        (r["scope_kind"], r["scope_id"])
        for r in read(months()[-1], "kpi_trend", seen_month=str(LAST))
    }
    checked = 0
    for kpi in KPIS.values():
        for kind, scope in scopes - {s for s in scopes if s[0] == "city"}:
            ending = f"{kpi.name}.{kpi.meta['default']}:{kind}:{scope}:{LAST}"
            found = figures.get(f"{period}_value:{ending}")
            wanted = worked_out(kpi.name, kind, scope, months()[-held:])
            assert (found is None) == (wanted is None), ending
            if found and wanted:
                assert float(found["number"]) == pytest.approx(wanted[0], abs=1e-9)
                assert figures[f"{period}_months:{ending}"]["number"] == wanted[1]
                checked += kpi.meta.get("period") == "sum"
    assert checked > 20


def test_a_month_closes_its_periods() -> None:
    closed = {n: Month(2026, n).closes for n in range(1, 13)}
    assert closed[6] == ("quarter", "half") and closed[9] == ("quarter",)
    assert closed[12] == ("quarter", "half", "year") and closed[7] == ()


def test_a_month_in_the_middle_has_no_period() -> None:
    assert not [
        f
        for f in read(months()[1], "report_figure")
        if f["measure"].startswith(("quarter_", "half_"))
    ]
    assert not list(make_period_papers(months()[1], "en", is_draft=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_written_numbers_are_read_back(language: str, tmp_path: Path) -> None:
    version = months()[-1]
    papers = list(make_period_papers(version, language, is_draft=True))
    assert [paper.kind for paper in papers] == ["quarter", "half"]
    for paper in papers:
        files = write_period_summary(version, tmp_path, paper)
        again = write_period_summary(version, tmp_path / "again", paper)
        assert [f.read_bytes() for f in files] == [f.read_bytes() for f in again]
        findings = lint_documents(paper, files, make_table_reader(version))
        assert findings.disagreements == () and findings.traced > 100
        assert all(name in paper.figures for name in list_figure_ids(paper))
        assert all(
            "{" not in join_parts(b.parts) for b in blocks(paper) if isinstance(b, Text)
        )


def blocks(paper: Paper) -> list[object]:
    return [block for section in paper.sections for block in section.blocks]


def test_months_that_are_not_held_are_dashes() -> None:
    half = list(make_period_papers(months()[-1], "en", is_draft=True))[1]
    table = [b for b in blocks(half) if isinstance(b, Table)][1]
    assert [join_parts(row[0]) for row in table.rows] == [
        str(LAST.plus(i - 5)) for i in range(6)
    ]
    assert all(join_parts(cell) == "–" for row in table.rows[:2] for cell in row[1:])


# -- the year before ---------------------------------------------------------------------------------------------


def a_figure(measure: str, number: float, shown: str) -> FigureRow:
    return make_figure(measure, "churn_rate.start_base", number, shown, month=str(LAST))


def told(*figures: FigureRow) -> str:
    known = index_figures(figures)
    sentence = tell_period(KPIS["churn_rate"], "quarter", str(LAST), known)
    return ";".join(sentence.rules)


def test_rules_of_a_sentence() -> None:
    value, months_held = (
        a_figure("quarter_value", 0.01, "1.00%"),
        a_figure("quarter_months", 3, "3"),
    )
    target, gap = (
        a_figure("target", 0.02, "2.00%"),
        a_figure("quarter_gap", -0.01, "-1.00"),
    )
    assert told(value, months_held) == "period_sum;end"
    assert told(value, months_held, target, gap) == "period_sum;met;end"
    assert (
        told(value, months_held, a_figure("quarter_year_change", 0.01, "1.00"))
        == "period_sum;period_year_rise;end"
    )
    assert (
        told(value, months_held, a_figure("quarter_year_change", 0.0, "0.00"))
        == "period_sum;period_year_flat;end"
    )
    assert told() == "period_nothing"
