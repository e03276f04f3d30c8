"""A month from source to version: walk the rooms, record each, commit at the end."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.metadata import version as library_version
from pathlib import Path
from shutil import copy2
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from pipelines import ROOMS
from pipelines.catalogue.check_rules import check_rules
from pipelines.catalogue.spec import Spec
from pipelines.core.calendar import Calendar
from pipelines.core.errors import (
    GateStopped,
    Refused,
    RetentionError,
    SourceNotReady,
    SpecError,
    StorageError,
    UsageError,
)
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS, ROOT, SQL
from pipelines.core.settings import Settings, load_settings
from pipelines.engines import open_engine
from pipelines.engines.failures import Step, naming_table
from pipelines.jobs.check_specs import check_specs
from pipelines.rooms.context import Context
from pipelines.sources import Source, open_source
from pipelines.sources.office.answers import OfficeReading, read_office
from pipelines.store.champions import Champion, find_champion, open_version, uplift_shelf
from pipelines.store.failpoints import failpoint
from pipelines.store.faults import StorageErrors
from pipelines.store.files import hash_file
from pipelines.store.lake import Draft, MonthFolder, Version, held_months
from pipelines.store.waivers import Waiver, waivers_for

# What turns the same inputs into the same bytes: our code and the libraries that write them.
_LIBRARIES = ("duckdb", "pyarrow", "sqlglot", "great-expectations", "chinesecalendar")
_LIBRARIES_OF_MODELS = ("numpy", "pandas", "scikit-learn", "scipy", "skops")

# Delivered tables as they were taken in: file and manifest entry by name.
Raw = Mapping[str, tuple[Path, dict[str, Any]]]


@dataclass
class Job:
    """One month to run: where from, where to, and how to tell somebody what is going on."""

    home: Path
    month: Month
    source: str | None = None
    settings: Settings = field(default_factory=load_settings)
    progress: Callable[[str], None] = lambda step: None

    @property
    def folder(self) -> MonthFolder:
        """The month's folder in the home."""
        return MonthFolder(self.home, self.month)


def run_month(job: Job) -> Version:
    """Run every room that is not finished yet and commit; return the month's current version.

    A sealed month is re-read, not run; Refused when its source says something else now.
    """
    with StorageErrors(job.home, job.month), job.folder.lock():
        standing = _standing(job)
        if standing is not None:
            return standing
        draft = open_draft(job)
        for room in ROOMS[len(draft.rooms) :]:
            run_draft_room(job, draft, room)
            if room == ROOMS[0] and (same := _same_as_current(job, draft)):
                return same
        return job.folder.commit(draft)


def run_room(job: Job, room: str) -> Version | None:
    """Run one room of the month's draft; the last one commits. What is finished already is left as it is.

    Raise UsageError when a room before it is not finished.
    """
    if room not in ROOMS:
        raise UsageError("room.unknown", room=room, rooms=", ".join(ROOMS))
    with StorageErrors(job.home, job.month), job.folder.lock():
        standing = _standing(job)
        if standing is not None:
            return standing
        draft = open_draft(job) if room == ROOMS[0] else job.folder.draft()
        if room in draft.rooms:
            return job.folder.commit(draft) if room == ROOMS[-1] else None
        # What the office has heard since the first room does not count: the month is made of what was staged.
        said = draft.inputs
        if draft.rooms and said != _inputs(
            job, said["source"], said["office"], said.get("mapping")
        ):
            raise UsageError("room.stale", month=job.month)
        if draft.rooms != list(ROOMS[: ROOMS.index(room)]):
            raise UsageError(
                "room.too_early", room=room, next=ROOMS[len(draft.rooms)], month=job.month
            )
        run_draft_room(job, draft, room)
        if room == ROOMS[0] and (same := _same_as_current(job, draft)):
            return same
        return job.folder.commit(draft) if room == ROOMS[-1] else None


