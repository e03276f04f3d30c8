"""Typed, one row a key, personal data apart; every delivered row is accepted, an exact repeat, or in quarantine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.catalogue.expectations import load_suite
from pipelines.core.contract import Column, Table, contract, snapshot_columns
from pipelines.core.errors import GateStopped, Phrase, SourceNotReady
from pipelines.core.quoting import quote_name, quote_names, quote_text
from pipelines.core.values import MACROS, SQL_TYPES, Typed, plain, typed, unread
from pipelines.rooms.context import Context
from pipelines.text.rules import NOTHING, form_in_words, rule_phrase, show_value
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
    """Turn every raw table into a typed one; raise GateStopped when a required one cannot be used."""
    take_in(context, contract().values())


def take_in(context: Context, tables: Iterable[Table]) -> None:
    """Type these tables, in an order in which customers and services come before what belongs to them."""
    engine = context.engine
    for macro in MACROS:
        engine.execute(f"CREATE OR REPLACE MACRO {macro}")
    engine.execute(
        "CREATE TEMP TABLE quarantine "
        '("table" VARCHAR, "file" VARCHAR, "line" BIGINT, "column" VARCHAR, "value" VARCHAR, "rule" VARCHAR)'
    )
    engine.execute(
        'CREATE TEMP TABLE normalised ("table" VARCHAR, "column" VARCHAR, "form" VARCHAR, "rows" BIGINT)'
    )
    intake: list[Intake] = []
    try:
        for table in tables:
            intake.append(_take_in(context, table))
            _stop_if_nothing_is_left(context, table, intake[-1])
    except (GateStopped, SourceNotReady):
        # A month that is stopped here leaves what it was stopped by, to be looked at.
        _write_books(context, intake)
        raise
    _write_books(context, intake)


def _write_books(context: Context, intake: list[Intake]) -> None:
    """Write what was set aside, what was normalised, and the counts of every table that was taken in."""
    context.write("snapshot_quarantine", "SELECT * FROM quarantine", ["ALL"])
    context.write("snapshot_normalised", "SELECT * FROM normalised", ["ALL"])
    rows = ", ".join(
        f"('{i.table}', '{i.state}', {i.rows_in}, {i.accepted}, {i.repeats}, {i.quarantined})"
        for i in intake
    )
    names = '"table", state, rows_in, accepted, repeats, quarantined'
    if rows:
        context.write("snapshot_intake", f"SELECT * FROM (VALUES {rows}) AS t({names})", ["ALL"])


def _stop_if_nothing_is_left(context: Context, table: Table, intake: Intake) -> None:
    """Raise GateStopped, with the rule that took most and one of its rows, where a required table has no row left."""
    if not table.required or intake.accepted:
        return
    worst = context.engine.rows(
        'SELECT rule, "column", COUNT(*) AS taken, MIN(file) AS file FROM quarantine WHERE "table" = $table '
        "GROUP BY ALL ORDER BY taken DESC, rule LIMIT 1",
        {"table": table.name},
    )[0]
    example = context.engine.rows(
        'SELECT line, value FROM quarantine WHERE "table" = $table AND rule = $rule AND file = $file '
        'AND "column" IS NOT DISTINCT FROM $column ORDER BY line LIMIT 1',
        {"table": table.name, **{name: worst[name] for name in ("rule", "file", "column")}},
    )[0]
    raise GateStopped(
        "source.nothing_accepted",
        table=table.name,
        month=context.month,
        rows=intake.rows_in,
        rule=rule_phrase(table.name, worst["rule"], context.month),
        taken=worst["taken"],
        column=worst["column"] or NOTHING,
        file=worst["file"],
        line=example["line"],
        value=show_value(table.name, worst["column"], example["value"]),
        allowed=_form_phrase(table, worst["column"]),
    )


def _form_phrase(table: Table, name: str | None) -> Phrase | str:
    column = table.column(name) if name else None
    if column is None:
        return NOTHING
    return Phrase(
        name or "", texts={language: form_in_words(column, language) for language in LANGUAGES}
    )


def _take_in(context: Context, table: Table) -> Intake:
    context.progress(f"snapshot_{table.name}")
    entry = context.draft.tables[f"extract_{table.name}"]
    state = entry["state"]
    if table.required and state == "absent":
        raise SourceNotReady("source.required_absent", table=table.name, month=context.month)
    if table.required and state == "empty":
        raise GateStopped("source.required_empty", table=table.name, month=context.month)
    if state in ("absent", "refused"):
        return _leave_out(context, table, state, entry["reasons"][0])
    _read_cells(context, table, entry["missing"])
    other = _find_another_month(context, table)
    if other:
        return _leave_out(context, table, "refused", "source.wrong_month", other)
    _set_aside(context, table)
    return _write(context, table, entry)


def _leave_out(
    context: Context, table: Table, state: str, why: str, seen: dict[str, object] | None = None
) -> Intake:
    if table.required:
        facts = context.draft.tables[f"extract_{table.name}"].get("facts", {})
        raise GateStopped(
            why, **{"table": table.name, "month": context.month, **facts, **(seen or {})}
        )
    context.record_missing(f"snapshot_{table.name}", [f"{state}: {table.name}"])
    return Intake(table.name, state, context.draft.tables[f"extract_{table.name}"]["rows"])


# -- reading the cells -------------------------------------------------------------------------------------------


def _read_cells(context: Context, table: Table, missing: list[str]) -> None:
    """Make `typed`: the values, and for each row the first thing wrong with it (`_rule`, `_column`, `_value`)."""
    described = context.engine.rows(f"DESCRIBE SELECT * FROM extract_{table.name}")
    physical = {row["column_name"]: row["column_type"] for row in described}
    present = [c for c in table.columns if c.name not in missing]
    is_plain = _find_plain(context, table, {c.name: plain(c, physical[c.name]) for c in present})
    cells = {c.name: typed(c, physical[c.name], is_plain.get(c.name, False)) for c in present}
    fault = "_fault" if "_fault" in physical else "NULL AS _fault"
    values = [f"{_value(c, cells)} AS {quote_name(c.name)}" for c in table.columns]
    flags = [flag for c in present for flag in _flags(c, cells[c.name])]
    forms = [quote_name(f"_form_{c.name}") for c in present if cells[c.name].form]
    names = [quote_name(c.name) for c in table.columns]
    context.engine.table(
        "typed",
        f"SELECT _file, _line, {', '.join([*names, *_local_dates(table), *forms])}, {_first_fault(present, cells)} "
        f"FROM (SELECT _file, _line, {fault}, {', '.join([*values, *flags])} FROM extract_{table.name} AS raw)",
    )
    _count_forms(context, table, [c for c in present if cells[c.name].form])


def _find_plain(
    context: Context, table: Table, conditions: dict[str, str | None]
) -> dict[str, bool]:
    """Look at every cell once: the columns whose cells are all empty or plain are read the short way."""
    looks = [
        f"COALESCE(BOOL_AND({sql}), TRUE) AS {quote_name(name)}"
        for name, sql in conditions.items()
        if sql
    ]
    if not looks:
        return {}
    return context.engine.rows(f"SELECT {', '.join(looks)} FROM extract_{table.name} AS raw")[0]


def _value(column: Column, cells: dict[str, Typed]) -> str:
    return (
        cells[column.name].value
        if column.name in cells
        else f"CAST(NULL AS {SQL_TYPES[column.kind]})"
    )


def _flags(column: Column, cell: Typed) -> list[str]:
    """What is kept beside a value until faults and forms are known."""
    flags = [f"{cell.form} AS {quote_name(f'_form_{column.name}')}"] if cell.form else []
    if cell.empty:
        flags += [
            f"{cell.empty} AS {quote_name(f'_empty_{column.name}')}",
            f"CAST(raw.{quote_name(column.name)} AS VARCHAR) AS {quote_name(f'_text_{column.name}')}",
        ]
    return flags


def _local_dates(table: Table) -> list[str]:
    return [
        f"CAST({quote_name(c.name)} + INTERVAL 8 HOUR AS DATE) AS {quote_name(c.name.removesuffix('_at') + '_on')}"
        for c in table.columns
        if c.kind == "timestamp"
    ]


def _count_forms(context: Context, table: Table, columns: list[Column]) -> None:
    for column in columns:
        form, value = quote_name(f"_form_{column.name}"), quote_name(column.name)
        # A phone in scientific notation is unknown, and counted all the same.
        counts = f"{value} IS NOT NULL" + f" OR {form} = 'scientific_notation'" * (
            column.kind == "phone"
        )
        context.engine.execute(
            f"INSERT INTO normalised SELECT $table, $column, {form}, COUNT(*) FROM typed "
            f"WHERE {form} IS NOT NULL AND ({counts}) GROUP BY 3",
            {"table": table.name, "column": column.name},
        )


def _first_fault(present: list[Column], cells: dict[str, Typed]) -> str:
    """SQL for the first thing wrong with a row: the reader's fault, then column by column."""
    rule, column, value = ["WHEN _fault IS NOT NULL THEN _fault"], [], []
    for c in present:
        cell, name = quote_name(c.name), quote_text(c.name)
        if cells[c.name].empty:
            unreadable = f"{cell} IS NULL AND NOT {quote_name(f'_empty_{c.name}')}"
            rule.append(f"WHEN {unreadable} THEN {unread(c, quote_name(f'_text_{c.name}'))}")
            column.append(f"WHEN {unreadable} THEN {name}")
            value.append(f"WHEN {unreadable} THEN {_masked(c)}")
        if c.required:
            rule.append(f"WHEN {cell} IS NULL THEN 'missing'")
            column.append(f"WHEN {cell} IS NULL THEN {name}")
            value.append(f"WHEN {cell} IS NULL THEN NULL")
    never = "WHEN _fault IS NOT NULL THEN NULL"
    return (
        f"CASE {' '.join(rule)} END AS _rule, "
        f"CASE {never} {' '.join(column)} END AS _column, "
        f"CAST(CASE {never} {' '.join(value)} END AS VARCHAR) AS _value"
    )


