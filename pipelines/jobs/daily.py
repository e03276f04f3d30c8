"""A day between two months: its bulletins, promises that fall due, and orders for whom the operator has suspended since.

What was delivered of the day (`service receivable payment trouble_ticket status_change`) is read as a month's tables are.
All else, owners, consent, value and the places of managers, is what the newest month before it knows. The day's orders
are added to that month's: who has one already gets no second, and what managers have taken on is off their places. The
month itself, sealed or not, is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.catalogue.outputs import lists
from pipelines.catalogue.spec import TableName, room_specs
from pipelines.core.calendar import Calendar
from pipelines.core.contract import contract
from pipelines.core.errors import Refused, UsageError
from pipelines.core.month import Month
from pipelines.core.settings import Settings, load_settings
from pipelines.engines.duckdb import DuckEngine
from pipelines.jobs.run import code_hash, identity_of_key
from pipelines.rooms import dispatch, extract, snapshot
from pipelines.rooms.context import Context
from pipelines.rooms.feedback.marks import write_marks
from pipelines.rooms.relations import keep_result
from pipelines.sources.office.answers import OfficeReading
from pipelines.sources.office.by_day import read_day_office
from pipelines.sources.operator.folder import DAILY, DaySource
from pipelines.store.faults import StorageErrors
from pipelines.store.files import hash_file
from pipelines.store.lake import DayFolder, MonthFolder, Version, held_days, held_months

ROOM = "daily"
STEPS = ("day_read", "day_tell", "day_order")
LIST = "suspended_reactivation"
# Features that are the day's own: never those of the month.
_OF_THE_DAY = ("service", "arrears")


@dataclass(kw_only=True)
class DayContext(Context):
    """A day's view of the month before it: the day's own tables, else that month's."""

    day: date
    before: Version

    @property
    def occasion(self) -> str:
        """The day."""
        return str(self.day)

    @property
    def dispatch_on(self) -> date:
        """The working day after the day."""
        return self.calendar.after(self.day, 1)

    def entry(self, table: TableName) -> dict[str, Any] | None:
        """The manifest entry of a table of the day, or of the month where the day has none of its own.

        `prior.` is the month's table where the day has the same one.
        """
        own = super().entry(table)
        if own is not None or table.era != ("prior" if _is_of_the_day(table.name) else ""):
            return own
        entry: dict[str, Any] | None = self.before.manifest["tables"].get(table.name)
        return entry

    def bind_month(self) -> None:
        """Make the month's tables readable; those that the day has as well as `prior.` ones."""
        for name, entry in self.before.manifest["tables"].items():
            if entry["status"] == "computed" and not name.startswith("extract_"):
                era = "prior" if _is_of_the_day(name) else ""
                self.engine.bind(TableName(name, era), self.before.table(name))

    def parameters(self, wanted: Iterable[str]) -> dict[str, object]:
        """The month's parameters, with the day as the last of its month so far."""
        today = {"last_day": self.day, "first_day": self.day.replace(day=1)}
        return super().parameters(wanted) | {
            name: value for name, value in today.items() if name in wanted
        }


def _is_of_the_day(table: str) -> bool:
    return table in {
        *(f"snapshot_{name}" for name in DAILY),
        *(f"features_{name}" for name in _OF_THE_DAY),
    }


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
        """The newest month held before the day's, one and the same all through; raise UsageError when there is none."""
        earlier = [month for month in held_months(self.home) if month < self.month]
        if not earlier:
            raise UsageError("day.no_month", day=self.day, month=self.month.plus(-1))
        return MonthFolder(self.home, earlier[-1]).version()

    @cached_property
    def days_before(self) -> list[Version]:
        """The days whose orders were added to that month's before this one's."""
        return [v for v in held_days(self.home, self.before.month) if v.occasion < str(self.day)]

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
    """Make the day's bulletins and orders; hand the orders to the office when their month was released.

    The same input again gives the version that is there. Raise Refused when the day's orders have left the house and its
    source says something else now, or they would leave it under a key that is everybody's.
    """
    with StorageErrors(job.home, job.day), job.folder.lock():
        job.folder.recover()
        is_released = MonthFolder(job.home, job.before.month).seal() is not None
        if is_released:
            job.settings.require_own_key()
        source = DaySource(job.source, job.day)
        fingerprint = source.fingerprint(job.month)
        seal = job.folder.seal()
        if seal is not None:
            sealed = job.folder.version(seal["version"])
            _hand_over(
                job, sealed
            )  # the run that sealed it may have died before the office had its orders
            if sealed.manifest["inputs"]["source"] != fingerprint:
                raise Refused("day.sealed", day=job.day, version=sealed.number)
            return sealed
        office = read_day_office(job.settings.office_database(job.home), job.month, job.day)
        version = _make(job, source, office, _inputs(job, fingerprint, office))
        if is_released:
            _hand_over(job, version)
        return version


