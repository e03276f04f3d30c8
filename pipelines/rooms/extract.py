"""What the operator delivered, as it is: one raw table a delivered table, its text untouched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from pipelines.catalogue.spec import TableName
from pipelines.core.reasons import Reason
from pipelines.rooms.changed_numbers import tell_changed_numbers
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import find_schema
from pipelines.rooms.relations import write_rows
from pipelines.sources.office.answers import OFFICE_TABLES
from pipelines.sources.operator.delivery import EXTRA, Delivery
from pipelines.sources.operator.sealing import seal_table
from pipelines.sources.operator.tables.finishing import (
    FinishedTable,
    finish_table,
    select_content_hash,
    write_content_hash,
)
from pipelines.store.files import OWNER_ALONE, hash_file
from pipelines.store.manifest import COMPUTED, NOT_COMPUTED, DeliveryFacts, TableEntry

_ROOM = "extract"
_RAW = "raw"  # where tables lie until executors have finished them
# A row of `extract_delivery`; a column that is not said is NULL.
ReceiptRow = dict[str, object]


def run(context: Context) -> None:
    """Read the source into `extract_<table>`; what is absent or refused is recorded, not raised.

    `extract_delivery` has a row a file: how it was encoded, what it had too much and too little of,
    why it was refused.
    """
    take_in = _take_in_apart if context.engine.has_executors else _take_in
    rows: list[ReceiptRow] = []
    for delivery, entry in take_in(context):
        context.record_entry(f"extract_{delivery.table}", entry)
        rows += _make_receipts(delivery)
    for name in context.source.unknown_files(context.month):
        rows.append({"state": "unknown", "file": name})
    schema = find_schema("extract_delivery")
    table = pa.Table.from_pylist(rows, schema=schema)
    write_rows(context, "extract_delivery", table, ["ALL"])
    _stage_office(context)


def _stage_office(context: Context) -> None:
    """Keep what the office said at the start of the run.

    The month is made of that, whatever is said later.
    """
    for name, schema in OFFICE_TABLES.items():
        rows = schema.empty_table()
        if context.office:
            rows = context.office.tables[name]
        if name == "mark":
            rows = tell_changed_numbers(context, rows)
        write_rows(context, f"extract_{name}", rows, ["ALL"])


def _make_receipts(delivery: Delivery) -> list[ReceiptRow]:
    """A row a file of a delivered table; one row where it has no file."""
    unknown = filter(_is_delivered_column, delivery.unknown)
    common: ReceiptRow = {
        "table": delivery.table,
        "state": delivery.state,
        "unknown": "; ".join(unknown),
        "reason": delivery.reason,
    }
    if delivery.state != "absent":
        common["missing"] = "; ".join(delivery.missing)

    if not delivery.files:
        return [common]
    rows = []
    for receipt in delivery.files:
        row = common | vars(receipt)
        row["file"] = receipt.name
        row["notes"] = "; ".join(receipt.notes)
        rows.append(row)
    return rows


def _is_delivered_column(name: str) -> bool:
    """Whether a column was delivered: our own marks were not."""
    return name.startswith(EXTRA) or not name.startswith("_")


# -- the delivered tables --------------------------------------------------------------------------


def _take_in(context: Context) -> Iterator[tuple[Delivery, TableEntry]]:
    """Write the delivered tables one after the other; yield what the manifest says of each."""
    deliveries = context.source.extract(context.month, context.draft.path)
    for delivery in deliveries:
        if not _is_written(delivery):
            yield delivery, make_missing_entry(delivery)
            continue
        table = f"extract_{delivery.table}"
        path = context.path(table)
        os.chmod(path, OWNER_ALONE)
        content = _hash_content(context, table)
        _seal_personal(context, delivery.table)
        finished = FinishedTable(content, hash_file(path))
        yield delivery, _make_entry(delivery, finished)


def _take_in_apart(context: Context) -> Iterator[tuple[Delivery, TableEntry]]:
    """Have executors write them, and take names and numbers out of them; yield the same.

    Until a table is finished it lies in a folder of its own, so that a task that is tried again
    begins with what was delivered.
    """
    engine, draft = context.engine, context.draft.path.resolve()
    raw = context.draft.scratch.resolve() / _RAW
    keys = context.keys and context.keys.with_whole_path()
    shutil.rmtree(raw, ignore_errors=True)
    deliveries = context.source.extract(context.month, raw, engine.call_each)
    written = [one for one in deliveries if _is_written(one)]
    tasks = []
    for delivery in written:
        task = partial(finish_table, delivery.table, raw, draft, keys)
        tasks.append(task)
    finished = engine.call_each(tasks)
    shutil.rmtree(raw)
    by_table = dict(zip([one.table for one in written], finished, strict=True))
    for delivery in deliveries:
        if not _is_written(delivery):
            yield delivery, make_missing_entry(delivery)
            continue
        table = f"extract_{delivery.table}"
        engine.bind(TableName(table), context.path(table))
        yield delivery, _make_entry(delivery, by_table[delivery.table])


def _is_written(delivery: Delivery) -> bool:
    """Whether there is a raw table of a delivery."""
    return delivery.state in ("present", "empty")


def _make_entry(delivery: Delivery, finished: FinishedTable) -> TableEntry:
    """What the manifest says of a delivered table."""
    facts = DeliveryFacts(delivery.state, tuple(delivery.missing), finished.content)
    return TableEntry(
        COMPUTED,
        _ROOM,
        rows=delivery.rows,
        sha256=finished.sha256,
        delivery=facts,
    )


def _seal_personal(context: Context, table: str) -> None:
    """Take names and numbers out of a raw table, where the month has a home to keep them in."""
    if context.keys is None or not seal_table(table, context.draft.path, context.keys):
        return
    raw = f"extract_{table}"
    os.chmod(context.path(raw), OWNER_ALONE)
    context.engine.bind(TableName(raw), context.path(raw))


def make_missing_entry(delivery: Delivery) -> TableEntry:
    """What the manifest says of a table that is absent or was refused, and why."""
    reason = Reason.parse(delivery.reason or delivery.state)
    facts = DeliveryFacts(
        delivery.state,
        tuple(delivery.missing),
        facts=dict(delivery.facts),
    )
    return TableEntry(
        NOT_COMPUTED,
        _ROOM,
        rows=delivery.rows,
        reasons=(reason,),
        delivery=facts,
    )


def _hash_content(context: Context, table: str) -> str:
    """Hash a table's rows whatever their order: a database owes us none."""
    path = context.path(table)
    context.engine.bind(TableName(table), path)
    [row] = context.engine.rows(select_content_hash(path))
    return write_content_hash(row)
