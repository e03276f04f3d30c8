"""The base a slice at a time.

An engine that joins every feature of every service in one statement holds all of them at once, ten
tables of the whole base: no memory limit leaves room for that at ten million services.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sqlglot import exp

from pipelines.catalogue.spec import TableName
from pipelines.catalogue.steps import read_step
from pipelines.engines.duckdb import DuckEngine
from pipelines.store.manifest import TableEntry

SLICE_ROWS = 500_000
BASE = TableName("features_service")
_SERVICE = exp.column("service_id", "s")


def slice_base(engine: DuckEngine, base: TableEntry | None) -> list[str]:
    """Return conditions on a service `s`, a slice each, in the order of ids.

    Together they are true of every service once; `base` is what is known of `features_service`.
    Executors divide the base by themselves.
    """
    base_rows = base.rows if base else None
    if engine.reads_spread(BASE.name):
        return ["TRUE"]
    if base_rows is None or base_rows <= SLICE_ROWS:
        return ["TRUE"]
    sql = read_step("score", "firsts").bind_inputs({})
    rows = engine.rows(sql, {"slice_rows": SLICE_ROWS})
    firsts = [str(row["service_id"]) for row in rows]
    return list(_write_conditions(firsts))


def _write_conditions(firsts: list[str]) -> Iterator[str]:
    """Yield a condition a slice; each but the first begins with a service of `firsts`."""
    for first, following in pairwise([None, *firsts, None]):
        bounds: list[exp.Expression] = []
        if first is not None:
            bounds.append(exp.GTE(this=_SERVICE, expression=exp.Literal.string(first)))
        if following is not None:
            bound = exp.LT(this=_SERVICE, expression=exp.Literal.string(following))
            bounds.append(bound)
        yield exp.and_(*bounds).sql("duckdb")
