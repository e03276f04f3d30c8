"""A month from source to version: walk the rooms, record each, commit at the end.

    run_month(job)         every room that is not finished yet, in one go
    run_room(job, room)    one room, as a task of its own; the last one commits
    run_from_room(…)       a room and those behind it in one process, the commit left to the last
    release_month(job)     seal the version and hand its orders over (jobs.release)

What a month is made of is gathered once a run (`jobs.month_inputs`): the source is hashed before
the first room, and what that room staged is what the others are made of. A room itself is run by
`jobs.walk`.
"""

from __future__ import annotations

from collections.abc import Callable

from pipelines import ROOMS
from pipelines.catalogue.check_rules import check_rules
from pipelines.catalogue.facts import save_facts
from pipelines.core.errors import Refused, UsageError
from pipelines.jobs.job import Job
from pipelines.jobs.month_inputs import (
    Gathered,
    gather_inputs,
    recorded_versions,
    state_inputs,
)
from pipelines.jobs.release import release_month
from pipelines.jobs.walk import (
    collecting_rarely,
    judging_beside,
    open_shared,
    open_trial,
    run_draft_room,
)
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import Draft, MonthFolder, Version, list_held_months

__all__ = [
    "ROOMS",
    "Job",
    "open_draft",
    "open_trial",
    "recorded_versions",
    "release_month",
    "run_draft_room",
    "run_from_room",
    "run_month",
    "run_room",
]


def run_month(job: Job) -> Version:
    """Run every room that is not finished yet and commit; return the month's current version.

    A sealed month is re-read, not run; Refused when its source says something else now.
    """
    with StorageErrors(job.home, job.month), job.folder.lock():
        job.folder.recover()
        sealed = _find_sealed(job)
        if sealed is not None:
            return sealed
        # The judge's import takes as long as the rooms before the gate and what comes before them.
        with judging_beside(job, job.folder.draft()) as judged, collecting_rarely():
            return _run_unsealed(judged)


def _run_unsealed(job: Job) -> Version:
    """Run what is not finished of a month that is not sealed, and commit."""
    gathered = gather_inputs(job)
    standing = _find_standing(job, gathered)
    if standing is not None:
        return standing
    draft = open_draft(job, gathered=gathered)
    same = finish_rooms(job, draft, gathered, lambda made: _find_same(job, made))
    save_facts()
    return same or job.folder.commit(draft)


def run_room(job: Job, room: str, commits: bool = True) -> Version | None:
    """Run one room of the month's draft.

    The last one commits, if it `commits`. What is finished already is left as it is.

    Raise UsageError when a room before it is not finished.
    """
    if room not in ROOMS:
        raise UsageError("room.unknown", room=room, rooms=", ".join(ROOMS))
    with StorageErrors(job.home, job.month), job.folder.lock():
        job.folder.recover()
        sealed = _find_sealed(job)
        if sealed is not None:
            return sealed
        is_first = room == ROOMS[0]
        made = _run_first_room(job) if is_first else _run_later_room(job, room, commits)
        save_facts()
        return made


def run_from_room(job: Job, room: str) -> Version | None:
    """Run a room and those behind it, as one application; return what the room itself returns.

    Only a last room that is run for itself commits: whoever watches the rooms one by one finds each
    of them finished, and the month committed by the last.
    """
    made = run_room(job, room)
    if made is not None:
        return made
    for following in ROOMS[ROOMS.index(room) + 1 :]:
        run_room(job, following, commits=False)
    return None


def _run_first_room(job: Job) -> Version | None:
    """Take the month in; return its current version where that is made of the very same."""
    gathered = gather_inputs(job)
    standing = _find_standing(job, gathered)
    if standing is not None:
        return standing
    draft = open_draft(job, gathered=gathered)
    if ROOMS[0] in draft.rooms:
        return None
    run_draft_room(job, draft, ROOMS[0], gathered=gathered)
    return _find_same(job, draft)


