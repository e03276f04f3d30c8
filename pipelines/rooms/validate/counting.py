"""The engine counts: one statement a table says how many rows break each of its rules.

`write_count` puts a rule into SQL, `write_statement` a table's rules into one SELECT that reads the
table once: conditions on a row are counted in the same scan, uniqueness and queries of their own
beside it. Which share of the rows a rule considers is what Great Expectations considers: empty
cells break no rule but the one that forbids them. A rule that says more than is known here is not
counted (None); Great Expectations runs it by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.catalogue.expectations import QUERY, Expectation
from pipelines.core.quoting import quote_name, quote_names

ELEMENTS = "elements"
IGNORES = "ignore_row_if"
# What Great Expectations calls them, of many columns and of two.
ALL_MISSING = ("all_values_are_missing", "both_values_are_missing")
ANY_MISSING = ("any_value_is_missing", "either_value_is_missing")
# A query that is one condition on the table's rows, and looks at no other rows.
_ROW_CONDITION = re.compile(
    r"\s*SELECT \* FROM \{batch\} WHERE (?P<condition>.+)", re.S
)
_OTHER_ROWS = re.compile(
    r"\b(SELECT|GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|UNION|EXCEPT|INTERSECT|OVER)\b"
    r"|\{batch\}",
    re.I,
)


@dataclass(frozen=True)
class Count:
    """How a rule is counted.

    `unexpected` and `considered` are SQL: aggregates over `delivered_<table>`, or where
    `is_apart` a whole SELECT for the unexpected rows. A query considers no rows: `considered` is
    None, and none may be found.
    """

    unexpected: str
    considered: str | None
    is_apart: bool = False


@dataclass(frozen=True)
class Counted:
    """How many rows broke a rule, of how many that it considers; `elements` are all rows.

    A rule about rows that had none to look at found nothing: `unexpected` is None. A query
    considers none.
    """

    unexpected: int | None
    considered: int | None
    elements: int

    @property
    def kept_share(self) -> float:
        """The share of the rows considered that keep the rule: 1 where there are none."""
        if not self.considered or self.unexpected is None:
            return 1.0
        return (self.considered - self.unexpected) / self.considered


def write_count(rule: Expectation) -> Count | None:
    """Put a rule into SQL that counts the rows that break it; None where it says more."""
    writer, known = _WRITERS.get(rule.type, (None, frozenset()))
    if writer is None or not known.issuperset(rule.kwargs):
        return None
    if rule.kwargs.get(IGNORES, ALL_MISSING[0]) not in ALL_MISSING + ANY_MISSING:
        return None
    return writer(rule)


def write_statement(table: str, counts: Sequence[Count]) -> str:
    """Return one SELECT that counts all rules: `u0, c0, u1, …`, and all rows as `elements`."""
    scanned = [f"COUNT(*) AS {ELEMENTS}"]
    apart = []
    for number, count in enumerate(counts):
        if count.is_apart:
            apart.append(f"({count.unexpected}) AS u{number}")
        else:
            scanned.append(f"{count.unexpected} AS u{number}")
        if count.considered is not None:
            scanned.append(f"{count.considered} AS c{number}")
    scan = f"(SELECT {', '.join(scanned)} FROM delivered_{table}) AS scanned"
    return f"SELECT {', '.join(['scanned.*', *apart])} FROM {scan}"


def read_counted(row: Mapping[str, object], number: int, count: Count) -> Counted:
    """Read what a statement counted of its rule of that number.

    Raise ValueError for counts that cannot be: a check must not pass on them.
    """
    unexpected = row[f"u{number}"]
    elements = row[ELEMENTS]
    if not isinstance(elements, int):
        raise ValueError(f"counted {elements} rows")
    if count.considered is None:
        if not isinstance(unexpected, int) or unexpected < 0:
            raise ValueError(f"counted {unexpected} rows")
        return Counted(unexpected, None, elements)

    considered = row[f"c{number}"]
    if not isinstance(considered, int) or not 0 <= considered <= elements:
        raise ValueError(f"considered {considered} of {elements} rows")
    if unexpected is None:
        return Counted(None, considered, elements)
    if not isinstance(unexpected, int) or not 0 <= unexpected <= considered:
        raise ValueError(f"counted {unexpected} of {considered} rows")
    return Counted(unexpected, considered, elements)


# -- one writer a type of rule ---------------------------------------------------------------------


def _count_nulls(rule: Expectation) -> Count:
    column = quote_name(rule.kwargs["column"])
    return Count(_sum_rows(f"{column} IS NULL"), "COUNT(*)")


def _count_outside_limits(rule: Expectation) -> Count:
    column = quote_name(rule.kwargs["column"])
    return Count(_sum_rows(rule.bad_row()), f"COUNT({column})")


def _count_wrong_pairs(rule: Expectation) -> Count:
    ignored = _ignored_row(rule, (rule.kwargs["column_A"], rule.kwargs["column_B"]))
    considered = f"NOT ({ignored})"
    unexpected = f"({rule.bad_row()}) AND {considered}"
    return Count(_count_where(unexpected), _count_where(considered))


def _count_repeats(rule: Expectation) -> Count:
    """What has a whole key that is not its alone."""
    columns = rule.kwargs.get("column_list") or [rule.kwargs["column"]]
    names = quote_names(columns)
    whole = " AND ".join(f"{quote_name(name)} IS NOT NULL" for name in columns)
    groups = (
        f"SELECT COUNT(*) AS n FROM delivered_{rule.table} WHERE {whole} "
        f"GROUP BY {names} HAVING COUNT(*) > 1"
    )
    repeats = f"SELECT COALESCE(SUM(n), 0) FROM ({groups})"
    ignored = _ignored_row(rule, columns)
    return Count(repeats, _count_where(f"NOT ({ignored})"), is_apart=True)


def _count_query(rule: Expectation) -> Count:
    query = str(rule.kwargs[QUERY])
    found = _ROW_CONDITION.fullmatch(query)
    if found and not _OTHER_ROWS.search(found["condition"]):
        return Count(_count_where(found["condition"]), None)
    return Count(f"SELECT COUNT(*) FROM ({rule.offending()})", None, is_apart=True)


def _sum_rows(condition: str) -> str:
    """Count rows as Great Expectations does: nothing, where there is no row to look at."""
    return f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def _count_where(condition: str) -> str:
    return f"COUNT(*) FILTER (WHERE {condition})"


def _ignored_row(rule: Expectation, columns: Sequence[str]) -> str:
    """The condition of a row that the rule does not consider: its cells are empty."""
    missing = [f"{quote_name(name)} IS NULL" for name in columns]
    joint = " OR " if rule.kwargs.get(IGNORES) in ANY_MISSING else " AND "
    return joint.join(missing)


_WRITERS = {
    "expect_column_values_to_not_be_null": (
        _count_nulls,
        frozenset({"column", "mostly"}),
    ),
    "expect_column_values_to_be_between": (
        _count_outside_limits,
        frozenset({"column", "min_value", "max_value", "mostly"}),
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": (
        _count_wrong_pairs,
        frozenset({"column_A", "column_B", "or_equal", IGNORES, "mostly"}),
    ),
    "expect_column_values_to_be_unique": (
        _count_repeats,
        frozenset({"column", "mostly"}),
    ),
    "expect_compound_columns_to_be_unique": (
        _count_repeats,
        frozenset({"column_list", IGNORES, "mostly"}),
    ),
    "unexpected_rows_expectation": (_count_query, frozenset({QUERY})),
}
