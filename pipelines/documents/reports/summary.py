"""The monthly summary: what stands in which section, from the tables that `report` and `kpi` wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipelines.catalogue.outputs import ACTIVITY_SECTION, is_met, kpis
from pipelines.core.month import Month
from pipelines.documents.reports.activities import activity_tables
from pipelines.documents.reports.charts import (
    bar_of,
    draw_bars,
    draw_bridge,
    draw_trend,
    figures_of_chart,
)
from pipelines.documents.reports.model import (
    EMPTY,
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
from pipelines.documents.workbooks.columns import STEPS
from pipelines.text.texts import label, reason_in_words

Row = dict[str, Any]
Tables = Mapping[str, Sequence[Mapping[str, Any]]]
SECTIONS = ("overall", "ranks", "dispatch", "quality", "next", "sources")
HEADLINE = ("vip_card_holding_rate", "arrears_rate", "churn_rate", "revenue_retention_rate")
TABLES = ("report_figure", "report_sentence", "kpi_monthly", "dispatch_list")


def write_paper(tables: Tables, month: Month, language: str, version: str, is_draft: bool) -> Paper:
    """Return the month's summary in a language; `version` says which numbers it shows."""
    figures = {
        str(r["figure"]): dict(r) for r in tables["report_figure"] if r["scope_kind"] != "manager"
    }
    scopes = {r["scope_id"]: r["scope_name"] for r in figures.values() if r["scope_name"]}
    summary = _Summary(tables, month, Wording(language, figures, scopes))
    words = summary.words
    said = (
        words.text("as_of", last_day=month.last_day.isoformat()),
        words.text("version", version=version),
    )
    return Paper(
        language=language,
        month=str(month),
        title=words.text("title", month=month_in_words(month, language)),
        said=said,
        draft=label(language, "draft") if is_draft else "",
        sections=tuple(summary.section(key) for key in SECTIONS),
        figures=figures,
    )


def month_in_words(month: Month, language: str) -> str:
    """Return the month as a title says it."""
    return f"{month.year}年{month.number}月" if language == "zh" else str(month)


