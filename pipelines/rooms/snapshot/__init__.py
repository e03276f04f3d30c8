"""Typed, one row a key, personal data apart.

Every delivered row is accepted, an exact repeat, or in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    keep_result,
    name_result,
    read_raw,
    read_rows,
    write_relation,
    write_step,
)
from pipelines.rooms.snapshot.aside import Marking, list_row_rules
from pipelines.rooms.snapshot.cells import (
    RowRule,
    list_kept,
    write_form_counts,
    write_reading,
)
from pipelines.rooms.snapshot.looks import Reading, look_at_cells
from pipelines.store.manifest import DeliveryFacts, TableEntry
from pipelines.text.rules import NOTHING, describe_form, find_rule_phrase, show_value
from pipelines.text.texts import LANGUAGES

ROOM = "snapshot"
_OTHERS = "of_another_month"


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
            context.engine.spreads = False
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
    # Executors work out what hangs on a table that they read.
    context.engine.spreads = context.engine.is_spread(f"extract_{table.name}")
    reading = look_at_cells(context, table, delivery.missing)
    marking = Marking(table, reading.strange, has_no_repeats=reading.is_in_order)
    rules = list_row_rules(context, reading)
    typed = _read_rows(context, reading, rules)
    _count_forms(context, reading, typed, books.normalised)
    counts = _count_typed(context, marking, typed)
    other = _find_another_month(context, counts, typed)
    if other:
        return _leave_out(context, table, "refused", "source.wrong_month", other)
    kept = list_kept(reading)
    marked, became = _mark_rows(context, marking, kept, typed, counts)
    is_in_order = reading.is_in_order and marked is typed
    _write_table(context, table, delivery.missing, marked, is_in_order)
    if became["quarantined"]:
        _write_rejected(context, table, marked, books.quarantine)
    drop_relation(context, marked)
    return Intake(table.name, delivery.state, **became)


def _read_rows(
    context: Context, reading: Reading, rules: Sequence[RowRule]
) -> Relation:
    """Read the rows of a table; plain ones are cheaper to read again than to keep."""
    select = write_reading(reading, rules)
    if reading.is_plain and not context.engine.is_spread(reading.raw):
        return name_result(context, "typed", select)
    return read_raw(context, "typed", reading.raw, select, MACROS)


def _count_typed(context: Context, marking: Marking, typed: Relation) -> dict[str, int]:
    """Count in one statement what the rows are marked by, and the bills of another month."""
    others = []
    if marking.table.name == "bill":
        month = quote_text(str(context.month))
        is_other = f"_is_readable AND bill_month <> {month}"
        others.append(f"COUNT(CASE WHEN {is_other} THEN 1 END) AS {_OTHERS}")
    counts = marking.write_counts(typed.name, typed.is_kept, others)
    return context.engine.rows(counts)[0]


def _count_forms(
    context: Context, reading: Reading, typed: Relation, normalised: Relation
) -> None:
    """Count what was normalised of each column, by form."""
    select = write_form_counts(reading, typed.name)
    if select is not None:
        context.engine.append(normalised.name, select)


def _mark_rows(
    context: Context,
    marking: Marking,
    kept: Sequence[str],
    typed: Relation,
    counts: Mapping[str, int],
) -> tuple[Relation, dict[str, int]]:
    """Mark the typed rows that other rows set aside; return them, and what became of how many."""
    select = marking.write_marked(typed.name, kept, counts)
    if select is None:
        taken = counts["taken"]
        accepted = counts["rows_in"] - taken
        became = {"accepted": accepted, "repeats": 0, "quarantined": taken}
        return typed, {"rows_in": counts["rows_in"], **became}
    marked = keep_result(context, "marked", select)
    drop_relation(context, typed)
    (became,) = read_rows(context, ROOM, "row_counts", typed=marked)
    return marked, became


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
    context: Context, counts: Mapping[str, int], typed: Relation
) -> dict[str, object] | None:
    """The bills that are of another month than the one being made.

    How many, which month, and where the first stands.
    """
    if not counts.get(_OTHERS):
        return None
    return read_rows(context, ROOM, "another_month", typed=typed)[0]


# -- writing ---------------------------------------------------------------------------------------


def _write_table(
    context: Context,
    table: Table,
    missing: Sequence[str],
    typed: Relation,
    is_in_order: bool,
) -> None:
    """Write the accepted rows of a table, personal data apart.

    `is_in_order` says that the rows are in the order of their key already.
    """
    columns = quote_names(column.name for column in snapshot_columns(table.name))
    select = f"SELECT {columns} FROM {typed.name} WHERE _rule IS NULL"
    absent = _list_absent(table, missing)
    context.write(
        f"snapshot_{table.name}",
        select,
        table.key,
        absent=absent,
        is_in_order=is_in_order,
    )
    if table.name == "customer":
        write_step(context, ROOM, "persons", "snapshot_person", table.key, typed=typed)
    if table.name == "service":
        write_step(context, ROOM, "numbers", "snapshot_number", table.key, typed=typed)


def _write_rejected(
    context: Context, table: Table, typed: Relation, quarantine: Relation
) -> None:
    """Write the rows of a table that were set aside, and why."""
    of_table = {"of_table": table.name}
    append_step(context, quarantine, ROOM, "set_aside", of_table, typed=typed)
    columns = quote_names(column.name for column in snapshot_columns(table.name))
    select = f"SELECT _rule, {columns} FROM {typed.name} WHERE _rule <> 'exact_repeat'"
    context.write(f"snapshot_{table.name}_rejected", select, ["ALL"])


def _list_absent(table: Table, missing: Sequence[str]) -> list[str]:
    """The optional columns that were not delivered, and the local dates that hang on them."""
    local = [
        name.removesuffix("_at") + "_on" for name in missing if name.endswith("_at")
    ]
    known = {column.name for column in snapshot_columns(table.name)}
    return [name for name in (*missing, *local) if name in known]
