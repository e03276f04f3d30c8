"""The summary's front page.

Five figures, what is off target and why, what was put down a month ago, what comes next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.catalogue.outputs import list_shown_kpis
from pipelines.documents.reports.model import (
    Block,
    Section,
    Table,
    write_sentences,
)
from pipelines.documents.reports.summary.overall import say_if_met
from pipelines.documents.reports.summary.source import SummarySource

FIGURE_COUNT = 5
_MEASURES = ("value", "target", "gap", "change")
# The parts of the page behind its figures, by the sections of their sentences.
_PARTS = ("front", "promised", "arrangements")


def draw_front(source: SummarySource) -> Iterator[Section]:
    """Yield the sections of the page; a month that was made before there was one has none."""
    parts = []
    for key in _PARTS:
        rows = [row for row in source.sentences if row["section"] == key]
        if rows:
            parts.append((key, write_sentences(source.words, rows)))
    if not parts:
        return

    yield _make_section(source, "five", [_draw_figures(source)], is_last=False)
    for key, texts in parts:
        yield _make_section(source, key, texts, is_last=key == parts[-1][0])


def _make_section(
    source: SummarySource, key: str, blocks: Sequence[Block], is_last: bool
) -> Section:
    """Return a section of the page; the last one ends it."""
    title = source.words.find_text(f"section.{key}")
    return Section(key, title, tuple(blocks), ends_page=is_last)


def _draw_figures(source: SummarySource) -> Table:
    """Return the first of the headline figures, with whether their targets are met."""
    rows = []
    for kpi in list_shown_kpis("overall")[:FIGURE_COUNT]:
        row = source.company_rows[kpi]
        figures = []
        for measure in _MEASURES:
            figures.append(source.show_measure(measure, row, has_unit=True))
        met = say_if_met(source, row)
        rows.append((source.words.show_kpi(kpi), *figures, met))

    return source.words.make_table(
        title="table.five",
        columns=("kpi", *_MEASURES, "met"),
        rows=rows,
        numeric=(1, 2, 3, 4),
        widths=(28, 15, 14, 20, 20, 13),
    )
