"""Typed, one row a key, personal data apart.

Every delivered row is accepted, an exact repeat, or in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.core.contract import Table, load_contract, snapshot_columns
from pipelines.core.errors import GateStopped, Phrase, SourceNotReady
from pipelines.core.quoting import quote_names, quote_text
from pipelines.core.values import MACROS
from pipelines.rooms.context import Context
from pipelines.rooms.relations import (
    Relation,
    append_step,
    begin_relation,
    drop_relation,
    read_rows,
    write_relation,
    write_step,
)
from pipelines.rooms.snapshot.aside import set_rows_aside
from pipelines.rooms.snapshot.cells import read_cells
from pipelines.store.manifest import DeliveryFacts, TableEntry
from pipelines.text.rules import NOTHING, describe_form, find_rule_phrase, show_value
from pipelines.text.texts import LANGUAGES

ROOM = "snapshot"


@dataclass(frozen=True)
class Books:
    """What is known of rows beyond the typed tables: those set aside, and what was normalised."""

    quarantine: Relation
    normalised: Relation


@dataclass(frozen=True)
class Intake:
    """What became of the rows of one delivered table."""

    table: str
    state: str
    rows_in: int = 0
    accepted: int = 0
    repeats: int = 0
    quarantined: int = 0


def run(context: Context) -> None:
    """Make every raw table a typed one; raise GateStopped when a required one cannot be used."""
    take_in(context, load_contract().values())


def take_in(context: Context, tables: Iterable[Table]) -> None:
    """Type these tables; customers and services come before what belongs to them."""
    for macro in MACROS:
        context.engine.execute(f"CREATE OR REPLACE MACRO {macro}")
    books = Books(
        begin_relation(context, "snapshot_quarantine"),
        begin_relation(context, "snapshot_normalised"),
    )
    intake: list[Intake] = []
    try:
        for table in tables:
            taken = _take_in_table(context, table, books)
            intake.append(taken)
            _stop_if_nothing_is_left(context, table, taken, books)
    except (GateStopped, SourceNotReady):
        # A month that is stopped here leaves what it was stopped by, to be looked at.
        _write_books(context, books, intake)
        raise
    _write_books(context, books, intake)


def _write_books(context: Context, books: Books, intake: list[Intake]) -> None:
    """Write what was set aside, what was normalised, and the counts of every table."""
    write_relation(context, books.quarantine, "snapshot_quarantine", ["ALL"])
    write_relation(context, books.normalised, "snapshot_normalised", ["ALL"])
    rows = []
    for taken in intake:
        counts = (
            f"{taken.rows_in}, {taken.accepted}, {taken.repeats}, {taken.quarantined}"
        )
        rows.append(f"({quote_text(taken.table)}, {quote_text(taken.state)}, {counts})")
    if rows:
        names = '"table", state, rows_in, accepted, repeats, quarantined'
        values = f"SELECT * FROM (VALUES {', '.join(rows)}) AS t({names})"
        context.write("snapshot_intake", values, ["ALL"])


def _stop_if_nothing_is_left(
    context: Context, table: Table, intake: Intake, books: Books
) -> None:
    """Raise GateStopped where a required table has no row left.

    It tells the rule that took most and one of its rows.
    """
    if not table.required or intake.accepted:
        return
    set_aside = books.quarantine
    of_table = {"of_table": table.name}
    (worst,) = read_rows(context, ROOM, "worst_rule", of_table, quarantine=set_aside)
    by_rule = {f"of_{name}": worst[name] for name in ("rule", "file", "column")}
    (example,) = read_rows(
        context, ROOM, "first_broken", of_table | by_rule, quarantine=set_aside
    )
    raise GateStopped(
        "source.nothing_accepted",
        table=table.name,
        month=context.month,
        rows=intake.rows_in,
        rule=find_rule_phrase(table.name, worst["rule"], context.month),
        taken=worst["taken"],
        column=worst["column"] or NOTHING,
        file=worst["file"],
        line=example["line"],
        value=show_value(table.name, worst["column"], example["value"]),
        allowed=_describe_form(table, worst["column"]),
    )


def _describe_form(table: Table, name: str | None) -> Phrase | str:
    column = table.column(name) if name else None
    if column is None:
        return NOTHING
    return Phrase(
        name or "",
        texts={language: describe_form(column, language) for language in LANGUAGES},
    )


def _take_in_table(context: Context, table: Table, books: Books) -> Intake:
    context.progress(f"snapshot_{table.name}")
    entry = context.draft.finished[f"extract_{table.name}"]
    delivery = _find_delivery(entry)
    state = delivery.state
    if table.required and state == "absent":
        raise SourceNotReady(
            "source.required_absent", table=table.name, month=context.month
        )
    if table.required and state == "empty":
        raise GateStopped(
            "source.required_empty", table=table.name, month=context.month
        )
    if state in ("absent", "refused"):
        return _leave_out(context, table, state, str(entry.reasons[0]))
    typed = read_cells(context, table, delivery.missing, books.normalised)
    other = _find_another_month(context, table, typed)
    if other:
        return _leave_out(context, table, "refused", "source.wrong_month", other)
    set_rows_aside(context, table, typed)
    append_step(
        context,
        books.quarantine,
        ROOM,
        "set_aside",
        {"of_table": table.name},
        typed=typed,
    )
    return _write_table(context, table, delivery, typed)


def _leave_out(
    context: Context,
    table: Table,
    state: str,
    why: str,
    seen: dict[str, object] | None = None,
) -> Intake:
    entry = context.draft.finished[f"extract_{table.name}"]
    if table.required:
        facts = _find_delivery(entry).facts
        raise GateStopped(
            why,
            **{"table": table.name, "month": context.month, **facts, **(seen or {})},
        )
    context.record_missing(f"snapshot_{table.name}", [f"{state}: {table.name}"])
    return Intake(table.name, state, entry.rows or 0)


def _find_delivery(entry: TableEntry) -> DeliveryFacts:
    """How a table was delivered; of what `extract` wrote it is always there."""
    assert entry.delivery is not None
    return entry.delivery


def _find_another_month(
    context: Context, table: Table, typed: Relation
) -> dict[str, object] | None:
    """The bills that are of another month than the one being made.

    How many, which month, and where the first stands.
    """
    if table.name != "bill":
        return None
    rows = read_rows(context, ROOM, "another_month", typed=typed)
    return rows[0] if rows else None


# -- writing ---------------------------------------------------------------------------------------


def _write_table(
    context: Context, table: Table, delivery: DeliveryFacts, typed: Relation
) -> Intake:
    """Write the accepted rows of a table, and beside them those that were set aside."""
    (count,) = read_rows(context, ROOM, "row_counts", typed=typed)
    columns = quote_names(c.name for c in snapshot_columns(table.name))
    select = f"SELECT {columns} FROM {typed.name} WHERE _rule IS NULL"
    context.write(
        f"snapshot_{table.name}",
        select,
        table.key,
        absent=_list_absent(table, delivery.missing),
    )
    if count["quarantined"]:
        rejected = (
            f"SELECT _rule, {columns} FROM {typed.name} WHERE _rule <> 'exact_repeat'"
        )
        context.write(f"snapshot_{table.name}_rejected", rejected, ["ALL"])
    if table.name == "customer":
        write_step(context, ROOM, "persons", "snapshot_person", table.key, typed=typed)
    if table.name == "service":
        write_step(context, ROOM, "numbers", "snapshot_number", table.key, typed=typed)
    drop_relation(context, typed)
    return Intake(table.name, delivery.state, **count)


def _list_absent(table: Table, missing: Sequence[str]) -> list[str]:
    """The optional columns that were not delivered, and the local dates that hang on them."""
    local = [
        name.removesuffix("_at") + "_on" for name in missing if name.endswith("_at")
    ]
    known = {column.name for column in snapshot_columns(table.name)}
    return [name for name in (*missing, *local) if name in known]
