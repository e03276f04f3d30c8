"""A plan's versions.

What one is made of, when there is a new one, and what earlier ones have written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from pipelines.core.errors import SpecError
from pipelines.documents.table_files import TableRow, write_rows_file
from pipelines.jobs.plan.form import YearPlan
from pipelines.jobs.plan.parts import (
    CHANGE_SCHEMA,
    PART_SCHEMA,
    ChangeRow,
    PlanRow,
    compare_parts,
)
from pipelines.jobs.plan.targets import hash_text
from pipelines.jobs.plan.weights import ROOM
from pipelines.store.files import write_parquet
from pipelines.store.inputs import PlanInputs
from pipelines.store.lake import PlanFolder, Version
from pipelines.store.manifest import TableEntry


def make_inputs(
    plan: YearPlan, rows: Sequence[PlanRow], targets: Mapping[str, str]
) -> PlanInputs:
    """Say what a version is made of, the months that it is split by left out.

    `targets` are texts by month.
    """
    return PlanInputs(
        plan=plan.model_dump(mode="json"),
        keys={name: measure.key.hash for name, measure in plan.measures.items()},
        parts=_hash_rows(rows),
        targets={month: hash_text(text) for month, text in targets.items()},
    )


def _hash_rows(rows: Iterable[PlanRow]) -> str:
    records = [row._asdict() for row in rows]
    return sha256(repr(records).encode()).hexdigest()


def refuse_unversioned_keys(plan: YearPlan, versions: Iterable[Version]) -> None:
    """Raise SpecError for a key that differs from an earlier one of its name and version.

    Two plans that differ would look like one.
    """
    for version in versions:
        inputs = version.plan_inputs
        for name, measure in plan.measures.items():
            before = inputs.plan["measures"].get(name)
            if before is None or before["key"]["version"] != measure.key.version:
                continue
            if inputs.keys[name] != measure.key.hash:
                raise SpecError(
                    "plan.key_changed",
                    measure=name,
                    key_version=measure.key.version,
                    version=version.number,
                )


def list_written_targets(versions: Iterable[Version]) -> frozenset[str]:
    """Return the hashes of all target tables that versions of the plan have written."""
    hashes: set[str] = set()
    for version in versions:
        hashes.update(version.plan_inputs.targets.values())
    return frozenset(hashes)


def keep_plan(
    folder: PlanFolder,
    inputs: PlanInputs,
    rows: Sequence[PlanRow],
    months: Mapping[str, str],
) -> tuple[Version, bool]:
    """Return the current version when it says the same, else a new one; and whether it is new.

    Which held months it was split by (`months`, their identities) is recorded, not compared.
    """
    current = folder.current()
    if current is not None and replace(current.plan_inputs, months={}) == inputs:
        return current, False

    changes: Sequence[ChangeRow] = []
    if current is not None:
        changes = compare_parts(current.read_as(PlanRow, "plan_part"), rows)
    draft = folder.draft()
    draft.start(replace(inputs, months=dict(sorted(months.items()))).to_json())
    entries = {
        "plan_part": _write_table(draft.path, "plan_part", PART_SCHEMA, rows),
        "plan_change": _write_table(draft.path, "plan_change", CHANGE_SCHEMA, changes),
    }
    draft.finish_room(ROOM, entries)
    return folder.commit(draft), True


def _write_table(
    folder: Path, name: str, schema: pa.Schema, rows: Sequence[PlanRow | ChangeRow]
) -> TableEntry:
    """Write a table as Parquet, and as CSV beside it."""
    records: list[TableRow] = [row._asdict() for row in rows]
    table = pa.Table.from_pylist(records, schema=schema)
    written = write_parquet(folder / f"{name}.parquet", table.to_reader())
    write_rows_file(folder / f"{name}.csv", schema, iter([records]))
    return TableEntry.computed(None, written)
