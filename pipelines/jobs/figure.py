"""A number of a month's documents, opened.

What it means, what it is a quotient of, and the rows behind it.

The rows are made again by the KPI's own SELECT from the tables of the version, so they are those
the number was made of as long as the definition is the same; they are added up, and the sum
compared with the month's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.catalogue.outputs import Kpi, hash_meaning, load_kpis
from pipelines.core.calendar import Calendar
from pipelines.core.errors import UsageError, VerificationError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.engines import open_workbench
from pipelines.jobs.run import Job, recorded_versions
from pipelines.jobs.verify import recorded_settings
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.parts import (
    FigurePart,
    read_source_page,
    read_source_rows,
)
from pipelines.store.lake import Draft, Version

KpiRow = Mapping[str, Any]  # a row of `kpi_monthly`, all of its columns
MEASURES = (
    "value",
    "numerator",
    "denominator",
    "target",
    "gap",
    "rank",
    "change",
    "year_change",
)
_COMPANY = "company"
_SIDES = ("numerator", "denominator")


@dataclass(frozen=True)
class FigureName:
    """A figure's id taken apart.

    Without a scope it is the company's, without a month the one that was asked for.
    """

    topic: str
    scope_kind: str
    scope_id: str
    month: Month


class FigureDefinition(TypedDict):
    """What the dictionary says of a figure; titles and words by language."""

    id: str
    title: dict[str, str]
    words: dict[str, str]
    version: int
    unit: str
    better: str
    file: str
    meaning: str
    reads: list[str]


@dataclass(frozen=True)
class Opened:
    """A figure that was looked up: its row of `kpi_monthly` and its definition."""

    version: Version
    kpi: Kpi
    row: KpiRow

    @property
    def definition(self) -> FigureDefinition:
        """The entry of the dictionary."""
        spec = self.kpi.spec
        variant = self.row["variant"]
        return {
            "id": f"{self.kpi.name}.{variant}",
            "title": self.kpi.meta["title"],
            "words": spec.meta["variants"][variant],
            "version": spec.meta["version"],
            "unit": self.kpi.meta["unit"],
            "better": self.kpi.meta["better"],
            "file": spec.where,
            "meaning": hash_meaning(self.kpi),
            "reads": sorted(str(table) for table in spec.reads),
        }


@dataclass(frozen=True)
class Figure(Opened):
    """A figure with what stands behind it: the customers' parts it is the sum of."""

    rows: pa.Table


@dataclass(frozen=True)
class FigurePage(Opened):
    """A figure with some of what stands behind it: the biggest parts first, a page of them."""

    rows: list[dict[str, Any]]
    row_count: int


def open_figure(job: Job, figure: str) -> Figure:
    """Return a figure with the rows behind it.

    Raise UsageError for one that is no KPI's or was not computed, VerificationError when its rows
    do not add up to it.
    """
    opened = _look_up(job, figure)
    with _open_as_recorded(job, opened) as context:
        rows = read_source_rows(context, opened.kpi, name_part(opened.row))
    summed = {side: pc.sum(rows[side]).as_py() for side in _SIDES}
    _check_sum(opened, summed, figure)
    return Figure(opened.version, opened.kpi, opened.row, rows)


def open_figure_page(
    job: Job, figure: str, begin: int, count: int, number: int | None = None
) -> FigurePage:
    """Return a figure with so many of the rows behind it, from `begin` on; the biggest come first.

    It is that of the version of that number, of the current one without. The rows are counted,
    added up and cut where they are made. It raises what `open_figure` raises.
    """
    opened = _look_up(job, figure, number)
    with _open_as_recorded(job, opened) as context:
        page = read_source_page(
            context, opened.kpi, name_part(opened.row), begin, count
        )
    summed = {"numerator": page.numerator, "denominator": page.denominator}
    _check_sum(opened, summed, figure)
    return FigurePage(opened.version, opened.kpi, opened.row, page.rows, page.row_count)


def _look_up(job: Job, figure: str, number: int | None = None) -> Opened:
    """Return a figure's row; raise UsageError where there is none."""
    name = parse_name(figure, job.month)
    found = _find_kpi(name)
    if found is None:
        raise _explain_unknown(figure, job)
    version = replace(job, month=name.month).folder.version(number)
    return Opened(version, found.kpi, _find_row(version, found, name))


