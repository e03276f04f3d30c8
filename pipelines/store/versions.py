"""A finished version, and the draft that becomes one: their tables, and what is recorded of them.

This is the one way to read a table of a month, a day or a plan:

    version.read_rows("kpi_monthly", ["kpi", "value"], where={"scope_kind": "company"})
    version.read_as(Target, "kpi_monthly", where=…)      a dataclass or NamedTuple a row
    version.read_batches("dispatch_order", where=…)      the same rows some thousands at a time
    version.read_first(…, order=("rank",), count=50)     the first of them
    version.count_by("dispatch_order", ["list"], …)      how many have which values
    version.count_rows(…) · version.list_columns(…)      without reading the rows
    version.read_arrow("dispatch_order", columns, wanted)  the same rows as an Arrow table
    version.read_schema(…)                               its columns as Arrow has them
    version.table("kpi_monthly")                         where it stands, for an engine to bind

`Draft` has the same methods; `Made` is either. What is recorded has types: see `store.manifest`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pipelines.core.errors import StorageError, UsageError
from pipelines.core.month import Month
from pipelines.core.reasons import Reason, join_reasons
from pipelines.store import rows
from pipelines.store.failpoints import failpoint
from pipelines.store.files import read_json, write_json
from pipelines.store.inputs import ONE_PART, DayInputs, MonthInputs, PlanInputs
from pipelines.store.manifest import (
    Entries,
    Json,
    Manifest,
    StoppedRoom,
    TableEntry,
)
from pipelines.store.parts import check_stored, list_files, place_table
from pipelines.store.torn import (
    check_manifest,
    parse_record,
    read_kept,
    torn,
)

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

_R = TypeVar("_R")
_F = TypeVar("_F")  # of a record as a type

# The value that a column must have, by column; of a tuple any of its values.
Wanted = Mapping[str, rows.WantedValue]
_NONE_WANTED: Wanted = {}
# What is thrown by reading JSON that is a manifest at first sight, but not inside.
_OUT_OF_FORM = (AttributeError, KeyError, TypeError, ValueError)


class TableFolder:
    """What a version and a draft have in common: tables that can be looked at."""

    month: Month
    path: Path

    @property
    def entries(self) -> Entries:
        """What is recorded of each table."""
        raise NotImplementedError

    def find_entry(self, name: str) -> TableEntry | None:
        """What is recorded of a table; None when there is no such table."""
        return self.entries.get(name)

    def is_computed(self, name: str) -> bool:
        """Whether there is such a table and it was computed."""
        entry = self.find_entry(name)
        return entry is not None and entry.is_computed

    def missing_reasons(self, name: str) -> tuple[Reason, ...]:
        """Why a table was not computed; none for one that was, or that is not known."""
        entry = self.find_entry(name)
        return entry.reasons if entry else ()

    def table(self, name: str) -> Path:
        """Where a computed table stands: a Parquet file, or the folder of its parts.

        Raise UsageError naming the table when it is not computed.

        Raise StorageError naming a file of it that is gone or cut off.
        """
        return rows.find_place(self._hold(name))

    def _hold(self, name: str) -> rows.Held:
        """The same, with the order of its rows where it stands in parts."""
        entry = self._find_computed(name)
        path = check_stored(place_table(self.path, name, entry.parts))
        if entry.parts is None:
            return path
        return rows.InParts(path, entry.parts.ordered)

    def _find_computed(self, name: str) -> TableEntry:
        """What is recorded of a table; raise UsageError for one that is not computed."""
        entry = self.find_entry(name)
        if entry is None:
            raise UsageError("table.unknown", table=name, month=self.month)
        if not entry.is_computed:
            reason = join_reasons(entry.reasons)
            raise UsageError(
                "table.not_computed", table=name, month=self.month, reason=reason
            )
        return entry

    def read_rows(
        self, name: str, columns: Sequence[str] = (), where: Wanted = _NONE_WANTED
    ) -> list[rows.TableRow]:
        """Return the rows of a table that have the wanted values, in their order.

        All columns where none is named.

        Raise UsageError when the table is not computed, StorageError when its file cannot be read.
        """
        return rows.read_rows(self._hold(name), columns, **where)

    def read_as(
        self, row_type: type[_R], name: str, where: Wanted = _NONE_WANTED
    ) -> list[_R]:
        """Return the same rows as a dataclass or NamedTuple.

        Its fields are the columns that are read.
        """
        return rows.read_as(row_type, self._hold(name), **where)

    def read_batches(
        self, name: str, columns: Sequence[str] = (), where: Wanted = _NONE_WANTED
    ) -> Iterator[list[rows.TableRow]]:
        """Yield the same rows some thousands at a time."""
        return rows.read_batches(self._hold(name), columns, **where)

    def read_first(
        self,
        name: str,
        columns: Sequence[str],
        order: Sequence[str],
        count: int,
        where: Wanted = _NONE_WANTED,
    ) -> list[rows.TableRow]:
        """Return the first so many of the same rows, in the order of some columns."""
        return rows.read_first(self._hold(name), columns, order, count, **where)

    def count_by(
        self, name: str, columns: Sequence[str], where: Wanted = _NONE_WANTED
    ) -> list[rows.TableRow]:
        """Count the same rows by the values of some columns, as `count` beside them."""
        return rows.count_by(self._hold(name), columns, **where)

    def among(
        self, name: str, column: str, where: Mapping[str, str | tuple[str, ...]]
    ) -> rows.Among:
        """Return what is wanted of a column whose values stand in another table's rows."""
        return rows.Among(self._hold(name), column, where)

    def count_rows(self, name: str) -> int:
        """Return how many rows a table has, as its files say."""
        return rows.count_rows(self._hold(name))

    def read_arrow(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        filters: pc.Expression | None = None,
    ) -> pa.Table:
        """Return a table's rows as Arrow has them, in their order; all that are not filtered out.

        All columns where none is named. Raise as `table` does.
        """
        import pyarrow.parquet as pq  # here, so that who only looks does not wait for it

        held = self._hold(name)
        wanted = None if columns is None else list(columns)
        if not isinstance(held, rows.InParts):
            return pq.read_table(held, columns=wanted, filters=filters)

        names = [column.name for column in held.order]
        read = None if wanted is None else list(dict.fromkeys((*wanted, *names)))
        found = pq.read_table(held.folder, columns=read, filters=filters)
        ways = [
            "descending" if column.is_descending else "ascending"
            for column in held.order
        ]
        ordered = found.sort_by(list(zip(names, ways, strict=True)))
        return ordered if wanted is None else ordered.select(wanted)

    def read_schema(self, name: str) -> pa.Schema:
        """Return a table's columns as Arrow has them; raise as `table` does."""
        import pyarrow.parquet as pq

        [first, *_] = list_files(self.table(name))
        return pq.read_schema(first)

    def count_bytes(self, name: str) -> int:
        """Return how many bytes a table's files have."""
        return sum(file.stat().st_size for file in list_files(self.table(name)))

    def list_columns(self, name: str) -> list[str]:
        """Return a table's columns, in their order."""
        return rows.list_columns(self._hold(name))


