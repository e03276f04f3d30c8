"""Before a month begins every rule of the gate is asked of empty tables: one may not be askable."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import duckdb

from pipelines.catalogue.expectations import QUERY, Expectation, load_suites
from pipelines.catalogue.facts import recall_fact
from pipelines.catalogue.spec import load_named_specs
from pipelines.catalogue.tables import load_tables
from pipelines.core.contract import load_contract
from pipelines.core.errors import Phrase, SpecError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS
from pipelines.core.quoting import quote_name
from pipelines.core.written import read_written

ANY_MONTH = Month(2026, 1)


@cache
def check_rules(gate_file: Path | None) -> None:
    """Ask every rule that is a query.

    Raise SpecError with file and line for the first one that names what no table has, or is no
    SELECT.
    """
    suites = load_suites(ANY_MONTH, gate_file)
    asked = []
    for suite in suites.values():
        for place, rule in enumerate(suite):
            if _can_be_asked(rule):
                asked.append((place, rule))
    # What can be asked of the same empty tables once can be asked of them again.
    queries = [rule.offending() for _, rule in asked]
    recall_fact("askable", [write_empty_tables(), queries], lambda: _ask_rules(asked))


def _can_be_asked(rule: Expectation) -> bool:
    """Whether a rule is a query on what there are empty tables of.

    The snapshot's books are made of the month: there are none of them.
    """
    query = str(rule.kwargs.get(QUERY, ""))
    books = {spec.table for spec in load_named_specs("validate").values()}
    return bool(query) and not any(book in query for book in books)


def _ask_rules(asked: Sequence[tuple[int, Expectation]]) -> bool:
    """Ask every rule, given with its place in its file; say that all can be asked."""
    with duckdb.connect() as connection:
        make_empty_tables(connection)
        for place, rule in asked:
            _ask_rule(connection, rule, place)
    return True


def make_empty_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make what a rule's query may read, without rows.

    That is `delivered_<table>` and `previous_<table>` of every delivered table, and the `intake`.
    """
    for statement in write_empty_tables():
        connection.execute(statement)


def write_empty_tables() -> list[str]:
    """Return the statements that make them."""
    statements = []
    for table in load_contract():
        columns = _write_columns(f"snapshot_{table}")
        statements.append(f"CREATE TABLE delivered_{table} ({columns})")
        statements.append(f"CREATE TABLE previous_{table} ({columns})")

    columns = _write_columns("snapshot_intake")
    statements.append(f"CREATE TABLE intake ({columns})")
    return statements


def _write_columns(table: str) -> str:
    """The columns of a table as CREATE TABLE names them."""
    types = load_tables()[table].types
    return ", ".join(f"{quote_name(name)} {kind}" for name, kind in types.items())


def _ask_rule(
    connection: duckdb.DuckDBPyConnection, rule: Expectation, place: int
) -> None:
    """Have a rule's query planned; raise SpecError where that cannot be done."""
    query = rule.offending()
    try:
        if len(connection.extract_statements(query)) != 1:
            raise _describe_bad_query(rule, place, "one SELECT")
        connection.execute(f"EXPLAIN SELECT * FROM ({query}) AS found")
    except duckdb.Error as error:
        first_line = str(error).splitlines()[0]
        raise _describe_bad_query(rule, place, first_line) from error


def _describe_bad_query(rule: Expectation, place: int, why: str) -> SpecError:
    """The error of a rule whose query cannot be asked, with its line in the file."""
    file = f"{rule.table}.yml"
    written = read_written(EXPECTATIONS / file, f"expectations/{file}")
    phrase = Phrase("written.why.no_query", {"why": why})
    return written.wrong([place, "kwargs", QUERY], phrase)
