"""Reading the cells of a delivered table.

One SELECT gives its typed values and the first thing wrong with each row: what the reader found,
then its cells column by column, then the rules that set rows aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.core.contract import Column, Table
from pipelines.core.quoting import quote_name, quote_text
from pipelines.core.values import write_broken_rule, write_sealed_rule
from pipelines.rooms.snapshot.looks import Reading

# The spreadsheet reader's own marks, which were never in the file.
_READERS_MARKS = "chr(57344) || chr(57345) || chr(57346)"
_SHOWN_CHARACTERS = 200


class RowRule(NamedTuple):
    """A rule that a row is set aside by: its name, its first column, the SQL of a row it takes."""

    name: str
    column: str
    takes: str


class _Fault(NamedTuple):
    """What may be wrong with a row: the SQL of its condition, and of what is told then."""

    condition: str
    rule: str
    column: str
    value: str


def write_reading(reading: Reading, rules: Sequence[RowRule]) -> str:
    """Return the SELECT that reads a table.

    Beside the values stands the first thing wrong with a row (`_rule`, `_column`, `_value`),
    whether its cells can be read, and the forms that they had.
    """
    cells = list(_find_cell_faults(reading))
    faults = [*cells, *map(_tell_rule, rules)]
    kept = list_kept(reading)
    first = f"{_choose_first(faults)} AS _first"
    read = f"SELECT {', '.join(_read_cells(reading))} FROM {reading.raw} AS raw"
    dates = _list_local_dates(reading.table)
    judged = f"SELECT {', '.join(['*', *dates])} FROM ({read})"
    numbered = f"SELECT {', '.join(['*', first])} FROM ({judged})"
    told = [
        f"{_tell_first([fault.rule for fault in faults])} AS _rule",
        f"{_tell_first([fault.column for fault in faults])} AS _column",
        f"{_tell_first([fault.value for fault in faults])} AS _value",
    ]
    told.append(f"COALESCE(_first > {len(cells)}, TRUE) AS _is_readable")
    return f"SELECT {', '.join([*kept, *told])} FROM ({numbered})"


def list_kept(reading: Reading) -> list[str]:
    """The columns that are kept of a table, quoted: where a row stands, its values, its forms."""
    kept = ["_file", "_line"]
    for column in reading.table.columns:
        kept.append(quote_name(column.name))
    for column in reading.table.columns:
        if column.kind == "timestamp":
            kept.append(quote_name(_name_local_date(column)))
    for column in list_normalised(reading):
        kept.append(quote_name(f"_form_{column.name}"))
    return kept


def list_normalised(reading: Reading) -> list[Column]:
    """The columns whose cells may have had another form than the usual."""
    return [column for column in reading.present if reading.cells[column.name].form]


def write_form_counts(reading: Reading, typed: str) -> str | None:
    """Return the SELECT that counts what was normalised, by column and form; None for nothing."""
    selects = []
    for column in list_normalised(reading):
        form = quote_name(f"_form_{column.name}")
        counts = f"{quote_name(column.name)} IS NOT NULL"
        if column.kind == "phone":
            # One in scientific notation is unknown, and counted all the same.
            counts += f" OR {form} = 'scientific_notation'"
        named = (
            f'{quote_text(reading.table.name)} AS "table", '
            f'{quote_text(column.name)} AS "column", {form} AS form'
        )
        selects.append(
            f"SELECT {named}, COUNT(*) AS rows FROM {typed} "
            f"WHERE {form} IS NOT NULL AND ({counts}) GROUP BY {form}"
        )
    return " UNION ALL ".join(selects) or None


def _read_cells(reading: Reading) -> Iterator[str]:
    """Yield the SQL of what is read of a row."""
    yield from ("_file", "_line")
    yield "_fault" if reading.has_faults else "NULL AS _fault"
    for column in reading.table.columns:
        yield f"{reading.write_value(column)} AS {quote_name(column.name)}"
    for column in reading.present:
        yield from _keep_flags(reading, column)


def _keep_flags(reading: Reading, column: Column) -> Iterator[str]:
    """Yield what is kept beside a value until faults and forms are known."""
    cell = reading.cells[column.name]
    if cell.form:
        yield f"{cell.form} AS {quote_name(f'_form_{column.name}')}"
    if cell.empty:
        raw = f"CAST(raw.{quote_name(column.name)} AS VARCHAR)"
        yield f"{cell.empty} AS {quote_name(f'_empty_{column.name}')}"
        yield f"{raw} AS {quote_name(f'_text_{column.name}')}"


def _list_local_dates(table: Table) -> Iterator[str]:
    """Yield the local day beside every instant."""
    for column in table.columns:
        if column.kind == "timestamp":
            local = f"{quote_name(column.name)} + INTERVAL 8 HOUR"
            yield f"CAST({local} AS DATE) AS {quote_name(_name_local_date(column))}"


def _name_local_date(column: Column) -> str:
    return column.name.removesuffix("_at") + "_on"


# -- the first thing wrong with a row --------------------------------------------------------------


def _find_cell_faults(reading: Reading) -> Iterator[_Fault]:
    """Yield what may be wrong with cells: the reader's fault, then column by column."""
    yield _Fault("_fault IS NOT NULL", "_fault", "NULL", "NULL")
    for column in reading.present:
        cell, name = quote_name(column.name), quote_text(column.name)
        if reading.cells[column.name].empty:
            is_empty = quote_name(f"_empty_{column.name}")
            unreadable = f"{cell} IS NULL AND NOT {is_empty}"
            yield _Fault(unreadable, *_tell_unreadable(reading, column))
        if column.required:
            yield _Fault(f"{cell} IS NULL", "'missing'", name, "NULL")


def _tell_unreadable(reading: Reading, column: Column) -> tuple[str, str, str]:
    """The SQL of the rule that an unreadable cell breaks, of its column, and of what is shown."""
    name = quote_text(column.name)
    text = quote_name(f"_text_{column.name}")
    if column.name in reading.sealed:
        return write_sealed_rule(text), name, "'***'"
    return write_broken_rule(column, text), name, _mask_text(column, text)


def _tell_rule(rule: RowRule) -> _Fault:
    """What is told of a row that a rule takes."""
    told = quote_text(rule.name)
    if not rule.column:
        return _Fault(rule.takes, told, "NULL", "NULL")
    value = f"left(CAST({quote_name(rule.column)} AS VARCHAR), {_SHOWN_CHARACTERS})"
    return _Fault(rule.takes, told, quote_text(rule.column), value)


def _choose_first(faults: Sequence[_Fault]) -> str:
    """SQL for the number of the first fault of a row, from 1; NULL where nothing is wrong."""
    whens = []
    for number, fault in enumerate(faults, start=1):
        whens.append(f"WHEN {fault.condition} THEN {number}")
    return f"CASE {' '.join(whens)} END"


def _tell_first(values: Sequence[str]) -> str:
    """SQL for what is told of the first fault of a row, one value a fault."""
    whens = ["WHEN _first IS NULL THEN NULL"]
    for number, value in enumerate(values, start=1):
        if value != "NULL":
            whens.append(f"WHEN _first = {number} THEN {value}")
    return f"CAST(CASE {' '.join(whens)} END AS VARCHAR)"


def _mask_text(column: Column, text: str) -> str:
    delivered = f"translate({text}, {_READERS_MARKS}, '')"
    if column.personal:
        return f"left({delivered}, 1) || '***'"
    return f"left({delivered}, {_SHOWN_CHARACTERS})"
