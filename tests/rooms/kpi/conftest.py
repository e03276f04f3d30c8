"""A KPI made by hand, computed over customers of four branches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.catalogue.outputs import Kpi
from pipelines.catalogue.spec import Spec
from pipelines.rooms.kpi import write_kpis
from tests.support.small import Row, none_of, read, room_context

Computed = Callable[..., list[Row]]
OWNED = {
    "snapshot_ownership": none_of("customer_id"),
    "snapshot_organisation": none_of("org_id"),
}
BRANCHES = {"B1": "T1", "B2": "T1", "B3": "T2", "B4": "T2"}


def a_kpi(sql: str, name: str = "made", **meta: Any) -> Kpi:
    plain = {
        "unit": "ratio",
        "better": "lower",
        "default": "plain",
        "variants": {"plain": {}},
        "title": {},
    }
    spec = Spec("kpi", name, Path(f"{name}.sql"), {**plain, **meta}, sql)
    return Kpi(spec, spec.meta)


def parts(*rows: tuple[str, object, object]) -> str:
    """A SELECT of (customer, numerator, denominator)."""
    return " UNION ALL ".join(
        f"SELECT '{c}' AS customer_id, {n} AS numerator, {d} AS denominator"
        for c, n, d in rows
    )


def owners(**of: str | None) -> list[Row]:
    """Customer → branch; his unit and manager are named after it."""
    return [
        {
            "customer_id": c,
            "branch_id": b,
            "unit_id": b and f"U-{b}",
            "manager_id": b and f"M-{b}",
        }
        for c, b in of.items()
    ]


@pytest.fixture
def computed(tmp_path: Path) -> Computed:
    """Compute KPIs made by hand; customers stand in branches named by their first letter (b1 → B1)."""

    def run(
        *made: Kpi,
        targets: list[Row] | None = None,
        release: list[Row] | None = None,
        more: Mapping[str, list[Row] | pa.Table | str] = {},
        **settings: Any,
    ) -> list[Row]:
        names = [f"{k.name}.{v}" for k in made for v in k.variants]
        free = [
            {
                "kind": "kpi",
                "output": n,
                "scope": s,
                "status": "released",
                "reason": None,
            }
            for n in names
            for s in ("company", "parts")
        ]
        tables: dict[str, Any] = {
            **OWNED,
            "features_owner": owners(a="B1", b="B2", c="B3", d="B4", e=None),
            "features_city": [
                {"branch_id": b, "city_id": c} for b, c in BRANCHES.items()
            ],
            "validate_release": release or free,
            "snapshot_target": targets
            or none_of("kpi", "scope_kind", "scope_id", "target_value"),
            **more,
        }
        with room_context(
            tmp_path, tables, **({"small_denominator": 0} | settings)
        ) as context:
            write_kpis(context, made)
        return read(tmp_path, "kpi_monthly")

    return run


def by_scope(rows: list[Row], kind: str, field: str = "value") -> dict[str, Any]:
    return {r["scope_id"]: r[field] for r in rows if r["scope_kind"] == kind}
