"""The hold-out.

Drawn once a customer for all persuasion lists, stratified, by keyed hash, and kept for good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.orders import hash_with_key
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.relations import Relation, read_rows

ROOM = "dispatch"
Customer = Mapping[
    str, Any
]  # customer_id and stratum; of one drawn before, is_drawn too


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
    settings = context.settings
    chosen = choose_held_out(settings.key, settings.holdout_share, old, newcomers)

    rows = list(old)
    for row in newcomers:
        drawn = dict(row)
        drawn["is_drawn"] = row["customer_id"] in chosen
        drawn["drawn_in"] = str(context.month)
        rows.append(drawn)
    write_made_rows(context, "dispatch_holdout", rows)


def choose_held_out(
    key: bytes,
    share: Decimal,
    old: Iterable[Customer],
    new: Iterable[Customer],
) -> set[str]:
    """Choose who of the new is held out; each stratum's share stays within a customer of `share`.

    Within a stratum the lowest hashes are taken. A stratum too small for a whole customer starts
    from a keyed offset between 0 and 1, so that over many small strata the share is right as well.
    """
    seen: dict[str, int] = defaultdict(int)
    held: dict[str, int] = defaultdict(int)
    for row in old:
        stratum = row["stratum"]
        seen[stratum] += 1
        held[stratum] += bool(row["is_drawn"])

    strata: dict[str, list[str]] = defaultdict(list)
    for row in new:
        stratum = row["stratum"]
        strata[stratum].append(row["customer_id"])

    chosen: set[str] = set()
    for stratum, customers in strata.items():
        members = seen[stratum] + len(customers)
        lacking = count_lacking(key, share, stratum, members, held[stratum])
        by_hash = sorted(customers, key=partial(hash_customer, key))
        chosen.update(by_hash[:lacking])
    return chosen


def count_lacking(
    key: bytes, share: Decimal, stratum: str, members: int, held: int
) -> int:
    """How many more of a stratum of so many members are to be held out, when so many are."""
    wanted = int(Fraction(share) * members + _find_offset(key, stratum))
    return max(wanted - held, 0)


def hash_customer(key: bytes, customer_id: str) -> bytes:
    """By what the customers of a stratum are drawn, the lowest first; only the key foretells it."""
    return hash_with_key(key, "holdout", customer_id)


def _find_offset(key: bytes, stratum: str) -> Fraction:
    """A number from 0 to 1 that only the key foretells."""
    first_bytes = hash_with_key(key, "stratum", stratum)[:4]
    return Fraction(int.from_bytes(first_bytes), 2**32)
