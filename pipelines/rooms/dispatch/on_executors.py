"""What code makes of each customer or order, on executors: the draw, ids, due and planned days.

Workers do what one machine does, with the same functions. To the driver come the strata, and the
days that lists name; with the work the key goes to the workers, so that their ports belong on a
network of their own (docs/service.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from pipelines.catalogue.spec import Spec, TableName
from pipelines.core.calendar import Calendar
from pipelines.core.month import Month
from pipelines.engines.duckdb import MakeBatch
from pipelines.rooms.context import Context, find_declared
from pipelines.rooms.dispatch.holdout import count_lacking, hash_customer
from pipelines.rooms.dispatch.orders import ORDER_ID, find_due_day, make_order_ids
from pipelines.rooms.dispatch.schedule import PLANNED, plan_days
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import (
    Relation,
    map_groups,
    map_rows,
    read_rows,
    run_step,
    write_step,
)

ROOM = "dispatch"
BATCH_ROWS = 100_000
_HELD = TableName("dispatch_holdout", "prior")
_DRAWN = make_schema(customer_id="VARCHAR", stratum="VARCHAR", draw="VARCHAR")
_STRATUM = make_schema(stratum="VARCHAR", lacking_count="BIGINT")
_DUE_RULE = make_schema(
    list="VARCHAR", listed_due_on="DATE", due_on="DATE", is_provisional="BOOLEAN"
)


# -- the hold-out ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class HashCustomers:
    """Gives the customers of a batch what they are drawn by."""

    key: bytes

    def start(self) -> MakeBatch:
        """Return what each batch goes through."""
        return self.make_batch

    def make_batch(self, batch: pa.RecordBatch) -> pa.Table:
        """Return a batch with the hash of each customer."""
        draws = []
        for customer_id in batch.column("customer_id").to_pylist():
            draws.append(hash_customer(self.key, customer_id).hex())
        columns = [batch.column("customer_id"), batch.column("stratum")]
        return pa.Table.from_arrays([*columns, pa.array(draws)], schema=_DRAWN)


def draw_on_executors(
    context: Context, candidates: Relation, list_facts: Relation
) -> None:
    """Do as `draw_holdout` does; of each stratum the driver is told how many there are."""
    if not context.is_computed(_HELD.name, _HELD.era):
        context.engine.bind_empty(_HELD, find_declared(_HELD.name).types)
    listed = run_step(
        context, ROOM, "newcomers", candidate=candidates, list_fact=list_facts
    )
    newcomers = run_step(context, ROOM, "holdout_newcomers", listed=listed)
    key = context.settings.key
    drawn = map_rows(
        context,
        "drawn",
        [f"SELECT * FROM {newcomers.name}"],
        HashCustomers(key).start,
        _DRAWN,
        BATCH_ROWS,
    )
    strata = []
    for row in read_rows(context, ROOM, "holdout_strata", newcomer=newcomers):
        members = row["seen"] + row["fresh"]
        share = context.settings.holdout_share
        lacking = count_lacking(key, share, row["stratum"], members, row["held"])
        strata.append({"stratum": row["stratum"], "lacking_count": lacking})
    write_step(
        context,
        ROOM,
        "holdout_drawn",
        "dispatch_holdout",
        find_declared("dispatch_holdout").key,
        newcomer=drawn,
        stratum=take_made_rows(context, "strata", strata, _STRATUM),
    )


# -- ids and days ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class IdentifyOrders:
    """Gives the orders of a batch their ids."""

    key: bytes
    month: Month
    occasion: str

    def start(self) -> MakeBatch:
        """Return what each batch goes through."""
        return self.make_batch

    def make_batch(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the list, the customer and the id of each order."""
        return make_order_ids(self.key, self.month, batch.to_pylist(), self.occasion)


@dataclass(frozen=True)
class PlanDesk:
    """Gives the orders of a desk their days."""

    calendar: Calendar
    dispatch_on: date

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return the list, the customer and the day of each order."""
        return plan_days(self.calendar, self.dispatch_on, rows.to_pylist())


def make_days_on_executors(
    context: Context,
    specs: Mapping[str, Spec],
    decisions: Relation,
    list_facts: Relation,
) -> Relation:
    """Return each order's id, its due day, and for treated ones the day planned for it."""
    ordered = run_step(context, ROOM, "ordered", decision=decisions)
    identify = IdentifyOrders(context.settings.key, context.month, context.occasion)
    ids = map_rows(
        context,
        "order_id",
        [f"SELECT * FROM {ordered.name}"],
        identify.start,
        ORDER_ID,
        BATCH_ROWS,
    )
    rules = _list_due_rules(context, specs, ordered)
    due_days = run_step(context, ROOM, "due_days", ordered=ordered, rule=rules)
    treated = run_step(
        context,
        ROOM,
        "orders_to_plan",
        decision=decisions,
        due_day=due_days,
        list_fact=list_facts,
    )
    plan = PlanDesk(context.calendar, context.dispatch_on)
    return run_step(
        context,
        ROOM,
        "order_days",
        order_id=ids,
        due_day=due_days,
        planned_day=map_groups(context, "planned_day", treated, "desk", plan, PLANNED),
    )


def _list_due_rules(
    context: Context, specs: Mapping[str, Spec], ordered: Relation
) -> Relation:
    """The due day of each list, and of each day that it was listed for."""
    rules = []
    for row in read_rows(context, ROOM, "due_rules", ordered=ordered):
        due_on = find_due_day(
            context.calendar,
            context.month,
            context.dispatch_on,
            specs[row["list"]],
            row["listed_due_on"],
        )
        is_provisional = not context.calendar.knows(due_on.year)
        rules.append({**row, "due_on": due_on, "is_provisional": is_provisional})
    return take_made_rows(context, "due_rule", rules, _DUE_RULE)
