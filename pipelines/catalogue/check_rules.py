"""Before a month begins every rule of the gate is asked of empty tables: one may not be askable."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import duckdb

from pipelines.catalogue.expectations import QUERY, Expectation, load_suites
from pipelines.catalogue.spec import load_room_specs
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
    books = {spec.table for spec in load_room_specs("validate")}
    with duckdb.connect() as connection:
        make_empty_tables(connection)
        for suite in suites.values():
            for place, rule in enumerate(suite):
                query = str(rule.kwargs.get(QUERY, ""))
                # The snapshot's books are made of the month: there are no empty ones.
                reads_a_book = any(book in query for book in books)
                if query and not reads_a_book:
                    _ask_rule(connection, rule, place)


def make_empty_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make what a rule's query may read, without rows.

    That is `delivered_<table>` and `previous_<table>` of every delivered table, and the `intake`.
    """
    for table in load_contract():
        columns = _write_columns(f"snapshot_{table}")
        connection.execute(f"CREATE TABLE delivered_{table} ({columns})")
        connection.execute(f"CREATE TABLE previous_{table} ({columns})")

    columns = _write_columns("snapshot_intake")
    connection.execute(f"CREATE TABLE intake ({columns})")


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
