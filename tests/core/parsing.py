"""Single cells read by the macros, as a month reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
from hypothesis import settings
from hypothesis import strategies as st

from pipelines.core.contract import Column
from pipelines.core.values import MACROS, write_typed_cell

SERIAL, DAMAGED = "\ue001", "\ue000"
quick = settings(max_examples=8, deadline=None)


def many(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Enough values at once that binding a macro does not matter."""
    return st.lists(values, min_size=10, max_size=40)


engine = duckdb.connect(":memory:", config={"threads": 1})
engine.execute("SET TimeZone = 'UTC'")
for _macro in MACROS:
    engine.execute(f"CREATE MACRO {_macro}")


def parse(kind: str, text: str | None) -> Any:
    """Read one cell of text as a column of that kind."""
    row = engine.execute(f"SELECT as_{kind}(CAST(? AS VARCHAR))", [text]).fetchone()
    assert row is not None
    return row[0]


def parse_all(kind: str, texts: Iterable[str]) -> list[Any]:
    """Read many cells at once: binding the macros costs more than running them."""
    rows = engine.execute(
        f"SELECT as_{kind}(t) FROM (SELECT UNNEST(CAST(? AS VARCHAR[])) AS t)",
        [list(texts)],
    ).fetchall()
    return [row[0] for row in rows]


def take(kind: str, physical: str, value: str) -> tuple[Any, bool]:
    """Read one cell of a delivered column of that DuckDB type: its value, and whether it was delivered empty."""
    sql = write_typed_cell(Column("x", kind), physical)
    row = engine.execute(
        f'SELECT {sql.value}, {sql.empty or "FALSE"} FROM (SELECT CAST({value} AS {physical}) AS "x") AS raw'
    ).fetchone()
    assert row is not None
    return row[0], row[1]