def _masked(column: Column) -> str:
    # The spreadsheet reader's own marks were never in the file.
    text = f"translate({quote_name(f'_text_{column.name}')}, chr(57344) || chr(57345) || chr(57346), '')"
    return f"left({text}, 1) || '***'" if column.personal else f"left({text}, 200)"


def _find_another_month(context: Context, table: Table) -> dict[str, object] | None:
    """The bills that are of another month than the one being made: how many, which month, and where the first stands."""
    if table.name != "bill":
        return None
    rows = context.engine.rows(
        "SELECT bill_month AS found, _file AS file, _line AS line, COUNT(*) OVER () AS rows FROM typed "
        "WHERE _rule IS NULL AND bill_month <> $month ORDER BY _file, _line LIMIT 1",
        {"month": str(context.month)},
    )
    return rows[0] if rows else None


# -- setting rows aside ------------------------------------------------------------------------------------------


def _set_aside(context: Context, table: Table) -> None:
    """Mark the rows that break a row rule, belong to nobody, repeat a row, or contradict another row of their key."""
    for expectation in load_suite(table.name, context.month):
        if expectation.takes_rows:
            column = expectation.columns[0] if expectation.columns else ""
            _mark(context, expectation.bad_row(), expectation.name, column)
    _mark_lost_zeros(context, table)
    _mark_repeats(context, table)
    for owner in ("customer", "service"):
        if (
            table.name != owner
            and table.column(f"{owner}_id")
            and context.is_computed(f"snapshot_{owner}")
        ):
            key = f"{owner}_id"
            absent = f"{key} IS NOT NULL AND {key} NOT IN (SELECT {key} FROM snapshot_{owner})"
            _mark(context, absent, f"unknown_{owner}", key)