def release_month(job: Job, approved: int | None = None) -> Version:
    """Seal the month's current version and hand its orders to the office; only then do they leave the house.

    Raise Refused when a person approved another version than the one that is current now, or the key is everybody's.
    """
    job.settings.require_own_key()
    with StorageErrors(job.home, job.month), job.folder.lock():
        version = job.folder.version()
        if approved not in (None, version.number):
            raise Refused(
                "month.other_version", month=job.month, approved=approved, current=version.number
            )
        # Its order ids and its hold-out draw are keyed too: made in a trial they would be everybody's to foretell.
        if version.manifest["inputs"]["key"] != identity_of_key(job.settings):
            raise Refused("key.other", month=job.month, version=version.number)
        if job.folder.seal() is None:
            _try_rendering(job)
        job.folder.release(version)
        _hand_to_office(job)
        return version


def _try_rendering(job: Job) -> None:
    """Write every workbook and document of the month once, to nowhere; raise Refused for one that cannot be written.

    A sealed month never changes: what of it cannot be written would never reach who it is for.
    """
    from pipelines.documents.reports.write import export_documents
    from pipelines.documents.workbooks.export import (
        month_books,
    )  # what draws them is loaded by a release alone

    with TemporaryDirectory(prefix="release-") as out:
        for write in (month_books, export_documents):
            try:
                write(job.folder, Path(out), "zh")
            except OSError:
                raise
            except Exception as error:  # whatever it is, it would be so after the release as well
                if isinstance(error, StorageError) and error.key != "paper.disagrees":
                    raise
                facts = error.facts if isinstance(error, RetentionError) else {}
                which = facts.get("which") or facts.get("first") or type(error).__name__
                raise Refused("month.not_rendered", month=job.month, which=which) from error


def _hand_to_office(job: Job) -> None:
    """Let the console import the sealed orders; a release that died before it is released again."""
    from console.orders import import_orders  # Django is started by a release alone

    import_orders(job.home, job.folder, job.settings, actor="release")


# -- what a month is made of -------------------------------------------------------------------------------------


def _standing(job: Job) -> Version | None:
    """The version that needs no run: sealed, or made of the very same inputs."""
    job.folder.recover()
    seal = job.folder.seal()
    current = job.folder.version(seal["version"]) if seal else job.folder.current()
    if current is None:
        return None
    if job.source is None:
        return current if seal else None
    source = _source(job)
    fingerprint = source.fingerprint(job.month)
    if seal:
        if fingerprint is not None and fingerprint != current.manifest["inputs"]["source"]:
            raise Refused("month.sealed_other_source", month=job.month, version=current.number)
        return current
    inputs = _inputs(job, fingerprint, mapping=_identity_of_names(source, job.month))
    return current if fingerprint is not None and inputs == current.manifest["inputs"] else None


def open_draft(job: Job, **more: str) -> Draft:
    """Go on with the draft when it is made of the same inputs, else begin a new one; `more` are inputs of their own."""
    draft = job.folder.draft()
    source = _source(job)
    inputs = (
        _inputs(job, source.fingerprint(job.month), mapping=_identity_of_names(source, job.month))
        | more
    )
    is_known = inputs["source"] is not None
    if not (is_known and draft.inputs == inputs):
        check_specs()
        check_rules(job.settings.gate_file)
        draft.start(inputs)
    return draft


def _same_as_current(job: Job, draft: Draft) -> Version | None:
    """A database is known only once read: drop the draft when it says what the current version says."""
    current = job.folder.current()
    if current is None or current.manifest["inputs"] != draft.inputs:
        return None
    job.folder.discard(draft)
    return current


def _identity_of_names(source: Source, month: Month) -> str | None:
    """Tell one mapping from another; None where the operator uses the contract's names."""
    mapping = source.mapping(month)
    return mapping.identity if mapping else None


