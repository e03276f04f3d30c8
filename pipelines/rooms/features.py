"""What is known of each service and customer at the cut-off.

History is carried forward, never read again.

A SQL file with `carry:` in its front matter gives the measures of this month. Its table holds the
last thirteen values of each (`<measure>_0` is this month's), made from the latest earlier month
held and this month alone, so that a month costs one month however many are held. A month that is
not held leaves NULL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pipelines.catalogue.lineage import CARRY_MONTHS, HELD_MONTHS
from pipelines.catalogue.spec import Spec, load_room_specs
from pipelines.core.month import Month
from pipelines.core.quoting import quote_text
from pipelines.engines.duckdb import write_native_sql
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.relations import read_rows
from pipelines.rooms.side_by_side import compute_each


def run(context: Context) -> None:
    """Compute every feature table that this month's deliveries allow."""
    _write_held_months(context)
    compute_each(context, load_room_specs("features"), partial(_write_select, context))


def _write_select(context: Context, spec: Spec) -> str | None:
    """SQL that carries a history forward; None of a file that is asked as it is."""
    return carry_history(context, spec) if spec.meta.get("carry") else None


def _write_held_months(context: Context) -> None:
    """Write which of the months before this one are held, as far back as any KPI looks."""
    rows = []
    for month in sorted(_find_held_months(context)):
        months_ago = context.month.since(Month.parse(month))
        if months_ago < HELD_MONTHS:
            rows.append({"month": month, "months_ago": months_ago})
    if not rows:
        reason = f"no month held before: {context.month}"
        context.record_missing("features_held_month", [reason])
        return
    write_made_rows(context, "features_held_month", rows)


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
    history = _read_history(spec)
    version = context.earlier.get("prior")
    if version is None or not context.is_computed(spec.table, "prior"):
        return _begin_history(context, spec, history)
    gap = context.month.since(version.month)
    if gap >= CARRY_MONTHS:
        return _begin_history(context, spec, history)
    return _continue_history(context, spec, history, gap)


def _read_history(spec: Spec) -> History:
    """Take the columns of a history from a SQL file: what is neither key nor latest is measured."""
    carry = spec.meta["carry"]
    key = carry["key"]
    latest = carry["latest"]
    measures = []
    for name in spec.column_names:
        if name != key and name not in latest:
            measures.append(name)
    return History(key, latest, measures)


def _begin_history(context: Context, spec: Spec, history: History) -> str:
    """SQL for a history that nothing was known of before: its earlier values are NULL."""
    month = quote_text(str(context.month))
    columns = [history.key, f"{month} AS last_month", *history.latest]
    for name in history.measures:
        columns.extend(_begin_measure(name))

    selected = ", ".join(columns)
    now = write_native_sql(spec)
    return f"SELECT {selected} FROM ({now}) AS now"


def _begin_measure(name: str) -> Iterator[str]:
    """Yield the columns of a measure of which nothing earlier is held."""
    yield f"{name} AS {name}_0"
    nothing = f"CASE WHEN FALSE THEN {name} END"
    for ago in range(1, CARRY_MONTHS):
        yield f"{nothing} AS {name}_{ago}"


def _continue_history(context: Context, spec: Spec, history: History, gap: int) -> str:
    """SQL for a history whose latest month before is `gap` months ago; months between are NULL."""
    key = history.key
    month = quote_text(str(context.month))
    last_month = f"CASE WHEN now.{key} IS NULL THEN before.last_month ELSE {month} END"
    columns = [_latest_of(key), f"{last_month} AS last_month"]
    for name in history.latest:
        columns.append(_latest_of(name))
    for name in history.measures:
        columns.extend(_move_measure(name, gap))

    selected = ", ".join(columns)
    now = write_native_sql(spec)
    oldest_month = context.month.plus(1 - CARRY_MONTHS)
    oldest = quote_text(str(oldest_month))
    return (
        f"SELECT {selected} FROM ({now}) AS now "
        f"FULL JOIN prior.{spec.table} AS before ON before.{key} = now.{key} "
        f"WHERE now.{key} IS NOT NULL OR before.last_month >= {oldest}"
    )


def _move_measure(name: str, gap: int) -> Iterator[str]:
    """Yield the columns of a measure: this month's value, then those held, moved by the gap."""
    yield f"now.{name} AS {name}_0"
    for ago in range(1, CARRY_MONTHS):
        value = f"CASE WHEN FALSE THEN now.{name} END"
        if ago >= gap:
            ago_then = ago - gap
            value = f"before.{name}_{ago_then}"
        yield f"{value} AS {name}_{ago}"


def _latest_of(name: str) -> str:
    """The column of a value of which the latest counts."""
    return f"COALESCE(now.{name}, before.{name}) AS {name}"