def _mark(context: Context, condition: str, rule: str, column: str) -> None:
    value = f"left(CAST({quote_name(column)} AS VARCHAR), 200)" if column else "NULL"
    context.engine.execute(
        f"UPDATE typed SET _rule = $rule, _column = $column, _value = {value} WHERE _rule IS NULL AND ({condition})",
        {"rule": rule, "column": column or None},
    )


def _mark_lost_zeros(context: Context, table: Table) -> None:
    """Set aside ids that a spreadsheet has shortened: digits alone, shorter than the usual length, where ids start with 0.

    The zeros could be guessed back, and be wrong: nothing is guessed.
    """
    ids = [c.name for c in table.columns if c.kind == "id"]
    quoted = [quote_name(name) for name in ids]
    begins = ", ".join(f"COALESCE(BOOL_OR(starts_with({id}, '0')), FALSE) AS {id}" for id in quoted)
    has_zeros = context.engine.rows(f"SELECT {begins} FROM typed")[0] if ids else {}
    for name in (name for name in ids if has_zeros[name]):
        cell = quote_name(name)
        digits = f"SELECT {cell} AS id FROM typed WHERE regexp_full_match({cell}, '\\d+')"
        usual = context.engine.rows(
            f"SELECT MODE(length(id)) AS n, COUNT(*) AS ids, COUNT(*) FILTER (WHERE id[1] = '0') AS zeros, "
            f"(SELECT COUNT(*) FROM typed WHERE {cell} IS NOT NULL) AS filled FROM ({digits})"
        )[0]
        if usual["zeros"] and usual["ids"] * 2 > usual["filled"] and usual["n"] > 1:
            _mark(
                context,
                f"regexp_full_match({cell}, '\\d{{1,{usual['n'] - 1}}}')",
                "lost_zeros",
                name,
            )


