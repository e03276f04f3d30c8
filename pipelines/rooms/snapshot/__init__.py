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
from pipelines.rooms.snapshot.aside import set_rows_aside
from pipelines.rooms.snapshot.cells import read_cells
from pipelines.store.manifest import DeliveryFacts, TableEntry
from pipelines.text.rules import NOTHING, describe_form, find_rule_phrase, show_value
from pipelines.text.texts import LANGUAGES


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
    engine = context.engine
    for macro in MACROS:
        engine.execute(f"CREATE OR REPLACE MACRO {macro}")
    engine.execute(
        "CREATE TEMP TABLE quarantine "
        '("table" VARCHAR, "file" VARCHAR, "line" BIGINT, '
        '"column" VARCHAR, "value" VARCHAR, "rule" VARCHAR)'
    )
    engine.execute(
        "CREATE TEMP TABLE normalised "
        '("table" VARCHAR, "column" VARCHAR, "form" VARCHAR, "rows" BIGINT)'
    )
    intake: list[Intake] = []
    try:
        for table in tables:
            taken = _take_in_table(context, table)
            intake.append(taken)
            _stop_if_nothing_is_left(context, table, taken)
    except (GateStopped, SourceNotReady):
        # A month that is stopped here leaves what it was stopped by, to be looked at.
        _write_books(context, intake)
        raise
    _write_books(context, intake)


def _write_books(context: Context, intake: list[Intake]) -> None:
    """Write what was set aside, what was normalised, and the counts of every table."""
    context.write("snapshot_quarantine", "SELECT * FROM quarantine", ["ALL"])
    context.write("snapshot_normalised", "SELECT * FROM normalised", ["ALL"])
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


def _stop_if_nothing_is_left(context: Context, table: Table, intake: Intake) -> None:
    """Raise GateStopped where a required table has no row left.

    It tells the rule that took most and one of its rows.
    """
    if not table.required or intake.accepted:
        return
    worst = context.engine.rows(
        'SELECT rule, "column", COUNT(*) AS taken, MIN(file) AS file '
        'FROM quarantine WHERE "table" = $table '
        "GROUP BY ALL ORDER BY taken DESC, rule LIMIT 1",
        {"table": table.name},
    )[0]
    example = context.engine.rows(
        "SELECT line, value FROM quarantine "
        'WHERE "table" = $table AND rule = $rule AND file = $file '
        'AND "column" IS NOT DISTINCT FROM $column ORDER BY line LIMIT 1',
        {
            "table": table.name,
            **{name: worst[name] for name in ("rule", "file", "column")},
        },
    )[0]
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


def _take_in_table(context: Context, table: Table) -> Intake:
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
    read_cells(context, table, delivery.missing)
    other = _find_another_month(context, table)
    if other:
        return _leave_out(context, table, "refused", "source.wrong_month", other)
    set_rows_aside(context, table)
    return _write_table(context, table, delivery)


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


def _find_another_month(context: Context, table: Table) -> dict[str, object] | None:
    """The bills that are of another month than the one being made.

    How many, which month, and where the first stands.
    """
    if table.name != "bill":
        return None
    rows = context.engine.rows(
        "SELECT bill_month AS found, _file AS file, _line AS line, COUNT(*) OVER () AS rows "
        "FROM typed "
        "WHERE _rule IS NULL AND bill_month <> $month ORDER BY _file, _line LIMIT 1",
        {"month": str(context.month)},
    )
    return rows[0] if rows else None


# -- writing ---------------------------------------------------------------------------------------


def _write_table(context: Context, table: Table, delivery: DeliveryFacts) -> Intake:
    engine = context.engine
    engine.execute(
        f"INSERT INTO quarantine SELECT {quote_text(table.name)}, "
        "_file, _line, _column, _value, _rule "
        "FROM typed WHERE _rule <> 'exact_repeat'"
    )
    count = engine.rows(
        "SELECT COUNT(*) AS rows_in, COUNT(*) FILTER (WHERE _rule IS NULL) AS accepted, "
        "COUNT(*) FILTER (WHERE _rule = 'exact_repeat') AS repeats, "
        "COUNT(*) FILTER (WHERE _rule <> 'exact_repeat') AS quarantined FROM typed"
    )[0]
    columns = quote_names(c.name for c in snapshot_columns(table.name))
    select = f"SELECT {columns} FROM typed WHERE _rule IS NULL"
    context.write(
        f"snapshot_{table.name}",
        select,
        table.key,
        absent=_list_absent(table, delivery.missing),
    )
    if count["quarantined"]:
        rejected = f"SELECT _rule, {columns} FROM typed WHERE _rule <> 'exact_repeat'"
        context.write(f"snapshot_{table.name}_rejected", rejected, ["ALL"])
    if table.name == "customer":
        person = "SELECT customer_id, name, phone FROM typed WHERE _rule IS NULL"
        context.write("snapshot_person", person, table.key)
    engine.execute("DROP TABLE typed")
    return Intake(table.name, delivery.state, **count)


def _list_absent(table: Table, missing: Sequence[str]) -> list[str]:
    """The optional columns that were not delivered, and the local dates that hang on them."""
    local = [
        name.removesuffix("_at") + "_on" for name in missing if name.endswith("_at")
    ]
    known = {column.name for column in snapshot_columns(table.name)}
    return [name for name in (*missing, *local) if name in known]
