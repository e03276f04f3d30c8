"""The bulletin of complaints: the latest weeks against their limits, company and branches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.catalogue.figure_rows import (
    FigureRow,
    Figures,
    build_company_figure_id,
    build_figure_id,
)
from pipelines.catalogue.outputs import COMPLAINT_SECTION, COMPLAINT_TOPIC
from pipelines.core.month import Month
from pipelines.documents.reports.charts import draw_trend, make_bar, make_chart_table
from pipelines.documents.reports.model import (
    Block,
    Chart,
    Paper,
    Section,
    Table,
    Wording,
    make_cell,
    write_sentences,
)
from pipelines.documents.reports.rows import (
    ReadTable,
    SentenceRow,
    index_figures,
    map_scope_names,
)
from pipelines.documents.reports.summary import describe_month
from pipelines.documents.reports.summary.ranks import sort_branches

_BRANCH_WEEKS = 5  # side by side
_TABLE_WEEKS = 6  # one below the other, so that the bulletin is one page


def write_bulletin(
    read: ReadTable, month: Month, language: str, version: str, is_draft: bool
) -> Paper | None:
    """Return the bulletin of the month's weeks; None where there is no week to tell of."""
    rows: Sequence[FigureRow] = read("report_figure")
    figures = index_figures(row for row in rows if row["topic"] == COMPLAINT_TOPIC)
    sentence_rows: Sequence[SentenceRow] = read("report_sentence")
    sentences = [row for row in sentence_rows if row["section"] == COMPLAINT_SECTION]
    if not figures or not sentences:
        return None

    words = Wording(language, figures, map_scope_names(figures))
    weeks = sorted({row["month"] for row in figures.values()})
    latest: list[Block] = [*write_sentences(words, sentences)]
    latest += _draw_chart(words, weeks)
    branches = list(_draw_branches(words, weeks[-_BRANCH_WEEKS:]))
    contents: tuple[tuple[str, Sequence[Block]], ...] = (
        ("latest", latest),
        ("branches", branches),
        ("weeks", [_draw_weeks(words, weeks[-_TABLE_WEEKS:])]),
    )

    sections = []
    for key, blocks in contents:
        title = words.find_text(f"bulletin.{key}")
        sections.append(Section(key, title, tuple(blocks)))
    as_of, numbers = words.say_state(month, version)
    return Paper(
        language=language,
        month=str(month),
        title=words.find_text("bulletin.title", month=describe_month(month, language)),
        said=(as_of, numbers, words.find_text("bulletin.note")),
        draft=words.mark_draft(is_draft),
        sections=tuple(sections),
        figures=figures,
        kind="complaints",
    )


def _draw_chart(words: Wording, weeks: Sequence[str]) -> Iterator[Chart]:
    """Yield the company's weeks, with the limit of the latest one; none of fewer than two."""
    points = []
    for week in weeks:
        figure = build_company_figure_id("complaint_count", COMPLAINT_TOPIC, week)
        if figure in words.figures:
            points.append(make_bar(words, week[5:], figure))
    if len(points) < 2:
        return

    limit_id = build_company_figure_id("upper_limit", COMPLAINT_TOPIC, weeks[-1])
    limit = words.figures.get(limit_id)
    line: tuple[float, str] | None = None
    beside = []
    if limit:
        shown = words.find_text("chart.limit", limit=limit["shown"])
        line = (float(limit["number"]), shown)
        name = words.find_text("column.upper_limit")
        beside = [make_bar(words, name, limit_id)]
    title = words.find_text("bulletin.chart")
    table = make_chart_table(words, title, "week", [*points, *beside])
    yield Chart(title, draw_trend(title, points, line), table)


def _draw_branches(words: Wording, weeks: Sequence[str]) -> Iterator[Table]:
    """Yield the branches' counts week by week, and what was to be expected of the latest."""
    branches = _list_branches(words.figures)
    if not branches:
        return
    rows = []
    for branch in sort_branches(branches):
        ids = []
        for week in weeks:
            ids.append(_name_figure("complaint_count", branch, week))
        for measure in ("expected", "upper_limit"):
            ids.append(_name_figure(measure, branch, weeks[-1]))
        rows.append((words.show_scope(branch), *words.show_figures(ids)))

    titles = words.find_column_titles(("branch", "expected", "upper_limit"))
    header = (titles[0], *[week[5:] for week in weeks], *titles[1:])
    yield Table(
        title=words.find_text("bulletin.table_branches"),
        header=header,
        rows=tuple(rows),
        numeric=frozenset(range(1, len(header))),
        widths=(24, *[11] * (len(header) - 1)),
    )


def _name_figure(measure: str, branch: str, week: str) -> str:
    """Return how a branch's figure of a week is called."""
    return build_figure_id(measure, COMPLAINT_TOPIC, "branch", branch, week)


def _list_branches(figures: Figures) -> set[str]:
    """Return the branches that have a figure."""
    branches = set()
    for figure in figures.values():
        if figure["scope_kind"] == "branch":
            branches.add(figure["scope_id"])
    return branches


def _draw_weeks(words: Wording, weeks: Sequence[str]) -> Table:
    """Return the company's weeks, the latest first, with what was to be expected of each."""
    rows = []
    for week in reversed(weeks):
        ids = []
        for measure in ("complaint_count", "expected", "upper_limit"):
            ids.append(build_company_figure_id(measure, COMPLAINT_TOPIC, week))
        rows.append((make_cell(week), *words.show_figures(ids)))
    return words.make_table(
        title="bulletin.table_weeks",
        columns=("week", "complaint_count", "expected", "upper_limit"),
        rows=rows,
        numeric=(1, 2, 3),
        widths=(28, 24, 24, 24),
    )