@lru_cache(maxsize=32)
def _read_tables(path: Path, content: bytes) -> Mapping[str, TableEntry]:
    """The entries of a manifest of that content: a run asks the same ones hundreds of times."""
    record = check_manifest(path, parse_record(path, content))
    return _take_form(path, Manifest.from_json, record).tables


def _take_form(path: Path, read: Callable[[Json], _F], record: Json) -> _F:
    """Read a record of a file as a type; raise StorageError naming the file where it is none."""
    try:
        return read(record)
    except _OUT_OF_FORM as error:
        raise torn(path) from error


@dataclass(frozen=True)
class Version(TableFolder):
    """A finished version of a month: read-only tables and their manifest."""

    month: Month
    path: Path

    @property
    def number(self) -> int:
        """The version's number, 1 for the first."""
        return int(self.path.name[1:])

    @property
    def manifest(self) -> Json:
        """The manifest's JSON.

        Raise StorageError where it is gone or torn. For typed reading: `read_manifest`.
        """
        path = self.path / "manifest.json"
        return check_manifest(path, parse_record(path, read_kept(path)))

    def read_manifest(self) -> Manifest:
        """What the version is made of and what it holds.

        Raise StorageError where that is gone or torn.
        """
        return _take_form(
            self.path / "manifest.json", Manifest.from_json, self.manifest
        )

    @property
    def entries(self) -> Entries:
        """What is recorded of each table; raise StorageError where that is gone or torn."""
        return dict(self.read_tables())

    def find_entry(self, name: str) -> TableEntry | None:
        """What is recorded of a table; None when there is no such table."""
        return self.read_tables().get(name)

    def read_tables(self) -> Mapping[str, TableEntry]:
        """Return the entries of the manifest as it is now, which nobody may change."""
        path = self.path / "manifest.json"
        return _read_tables(path, read_kept(path))

    @property
    def inputs(self) -> Json:
        """What the version is made of, as JSON: what another run's inputs are compared with."""
        inputs: Json = self.manifest["inputs"]
        return inputs

    @property
    def month_inputs(self) -> MonthInputs:
        """What a month's version is made of."""
        return self._take_inputs(MonthInputs.from_json)

    @property
    def day_inputs(self) -> DayInputs:
        """What a day's version is made of."""
        return self._take_inputs(DayInputs.from_json)

    @property
    def plan_inputs(self) -> PlanInputs:
        """What a plan's version is made of."""
        return self._take_inputs(PlanInputs.from_json)

    def _take_inputs(self, read: Callable[[Json], _F]) -> _F:
        return _take_form(self.path / "manifest.json", read, self.inputs)

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms that made it, in their order."""
        return tuple(self.manifest.get("rooms", ()))

    @property
    def identity(self) -> str:
        """The manifest's SHA-256: names the version's whole content."""
        return sha256(read_kept(self.path / "manifest.json")).hexdigest()

    @property
    def occasion(self) -> str:
        """What the version's orders were made for: the month, or a day after it."""
        return str(self.inputs.get("day", self.month))

    @property
    def of_month(self) -> Month:
        """The month that its manifest names: of a day, the month whose orders it adds to."""
        try:
            return Month.parse(self.manifest["month"])
        except UsageError as error:
            raise torn(self.path / "manifest.json") from error


