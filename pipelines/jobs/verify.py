"""Is a month what it says it is? Every file is hashed, and every table derived again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines import ROOMS
from pipelines.core.errors import StorageError, VerificationError
from pipelines.core.settings import load_settings
from pipelines.jobs.identity import hash_table_code, identify_key
from pipelines.jobs.job import Job
from pipelines.jobs.month_inputs import recorded_settings
from pipelines.jobs.walk import derive_month, find_deliveries
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import Draft, Version
from pipelines.store.manifest import Entries, Seal, TableEntry
from pipelines.store.parts import hash_stored, name_files, place_table

__all__ = [
    "STEPS",
    "Difference",
    "Verification",
    "is_torn",
    "raise_differing",
    "recorded_settings",
    "verify_month",
]

STEPS = ("verify_files", *ROOMS[1:])

# What a month is made of and may be gone since: then nothing can be derived again.
_GONE = {"storage.version_gone": "earlier", "storage.model_gone": "champion"}
_TORN = frozenset(
    {"storage.torn", "storage.torn_line", "storage.gone", "storage.torn_current"}
)


@dataclass(frozen=True)
class Difference:
    """A file or table that is not as recorded.

    `kind` is changed, missing, torn, extra, seal, derived or underivable.
    """

    kind: str
    what: str
    expected: str | None = None
    found: str | None = None


@dataclass(frozen=True)
class Verification:
    """What was looked at, what differs, and why some of it could not be compared or does not count.

    `told` are differences of tables derived by other code than made them: they are shown, and do
    not count.
    """

    version: Version
    files: int
    differences: list[Difference]
    told: list[Difference]
    notes: list[str]


@dataclass
class _Derivation:
    """What deriving a month again found."""

    differences: list[Difference] = field(default_factory=list)
    underivable: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify_month(job: Job, number: int | None = None) -> Verification:
    """Verify a version of a month (the sealed or current one); the home is only read."""
    seal, torn = _read_seal(job)
    version = job.folder.version(number or (seal.version if seal else None))
    try:
        entries = version.entries
    except StorageError as error:
        if not is_torn(error):
            raise
        differences = [*torn, Difference("torn", "manifest.json")]
        return Verification(version, 0, differences, [], [])

    job.progress("verify_files")
    differences = [*torn, *_check_seal(version, seal), *_check_files(version, entries)]
    notes = _list_changes(job, version)

    derived = _Derivation()
    if not differences and "key" not in notes:
        derived = _derive_tables(job, version, entries)

    notes += derived.notes
    differences += derived.underivable
    told = derived.differences if "code" in notes else []
    if not told:
        differences += derived.differences
    files = 0
    for entry in entries.values():
        if entry.sha256 is not None:
            files += entry.parts.count if entry.parts else 1
    return Verification(version, files, differences, told, notes)


def raise_differing(seen: Verification) -> None:
    """Raise VerificationError when something differs, after it was told."""
    if seen.differences:
        raise VerificationError(
            "verify.differs",
            month=seen.version.month,
            version=seen.version.number,
            count=len(seen.differences),
        )


def is_torn(error: StorageError) -> bool:
    """Say whether a record of the home is torn or gone: a verification reports that."""
    return error.key in _TORN


# -- the files -------------------------------------------------------------------------------------


def _read_seal(job: Job) -> tuple[Seal | None, list[Difference]]:
    """Read the seal; one that is torn is told, and the current version is looked at."""
    try:
        return job.folder.read_seal(), []
    except StorageError as error:
        if not is_torn(error):
            raise
        return None, [Difference("torn", "SEAL.json")]


def _check_seal(version: Version, seal: Seal | None) -> Iterator[Difference]:
    if seal is None or seal.version != version.number:
        return
    if seal.manifest != version.identity:
        yield Difference("seal", "manifest.json", seal.manifest, version.identity)


def _list_hashes(entries: Entries) -> dict[str, str]:
    """The hash of each table that has a file."""
    hashes = {}
    for name, entry in entries.items():
        if entry.sha256 is not None:
            hashes[name] = entry.sha256
    return hashes


def _check_files(version: Version, entries: Entries) -> Iterator[Difference]:
    """Compare what lies in the version's folder with its manifest."""
    known = {version.path / "manifest.json"}
    for name, entry in sorted(entries.items()):
        if entry.sha256 is None:
            continue
        files = name_files(version.path, name, entry.parts)
        known.update(files)
        missing = [file for file in files if not os.path.exists(file)]
        for file in missing:
            yield Difference("missing", _show_file(version, file), entry.sha256)
        if not missing:
            yield from _compare_hash(version, name, entry)

    for file in _list_beside(known):
        if file not in known:
            yield Difference("extra", _show_file(version, file))


