"""Every KPI at every level: its sums, value, target, gap and rank.

A value is sums over sums, and the unclaimed remainder is a scope of its own. `kpi_monthly` has one
row a KPI variant and scope. A KPI that cannot be computed has one row, at company level, that says
why; of one that can, a kind of scope that cannot be told has one, `unclaimed`. Parts add up to the
whole because each customer stands in exactly one scope of a kind. What belongs to no customer (a
target, complaints by touch point) is placed in its scope by the KPI's own SELECT.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.catalogue.outputs import Kpi, load_kpis
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.bridge import write_bridge
from pipelines.rooms.kpi.change import write_changes
from pipelines.rooms.kpi.definitions import write_definitions
from pipelines.rooms.kpi.facts import Fact, keep_facts, state_facts
from pipelines.rooms.kpi.parts import explain_untold_kinds, place_customers
from pipelines.rooms.kpi.queries import (
    Places,
    select_home_branches,
    select_no_targets,
    select_targets,
    sql_of,
)
from pipelines.rooms.kpi.sums import (
    add_empty_scopes,
    add_place_sums,
    begin_sums,
    list_untold_scopes,
    sum_scopes,
)
from pipelines.rooms.kpi.ties import tie_books
from pipelines.rooms.kpi.trend import write_trend
from pipelines.rooms.kpi.windows import find_window_gaps
from pipelines.rooms.relations import (
    Relation,
    keep_result,
    keep_small,
    run_step,
    write_step,
)

KEY = ("kpi", "variant", "scope_kind", "scope_id")


def run(context: Context) -> None:
    """Write `kpi_monthly` of every KPI there is, and what is made of it."""
    write_kpis(context, load_kpis())
    write_definitions(context, load_kpis())


def write_kpis(context: Context, catalogue: Iterable[Kpi]) -> None:
    """Write `kpi_monthly` of the KPIs of a catalogue, and bridge, ties, changes and trend."""
    context.engine.spreads = True
    places = place_customers(context)
    sums = begin_sums(context)
    facts: list[Fact] = []
    computed: list[Kpi] = []
    for kpi in catalogue:
        context.progress(f"kpi_{kpi.spec.name}")
        reasons = context.explain_missing(kpi.spec)
        if not reasons:
            reasons = find_window_gaps(context, kpi.meta)
        if not reasons:
            add_place_sums(context, kpi, places, sums)
            computed.append(kpi)
        facts.extend(state_facts(context, kpi, reasons))

    parts = sum_scopes(context, sums, places)
    add_empty_scopes(context, computed, places, parts)
    write_bridge(context, places)
    tie_books(context, places, parts)
    kept_facts = keep_facts(context, facts)
    untold = list_untold_scopes(context, computed, explain_untold_kinds(context))
    scoped = _make_values(context, parts, kept_facts, untold)
    _write_monthly(context, places, scoped, kept_facts)
    write_changes(context)
    write_trend(context)


def _make_values(
    context: Context, parts: Relation, facts: Relation, untold: Relation
) -> Relation:
    """Make the values of every scope, and the rows of scopes that cannot be told."""
    settings = context.settings
    parameters: dict[str, object] = {
        "small_denominator": settings.small_denominator,
        "score_cap": float(settings.private_line_score_cap),
        "score_deduction": float(settings.private_line_score_deduction),
    }
    return run_step(
        context, "kpi", "scoped", parameters, part=parts, fact=facts, untold=untold
    )


def _write_monthly(
    context: Context, places: Places, scoped: Relation, facts: Relation
) -> None:
    """Add targets, gaps and ranks to the values, and write them."""
    homes = sql_of(select_home_branches(places))
    write_step(
        context,
        "kpi",
        "monthly",
        "kpi_monthly",
        KEY,
        scoped=scoped,
        fact=facts,
        target=_keep_targets(context),
        home=keep_small(context, "homes", homes),
    )


def _keep_targets(context: Context) -> Relation:
    """Keep the delivered targets; none where none were delivered."""
    is_delivered = context.is_computed("snapshot_target")
    targets = select_targets() if is_delivered else select_no_targets()
    return keep_result(context, "targets", sql_of(targets))
