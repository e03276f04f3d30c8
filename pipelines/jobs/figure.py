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
from pipelines.rooms.kpi.parts import read_source_rows
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
class Figure:
    """A figure with what stands behind it.

    Its row of `kpi_monthly`, its definition, and the customers' parts it is the sum of.
    """

    version: Version
    kpi: Kpi
    row: KpiRow
    rows: pa.Table

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


def open_figure(job: Job, figure: str) -> Figure:
    """Return a figure with the rows behind it.

    Raise UsageError for one that is no KPI's or was not computed, VerificationError when its rows
    do not add up to it.
    """
    name = parse_name(figure, job.month)
    found = _find_kpi(name)
    if found is None:
        raise _explain_unknown(figure, job)
    job_of_month = replace(job, month=name.month)
    version = job_of_month.folder.version()
    row = _find_row(version, found, name)
    rows = _compute_rows(job_of_month, version, found.kpi, row)
    opened = Figure(version, found.kpi, row, rows)
    _check_sum(opened, figure)
    return opened


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


def _compute_rows(job: Job, version: Version, kpi: Kpi, row: KpiRow) -> pa.Table:
    """Compute the KPI's parts again on the version's tables."""
    with _open_as_recorded(job, version) as context:
        return read_source_rows(
            context, kpi, row["variant"], row["scope_kind"], row["scope_id"]
        )


@contextmanager
def _open_as_recorded(job: Job, version: Version) -> Iterator[Context]:
    """Open a version with the settings and the earlier months of its manifest.

    Nothing is written.
    """
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


def _check_sum(figure: Figure, name: str) -> None:
    """Hold the sum of the rows against the month's; a mean, a score or a given value has none."""
    for side in ("numerator", "denominator"):
        recorded = figure.row[side]
        summed = pc.sum(figure.rows[side]).as_py() or Decimal(0)
        if recorded is not None and recorded != summed:
            month = figure.version.month
            raise VerificationError(
                "figure.differs", figure=name, month=month, side=side
            )
