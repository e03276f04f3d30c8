"""The summary of a quarter, half-year or year: its figures, its months side by side, its branches, how each was made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.catalogue.outputs import PERIOD_SECTION, Kpi, kpis
from pipelines.core.month import PERIODS, Month
from pipelines.documents.reports.charts import bar_of, draw_trend, figures_of_chart
from pipelines.documents.reports.model import (
    Block,
    Cell,
    Chart,
    Paper,
    Part,
    Section,
    Table,
    Text,
    Wording,
)
from pipelines.documents.reports.summary import HEADLINE
from pipelines.text.texts import label

Row = Mapping[str, Any]


def write_period(
    read: Callable[[str], Sequence[Row]],
    month: Month,
    period: str,
    language: str,
    version: str,
    is_draft: bool,
) -> Paper | None:
    """Return the summary of a period that the month closes; None of a month made before there were such figures."""
    months = [month.plus(i - PERIODS[period] + 1) for i in range(PERIODS[period])]
    figures = {
        str(r["figure"]): dict(r) for r in read("report_figure") if _is_of(r, period, months)
    }
    told = [r for r in read("report_sentence") if r["section"] == f"{PERIOD_SECTION}{period}"]
    if not told:
        return None
    scopes = {r["scope_id"]: r["scope_name"] for r in figures.values() if r["scope_name"]}
    return _Period(months, period, Wording(language, figures, scopes), told).paper(
        version, is_draft
    )


def _is_of(row: Row, period: str, months: Sequence[Month]) -> bool:
    """Whether a figure is the period's, or the company's of one of its months."""
    if row["measure"].startswith(f"{period}_"):
        return True
    is_month = row["measure"] in ("value", "target") and row["scope_kind"] == "company"
    return is_month and "." in row["topic"] and row["month"] in set(map(str, months))


def period_in_words(words: Wording, month: Month, period: str) -> str:
    """Return the period as a title says it."""
    number = month.number // PERIODS[period]
    return words.text(f"period.{period}", year=month.year, number=number)


@dataclass(frozen=True)
class _Period:
    """Builds the paper."""

    months: Sequence[Month]
    period: str
    words: Wording
    told: Sequence[Row]

    @property
    def month(self) -> Month:
        """The month that closes the period."""
        return self.months[-1]

    @property
    def shown(self) -> list[Kpi]:
        """The KPIs that have a figure of the period."""
        files = [kpi for kpi in kpis() if "." not in kpi.spec.name]
        return [kpi for kpi in files if self._id("value", kpi) in self.words.figures]

    def paper(self, version: str, is_draft: bool) -> Paper:
        """Return the paper: overview, months, branches, how each figure was made."""
        words = self.words
        blocks: dict[str, tuple[Block, ...]] = {
            "overall": (*self._sentences(), self._overview()),
            "months": (self._by_month(), *self._trends()),
            "branches": (self._by_branch(),),
            "sources": (self._sources(),),
        }
        return Paper(
            language=words.language,
            month=str(self.month),
            title=words.text(
                "period.title", period=period_in_words(words, self.month, self.period)
            ),
            said=(
                words.text("as_of", last_day=self.month.last_day.isoformat()),
                words.text("version", version=version),
                words.text("period.note"),
            ),
            draft=label(words.language, "draft") if is_draft else "",
            sections=tuple(
                Section(key, words.text(f"period.{key}"), found) for key, found in blocks.items()
            ),
            figures=words.figures,
            kind=self.period,
        )

    def _sentences(self) -> Iterator[Text]:
        for row in sorted(self.told, key=lambda r: r["place"]):
            yield Text(self.words.sentence(row["rules"], json.loads(row["slots"])))

    def _id(self, measure: str, kpi: Kpi, kind: str = "company", scope: str = "company") -> str:
        return f"{self.period}_{measure}:{_topic(kpi)}:{kind}:{scope}:{self.month}"

    def _monthly(self, measure: str, kpi: Kpi, month: Month) -> str:
        return f"{measure}:{_topic(kpi)}:company:company:{month}"

    def _title(self, kpi: Kpi) -> Cell:
        return (Part(self.words.kpi(kpi.name)),)

    def _overview(self) -> Table:
        rows = []
        for kpi in self.shown:
            figures = [self.words.figure(self._id(name, kpi)) for name in ("gap", "year_change")]
            target = self.words.figure(self._monthly("target", kpi, self.month))
            rows.append(
                (self._title(kpi), self.words.figure(self._id("value", kpi)), target, *figures)
            )
        names = ("kpi", "period", "target", "gap", "year_change")
        header = tuple(self.words.text(f"column.{name}") for name in names)
        return Table(
            self.words.text("table.kpi"),
            header,
            tuple(rows),
            frozenset({1, 2, 3, 4}),
            (32, 20, 16, 16, 16),
        )

    def _by_month(self) -> Table:
        """The headline figures of each month of the period, as they were printed."""
        header = (self.words.text("column.month"), *(self.words.kpi(name) for name in HEADLINE))
        of = {kpi.name: kpi for kpi in kpis() if "." not in kpi.spec.name}
        rows = [
            (
                (Part(str(m)),),
                *(self.words.figure(self._monthly("value", of[name], m)) for name in HEADLINE),
            )
            for m in self.months
        ]
        return Table(
            self.words.text("period.table_months"), header, tuple(rows), frozenset({1, 2, 3, 4})
        )

    def _trends(self) -> Iterator[Chart]:
        for kpi in (kpi for kpi in self.shown if kpi.name in HEADLINE):
            ids = [(m, self._monthly("value", kpi, m)) for m in self.months]
            points = [
                bar_of(self.words, str(m)[2:], name)
                for m, name in ids
                if name in self.words.figures
            ]
            if len(points) > 1:
                title = self.words.text("chart.trend", kpi=self.words.kpi(kpi.name))
                yield Chart(
                    title,
                    draw_trend(title, points),
                    figures_of_chart(self.words, title, "month", points),
                )

    def _by_branch(self) -> Table:
        of = {kpi.name: kpi for kpi in self.shown if kpi.name in HEADLINE}
        found = {r["scope_id"] for r in self.words.figures.values() if r["scope_kind"] == "branch"}
        header = (self.words.text("column.branch"), *map(self.words.kpi, of))
        rows = [
            (
                (Part(self.words.scope(b)),),
                *(self.words.figure(self._id("value", k, "branch", b)) for k in of.values()),
            )
            for b in sorted(found, key=lambda branch: (branch == "unclaimed", branch))
        ]
        numeric = frozenset(range(1, len(header)))
        return Table(self.words.text("period.table_branches"), header, tuple(rows), numeric)

    def _sources(self) -> Table:
        """How each figure was made, of how many months, and what it is a quotient of."""
        rows = []
        for kpi in self.shown:
            way = self.words.text(
                "period.sum" if kpi.meta.get("period") == "sum" else "period.last"
            )
            said = f"{self.words.variant(_topic(kpi))} · {way}"
            cells = [
                self.words.figure(self._id(name, kpi))
                for name in ("months", "numerator", "denominator")
            ]
            rows.append((self._title(kpi), (Part(said),), *cells))
        names = ("kpi", "meaning", "months", "numerator", "denominator")
        header = tuple(self.words.text(f"column.{name}") for name in names)
        return Table(
            self.words.text("table.sources"),
            header,
            tuple(rows),
            frozenset({2, 3, 4}),
            (22, 34, 8, 18, 18),
        )


def _topic(kpi: Kpi) -> str:
    return f"{kpi.name}.{kpi.meta['default']}"
