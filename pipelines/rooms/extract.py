"""What the operator delivered, as it is: one raw table a delivered table, its text untouched."""

from __future__ import annotations

import os
from typing import Any

import pyarrow as pa

from pipelines.catalogue.spec import TableName
from pipelines.core.quoting import quote_names
from pipelines.rooms.context import Context
from pipelines.sources.office.answers import TABLES
from pipelines.sources.operator.delivery import EXTRA, FILE, LINE, Delivery
from pipelines.store.files import OWNER_ALONE, hash_file


def run(context: Context) -> None:
    """Read the source into `extract_<table>`; what is absent or refused is recorded, not raised.

    `extract_delivery` has a row a file: how it was encoded, what it had too much and too little of, why it was refused.
    """
    deliveries = context.source.extract(context.month, context.draft.path)
    for delivery in deliveries:
        context.tables[f"extract_{delivery.table}"] = _entry(context, delivery)
    rows = [row for delivery in deliveries for row in _receipts(delivery)]
    rows += [
        _NOTHING | {"state": "unknown", "file": name}
        for name in context.source.unknown_files(context.month)
    ]
    context.engine.register("receipt", pa.Table.from_pylist(rows, schema=_RECEIPT))
    context.write("extract_delivery", "SELECT * FROM receipt", ["ALL"])
    _stage_office(context)


def _stage_office(context: Context) -> None:
    """Keep what the office said at the start of the run: the month is made of that, whatever is said later."""
    for name, schema in TABLES.items():
        context.engine.register(
            "said", context.office.tables[name] if context.office else schema.empty_table()
        )
        context.write(f"extract_{name}", "SELECT * FROM said", ["ALL"])


_TEXTS = (
    "table",
    "state",
    "file",
    "sha256",
    "encoding",
    "delimiter",
    "notes",
    "missing",
    "unknown",
    "reason",
)
_RECEIPT = pa.schema(
    [*((name, pa.string()) for name in _TEXTS), ("bytes", pa.int64()), ("rows", pa.int64())]
)
_NOTHING: dict[str, Any] = dict.fromkeys(_RECEIPT.names)


def _receipts(delivery: Delivery) -> list[dict[str, Any]]:
    common = _NOTHING | {
        "table": delivery.table,
        "state": delivery.state,
        "missing": "; ".join(delivery.missing) if delivery.state != "absent" else None,
        "unknown": "; ".join(
            name for name in delivery.unknown if name.startswith(EXTRA) or not name.startswith("_")
        ),
        "reason": delivery.reason,
    }
    files = [vars(receipt) | {"notes": "; ".join(receipt.notes)} for receipt in delivery.files]
    return [common | file | {"file": file["name"]} for file in files] or [common]


def _entry(context: Context, delivery: Delivery) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "room": "extract",
        "status": "computed" if delivery.state in ("present", "empty") else "not_computed",
        "state": delivery.state,
        "rows": delivery.rows,
        "missing": list(delivery.missing),
    }
    if entry["status"] == "computed":
        path = context.path(f"extract_{delivery.table}")
        os.chmod(path, OWNER_ALONE)
        return entry | {
            "sha256": hash_file(path),
            "content": _content(context, f"extract_{delivery.table}"),
        }
    return entry | {
        "content": "",
        "reasons": [delivery.reason or delivery.state],
        "facts": dict(delivery.facts),
    }


def _content(context: Context, table: str) -> str:
    """Hash a table's rows whatever their order: a database owes us none."""
    context.engine.bind(TableName(table), context.path(table))
    columns = [row["column_name"] for row in context.engine.rows(f"DESCRIBE SELECT * FROM {table}")]
    cells = quote_names(name for name in columns if name not in (FILE, LINE))
    sql = f"SELECT COUNT(*) AS n, SUM(CAST(HASH({cells}) AS HUGEINT)) AS total FROM {table}"
    row = context.engine.rows(sql)[0]
    return f"{row['n']}:{row['total']}"
