"""Setting rows aside.

What breaks a row rule, belongs to nobody, repeats a row or contradicts another of its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.catalogue.expectations import load_suite
from pipelines.core.contract import Table
from pipelines.core.quoting import quote_name, quote_names, quote_text
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, drop_relation, keep_result

# People leave and still owe: these are accepted of whom any earlier month held has known.
_OUTLIVING = ("receivable", "adjustment", "payment")


class RowRule(NamedTuple):
    """A rule that a row is set aside by: its name, its first column, the SQL of a row it takes."""

    name: str
    column: str
    takes: str


def set_rows_aside(context: Context, table: Table, typed: Relation) -> None:
    """Mark the typed rows that are not accepted, each with the first rule that takes it."""
    rules = [*_list_row_rules(context, table), *_find_lost_zeros(context, table, typed)]
    _mark_rows(context, typed, rules)
    _mark_repeats(context, table, typed)
    for rule in _list_unknown_owners(context, table):
        # One at a time: each looks every row up in a table as large as the base.
        _mark_rows(context, typed, [rule])


def _mark_rows(context: Context, typed: Relation, rules: Sequence[RowRule]) -> None:
    """Mark in one statement the rows that rules take, each with the first of them."""
    if not rules:
        return
    takes = [f"({rule.takes})" for rule in rules]
    names, columns, values = [], [], []
    for rule in rules:
        names.append(quote_text(rule.name))
        column, value = "NULL", "NULL"
        if rule.column:
            column = quote_text(rule.column)
            value = f"left(CAST({quote_name(rule.column)} AS VARCHAR), 200)"
        columns.append(column)
        values.append(value)
    context.engine.execute(
        f"UPDATE {typed.name} SET _rule = {_choose_first(takes, names)}, "
        f"_column = {_choose_first(takes, columns)}, "
        f"_value = {_choose_first(takes, values)} "
        f"WHERE _rule IS NULL AND ({' OR '.join(takes)})"
    )


def _choose_first(conditions: Sequence[str], values: Sequence[str]) -> str:
    """SQL for the value of the first condition that holds, where one of them does."""
    *earlier, last = values
    if not earlier:
        return last
    whens = []
    for condition, value in zip(conditions, earlier, strict=False):
        whens.append(f"WHEN {condition} THEN {value}")
    return f"CASE {' '.join(whens)} ELSE {last} END"


def _list_row_rules(context: Context, table: Table) -> Iterator[RowRule]:
    """Yield the checks of a table that set rows aside."""
    for expectation in load_suite(table.name, context.month):
        if expectation.takes_rows:
            column = expectation.columns[0] if expectation.columns else ""
            yield RowRule(expectation.name, column, expectation.bad_row())


def _list_unknown_owners(context: Context, table: Table) -> Iterator[RowRule]:
    """Yield what sets aside rows that belong to a customer or service that nobody knows."""
    for owner in ("customer", "service"):
        key = f"{owner}_id"
        belongs_to_it = table.name != owner and table.column(key)
        if not belongs_to_it or not context.is_computed(f"snapshot_{owner}"):
            continue
        is_unknown = f"{key} IS NOT NULL"
        for known in _list_known(context, table, owner):
            is_unknown += f" AND {key} NOT IN (SELECT {key} FROM {known})"
        yield RowRule(f"unknown_{owner}", key, is_unknown)


def _list_known(context: Context, table: Table, owner: str) -> Iterator[str]:
    """Yield the tables of the customers or services that a row may belong to."""
    yield f"snapshot_{owner}"
    known_before = f"features_known_{owner}"
    if table.name in _OUTLIVING and context.is_computed(known_before, "prior"):
        yield f"prior.{known_before}"


def _find_lost_zeros(
    context: Context, table: Table, typed: Relation
) -> Iterator[RowRule]:
    """Yield what sets aside ids that a spreadsheet has shortened.

    They are digits alone, shorter than the usual length, where ids start with 0. The zeros could be
    guessed back, and be wrong: nothing is guessed.
    """
    for name in _find_ids_with_zeros(context, table, typed):
        cell = quote_name(name)
        digits = (
            f"SELECT {cell} AS id FROM {typed.name} "
            f"WHERE regexp_full_match({cell}, '\\d+')"
        )
        usual = context.engine.rows(
            "SELECT MODE(length(id)) AS n, COUNT(*) AS ids, "
            "COUNT(*) FILTER (WHERE id[1] = '0') AS zeros, "
            f"(SELECT COUNT(*) FROM {typed.name} WHERE {cell} IS NOT NULL) AS filled "
            f"FROM ({digits})"
        )[0]
        are_mostly_digits = usual["ids"] * 2 > usual["filled"]
        if usual["zeros"] and are_mostly_digits and usual["n"] > 1:
            shorter = f"regexp_full_match({cell}, '\\d{{1,{usual['n'] - 1}}}')"
            yield RowRule("lost_zeros", name, shorter)


def _find_ids_with_zeros(
    context: Context, table: Table, typed: Relation
) -> Iterator[str]:
    """Yield the columns of ids of which some start with 0."""
    ids = [column.name for column in table.columns if column.kind == "id"]
    if not ids:
        return
    looks = []
    for name in ids:
        cell = quote_name(name)
        looks.append(f"COALESCE(BOOL_OR(starts_with({cell}, '0')), FALSE) AS {cell}")
    has_zeros = context.engine.rows(f"SELECT {', '.join(looks)} FROM {typed.name}")[0]
    for name in ids:
        if has_zeros[name]:
            yield name


def _mark_repeats(context: Context, table: Table, typed: Relation) -> None:
    """Keep one of identical rows.

    Of rows that contradict each other keep none, since neither is truer.
    """
    names = quote_names(column.name for column in table.columns)
    key = quote_names(table.key)
    last = table.key[-1]
    repeated = keep_result(
        context,
        "repeated",
        f"SELECT _file, _line, {key}, "
        f"ROW_NUMBER() OVER (PARTITION BY {names} ORDER BY _file, _line) AS copy "
        f"FROM {typed.name} WHERE _rule IS NULL AND ({key}) IN "
        f"(SELECT ({key}) FROM {typed.name} WHERE _rule IS NULL "
        f"GROUP BY {key} HAVING COUNT(*) > 1)",
    )
    context.engine.execute(
        f"UPDATE {typed.name} AS t SET _rule = 'exact_repeat' FROM {repeated.name} AS r "
        "WHERE t._file = r._file AND t._line = r._line AND r.copy > 1"
    )
    context.engine.execute(
        f"UPDATE {typed.name} SET _rule = 'contradicts_its_key', _column = {quote_text(last)}, "
        f"_value = left(CAST({quote_name(last)} AS VARCHAR), 200) "
        f"WHERE _rule IS NULL AND ({key}) IN "
        f"(SELECT ({key}) FROM {repeated.name} WHERE copy = 1 GROUP BY {key} HAVING COUNT(*) > 1)"
    )
    drop_relation(context, repeated)
