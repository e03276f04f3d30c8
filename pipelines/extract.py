"""What the operator delivered, as it is: one raw table a delivered table, its text untouched."""

from __future__ import annotations

import os
from typing import Any

from pipelines.core.context import PERSONAL, Context
from pipelines.core.files import hash_file
from pipelines.sources import Delivery


def run(context: Context) -> None:
    """Read the source into `extract_<table>`; what is absent or refused is recorded, not raised."""
    for delivery in context.source.extract(context.month, context.draft.path):
        context.progress(delivery.table)
        context.tables[f"extract_{delivery.table}"] = _entry(context, delivery)


def _entry(context: Context, delivery: Delivery) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "room": "extract",
        "status": "computed" if delivery.state in ("present", "empty") else "not_computed",
        "state": delivery.state,
        "rows": delivery.rows,
        "missing": list(delivery.missing),
        "unknown": list(delivery.unknown),
        "files": [vars(receipt) | {"notes": list(receipt.notes)} for receipt in delivery.files],
    }
    if entry["status"] == "computed":
        path = context.path(f"extract_{delivery.table}")
        os.chmod(path, PERSONAL)
        return entry | {"sha256": hash_file(path)}
    return entry | {"reasons": [delivery.reason or delivery.state], "facts": dict(delivery.facts)}