def _inputs(
    job: Job, fingerprint: str | None, office: str | None = None, mapping: str | None = None
) -> dict[str, Any]:
    earlier = _earlier(job)
    champion = find_champion(job.home, job.month)
    uplift = find_champion(uplift_shelf(job.home), job.month)
    return {
        "source": fingerprint,
        "mapping": mapping,
        "office": office or _office(job).sha256,
        "code": code_hash(),
        "settings": job.settings.meaning(),
        "key": identity_of_key(job.settings),
        "calendar": hash_file(job.settings.calendar_file) if job.settings.calendar_file else None,
        "gate": hash_file(job.settings.gate_file) if job.settings.gate_file else None,
        "scorecard": hash_file(job.settings.scorecard_file)
        if job.settings.scorecard_file
        else None,
        "waivers": [
            waiver.meaning() for _, waiver in sorted(waivers_for(job.home, job.month).items())
        ],
        "champion": champion.meaning() if champion else None,
        "uplift": uplift.meaning() if uplift else None,
        "earlier": {era: f"{v.month} {v.identity}" if v else None for era, v in earlier.items()},
    }


def identity_of_key(settings: Settings) -> str:
    """Tell one secret key from another without saying what it is."""
    return sha256(b"identity" + settings.key).hexdigest()[:16]


@cache
def code_hash() -> str:
    """SHA-256 over the code, SQL and expectations that make the tables, and the libraries that write them."""
    files = [*(ROOT / "pipelines").rglob("*.py"), *(ROOT / "pipelines").rglob("*.yml")]
    files += (ROOT / "models").rglob("*.py")
    files += [*SQL.rglob("*.sql"), *EXPECTATIONS.glob("*.yml")]
    digest = sha256()
    for path in sorted(p for p in files if p.parent.name != "cli"):
        digest.update(f"{path.relative_to(ROOT)}\0{hash_file(path)}\0".encode())
    for name in (*_LIBRARIES, *_LIBRARIES_OF_MODELS):
        digest.update(f"{name}=={library_version(name)}\0".encode())
    return digest.hexdigest()


def _earlier(job: Job) -> dict[str, Version | None]:
    """The versions a SQL file names by prefix: m1, m2, m3, m12, prior (the latest held before), base (the cohort's)."""
    before = [m for m in held_months(job.home) if m < job.month]

    def current(month: Month | None) -> Version | None:
        return MonthFolder(job.home, month).current() if month else None

    return {
        "m1": current(job.month.plus(-1)),
        "m2": current(job.month.plus(-2)),
        "m3": current(job.month.plus(-3)),
        "m12": current(job.month.plus(-12)),
        "prior": current(before[-1] if before else None),
        "base": current(_base_month(job.month, before)),
    }


def _base_month(month: Month, before: list[Month]) -> Month | None:
    """December of the year before; if not held, the earliest held month of this year; None in that month itself."""
    december = Month(month.year - 1, 12)
    if december in before:
        return december
    return next((m for m in before if m.year == month.year), None)


# -- running a room ----------------------------------------------------------------------------------------------


def open_trial(job: Job, path: Path) -> Draft:
    """Begin a draft apart from the home, made of what the home holds: for a look at a delivery that makes no month.

    No model scores it: a score takes its time, and nothing that is counted depends on it.
    """
    draft = Draft(job.month, path)
    draft.start(_inputs(job, "trial", mapping=_identity_of_names(_source(job), job.month)))
    draft.inputs |= {"champion": None, "uplift": None}
    return draft


def run_draft_room(
    job: Job, draft: Draft, room: str, work: Callable[[Context], None] | None = None
) -> None:
    """Run a room on a draft, with the earlier versions and the waivers that the draft is recorded to be made of.

    So a month that runs while an earlier one is redone is made of one version of it, and says of which. `work` is done
    instead of what the room does.
    """
    failpoint(f"room.begun:{room}")
    job.progress(room)
    earlier = recorded_versions(job.home, draft)
    folders = [draft.path, *(v.path for v in earlier.values() if v)]
    is_first = room == ROOMS[0]
    office = _office(job) if is_first else None
    step = Step(job.progress, room)
    with naming_table(step, job.month), open_engine(job.settings, draft.scratch, folders) as engine:
        context = Context(
            month=job.month,
            settings=job.settings,
            calendar=Calendar.load(job.settings.calendar_file),
            draft=draft,
            engine=engine,
            earlier=earlier,
            waivers={w["finding"]: Waiver(**w, at="") for w in draft.inputs["waivers"]},
            champion=_recorded_model(job.home, draft, "champion"),
            uplift=_recorded_model(uplift_shelf(job.home), draft, "uplift"),
            source=_source(job) if is_first else None,
            office=office,
            progress=step,
        )
        context.bind_everything()
        _run_in(context, room, work)
        staged = {"office": office.sha256} if office else {}
        draft.finish_room(
            room, context.tables, staged | _content(draft, context) if is_first else None
        )


