"""What is known of each service and customer at the cut-off.

History is carried forward, never read again.

A SQL file with `carry:` in its front matter gives the measures of this month. Its table holds the
last thirteen values of each (`<measure>_0` is this month's), made from the latest earlier month
held and this month alone, so that a month costs one month however many are held. A month that is
not held leaves NULL.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipelines.catalogue.lineage import CARRY_MONTHS, HELD_MONTHS
from pipelines.catalogue.spec import Spec, load_room_specs
from pipelines.core.month import Month
from pipelines.core.quoting import quote_text
from pipelines.engines.duckdb import write_native_sql
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows, write_rows

_HELD_MONTH = pa.schema([("month", pa.string()), ("months_ago", pa.int32())])


def run(context: Context) -> None:
    """Compute every feature table that this month's deliveries allow."""
    _write_held_months(context)
    for spec in load_room_specs("features"):
        if spec.meta.get("carry"):
            context.bind_tolerated(spec)
            context.compute(spec, carry_history(context, spec))
        else:
            context.compute(spec)


def _write_held_months(context: Context) -> None:
    """Write which of the months before this one are held, as far back as any KPI looks."""
    rows = []
    for month in sorted(_find_held_months(context)):
        months_ago = context.month.since(Month.parse(month))
        if months_ago < HELD_MONTHS:
            rows.append({"month": month, "months_ago": months_ago})
    if not rows:
        context.record_missing(
            "features_held_month", [f"no month held before: {context.month}"]
        )
        return
    table = pa.Table.from_pylist(rows, schema=_HELD_MONTH)
    write_rows(context, "features_held_month", table, ["month"])


def _find_held_months(context: Context) -> set[str]:
    """The latest earlier month held, and those that it knew to be held."""
    months = set()
    before = context.earlier.get("prior")
    if before:
        months.add(str(before.month))
    if context.is_computed("features_held_month", "prior"):
        for row in read_rows(context, "features", "held_before"):
            months.add(row["month"])
    return months


# -- histories -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class History:
    """The columns of a carried history.

    Its key, those of which the latest value counts, and its measures.
    """

    key: str
    latest: list[str]
    measures: list[str]


def carry_history(context: Context, spec: Spec) -> str:
    """Return SQL that puts this month's measures before those of the latest month held."""
    carry = spec.meta["carry"]
    key, latest = carry["key"], carry["latest"]
    measures = [name for name in spec.tree.named_selects if name not in (key, *latest)]
    history = History(key, latest, measures)
    version = context.earlier.get("prior")
    if version is None or not context.is_computed(spec.table, "prior"):
        return _begin_history(context, spec, history)
    gap = context.month.since(version.month)
    if gap >= CARRY_MONTHS:
        return _begin_history(context, spec, history)
    return _continue_history(context, spec, history, gap)


def _begin_history(context: Context, spec: Spec, history: History) -> str:
    columns = [
        history.key,
        f"{quote_text(str(context.month))} AS last_month",
        *history.latest,
    ]
    for name in history.measures:
        columns.append(f"{name} AS {name}_0")
        for ago in range(1, CARRY_MONTHS):
            columns.append(f"CASE WHEN FALSE THEN {name} END AS {name}_{ago}")
    return f"SELECT {', '.join(columns)} FROM ({write_native_sql(spec)}) AS now"


def _continue_history(context: Context, spec: Spec, history: History, gap: int) -> str:
    """SQL for a history whose latest month before is `gap` months ago; months between are NULL."""
    key = history.key
    month = quote_text(str(context.month))
    oldest = quote_text(str(context.month.plus(1 - CARRY_MONTHS)))
    last_month = f"CASE WHEN now.{key} IS NULL THEN before.last_month ELSE {month} END"
    columns = [
        f"COALESCE(now.{key}, before.{key}) AS {key}",
        f"{last_month} AS last_month",
    ]
    for name in history.latest:
        columns.append(f"COALESCE(now.{name}, before.{name}) AS {name}")
    for name in history.measures:
        columns.append(f"now.{name} AS {name}_0")
        for ago in range(1, CARRY_MONTHS):
            value = f"CASE WHEN FALSE THEN now.{name} END"
            if ago >= gap:
                value = f"before.{name}_{ago - gap}"
            columns.append(f"{value} AS {name}_{ago}")
    return (
        f"SELECT {', '.join(columns)} FROM ({write_native_sql(spec)}) AS now "
        f"FULL JOIN prior.{spec.table} AS before ON before.{key} = now.{key} "
        f"WHERE now.{key} IS NOT NULL OR before.last_month >= {oldest}"
    )
