"""A version's manifest as OpenLineage run events, for a catalogue that reads them.

Nothing is called.

A run a room and, below it, a run a table that a SQL file made. Everything is taken from the
version, so the same version gives the same events: run ids are made of the manifest's hash, and the
time is the end of the bill month, because a manifest has no clock in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import pyarrow as pa
from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
)
from openlineage.client.facet_v2 import (
    DatasetFacet,
    JobFacet,
    RunFacet,
    dataset_version_dataset,
    nominal_time_run,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
    sql_job,
)
from openlineage.client.serde import Serde

from pipelines import ROOMS
from pipelines.catalogue.spec import load_room_specs
from pipelines.core.contract import load_contract
from pipelines.core.month import Month
from pipelines.store.files import write_text
from pipelines.store.lake import Version
from pipelines.store.manifest import Entries, TableEntry
from pipelines.store.parts import list_files

NAMESPACE = "retention"
PRODUCER = f"urn:retention-office:{installed_version('retention-office')}"
# What the operator delivered for the month; its version is the source's fingerprint.
DELIVERY = "delivery"


class Reading(NamedTuple):
    """A table that was read, and the hash of what was read."""

    table: str
    sha256: str


def write_events(version: Version, out: Path) -> int:
    """Write a version's events, one JSON object a line, whole or not at all; return how many."""
    lines = [Serde.to_json(event) for event in make_events(version)]
    write_text(out, "".join(f"{line}\n" for line in lines))
    return len(lines)


def make_events(version: Version) -> Iterator[RunEvent]:
    """Yield START and COMPLETE of each room, between them those of its tables made by SQL files."""
    return _EventMaker(version).make_events()


class _EventMaker:
    """Makes the events of one version."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.identity = version.identity
        manifest = version.read_manifest()
        self.rooms = manifest.rooms
        self.tables = manifest.tables
        self.source = str(manifest.inputs["source"])
        self.time = _format_midnight(version.month.plus(1))

    def make_events(self) -> Iterator[RunEvent]:
        for room in ROOMS:
            if room in self.rooms:
                yield from self._make_room_events(room)

    def _make_room_events(self, room: str) -> Iterator[RunEvent]:
        made = {
            name: entry for name, entry in self.tables.items() if entry.room == room
        }
        run = self._make_run(room)
        job = Job(NAMESPACE, room, {})
        inputs = _make_inputs(self._list_room_readings(room, made))
        yield self._make_event(RunState.START, run, job, inputs, [])
        for table in sorted(made):
            if _is_made_by_sql(made[table]):
                yield from self._make_table_events(room, table, made[table])

        outputs = [self._make_output(table) for table in sorted(made)]
        yield self._make_event(RunState.COMPLETE, run, job, inputs, outputs)

    def _make_table_events(
        self, room: str, table: str, entry: TableEntry
    ) -> Iterator[RunEvent]:
        name = f"{room}.{table}"
        run = self._make_run(name, parent=room)
        job = Job(NAMESPACE, name, _make_sql_facet(room, entry))
        inputs = _make_inputs(_list_recorded_readings(entry))
        yield self._make_event(RunState.START, run, job, inputs, [])
        yield self._make_event(
            RunState.COMPLETE, run, job, inputs, [self._make_output(table)]
        )

    def _make_event(
        self,
        state: RunState,
        run: Run,
        job: Job,
        inputs: list[InputDataset],
        outputs: list[OutputDataset],
    ) -> RunEvent:
        return RunEvent(
            eventType=state,
            eventTime=self.time,
            run=run,
            job=job,
            inputs=inputs,
            outputs=outputs,
            producer=PRODUCER,
        )

    def _make_run(self, job: str, parent: str | None = None) -> Run:
        start = _format_midnight(self.version.month)
        facets: dict[str, RunFacet] = {
            "nominalTime": nominal_time_run.NominalTimeRunFacet(
                start, self.time, producer=PRODUCER
            )
        }
        if parent is not None:
            facets["parent"] = parent_run.ParentRunFacet(
                run=parent_run.Run(self._make_run_id(parent)),
                job=parent_run.Job(NAMESPACE, parent),
                producer=PRODUCER,
            )

        return Run(self._make_run_id(job), facets)

    def _make_run_id(self, job: str) -> str:
        return str(uuid5(NAMESPACE_URL, f"urn:retention-office:{self.identity}:{job}"))

    # -- what is read and made ---------------------------------------------------------------------

    def _list_room_readings(self, room: str, made: Entries) -> set[Reading]:
        """The tables (and their hashes) that a room reads from elsewhere."""
        if room == ROOMS[0]:
            return {Reading(DELIVERY, self.source)}

        readings: set[Reading] = set()
        for table, entry in made.items():
            readings.update(_list_recorded_readings(entry))
            if room == "snapshot":
                readings.update(self._find_delivered(table))

        own = {
            Reading(table, entry.sha256)
            for table, entry in made.items()
            if entry.sha256
        }
        return readings - own

    def _find_delivered(self, table: str) -> Iterator[Reading]:
        """The delivered table of its name, of which each table of the snapshot is made.

        Nothing of one that is not there.
        """
        name = f"extract_{table.removeprefix('snapshot_')}"
        delivered = self.tables.get(name)
        if delivered is not None and delivered.sha256 is not None:
            yield Reading(name, delivered.sha256)

    def _make_output(self, table: str) -> OutputDataset:
        entry = self.tables[table]
        if entry.sha256 is None:
            return OutputDataset(NAMESPACE, table)

        files = list_files(self.version.table(table))
        statistics = (
            output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                rowCount=entry.rows,
                size=sum(file.stat().st_size for file in files),
                fileCount=len(files),
                producer=PRODUCER,
            )
        )
        facets = _make_version_facet(entry.sha256) | _make_schema_facet(
            table, self.version.read_schema(table)
        )
        return OutputDataset(
            NAMESPACE,
            table,
            facets=facets,
            outputFacets={"outputStatistics": statistics},
        )


def _format_midnight(month: Month) -> str:
    """The first instant of a month where the office works, in ISO's form."""
    midnight = datetime.min.time()
    zone = ZoneInfo("Asia/Shanghai")
    return datetime.combine(month.first_day, midnight, zone).isoformat()


