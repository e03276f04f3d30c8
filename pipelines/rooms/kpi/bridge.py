"""The frozen cohort's revenue, from the base month to now, cause by cause and at every level.

`kpi_bridge` has one row a scope and step: `base`, the causes in order, `current`. Base and causes
add up to current in every scope, and scopes to the company, to the fen: each customer stands in one
scope, under the owner of now.
"""

from __future__ import annotations

from pipelines.catalogue.spec import load_room_specs
from pipelines.core.reasons import Reason
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.queries import (
    Places,
    select_bridge_levels,
    select_bridge_sums,
    sql_of,
)
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import keep_result, write_step

TABLE = "features_cohort_bridge"
KEY = ("scope_kind", "scope_id", "place")
_STEP = make_schema(step="VARCHAR", place="INTEGER")
_SUFFIX = "_amount"


def list_bridge_steps() -> list[str]:
    """Return the steps in their order: the columns of the customers' table."""
    [spec] = [spec for spec in load_room_specs("features") if spec.table == TABLE]
    steps = []
    for name in spec.column_names:
        if name.endswith(_SUFFIX):
            steps.append(name.removesuffix(_SUFFIX))
    return steps


def write_bridge(context: Context, places: Places) -> None:
    """Write `kpi_bridge` from the customers' bridges and places, or say why it cannot be."""
    if not context.is_computed(TABLE):
        reasons = context.missing_reasons(TABLE) or (Reason.absent(TABLE),)
        context.record_missing("kpi_bridge", reasons)
        return

    steps = list_bridge_steps()
    order = [{"step": step, "place": place} for place, step in enumerate(steps)]
    causes = take_made_rows(context, "causes", order, _STEP)
    by_scope = select_bridge_sums(TABLE, places, steps)
    sums = keep_result(context, "bridge_sums", sql_of(by_scope))
    by_step = select_bridge_levels(sums, steps)
    level = keep_result(context, "levels", sql_of(by_step))
    write_step(context, "kpi", "bridge", "kpi_bridge", KEY, level=level, cause=causes)
