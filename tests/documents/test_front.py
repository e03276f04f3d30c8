"""The front page, the absolute bases and the bulletin of complaints: what they show adds up and is traced."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.catalogue.outputs import COMPLAINT_TOPIC, is_target_met, load_kpis
from pipelines.documents.reports.charts import Bar, draw_trend
from pipelines.documents.reports.lint import lint_document, lint_documents
from pipelines.documents.reports.model import (
    Cell,
    Chart,
    Table,
    Text,
    join_parts,
    make_cell,
    prune_blocks,
)
from pipelines.documents.reports.write import (
    make_bulletin,
    make_table_reader,
    write_bulletin_files,
)
from pipelines.text.texts import LANGUAGES, load_labels
from pipelines.text.units import close_percent, join_sides
from tests.documents.papers import blocks, paper
from tests.support.scored import scored_operator
from tests.support.small import read


def list_bases() -> dict[str, dict[str, dict[str, Decimal]]]:
    """The bases by kind of scope, scope and measure."""
    found: dict[str, dict[str, dict[str, Decimal]]] = defaultdict(dict)
    for row in read(scored_operator().version, "report_figure", topic="base"):
        of_kind = found[row["scope_kind"]]
        of_kind.setdefault(row["scope_id"], {})[row["measure"]] = row["number"]
    return found


def test_bases_add_up_by_product_and_by_branch() -> None:
    bases = list_bases()
    company = bases["company"]["company"]
    assert company["base_count"] > 0 and company["base_revenue"] > 0
    for kind in ("product", "branch"):
        for measure, total in company.items():
            assert sum(of[measure] for of in bases[kind].values()) == total
    for of_kind in bases.values():
        for of in of_kind.values():
            came_and_left = of["new_count"] - of["lost_count"]
            assert of["before_count"] + came_and_left == of["base_count"]


def test_bases_are_those_of_the_churn_rate() -> None:
    company = list_bases()["company"]["company"]
    (churn,) = read(
        scored_operator().version,
        "kpi_monthly",
        kpi="churn_rate",
        variant="start_base",
        scope_kind="company",
    )
    assert company["lost_count"] == churn["numerator"]
    assert company["before_count"] == churn["denominator"]


def test_every_missed_target_is_on_the_front_page_with_its_number() -> None:
    better = {kpi.name: kpi.meta["better"] for kpi in load_kpis()}
    missed = set()
    for row in read(scored_operator().version, "kpi_monthly", scope_kind="company"):
        is_usable = row["status"] in ("released", "caveat") and row["is_default"]
        if not is_usable or row["gap"] is None:
            continue
        if not is_target_met(better[row["kpi"]], row["gap"]):
            missed.add(f"{row['kpi']}.{row['variant']}")
    section = paper("zh").sections[1]
    topics = set()
    for block in section.blocks:
        assert isinstance(block, Text)
        for part in block.parts:
            if part.figure:
                topics.add(paper("zh").figures[part.figure]["topic"])
    assert missed and missed == topics


def test_points_are_points_and_no_blank_is_before_a_per_cent_sign() -> None:
    texts = []
    for block in blocks(paper("zh")):
        if isinstance(block, Table):
            texts += [join_parts(cell) for row in block.rows for cell in row]
        elif not isinstance(block, Chart):
            texts.append(join_parts(block.parts))
    assert any("%" in text for text in texts)
    assert not any(" %" in text for text in texts)
    (five,) = paper("zh").sections[0].blocks
    assert isinstance(five, Table) and len(five.rows) == 5
    gaps = [join_parts(row[3]) for row in five.rows if join_parts(row[3]) != "–"]
    assert gaps and all(gap.endswith("个百分点") for gap in gaps)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bulletin_is_read_back_and_a_wrong_number_is_found(
    language: str, tmp_path: Path
) -> None:
    version = scored_operator().version
    bulletin = make_bulletin(version, language, is_draft=True)
    assert bulletin is not None
    files = write_bulletin_files(version, tmp_path, bulletin)
    assert {file.suffix for file in files} == {".docx", ".html", ".xlsx", ".pdf"}
    findings = lint_documents(bulletin, files, make_table_reader(version))
    assert findings.disagreements == () and findings.traced > 50
    assert {row["topic"] for row in bulletin.figures.values()} == {COMPLAINT_TOPIC}

    page = next(file for file in files if file.suffix == ".html")
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("</main>", "<p>77</p></main>"), encoding="utf-8")
    assert len(lint_document(bulletin, page).disagreements) == 1


def test_a_week_that_the_table_has_otherwise_is_found() -> None:
    bulletin = make_bulletin(scored_operator().version, "zh", is_draft=True)
    assert bulletin is not None
    true = make_table_reader(scored_operator().version)

    def read_changed(name: str) -> list[dict[str, object]]:
        rows = [dict(row) for row in true(name)]
        if name == "report_complaint_week":
            for row in rows:
                row["complaint_count"] += 1
        return rows

    assert lint_documents(bulletin, [], read_changed).disagreements


def test_a_row_and_a_column_of_dashes_are_left_out() -> None:
    def cells(*texts: str) -> tuple[Cell, ...]:
        return tuple(make_cell(text) for text in texts)

    table = Table("t", ("a", "b", "c"), (cells("x", "–", "1"), cells("y", "–", "–")), frozenset({1, 2}), (50, 20, 30))  # fmt: skip
    (pruned,) = prune_blocks([table])
    assert isinstance(pruned, Table)
    assert pruned.header == ("a", "c") and pruned.widths == (50, 30)
    assert pruned.numeric == frozenset({1})
    assert [join_parts(row[0]) for row in pruned.rows] == ["x"]
    empty = Table("t", ("a", "b"), (cells("x", "–"),), frozenset({1}))
    assert list(prune_blocks([empty])) == []


def test_a_trend_has_its_target_and_no_number_over_another() -> None:
    points = [Bar(f"26-0{n}", number, f"{number}%") for n, number in enumerate((2.0, 2.01, 2.0), 1)]  # fmt: skip
    drawn = draw_trend("t", points, (1.5, "target 1.50%"))
    assert "target 1.50%" in drawn and "stroke-dasharray" in drawn
    close = [Bar(f"{n}", float(n % 2), f"{n % 2}.00%") for n in range(40)]
    numbers = [
        part for part in draw_trend("t", close).split("<text")[1:] if "%</text>" in part
    ]
    places = []
    for part in numbers:
        x, y = (float(part.split(f'{axis}="')[1].split('"')[0]) for axis in "xy")
        places.append((x, y))
    assert len(places) >= 2 and places == sorted(places)
    for (x, y), (other_x, other_y) in pairwise(places):
        assert other_x - x > 30 or abs(other_y - y) > 14


def test_numerators_are_stated_in_what_they_count() -> None:
    assert join_sides(Decimal(150_000), Decimal(3127), 10_000) == "15 × 10000 ÷ 3127"
    assert join_sides(Decimal("12.50"), None) == "12.5"
    assert join_sides(None, None) == ""
    assert close_percent("86.64 %") == "86.64%"
    assert load_labels("zh")["kpi_rank"] == "排名"
