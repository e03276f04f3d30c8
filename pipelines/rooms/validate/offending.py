"""What a failed rule was broken by: the values seen most, and how many rows have each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from pipelines.catalogue.expectations import QUERY, Expectation
from pipelines.core.quoting import quote_names, quote_text
from pipelines.text.rules import NOTHING, show_value

MOST = 5
NOT_NULL = "expect_column_values_to_not_be_null"
SCHEMA = pa.schema(
    [
        ("finding", pa.string()),
        ("n", pa.int32()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("rule", pa.string()),
        ("row_count", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Offending:
    """A value that breaks a rule, masked if it tells who somebody is, and its rows.

    `rule` is what set the rows aside, where the rule is about how many were set aside.
    """

    column: str
    value: str
    rows: int
    rule: str | None = None


def find_offending(
    connection: duckdb.DuckDBPyConnection, about: Expectation, unexpected: int | None
) -> tuple[Offending, ...]:
    """Find the values that break a rule, those of most rows first.

    None where it is about no column's values.
    """
    if about.type == NOT_NULL:
        return _unreadable(connection, about, unexpected or 0)
    if "intake" in str(about.kwargs.get(QUERY, "")):
        return _set_aside(connection, about.table)
    if not about.columns:
        return ()
    names = quote_names(about.columns)
    found = connection.execute(
        f"SELECT {names}, COUNT(*) AS row_count FROM ({about.offending()}) AS found "
        f"GROUP BY {names} ORDER BY row_count DESC, {names} LIMIT {MOST}"
    ).fetchall()
    return tuple(_of_values(about, list(row[:-1]), int(row[-1])) for row in found)


def _of_values(about: Expectation, values: Sequence[object], rows: int) -> Offending:
    shown = [
        show_value(about.table, name, value)
        for name, value in zip(about.columns, values, strict=True)
    ]
    return Offending(", ".join(about.columns), " / ".join(shown), rows)


def _unreadable(
    connection: duckdb.DuckDBPyConnection, about: Expectation, unexpected: int
) -> tuple[Offending, ...]:
    """What stood where nothing could be read, and the cells that were empty."""
    column = about.columns[0]
    found = connection.execute(
        "SELECT value, COUNT(*) AS row_count FROM quarantine "
        f'WHERE "table" = {quote_text(about.table)} AND "column" = {quote_text(column)} '
        "AND starts_with(rule, 'not_a_') "
        f"GROUP BY value ORDER BY row_count DESC, value LIMIT {MOST}"
    ).fetchall()
    seen = [
        Offending(column, show_value(about.table, column, value), int(rows))
        for value, rows in found
    ]
    empty = unexpected - sum(one.rows for one in seen)
    if empty > 0 and len(found) < MOST:
        seen.append(Offending(column, NOTHING, empty))
    return tuple(seen)


def _set_aside(
    connection: duckdb.DuckDBPyConnection, table: str
) -> tuple[Offending, ...]:
    """What most rows of a table were set aside for."""
    found = connection.execute(
        'SELECT "column", value, rule, COUNT(*) AS row_count FROM quarantine '
        f'WHERE "table" = {quote_text(table)} GROUP BY "column", value, rule '
        f'ORDER BY row_count DESC, "column", value, rule LIMIT {MOST}'
    ).fetchall()
    return tuple(
        Offending(column or NOTHING, show_value(table, column, value), int(rows), rule)
        for column, value, rule, rows in found
    )


def offending_rows(
    finding: str, values: Sequence[Offending]
) -> Iterator[dict[str, object]]:
    """The rows of `validate_offending` of one finding."""
    for number, one in enumerate(values, start=1):
        yield {
            "finding": finding,
            "n": number,
            "column": one.column,
            "value": one.value,
            "rule": one.rule,
            "row_count": one.rows,
        }
