"""The hold-out: drawn once a customer for all persuasion lists, stratified, by keyed hash, and kept for good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.orders import keyed_hash

_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("stratum", pa.string()),
        ("is_drawn", pa.bool_()),
        ("drawn_in", pa.string()),
    ]
)


def draw_holdout(context: Context, lists: list[str]) -> None:
    """Write `dispatch_holdout`: everybody ever on a persuasion list, and whether he is held out."""
    before = context.is_computed("dispatch_holdout", "prior")
    old = context.engine.rows("SELECT * FROM prior.dispatch_holdout") if before else []
    rows = old + _drawn(context, lists, old)
    context.engine.register("holdout", pa.Table.from_pylist(rows, schema=_SCHEMA))
    context.write("dispatch_holdout", "SELECT * FROM holdout", ["customer_id"])


def _drawn(context: Context, lists: list[str], old: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {row["customer_id"] for row in old}
    new = [row for row in _newcomers(context, lists) if row["customer_id"] not in known]
    chosen = draw(context.settings.key, context.settings.holdout_share, old, new)
    return [
        row | {"is_drawn": row["customer_id"] in chosen, "drawn_in": str(context.month)}
        for row in new
    ]


def _newcomers(context: Context, lists: list[str]) -> list[dict[str, Any]]:
    """Everybody on a persuasion list this month with his stratum: branch and tier."""
    names = ", ".join(f"'{name}'" for name in lists) or "NULL"
    owner = (
        "features_owner"
        if context.is_computed("features_owner")
        else "(SELECT NULL AS customer_id, NULL AS branch_id)"
    )
    return context.engine.rows(
        f"SELECT DISTINCT c.customer_id, COALESCE(o.branch_id, '-') || '/' || COALESCE(k.vip_tier, '-') AS stratum "
        f"FROM candidate AS c LEFT JOIN {owner} AS o ON o.customer_id = c.customer_id "
        f"LEFT JOIN snapshot_customer AS k ON k.customer_id = c.customer_id WHERE c.list IN ({names})"
    )


def draw(
    key: bytes, share: Decimal, old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> set[str]:
    """Choose who of the new is held out, so that each stratum's share stays within one customer of `share`.

    Within a stratum the lowest hashes are taken. A stratum too small for a whole customer starts from a keyed offset
    between 0 and 1, so that over many small strata the share is right as well.
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
        offset = Fraction(int.from_bytes(keyed_hash(key, "stratum", stratum)[:4]), 2**32)
        wanted = int(Fraction(share) * (seen[stratum] + len(customers)) + offset) - held[stratum]
        by_hash = sorted(customers, key=lambda customer: keyed_hash(key, "holdout", customer))
        chosen.update(by_hash[: max(wanted, 0)])
    return chosen
