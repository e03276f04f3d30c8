"""What a table is made of, one step back, and the columns that a table has."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from pipelines.catalogue.spec import Spec, TableName, load_room_specs
from pipelines.catalogue.tables import find_table

CARRY_MONTHS = 13


@dataclass(frozen=True, order=True)
class ColumnName:
    """A column of a table, of this month or (by the table's era) of an earlier one."""

    table: TableName
    column: str


Columns = set[ColumnName]


@dataclass
class Origin:
    """What a table is made of: each column's sources, and what decides which rows there are."""

    columns: dict[str, Columns] = field(default_factory=dict)
    rows: Columns = field(default_factory=set)

    def all(self) -> Columns:
        """Return every column the table depends on."""
        return self.rows.union(*self.columns.values())


# -- the columns a table has -----------------------------------------------------------------------


@cache
def list_table_columns(table: str) -> tuple[str, ...]:
    """Return a table's columns: its SELECT's, else those it declares; none where nobody does."""
    spec = find_spec(table)
    if spec is None:
        declared = find_table(table)
        if declared:
            return tuple(declared.types)
        return ()

    if spec.meta.get("carry"):
        return list_carried_columns(spec)
    return spec.column_names


def find_spec(table: str) -> Spec | None:
    """Return the SQL file that makes a table; None where none does."""
    room = table.partition("_")[0]
    for spec in load_room_specs(room):
        if spec.table == table:
            return spec
    return None


def list_carried_columns(spec: Spec) -> tuple[str, ...]:
    """Return a carried history's columns: key, latest values, each measure of m, m-1, … m-12."""
    carry = spec.meta["carry"]
    key = carry["key"]
    latest = carry["latest"]
    names = [key, "last_month", *latest]
    for measure in spec.column_names:
        if measure not in (key, *latest):
            names += [f"{measure}_{months}" for months in range(CARRY_MONTHS)]
    return tuple(names)
