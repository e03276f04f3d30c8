"""A year's plan: each total split into months, branches and managers by a versioned key, and the months' targets.

    <home>/plans/2027/v0001/plan_part.parquet     every part with its weight, its key's version and fingerprint
                            plan_change.parquet   what differs from the version before, part by part
                            plan_part.csv …       the same for any program
    <out>/2027-01/target.csv …                    what KPIs read of it, to be delivered with the month

The same plan gives the same bytes and no new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.core.errors import SpecError
from pipelines.core.settings import Settings, load_settings
from pipelines.documents.table_files import write_rows_file
from pipelines.jobs.plan.form import YearPlan, read_plan
from pipelines.jobs.plan.split import LEVELS, Part, split_year
from pipelines.jobs.plan.targets import digest, month_targets, refuse_others, write_targets
from pipelines.jobs.plan.weights import ROOM, Held, weigh
from pipelines.store.faults import StorageErrors
from pipelines.store.files import write_parquet
from pipelines.store.lake import PlanFolder, Version

_AMOUNT = pa.decimal128(18, 6)
_WHERE = [
    (name, pa.string())
    for name in ("measure", "level", "month", "scope_kind", "scope_id", "branch_id")
]
_PART = pa.schema(
    [
        *_WHERE,
        ("weight", pa.decimal128(38, 6)),
        ("amount", _AMOUNT),
        ("key_version", pa.string()),
        ("key_hash", pa.string()),
    ]
)
_CHANGE = pa.schema(
    [*_WHERE, ("amount_before", _AMOUNT), ("amount_now", _AMOUNT), ("amount_change", _AMOUNT)]
)
Row = dict[str, Any]


@dataclass
class PlanJob:
    """One plan to make: its file, the home whose months it is split by, where the months' targets go."""

    home: Path
    file: Path
    out: Path
    settings: Settings = field(default_factory=load_settings)

    @cached_property
    def plan(self) -> YearPlan:
        """The plan as it is written."""
        return read_plan(self.file)

    @property
    def folder(self) -> PlanFolder:
        """The year's folder in the home."""
        return PlanFolder(self.home, self.plan.year)


@dataclass(frozen=True)
class MadePlan:
    """A version of a year's plan, whether it is new, and the target tables written for its months."""

    version: Version
    is_new: bool
    targets: list[Path]


def make_plan(job: PlanJob) -> MadePlan:
    """Split a year's plan, keep it as a version, write the months' target tables.

    Raise SpecError where the plan cannot be split as it says, UsageError where a month it needs is not held or a target
    table of somebody else is in the way.
    """
    with StorageErrors(job.home, job.folder.month), job.folder.lock():
        job.folder.recover()
        held = Held(job.home, job.settings)
        parts = {name: _split(name, job.plan, held) for name in sorted(job.plan.measures)}
        targets = month_targets(job.plan, parts, held)
        versions = job.folder.versions()
        _refuse_unversioned_keys(job.plan, versions)
        ours = _written_before(versions)
        refuse_others(job.out, targets, ours)
        rows = [row for name, found in parts.items() for row in _rows(name, job.plan, found)]
        inputs = {
            "plan": job.plan.model_dump(mode="json"),
            "keys": {name: measure.key.hash for name, measure in job.plan.measures.items()},
            "parts": sha256(repr(rows).encode()).hexdigest(),
            "targets": {month: digest(text) for month, text in targets.items()},
        }
        version, is_new = _keep(job, inputs, rows, held)
        return MadePlan(version, is_new, write_targets(job.out, job.plan.year, targets, ours))


def _split(name: str, plan: YearPlan, held: Held) -> list[Part]:
    measure = plan.measures[name]
    tree = weigh(name, plan, held)
    return list(split_year(plan.year, measure.total, measure.places, tree, f"measures.{name}.key"))


def _rows(name: str, plan: YearPlan, parts: list[Part]) -> list[Row]:
    key = plan.measures[name].key
    of_key = {"key_version": key.version, "key_hash": key.hash}
    return [{"measure": name, **vars(part), **of_key} for part in parts]


def _refuse_unversioned_keys(plan: YearPlan, versions: list[Version]) -> None:
    """A key that differs from an earlier one of its name and version would make two plans look like one."""
    for version in versions:
        inputs = version.manifest["inputs"]
        for name, measure in plan.measures.items():
            before = inputs["plan"]["measures"].get(name)
            is_called_so = before is not None and before["key"]["version"] == measure.key.version
            if is_called_so and inputs["keys"][name] != measure.key.hash:
                raise SpecError(
                    "plan.key_changed",
                    measure=name,
                    key_version=measure.key.version,
                    version=version.number,
                )


def _written_before(versions: list[Version]) -> frozenset[str]:
    return frozenset(
        sha for version in versions for sha in version.manifest["inputs"]["targets"].values()
    )


# -- versions ----------------------------------------------------------------------------------------------------


def _keep(
    job: PlanJob, inputs: dict[str, Any], rows: list[Row], held: Held
) -> tuple[Version, bool]:
    """Return the current version when it says the same, else a new one; which months it is split by is told, not compared."""
    current = job.folder.current()
    if current is not None and _without_months(current.manifest["inputs"]) == inputs:
        return current, False
    draft = job.folder.draft()
    draft.start({**inputs, "months": dict(sorted(held.used.items()))})
    before = (
        _amounts(pq.read_table(current.table("plan_part")).to_pylist())
        if current is not None
        else {}
    )
    changes = _changes(before, _amounts(rows)) if current is not None else []
    tables = {"plan_part": (_PART, rows), "plan_change": (_CHANGE, changes)}
    entries = {
        name: _write(draft.path / f"{name}.parquet", *content) for name, content in tables.items()
    }
    for name, (schema, content_rows) in tables.items():
        write_rows_file(draft.path / f"{name}.csv", schema, iter([content_rows]))
    draft.finish_room(ROOM, entries)
    return job.folder.commit(draft), True


def _without_months(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if name != "months"}


def _write(path: Path, schema: pa.Schema, rows: list[Row]) -> dict[str, Any]:
    table = pa.Table.from_pylist(rows, schema=schema)
    written = write_parquet(path, table.to_reader())
    return {"status": "computed", "rows": written.rows, "sha256": written.sha256}


def _amounts(rows: list[Row]) -> dict[tuple[Any, ...], Any]:
    return {tuple(row[name] for name, _ in _WHERE): row["amount"] for row in rows}


def _changes(
    before: Mapping[tuple[Any, ...], Any], now: Mapping[tuple[Any, ...], Any]
) -> list[Row]:
    """List the parts whose amounts differ, wholes before their parts."""
    names = [name for name, _ in _WHERE]
    found = []
    for where in [*now, *(where for where in before if where not in now)]:
        was, is_ = before.get(where, 0), now.get(where, 0)
        if was != is_:
            amounts = {
                "amount_before": before.get(where),
                "amount_now": now.get(where),
                "amount_change": is_ - was,
            }
            found.append({**dict(zip(names, where, strict=True)), **amounts})
    return sorted(found, key=lambda row: LEVELS.index(row["level"]))
