"""A person's deletion: the key to names, numbers and notes is destroyed, and what was drawn goes.

    find_traces(home, settings, "7")             what there is of a customer, and its fate
    erase_person(home, settings, request)        do it; the same again ends the same
    repeat_erasures(home, settings)              after a restore, of all whose keys are gone

Tables and manifests stay as they are, for they hold no name: a sealed month verifies as before.
What stays by law is under the customer's id alone. Nothing that was delivered later brings a name
back, because who was deleted gets no key again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.core.errors import Incomplete, StorageError, UsageError
from pipelines.core.settings import Settings
from pipelines.operations.persons.files import (
    list_naming_files,
    list_plain_drafts,
    remove_files,
)
from pipelines.operations.persons.known import Known, look_up
from pipelines.store.outbox import SENT, UNSURE, Outbox
from pipelines.store.persons.keys import PersonKeys
from pipelines.store.versions import Version

GONE, STAYS, OUTSIDE, REMAINS = FATES = ("gone", "stays", "outside", "remains")
ACTION = "erase_person"
AUDIT_TABLE = "console_auditentry"


@dataclass(frozen=True)
class Request:
    """Who is to be deleted, why, and who says so; the reason stays, so it names nobody."""

    customer_id: str
    why: str
    actor: str


@dataclass(frozen=True)
class Trace:
    """What there is of a customer in one kind of place: how much of it, where, and its fate."""

    kind: str
    fate: str
    count: int
    where: tuple[str, ...] = ()


def group_by_fate(traces: Sequence[Trace]) -> Iterator[tuple[str, list[Trace]]]:
    """Yield each fate that something has, with its traces: what goes before what stays."""
    for fate in FATES:
        alike = []
        for trace in traces:
            if trace.fate == fate:
                alike.append(trace)
        if alike:
            yield fate, alike


def find_traces(home: Path, settings: Settings, customer_id: str) -> list[Trace]:
    """Return what a deletion would remove, and what would stay and why; nothing is touched.

    Raise UsageError for a customer that nobody knows.
    """
    known = look_up(home, customer_id)
    in_home = _find_in_home(home, known)
    in_office = _find_in_office(home, settings, known)
    return in_home + in_office


def find_months(home: Path, customer_id: str) -> list[Trace]:
    """Return of these what months hold alone, without opening any file that people read.

    Raise UsageError for a customer that nobody knows.
    """
    return _find_in_months(home, look_up(home, customer_id, with_words=False))


def erase_person(home: Path, settings: Settings, request: Request) -> list[Trace]:
    """Delete a person; return what went, what stays, and what is out of reach.

    Raise UsageError without a reason, for one that names the person, and for a customer that nobody
    knows; Busy where a draft that may hold the name is being made.
    """
    known = look_up(home, request.customer_id)
    _check_reason(request.why, known)
    traces = _find_in_home(home, known)
    traces += _find_in_office(home, settings, known)
    remove_files(home, known)
    from console.database import open_office

    open_office(home, settings)
    from console.persons.erasing import erase_from_office

    erase_from_office(request, traces)
    keys = PersonKeys(home)
    keys.destroy(known.owners, datetime.now(UTC).isoformat(timespec="seconds"))
    unreached = tuple(_renew_copies(keys))
    if unreached:
        traces.append(Trace("copy", REMAINS, len(unreached), unreached))
    return traces


def raise_remaining(traces: Iterable[Trace]) -> None:
    """Raise Incomplete where a name is still to be read somewhere in the office's reach."""
    kinds = sorted({trace.kind for trace in traces if trace.fate == REMAINS})
    if kinds:
        raise Incomplete("erase.remains", kinds=", ".join(kinds))


def repeat_erasures(home: Path, settings: Settings) -> int:
    """Delete again whoever's key is gone: an archive of before knows nothing of it."""
    keys = PersonKeys(home)
    if not (home / "months").is_dir():
        return 0
    from console.database import look_into_office

    if AUDIT_TABLE in look_into_office(home, settings):
        from console.persons.erasing import list_erased

        keys.absorb(dict.fromkeys(list_erased(), "restored"))
    destroyed = keys.read_destroyed()
    for owner in sorted(destroyed):
        request = Request(owner, "restored", "restore")
        try:
            erase_person(home, settings, request)
        except UsageError:
            continue  # an id that a spreadsheet had shortened is no customer's
    return len(destroyed)


def _check_reason(why: str, known: Known) -> None:
    if not why.strip():
        raise UsageError("erase.no_reason")
    if any(word in why for word in known.words - {known.customer_id}):
        raise UsageError("erase.named_reason")


# -- what there is ---------------------------------------------------------------------------------


def _find_in_months(home: Path, known: Known) -> list[Trace]:
    key_count = len(PersonKeys(home).find(known.owners))
    sealed = known.sealed if key_count else ()
    return _keep_found(
        Trace("key", GONE, key_count),
        Trace("names", GONE, len(sealed), _name_versions(sealed)),
        Trace("bills", STAYS, len(known.tables), _name_versions(known.tables)),
        Trace("months", REMAINS, len(known.plain), _name_versions(known.plain)),
    )


def _find_in_home(home: Path, known: Known) -> list[Trace]:
    books = []
    for path in list_naming_files(home, known):
        books.append(str(path.relative_to(home)))
    drafts = list(list_plain_drafts(home))
    receivers = _find_receivers(home, set(books))
    in_months = _find_in_months(home, known)
    return in_months + _keep_found(
        Trace("files", GONE, len(books), tuple(books)),
        Trace("drafts", GONE, len(drafts)),
        Trace("letters", OUTSIDE, len(receivers), receivers),
    )


def _keep_found(*traces: Trace) -> list[Trace]:
    return [trace for trace in traces if trace.count]


def _name_versions(versions: Iterable[Version]) -> tuple[str, ...]:
    return tuple(
        f"{version.path.parent.name} v{version.number}" for version in versions
    )


def _find_in_office(home: Path, settings: Settings, known: Known) -> list[Trace]:
    from console.database import look_into_office

    if AUDIT_TABLE not in look_into_office(home, settings):
        return []
    from console.persons.erasing import find_in_office

    return find_in_office(known.customer_id)


def _find_receivers(home: Path, files: set[str]) -> tuple[str, ...]:
    """Return who was sent one of these files of the outbox: there it is out of reach."""
    receivers = set()
    for folder in sorted((home / "outbox").glob("*")):
        if not folder.is_dir():
            continue
        outbox = Outbox(home, folder.name)
        for letter in outbox.letters().values():
            if letter.state not in (SENT, UNSURE):
                continue
            sent = {f"outbox/{folder.name}/{file}" for file in letter.files}
            if sent & files:
                receivers.add(f"{letter.channel}: {letter.receiver}")
    return tuple(sorted(receivers))


def _renew_copies(keys: PersonKeys) -> Iterator[str]:
    """Replace the copies beside the archives; yield those that cannot be reached."""
    for copy in keys.list_copies():
        if not copy.exists():
            yield str(copy)
            continue
        try:
            keys.copy_to(copy)
        except StorageError:
            yield str(copy)
