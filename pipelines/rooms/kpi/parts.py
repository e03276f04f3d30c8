"""A KPI's numerators and denominators customer by customer, and the scopes each customer stands in."""

from __future__ import annotations

import pyarrow as pa

from pipelines.catalogue.outputs import Kpi
from pipelines.rooms.context import Context

# kind -> (SQL of the scope's id, columns it cannot do without)
SCOPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "company": ("'company'", ()),
    "city": ("COALESCE(c.city_id, 'unclaimed')", ("ownership.branch_id", "organisation.parent_id")),
    "branch": ("COALESCE(o.branch_id, 'unclaimed')", ("ownership.branch_id",)),
    "unit": ("COALESCE(o.unit_id, 'unclaimed')", ("ownership.unit_id",)),
    "manager": ("COALESCE(o.manager_id, 'unclaimed')", ("ownership.manager_id",)),
}


def scope_kinds(context: Context) -> list[str]:
    """Return the kinds of scope that the month's deliveries tell."""
    return [
        kind
        for kind, (_, needs) in SCOPES.items()
        if not any(context.is_absent(need) for need in needs)
    ]


def place_customers(context: Context, kinds: list[str]) -> None:
    """Make `place`: each known customer's scope of every kind that can be told."""
    owner = "features_owner" if "branch" in kinds else None
    city = "features_city" if "city" in kinds else None
    ids = ", ".join(
        f"{sql} AS {kind}"
        for kind, (sql, _) in SCOPES.items()
        if kind in kinds and kind != "company"
    )
    if owner is None:
        context.engine.table("place", "SELECT NULL::VARCHAR AS customer_id WHERE FALSE")
        return
    join = f"LEFT JOIN {city} AS c ON c.branch_id = o.branch_id" if city else ""
    context.engine.table("place", f"SELECT o.customer_id, {ids} FROM {owner} AS o {join}")


def placed_in(kind: str) -> tuple[str, str]:
    """Return SQL of the scope of a kind that a row of `customer_part AS p` stands in, and the join it needs."""
    if kind == "company":
        return "'company'", ""
    return (
        f"COALESCE(l.{kind}, 'unclaimed')",
        "LEFT JOIN place AS l ON l.customer_id = p.customer_id",
    )


def sum_by_customer(context: Context, kpi: Kpi) -> None:
    """Make `customer_part`: what a KPI's SELECT returns, summed up by customer."""
    columns = kpi.spec.tree.named_selects
    given = {"variant": f"'{kpi.variants[0]}'", "part": "''", "scope_kind": "CAST(NULL AS VARCHAR)"}
    given |= {"scope_id": "CAST(NULL AS VARCHAR)", "interval_low": "NULL", "interval_high": "NULL"}
    keys = ", ".join(
        name if name in columns else f"{other} AS {name}" for name, other in given.items()
    )
    denominator = "denominator" if "denominator" in columns else "NULL"
    answer = context.answer(kpi.spec)
    context.engine.table(
        "customer_part",
        f"SELECT customer_id, {keys}, SUM(CAST(numerator AS DECIMAL(28,8))) AS numerator, "
        f"SUM(CAST({denominator} AS DECIMAL(28,8))) AS denominator FROM ({answer.sql}) GROUP BY ALL",
        answer.parameters,
    )


def source_rows(context: Context, kpi: Kpi, variant: str, kind: str, scope_id: str) -> pa.Table:
    """Return the rows behind a figure: customer, part, numerator and denominator, in a fixed order.

    What belongs to no customer (a target, complaints by touch point) has no customer_id.
    """
    kinds = scope_kinds(context)
    place_customers(context, kinds)
    sum_by_customer(context, kpi)
    scope, place = placed_in(kind if kind in kinds else "company")
    here = f"p.scope_kind IS NULL AND {scope} = $scope_id" if kind in kinds else "FALSE"
    rows = context.engine.execute(
        f"SELECT p.customer_id, p.part, p.numerator, p.denominator FROM customer_part AS p {place} "
        f"WHERE p.variant = $variant AND ({here} OR (p.scope_kind = $kind AND p.scope_id = $scope_id)) "
        "ORDER BY p.customer_id NULLS LAST, p.part, p.numerator, p.denominator",
        {"variant": variant, "kind": kind, "scope_id": scope_id},
    )
    return rows.to_arrow_table()
