"""The hold-out.

Drawn once a customer for all persuasion lists, stratified, by keyed hash, and kept for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.rooms.context import Context, find_declared
from pipelines.rooms.dispatch.orders import hash_with_key
from pipelines.rooms.made_rows import make_schema
from pipelines.rooms.relations import Relation, map_groups, run_step, write_relation

ROOM = "dispatch"
TABLE = "dispatch_holdout"
MEMBER = make_schema(
    customer_id="VARCHAR", stratum="VARCHAR", is_drawn="BOOLEAN", drawn_in="VARCHAR"
)


def draw_holdout(context: Context, candidates: Relation, list_facts: Relation) -> None:
    """Write `dispatch_holdout`: everybody ever on a persuasion list, and who is held out."""
    listed = run_step(
        context, ROOM, "listed_to_draw", candidate=candidates, list_fact=list_facts
    )
    members = run_step(context, ROOM, "holdout_members", listed=listed)
    settings = context.settings
    draw = DrawStratum(settings.key, settings.holdout_share)
    drawn = map_groups(context, "holdout", members, "stratum", draw, MEMBER)
    write_relation(context, drawn, TABLE, find_declared(TABLE).key)


@dataclass(frozen=True)
class DrawStratum:
    """Draws who of a stratum's newcomers is held out; its share stays within a customer of `share`.

    The lowest hashes are taken. A stratum too small for a whole customer starts from a keyed offset
    between 0 and 1, so that over many small strata the share is right as well.
    """

    key: bytes
    share: Decimal

    def __call__(self, members: pa.Table) -> pa.Table:
        """Return a stratum's members (`MEMBER`), with those decided whose `is_drawn` was NULL."""
        stratum = members.column("stratum")[0].as_py()
        customers = members.column("customer_id")
        before = members.column("is_drawn")
        newcomers = customers.filter(pc.is_null(before)).to_pylist()
        held = pc.sum(before).as_py() or 0
        lacking = self._count_lacking(stratum, members.num_rows, held)
        chosen = self._take_lowest(newcomers, lacking)
        is_chosen = pc.is_in(customers, pa.array(chosen, pa.string()))
        is_drawn = pc.coalesce(before, is_chosen)
        place = members.schema.get_field_index("is_drawn")
        return members.set_column(place, "is_drawn", is_drawn).cast(MEMBER)

    def _count_lacking(self, stratum: str, members: int, held: int) -> int:
        """How many more of so many members are to be held out, when so many are."""
        wanted = int(Fraction(self.share) * members + _find_offset(self.key, stratum))
        return max(wanted - held, 0)

    def _take_lowest(self, customers: Iterable[str], count: int) -> list[str]:
        """So many customers with the lowest hashes; only the key foretells whose they are."""
        by_hash = sorted(customers, key=partial(hash_with_key, self.key, "holdout"))
        return by_hash[:count]


def _find_offset(key: bytes, stratum: str) -> Fraction:
    """A number from 0 to 1 that only the key foretells."""
    first_bytes = hash_with_key(key, "stratum", stratum)[:4]
    return Fraction(int.from_bytes(first_bytes), 2**32)
