"""The hold-out.

Drawn once a customer for all persuasion lists, stratified, by keyed hash, and kept for good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.orders import hash_with_key
from pipelines.rooms.relations import Relation, read_rows, write_rows

ROOM = "dispatch"
_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("stratum", pa.string()),
        ("is_drawn", pa.bool_()),
        ("drawn_in", pa.string()),
    ]
)


def draw_holdout(context: Context, candidates: Relation, list_facts: Relation) -> None:
    """Write `dispatch_holdout`: everybody ever on a persuasion list, and who is held out."""
    old = []
    if context.is_computed("dispatch_holdout", "prior"):
        old = read_rows(context, ROOM, "holdout_before")
    known = {row["customer_id"] for row in old}
    listed = read_rows(
        context, ROOM, "newcomers", candidate=candidates, list_fact=list_facts
    )
    newcomers = [row for row in listed if row["customer_id"] not in known]
    rows = list(old)
    settings = context.settings
    chosen = choose_held_out(settings.key, settings.holdout_share, old, newcomers)
    for row in newcomers:
        is_drawn = row["customer_id"] in chosen
        rows.append({**row, "is_drawn": is_drawn, "drawn_in": str(context.month)})
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    write_rows(context, "dispatch_holdout", table, ["customer_id"])


def choose_held_out(
    key: bytes,
    share: Decimal,
    old: Iterable[Mapping[str, Any]],
    new: Iterable[Mapping[str, Any]],
) -> set[str]:
    """Choose who of the new is held out; each stratum's share stays within a customer of `share`.

    Within a stratum the lowest hashes are taken. A stratum too small for a whole customer starts
    from a keyed offset between 0 and 1, so that over many small strata the share is right as well.
    """
    seen: dict[str, int] = defaultdict(int)
    held: dict[str, int] = defaultdict(int)
    for row in old:
        seen[row["stratum"]] += 1
        held[row["stratum"]] += bool(row["is_drawn"])
    strata: dict[str, list[str]] = defaultdict(list)
    for row in new:
        strata[row["stratum"]].append(row["customer_id"])
    chosen: set[str] = set()
    for stratum, customers in strata.items():
        offset = _find_offset(key, stratum)
        members = seen[stratum] + len(customers)
        wanted = int(Fraction(share) * members + offset) - held[stratum]
        by_hash = sorted(
            customers, key=lambda customer: hash_with_key(key, "holdout", customer)
        )
        chosen.update(by_hash[: max(wanted, 0)])
    return chosen


def _find_offset(key: bytes, stratum: str) -> Fraction:
    """A number from 0 to 1 that only the key foretells."""
    first_bytes = hash_with_key(key, "stratum", stratum)[:4]
    return Fraction(int.from_bytes(first_bytes), 2**32)
