"""What a room is given: the month, the settings, every table it may read, where to write.

    context.compute(spec)                        a SQL file's table, or why there is none
    context.write("kpi_trend", sql, key)         a table that the room makes by itself
    context.record_missing("kpi_trend", reasons) why there is none
    context.find_entry(TableName("kpi_trend"))   what is recorded of a table
    context.is_computed(…) · context.missing_reasons(…) · context.explain_missing(spec)

A context is opened with `open_context`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.catalogue.lineage import ColumnName, find_feature_columns, trace_origin
from pipelines.catalogue.spec import Spec, TableName
from pipelines.catalogue.tables import Table, check_columns, find_table
from pipelines.core.calendar import Calendar
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.core.reasons import Reason, ReasonKind
from pipelines.core.settings import Settings
from pipelines.engines import open_engine
from pipelines.engines.duckdb import Answer, DuckEngine, Parameters, write_native_sql
from pipelines.rooms.no_source import NoSource
from pipelines.rooms.parameters import find_dispatch_day, list_parameters
from pipelines.sources.operator.source import Source
from pipelines.store.champions import Champion
from pipelines.store.files import Written
from pipelines.store.inputs import ONE_PART
from pipelines.store.manifest import Definition, TableEntry
from pipelines.store.parts import Parts, place_table
from pipelines.store.persons.keys import PersonKeys
from pipelines.store.versions import Draft, Version
from pipelines.store.waivers import Waiver

if TYPE_CHECKING:
    from pipelines.sources.office.answers import OfficeReading

_EVERY_COLUMN = ("ALL",)  # SQL's word for them in an order
_MONTHS_BEFORE = {"m1": 1, "m2": 2, "m3": 3, "m12": 12}

WriteTable = Callable[
    [str, Path, Iterable[str], Parameters | None, Parts | None], Written
]
Earlier = Mapping[str, Version | None]  # the versions of earlier months, by era


def _ignore_step(step: str) -> None:
    """Tell nobody."""


@dataclass
class Context:
    """One room's view of the month being built. `entries` grows as the room writes.

    `source`, `office` and `keys` are there for the first room alone; without keys names and numbers
    stay as delivered.
    """

    month: Month
    settings: Settings
    calendar: Calendar
    draft: Draft
    engine: DuckEngine
    earlier: Earlier
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    champion: Champion | None = None
    uplift: Champion | None = None
    source: Source = field(default_factory=NoSource)
    office: OfficeReading | None = None
    keys: PersonKeys | None = None
    progress: Callable[[str], None] = _ignore_step
    entries: dict[str, TableEntry] = field(default_factory=dict)
    at_work_on: Spec | None = None
    _earlier_entries: dict[TableName, TableEntry | None] = field(
        default_factory=dict, repr=False
    )

    # -- what it is about --------------------------------------------------------------------------

    @property
    def occasion(self) -> str:
        """What the orders are made for: the month, or a day after it."""
        return str(self.month)

    @property
    def dispatch_on(self) -> date:
        """The day the orders go out: a working day of the next month, never the clock."""
        return find_dispatch_day(self.month, self.settings, self.calendar)

    @property
    def scored_by(self) -> frozenset[ColumnName]:
        """The feature columns that the month's champion is shown; none without one."""
        if self.champion is None:
            return frozenset()
        return find_feature_columns(self.champion.features)

    # -- what is recorded --------------------------------------------------------------------------

    def find_entry(self, table: TableName) -> TableEntry | None:
        """What is recorded of a table of this month or of an earlier one.

        None when nothing is known of it.
        """
        if table.era:
            return self._find_earlier_entry(table)
        written = self.entries.get(table.name)
        if written is not None:
            return written
        return self.draft.finished.get(table.name)

    def _find_earlier_entry(self, table: TableName) -> TableEntry | None:
        """The same of an earlier month, whose manifest is read once a table."""
        if table in self._earlier_entries:
            return self._earlier_entries[table]
        entry = None
        version = self.earlier.get(table.era)
        if version is not None:
            entry = version.find_entry(table.name)
        self._earlier_entries[table] = entry
        return entry

    def is_computed(self, table: str, era: str = "") -> bool:
        """Whether a table of this month, or of an earlier one, is there."""
        entry = self.find_entry(TableName(table, era))
        return entry is not None and entry.is_computed

    def missing_reasons(self, table: str, era: str = "") -> tuple[Reason, ...]:
        """Why a table was not computed; none for one that was, or that nothing is known of."""
        entry = self.find_entry(TableName(table, era))
        return entry.reasons if entry else ()

    def is_absent(self, need: str) -> bool:
        """Whether a delivered column (`table.column`) is not there this month."""
        table, column = need.split(".")
        entry = self.find_entry(TableName(f"snapshot_{table}"))
        if entry is None or not entry.is_computed:
            return True
        return column in entry.absent_columns

    def list_absent(self, needs: Iterable[str]) -> list[Reason]:
        """Name those of some delivered columns that are not there this month."""
        return [Reason.absent(need) for need in needs if self.is_absent(need)]

    # -- what is readable --------------------------------------------------------------------------

    def bind_everything(self) -> None:
        """Make every table that earlier rooms and earlier months have computed readable."""
        for name, entry in self.draft.finished.items():
            if entry.is_computed:
                self._offer(TableName(name), self.path(name))
        for era, version in self.earlier.items():
            if version is not None:
                self._bind_version(era, version)

    def _bind_version(self, era: str, version: Version) -> None:
        """The same of one earlier month, whose deliveries are of no use any more."""
        for name, entry in version.entries.items():
            if entry.is_computed and not name.startswith("extract_"):
                path = place_table(version.path, name, entry.parts)
                self._offer(TableName(name, era), path)

    def _offer(self, table: TableName, path: Path) -> None:
        """Make a table readable, unless the room before has had it so."""
        if not self.engine.offers(table, path):
            self.engine.offer_table(table, path)

    def bind_tolerated(self, spec: Spec) -> None:
        """Put empty tables where a SQL file reads missing ones that it can do without."""
        for table in spec.reads:
            entry = self.find_entry(table)
            if entry is None or not entry.is_computed:
                declared = find_declared(table.name)
                self.engine.bind_empty(table, declared.types)

    # -- why something cannot be computed ----------------------------------------------------------

    def explain_missing(self, spec: Spec) -> tuple[Reason, ...]:
        """Why a SQL file cannot be computed this month: absent tables and columns, months not held.

        Empty if it can.

        In the order of their texts, each once.
        """
        self.at_work_on = spec

        reasons: set[Reason] = set()
        for table in spec.reads:
            reasons.update(self._explain_table(spec, table))
        for need in spec.meta.get("needs", ()):
            if self.is_absent(need):
                reasons.add(Reason.absent(need))
        alternatives = spec.meta.get("needs_one_of", ())
        lacking = self.list_absent(alternatives)
        if len(lacking) == len(alternatives):
            reasons.update(lacking)

        return tuple(sorted(reasons, key=str))

    def _explain_table(self, spec: Spec, table: TableName) -> list[Reason]:
        """Why a SQL file cannot read a table: it, its month, or columns of it are not there."""
        short = _shorten_name(table)
        every_table = f"{table.era}.*"
        if spec.tolerates & {str(table), short, every_table}:
            return []

        version = self.earlier.get(table.era)
        if table.era and version is None:
            return [self._explain_not_held(table.era)]
        month = version.month if version else None

        entry = self.find_entry(table)
        if entry is None:
            return [_explain_unknown(table, month)]
        if not entry.is_computed:
            return [_name_month(reason, month) for reason in entry.reasons]
        lacking = _list_columns_lacking(spec, table, entry)
        return [Reason.absent(column, month) for column in lacking]

    def _explain_not_held(self, era: str) -> Reason:
        """Why the month of an era cannot be read."""
        if era == "base":
            return Reason(ReasonKind.NO_BASE_MONTH)
        if era in _MONTHS_BEFORE:
            month = self.month.plus(-_MONTHS_BEFORE[era])
            return Reason.not_held(month)
        return Reason(ReasonKind.NO_MONTH_BEFORE, str(self.month))

    # -- what is computed --------------------------------------------------------------------------

    def parameters(self, wanted: Iterable[str]) -> dict[str, object]:
        """The values of the `:parameters` a SQL file names; days are dates, money is decimal.

        `:has_<table>` says whether a table that the file tolerates to be missing was computed.
        """
        known = self.known_parameters()
        values: dict[str, object] = {}
        for name in wanted:
            if name.startswith("has_"):
                table = name.removeprefix("has_")
                values[name] = self.is_computed(table)
            else:
                values[name] = known[name]
        return values

    def known_parameters(self) -> dict[str, object]:
        """The value of every parameter that the month has, `:has_<table>` left out."""
        held: dict[str, Month | None] = {}
        for era, version in self.earlier.items():
            held[era] = version.month if version else None
        return list_parameters(self.month, self.settings, self.calendar, held)

    def compute(self, spec: Spec, sql: str | None = None) -> bool:
        """Write the table of a SQL file, or record why it cannot be; say whether it was written."""
        select = self.prepare(spec, sql)
        if select is None:
            return False
        self.record_entry(spec.table, self.make_table(spec, select), spec)
        return True

    def prepare(self, spec: Spec, sql: str | None = None) -> Answer | None:
        """Return what makes the table of a SQL file; None, and why is recorded, if nothing does."""
        self.progress(spec.table)
        reasons = self.explain_missing(spec)
        if reasons:
            self.record_missing(spec.table, reasons, spec)
            return None
        self.bind_tolerated(spec)
        return Answer(sql or write_native_sql(spec), self.parameters(spec.parameters))

    def make_table(self, spec: Spec, select: Answer) -> TableEntry:
        """Write the table of a SQL file and make it readable; it is not recorded yet."""
        write = self.engine.write_answer
        key = spec.meta["key"]
        return self._write_table(write, spec.table, select.sql, key, select.parameters)

    def answer(self, spec: Spec, sql: str | None = None) -> Answer:
        """Have the engine answer a SQL file, or the SQL that a room made of it."""
        parameters = self.parameters(spec.parameters)
        return self.engine.answer(sql or write_native_sql(spec), parameters)

    # -- what is written ---------------------------------------------------------------------------

    def write(
        self,
        table: str,
        sql: str,
        key: Iterable[str],
        parameters: Parameters | None = None,
        absent: Iterable[str] | None = None,
        rule: str | None = None,
        is_in_order: bool = False,
    ) -> None:
        """Write a table of this room, ordered by its key, and record it.

        `absent` are columns of it that were not delivered, `rule` the rule it was made by, and
        `is_in_order` says that the SELECT gives the rows in the order of the key. Raise SpecError
        for a table that is not declared, or is not what it declares.
        """
        write = partial(self.engine.write, is_in_order=is_in_order)
        entry = self._write_table(write, table, sql, key, parameters)
        columns = None if absent is None else tuple(absent)
        self.record_entry(table, replace(entry, absent=columns, rule=rule))

    def _write_table(
        self,
        write: WriteTable,
        table: str,
        sql: str,
        key: Iterable[str],
        parameters: Parameters | None,
    ) -> TableEntry:
        """Write a table as the engine does it, and make it readable."""
        parts = self._choose_parts(table, key)
        path = place_table(self.draft.path, table, parts)
        written = write(sql, path, key, parameters, parts)
        self.engine.offer_table(TableName(table), path)
        self._check_written(table, written)
        return TableEntry.computed(None, written, parts=parts)

    def _choose_parts(self, table: str, key: Iterable[str]) -> Parts | None:
        """In what parts a table is written: None for one that is a file."""
        declared = find_declared(table)
        column = declared.part_column
        if column is None or self.draft.parts == ONE_PART:
            return None
        order = tuple(key)
        if order == _EVERY_COLUMN:
            order = tuple(declared.types)
        return Parts(self.draft.parts, column, order)

    def _check_written(self, table: str, written: Written) -> None:
        """Raise SpecError for a table that is not what it declares (`catalogue.tables`)."""
        declared = find_declared(table)
        if written.types is not None and not check_columns(declared, written.types):
            return
        # Some types of the engine become others in a file: that is what counts.
        columns = self.engine.types(f"SELECT * FROM {table}")
        differences = check_columns(declared, columns)
        if differences:
            why = "; ".join(differences)
            raise SpecError("table.not_as_declared", table=table, why=why)

    def record_missing(
        self, table: str, reasons: Iterable[Reason | str], spec: Spec | None = None
    ) -> None:
        """Record that a table is not computed, and why."""
        entry = TableEntry.not_computed(None, reasons)
        self.record_entry(table, entry, spec)

    def record_entry(
        self, table: str, entry: TableEntry, spec: Spec | None = None
    ) -> None:
        """Record a table of this room.

        Of one that a SQL file makes also the file, and the tables it was made of.
        """
        room = table.partition("_")[0]
        entry = replace(entry, room=room)
        if spec is not None:
            version = spec.meta.get("version", 1)
            entry = replace(
                entry,
                definition=Definition(spec.where, spec.hash, version),
                inputs=self._list_inputs(spec),
            )
        self.entries[table] = entry

    def _list_inputs(self, spec: Spec) -> dict[str, str | None]:
        """The tables that a SQL file reads, each with the hash of its content."""
        hashes: dict[str, str | None] = {}
        for table in sorted(spec.reads):
            entry = self.find_entry(table)
            hashes[str(table)] = entry.sha256 if entry else None
        return hashes

    def path(self, table: str) -> Path:
        """Where a table of this draft stands: its file, or the folder of its parts."""
        entry = self.find_entry(TableName(table))
        return place_table(self.draft.path, table, entry.parts if entry else None)


