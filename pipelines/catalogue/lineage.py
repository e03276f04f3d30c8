"""From an output back to the delivered columns it is made of, through every SQL file between.

A row of a table exists because of the columns in WHERE, JOIN, GROUP BY and the like, so an output depends on those
of each table it reads as well as on the columns it shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import cast

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from pipelines.catalogue.spec import Spec, TableName, room_specs
from pipelines.catalogue.tables import find_table, tables_of_code
from pipelines.core.contract import contract, snapshot_columns
from pipelines.core.errors import SpecError

CARRY_MONTHS = 13
HELD_MONTHS = 24  # the months remembered as held: the longest window that a KPI looks back on


@dataclass(frozen=True, order=True)
class ColumnName:
    """A column of a table, of this month or (by the table's era) of an earlier one."""

    table: TableName
    column: str


@dataclass
class Origin:
    """What a table is made of: each column's sources, and those that decide which rows there are."""

    columns: dict[str, set[ColumnName]] = field(default_factory=dict)
    rows: set[ColumnName] = field(default_factory=set)

    def all(self) -> set[ColumnName]:
        """Every column the table depends on."""
        return self.rows.union(*self.columns.values())


@cache
def table_columns(table: str) -> tuple[str, ...]:
    """The column names of a snapshot table or of a table written by a SQL file."""
    room, _, name = table.partition("_")
    if room == "snapshot" and name in contract():
        return tuple(c.name for c in snapshot_columns(name))
    spec = next((s for s in room_specs(room) if s.table == table), None)
    if spec is None:
        declared = find_table(table)
        return tuple(declared.types) if declared else ()
    carry = spec.meta.get("carry")
    return carried_columns(spec) if carry else tuple(spec.tree.named_selects)


EXTRA_COLUMNS = tables_of_code()  # until who asks for it asks the catalogue

# Of tables that a room's own code makes of a SQL file's table: which.
MADE_OF = {"feedback_effect": "feedback_arm"}


def _spec_of(table: str) -> Spec:
    return next(s for s in room_specs(table.split("_", 1)[0]) if s.table == table)


def carried_columns(spec: Spec) -> tuple[str, ...]:
    """The columns of a carried history: key, latest values, then each measure of m, m-1, ... m-12."""
    carry = spec.meta["carry"]
    fixed = [carry["key"], "last_month", *carry["latest"]]
    measures = [c for c in spec.tree.named_selects if c not in (carry["key"], *carry["latest"])]
    return (*fixed, *(f"{m}_{i}" for m in measures for i in range(CARRY_MONTHS)))


@cache
def origin(spec: Spec) -> Origin:
    """Work out what the columns and rows of one SQL file's table are made of, one step back.

    Raise SpecError for a column that no table it reads has.
    """
    tree = spec.tree
    schema: dict[str, object] = {}
    for table in tree.find_all(exp.Table):
        if table.db:
            table.set("this", exp.to_identifier(f"{table.db}__{table.name}"))
            table.set("db", None)
    for name in spec.reads:
        flat = f"{name.era}__{name.name}" if name.era else name.name
        schema[flat] = dict.fromkeys(table_columns(name.name), "VARCHAR")
    try:
        qualified = qualify(
            tree,
            schema=schema,
            dialect="duckdb",
            quote_identifiers=False,
            validate_qualify_columns=True,
        )
    except SqlglotError as error:
        raise _bad_column(spec, str(error).splitlines()[0]) from error
    scope = build_scope(qualified)
    assert scope is not None
    made = _of_scope(scope, {})
    return _of_carry(spec, made) if spec.meta.get("carry") else made


def _bad_column(spec: Spec, why: str) -> SpecError:
    """The error of a SELECT that names what none of its tables has: the first such name, and its line."""
    known = {column for table in spec.reads for column in table_columns(table.name)}
    columns = list(spec.tree.find_all(exp.Column))
    named = next((column for column in columns if column.name in re.findall(r"\w+", why)), None)
    suspect = named or next((column for column in columns if column.name not in known), None)
    if suspect is None:
        return SpecError("spec.unresolved", where=spec.where, line=spec.sql_line, why=why)
    line = spec.sql_line + int(suspect.this.meta.get("line", 1)) - 1
    near = get_close_matches(suspect.name, known, n=3)
    return SpecError(
        "spec.unknown_column",
        where=spec.where,
        line=line,
        column=suspect.sql(),
        near=", ".join(near) or "–",
    )


def _of_carry(spec: Spec, made: Origin) -> Origin:
    columns = {}
    for name in carried_columns(spec):
        stem = name.rsplit("_", 1)[0] if name not in made.columns else name
        columns[name] = made.columns.get(stem, set())
    return Origin(columns, made.rows)


def _of_scope(scope: Scope, known: dict[int, Origin]) -> Origin:
    """Work out a query's origin; `known` are those worked out: a CTE read by many others would be so many times again."""
    if id(scope) not in known:
        parts = scope.set_operation_scopes
        known[id(scope)] = (
            _of_union([_of_scope(part, known) for part in parts])
            if parts
            else _of_select(scope, known)
        )
    return known[id(scope)]


def _of_select(scope: Scope, known: dict[int, Origin]) -> Origin:
    select = cast(exp.Select, scope.expression)
    queries = {
        alias: source for alias, source in scope.sources.items() if isinstance(source, Scope)
    }
    inner = {alias: _of_scope(source, known) for alias, source in queries.items()}
    made = Origin()
    for projection in select.selects:
        made.columns[projection.alias_or_name] = _of_expression(projection, scope, inner)
    shown = {id(c) for p in select.selects for c in p.find_all(exp.Column)}
    for column in scope.columns:
        if id(column) not in shown:
            made.rows |= _of_column(column, scope, inner)
    made.rows |= _rows_alone(scope)
    subqueries = [_of_scope(sub, known) for sub in scope.subquery_scopes]
    for part in (*inner.values(), *subqueries):
        made.rows |= part.rows
    for sub in subqueries:
        made.rows |= sub.all()
    return made


def _rows_alone(scope: Scope) -> set[ColumnName]:
    """Tables none of whose columns are named: counted or crossed, they matter by their rows."""
    named = {column.table for column in scope.columns}
    tables = {
        alias: source for alias, source in scope.sources.items() if isinstance(source, exp.Table)
    }
    return {
        ColumnName(_table_name(source), "*")
        for alias, source in tables.items()
        if alias not in named
    }


def _table_name(source: exp.Table) -> TableName:
    era, _, name = source.name.rpartition("__")
    return TableName(name, era)


def _of_union(parts: list[Origin]) -> Origin:
    made = Origin(rows=set().union(*(p.rows for p in parts)))
    for position, name in enumerate(parts[0].columns):
        made.columns[name] = set().union(*(list(p.columns.values())[position] for p in parts))
    return made


def _of_expression(expression: exp.Expr, scope: Scope, inner: dict[str, Origin]) -> set[ColumnName]:
    return set().union(
        *(_of_column(c, scope, inner) for c in expression.find_all(exp.Column)), set()
    )


def _of_column(column: exp.Column, scope: Scope, inner: dict[str, Origin]) -> set[ColumnName]:
    source = scope.sources.get(column.table)
    if column.table in inner:
        return inner[column.table].columns.get(column.name, set())
    if isinstance(source, exp.Table):
        return {ColumnName(_table_name(source), column.name)}
    return set()


@dataclass(frozen=True, order=True)
class Delivered:
    """A delivered column, and of which month: `months` before the anchor.

    The anchor is empty for the month itself, else `prior` or `base`: the earlier month a SQL file means by it.
    """

    table: str
    column: str
    months: int = 0
    anchor: str = ""


@cache
def sources(spec: Spec, scored_by: frozenset[ColumnName] = frozenset()) -> frozenset[Delivered]:
    """Every delivered column, of this month and of earlier ones, that the SQL file's output depends on.

    What a file can do without (`tolerates:`) in an earlier month is not followed there. A score depends on the feature
    columns that this month's model is shown, `scored_by`; without a model there is no score to depend on.
    """
    found: set[Delivered] = set()
    _Follower(found, scored_by).follow(spec, origin(spec).all(), ("", 0))
    return frozenset(found)


def sources_of(table: str) -> frozenset[Delivered]:
    """The same for a table by its name."""
    return sources(_spec_of(table))


def feature_columns(names: frozenset[str]) -> frozenset[ColumnName]:
    """Find the columns of those names among the feature groups that a model may be shown."""
    groups = [spec for spec in room_specs("features") if "model" in spec.meta]
    return frozenset(
        ColumnName(TableName(g.table), name)
        for g in groups
        for name in g.meta["model"]
        if name in names
    )


@cache
def delivered(spec: Spec) -> frozenset[ColumnName]:
    """Every delivered column of this month that the SQL file's output depends on."""
    return frozenset(
        ColumnName(TableName(s.table), s.column)
        for s in sources(spec)
        if not s.months and not s.anchor
    )


When = tuple[str, int]


@dataclass
class _Follower:
    """Walks from columns to the delivered ones behind them, each once."""

    found: set[Delivered]
    scored_by: frozenset[ColumnName]
    seen: set[tuple[ColumnName, When]] = field(default_factory=set)

    def follow(self, reader: Spec, columns: set[ColumnName], when: When) -> None:
        for column in columns:
            if column.table.era and {str(column.table), f"{column.table.era}.*"} & reader.tolerates:
                continue
            then = _shift(when, column.table.era)
            if (column, then) in self.seen or then[1] >= CARRY_MONTHS:
                continue
            self.seen.add((column, then))
            self._step(reader, column, then)

    def _step(self, reader: Spec, column: ColumnName, then: When) -> None:
        if column.table.room == "snapshot":
            self.found.add(Delivered(column.table.name, column.column, then[1], then[0]))
            return
        if column.table.name in MADE_OF:
            made_of = _spec_of(MADE_OF[column.table.name])
            self.follow(made_of, origin(made_of).all(), then)
        if column.table.name == "score_churn":
            self.follow(reader, set(self.scored_by), then)
        spec = next(
            (s for s in room_specs(column.table.room) if s.table == column.table.name), None
        )
        if spec is not None:
            made, ago = origin(spec), _carried_for(spec, column.column)
            self.follow(
                spec, made.columns.get(column.column, set()) | made.rows, (then[0], then[1] + ago)
            )


def _shift(when: When, era: str) -> When:
    """From a month to the one that an era means there; an era within another one is not told apart from it."""
    anchor, months = when
    if era in ("m1", "m2", "m3", "m12"):
        return anchor, months + int(era[1:])
    return (era, 0) if era and not anchor else when


def _carried_for(spec: Spec, column: str) -> int:
    """How many months ago the value of a carried column was delivered."""
    ago = column.rsplit("_", 1)[-1]
    is_carried = spec.meta.get("carry") and column not in (
        spec.meta["carry"]["key"],
        *spec.meta["carry"]["latest"],
    )
    return int(ago) if is_carried and ago.isdigit() else 0
