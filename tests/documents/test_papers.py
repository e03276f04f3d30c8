"""The month's papers: every number a figure of the month, the same in both languages, and rules say what is told of it."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from pipelines.catalogue.figure_rows import FigureRow
from pipelines.catalogue.outputs import BRANCH_SECTION, hash_meaning, load_kpis
from pipelines.documents.reports.charts import Bar, draw_bars, draw_bridge, draw_trend
from pipelines.documents.reports.model import Chart, Table, Text, join_parts
from pipelines.rooms.report.figures import index_figures
from pipelines.rooms.report.rows import ToldRow
from pipelines.rooms.report.sentences import Writer, name_direction, tell_kpi
from pipelines.text.texts import LANGUAGES
from tests.documents.papers import blocks, paper
from tests.support.figures import make_figure
from tests.support.scored import scored_operator
from tests.support.small import only, read

# -- figures and sentences ---------------------------------------------------------------------------------------


def test_every_figure_is_a_figure_of_the_kpi_table() -> None:
    version = scored_operator().version
    rows = {
        (f"{r['kpi']}.{r['variant']}", r["scope_kind"], r["scope_id"]): r
        for r in read(version, "kpi_monthly")
    }
    checked = 0
    printed = [
        f
        for f in read(version, "report_figure", source="kpi_monthly")
        if f["measure"] != "change"
    ]
    for figure in printed:
        row = rows[figure["topic"], figure["scope_kind"], figure["scope_id"]]
        measure, multiplier = figure["measure"], 1
        if measure == "stated_numerator":
            measure = "numerator"
            multiplier = {"complaint_rate.per_10k": 10_000}.get(figure["topic"], 31)
        assert float(figure["number"]) == pytest.approx(
            float(row[measure]) / multiplier, abs=1e-11
        )
        assert row["status"] in ("released", "caveat") and figure["month"] == str(
            version.month
        )
        checked += 1
    assert checked > 300
    earlier = read(version, "report_figure", source="kpi_trend", measure="value")
    assert len({figure["month"] for figure in earlier}) == 5


def test_ids_are_unique_and_say_what_they_are() -> None:
    figures = read(scored_operator().version, "report_figure")
    assert len({f["figure"] for f in figures}) == len(figures)
    for f in figures:
        assert f["figure"] == ":".join(
            (f["measure"], f["topic"], f["scope_kind"], f["scope_id"], f["month"])
        )


def a_figure(measure: str, number: float, shown: str) -> FigureRow:
    return make_figure(measure, "made.plain", number, shown)


def a_row(
    *,
    better: str = "lower",
    status: str = "released",
    reason: str | None = None,
    gap: float = -0.01,
) -> ToldRow:
    return {
        "kpi": "made",
        "variant": "plain",
        "scope_kind": "company",
        "scope_id": "company",
        "better": better,
        "status": status,
        "reason": reason,
        "value": None,
        "gap": gap,
    }


@pytest.mark.parametrize(
    ("number", "shown", "rule"),
    [
        (0.0012, "0.12", "rise"),
        (-0.0012, "-0.12", "fall"),
        (0.00001, "0.00", "flat"),
        (-0.00001, "0.00", "flat"),
    ],
)
def test_a_change_rises_falls_or_is_none_as_it_is_printed(
    number: float, shown: str, rule: str
) -> None:
    assert name_direction(a_figure("change", number, shown)) == rule


def told(row: ToldRow, *figures: FigureRow) -> str:
    writer = Writer("2026-08", [row], index_figures(figures))
    return ";".join(tell_kpi(writer, row).rules)


def test_rules_of_a_sentence() -> None:
    value, target = (
        a_figure("value", 0.01, "1.00%"),
        a_figure("target", 0.02, "2.00%"),
    )
    gap, change = a_figure("gap", -0.01, "-1.00"), a_figure("change", 0.001, "0.10")
    year = a_figure("year_change", 0.0, "0.00")
    assert told(a_row(), value) == "value;end"
    assert (
        told(a_row(), value, target, gap, change, year)
        == "value;met;rise;year_flat;end"
    )
    assert told(a_row(better="higher"), value, target, gap) == "value;missed;end"
    assert told(a_row(better="higher", gap=0.0), value, target, gap) == "value;met;end"
    assert told(a_row(status="caveat", reason="x.y"), value) == "value;caveat;end"
    assert told(a_row(status="withheld", reason="x.y")) == "withheld"
    assert told(a_row(status="not_computed", reason="base month")) == "not_computed"
    assert told(a_row()) == "nobody"


def test_withheld_and_not_computed_figures_are_nowhere() -> None:
    version = scored_operator().version
    unusable = {
        r["kpi"]
        for r in read(version, "kpi_monthly", is_default=True)
        if r["status"] not in ("released", "caveat")
    }
    assert unusable
    assert not [
        f
        for f in read(version, "report_figure", source="kpi_monthly")
        if f["topic"].split(".")[0] in unusable
    ]


# -- the paper ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_tables_and_sentences_is_a_figure(language: str) -> None:
    """What stands beside figures has digits in months, dates and words of definitions only."""
    of = paper(language)
    cells = [
        c
        for b in blocks(of)
        if isinstance(b, Table)
        for row in b.rows
        for p, c in enumerate(row)
        if p in b.numeric
    ]
    texts = [b.parts for b in blocks(of) if isinstance(b, Text)]
    loose = [
        p.text
        for cell in (*cells, *texts)
        for p in cell
        if p.figure is None and re.search(r"\d", p.text)
    ]
    assert all(re.search(r"20\d\d-\d\d|^[^\d]*\d+ ?000", text) for text in loose), loose
    assert all(
        p.figure in of.figures for cell in (*cells, *texts) for p in cell if p.figure
    )


def test_both_languages_print_the_same_figures_in_the_same_places() -> None:
    def printed(language: str) -> list[list[str]]:
        found = []
        for block in blocks(paper(language)):
            cells = [block.parts] if isinstance(block, Text) else []
            cells += (
                [cell for row in block.rows for cell in row]
                if isinstance(block, Table)
                else []
            )
            found.append(
                sorted(
                    f"{p.figure} {p.text}" for cell in cells for p in cell if p.figure
                )
            )
        return found

    assert printed("zh") == printed("en")


def test_the_sections_are_those_of_the_office_in_their_order() -> None:
    titles = [section.title for section in paper("zh").sections]
    assert titles == [
        "本月五个数",
        "未达标及原因",
        "上月安排与落实",
        "下月三件事",
        "一、总体情况",
        "二、各支局排名",
        "三、重点派单执行",
        "四、模型与数据质量",
        "五、问题与下月安排",
        "附：口径与数据来源",
    ]
    assert [section.ends_page for section in paper("zh").sections[:5]] == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert [b.is_blank for b in paper("zh").sections[-2].blocks if isinstance(b, Text)][
        -1
    ]


def test_every_chart_tells_its_figures_in_words() -> None:
    charts = [block for block in blocks(paper("en")) if isinstance(block, Chart)]
    assert len(charts) >= 6
    for chart in charts:
        assert "<title>" in chart.svg and chart.title in chart.description
        for number in re.findall(r">(-?[\d,.]+(?: %)?)</text>", chart.svg):
            assert number in chart.description or re.fullmatch(r"\d\d-\d\d", number)


def test_charts_stand_odd_figures() -> None:
    flat = [
        Bar("a<b&", 0.0, "0.00%"),
        Bar("很长的名字很长的名字很长", 0.0, "0.00%", is_grey=True),
    ]
    assert "a&lt;b&amp;" in draw_bars("t", flat) and "…" in draw_bars("t", flat)
    assert "nan" not in draw_trend("t", flat) and "nan" not in draw_trend("t", flat[:1])
    below = [
        Bar("base", 10.0, "10"),
        Bar("loss", -25.0, "-25"),
        Bar("now", -15.0, "-15"),
    ]
    assert "nan" not in draw_bridge("t", below) and 'width="-' not in draw_bridge(
        "t", below
    )
    assert 'width="-' not in draw_bars(
        "t", [Bar("x", -3.0, "-3"), Bar("y", 2.0, "2")], (1.0, "1")
    )


def test_sentences_are_rows(tmp_path: Path) -> None:
    rows = read(scored_operator().version, "report_sentence")
    assert list(rows[0]) == ["section", "place", "rules", "slots"]
    branches = {r["section"] for r in rows if r["section"].startswith(BRANCH_SECTION)}
    assert {r["section"] for r in rows} - branches == {
        "overall",
        "ranks",
        "dispatch",
        "quality",
        "next",
        "activity",
        "front",
        "promised",
        "arrangements",
        "complaint",
    }
    assert only([r for r in rows if r["rules"] == "bridge"])["section"] == "overall"
    assert all(join_parts(b.parts) for b in blocks(paper("zh")) if isinstance(b, Text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dictionary_has_every_variant_with_its_version_and_its_select(
    language: str,
) -> None:
    page = (
        scored_operator().version.path / "outbox" / f"dictionary.{language}.html"
    ).read_text(encoding="utf-8")
    for kpi in load_kpis():
        for variant, words in kpi.spec.meta["variants"].items():
            assert f'id="{kpi.name}.{variant}"' in page and words[
                language
            ] in html.unescape(page)
        assert kpi.spec.sql in html.unescape(page) and hash_meaning(kpi) in page
        for words in kpi.spec.meta.get("was", {}).values():
            assert words[language] in html.unescape(page)
    assert not re.search(r"<script|src=|https?:", page)
