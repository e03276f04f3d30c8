"""The tables of a day between two months: what was delivered of it, its bulletins, and its orders.

What was delivered of the day (`service receivable payment trouble_ticket status_change`) is read as
a month's tables are. All else, owners, consent, value and the capacity of managers, is what the
newest month before it knows. The day's orders are added to that month's: a customer who has one
already gets no second, and what managers have taken on is off their capacity.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from pipelines.catalogue.outputs import load_lists
from pipelines.catalogue.spec import TableName, load_room_specs
from pipelines.core.contract import load_contract
from pipelines.core.month import Month
from pipelines.core.reasons import Reason
from pipelines.rooms import dispatch, extract, snapshot
from pipelines.rooms.context import Context
from pipelines.rooms.feedback.marks import write_marks
from pipelines.rooms.feedback.money import write_money
from pipelines.rooms.relations import Relation, keep_result
from pipelines.sources.office.answers import OfficeReading
from pipelines.sources.operator.folder import DAILY_TABLES, DaySource
from pipelines.store.lake import Version
from pipelines.store.manifest import TableEntry
from pipelines.store.parts import list_files
from pipelines.store.persons.vault import ORIGINS, copy_cells

ROOM = "daily"
LIST = "suspended_reactivation"
# Features that are the day's own: never those of the month.
_FEATURES_OF_DAY = ("service", "known_service", "open_bill", "arrears")
# What was in hand when the month ended may be used up: without the day's balances none is known.
_UNKNOWN_BY_DAY = ("snapshot_prepaid_balance",)
LEDGER = "daily_ledger"
_TABLES_OF_DAY = frozenset(
    {
        *(f"snapshot_{name}" for name in DAILY_TABLES),
        *(f"features_{name}" for name in _FEATURES_OF_DAY),
        *_UNKNOWN_BY_DAY,
    }
)


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

    def find_entry(self, table: TableName) -> TableEntry | None:
        """What is recorded of a table of the day, or of the month where the day has none.

        `prior.` is the month's table where the day has the same one.
        """
        own = super().find_entry(table)
        if own is not None or table.era != _era_of_month(table.name):
            return own
        return self.before.find_entry(table.name)

    def bind_month(self) -> None:
        """Make the month's tables readable; those that the day has as well as `prior.` ones."""
        for name, entry in self.before.entries.items():
            if entry.is_computed and not name.startswith("extract_"):
                self.engine.bind(
                    TableName(name, _era_of_month(name)), self.before.table(name)
                )

    def parameters(self, wanted: Iterable[str]) -> dict[str, object]:
        """The month's parameters, with the day as the last of its month so far."""
        names = set(wanted)
        values = super().parameters(names)
        if "last_day" in names:
            values["last_day"] = self.day
        if "first_day" in names:
            values["first_day"] = self.day.replace(day=1)
        return values


def _era_of_month(table: str) -> str:
    """Under which era the month's table is read: `prior` where the day has the same one."""
    if table in _TABLES_OF_DAY:
        return "prior"
    return ""


# -- the day's tables ------------------------------------------------------------------------------


def read_day(
    context: DayContext, delivered_in: Month, source: DaySource, office: OfficeReading
) -> None:
    """Read and type what was delivered of the day, by the rules of the month that it lies in."""
    known = TableName("features_known_service", "prior")
    if context.before.is_computed(known.name):
        context.engine.offer_table(known, context.before.table(known.name))
    reading = Context(
        month=delivered_in,
        settings=context.settings,
        calendar=context.calendar,
        draft=context.draft,
        engine=context.engine,
        earlier={"prior": context.before},
        source=source,
        office=office,
        keys=context.keys,
        progress=context.progress,
        entries=context.entries,
    )
    extract.run(reading)
    context.engine.register("promised", office.tables["order"])
    context.write("daily_order", "SELECT * FROM promised", ["order_id"])
    context.draft.finished |= reading.entries  # what the snapshot asks of earlier rooms
    snapshot.take_in(
        reading,
        [replace(load_contract()[name], required=False) for name in DAILY_TABLES],
    )


