"""Reading the cells of a delivered table.

SQL for its typed values and for the first thing wrong with a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.core.contract import Column, Table
from pipelines.core.quoting import quote_name, quote_text
from pipelines.core.values import (
    SQL_TYPES,
    Typed,
    write_broken_rule,
    write_plain_condition,
    write_sealed_cell,
    write_sealed_condition,
    write_sealed_rule,
    write_typed_cell,
)
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, keep_result

# The spreadsheet reader's own marks, which were never in the file.
_READERS_MARKS = "chr(57344) || chr(57345) || chr(57346)"
_SHOWN_CHARACTERS = 200


def read_cells(
    context: Context, table: Table, missing: Sequence[str], normalised: Relation
) -> Relation:
    """Return the typed rows of a table, and add to `normalised` what had another form than usual.

    The values, and for each row the first thing wrong with it (`_rule`, `_column`, `_value`).
    """
    raw = f"extract_{table.name}"
    described = context.engine.rows(f"DESCRIBE SELECT * FROM {raw}")
    physical = {row["column_name"]: row["column_type"] for row in described}
    present = _list_present(table, physical, missing)
    sealed = _find_sealed(context, table, present)
    cells = _type_cells(context, table, present, physical, sealed)
    read = ["_file", "_line", "_fault" if "_fault" in physical else "NULL AS _fault"]
    for column in table.columns:
        read.append(f"{_read_value(column, cells)} AS {quote_name(column.name)}")
    kept = ["_file", "_line", *(quote_name(column.name) for column in table.columns)]
    kept += _list_local_dates(table)
    normalising = []
    for column in present:
        cell = cells[column.name]
        read += _keep_flags(column, cell)
        if cell.form:
            kept.append(quote_name(f"_form_{column.name}"))
            normalising.append(column)
    kept += _find_first_fault(present, cells, sealed)
    inner = f"SELECT {', '.join(read)} FROM {raw} AS raw"
    select = f"SELECT {', '.join(kept)} FROM ({inner})"
    typed = keep_result(context, "typed", select)
    for column in normalising:
        _count_forms(context, table, column, typed, normalised)
    return typed


def _list_present(
    table: Table, physical: Mapping[str, str], missing: Sequence[str]
) -> list[Column]:
    """The columns that were read: what the contract came to know later is missing too."""
    present = []
    for column in table.columns:
        if column.name in physical and column.name not in missing:
            present.append(column)
    return present


def _type_cells(
    context: Context,
    table: Table,
    present: Sequence[Column],
    physical: Mapping[str, str],
    sealed: frozenset[str],
) -> dict[str, Typed]:
    """How each delivered column is read, the short way where all its cells are plain."""
    conditions = {
        column.name: write_plain_condition(column, physical[column.name])
        for column in present
        if column.name not in sealed
    }
    is_plain = _find_plain(context, table, conditions)
    cells = {}
    for column in present:
        if column.name in sealed:
            cells[column.name] = write_sealed_cell(column)
            continue
        is_short = is_plain.get(column.name, False)
        cells[column.name] = write_typed_cell(column, physical[column.name], is_short)
    return cells


def _find_plain(
    context: Context, table: Table, conditions: Mapping[str, str | None]
) -> dict[str, bool]:
    """Look at every cell once.

    The columns whose cells are all empty or plain are read the short way.
    """
    looks = []
    for name, condition in conditions.items():
        if condition:
            looks.append(f"COALESCE(BOOL_AND({condition}), TRUE) AS {quote_name(name)}")
    if not looks:
        return {}
    sql = f"SELECT {', '.join(looks)} FROM extract_{table.name} AS raw"
    return context.engine.rows(sql)[0]


def _find_sealed(
    context: Context, table: Table, present: Sequence[Column]
) -> frozenset[str]:
    """The personal columns that were sealed; in months made before they stand as delivered."""
    looks = [
        f"COALESCE(BOOL_AND({write_sealed_condition(column)}), FALSE) AS {quote_name(column.name)}"
        for column in present
        if column.personal
    ]
    if not looks:
        return frozenset()
    texts = ", ".join(
        f"CAST({quote_name(column.name)} AS VARCHAR) AS {quote_name(column.name)}"
        for column in present
        if column.personal
    )
    sql = f"SELECT {', '.join(looks)} FROM (SELECT {texts} FROM extract_{table.name}) AS raw"
    found = context.engine.rows(sql)[0]
    return frozenset(name for name, is_sealed in found.items() if is_sealed)


def _read_value(column: Column, cells: Mapping[str, Typed]) -> str:
    if column.name in cells:
        return cells[column.name].value
    return f"CAST(NULL AS {SQL_TYPES[column.kind]})"


def _keep_flags(column: Column, cell: Typed) -> list[str]:
    """What is kept beside a value until faults and forms are known."""
    flags = []
    if cell.form:
        flags.append(f"{cell.form} AS {quote_name(f'_form_{column.name}')}")
    if cell.empty:
        raw = f"CAST(raw.{quote_name(column.name)} AS VARCHAR)"
        flags.append(f"{cell.empty} AS {quote_name(f'_empty_{column.name}')}")
        flags.append(f"{raw} AS {quote_name(f'_text_{column.name}')}")
    return flags


def _list_local_dates(table: Table) -> list[str]:
    """The local day beside every instant."""
    dates = []
    for column in table.columns:
        if column.kind == "timestamp":
            day = quote_name(column.name.removesuffix("_at") + "_on")
            dates.append(
                f"CAST({quote_name(column.name)} + INTERVAL 8 HOUR AS DATE) AS {day}"
            )
    return dates


def _count_forms(
    context: Context,
    table: Table,
    column: Column,
    typed: Relation,
    normalised: Relation,
) -> None:
    """Count what was normalised of a column, by form."""
    form = quote_name(f"_form_{column.name}")
    counts = f"{quote_name(column.name)} IS NOT NULL"
    if column.kind == "phone":
        # One in scientific notation is unknown, and counted all the same.
        counts += f" OR {form} = 'scientific_notation'"
    context.engine.execute(
        f"INSERT INTO {normalised.name} SELECT $table, $column, {form}, COUNT(*) "
        f"FROM {typed.name} WHERE {form} IS NOT NULL AND ({counts}) GROUP BY 3",
        {"table": table.name, "column": column.name},
    )


def _find_first_fault(
    present: Sequence[Column], cells: Mapping[str, Typed], sealed: frozenset[str]
) -> list[str]:
    """SQL for the first thing wrong with a row: the reader's fault, then column by column."""
    rules = ["WHEN _fault IS NOT NULL THEN _fault"]
    names = ["WHEN _fault IS NOT NULL THEN NULL"]
    values = ["WHEN _fault IS NOT NULL THEN NULL"]
    for column in present:
        cell, name = quote_name(column.name), quote_text(column.name)
        if cells[column.name].empty:
            text = quote_name(f"_text_{column.name}")
            unreadable = f"{cell} IS NULL AND NOT {quote_name(f'_empty_{column.name}')}"
            is_sealed = column.name in sealed
            rule = (
                write_sealed_rule(text)
                if is_sealed
                else write_broken_rule(column, text)
            )
            shown = "'***'" if is_sealed else _mask_text(column, text)
            rules.append(f"WHEN {unreadable} THEN {rule}")
            names.append(f"WHEN {unreadable} THEN {name}")
            values.append(f"WHEN {unreadable} THEN {shown}")
        if column.required:
            rules.append(f"WHEN {cell} IS NULL THEN 'missing'")
            names.append(f"WHEN {cell} IS NULL THEN {name}")
            values.append(f"WHEN {cell} IS NULL THEN NULL")
    return [
        f"CASE {' '.join(rules)} END AS _rule",
        f"CASE {' '.join(names)} END AS _column",
        f"CAST(CASE {' '.join(values)} END AS VARCHAR) AS _value",
    ]


def _mask_text(column: Column, text: str) -> str:
    delivered = f"translate({text}, {_READERS_MARKS}, '')"
    if column.personal:
        return f"left({delivered}, 1) || '***'"
    return f"left({delivered}, {_SHOWN_CHARACTERS})"
