"""A version's manifest as OpenLineage run events, for a catalogue that reads them; nothing is called.

A run a room and, below it, a run a table that a SQL file made. Everything is taken from the version, so the same
version gives the same events: run ids are made of the manifest's hash, and the time is the end of the bill month,
because a manifest has no clock in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    dataset_version_dataset,
    nominal_time_run,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
    sql_job,
)
from openlineage.client.serde import Serde

from pipelines import ROOMS
from pipelines.catalogue.spec import room_specs
from pipelines.core.contract import contract
from pipelines.core.month import Month
from pipelines.store.files import write_text
from pipelines.store.lake import Version
from pipelines.store.torn import check_table

NAMESPACE = "retention"
PRODUCER = f"urn:retention-office:{installed_version('retention-office')}"
DELIVERY = (
    "delivery"  # what the operator delivered for the month; its version is the source's fingerprint
)
Entry = dict[str, Any]


def write_events(version: Version, out: Path) -> int:
    """Write a version's events, one JSON object a line, whole or not at all; return how many."""
    lines = [Serde.to_json(event) for event in make_events(version)]
    write_text(out, "".join(f"{line}\n" for line in lines))
    return len(lines)


def make_events(version: Version) -> Iterator[RunEvent]:
    """Yield START and COMPLETE of each room, in between those of its tables that a SQL file made."""
    return _Teller(version).events()


class _Teller:
    """Tells one version."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.manifest = version.manifest
        self.identity = version.identity
        self.time = _midnight(version.month.plus(1))

    def events(self) -> Iterator[RunEvent]:
        for room in (name for name in ROOMS if name in self.manifest["rooms"]):
            made = {n: e for n, e in self.manifest["tables"].items() if e["room"] == room}
            run, job = self._run(room), Job(NAMESPACE, room, {})
            inputs = self._inputs(self._read_by(room, made))
            yield self._event(RunState.START, run, job, inputs, [])
            for table in sorted(name for name, entry in made.items() if _is_sql(entry)):
                yield from self._of_table(room, table, made[table])
            yield self._event(
                RunState.COMPLETE, run, job, inputs, [self._output(n) for n in sorted(made)]
            )

    def _of_table(self, room: str, table: str, entry: Entry) -> Iterator[RunEvent]:
        run, job = (
            self._run(f"{room}.{table}", room),
            Job(NAMESPACE, f"{room}.{table}", _sql_facet(room, entry)),
        )
        inputs = self._inputs(_recorded(entry))
        yield self._event(RunState.START, run, job, inputs, [])
        yield self._event(RunState.COMPLETE, run, job, inputs, [self._output(table)])

    def _event(
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

    def _run(self, job: str, parent: str | None = None) -> Run:
        month = self.version.month
        facets: dict[str, Any] = {
            "nominalTime": nominal_time_run.NominalTimeRunFacet(
                _midnight(month), self.time, producer=PRODUCER
            )
        }
        if parent:
            above = parent_run.Run(self._id(parent)), parent_run.Job(NAMESPACE, parent)
            facets["parent"] = parent_run.ParentRunFacet(*above, producer=PRODUCER)
        return Run(self._id(job), facets)

    def _id(self, job: str) -> str:
        return str(uuid5(NAMESPACE_URL, f"urn:retention-office:{self.identity}:{job}"))

    # -- what is read and made -----------------------------------------------------------------------------------

    def _read_by(self, room: str, made: dict[str, Entry]) -> set[tuple[str, str]]:
        """The tables (and their hashes) that a room reads from elsewhere."""
        if room == ROOMS[0]:
            return {(DELIVERY, str(self.manifest["inputs"]["source"]))}
        found = {pair for entry in made.values() for pair in _recorded(entry)}
        if room == "snapshot":  # each table is made of the delivered one of its name
            raw = {f"extract_{name.removeprefix('snapshot_')}" for name in made}
            tables = self.manifest["tables"]
            found |= {
                (name, tables[name]["sha256"]) for name in raw if "sha256" in tables.get(name, {})
            }
        own = {(name, entry.get("sha256")) for name, entry in made.items()}
        return found - own

    def _inputs(self, read: Iterable[tuple[str, str]]) -> list[InputDataset]:
        return [
            InputDataset(NAMESPACE, name, facets=_version_facet(sha256))
            for name, sha256 in sorted(read)
        ]

    def _output(self, table: str) -> OutputDataset:
        entry = self.manifest["tables"][table]
        if "sha256" not in entry:
            return OutputDataset(NAMESPACE, table)
        path = check_table(self.version.path / f"{table}.parquet")
        rows = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=entry.get("rows"), size=path.stat().st_size, fileCount=1, producer=PRODUCER
        )
        facets = _version_facet(entry["sha256"]) | _schema_facet(table, path)
        return OutputDataset(
            NAMESPACE, table, facets=facets, outputFacets={"outputStatistics": rows}
        )


def _midnight(month: Month) -> str:
    return datetime.combine(
        month.first_day, datetime.min.time(), ZoneInfo("Asia/Shanghai")
    ).isoformat()


def _is_sql(entry: Entry) -> bool:
    return "definition" in entry and entry["status"] == "computed"


def _recorded(entry: Entry) -> set[tuple[str, str]]:
    """The tables a table was made of; of an earlier month's the name alone, the hash tells which month's."""
    inputs = entry.get("inputs", {}).items()
    return {(name.rpartition(".")[2], sha256) for name, sha256 in inputs if sha256}


# -- facets ------------------------------------------------------------------------------------------------------


def _version_facet(sha256: str) -> dict[str, Any]:
    return {
        "version": dataset_version_dataset.DatasetVersionDatasetFacet(sha256, producer=PRODUCER)
    }


def _sql_facet(room: str, entry: Entry) -> dict[str, Any]:
    """The SQL of a table, as long as the file is still the one that made it."""
    said = entry["definition"]
    spec = next(
        (s for s in room_specs(room) if s.where == said["file"] and s.hash == said["sha256"]), None
    )
    return {"sql": sql_job.SQLJobFacet(spec.sql, "duckdb", producer=PRODUCER)} if spec else {}


def _schema_facet(table: str, path: Path) -> dict[str, Any]:
    """The columns of a table; of a delivered one those that the contract knows, for a file may call a column anything."""
    fields = [(field.name, str(field.type)) for field in pq.read_schema(path)]
    delivered = (
        contract().get(table.removeprefix("extract_")) if table.startswith("extract_") else None
    )
    if delivered is not None:
        known = {column.name for column in delivered.columns}
        fields = [(name, kind) for name, kind in fields if name in known or name.startswith("_")]
    told = [schema_dataset.SchemaDatasetFacetFields(name, kind) for name, kind in fields]
    return {"schema": schema_dataset.SchemaDatasetFacet(told, producer=PRODUCER)}
