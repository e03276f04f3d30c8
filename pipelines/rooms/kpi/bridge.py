"""The frozen cohort's revenue, from the base month to now, cause by cause and at every level.

`kpi_bridge` has one row a scope and step: `base`, the causes in order, `current`. Base and causes add up to current in
every scope, and scopes to the company, to the fen: each customer stands in one scope, under his owner of now.
"""

from __future__ import annotations

from pipelines.catalogue.spec import room_specs
from pipelines.rooms.context import Context

TABLE = "features_cohort_bridge"


def steps() -> list[str]:
    """The steps in their order: the columns of the customers' table."""
    spec = next(s for s in room_specs("features") if s.table == TABLE)
    return [
        name.removesuffix("_amount") for name in spec.tree.named_selects if name.endswith("_amount")
    ]


def write_bridge(context: Context, kinds: list[str]) -> None:
    """Write `kpi_bridge` from the customers' bridges and `place`, or say why it cannot be."""
    entry = (
        context.tables.get(TABLE)
        or context.draft.tables.get(TABLE)
        or {"reasons": [f"absent: {TABLE}"]}
    )
    if not context.is_computed(TABLE):
        context.record_missing("kpi_bridge", entry["reasons"])
        return
    levels = " UNION ALL ".join(_level(kind) for kind in kinds)
    order = ", ".join(f"('{step}', {place})" for place, step in enumerate(steps()))
    context.write(
        "kpi_bridge",
        f"SELECT $month AS month, l.scope_kind, l.scope_id, CAST(o.place AS INTEGER) AS place, l.step, "
        "CAST(SUM(l.amount) AS DECIMAL(18,2)) AS amount "
        f"FROM ({levels}) AS l JOIN (VALUES {order}) AS o(step, place) ON o.step = l.step GROUP BY ALL",
        ["scope_kind", "scope_id", "place"],
        {"month": str(context.month)},
    )


def _level(kind: str) -> str:
    """One kind's scopes; the company and the unclaimed are there even when nobody is."""
    scope, join = ("'company'", "") if kind == "company" else (
        f"COALESCE(p.{kind}, 'unclaimed')", "LEFT JOIN place AS p ON p.customer_id = b.customer_id"
    )  # fmt: skip
    rest = "company" if kind == "company" else "unclaimed"
    rows = [
        f"SELECT '{kind}' AS scope_kind, {scope} AS scope_id, '{step}' AS step, b.{step}_amount AS amount "
        f"FROM {TABLE} AS b {join} UNION ALL SELECT '{kind}', '{rest}', '{step}', 0"
        for step in steps()
    ]
    return " UNION ALL ".join(rows)
