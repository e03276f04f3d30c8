"""The walk of the rooms: each room of a draft in its turn, in the home or apart from it."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import duckdb

from pipelines import ROOMS
from pipelines.catalogue.spec import Spec
from pipelines.core.contract import load_contract
from pipelines.core.errors import GateStopped, SourceNotReady, SpecError
from pipelines.engines.duckdb import DuckEngine
from pipelines.engines.failures import Step, naming_table
from pipelines.jobs.job import Job
from pipelines.jobs.month_inputs import (
    Gathered,
    identify_mapping,
    recorded_champion,
    recorded_uplift,
    recorded_versions,
    recorded_waivers,
    state_inputs,
)
from pipelines.jobs.size import measure_month
from pipelines.rooms.context import Context, open_context, open_room_engine
from pipelines.store.failpoints import failpoint
from pipelines.store.lake import Draft, Made, Version
from pipelines.store.manifest import Entries, Json, TableEntry
from pipelines.store.parts import copy_stored, place_table
from pipelines.store.persons.keys import PersonKeys

GATE = "validate"
# Objects made between two looks for garbage; Python's own is 700, and a room makes few circles.
_OBJECTS_BETWEEN_LOOKS = 100_000
Work = Callable[..., None]  # of a context; the gate's takes its judge too


class Shared(NamedTuple):
    """What the rooms of one run have in common, opened once: the earlier versions and an engine."""

    earlier: dict[str, Version | None]
    engine: DuckEngine


class RawTable(NamedTuple):
    """A delivered table as it was taken in: where it stands, and what is recorded of it."""

    path: Path
    entry: TableEntry


Raw = Mapping[str, RawTable]  # by table


def run_draft_room(
    job: Job,
    draft: Draft,
    room: str,
    work: Work | None = None,
    gathered: Gathered | None = None,
    shared: Shared | None = None,
) -> None:
    """Run a room on a draft, with the earlier versions and waivers that its record names.

    So a month that runs while an earlier one is redone is made of one version of it, and says of
    which. `work` is done instead of what the room does. `gathered` is what the run has opened
    already, `shared` what its rooms have in common; without, a room opens its own.
    """
    failpoint(f"room.begun:{room}")
    job.progress(room)
    if room == ROOMS[0]:
        _run_first_room(job, draft, work, gathered, shared)
        return
    with _open_room(job, draft, room, shared) as context:
        _do_work(context, room, work or _find_work(job, room))
    draft.finish_room(room, context.entries)


def _run_first_room(
    job: Job,
    draft: Draft,
    work: Work | None,
    gathered: Gathered | None,
    shared: Shared | None,
) -> None:
    """Run the room that reads source and office, and record what was read of them."""
    room = ROOMS[0]
    source = gathered.source if gathered else None
    office = gathered.office if gathered else job.read_office()
    with _open_room(job, draft, room, shared) as context:
        context.source = source or job.open_source()
        context.office = office
        # A trial keeps nothing, and its names nowhere.
        is_in_home = draft.path.is_relative_to(job.home)
        if is_in_home:
            context.keys = PersonKeys(job.home)
        _do_work(context, room, work or _find_work(job, room))

    staged: Json = {"office": office.sha256}
    if draft.month_inputs.source is None:
        staged["source"] = _hash_deliveries(context.entries)
    draft.finish_room(room, context.entries, staged)
    job.tell_size(measure_month(draft.finished, job.settings, draft.path))


@contextmanager
def _open_room(
    job: Job, draft: Draft, room: str, shared: Shared | None
) -> Iterator[Context]:
    """Open a room's context on a draft; what the engine throws is told with the table it was at.

    What the room kept is given up before the room is finished: its scratch folder goes then.
    """
    step = Step(job.progress, room)
    earlier = shared.earlier if shared else recorded_versions(job.home, draft)
    engine = shared.engine if shared else None
    if engine is not None:
        engine.begin_room()
    with (
        collecting_rarely(),
        naming_table(step, job.month),
        open_context(draft, job.settings, earlier, engine=engine) as context,
    ):
        context.waivers = recorded_waivers(draft)
        context.champion = recorded_champion(job.home, draft)
        context.uplift = recorded_uplift(job.home, draft)
        context.progress = step
        yield context
        if engine is not None:
            engine.end_room()


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Look rarely for garbage while a month is made, or a room of it."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def open_shared(job: Job, draft: Draft) -> Iterator[Shared | None]:
    """Open what the rooms of a run have in common.

    None where executors are at work: what they keep is a room's own.
    """
    if job.settings.engine != "duckdb":
        yield None
        return
    earlier = recorded_versions(job.home, draft)
    with open_room_engine(draft, job.settings, earlier) as engine:
        yield Shared(earlier, engine)


def _find_work(job: Job, room: str) -> Work:
    """What a room does; the gate judges as the job says."""
    work: Work = importlib.import_module(f"pipelines.rooms.{room}").run
    if room == GATE and job.judge is not None:
        return partial(work, judge=job.judge)
    return work


@contextmanager
def judging_beside(job: Job, draft: Draft) -> Iterator[Job]:
    """Have the gate's judge get ready while the rooms before it work; give the job that has it.

    It is gone at the end, whether it was asked or not.
    """
    if job.judge is not None or GATE in draft.rooms:
        yield job
        return
    # Imported here: what judges is asked for by a run that gets as far as the gate.
    from pipelines.rooms.validate.gate import open_judge

    with open_judge() as judge:
        yield replace(job, judge=judge)


def _do_work(context: Context, room: str, work: Work) -> None:
    """Run a room; what it had written when the gate stopped it stays to be looked at."""
    try:
        work(context)
    except (GateStopped, SourceNotReady) as stop:
        context.draft.stop_room(room, context.entries, stop.key)
        raise
    except duckdb.ProgrammingError as error:
        if context.at_work_on is None:
            raise
        raise _name_spec(context.at_work_on, error) from error


def _name_spec(spec: Spec, error: duckdb.Error) -> SpecError:
    """The error of a SELECT that the engine cannot answer, whatever the data."""
    why = str(error).splitlines()[0]
    return SpecError("spec.not_answered", where=spec.where, line=spec.sql_line, why=why)


def _hash_deliveries(entries: Entries) -> str:
    """A database's fingerprint: the rows that were read from it, in whatever order."""
    lines = []
    for name, entry in sorted(entries.items()):
        delivery = entry.delivery
        if delivery is not None:
            lines.append(f"{name} {delivery.state} {delivery.content}")

    text = "\n".join(lines)
    return sha256(text.encode()).hexdigest()