def _run_later_room(job: Job, room: str, commits: bool) -> Version | None:
    """Run a room behind the first, on what the draft says was staged; no delivery is read."""
    draft = job.folder.draft()
    if not draft.rooms:
        # Nothing is begun: the month may stand as it is.
        standing = None
        if job.source is not None:
            standing = _find_standing(job, gather_inputs(job))
        if standing is not None:
            return standing

    if room not in draft.rooms:
        _require_turn(job, draft, room)
        run_draft_room(job, draft, room)
    if commits and room == ROOMS[-1]:
        return job.folder.commit(draft)
    return None


def _require_turn(job: Job, draft: Draft, room: str) -> None:
    """Raise UsageError where a draft was made of something else, or the room is not the next."""
    if draft.rooms and draft.inputs != _state_as_staged(job, draft):
        raise UsageError("room.stale", month=job.month)

    before = ROOMS[: ROOMS.index(room)]
    if draft.rooms != list(before):
        following = ROOMS[len(draft.rooms)]
        raise UsageError("room.too_early", room=room, next=following, month=job.month)


def _state_as_staged(job: Job, draft: Draft) -> dict[str, object]:
    """What the month is made of now, with the delivery and the answers that were staged."""
    staged = draft.month_inputs
    return state_inputs(job, staged.source, staged.office, staged.mapping).to_json()


# -- what the month has already --------------------------------------------------------------------


def _find_sealed(job: Job) -> Version | None:
    """The version that was released, if one was.

    Refused when the source says something else now.
    """
    seal = job.folder.read_seal()
    if seal is None:
        return None
    version = job.folder.version(seal.version)
    if job.source is not None:
        fingerprint = job.open_source().fingerprint(job.month)
        if fingerprint not in (None, version.month_inputs.source):
            raise Refused(
                "month.sealed_other_source", month=job.month, version=version.number
            )

    return version


def _find_standing(job: Job, gathered: Gathered) -> Version | None:
    """The current version, if it is made of the very same inputs.

    That of a database is known only once it is read.
    """
    current = job.folder.current()
    if current is None or gathered.inputs.source is None:
        return None
    if current.inputs == gathered.inputs.to_json():
        return current
    return None


def _find_same(job: Job, draft: Draft) -> Version | None:
    """The current version, if a draft whose delivery was read says the same; it is dropped."""
    current = job.folder.current()
    if current is None or current.inputs != draft.inputs:
        return None
    job.folder.discard(draft)
    return current


# -- the draft -------------------------------------------------------------------------------------


def open_draft(
    job: Job, restates: str | None = None, gathered: Gathered | None = None
) -> Draft:
    """Go on with the draft when it is made of the same inputs, else begin a new one.

    `gathered` is what the run has opened already. `restates` is the identity of the released
    version that is restated.
    """
    if gathered is None:
        gathered = gather_inputs(job, restates)
    draft = job.folder.draft()
    inputs = gathered.inputs.to_json()
    is_known = gathered.inputs.source is not None
    if is_known and draft.inputs == inputs:
        return draft
    if not _was_checked(job, gathered):
        # Imported here: what the check knows of all rooms, no room but the first needs.
        from pipelines.jobs.specs.check_specs import check_specs

        check_specs()
    check_rules(job.settings.gate_file)
    draft.start(inputs)
    return draft


def _was_checked(job: Job, gathered: Gathered) -> bool:
    """Say whether the latest month held is of the very same SQL files and code."""
    held = list_held_months(job.home)
    if not held:
        return False
    latest = MonthFolder(job.home, held[-1]).current()
    return latest is not None and latest.month_inputs.code == gathered.inputs.code


def finish_rooms(
    job: Job,
    draft: Draft,
    gathered: Gathered,
    find_same: Callable[[Draft], Version | None],
) -> Version | None:
    """Run the rooms of a draft that are not finished yet.

    None when they are, and the draft is to be committed.

    `find_same` is asked once the delivery has been read: the version it returns says the same, and
    no further room is run.
    """
    with judging_beside(job, draft) as judged, open_shared(job, draft) as shared:
        for room in ROOMS[len(draft.rooms) :]:
            run_draft_room(judged, draft, room, gathered=gathered, shared=shared)
            same = find_same(draft) if room == ROOMS[0] else None
            if same is not None:
                return same
    return None
