"""What a month's summary is written from: its rows, and the figures that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pipelines.catalogue.figure_rows import KpiRow, build_figure_id, name_topic
from pipelines.core.month import Month
from pipelines.documents.reports.model import Cell, Wording
from pipelines.documents.reports.rows import ListRow, SentenceRow


@dataclass(frozen=True)
class SummarySource:
    """The rows of one month's summary, and the words that they are put into."""

    month: Month
    words: Wording
    sentences: Sequence[SentenceRow]
    kpi_rows: Sequence[KpiRow]
    list_rows: Sequence[ListRow]

    @cached_property
    def shown_rows(self) -> list[KpiRow]:
        """The default variants' rows of the company and the branches, the company first."""
        found = []
        for row in self.kpi_rows:
            if row["is_default"] and row["scope_kind"] in ("company", "branch"):
                found.append(row)
        return sorted(found, key=_order_shown)

    @cached_property
    def company_rows(self) -> dict[str, KpiRow]:
        """The company's row of each KPI."""
        found = {}
        for row in self.shown_rows:
            if row["scope_kind"] == "company":
                found[row["kpi"]] = row
        return found

    @cached_property
    def branch_rows(self) -> dict[tuple[str, str], KpiRow]:
        """The branches' rows by KPI and branch."""
        found = {}
        for row in self.shown_rows:
            if row["scope_kind"] == "branch":
                found[row["kpi"], row["scope_id"]] = row
        return found

    def build_id(self, measure: str, row: KpiRow, month: Month | None = None) -> str:
        """Return the id of a figure of a row; of another month where one is given."""
        return build_figure_id(
            measure,
            name_topic(row),
            row["scope_kind"],
            row["scope_id"],
            month or self.month,
        )

    def show_measure(self, measure: str, row: KpiRow, has_unit: bool = False) -> Cell:
        """Return a figure of a row as it is printed; `has_unit` says that points are points."""
        figure = self.build_id(measure, row)
        if has_unit:
            return self.words.show_figure_with_unit(figure)
        return self.words.show_figure(figure)

    def show_numerator(self, row: KpiRow) -> Cell:
        """Return the numerator of a row in what it counts."""
        stated = self.build_id("stated_numerator", row)
        if stated in self.words.figures:
            return self.words.show_figure(stated)
        return self.show_measure("numerator", row)

    def has_measure(self, measure: str, row: KpiRow) -> bool:
        """Say whether there is a figure of a row."""
        return self.build_id(measure, row) in self.words.figures


def _order_shown(row: KpiRow) -> tuple[str, bool, str]:
    """By KPI, the company first, then the branches."""
    is_branch = row["scope_kind"] == "branch"
    return row["kpi"], is_branch, row["scope_id"]
