"""Rows that code makes: as a table of the month, or as a relation that a step is passed.

Types are written as DuckDB has them, here as in the declared tables:

    write_made_rows(context, "feedback_rule", rows)     in the columns, types and order declared
    make_schema(list="VARCHAR", due_on="DATE")          of a relation that no table declares
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import pyarrow as pa

from pipelines.rooms.context import Context, find_declared
from pipelines.rooms.relations import Relation, take_rows, write_rows

MadeRow = Mapping[str, object]
_DECIMAL = re.compile(r"DECIMAL\((?P<precision>\d+),(?P<scale>\d+)\)")
_ARROW_TYPES = {
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DOUBLE": pa.float64(),
    "INTEGER": pa.int32(),
    "VARCHAR": pa.string(),
}


def make_schema(**types: str) -> pa.Schema:
    """Return the schema of columns by their DuckDB types, in the order given."""
    fields = []
    for name, duckdb_type in types.items():
        field = pa.field(name, _find_arrow_type(duckdb_type))
        fields.append(field)
    return pa.schema(fields)


def _find_arrow_type(duckdb_type: str) -> pa.DataType:
    """Return the Arrow type that is written as a DuckDB type."""
    decimal = _DECIMAL.fullmatch(duckdb_type)
    if decimal is None:
        return _ARROW_TYPES[duckdb_type]
    precision = int(decimal["precision"])
    scale = int(decimal["scale"])
    return pa.decimal128(precision, scale)


@cache
def find_schema(table: str) -> pa.Schema:
    """Return the schema of a declared table."""
    declared = find_declared(table)
    return make_schema(**declared.types)


def write_made_rows(context: Context, table: str, rows: Iterable[MadeRow]) -> None:
    """Write rows as a table of the month, in its declared order.

    A column that a row does not say is NULL; what the table does not declare is left out.
    """
    declared = find_declared(table)
    schema = find_schema(table)
    made = pa.Table.from_pylist(list(rows), schema=schema)
    write_rows(context, table, made, declared.key)


def take_made_rows(
    context: Context, label: str, rows: Iterable[MadeRow], schema: pa.Schema
) -> Relation:
    """Take rows into the engine as a relation; `label` is for whoever reads a plan."""
    made = pa.Table.from_pylist(list(rows), schema=schema)
    return take_rows(context, label, made)
