"""What the table of one SQL file is made of, one step back: columns of the tables it reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from pipelines.catalogue.facts import Fact
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


# -- what they are made of -------------------------------------------------------------------------


@cache
def trace_origin(spec: Spec) -> Origin:
    """Work out what the columns and rows of one SQL file's table are made of, one step back.

    Raise SpecError for a column that no table it reads has.
    """
    # What a SELECT is made of follows from it and from the columns that its tables have.
    tables = [
        [str(name), *list_table_columns(name.name)] for name in sorted(spec.reads)
    ]
    fact = spec.recall("origin", lambda: _describe_select_origin(spec), tables)
    made = _read_origin(fact)
    if spec.meta.get("carry"):
        return _spread_over_months(spec, made)
    return made


def _describe_select_origin(spec: Spec) -> Fact:
    """What a SELECT is made of, as JSON: its sources once, and by their place in it."""
    # Imported here: with it comes the parser, which whoever remembers does without.
    from pipelines.catalogue.select_origin import trace_select

    made = trace_select(spec)
    sources = sorted(made.all())
    places = {source: place for place, source in enumerate(sources)}
    columns = []
    for name, own in made.columns.items():
        columns.append([name, sorted(places[source] for source in own)])
    return {
        "sources": [[s.table.name, s.table.era, s.column] for s in sources],
        "columns": columns,
        "rows": sorted(places[source] for source in made.rows),
    }


def _read_origin(fact: Fact) -> Origin:
    """The same again as an origin."""
    sources = [
        ColumnName(TableName(table, era), column)
        for table, era, column in fact["sources"]
    ]
    columns = {}
    for name, places in fact["columns"]:
        columns[name] = {sources[place] for place in places}
    return Origin(columns, {sources[place] for place in fact["rows"]})


def _spread_over_months(spec: Spec, made: Origin) -> Origin:
    """The origin of a carried history: each month of a measure is made of what the measure is."""
    columns = {}
    for name in list_carried_columns(spec):
        measure = name
        if name not in made.columns:
            measure = name.rsplit("_", 1)[0]
        columns[name] = made.columns.get(measure, set())
    return Origin(columns, made.rows)