def _mark_repeats(context: Context, table: Table) -> None:
    """Keep one of identical rows; of rows that contradict each other keep none, since neither is truer."""
    names = quote_names(c.name for c in table.columns)
    key = quote_names(table.key)
    engine = context.engine
    engine.table(
        "repeated",
        f"SELECT _file, _line, {key}, ROW_NUMBER() OVER (PARTITION BY {names} ORDER BY _file, _line) AS copy "
        f"FROM typed WHERE _rule IS NULL AND ({key}) IN "
        f"(SELECT ({key}) FROM typed WHERE _rule IS NULL GROUP BY {key} HAVING COUNT(*) > 1)",
    )
    engine.execute(
        "UPDATE typed SET _rule = 'exact_repeat' FROM repeated AS r "
        "WHERE typed._file = r._file AND typed._line = r._line AND r.copy > 1"
    )
    engine.execute(
        f"UPDATE typed SET _rule = 'contradicts_its_key', _column = {quote_text(table.key[-1])}, "
        f"_value = left(CAST({quote_name(table.key[-1])} AS VARCHAR), 200) "
        f"WHERE _rule IS NULL AND ({key}) IN "
        f"(SELECT ({key}) FROM repeated WHERE copy = 1 GROUP BY {key} HAVING COUNT(*) > 1)"
    )


# -- writing -----------------------------------------------------------------------------------------------------


def _write(context: Context, table: Table, entry: dict[str, object]) -> Intake:
    engine = context.engine
    engine.execute(
        f"INSERT INTO quarantine SELECT {quote_text(table.name)}, _file, _line, _column, _value, _rule "
        "FROM typed WHERE _rule <> 'exact_repeat'"
    )
    count = engine.rows(
        "SELECT COUNT(*) AS rows_in, COUNT(*) FILTER (WHERE _rule IS NULL) AS accepted, "
        "COUNT(*) FILTER (WHERE _rule = 'exact_repeat') AS repeats, "
        "COUNT(*) FILTER (WHERE _rule <> 'exact_repeat') AS quarantined FROM typed"
    )[0]
    columns = quote_names(c.name for c in snapshot_columns(table.name))
    select = f"SELECT {columns} FROM typed WHERE _rule IS NULL"
    context.write(f"snapshot_{table.name}", select, table.key, absent=_absent(table, entry))
    if count["quarantined"]:
        rejected = f"SELECT _rule, {columns} FROM typed WHERE _rule <> 'exact_repeat'"
        context.write(f"snapshot_{table.name}_rejected", rejected, ["ALL"])
    if table.name == "customer":
        person = "SELECT customer_id, name, phone FROM typed WHERE _rule IS NULL"
        context.write("snapshot_person", person, table.key)
    engine.execute("DROP TABLE typed")
    return Intake(table.name, str(entry["state"]), **count)


def _absent(table: Table, entry: dict[str, object]) -> list[str]:
    """The optional columns that were not delivered, and the local dates that hang on them."""
    missing = entry["missing"]
    assert isinstance(missing, list)
    local = [m.removesuffix("_at") + "_on" for m in missing if m.endswith("_at")]
    return [
        name
        for name in (*missing, *local)
        if name in {c.name for c in snapshot_columns(table.name)}
    ]