def find_declared(table: str) -> Table:
    """Return what a table is declared as; raise SpecError for one that nobody declares."""
    declared = find_table(table)
    if declared is None:
        raise SpecError("table.undeclared", table=table)
    return declared


def _shorten_name(table: TableName) -> str:
    """The name by which a delivered table is called in reasons and front matter."""
    return table.name.removeprefix("snapshot_")


def _explain_unknown(table: TableName, month: Month | None) -> Reason:
    """Why a month tells nothing of a table.

    One of the office's own was made by no program before the one that came to need it.
    """
    short = _shorten_name(table)
    is_delivered = short != table.name
    if month is None or is_delivered:
        return Reason.absent(short, month)
    return Reason(ReasonKind.OLDER_RELEASE, str(month))


def _name_month(reason: Reason, month: Month | None) -> Reason:
    """The same reason, of the month that its table is of where that is an earlier one."""
    return reason if month is None else reason.in_month(month)


def _list_columns_lacking(spec: Spec, table: TableName, entry: TableEntry) -> set[str]:
    """The absent columns of a table that a SQL file reads and cannot do without."""
    if not entry.absent_columns:
        return set()
    short = _shorten_name(table)
    absent = set(entry.absent_columns) & _list_columns_read(spec, table)
    names = {f"{short}.{column}" for column in absent}
    return names - spec.tolerates