def _show_file(version: Version, file: Path) -> str:
    """A file as it is called in its version's folder."""
    return str(file.relative_to(version.path))


def _list_beside(known: Iterable[Path]) -> list[Path]:
    """All files of the folders in which some files lie or should lie."""
    found = []
    for folder in {file.parent for file in known}:
        if folder.is_dir():
            found += [path for path in folder.iterdir() if path.is_file()]
    return sorted(found)


def _compare_hash(
    version: Version, name: str, entry: TableEntry
) -> Iterator[Difference]:
    """Compare a table that is there with what is recorded of it."""
    place = place_table(version.path, name, entry.parts)
    found = _hash_found(place)
    if found != entry.sha256:
        yield Difference("changed", place.name, entry.sha256, found)


def _hash_found(place: Path) -> str:
    """A table's hash; a word of its own where the disk does not give it."""
    try:
        return hash_stored(place)
    except OSError as error:
        return f"unreadable: {error.strerror}"


# -- derived again ---------------------------------------------------------------------------------


def _list_changes(job: Job, version: Version) -> list[str]:
    """Say what has changed since the month was made: the key, the code that makes tables."""
    inputs = version.month_inputs
    changes = []
    if inputs.key != identify_key(job.settings):
        changes.append("key")
    if inputs.code != hash_table_code():
        changes.append("code")
    return changes


def _derive_tables(job: Job, version: Version, entries: Entries) -> _Derivation:
    """Derive the month again and compare; note what it was made of that is gone since."""
    try:
        with StorageErrors(job.home, job.month):
            return _Derivation(list(_compare_derived(job, version, entries)))
    except StorageError as error:
        if error.key in _GONE:
            return _Derivation(notes=[_GONE[error.key]])
        if not is_torn(error) and error.key != "storage.engine":
            raise
        # A table of an earlier month, or the record of models.
        what = error.facts.get("where") or error.facts["why"]
        return _Derivation(underivable=[Difference("underivable", str(what))])


def _compare_derived(
    job: Job, version: Version, entries: Entries
) -> Iterator[Difference]:
    """Run the rooms again on the deliveries, apart from the home; compare each table's hash."""
    recorded = recorded_settings(job, version.inputs)
    again = replace(job, settings=load_settings(**recorded))

    with TemporaryDirectory(prefix="verify-") as folder:
        path = Path(folder) / "derived"
        raw = find_deliveries(version)
        draft = derive_month(again, path, dict(version.inputs), raw, ROOMS[1:])

        yield from _compare_tables(entries, draft.finished)
        yield from _compare_pages(version, draft)


def _compare_tables(recorded: Entries, derived: Entries) -> Iterator[Difference]:
    # What a restatement compared is not of the month's own: its files are hashed above.
    of_rooms = {name for name, entry in recorded.items() if entry.room in ROOMS}
    expected_hashes = _list_hashes(recorded)
    found_hashes = _list_hashes(derived)
    for name in sorted(of_rooms | set(derived)):
        expected = expected_hashes.get(name)
        found = found_hashes.get(name)
        if expected != found:
            yield Difference("derived", name, expected, found)


def _compare_pages(version: Version, draft: Draft) -> Iterator[Difference]:
    for page in sorted((draft.path / "outbox").rglob("*.html")):
        stored = version.path / page.relative_to(draft.path)
        if not stored.exists():
            yield Difference("missing", f"outbox/{page.name}")
        elif stored.read_bytes() != page.read_bytes():
            yield Difference("derived", f"outbox/{page.name}")
