"""What one SELECT is made of: each of its columns and tables, followed through its own queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import cast

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from pipelines.catalogue.origins import (
    ColumnName,
    Columns,
    Origin,
    list_table_columns,
)
from pipelines.catalogue.spec import Spec, TableName
from pipelines.core.errors import SpecError

# Stands between era and name where sqlglot must not take the era for a schema.
_BETWEEN = "__"


def trace_select(spec: Spec) -> Origin:
    """Work out what a file's SELECT is made of.

    Raise SpecError for a column that no table it reads has.
    """
    scope = build_scope(qualify_names(spec))
    assert scope is not None
    return _trace_scope(scope, {})


def qualify_names(spec: Spec) -> exp.Expr:
    """Return the file's SELECT with every column named by its table; eras become part of names."""
    tree = spec.tree
    for table in tree.find_all(exp.Table):
        if table.db:
            flat_name = flatten_name(TableName(table.name, table.db))
            table.set("this", exp.to_identifier(flat_name))
            table.set("db", None)

    schema: dict[str, object] = {}
    for name in spec.reads:
        columns = list_table_columns(name.name)
        # Which types they have does not matter to where they come from.
        schema[flatten_name(name)] = dict.fromkeys(columns, "VARCHAR")

    try:
        return qualify(
            tree,
            schema=schema,
            dialect="duckdb",
            quote_identifiers=False,
            validate_qualify_columns=True,
        )
    except SqlglotError as error:
        first_line = str(error).splitlines()[0]
        raise _describe_bad_column(spec, first_line) from error


def flatten_name(table: TableName) -> str:
    """A table's name as sqlglot is given it: its era is a part of it."""
    if table.era:
        return f"{table.era}{_BETWEEN}{table.name}"
    return table.name


def _read_table_name(source: exp.Table) -> TableName:
    """The name again that was flattened."""
    era, _, name = source.name.rpartition(_BETWEEN)
    return TableName(name, era)


def _describe_bad_column(spec: Spec, why: str) -> SpecError:
    """The error of a SELECT that names what none of its tables has: the first such name."""
    where = spec.where
    first_line = spec.sql_line
    known: set[str] = set()
    for table in spec.reads:
        known.update(list_table_columns(table.name))

    suspect = _find_suspect(spec, why, known)
    if suspect is None:
        return SpecError("spec.unresolved", where=where, line=first_line, why=why)

    line_in_sql = int(suspect.this.meta.get("line", 1))
    near = get_close_matches(suspect.name, known, n=3)
    return SpecError(
        "spec.unknown_column",
        where=where,
        line=first_line + line_in_sql - 1,
        column=suspect.sql(),
        near=", ".join(near) or "–",
    )


def _find_suspect(spec: Spec, why: str, known: set[str]) -> exp.Column | None:
    """The first column that sqlglot's words name, else the first that nobody knows."""
    columns = list(spec.find_parts(exp.Column))
    named = re.findall(r"\w+", why)
    for column in columns:
        if column.name in named:
            return column

    for column in columns:
        if column.name not in known:
            return column

    return None


def _trace_scope(scope: Scope, known: dict[int, Origin]) -> Origin:
    """Work out a query's origin; `known` are those worked out, for a CTE may be read many times."""
    if id(scope) not in known:
        known[id(scope)] = _trace_query(scope, known)
    return known[id(scope)]


def _trace_query(scope: Scope, known: dict[int, Origin]) -> Origin:
    """The origin of a SELECT, or of the parts of a UNION."""
    parts = [_trace_scope(part, known) for part in scope.set_operation_scopes]
    if parts:
        return _unite_origins(parts)
    return _trace_select(scope, known)


def _trace_select(scope: Scope, known: dict[int, Origin]) -> Origin:
    """The origin of one SELECT: what its columns name, and all else that it names anywhere."""
    select = cast(exp.Select, scope.expression)
    inner = {}
    for alias, source in scope.sources.items():
        if isinstance(source, Scope):
            inner[alias] = _trace_scope(source, known)

    made = Origin()
    for projection in select.selects:
        columns = projection.find_all(exp.Column)
        made.columns[projection.alias_or_name] = _trace_columns(columns, scope, inner)

    hidden = _find_hidden_columns(scope, select)
    made.rows |= _trace_columns(hidden, scope, inner)
    made.rows |= _find_tables_of_rows(scope)

    for part in inner.values():
        made.rows |= part.rows
    for subquery in scope.subquery_scopes:
        asked = _trace_scope(subquery, known)
        made.rows |= asked.all()
    return made


def _find_hidden_columns(scope: Scope, select: exp.Select) -> list[exp.Column]:
    """The columns that a SELECT names anywhere but in what it shows."""
    # By identity: the same column may be named in both places.
    shown: set[int] = set()
    for projection in select.selects:
        shown.update(id(column) for column in projection.find_all(exp.Column))

    return [column for column in scope.columns if id(column) not in shown]


def _find_tables_of_rows(scope: Scope) -> Columns:
    """Tables none of whose columns are named: counted or crossed, they matter by their rows."""
    named = {column.table for column in scope.columns}
    found = set()
    for alias, source in scope.sources.items():
        if isinstance(source, exp.Table) and alias not in named:
            found.add(ColumnName(_read_table_name(source), "*"))
    return found


def _unite_origins(parts: list[Origin]) -> Origin:
    """The origin of a UNION: columns belong together by position, as the first part names them."""
    made = Origin()
    for part in parts:
        made.rows |= part.rows

    sources_by_part = [list(part.columns.values()) for part in parts]
    for position, name in enumerate(parts[0].columns):
        sources = [of_part[position] for of_part in sources_by_part]
        made.columns[name] = set().union(*sources)
    return made


def _trace_columns(
    columns: Iterable[exp.Column], scope: Scope, inner: Mapping[str, Origin]
) -> Columns:
    """What columns of a SELECT are made of; `inner` are the origins of its queries by alias."""
    found: Columns = set()
    for column in columns:
        found |= _trace_column(column, scope, inner)
    return found


def _trace_column(
    column: exp.Column, scope: Scope, inner: Mapping[str, Origin]
) -> Columns:
    """What one column of a SELECT is made of; nothing where it is of no table."""
    if column.table in inner:
        made = inner[column.table]
        return made.columns.get(column.name, set())
    source = scope.sources.get(column.table)
    if isinstance(source, exp.Table):
        return {ColumnName(_read_table_name(source), column.name)}
    return set()
