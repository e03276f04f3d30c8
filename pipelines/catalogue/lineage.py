"""From an output back to the delivered columns it is made of, through every SQL file between.

A row of a table exists because of the columns in WHERE, JOIN, GROUP BY and the like, so an output
depends on those of each table it reads as well as on the columns it shows. What one SELECT is made
of, one step back, is worked out by `select_origin`; here the steps are followed to the delivered
tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from pipelines.catalogue.facts import Fact
from pipelines.catalogue.origins import (
    CARRY_MONTHS,
    ColumnName,
    Origin,
    find_spec,
    list_carried_columns,
    list_table_columns,
)
from pipelines.catalogue.spec import MADE_OF, Spec, TableName, load_room_specs

__all__ = [
    "CARRY_MONTHS",
    "HELD_MONTHS",
    "MADE_OF",
    "ColumnName",
    "Delivered",
    "Origin",
    "find_feature_columns",
    "list_carried_columns",
    "list_table_columns",
    "trace_delivered_columns",
    "trace_members",
    "trace_origin",
    "trace_sources",
    "trace_sources_of",
]

# The months remembered as held: the longest window that a KPI looks back on.
HELD_MONTHS = 24

_SCORE = "score_churn"
# The eras that are so many months before the month that names them.
_MONTHS_BACK = {"m1": 1, "m2": 2, "m3": 3, "m12": 12}


@dataclass(frozen=True, order=True)
class Delivered:
    """A delivered column, and of which month: `months` before the anchor.

    The anchor is empty for the month itself, else `prior` or `base`: the earlier month that a SQL
    file means by it.
    """

    table: str
    column: str
    months: int = 0
    anchor: str = ""


@cache
def trace_sources(
    spec: Spec, scored_by: frozenset[ColumnName] = frozenset()
) -> frozenset[Delivered]:
    """Return every delivered column, of this month and earlier ones, that a SQL file depends on.

    What a file can do without (`tolerates:`) in an earlier month is not followed there. A score
    depends on the feature columns that this month's model is shown, `scored_by`; without a model
    there is no score to depend on.
    """
    follower = _Follower(scored_by)
    follower.follow_columns(spec, trace_origin(spec).all(), _THIS_MONTH)
    return frozenset(follower.found)


@cache
def trace_members(
    spec: Spec, scored_by: frozenset[ColumnName] = frozenset()
) -> frozenset[Delivered]:
    """Return the same as far as it decides which rows there are: who is on a list."""
    follower = _Follower(scored_by)
    follower.follow_columns(spec, trace_origin(spec).rows, _THIS_MONTH)
    return frozenset(follower.found)


def trace_sources_of(table: str) -> frozenset[Delivered]:
    """Return the same for a table by its name; raise LookupError where no SQL file makes it."""
    return trace_sources(_require_spec(table))


def find_feature_columns(names: frozenset[str]) -> frozenset[ColumnName]:
    """Find the columns of those names among the feature groups that a model may be shown."""
    found = set()
    for group in load_room_specs("features"):
        for name in group.meta.get("model") or ():
            if name in names:
                found.add(ColumnName(TableName(group.table), name))
    return frozenset(found)


@cache
def trace_delivered_columns(spec: Spec) -> frozenset[ColumnName]:
    """Return every delivered column of this month that the SQL file's output depends on."""
    found = set()
    for source in trace_sources(spec):
        if not source.months and not source.anchor:
            found.add(ColumnName(TableName(source.table), source.column))
    return frozenset(found)


def _require_spec(table: str) -> Spec:
    """The SQL file that makes a table; raise LookupError where none does."""
    spec = find_spec(table)
    if spec is None:
        raise LookupError(table)
    return spec


# -- step by step ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _When:
    """The month that a column is of: so many `months` before an anchor, as `Delivered` says it."""

    anchor: str = ""
    months: int = 0

    def shift_to(self, era: str) -> _When:
        """Return the month that an era means here; one within another era is not told apart."""
        if era in _MONTHS_BACK:
            return self.shift_back(_MONTHS_BACK[era])
        if era and not self.anchor:
            return _When(era)
        return self

    def shift_back(self, months: int) -> _When:
        """Return the month that many months earlier."""
        return _When(self.anchor, self.months + months)


_THIS_MONTH = _When()


@dataclass
class _Follower:
    """Walks from columns to the delivered ones behind them, each once, and collects them."""

    scored_by: frozenset[ColumnName]
    found: set[Delivered] = field(default_factory=set)
    seen: set[tuple[ColumnName, _When]] = field(default_factory=set)

    def follow_columns(
        self, reader: Spec, columns: set[ColumnName], when: _When
    ) -> None:
        """Follow the columns that a file reads, as it is of that month."""
        for column in columns:
            if _is_tolerated(reader, column.table):
                continue
            then = when.shift_to(column.table.era)
            if (column, then) in self.seen or then.months >= CARRY_MONTHS:
                continue
            self.seen.add((column, then))
            self._follow_column(reader, column, then)

    def _follow_column(self, reader: Spec, column: ColumnName, then: _When) -> None:
        """Follow a column to what it is made of; a delivered one is found."""
        table = column.table
        if table.room == "snapshot":
            self.found.add(
                Delivered(table.name, column.column, then.months, then.anchor)
            )
            return

        if table.name in MADE_OF:
            made_of = _require_spec(MADE_OF[table.name])
            self.follow_columns(made_of, trace_origin(made_of).all(), then)

        if table.name == _SCORE:
            self.follow_columns(reader, set(self.scored_by), then)

        spec = find_spec(table.name)
        if spec is None:
            return

        made = trace_origin(spec)
        behind = made.columns.get(column.column, set()) | made.rows
        carried_for = _count_carried_months(spec, column.column)
        self.follow_columns(spec, behind, then.shift_back(carried_for))


def _is_tolerated(reader: Spec, table: TableName) -> bool:
    """Whether a file can do without a table of an earlier month."""
    if not table.era:
        return False
    names = {str(table), f"{table.era}.*"}
    return not reader.tolerates.isdisjoint(names)


def _count_carried_months(spec: Spec, column: str) -> int:
    """How many months ago the value of a carried column was delivered; 0 for any other column."""
    carry = spec.meta.get("carry")
    if not carry or column in (carry["key"], *carry["latest"]):
        return 0
    months = column.rsplit("_", 1)[-1]
    if months.isdigit():
        return int(months)
    return 0


# -- one step back ---------------------------------------------------------------------------------


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