# -- apart from the home ---------------------------------------------------------------------------


def open_trial(job: Job, path: Path) -> Draft:
    """Begin a draft apart from the home, for a look at a delivery that makes no month.

    No model scores it: a score takes its time, and nothing that is counted depends on it.
    """
    mapping = identify_mapping(job.open_source(), job.month)
    inputs = state_inputs(job, "trial", job.read_office().sha256, mapping)
    draft = Draft(job.month, path)
    draft.start(replace(inputs, champion=None, uplift=None).to_json())
    return draft


def derive_month(
    job: Job, path: Path, inputs: Json, raw: Raw, rooms: Sequence[str]
) -> Draft:
    """Run rooms over deliveries that were taken in before, apart from the home.

    Return the draft at `path`.
    """
    draft = Draft(job.month, path)
    draft.start(inputs)
    for table in raw.values():
        if table.path.exists():
            copy_stored(table.path, draft.path)

    taken_in = {name: table.entry for name, table in raw.items()}
    draft.finish_room(ROOMS[0], taken_in)

    for room in rooms:
        run_draft_room(job, draft, room)
    return draft


def find_deliveries(made: Made) -> Raw:
    """The deliveries that a version or a draft was made of, by table.

    What the contract has learnt since was not delivered.
    """
    # Imported here: with it come databases, and a room that runs by itself asks for none.
    from pipelines.rooms.extract import make_missing_entry
    from pipelines.sources.operator.delivery import absent_table

    entries = made.entries if isinstance(made, Version) else made.finished
    found = {}
    for table in load_contract().values():
        name = f"extract_{table.name}"
        entry = make_missing_entry(absent_table(table))
        found[name] = RawTable(made.path / f"{name}.parquet", entry)
    for name, entry in entries.items():
        if entry.room == ROOMS[0]:
            path = place_table(made.path, name, entry.parts)
            found[name] = RawTable(path, entry)
    return found