def _inputs(job: DayJob, fingerprint: str, office: OfficeReading) -> dict[str, Any]:
    return {
        "day": str(job.day),
        "source": fingerprint,
        "office": office.sha256,
        "code": code_hash(),
        "settings": job.settings.meaning(),
        "key": identity_of_key(job.settings),
        "calendar": hash_file(job.settings.calendar_file) if job.settings.calendar_file else None,
        "month": f"{job.before.month} {job.before.identity}",
        "days": [f"{version.occasion} {version.identity}" for version in job.days_before],
    }


def _make(job: DayJob, source: DaySource, office: OfficeReading, inputs: dict[str, Any]) -> Version:
    current = job.folder.current()
    if current is not None and current.manifest["inputs"] == inputs:
        return current
    draft = job.folder.draft()
    draft.start(inputs)
    before, days = job.before, job.days_before
    folders = [draft.path, before.path, *(version.path for version in days)]
    with DuckEngine(
        draft.scratch, folders, job.settings.memory_limit, job.settings.threads
    ) as engine:
        context = DayContext(
            month=before.month,
            settings=job.settings,
            calendar=Calendar.load(job.settings.calendar_file),
            draft=draft,
            engine=engine,
            earlier={},
            progress=job.progress,
            day=job.day,
            before=before,
        )
        job.progress("day_read")
        _read(context, job.month, source, office)
        context.bind_month()
        job.progress("day_tell")
        _tell(context)
        job.progress("day_order")
        _order(context, [before, *days])
        draft.finish_room(ROOM, context.tables)
    return job.folder.commit(draft)


# -- the day's tables --------------------------------------------------------------------------------------------


def _read(context: DayContext, month: Month, source: DaySource, office: OfficeReading) -> None:
    """Read and type what was delivered of the day, by the rules of the month that it lies in."""
    reading = Context(
        month=month,
        settings=context.settings,
        calendar=context.calendar,
        draft=context.draft,
        engine=context.engine,
        earlier={},
        source=source,
        office=office,
        progress=context.progress,
        tables=context.tables,
    )
    extract.run(reading)
    context.engine.register("promised", office.tables["order"])
    context.write("daily_order", "SELECT * FROM promised", ["order_id"])
    context.draft.tables |= reading.tables  # what the snapshot asks of earlier rooms
    snapshot.take_in(reading, [replace(contract()[name], required=False) for name in DAILY])


def _tell(context: DayContext) -> None:
    """Write the day's features and bulletins, as far as what they are made of was delivered."""
    write_marks(context)
    names = {*_OF_THE_DAY, "consent"}
    if context.is_computed("snapshot_trouble_ticket"):  # else who complains is what the month knows
        names.add("complaint")
    for spec in (
        *(spec for spec in room_specs("features") if spec.name in names),
        *room_specs(ROOM),
    ):
        context.compute(spec)


# -- the day's orders --------------------------------------------------------------------------------------------


def _order(context: DayContext, made: list[Version]) -> None:
    """Write the day's orders and why-nots: one list, beside the orders of the month and of the days before."""
    spec = next(spec for spec in lists() if spec.name == LIST)
    files = []
    for version in made:
        if version.is_computed("dispatch_order"):
            files.append(str(version.table("dispatch_order")))
    standing = keep_result(context, "standing", _STANDING, {"files": files})
    if context.is_computed("features_manager"):
        places_left = _PLACES_LEFT.format(standing=standing.name)
        context.write("features_manager", places_left, ["manager_id"])
    listed = dispatch.gather_candidates(context, spec)
    dispatch.dispatch_beside(context, listed, standing)
    _take_along(context)


_STANDING = """
SELECT customer_id, list, manager_id
FROM read_parquet($files, union_by_name = TRUE, hive_partitioning = FALSE)
WHERE arm = 'treated'
"""

_PLACES_LEFT = """
SELECT m.manager_id, m.branch_id, CAST(GREATEST(m.capacity - COUNT(s.customer_id), 0) AS INTEGER) AS capacity
FROM features_manager AS m LEFT JOIN {standing} AS s ON s.manager_id = m.manager_id
GROUP BY m.manager_id, m.branch_id, m.capacity
"""


def _take_along(context: DayContext) -> None:
    """Keep beside orders and promises whom they name: workbooks and the office need nothing but the day's folder."""
    tables = [name for name in ("dispatch_order", "daily_promise") if context.is_computed(name)]
    named = " UNION ".join(f"SELECT customer_id FROM {name}" for name in tables)
    context.write(
        "snapshot_person",
        f"SELECT * FROM snapshot_person WHERE customer_id IN ({named})",
        ["customer_id"],
    )
    for name, key in (("account_manager", "manager_id"), ("organisation", "org_id")):
        if context.is_computed(f"snapshot_{name}"):
            context.write(f"snapshot_{name}", f"SELECT * FROM snapshot_{name}", [key])
        else:
            context.record_missing(f"snapshot_{name}", [f"absent: {name}"])


def _hand_over(job: DayJob, version: Version) -> None:
    from console.orders import (
        import_day_orders,
    )  # Django is started by orders that leave the house alone

    folder = DayFolder(job.home, Month.parse(version.manifest["month"]), job.day)
    folder.release(version)
    import_day_orders(job.home, folder, job.settings, actor=ROOM)
