"""Is a month what it says it is? Every file against its manifest, and every table derived again from the deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines import ROOMS
from pipelines.core.errors import StorageError, VerificationError
from pipelines.core.settings import load_settings
from pipelines.jobs.run import Job, code_hash, derive_month, identity_of_key, raw_of
from pipelines.store.faults import StorageErrors
from pipelines.store.files import hash_file
from pipelines.store.lake import Version

# What a month is made of and may be gone since: then nothing can be derived again.
_GONE = {"storage.version_gone": "earlier", "storage.model_gone": "champion"}


STEPS = ("verify_files", *ROOMS[1:])


@dataclass(frozen=True)
class Difference:
    """A file or table that is not as recorded: changed, missing, torn, extra, seal, derived, or underivable."""

    kind: str
    what: str
    expected: str | None = None
    found: str | None = None


@dataclass(frozen=True)
class Verification:
    """What was looked at, what differs, and why some of it could not be compared or does not count."""

    version: Version
    files: int
    differences: list[Difference]
    told: list[Difference]
    notes: list[str]


def verify_month(job: Job, number: int | None = None) -> Verification:
    """Verify a version of a month (the sealed or current one); the home is only read."""
    seal, torn = _read_seal(job)
    version = job.folder.version(number or (seal["version"] if seal else None))
    try:
        manifest = version.manifest
    except StorageError as error:
        if not is_torn(error):
            raise
        return Verification(version, 0, [*torn, Difference("torn", "manifest.json")], [], [])
    job.progress("verify_files")
    differences = [*torn, *_check_seal(version, seal), *_check_files(version)]
    notes = _notes(job, version)
    derived: list[Difference] = []
    if not differences and "key" not in notes:
        try:
            with StorageErrors(job.home, job.month):
                derived = list(_derive(job, version))
        except StorageError as error:
            if error.key in _GONE:
                notes.append(_GONE[error.key])
            elif (
                is_torn(error) or error.key == "storage.engine"
            ):  # a table of an earlier month, or the record of models
                differences.append(
                    Difference("underivable", str(error.facts.get("where") or error.facts["why"]))
                )
            else:
                raise
    told = derived if "code" in notes else []
    files = sum("sha256" in entry for entry in manifest["tables"].values())
    return Verification(
        version, files, differences if told else [*differences, *derived], told, notes
    )


def raise_differing(seen: Verification) -> None:
    """Raise VerificationError when something differs, after it was told."""
    if seen.differences:
        facts = {"month": seen.version.month, "version": seen.version.number}
        raise VerificationError("verify.differs", **facts, count=len(seen.differences))


def is_torn(error: StorageError) -> bool:
    """Say whether a record of the home is torn or gone, which a verification tells and does not die of."""
    return error.key in (
        "storage.torn",
        "storage.torn_line",
        "storage.gone",
        "storage.torn_current",
    )


def _read_seal(job: Job) -> tuple[dict[str, Any] | None, list[Difference]]:
    """Read the seal; one that is torn is told, and the current version is looked at."""
    try:
        return job.folder.seal(), []
    except StorageError as error:
        if not is_torn(error):
            raise
        return None, [Difference("torn", "SEAL.json")]


def _check_seal(version: Version, seal: dict[str, Any] | None) -> Iterator[Difference]:
    if seal and seal["version"] == version.number and seal["manifest"] != version.identity:
        yield Difference("seal", "manifest.json", str(seal["manifest"]), version.identity)


def _check_files(version: Version) -> Iterator[Difference]:
    """Compare what lies in the version's folder with its manifest."""
    recorded = {
        f"{n}.parquet": e["sha256"] for n, e in version.manifest["tables"].items() if "sha256" in e
    }
    for name, expected in sorted(recorded.items()):
        path = version.path / name
        found = _hash_found(path)
        if found != expected:
            yield Difference("changed" if found else "missing", name, expected, found)
    there = {path.name for path in version.path.iterdir() if path.is_file()}
    for name in sorted(there - set(recorded) - {"manifest.json"}):
        yield Difference("extra", name)


def _hash_found(path: Path) -> str | None:
    """A file's hash; None where there is none, a word of its own where the disk does not give it."""
    try:
        return hash_file(path) if path.exists() else None
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _notes(job: Job, version: Version) -> list[str]:
    """Say what has changed since the month was made."""
    inputs = version.manifest["inputs"]
    notes = []
    if inputs["key"] != identity_of_key(job.settings):
        notes.append("key")
    if inputs["code"] != code_hash():
        notes.append("code")
    return notes


def _derive(job: Job, version: Version) -> Iterator[Difference]:
    """Run the rooms behind the deliveries again, apart from the home, and compare each table's hash."""
    manifest = version.manifest
    with TemporaryDirectory(prefix="verify-") as folder:
        again = replace(job, settings=load_settings(**recorded_settings(job, manifest["inputs"])))
        draft = derive_month(
            again, Path(folder) / "derived", manifest["inputs"], raw_of(version), ROOMS[1:]
        )
        # What a restatement compared is not of the month's own: its files are hashed above.
        recorded = {name for name, entry in manifest["tables"].items() if entry["room"] in ROOMS}
        for name in sorted(recorded | set(draft.tables)):
            expected, found = (
                t.get(name, {}).get("sha256") for t in (manifest["tables"], draft.tables)
            )
            if expected != found:
                yield Difference("derived", name, expected, found)
        for page in sorted((draft.path / "outbox").rglob("*.html")):
            stored = version.path / page.relative_to(draft.path)
            if not stored.exists() or stored.read_bytes() != page.read_bytes():
                yield Difference("derived" if stored.exists() else "missing", f"outbox/{page.name}")


def recorded_settings(job: Job, inputs: dict[str, object]) -> dict[str, object]:
    """The settings the month was made with; what does not change its meaning is as it is now."""
    recorded = inputs["settings"]
    assert isinstance(recorded, dict)
    return job.settings.model_dump() | recorded
