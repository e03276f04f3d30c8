"""What is known of each service and customer at the cut-off; history is carried forward, never read again.

A SQL file with `carry:` in its front matter gives the measures of this month. Its table holds the last thirteen values
of each (`<measure>_0` is this month's), made from the latest earlier month held and this month alone, so that a month
costs one month however many are held. A month that is not held leaves NULL.
"""

from __future__ import annotations

from pipelines.catalogue.lineage import CARRY_MONTHS, HELD_MONTHS
from pipelines.catalogue.spec import Spec, room_specs
from pipelines.core.month import Month
from pipelines.engines.duckdb import native
from pipelines.rooms.context import Context


def run(context: Context) -> None:
    """Compute every feature table that this month's deliveries allow."""
    _write_held_months(context)
    for spec in room_specs("features"):
        if spec.meta.get("carry"):
            context.bind_tolerated(spec)
            context.compute(spec, _carried(context, spec))
        else:
            context.compute(spec)


def _write_held_months(context: Context) -> None:
    """Write which of the months before this one are held, as far back as any KPI looks."""
    before = context.earlier.get("prior")
    months = {str(before.month)} if before else set()
    if context.is_computed("features_held_month", "prior"):
        months |= {
            row["month"]
            for row in context.engine.rows("SELECT month FROM prior.features_held_month")
        }
    window = {m: context.month.since(Month.parse(m)) for m in months}
    rows = ", ".join(f"('{m}', {ago})" for m, ago in sorted(window.items()) if ago < HELD_MONTHS)
    if not rows:
        context.record_missing("features_held_month", [f"no month held before: {context.month}"])
        return
    context.write(
        "features_held_month", f"SELECT * FROM (VALUES {rows}) AS t(month, months_ago)", ["month"]
    )


def _carried(context: Context, spec: Spec) -> str:
    """SQL that puts this month's measures before those carried from the latest earlier month held."""
    carry = spec.meta["carry"]
    key, latest = carry["key"], carry["latest"]
    measures = [name for name in spec.tree.named_selects if name not in (key, *latest)]
    version = context.earlier.get("prior")
    gap = context.month.since(version.month) if version else CARRY_MONTHS
    if gap >= CARRY_MONTHS or not context.is_computed(spec.table, "prior"):
        return _first(context, spec, key, latest, measures)
    columns = [f"COALESCE(now.{key}, before.{key}) AS {key}"]
    columns.append(
        f"CASE WHEN now.{key} IS NULL THEN before.last_month ELSE '{context.month}' END AS last_month"
    )
    columns += [f"COALESCE(now.{name}, before.{name}) AS {name}" for name in latest]
    for name in measures:
        columns.append(f"now.{name} AS {name}_0")
        columns += [
            f"before.{name}_{i - gap} AS {name}_{i}"
            if i >= gap
            else f"CASE WHEN FALSE THEN now.{name} END AS {name}_{i}"
            for i in range(1, CARRY_MONTHS)
        ]
    return (
        f"SELECT {', '.join(columns)} FROM ({native(spec)}) AS now "
        f"FULL JOIN prior.{spec.table} AS before ON before.{key} = now.{key} "
        f"WHERE now.{key} IS NOT NULL OR before.last_month >= '{context.month.plus(1 - CARRY_MONTHS)}'"
    )


def _first(context: Context, spec: Spec, key: str, latest: list[str], measures: list[str]) -> str:
    columns = [key, f"'{context.month}' AS last_month", *latest]
    for name in measures:
        columns.append(f"{name} AS {name}_0")
        columns += [
            f"CASE WHEN FALSE THEN {name} END AS {name}_{i}" for i in range(1, CARRY_MONTHS)
        ]
    return f"SELECT {', '.join(columns)} FROM ({native(spec)}) AS now"
