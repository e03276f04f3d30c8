"""How an order stands, made by the database itself: by triggers, on SQLite and on PostgreSQL.

Of an order the last change says who has it, and what is still held goes before the answer with the
later contact. Whatever writes an order, a change or an answer, its state is made anew with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.sources.office.instalments import LATER

NO_RANK = (1 << 31) - 1  # orders that were taken in before ranks were come last
# The days of later instalments, which came to the tables after the rest.
_LATER_DAYS = tuple(names.day for names in LATER)
_COLUMNS = (
    "order_id",
    "month",
    "list",
    "customer_id",
    "branch_id",
    "amount",
    "due_on",
    "rank",
    "holder_id",
    "last_kind",
    "outcome",
    "promised_on",
    "day",
)
_ANSWERED = "CASE WHEN h.id IS NULL THEN a.{column} ELSE h.{column} END"
_PROMISED = _ANSWERED.format(column="promised_on")
_MAKE = f"""
INSERT INTO console_orderstate ({{columns}})
SELECT o.order_id, o.month, o.list, o.customer_id, o.branch_id, o.amount, o.due_on,
       COALESCE(o.rank, {NO_RANK}),
       CASE WHEN c.id IS NULL THEN o.manager_id
            WHEN c.kind = 'withdrawn' THEN NULL
            ELSE c.manager_id END,
       c.kind, {_ANSWERED.format(column="outcome")}, {_PROMISED},
       COALESCE({_PROMISED}, o.due_on){{later}}
FROM console_order o
LEFT JOIN console_orderchange c ON c.id = (
    SELECT MAX(id) FROM console_orderchange WHERE order_id = o.order_id)
LEFT JOIN console_heldanswer h ON h.order_id = o.order_id
LEFT JOIN console_answer a ON a.id = (
    SELECT id FROM console_answer WHERE order_id = o.order_id
    ORDER BY contacted_on DESC NULLS LAST, id DESC LIMIT 1)
WHERE {{which}}
ON CONFLICT (order_id) DO UPDATE SET
{{updates}}
"""
# What a row of each table changes, and by which deeds.
_WRITERS = (
    ("console_order", ("INSERT", "UPDATE")),
    ("console_orderchange", ("INSERT",)),
    ("console_answer", ("INSERT",)),
    ("console_heldanswer", ("INSERT", "UPDATE", "DELETE")),
)
# Planned anew each time: one answer and a month of orders want different ways.
_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION console_orderstate_make() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE $make${make}$make$;
  RETURN NULL;
END $$
"""


def keep_states(editor: Any, later_days: Sequence[str] = _LATER_DAYS) -> None:
    """Make the state of every order, and have the database make each anew from now on.

    `later_days` are the columns of later instalments that the tables have by then.
    """
    editor.execute(_write_making("1 = 1", later_days))
    if editor.connection.vendor == "sqlite":
        _keep_on_sqlite(editor, later_days)
    else:
        _keep_on_postgresql(editor, later_days)


def keep_later_days(editor: Any) -> None:
    """Have states kept by the days of later instalments too, where they were kept without."""
    if editor.connection.vendor == "sqlite":
        for table, deeds in _WRITERS:
            for deed in deeds:
                editor.execute(f"DROP TRIGGER {_name_trigger(table, deed)}")
        _keep_on_sqlite(editor, _LATER_DAYS)
    else:
        _replace_on_postgresql(editor, _LATER_DAYS)


def _write_making(which: str, later_days: Sequence[str]) -> str:
    """The statement that makes the states of some orders."""
    columns = (*_COLUMNS, *later_days)
    answered = [_ANSWERED.format(column=name) for name in later_days]
    return _MAKE.format(
        which=which,
        columns=", ".join(columns),
        later="".join(f", {value}" for value in answered),
        updates=", ".join(f"{name} = excluded.{name}" for name in columns[1:]),
    )


def _name_trigger(table: str, deed: str) -> str:
    return f"{table}_state_{deed.lower()}"


def _keep_on_sqlite(editor: Any, later_days: Sequence[str]) -> None:
    for table, deeds in _WRITERS:
        for deed in deeds:
            row = "OLD" if deed == "DELETE" else "NEW"
            make = _write_making(f"o.order_id = {row}.order_id", later_days)
            editor.execute(
                f"CREATE TRIGGER {_name_trigger(table, deed)} AFTER {deed} ON {table} "
                f"BEGIN {make}; END"
            )


def _keep_on_postgresql(editor: Any, later_days: Sequence[str]) -> None:
    """All rows of a statement at once: a month comes in by thousands."""
    _replace_on_postgresql(editor, later_days)
    for table, deeds in _WRITERS:
        for deed in deeds:
            rows = "OLD" if deed == "DELETE" else "NEW"
            editor.execute(
                f"CREATE TRIGGER {_name_trigger(table, deed)} AFTER {deed} ON {table} "
                f"REFERENCING {rows} TABLE AS changed "
                "FOR EACH STATEMENT EXECUTE FUNCTION console_orderstate_make()"
            )


def _replace_on_postgresql(editor: Any, later_days: Sequence[str]) -> None:
    """The function that all triggers call."""
    which = "o.order_id IN (SELECT order_id FROM changed)"
    make = _write_making(which, later_days)
    editor.execute(_POSTGRESQL_FUNCTION.format(make=make))
