"""Every KPI at every level: its sums, value, target, gap and rank.

A value is sums over sums, and the unclaimed remainder is a scope of its own. `kpi_monthly` has one
row a KPI variant and scope. A KPI that cannot be computed has one row, at company level, that says
why. Parts add up to the whole because each customer stands in exactly one scope of a kind. What
belongs to no customer (a target, complaints by touch point) is placed in its scope by the KPI's own
SELECT.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.catalogue.outputs import Kpi, kpis
from pipelines.catalogue.spec import TableName
from pipelines.catalogue.steps import read_step
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.bridge import write_bridge
from pipelines.rooms.kpi.change import write_changes
from pipelines.rooms.kpi.facts import Fact, register_facts, state_facts
from pipelines.rooms.kpi.parts import place_customers
from pipelines.rooms.kpi.queries import Places, select_home_branches, select_targets, sql_of
from pipelines.rooms.kpi.sums import begin_parts, sum_scopes
from pipelines.rooms.kpi.ties import tie_books
from pipelines.rooms.kpi.trend import write_trend
from pipelines.rooms.kpi.windows import window_gaps

KEY = ("kpi", "variant", "scope_kind", "scope_id")


def run(context: Context) -> None:
    """Write `kpi_monthly` of every KPI there is, and what is made of it."""
    write_kpis(context, kpis())


def write_kpis(context: Context, catalogue: Iterable[Kpi]) -> None:
    """Write `kpi_monthly` of the KPIs of a catalogue, and bridge, ties, changes and trend."""
    places = place_customers(context)
    parts = begin_parts(context)
    facts: list[Fact] = []
    for kpi in catalogue:
        context.progress(f"kpi_{kpi.spec.name}")
        reasons = context.missing(kpi.spec) or window_gaps(context, kpi.meta)
        if not reasons:
            sum_scopes(context, kpi, places, parts)
        facts.extend(state_facts(context, kpi, reasons))

    write_bridge(context, places)
    tie_books(context, places, parts)
    _write_monthly(context, places, parts, register_facts(context, facts))
    write_changes(context)
    write_trend(context)


def _write_monthly(context: Context, places: Places, parts: str, facts: str) -> None:
    settings = context.settings
    parameters: dict[str, object] = {
        "small_denominator": settings.small_denominator,
        "score_cap": float(settings.private_line_score_cap),
        "score_deduction": float(settings.private_line_score_deduction),
    }
    scoped = read_step("kpi", "scoped").bind_inputs({"part": parts, "fact": facts})
    context.engine.table("kpi_scoped", scoped, parameters)

    relations = {
        "scoped": "kpi_scoped",
        "fact": facts,
        "target": _keep_targets(context),
        "home": _keep_home_branches(context, places),
    }
    monthly = read_step("kpi", "monthly").bind_inputs(relations)
    context.write("kpi_monthly", monthly, KEY, {"month": str(context.month)})


def _keep_targets(context: Context) -> str:
    """Keep the delivered targets, none where none were delivered; return the table's name."""
    if context.is_computed("snapshot_target"):
        context.engine.table("kpi_target", sql_of(select_targets()))
        return "kpi_target"
    columns = dict.fromkeys(("kpi", "scope_kind", "scope_id"), "VARCHAR")
    columns["target_value"] = "DOUBLE"
    context.engine.bind_empty(TableName("kpi_target"), columns)
    return "kpi_target"


def _keep_home_branches(context: Context, places: Places) -> str:
    """Keep the branch of each scope that has one; return the table's name."""
    context.engine.table("kpi_home", sql_of(select_home_branches(places)))
    return "kpi_home"