@dataclass(frozen=True)
class _Summary:
    """Builds the sections."""

    tables: Tables
    month: Month
    words: Wording

    @cached_property
    def rows(self) -> list[Mapping[str, Any]]:
        """The default variants' rows of the company and the branches."""
        kinds = ("company", "branch")
        found = [
            r for r in self.tables["kpi_monthly"] if r["is_default"] and r["scope_kind"] in kinds
        ]
        return sorted(found, key=lambda r: (r["kpi"], r["scope_kind"] != "company", r["scope_id"]))

    @cached_property
    def company(self) -> dict[str, Mapping[str, Any]]:
        """The company's row of each KPI."""
        return {r["kpi"]: r for r in self.rows if r["scope_kind"] == "company"}

    def section(self, key: str) -> Section:
        """Return one section: its sentences, then its tables and charts."""
        told = [Text(parts) for parts in self._sentences(key)]
        if key == "dispatch":
            told += [Text(parts) for parts in self._sentences(ACTIVITY_SECTION)]
        if key == "next":
            told[-1] = Text(told[-1].parts, is_blank=True)
        drawn = {
            "overall": self._overall,
            "ranks": self._ranks,
            "dispatch": self._dispatch,
            "sources": self._sources,
        }
        blocks: list[Block] = [*told, *(drawn[key]() if key in drawn else ())]
        return Section(key, self.words.text(f"section.{key}"), tuple(blocks))

    def _sentences(self, key: str) -> Iterator[Cell]:
        for row in sorted(self.tables["report_sentence"], key=lambda r: (r["section"], r["place"])):
            if row["section"] == key:
                yield self.words.sentence(row["rules"], json.loads(row["slots"]))

    def _id(self, measure: str, row: Mapping[str, Any], month: object = None) -> str:
        topic = f"{row['kpi']}.{row['variant']}"
        return f"{measure}:{topic}:{row['scope_kind']}:{row['scope_id']}:{month or self.month}"

    def _of(self, measure: str, row: Mapping[str, Any]) -> Cell:
        return self.words.figure(self._id(measure, row))

    # -- overall -------------------------------------------------------------------------------------------------

    def _overall(self) -> Iterator[Block]:
        yield self._kpi_table()
        yield from self._trends()
        yield from self._bridge()

    def _kpi_table(self) -> Table:
        rows = []
        for row in self.company.values():
            state = label(self.words.language, f"status.{row['status']}")
            figures = [self._of(name, row) for name in ("value", "target", "gap", "change")]
            rows.append(
                (
                    (Part(self.words.kpi(row["kpi"])),),
                    *figures,
                    (Part(self._met(row)),),
                    (Part(state),),
                )
            )
        names = ("kpi", "value", "target", "gap", "change", "met", "status")
        return Table(
            self.words.text("table.kpi"),
            tuple(self.words.text(f"column.{name}") for name in names),
            tuple(rows),
            frozenset({1, 2, 3, 4}),
            (26, 15, 12, 12, 12, 11, 12),
        )

    def _met(self, row: Mapping[str, Any]) -> str:
        if self._id("gap", row) not in self.words.figures:
            return EMPTY
        better = next(kpi.meta["better"] for kpi in kpis() if kpi.name == row["kpi"])
        return self.words.text("yes" if is_met(better, row["gap"]) else "no")

    def _trends(self) -> Iterator[Chart]:
        months = [self.month.plus(-ago) for ago in reversed(range(13))]
        for kpi in HEADLINE:
            row = self.company[kpi]
            ids = [(m, self._id("value", row, m)) for m in months]
            points = [
                bar_of(self.words, str(m)[2:], name)
                for m, name in ids
                if name in self.words.figures
            ]
            if len(points) > 1:
                title = self.words.text("chart.trend", kpi=self.words.kpi(kpi))
                yield Chart(
                    title,
                    draw_trend(title, points),
                    figures_of_chart(self.words, title, "month", points),
                )

    def _bridge(self) -> Iterator[Block]:
        of = [
            r
            for r in self.words.figures.values()
            if r["topic"] == "bridge" and r["scope_kind"] == "company"
        ]
        if not of:
            return
        places = {step: place for place, step in enumerate(STEPS)}
        rows = sorted(of, key=lambda r: places[r["measure"]])
        names = [self.words.text(f"step.{r['measure']}") for r in rows]
        title = self.words.text("table.bridge")
        cells = [
            ((Part(n),), self.words.figure(r["figure"])) for n, r in zip(names, rows, strict=True)
        ]
        header = (self.words.text("column.step"), self.words.text("column.amount"))
        yield Table(title, header, tuple(cells), frozenset({1}), (60, 40))
        bars = [bar_of(self.words, n, r["figure"]) for n, r in zip(names, rows, strict=True)]
        yield Chart(
            title, draw_bridge(title, bars), figures_of_chart(self.words, title, "step", bars)
        )

    # -- the other sections --------------------------------------------------------------------------------------

    def _ranks(self) -> Iterator[Block]:
        branches = sorted({r["scope_id"] for r in self.rows if r["scope_kind"] == "branch"})
        shown = [
            k
            for k in HEADLINE
            if any(self._id("value", r) in self.words.figures for r in self._branches(k))
        ]
        if not branches or not shown:
            return
        of = {(r["kpi"], r["scope_id"]): r for r in self.rows if r["scope_kind"] == "branch"}
        order = [b for b in branches if b != "unclaimed"] + [
            b for b in branches if b == "unclaimed"
        ]
        rows = [
            ((Part(self.words.scope(b)),), *(self._ranked(of.get((k, b))) for k in shown))
            for b in order
        ]
        header = (self.words.text("column.branch"), *(self.words.kpi(k) for k in shown))
        widths = (24, *[76 // len(shown)] * len(shown))
        yield Table(
            self.words.text("table.ranks"),
            header,
            tuple(rows),
            frozenset(range(1, len(shown) + 1)),
            widths,
        )
        yield from (chart for kpi in shown for chart in self._rank_chart(kpi))

    def _branches(self, kpi: str) -> list[Mapping[str, Any]]:
        return [r for r in self.rows if r["kpi"] == kpi and r["scope_kind"] == "branch"]

    def _ranked(self, row: Mapping[str, Any] | None) -> Cell:
        """A value with its rank, or without one where there is none."""
        if row is None:
            return (Part(EMPTY),)
        value, rank = self._of("value", row), self._id("rank", row)
        if rank not in self.words.figures:
            return value
        return (
            *value,
            Part(self.words.text("rank_open")),
            *self.words.figure(rank),
            Part(self.words.text("rank_close")),
        )

    def _rank_chart(self, kpi: str) -> Iterator[Chart]:
        rows = [r for r in self._branches(kpi) if self._id("value", r) in self.words.figures]
        ranked = sorted(rows, key=lambda r: (r["rank"] is None, r["rank"] or 0, r["scope_id"]))
        if len(ranked) < 2:
            return
        bars = [
            bar_of(
                self.words, self.words.scope(r["scope_id"]), self._id("value", r), r["rank"] is None
            )
            for r in ranked
        ]
        target = self.words.figures.get(self._id("target", self.company[kpi]))
        line, beside = None, []
        if target:
            line = (
                float(target["number"]),
                self.words.text("chart.target", target=target["shown"]),
            )
            beside = [bar_of(self.words, self.words.text("column.target"), target["figure"])]
        title = self.words.text("chart.ranks", kpi=self.words.kpi(kpi))
        figures = figures_of_chart(self.words, title, "branch", [*bars, *beside])
        yield Chart(title, draw_bars(title, bars, line), figures)

    def _dispatch(self) -> Iterator[Block]:
        rows = []
        for row in self.tables["dispatch_list"]:
            ids = [
                f"{n}:{row['list']}:company:company:{self.month}"
                for n in ("candidate_count", "treated_count")
            ]
            state = label(self.words.language, f"status.{row['status']}")
            rows.append(
                ((Part(self.words.kpi(row["list"])),), *map(self.words.figure, ids), (Part(state),))
            )
        header = tuple(
            self.words.text(f"column.{n}") for n in ("list", "candidates", "treated", "status")
        )
        yield Table(
            self.words.text("table.lists"), header, tuple(rows), frozenset({1, 2}), (40, 20, 20, 20)
        )
        yield from activity_tables(self.words, self.month)

    def _sources(self) -> Iterator[Block]:
        """Every default variant: what it is, and the numerator and denominator behind the company's value."""
        rows = []
        for row in self.company.values():
            said = self.words.variant(f"{row['kpi']}.{row['variant']}")
            why = (
                reason_in_words(self.words.language, row["reason"])
                if row["status"] != "released"
                else ""
            )
            cells = (
                (Part(self.words.kpi(row["kpi"])),),
                (Part(" · ".join(filter(None, (said, why)))),),
            )
            rows.append((*cells, self._of("numerator", row), self._of("denominator", row)))
        header = tuple(
            self.words.text(f"column.{n}") for n in ("kpi", "meaning", "numerator", "denominator")
        )
        yield Table(
            self.words.text("table.sources"),
            header,
            tuple(rows),
            frozenset({2, 3}),
            (24, 40, 18, 18),
        )
