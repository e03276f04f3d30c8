"""A day between two months: its bulletins, promises that fall due, and further orders.

The orders are about customers whom the operator has suspended since. The tables are made by
`jobs.day_tables`. The month before the day, sealed or not, is only read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from pipelines.core.calendar import Calendar
from pipelines.core.errors import Refused, UsageError
from pipelines.core.month import Month
from pipelines.core.settings import Settings, load_settings
from pipelines.engines import open_workbench
from pipelines.jobs.day_tables import (
    ROOM,
    DayContext,
    read_day,
    write_bulletins,
    write_day_orders,
)
from pipelines.jobs.identity import hash_table_code, identify_key
from pipelines.jobs.month_inputs import hash_given
from pipelines.sources.office.answers import OfficeReading
from pipelines.sources.office.by_day import read_day_office
from pipelines.sources.operator.folder import DaySource
from pipelines.store.faults import StorageErrors
from pipelines.store.inputs import DayInputs
from pipelines.store.lake import (
    DayFolder,
    Draft,
    MonthFolder,
    Version,
    list_held_days,
    list_held_months,
)
from pipelines.store.persons.keys import PersonKeys

STEPS = ("day_read", "day_tell", "day_order")
# What makes a day's tables beside the rooms: a change here makes the day anew, and no month.
_CODE_OF_DAY = ("pipelines/jobs/daily.py", "pipelines/jobs/day_tables.py")


@dataclass
class DayJob:
    """One day to run: where from, where to, and how to tell somebody what is going on."""

    home: Path
    day: date
    source: Path
    settings: Settings = field(default_factory=load_settings)
    progress: Callable[[str], None] = lambda step: None

    @property
    def month(self) -> Month:
        """The month that the day lies in."""
        return Month(self.day.year, self.day.month)

    @cached_property
    def before(self) -> Version:
        """The newest month held before the day's, one and the same all through.

        Raise UsageError when there is none.
        """
        earlier = [month for month in list_held_months(self.home) if month < self.month]
        if not earlier:
            raise UsageError("day.no_month", day=self.day, month=self.month.plus(-1))
        return MonthFolder(self.home, earlier[-1]).version()

    @cached_property
    def days_before(self) -> list[Version]:
        """The days whose orders were added to that month's before this one's."""
        days = list_held_days(self.home, self.before.month)
        return [version for version in days if version.occasion < str(self.day)]

    @property
    def folder(self) -> DayFolder:
        """The day's folder in the home."""
        return DayFolder(self.home, self.before.month, self.day)


def parse_day(text: str) -> date:
    """Read `YYYY-MM-DD`; raise UsageError for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("day.bad", value=text) from None


def run_day(job: DayJob) -> Version:
    """Make the day's bulletins and orders.

    Hand the orders to the office when their month was released.

    The same input again gives the version that is there. Raise Refused when the day's orders are
    released and its source says something else now, or they would be released under a key that is
    everybody's.
    """
    with StorageErrors(job.home, job.day), job.folder.lock():
        job.folder.recover()
        is_released = MonthFolder(job.home, job.before.month).read_seal() is not None
        if is_released:
            job.settings.require_own_key()
        source = DaySource(job.source, job.day)
        fingerprint = source.fingerprint(job.month)
        seal = job.folder.read_seal()
        if seal is not None:
            return _read_sealed(job, job.folder.version(seal.version), fingerprint)

        office = read_day_office(
            job.settings.office_database(job.home), job.month, job.day
        )
        version = _make_version(
            job, source, office, _gather_inputs(job, fingerprint, office)
        )
        if is_released:
            _hand_to_office(job, version)
        return version


def _read_sealed(job: DayJob, sealed: Version, fingerprint: str) -> Version:
    """Return the version whose orders are released.

    Refused when the day's source says something else now.
    """
    # The run that sealed it may have died before the office had its orders.
    _hand_to_office(job, sealed)
    if sealed.inputs["source"] != fingerprint:
        raise Refused("day.sealed", day=job.day, version=sealed.number)
    return sealed


def _gather_inputs(job: DayJob, fingerprint: str, office: OfficeReading) -> DayInputs:
    return DayInputs(
        day=str(job.day),
        source=fingerprint,
        office=office.sha256,
        code=hash_table_code(also=_CODE_OF_DAY),
        settings=job.settings.meaning(),
        key=identify_key(job.settings),
        calendar=hash_given(job.settings.calendar_file),
        month=f"{job.before.month} {job.before.identity}",
        days=tuple(
            f"{version.occasion} {version.identity}" for version in job.days_before
        ),
    )


def _make_version(
    job: DayJob, source: DaySource, office: OfficeReading, inputs: DayInputs
) -> Version:
    """Return the version that is made of the very same, else a new one."""
    current = job.folder.current()
    if current is not None and current.inputs == inputs.to_json():
        return current
    draft = job.folder.draft()
    draft.start(inputs.to_json())
    _make_tables(job, draft, source, office)
    return job.folder.commit(draft)


def _make_tables(
    job: DayJob, draft: Draft, source: DaySource, office: OfficeReading
) -> None:
    before = job.before
    days = job.days_before
    folders = [draft.path, before.path, *(version.path for version in days)]
    with open_workbench(job.settings, folders, draft.scratch) as engine:
        context = DayContext(
            month=before.month,
            settings=job.settings,
            calendar=Calendar.load(job.settings.calendar_file),
            draft=draft,
            engine=engine,
            earlier={},
            progress=job.progress,
            keys=PersonKeys(job.home),
            day=job.day,
            before=before,
        )
        job.progress("day_read")
        read_day(context, job.month, source, office)
        context.bind_month()
        job.progress("day_tell")
        write_bulletins(context)
        job.progress("day_order")
        write_day_orders(context, [before, *days])
        draft.finish_room(ROOM, context.entries)


def _hand_to_office(job: DayJob, version: Version) -> None:
    """Seal the day and let the console import its orders."""
    # Here, because Django is started by released orders alone.
    from console.orders import import_day_orders

    folder = DayFolder(job.home, version.of_month, job.day)
    folder.release(version)
    import_day_orders(job.home, folder, job.settings, actor=ROOM)