def _is_made_by_sql(entry: TableEntry) -> bool:
    return entry.definition is not None and entry.is_computed


def _list_recorded_readings(entry: TableEntry) -> Iterator[Reading]:
    """The tables a table was made of.

    Of an earlier month's the name alone, the hash tells which month's.
    """
    for name, sha256 in (entry.inputs or {}).items():
        if sha256:
            yield Reading(name.rpartition(".")[2], sha256)


def _make_inputs(readings: Iterable[Reading]) -> list[InputDataset]:
    inputs = []
    for reading in sorted(set(readings)):
        facets = _make_version_facet(reading.sha256)
        inputs.append(InputDataset(NAMESPACE, reading.table, facets=facets))
    return inputs


# -- facets ----------------------------------------------------------------------------------------


def _make_version_facet(sha256: str) -> dict[str, DatasetFacet]:
    facet = dataset_version_dataset.DatasetVersionDatasetFacet(
        sha256, producer=PRODUCER
    )
    return {"version": facet}


def _make_sql_facet(room: str, entry: TableEntry) -> dict[str, JobFacet]:
    """The SQL of a table, as long as the file is still the one that made it."""
    definition = entry.definition
    if definition is None:
        return {}
    for spec in load_room_specs(room):
        if spec.where == definition.file and spec.hash == definition.sha256:
            return {"sql": sql_job.SQLJobFacet(spec.text, "duckdb", producer=PRODUCER)}
    return {}


def _make_schema_facet(table: str, schema: pa.Schema) -> dict[str, DatasetFacet]:
    """The columns of a table.

    Of a delivered one those that the contract knows, for a file may call a column anything.
    """
    known = _list_known_columns(table)
    fields = []
    for field in schema:
        if known is None or field.name in known or field.name.startswith("_"):
            fields.append(
                schema_dataset.SchemaDatasetFacetFields(field.name, str(field.type))
            )
    return {"schema": schema_dataset.SchemaDatasetFacet(fields, producer=PRODUCER)}


def _list_known_columns(table: str) -> set[str] | None:
    """The columns that the contract has for a delivered table.

    None for a table that this project makes.
    """
    if not table.startswith("extract_"):
        return None
    delivered = load_contract().get(table.removeprefix("extract_"))
    if delivered is None:
        return None
    return {column.name for column in delivered.columns}
