"""Before a month is begun: every rule of the gate is asked of empty tables, so that one that cannot be asked is found."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import duckdb

from pipelines.catalogue.expectations import QUERY, Expectation, load_suites
from pipelines.catalogue.spec import room_specs
from pipelines.core.contract import contract, snapshot_columns
from pipelines.core.errors import Phrase, SpecError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS
from pipelines.core.quoting import quote_name
from pipelines.core.values import SQL_TYPES
from pipelines.core.written import read_written

_INTAKE = '"table" VARCHAR, state VARCHAR, rows_in BIGINT, accepted BIGINT, repeats BIGINT, quarantined BIGINT'
ANY_MONTH = Month(2026, 1)


@cache
def check_rules(gate_file: Path | None) -> None:
    """Raise SpecError with file and line for the first rule whose query names what no table has, or is no SELECT."""
    suites = load_suites(ANY_MONTH, gate_file)
    books = {spec.table for spec in room_specs("validate")}
    with duckdb.connect() as connection:
        make_empty_tables(connection)
        for suite in suites.values():
            for place, rule in enumerate(suite):
                query = str(rule.kwargs.get(QUERY, ""))
                if query and not any(book in query for book in books):
                    _ask(connection, rule, place)


def make_empty_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make what a rule's query may read, without rows: `delivered_<table>`, `previous_<table>` and the intake."""
    for table in contract():
        typed = [
            f"{quote_name(column.name)} {SQL_TYPES[column.kind]}"
            for column in snapshot_columns(table)
        ]
        columns = ", ".join(typed)
        for name in (f"delivered_{table}", f"previous_{table}"):
            connection.execute(f"CREATE TABLE {name} ({columns})")
    connection.execute(f"CREATE TABLE intake ({_INTAKE})")


def _ask(connection: duckdb.DuckDBPyConnection, rule: Expectation, place: int) -> None:
    query = rule.offending()
    try:
        if len(connection.extract_statements(query)) != 1:
            raise _wrong(rule, place, "one SELECT")
        connection.execute(f"EXPLAIN SELECT * FROM ({query}) AS found")
    except duckdb.Error as error:
        raise _wrong(rule, place, str(error).splitlines()[0]) from error


def _wrong(rule: Expectation, place: int, why: str) -> SpecError:
    written = read_written(EXPECTATIONS / f"{rule.table}.yml", f"expectations/{rule.table}.yml")
    return written.wrong([place, "kwargs", QUERY], Phrase("written.why.no_query", {"why": why}))