def _read_stopped(path: Path, record: Json) -> StoppedRoom | None:
    """The room that the gate stopped; raise StorageError where what is said of it is torn."""
    stopped = record.get("stopped")
    if not stopped:
        return None
    tables = _take_form(path, itemgetter("tables"), stopped)
    check_manifest(path, record | {"tables": tables})
    return _take_form(path, StoppedRoom.from_json, stopped)


class Draft(TableFolder):
    """The version being built.

    Each finished room is recorded, so that a killed run goes on behind it.

    `finished` are the entries of the tables of finished rooms, `stopped_room` the room that the
    gate stopped, if one was.
    """

    def __init__(self, month: Month, path: Path) -> None:
        self.month = month
        self.path = path
        self.inputs: Json = {}
        self.rooms: list[str] = []
        self.finished: dict[str, TableEntry] = {}
        self.stopped_room: StoppedRoom | None = None
        self._take_up_state()

    def _take_up_state(self) -> None:
        """Take up what is finished; nothing of a record that is torn: it is begun anew."""
        for path in (self.path / "draft.json", self.path / "manifest.json"):
            with suppress(StorageError):
                record = read_json(path)
                if record is None:
                    continue
                stopped = _read_stopped(path, record)
                state = _take_form(
                    path, Manifest.from_json, check_manifest(path, record)
                )
                self.inputs, self.rooms = state.inputs, list(state.rooms)
                self.finished, self.stopped_room = dict(state.tables), stopped
                return

    @property
    def number(self) -> int:
        """The number the version will have."""
        return int(self.path.name.split(".")[0][1:])

    @property
    def scratch(self) -> Path:
        """A folder for spilling and for private database files.

        Gone when the version is finished.
        """
        return self.path / "tmp"

    @property
    def month_inputs(self) -> MonthInputs:
        """What the month is made of."""
        return MonthInputs.from_json(self.inputs)

    @property
    def parts(self) -> int:
        """In how many parts a table that grows is written."""
        parts: int = self.inputs.get("parts", ONE_PART)
        return parts

    @property
    def entries(self) -> Entries:
        """What can be looked at: the tables of finished rooms, and of the room that was stopped."""
        if self.stopped_room is None:
            return self.finished
        return {**self.finished, **self.stopped_room.entries}

    def start(self, inputs: Json) -> None:
        """Begin afresh with those inputs."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.inputs, self.rooms = inputs, []
        self.finished, self.stopped_room = {}, None
        self._save()

    def finish_room(
        self, room: str, entries: Entries, inputs: Json | None = None
    ) -> None:
        """Record a room's tables.

        `inputs` adds what only the room could know (a database's content).
        """
        self.finished |= entries
        self.inputs |= inputs or {}
        self.rooms = [*self.rooms, room]
        self.stopped_room = None
        failpoint(f"room.made:{room}")
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._save()

    def stop_room(self, room: str, entries: Entries, why: str) -> None:
        """Record what a room had written when the gate stopped it: to be looked at alone.

        The room is not finished: the next run makes all its tables again.
        """
        self.stopped_room = StoppedRoom(room, entries, why)
        failpoint(f"room.stopped:{room}")
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._save()

    def to_manifest(self) -> Manifest:
        """The manifest this draft will get."""
        return Manifest(str(self.month), self.inputs, tuple(self.rooms), self.finished)

    def _save(self) -> None:
        state = self.to_manifest().to_json()
        if self.stopped_room is not None:
            state["stopped"] = self.stopped_room.to_json()
        write_json(self.path / "draft.json", state)


Made = Version | Draft  # what has tables that can be looked at