def name_part(row: KpiRow) -> FigurePart:
    """Return which variant and scope a row of `kpi_monthly` is of."""
    return FigurePart(row["variant"], row["scope_kind"], row["scope_id"])


def parse_name(figure: str, month: Month) -> FigureName:
    """Read what names a figure.

    A KPI's name, one with variant and scope (`arrears_rate.t1_amount:branch:B1`), or the id that
    a document gives a figure.
    """
    topic, *scope = figure.split(":")
    is_document_id = topic in MEASURES and len(scope) >= 4
    if is_document_id:  # value:arrears_rate.t1_amount:branch:B1:2026-10
        topic, *scope, month_name = scope
        month = Month.parse(month_name)

    if len(scope) < 2:
        return FigureName(topic, _COMPANY, _COMPANY, month)
    kind, *scope_id = scope
    return FigureName(topic, kind, ":".join(scope_id), month)


# -- which KPI -------------------------------------------------------------------------------------


class _KpiVariant(NamedTuple):
    kpi: Kpi
    variant: str


def _find_kpi(name: FigureName) -> _KpiVariant | None:
    """Return the KPI and the variant that are named, its default one where none is."""
    title, _, variant = name.topic.partition(".")
    for kpi in load_kpis():
        wanted = variant or kpi.meta["default"]
        if kpi.name == title and wanted in kpi.variants:
            return _KpiVariant(kpi, wanted)
    return None


class _DocumentFigure(NamedTuple):
    shown: str
    source: str


def _explain_unknown(figure: str, job: Job) -> UsageError:
    """Return the error for what is no KPI's.

    It says where a number of the documents stands, or that there is none of that name.
    """
    version = job.folder.version()
    if version.is_computed("report_figure"):
        found = version.read_as(
            _DocumentFigure, "report_figure", where={"figure": figure}
        )
        if found:
            shown, source = found[0]
            return UsageError(
                "figure.of_a_table",
                figure=figure,
                month=job.month,
                shown=shown,
                source=source,
            )

    return UsageError("figure.unknown", figure=figure)


# -- its row and the rows behind it ----------------------------------------------------------------


def _find_row(version: Version, found: _KpiVariant, name: FigureName) -> KpiRow:
    """Return a variant's row of the named scope.

    Raise UsageError when it was not computed, or for no such scope.
    """
    wanted = {"kpi": found.kpi.name, "variant": found.variant}
    rows = version.read_rows("kpi_monthly", where=wanted)
    if rows and rows[0]["status"] == "not_computed":
        reason = rows[0]["reason"]
        raise UsageError(
            "figure.not_computed", figure=name.topic, month=name.month, reason=reason
        )

    for row in rows:
        if row["scope_kind"] == name.scope_kind and row["scope_id"] == name.scope_id:
            return row

    scope = f"{name.scope_kind}:{name.scope_id}"
    raise UsageError(
        "figure.no_scope", figure=name.topic, month=name.month, scope=scope
    )


@contextmanager
def _open_as_recorded(job: Job, opened: Opened) -> Iterator[Context]:
    """Open a figure's version with the settings and the earlier months of its manifest.

    Nothing is written.
    """
    version = opened.version
    job = replace(job, month=version.month)
    draft = Draft(job.month, version.path)
    earlier = recorded_versions(job.home, draft)
    settings = load_settings(**recorded_settings(job, draft.inputs))
    folders = [version.path]
    for held in earlier.values():
        if held is not None:
            folders.append(held.path)
    with open_workbench(settings, folders) as engine:
        calendar = Calendar.load(settings.calendar_file)
        context = Context(job.month, settings, calendar, draft, engine, earlier)
        context.bind_everything()
        yield context


def _check_sum(
    opened: Opened, summed: Mapping[str, Decimal | None], figure: str
) -> None:
    """Hold the sum of the rows against the month's; a mean, a score or a given value has none."""
    for side in _SIDES:
        recorded = opened.row[side]
        if recorded is not None and recorded != (summed[side] or Decimal(0)):
            month = opened.version.month
            raise VerificationError(
                "figure.differs", figure=figure, month=month, side=side
            )
