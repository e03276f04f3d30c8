"""A year's plan: totals and keys, and what differs from the version before."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.store.lake import Version

# A row of `plan_change`: where it is (measure, month, scope) and the amounts before, now and
# between.
ChangeRow = dict[str, Any]


@dataclass(frozen=True)
class PlannedMeasure:
    """A measure of a plan: its total for the year, its number of parts, the key of the split."""

    measure: str
    total: Decimal
    part_count: int
    key_version: str
    key_hash: str
    key_month: str


@dataclass(frozen=True)
class PlanView:
    """A version of a plan, and the parts that differ from the version before."""

    year: int
    version: int
    version_path: str
    measures: list[PlannedMeasure]
    months: dict[str, str]
    changes: list[ChangeRow]


def read_plan_view(version: Version) -> PlanView:
    """Return a plan's measures by name, and its differences from the version before."""
    inputs = version.plan_inputs
    plan = inputs.plan
    parts = version.read_arrow("plan_part", ["measure"])
    measure_of_part = parts.column("measure").to_pylist()
    measures = []
    for name, body in sorted(plan["measures"].items()):
        key = body["key"]
        measures.append(
            PlannedMeasure(
                measure=name,
                total=Decimal(body["total"]),
                part_count=measure_of_part.count(name),
                key_version=key["version"],
                key_hash=inputs.keys[name],
                key_month=key["month"],
            )
        )

    return PlanView(
        year=plan["year"],
        version=version.number,
        version_path=str(version.path),
        measures=measures,
        months=dict(inputs.months),
        changes=version.read_rows("plan_change"),
    )
