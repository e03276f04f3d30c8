"""What a month is made of: gathered once a run, recorded in its draft, and found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.errors import StorageError
from pipelines.core.month import Month
from pipelines.jobs.identity import hash_table_code, identify_key
from pipelines.jobs.job import Job
from pipelines.sources import Source
from pipelines.store.champions import (
    Champion,
    find_champion,
    open_version,
    uplift_shelf,
)
from pipelines.store.files import hash_file
from pipelines.store.inputs import MonthInputs
from pipelines.store.lake import Draft, MonthFolder, Version, list_held_months
from pipelines.store.waivers import Waiver, find_waivers

if TYPE_CHECKING:
    from pipelines.sources.office.answers import OfficeReading

# What is given of each era of `earlier`, but for `prior` and `base`: how many months ago it is.
_MONTHS_AGO = {"m1": 1, "m2": 2, "m3": 3, "m12": 12}


@dataclass(frozen=True)
class Gathered:
    """What a run has opened and read before its first room, and the inputs that say so."""

    source: Source
    office: OfficeReading
    inputs: MonthInputs


def gather_inputs(job: Job, restates: str | None = None) -> Gathered:
    """Open the source, hash its delivery, read the office: once a run, for its first room.

    `restates` is the identity of the released version that is restated. Raise SourceNotReady,
    UsageError or SpecError for a source that cannot be used.
    """
    source = job.open_source()
    fingerprint = source.fingerprint(job.month)
    mapping = identify_mapping(source, job.month)
    office = job.read_office()

    inputs = state_inputs(job, fingerprint, office.sha256, mapping, restates)
    return Gathered(source, office, inputs)


def state_inputs(
    job: Job,
    source: str | None,
    office: str | None,
    mapping: str | None = None,
    restates: str | None = None,
) -> MonthInputs:
    """Say what the month is made of now, with what is known of its delivery and of the office.

    So a later room of a month asks neither again: the month is made of what its first room staged.
    """
    settings = job.settings
    champion = find_champion(job.home, job.month)
    uplift = find_champion(uplift_shelf(job.home), job.month)
    waivers = sorted(find_waivers(job.home, job.month).items())
    earlier = find_earlier(job)

    return MonthInputs(
        source=source,
        mapping=mapping,
        office=office,
        code=hash_table_code(),
        settings=settings.meaning(),
        key=identify_key(settings),
        calendar=hash_given(settings.calendar_file),
        gate=hash_given(settings.gate_file),
        scorecard=hash_given(settings.scorecard_file),
        waivers=tuple(waiver.meaning() for _, waiver in waivers),
        champion=champion.meaning() if champion else None,
        uplift=uplift.meaning() if uplift else None,
        earlier=_name_versions(earlier),
        restates=restates,
        parts=settings.table_parts,
    )


def hash_given(path: Path | None) -> str | None:
    """Hash a file of the settings; None where the settings name none."""
    if path:
        return hash_file(path)
    return None


def identify_mapping(source: Source, month: Month) -> str | None:
    """Tell one mapping from another; None where the operator uses the contract's names."""
    mapping = source.mapping(month)
    if mapping:
        return mapping.identity
    return None


# -- earlier months --------------------------------------------------------------------------------


def find_earlier(job: Job) -> dict[str, Version | None]:
    """The versions a SQL file names by prefix: m1, m2, m3, m12, prior, base.

    `prior` is the latest held before, `base` the month in which the cohort is frozen.
    """
    before = [month for month in list_held_months(job.home) if month < job.month]
    wanted: dict[str, Month | None] = {}
    for era, ago in _MONTHS_AGO.items():
        wanted[era] = job.month.plus(-ago)
    wanted["prior"] = before[-1] if before else None
    wanted["base"] = _find_base_month(job.month, before)

    found: dict[str, Version | None] = {}
    for era, month in wanted.items():
        found[era] = MonthFolder(job.home, month).current() if month else None
    return found


def _find_base_month(month: Month, before: list[Month]) -> Month | None:
    """December of the year before; if not held, the earliest held month of this year.

    None in that month itself.
    """
    december = Month(month.year - 1, 12)
    if december in before:
        return december
    for earlier in before:
        if earlier.year == month.year:
            return earlier
    return None


def _name_versions(earlier: Mapping[str, Version | None]) -> dict[str, str | None]:
    named: dict[str, str | None] = {}
    for era, version in earlier.items():
        if version is None:
            named[era] = None
        else:
            named[era] = f"{version.month} {version.identity}"
    return named


# -- found again -----------------------------------------------------------------------------------


def recorded_versions(home: Path, draft: Draft) -> dict[str, Version | None]:
    """Find the versions a draft is made of.

    Raise StorageError for one that is not there any more.
    """
    found: dict[str, Version | None] = {}
    for era, named in draft.month_inputs.earlier.items():
        found[era] = _find_version(home, named, draft.month) if named else None
    return found


def _find_version(home: Path, named: str, needed_by: Month) -> Version:
    """Find a version by `<month> <identity>`."""
    month, _, identity = named.partition(" ")
    folder = MonthFolder(home, Month.parse(month))
    for version in folder.versions():
        if version.identity == identity:
            return version
    raise StorageError(
        "storage.version_gone", month=month, needed_by=needed_by, where=folder.path
    )


def recorded_champion(home: Path, draft: Draft) -> Champion | None:
    """Find the model that scores a draft; raise StorageError when it is not there as it was."""
    return _find_model(home, draft.month_inputs.champion, draft.month)


def recorded_uplift(home: Path, draft: Draft) -> Champion | None:
    """Find the uplift model of a draft; raise StorageError when it is not there as it was."""
    return _find_model(uplift_shelf(home), draft.month_inputs.uplift, draft.month)


def _find_model(
    home: Path, recorded: Mapping[str, str] | None, needed_by: Month
) -> Champion | None:
    if recorded is None:
        return None
    model = open_version(home, recorded["version"])
    if model.meaning() != recorded:
        raise StorageError(
            "storage.model_gone", model=recorded["version"], needed_by=needed_by
        )
    return model


def recorded_waivers(draft: Draft) -> dict[str, Waiver]:
    """The waivers a draft is made of, by finding."""
    waivers = [Waiver(**waiver, at="") for waiver in draft.month_inputs.waivers]
    return {waiver.finding: waiver for waiver in waivers}


def recorded_settings(job: Job, inputs: Mapping[str, object]) -> dict[str, object]:
    """The settings a month was made with; what does not change its meaning is as it is now."""
    recorded = inputs["settings"]
    assert isinstance(recorded, dict)
    return {**job.settings.model_dump(), **recorded}
