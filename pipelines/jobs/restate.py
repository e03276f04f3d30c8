"""A released month against corrected input: as published, as now known, and why.

The released version stays what it is. Beside it comes a version made of what is known now, and one
derived month for each cause in between: the deliveries of a cause are exchanged on top of those
before it, so what each changes adds up to the whole difference, exactly. The order is the order of
`CAUSES`: what others refer to comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, cast

import pyarrow as pa

from pipelines import ROOMS
from pipelines.core.contract import load_contract
from pipelines.core.errors import Refused, SourceNotReady
from pipelines.core.month import Month
from pipelines.engines import open_workbench
from pipelines.jobs.job import Job
from pipelines.jobs.month_inputs import gather_inputs
from pipelines.jobs.restate_rows import (
    CAUSE_SCHEMA,
    KPI_SCHEMA,
    ORDER_SCHEMA,
    CauseChange,
    KpiChange,
    KpiKey,
    MonthState,
    OrderChange,
    OrderKey,
    compare_figures,
    compare_orders,
    read_state,
    read_why_not,
    split_by_cause,
)
from pipelines.jobs.run import finish_rooms, open_draft
from pipelines.jobs.walk import Raw, derive_month, find_deliveries
from pipelines.sources import Source, open_source
from pipelines.sources.office.answers import OFFICE_TABLES
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import Draft, Made, MonthFolder, Version, list_held_months
from pipelines.store.manifest import Json, TableEntry

ROOM = "restate"

# Cause -> the delivered tables it is about. `definition` is about none: it is SQL, settings,
# models, waivers and earlier months.
_NAMED: dict[str, tuple[str, ...]] = {
    "definition": (),
    "status": ("service", "status_change", "plan_change", "customer", "plan"),
    "owner": ("organisation", "account_manager", "ownership"),
    "bill": ("bill",),
    "credit_note": ("adjustment",),
    "arrears": ("receivable", "payment", "prepaid_balance"),
}


def _list_unnamed() -> tuple[str, ...]:
    """The delivered tables that no cause is named after."""
    named = {table for tables in _NAMED.values() for table in tables}
    return tuple(table for table in load_contract() if table not in named)


CAUSES: dict[str, tuple[str, ...]] = _NAMED | {
    "other": _list_unnamed(),
    "office": tuple(OFFICE_TABLES),
}
# Of the causes those that differ, but for the last.
STEPS = (*ROOMS, *(f"restate_{cause}" for cause in CAUSES))
# Inputs that a restatement exchanges by table, or that only it has: no matter of definition.
_NO_DEFINITION = ("source", "mapping", "office", "restates")


@dataclass(frozen=True)
class Restatement:
    """What a restatement says: its rows of `restate_kpi`, `restate_cause` and `restate_order`."""

    version: Version
    published: int
    kpis: list[KpiChange]
    causes: list[CauseChange]
    orders: list[OrderChange]


def read_restatement(job: Job, version: Version) -> Restatement:
    """Read what `restate_month` found; raise Refused when the month is not released."""
    seal = job.folder.read_seal()
    if seal is None:
        raise Refused("month.not_sealed", month=job.month)
    return Restatement(
        version,
        seal.version,
        cast(list[KpiChange], version.read_rows("restate_kpi")),
        cast(list[CauseChange], version.read_rows("restate_cause")),
        cast(list[OrderChange], version.read_rows("restate_order")),
    )


def restate_month(job: Job) -> Version:
    """Make a released month of what its source says now.

    Return the new version, which stands beside the released one.

    The same input again gives the version that is there. Raise Refused when the month is not
    released.
    """
    with StorageErrors(job.home, job.month), job.folder.lock():
        job.folder.recover()
        seal = job.folder.read_seal()
        if seal is None:
            raise Refused("month.not_sealed", month=job.month)

        published = job.folder.version(seal.version)
        gathered = gather_inputs(job, restates=published.identity)
        draft = open_draft(job, gathered=gathered)
        same = finish_rooms(job, draft, gathered, lambda made: _find_same(job, made))
        if same is not None:
            return same
        if ROOM not in draft.rooms:
            draft.finish_room(ROOM, _write_comparison(job, published, draft))
        return job.folder.commit(draft)


def _find_same(job: Job, draft: Draft) -> Version | None:
    """The version that says what a draft whose delivery was read says; the draft is dropped."""
    for version in job.folder.versions():
        if version.inputs == draft.inputs:
            job.folder.discard(draft)
            return version
    return None


def find_changed(home: Path, source: str, newest: int = 3) -> list[Month]:
    """Return the newest released months whose deliveries no version is made of, oldest first.

    A month that is no longer delivered is left out, and one of a database, which is known only once
    it is read.
    """
    released = []
    for month in list_held_months(home):
        if MonthFolder(home, month).read_seal() is not None:
            released.append(month)
    delivered = open_source(source)
    return [
        m for m in released[-newest:] if _is_changed(MonthFolder(home, m), delivered)
    ]


def _is_changed(folder: MonthFolder, source: Source) -> bool:
    try:
        fingerprint = source.fingerprint(folder.month)
    except SourceNotReady:
        return False
    if fingerprint is None:
        return False
    known = {version.month_inputs.source for version in folder.versions()}
    return fingerprint not in known


# -- one cause after the other ---------------------------------------------------------------------


class _Step(NamedTuple):
    """The month once the causes up to `cause` are exchanged."""

    cause: str
    made: Made


def _derive_steps(job: Job, published: Version, draft: Draft) -> Iterator[_Step]:
    """Yield each cause that differs, with the month once the causes up to it are exchanged."""
    before = find_deliveries(published)
    now = find_deliveries(draft)
    causes = _list_differing(published, draft, before, now)
    exchanged: set[str] = set()
    for cause in causes:
        exchanged |= _list_extracts(cause)
        if cause == causes[-1]:
            yield _Step(cause, draft)
            return

        job.progress(f"restate_{cause}")
        mixed = _mix_deliveries(before, now, exchanged)
        # Its rooms are no steps of the whole.
        apart = replace(job, progress=_ignore_step)
        rooms = ROOMS[1 : ROOMS.index("kpi") + 1]
        path = draft.scratch / cause
        derived = derive_month(apart, path, draft.inputs, mixed, rooms)
        yield _Step(cause, derived)


def _ignore_step(step: str) -> None:
    """Tell nobody."""


def _list_extracts(cause: str) -> set[str]:
    """The tables of the first room that a cause is about."""
    return {f"extract_{table}" for table in CAUSES[cause]}


def _mix_deliveries(before: Raw, now: Raw, exchanged: set[str]) -> Raw:
    """The deliveries as they were, but for those that are exchanged."""
    mixed = {}
    for name, delivered in now.items():
        is_kept = name in before and name not in exchanged
        mixed[name] = before[name] if is_kept else delivered
    return mixed


def _list_differing(
    published: Version, draft: Draft, before: Raw, now: Raw
) -> list[str]:
    """The causes that differ, in the order of `CAUSES`."""
    differing = []
    for cause in CAUSES:
        if cause == "definition":
            differs = _take_definition(published.inputs) != _take_definition(
                draft.inputs
            )
        else:
            differs = any(_differs(name, before, now) for name in _list_extracts(cause))
        if differs:
            differing.append(cause)

    return differing


def _take_definition(inputs: Json) -> Json:
    return {name: value for name, value in inputs.items() if name not in _NO_DEFINITION}


def _differs(name: str, before: Raw, now: Raw) -> bool:
    if name not in before:
        return True
    return _identify_delivery(before[name].entry) != _identify_delivery(now[name].entry)


def _identify_delivery(entry: TableEntry) -> tuple[str | None, str | None]:
    """What a delivery says, whatever its order: its state, and the hash of its content."""
    if entry.delivery is None:
        return None, entry.sha256
    return entry.delivery.state, entry.delivery.content


# -- the comparison --------------------------------------------------------------------------------


class _Table(NamedTuple):
    """A table of the comparison: its rows, its columns, and the key it is ordered by."""

    rows: Sequence[KpiChange | CauseChange | OrderChange]
    schema: pa.Schema
    key: tuple[str, ...]


def _write_comparison(
    job: Job, published: Version, draft: Draft
) -> dict[str, TableEntry]:
    """Write `restate_kpi`, `restate_cause` and `restate_order`; return their manifest entries."""
    states = [read_state("published", published)]
    for step in _derive_steps(job, published, draft):
        states.append(read_state(step.cause, step.made))
    entries = {}
    with open_workbench(job.settings, [draft.path], draft.scratch) as engine:
        for name, table in _make_tables(states, draft).items():
            rows = pa.Table.from_pylist(list(table.rows), schema=table.schema)
            engine.register("made", rows)
            path = draft.path / f"{name}.parquet"
            written = engine.write("SELECT * FROM made", path, table.key)
            entries[name] = TableEntry.computed(ROOM, written)

    return entries


def _make_tables(states: Sequence[MonthState], draft: Draft) -> dict[str, _Table]:
    why_not = read_why_not(draft)
    figures = list(compare_figures(states))
    causes = list(split_by_cause(states))
    orders = list(compare_orders(states, why_not))
    return {
        "restate_kpi": _Table(figures, KPI_SCHEMA, KpiKey._fields),
        "restate_cause": _Table(causes, CAUSE_SCHEMA, (*KpiKey._fields, "cause")),
        "restate_order": _Table(orders, ORDER_SCHEMA, OrderKey._fields),
    }