def write_bulletins(context: DayContext) -> None:
    """Write the day's features and bulletins, as far as what they are made of was delivered."""
    write_marks(context)
    features = {*_FEATURES_OF_DAY, "consent"}
    if context.is_computed("snapshot_trouble_ticket"):
        features.add("complaint")  # else who complains is what the month knows
    for spec in load_room_specs("features"):
        if spec.name in features:
            context.compute(spec)

    for spec in load_room_specs(ROOM):
        context.compute(spec)
        if spec.table == LEDGER:  # what is made of it is read by files behind it
            write_money(context, LEDGER, "daily_money")


# -- the day's orders ------------------------------------------------------------------------------


def write_day_orders(context: DayContext, made: list[Version]) -> None:
    """Write the day's orders and why-nots, beside those of `made`: the month, days before."""
    spec = next(spec for spec in load_lists() if spec.name == LIST)
    standing = _read_standing_orders(context, made)
    if context.is_computed("features_manager"):
        left = _CAPACITY_LEFT.format(standing=standing.name)
        context.write("features_manager", left, ["manager_id"])
    listed = dispatch.gather_candidates(context, spec)
    dispatch.dispatch_beside(context, listed, standing)
    _keep_named(context)


def _read_standing_orders(context: DayContext, made: list[Version]) -> Relation:
    """Read which customers have an order already, and whose it is."""
    files: list[str] = []
    for version in made:
        if version.is_computed("dispatch_order"):
            orders = list_files(version.table("dispatch_order"))
            files.extend(str(file) for file in orders)
    return keep_result(context, "standing", _STANDING, {"files": files})


_STANDING = """
SELECT customer_id, list, manager_id
FROM read_parquet($files, union_by_name = TRUE, hive_partitioning = FALSE)
WHERE arm = 'treated'
"""

_CAPACITY_LEFT = """
SELECT
    m.manager_id, m.branch_id,
    CAST(GREATEST(m.capacity - COUNT(s.customer_id), 0) AS INTEGER) AS capacity
FROM features_manager AS m LEFT JOIN {standing} AS s ON s.manager_id = m.manager_id
GROUP BY m.manager_id, m.branch_id, m.capacity
"""


def _keep_named(context: DayContext) -> None:
    """Keep beside orders and promises the customers, managers and branches they name.

    Workbooks and the office need nothing but the day's folder.
    """
    tables = [
        name
        for name in ("dispatch_order", "daily_promise")
        if context.is_computed(name)
    ]
    named = " UNION ".join(f"SELECT customer_id FROM {name}" for name in tables)
    people = f"SELECT * FROM snapshot_person WHERE customer_id IN ({named})"
    context.write("snapshot_person", people, ["customer_id"])
    _keep_cells(context, "snapshot_person", "customer")
    _keep_numbers(context)
    for name, key in (("account_manager", "manager_id"), ("organisation", "org_id")):
        table = f"snapshot_{name}"
        if context.is_computed(table):
            context.write(table, f"SELECT * FROM {table}", [key])
        else:
            context.record_missing(table, [Reason.absent(name)])


def _keep_numbers(context: DayContext) -> None:
    """Keep what customers call the lines of the orders; the day's own lines have theirs already."""
    table = "snapshot_number"
    is_own = Context.find_entry(context, TableName(table)) is not None
    has_orders = context.is_computed("dispatch_order")
    if is_own or not has_orders or not context.is_computed(table):
        return
    named = "SELECT service_id FROM dispatch_order"
    numbers = f"SELECT * FROM {table} WHERE service_id IN ({named})"
    context.write(table, numbers, ["service_id"])
    _keep_cells(context, table, "service")


def _keep_cells(context: DayContext, table: str, delivered: str) -> None:
    """Keep beside a table what its names and numbers are, sealed as the month has them."""
    origin = ORIGINS[table]
    subject = origin.subject
    rows = context.engine.rows(f"SELECT {subject} FROM {table}")
    subjects = set()
    for row in rows:
        subjects.add(row[subject])
    month = context.before.path
    day = context.draft.path
    copy_cells(month, day, delivered, subjects)
