"""The macros that read cells: an empty one is never odd, and what they are written out to stays short."""

from __future__ import annotations

import pytest

from pipelines.core.contract import Column
from pipelines.core.values import SQL_TYPES, write_plain_condition, write_typed_cell
from tests.core.parsing import engine

# A timestamp once had 7.7 million: a second to plan a statement of one column.
LONGEST = 200_000
KINDS = sorted(SQL_TYPES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_empty_cells_is_plain(kind: str) -> None:
    column = Column("x", kind, values=("a", "b"))
    condition = write_plain_condition(column, "VARCHAR")
    empty = 'SELECT CAST(NULL AS VARCHAR) AS "x"'
    assert engine.execute(f"SELECT {condition} FROM ({empty}) AS raw").fetchone() == (
        None,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_cell_is_read_by_is_planned_at_once(kind: str) -> None:
    cell = write_typed_cell(Column("x", kind, values=("a", "b")), "VARCHAR")
    engine.execute('CREATE OR REPLACE TEMP TABLE raw ("x" VARCHAR)')
    select = f"SELECT {cell.value}, {cell.empty}, {cell.form or 'NULL'} FROM raw"
    row = engine.execute(
        "SELECT length(json_serialize_plan(?, optimize := false))", [select]
    ).fetchone()
    assert row is not None
    assert row[0] < LONGEST
