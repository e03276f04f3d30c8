"""The rows of a plan's two tables: its parts, and what of them differs from the version before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa

from pipelines.jobs.plan.form import Key
from pipelines.jobs.plan.split import LEVELS, Part

_AMOUNT = pa.decimal128(18, 6)
_SCOPE_FIELDS = [
    ("measure", pa.string()),
    ("level", pa.string()),
    ("month", pa.string()),
    ("scope_kind", pa.string()),
    ("scope_id", pa.string()),
    ("branch_id", pa.string()),
]
PART_SCHEMA = pa.schema(
    [
        *_SCOPE_FIELDS,
        ("weight", pa.decimal128(38, 6)),
        ("amount", _AMOUNT),
        ("key_version", pa.string()),
        ("key_hash", pa.string()),
    ]
)
CHANGE_SCHEMA = pa.schema(
    [
        *_SCOPE_FIELDS,
        ("amount_before", _AMOUNT),
        ("amount_now", _AMOUNT),
        ("amount_change", _AMOUNT),
    ]
)


class PartScope(NamedTuple):
    """What a part is of: which measure, in which month, of which branch or manager."""

    measure: str
    level: str
    month: str | None
    scope_kind: str
    scope_id: str
    branch_id: str | None


class PlanRow(NamedTuple):
    """A row of `plan_part`: a part of a measure's total, and the key it was split by."""

    measure: str
    level: str
    month: str | None
    scope_kind: str
    scope_id: str
    branch_id: str | None
    weight: Decimal | None
    amount: Decimal
    key_version: str
    key_hash: str

    @property
    def scope(self) -> PartScope:
        """What it is a part of."""
        return PartScope(
            self.measure,
            self.level,
            self.month,
            self.scope_kind,
            self.scope_id,
            self.branch_id,
        )


class ChangeRow(NamedTuple):
    """A row of `plan_change`: a part whose amount differs.

    None where a version does not have it.
    """

    measure: str
    level: str
    month: str | None
    scope_kind: str
    scope_id: str
    branch_id: str | None
    amount_before: Decimal | None
    amount_now: Decimal | None
    amount_change: Decimal


def make_plan_rows(measure: str, key: Key, parts: Iterable[Part]) -> Iterator[PlanRow]:
    """Yield the rows of a measure's parts."""
    for part in parts:
        yield PlanRow(
            measure=measure,
            level=part.level,
            month=part.month,
            scope_kind=part.scope_kind,
            scope_id=part.scope_id,
            branch_id=part.branch_id,
            weight=part.weight,
            amount=part.amount,
            key_version=key.version,
            key_hash=key.hash,
        )


def compare_parts(
    before: Iterable[PlanRow], now: Iterable[PlanRow]
) -> Sequence[ChangeRow]:
    """List the parts whose amounts differ, wholes before their parts."""
    amounts_before = {row.scope: row.amount for row in before}
    amounts_now = {row.scope: row.amount for row in now}
    changes = []
    for scope in dict.fromkeys([*amounts_now, *amounts_before]):
        amount_before = amounts_before.get(scope)
        amount_now = amounts_now.get(scope)
        change = (amount_now or Decimal(0)) - (amount_before or Decimal(0))
        if change != 0:
            changes.append(ChangeRow(*scope, amount_before, amount_now, change))

    return sorted(changes, key=lambda row: LEVELS.index(row.level))
