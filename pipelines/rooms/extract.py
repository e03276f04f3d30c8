"""What the operator delivered, as it is: one raw table a delivered table, its text untouched."""

from __future__ import annotations

import os

import pyarrow as pa

from pipelines.catalogue.spec import TableName
from pipelines.core.quoting import quote_names
from pipelines.core.reasons import Reason
from pipelines.rooms.context import Context
from pipelines.rooms.relations import write_rows
from pipelines.sources.office.answers import OFFICE_TABLES
from pipelines.sources.operator.delivery import EXTRA, FILE, LINE, Delivery
from pipelines.store.files import OWNER_ALONE, hash_file
from pipelines.store.manifest import COMPUTED, NOT_COMPUTED, DeliveryFacts, TableEntry

_RECEIPT = pa.schema(
    [
        ("table", pa.string()),
        ("state", pa.string()),
        ("file", pa.string()),
        ("sha256", pa.string()),
        ("encoding", pa.string()),
        ("delimiter", pa.string()),
        ("notes", pa.string()),
        ("missing", pa.string()),
        ("unknown", pa.string()),
        ("reason", pa.string()),
        ("bytes", pa.int64()),
        ("rows", pa.int64()),
    ]
)
_ROOM = "extract"
# A row of `extract_delivery`; a column that is not said is NULL.
ReceiptRow = dict[str, object]


def run(context: Context) -> None:
    """Read the source into `extract_<table>`; what is absent or refused is recorded, not raised.

    `extract_delivery` has a row a file: how it was encoded, what it had too much and too little of,
    why it was refused.
    """
    deliveries = context.source.extract(context.month, context.draft.path)
    rows: list[ReceiptRow] = []
    for delivery in deliveries:
        context.record_entry(
            f"extract_{delivery.table}", _make_entry(context, delivery)
        )
        rows += _make_receipts(delivery)
    for name in context.source.unknown_files(context.month):
        rows.append({"state": "unknown", "file": name})
    table = pa.Table.from_pylist(rows, schema=_RECEIPT)
    write_rows(context, "extract_delivery", table, ["ALL"])
    _stage_office(context)


def _stage_office(context: Context) -> None:
    """Keep what the office said at the start of the run.

    The month is made of that, whatever is said later.
    """
    for name, schema in OFFICE_TABLES.items():
        rows = context.office.tables[name] if context.office else schema.empty_table()
        write_rows(context, f"extract_{name}", rows, ["ALL"])


def _make_receipts(delivery: Delivery) -> list[ReceiptRow]:
    """A row a file of a delivered table; one row where it has no file."""
    common: ReceiptRow = {
        "table": delivery.table,
        "state": delivery.state,
        "missing": "; ".join(delivery.missing) if delivery.state != "absent" else None,
        "unknown": "; ".join(_list_unknown(delivery)),
        "reason": delivery.reason,
    }
    rows = []
    for receipt in delivery.files:
        facts = vars(receipt)
        notes = "; ".join(receipt.notes)
        rows.append({**common, **facts, "notes": notes, "file": facts["name"]})
    return rows or [common]


def _list_unknown(delivery: Delivery) -> list[str]:
    """The columns that nobody asked for, our own marks left out."""
    return [
        name
        for name in delivery.unknown
        if name.startswith(EXTRA) or not name.startswith("_")
    ]


def _make_entry(context: Context, delivery: Delivery) -> TableEntry:
    """What the manifest says of a delivered table."""
    missing = tuple(delivery.missing)
    if delivery.state not in ("present", "empty"):
        return TableEntry(
            NOT_COMPUTED,
            _ROOM,
            rows=delivery.rows,
            reasons=(Reason.parse(delivery.reason or delivery.state),),
            delivery=DeliveryFacts(delivery.state, missing, facts=dict(delivery.facts)),
        )
    table = f"extract_{delivery.table}"
    path = context.path(table)
    os.chmod(path, OWNER_ALONE)
    content = _hash_content(context, table)
    return TableEntry(
        COMPUTED,
        _ROOM,
        rows=delivery.rows,
        sha256=hash_file(path),
        delivery=DeliveryFacts(delivery.state, missing, content),
    )


def _hash_content(context: Context, table: str) -> str:
    """Hash a table's rows whatever their order: a database owes us none."""
    context.engine.bind(TableName(table), context.path(table))
    described = context.engine.rows(f"DESCRIBE SELECT * FROM {table}")
    names = [row["column_name"] for row in described]
    cells = quote_names(name for name in names if name not in (FILE, LINE))
    sql = f"SELECT COUNT(*) AS n, SUM(CAST(HASH({cells}) AS HUGEINT)) AS total FROM {table}"
    row = context.engine.rows(sql)[0]
    return f"{row['n']}:{row['total']}"
