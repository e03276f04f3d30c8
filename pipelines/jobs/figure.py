"""Opens a number of a month's documents: what it means, what it is a quotient of, and the rows behind it.

The rows are made again by the KPI's own SELECT from the tables of the version, so they are those the number was made
of as long as the definition is the same; they are added up, and the sum compared with the month's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.catalogue.outputs import Kpi, kpis, meaning
from pipelines.core.calendar import Calendar
from pipelines.core.errors import UsageError, VerificationError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.engines.duckdb import DuckEngine
from pipelines.jobs.run import Job, recorded_versions
from pipelines.jobs.verify import recorded_settings
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.parts import source_rows
from pipelines.store.lake import Draft, Version

Row = Mapping[str, Any]
MEASURES = ("value", "numerator", "denominator", "target", "gap", "rank", "change", "year_change")


@dataclass(frozen=True)
class Name:
    """A figure's id taken apart; without a scope it is the company's, without a month the one that was asked for."""

    topic: str
    scope_kind: str
    scope_id: str
    month: Month


@dataclass(frozen=True)
class Figure:
    """A figure opened: its row of `kpi_monthly`, its definition, and the customers' parts it is the sum of."""

    version: Version
    kpi: Kpi
    row: Row
    rows: pa.Table

    @property
    def definition(self) -> dict[str, Any]:
        """The entry of the dictionary."""
        spec, variant = self.kpi.spec, self.row["variant"]
        return {
            "id": f"{self.kpi.name}.{variant}",
            "title": self.kpi.meta["title"],
            "words": spec.meta["variants"][variant],
            "version": spec.meta["version"],
            "unit": self.kpi.meta["unit"],
            "better": self.kpi.meta["better"],
            "file": spec.where,
            "meaning": meaning(self.kpi),
            "reads": sorted(map(str, spec.reads)),
        }


def open_figure(job: Job, figure: str) -> Figure:
    """Return a figure with the rows behind it.

    Raise UsageError for one that is no KPI's or was not computed, VerificationError when its rows do not add up to it.
    """
    name = parse_name(figure, job.month)
    kpi, variant = _definition(name, figure, job)
    then = replace(job, month=name.month)
    version = then.folder.version()
    row = _row_of(version, kpi, variant, name)
    found = Figure(version, kpi, row, _rows_behind(then, version, kpi, row))
    _check_sum(found, figure)
    return found


def parse_name(figure: str, month: Month) -> Name:
    """Read a KPI's name, one with variant and scope (`arrears_rate.t1_amount:branch:B1`), or a document's id of a figure."""
    first, *others = figure.split(":")
    if first in MEASURES and len(others) >= 4:
        month, first, others = Month.parse(others[-1]), others[0], others[1:-1]
    kind, scope = (others[0], ":".join(others[1:])) if len(others) > 1 else ("company", "company")
    return Name(first, kind, scope, month)


def _definition(name: Name, figure: str, job: Job) -> tuple[Kpi, str]:
    title, _, variant = name.topic.partition(".")
    for kpi in kpis():
        wanted = variant or kpi.meta["default"]
        if kpi.name == title and wanted in kpi.variants:
            return kpi, wanted
    raise _no_kpi(figure, job)


def _no_kpi(figure: str, job: Job) -> UsageError:
    """Say where a number of the documents that is no KPI's stands; that there is none of that name else."""
    version = job.folder.version()
    if version.is_computed("report_figure"):
        found = pq.read_table(
            version.table("report_figure"), filters=[("figure", "==", figure)]
        ).to_pylist()
        if found:
            told = {name: found[0][name] for name in ("shown", "source")}
            return UsageError("figure.of_a_table", figure=figure, month=job.month, **told)
    return UsageError("figure.unknown", figure=figure)


def _row_of(version: Version, kpi: Kpi, variant: str, name: Name) -> Row:
    wanted = {"kpi": kpi.name, "variant": variant}
    rows: list[Row] = pq.read_table(
        version.table("kpi_monthly"),
        filters=[(column, "==", value) for column, value in wanted.items()],
    ).to_pylist()
    row = next(
        (r for r in rows if (r["scope_kind"], r["scope_id"]) == (name.scope_kind, name.scope_id)),
        None,
    )
    if rows and rows[0]["status"] == "not_computed":
        raise UsageError(
            "figure.not_computed", figure=name.topic, month=name.month, reason=rows[0]["reason"]
        )
    if row is None:
        raise UsageError(
            "figure.no_scope",
            figure=name.topic,
            month=name.month,
            scope=f"{name.scope_kind}:{name.scope_id}",
        )
    return row


def _rows_behind(job: Job, version: Version, kpi: Kpi, row: Row) -> pa.Table:
    """Compute the KPI's parts again on the version's tables, with the settings and earlier months of its manifest."""
    draft = Draft(job.month, version.path)
    earlier = recorded_versions(job.home, draft)
    settings = load_settings(**recorded_settings(job, draft.inputs))
    folders = [version.path, *(v.path for v in earlier.values() if v)]
    with (
        TemporaryDirectory(prefix="figure-") as scratch,
        DuckEngine(Path(scratch), folders, settings.memory_limit, settings.threads) as engine,
    ):
        context = Context(
            job.month, settings, Calendar.load(settings.calendar_file), draft, engine, earlier
        )
        context.bind_everything()
        return source_rows(context, kpi, row["variant"], row["scope_kind"], row["scope_id"])


def _check_sum(figure: Figure, name: str) -> None:
    """Hold the sum of the rows against the month's; a mean, a score or a given value has none."""
    for side in ("numerator", "denominator"):
        there, summed = figure.row[side], pc.sum(figure.rows[side]).as_py() or Decimal(0)
        if there is not None and there != summed:
            raise VerificationError(
                "figure.differs", figure=name, month=figure.version.month, side=side
            )