def _run_in(context: Context, room: str, work: Callable[[Context], None] | None) -> None:
    """Run a room; what it had written when the gate stopped it stays to be looked at."""
    do_work = work or importlib.import_module(f"pipelines.rooms.{room}").run
    try:
        do_work(context)
    except (GateStopped, SourceNotReady) as stop:
        context.draft.stop_room(room, context.tables, stop.key)
        raise
    except duckdb.ProgrammingError as error:
        if context.at_work_on is None:
            raise
        raise _not_answered(context.at_work_on, error) from error


def _not_answered(spec: Spec, error: duckdb.Error) -> SpecError:
    """The error of a SELECT that the engine cannot answer, whatever the data."""
    why = str(error).splitlines()[0]
    return SpecError("spec.not_answered", where=spec.where, line=spec.sql_line, why=why)


def derive_month(
    job: Job, path: Path, inputs: dict[str, Any], raw: Raw, rooms: Sequence[str]
) -> Draft:
    """Run rooms over deliveries that were taken in before, apart from the home; return the draft at `path`."""
    draft = Draft(job.month, path)
    draft.start(inputs)
    for name, (file, _) in raw.items():
        if file.exists():
            copy2(file, draft.path / f"{name}.parquet")
    draft.finish_room(ROOMS[0], {name: entry for name, (_, entry) in raw.items()})
    for room in rooms:
        run_draft_room(job, draft, room)
    return draft


def raw_of(made: Version | Draft) -> Raw:
    """The deliveries that a version or a draft was made of: each table's file and what is recorded of it."""
    tables = made.tables if isinstance(made, Draft) else made.manifest["tables"]
    return {n: (made.path / f"{n}.parquet", e) for n, e in tables.items() if e["room"] == ROOMS[0]}


def recorded_versions(home: Path, draft: Draft) -> dict[str, Version | None]:
    """Find the versions a draft is made of; raise StorageError for one that is not there any more."""
    found: dict[str, Version | None] = {}
    for era, said in draft.inputs["earlier"].items():
        month, _, identity = (said or "").partition(" ")
        folder = MonthFolder(home, Month.parse(month)) if said else None
        versions = folder.versions() if folder else []
        found[era] = next((v for v in versions if v.identity == identity), None)
        if folder and found[era] is None:
            raise StorageError(
                "storage.version_gone", month=month, needed_by=draft.month, where=folder.path
            )
    return found


def _recorded_model(home: Path, draft: Draft, name: str) -> Champion | None:
    """Find the model a draft is made of; raise StorageError when it is not there as it was."""
    said = draft.inputs.get(name)
    if said is None:
        return None
    champion = open_version(home, said["version"])
    if champion.meaning() != said:
        raise StorageError("storage.model_gone", model=said["version"], needed_by=draft.month)
    return champion


def _content(draft: Draft, context: Context) -> dict[str, Any]:
    """A database's fingerprint: the rows that were read from it, in whatever order."""
    if draft.inputs["source"] is not None:
        return {}
    deliveries = {name: entry for name, entry in context.tables.items() if "content" in entry}
    texts = [
        f"{name} {entry['state']} {entry['content']}" for name, entry in sorted(deliveries.items())
    ]
    return {"source": sha256("\n".join(texts).encode()).hexdigest()}


def _office(job: Job) -> OfficeReading:
    return read_office(job.settings.office_database(job.home), job.month)


def _source(job: Job) -> Source:
    if job.source is None:
        raise UsageError("source.none", month=job.month)
    return open_source(job.source)
