"""Since when each KPI has meant what it means: `kpi_definition`, carried from month to month."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.catalogue.outputs import Kpi, hash_meaning
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import MadeRow, write_made_rows
from pipelines.rooms.relations import read_rows

TABLE = "kpi_definition"


def write_definitions(context: Context, catalogue: Iterable[Kpi]) -> None:
    """Write the version of every KPI variant, and the earlier ones that a month held had.

    One that the latest month held did not have is of this month on.
    """
    rows: list[MadeRow] = []
    known: set[tuple[str, str, int]] = set()
    if context.is_computed(TABLE, "prior"):
        for row in read_rows(context, "kpi", "definitions_before"):
            rows.append(row)
            known.add((row["kpi"], row["variant"], row["version"]))

    for kpi in catalogue:
        version = kpi.spec.meta["version"]
        for variant in kpi.variants:
            if (kpi.name, variant, version) not in known:
                rows.append(_begin_version(context, kpi, variant))
    write_made_rows(context, TABLE, rows)


def _begin_version(context: Context, kpi: Kpi, variant: str) -> MadeRow:
    """The row of a version that begins with this month."""
    return {
        "kpi": kpi.name,
        "variant": variant,
        "version": kpi.spec.meta["version"],
        "meaning": hash_meaning(kpi),
        "since_month": str(context.month),
    }
