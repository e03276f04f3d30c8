"""Is a month what it says it is? Every file against its manifest, and every table derived again from the deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines import ROOMS
from pipelines.core.errors import StorageError, VerificationError
from pipelines.core.settings import load_settings
from pipelines.run import Job, code_hash, derive_month, identity_of_key, raw_of
from pipelines.store.files import hash_file
from pipelines.store.lake import Version

# What a month is made of and may be gone since: then nothing can be derived again.
_GONE = {"storage.version_gone": "earlier", "storage.model_gone": "champion"}


STEPS = ("verify_files", *ROOMS[1:])


@dataclass(frozen=True)
class Difference:
    """A file or table that is not as recorded: changed, missing, extra, seal or derived."""

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
    seal = job.folder.seal()
    version = job.folder.version(number or (seal["version"] if seal else None))
    job.progress("verify_files")
    differences = [*_check_seal(version, seal), *_check_files(version)]
    notes = _notes(job, version)
    derived: list[Difference] = []
    if not differences and "key" not in notes:
        try:
            derived = list(_derive(job, version))
        except StorageError as error:
            notes.append(_GONE.get(error.key, error.key))
    told = derived if "code" in notes else []
    files = sum("sha256" in entry for entry in version.manifest["tables"].values())
    return Verification(version, files, differences if told else [*differences, *derived], told, notes)


def raise_differing(seen: Verification) -> None:
    """Raise VerificationError when something differs, after it was told."""
    if seen.differences:
        facts = {"month": seen.version.month, "version": seen.version.number}
        raise VerificationError("verify.differs", **facts, count=len(seen.differences))


def _check_seal(version: Version, seal: dict[str, object] | None) -> Iterator[Difference]:
    if seal and seal["version"] == version.number and seal["manifest"] != version.identity:
        yield Difference("seal", "manifest.json", str(seal["manifest"]), version.identity)


def _check_files(version: Version) -> Iterator[Difference]:
    """Compare what lies in the version's folder with its manifest."""
    recorded = {f"{n}.parquet": e["sha256"] for n, e in version.manifest["tables"].items() if "sha256" in e}
    for name, expected in sorted(recorded.items()):
        path = version.path / name
        found = hash_file(path) if path.exists() else None
        if found != expected:
            yield Difference("changed" if found else "missing", name, expected, found)
    there = {path.name for path in version.path.iterdir() if path.is_file()}
    for name in sorted(there - set(recorded) - {"manifest.json"}):
        yield Difference("extra", name)


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
        draft = derive_month(again, Path(folder) / "derived", manifest["inputs"], raw_of(version), ROOMS[1:])
        # What a restatement compared is not of the month's own: its files are hashed above.
        recorded = {name for name, entry in manifest["tables"].items() if entry["room"] in ROOMS}
        for name in sorted(recorded | set(draft.tables)):
            expected, found = (t.get(name, {}).get("sha256") for t in (manifest["tables"], draft.tables))
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