def _list_columns_read(spec: Spec, table: TableName) -> set[str]:
    """The columns of a table that a SQL file reads, to show them or to choose rows by."""
    names = set()
    for column in trace_origin(spec).all():
        if column.table == table:
            names.add(column.column)
    return names


@contextmanager
def open_context(
    draft: Draft,
    settings: Settings,
    earlier: Earlier,
    scratch: Path | None = None,
    engine: DuckEngine | None = None,
) -> Iterator[Context]:
    """Open a context on a draft (or on a version as one), with every table bound that it may read.

    The engine is that of the rooms before, or one of its own (`open_room_engine`). Waivers, models,
    source and office are for the caller to set.
    """
    if engine is not None:
        yield _make_context(draft, settings, earlier, engine)
    else:
        with open_room_engine(draft, settings, earlier, scratch) as own:
            yield _make_context(draft, settings, earlier, own)


@contextmanager
def open_room_engine(
    draft: Draft, settings: Settings, earlier: Earlier, scratch: Path | None = None
) -> Iterator[DuckEngine]:
    """Open the engine that the settings name; it spills into `scratch`, or the draft's own."""
    folders = [draft.path]
    for version in earlier.values():
        if version is not None:
            folders.append(version.path)
    with open_engine(settings, scratch or draft.scratch, folders) as engine:
        yield engine


def _make_context(
    draft: Draft, settings: Settings, earlier: Earlier, engine: DuckEngine
) -> Context:
    context = Context(
        month=draft.month,
        settings=settings,
        calendar=Calendar.load(settings.calendar_file),
        draft=draft,
        engine=engine,
        earlier=earlier,
    )
    context.bind_everything()
    return context
