"""How a delivered cell becomes a typed value: the SQL that reads a column of a kind.

The rules themselves are DuckDB macros, written once in `sql/macros.sql`. Every kind has a fast way
for the plain form and a slow way for the other forms the contract names. A cell that was not empty
but came out NULL is quarantined by the snapshot; nothing is guessed. A column whose cells are all
plain is read by a cast alone: binding the nested macros costs more than running them over a small
table.

Three private characters come from the spreadsheet reader: U+E000 marks a number found where an id
belongs (damaged, the lost digits cannot be guessed back), U+E001 an unformatted number where a date
belongs (a serial day), U+E002 a formula without a result. U+FFFD stands where bytes could not be
decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipelines.core.contract import Column
from pipelines.core.paths import SQL
from pipelines.core.quoting import quote_name, quote_text

SQL_TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "phone": "VARCHAR",
    "enum": "VARCHAR",
    "month": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "money": "DECIMAL(18,2)",
    "quantity": "DECIMAL(18,6)",
    "integer": "BIGINT",
    "year": "INTEGER",
    "bool": "BOOLEAN",
}

# What every room can carry; the sums of a month are taken of these.
MONEY_DIGITS = 12
COUNT_DIGITS = 9
ID_CHARACTERS = 64
MONEY_LIMIT = 10**MONEY_DIGITS
COUNT_LIMIT = 10**COUNT_DIGITS
FIRST_DAY = "1900-01-01"
LAST_DAY = "2199-12-31"
NO_END = "9999-12-31"
# The names of what nobody owns, and of the whole.
RESERVED_IDS = ("unclaimed", "company")


# -- the macros ------------------------------------------------------------------------------------

_FULL_WIDTH = range(0xFF01, 0xFF5F)
_TO_NARROW = 0xFEE0
# Full-width ASCII, the wide and the unbreakable space, the minus sign and the dash; and what each
# is.
_WIDE = "".join(map(chr, _FULL_WIDTH)) + "\u3000\u00a0\u2212\u2013"
_NARROW = "".join(chr(code - _TO_NARROW) for code in _FULL_WIDTH) + "  --"
# Deleted wherever they stand: zero-width space and joiners, word joiner, byte-order mark,
# directions.
_DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff" + _DIRECTIONS
# Space, tab, line feed, vertical tab, form feed, carriage return: E'' does not know them all.
_BLANKS = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"

# What `sql/macros.sql` names with a colon.
_CONSTANTS = {
    "wide_and_invisible": quote_text(_WIDE + _INVISIBLE),
    "narrow": quote_text(_NARROW),
    "directions": quote_text(_DIRECTIONS),
    "blanks": _BLANKS,
    "first_day": quote_text(FIRST_DAY),
    "last_day": quote_text(LAST_DAY),
    "no_end": quote_text(NO_END),
    "money_limit": str(MONEY_LIMIT),
    "count_limit": str(COUNT_LIMIT),
    "money_digits": str(MONEY_DIGITS),
    "count_digits": str(COUNT_DIGITS),
    "id_characters": str(ID_CHARACTERS),
    "reserved_ids": ", ".join(quote_text(word) for word in RESERVED_IDS),
}
_CONSTANT = re.compile(r":([a-z_]{2,})")
_STATEMENT = "CREATE MACRO "


def _read_macros() -> Iterator[str]:
    """Yield each macro of the file as `name(arguments) AS expression`, its constants filled in."""
    text = (SQL / "macros.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    statements = "\n".join(lines).split(";\n")
    for statement in statements:
        # Behind the last one no line follows its semicolon.
        whole = statement.strip().removesuffix(";")
        macro = whole.removeprefix(_STATEMENT)
        if macro:
            yield _CONSTANT.sub(_find_constant, macro)


def _find_constant(named: re.Match[str]) -> str:
    """The value of what a macro names with a colon."""
    return _CONSTANTS[named[1]]


MACROS = tuple(_read_macros())


# -- one column ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typed:
    """SQL for one cell: its value (NULL when unreadable), whether it was empty, the form it had.

    Without `empty` a NULL is always an empty cell; without `form` there is none to count.
    """

    value: str
    empty: str | None = None
    form: str | None = None


# What stands before the number of a cell whose content is sealed elsewhere.
SEALED = "sealed:"
_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
)
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
# Whether a value beyond what the rooms carry, or a word of ours, stands in a cell of a kind; of a
# text.
_FAR = {
    "money": ("is_far_money", "out_of_range"),
    "quantity": ("is_far_count", "out_of_range"),
    "integer": ("is_far_count", "out_of_range"),
    "date": ("is_far_day", "out_of_range"),
    "timestamp": ("is_far_day", "out_of_range"),
    "id": ("is_far_id", "out_of_range"),
}
# The form of a readable cell counts when it differs from its value's text; of these kinds, when it
# is not like this.
_USUAL = {
    "quantity": r"-?\d{1,12}(\.\d+)?",
    "timestamp": r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?",
    "money": r"-?\d{1,16}(\.\d{1,2})?",
    "bool": r"(?i)true|false|1|0",
}


def write_plain_condition(column: Column, physical: str) -> str | None:
    """Return the SQL condition of a cell in plain form (NULL for an empty one).

    None says that every cell is plain.
    """
    condition = _write_plain_form(column, physical)
    if column.below is None or condition is None:
        return condition
    raw = _name_raw(column)
    size = f"abs(TRY_CAST({raw} AS DECIMAL(18,6)))"
    return f"({condition}) AND COALESCE({size} < {column.below}, {raw} IS NULL)"


def _write_plain_form(column: Column, physical: str) -> str | None:
    """The condition without regard to how large a quantity may be."""
    native = _read_natively(column, physical)
    if native is not None:
        return native.is_plain

    text = _write_text(column, physical)
    if column.kind == "enum":
        return f"{text} IN ({_list_allowed(column)})"
    return f"is_plain_{_name_reading(column)}({text})"


def write_typed_cell(column: Column, physical: str, is_plain: bool = False) -> Typed:
    """Return the SQL that reads a column of that kind from a delivered column of that DuckDB type.

    `is_plain` says that every cell is empty or `plain`: then nothing can go wrong, and the short
    way gives the same value.
    """
    cell = _read_cell(column, physical, is_plain)
    if column.below is None or cell.empty is None:
        return cell
    bounded = f"CASE WHEN abs({cell.value}) < {column.below} THEN {cell.value} END"
    return replace(cell, value=bounded)


def _read_cell(column: Column, physical: str, is_plain: bool) -> Typed:
    """Read a cell without regard to how large a quantity may be."""
    native = _read_natively(column, physical)
    if native is not None:
        if is_plain or native.is_plain is None:
            return Typed(native.short)
        return Typed(native.value, f"{_name_raw(column)} IS NULL")

    text = _write_text(column, physical)
    if is_plain:
        return Typed(_read_plain_text(column, text))

    value = _read_text(column, text)
    form = None
    if _has_form(column, physical):
        is_changed = _is_changed(column, text, value)
        form = f"CASE WHEN {is_changed} THEN form_of({text}) END"
    return Typed(value, _is_unknown(column, text), form)


def write_sealed_condition(text: str) -> str:
    """Return the SQL condition of a cell that was sealed when it was delivered."""
    return f"starts_with({text}, {quote_text(SEALED)})"


def write_sealed_cell(column: Column) -> Typed:
    """Return the SQL that reads what stands in place of a sealed cell (`sources.operator.sealing`).

    The value is its number; form and emptiness are those that the cell itself had.
    """
    raw = _name_raw(column)
    number = f"split_part({raw}, ':', 2)"
    is_numbered = f"{number} <> '' AND NOT starts_with({number}, '!')"
    value = f"CASE WHEN {is_numbered} THEN {quote_text(SEALED)} || {number} END"
    is_unknown = f"{raw} IS NULL OR {number} = ''"
    return Typed(value, is_unknown, f"NULLIF(split_part({raw}, ':', 3), '')")


def write_sealed_rule(text: str) -> str:
    """Return the SQL of the rule that a sealed cell broke."""
    return f"substr(split_part({text}, ':', 2), 2)"


def _has_form(column: Column, physical: str) -> bool:
    """Whether cells of a type may have had another form than the usual, which is counted."""
    if physical == "VARCHAR":
        return True
    return column.kind in ("id", "phone") and physical in _FLOATS


def write_broken_rule(column: Column, text: str) -> str:
    """Return the SQL of the rule that a cell breaks which is not empty and has no value."""
    rules = []
    if column.kind == "id":
        rules.append(f"WHEN is_reserved({text}) THEN 'reserved_word'")
    if column.kind in _FAR:
        kind = "money" if column.is_amount else column.kind
        condition, rule = _FAR[kind]
        rules.append(f"WHEN {condition}({text}) THEN '{rule}'")

    if column.below is not None:
        rules.append(f"WHEN as_quantity({text}) IS NOT NULL THEN 'out_of_range'")

    otherwise = f"'not_a_{column.kind}'"
    if not rules:
        return otherwise
    cases = " ".join(rules)
    return f"CASE {cases} ELSE {otherwise} END"


def _is_unknown(column: Column, text: str) -> str:
    """A phone in scientific notation has lost its digits: it is unknown, like an empty one."""
    if column.kind == "phone":
        return f"is_empty({text}) OR is_scientific({text})"
    return f"is_empty({text})"


# -- without a detour through text -----------------------------------------------------------------


@dataclass(frozen=True)
class _Native:
    """SQL that needs no detour through text.

    The value where all cells are plain; what a plain cell is (None: each); the value of any cell.
    """

    short: str
    is_plain: str | None
    value: str


def _read_natively(column: Column, physical: str) -> _Native | None:
    """Read a column whose type needs no detour through text; None for one that does."""
    raw = _name_raw(column)
    kind = column.kind
    if kind == "timestamp" and physical.startswith("TIMESTAMP"):
        return _read_native_instant(raw, physical)
    if kind == "id" and not _has_text_of_ids(physical):
        nothing = "CAST(NULL AS VARCHAR)"
        return _Native(nothing, f"{raw} IS NULL", nothing)

    if _is_number_for(kind, physical):
        return _read_native_number(column, raw)
    return _read_same_type(kind, raw, physical)


def _read_same_type(kind: str, raw: str, physical: str) -> _Native | None:
    """Read a column that has the type of its kind already; None for one that has not."""
    cast = f"CAST({raw} AS {SQL_TYPES[kind]})"
    if kind == "bool" and physical == "BOOLEAN":
        return _Native(cast, None, cast)
    if kind == "date" and physical == "DATE":
        return _Native(cast, f"is_in_range({raw})", f"in_range({raw})")
    if kind == "integer" and physical in _INTEGERS:
        holds = f"is_count({raw})"
        return _Native(cast, holds, f"CASE WHEN {holds} THEN {cast} END")

    return None


def _read_native_number(column: Column, raw: str) -> _Native:
    """Read a number by a cast; it is held to what rooms can carry of money or of counts."""
    tried = f"TRY_CAST({raw} AS {SQL_TYPES[column.kind]})"
    is_count = column.kind == "quantity" and not column.is_amount
    holds = f"is_count({tried})" if is_count else f"is_money({tried})"
    return _Native(
        short=tried,
        is_plain=f"COALESCE({holds}, {raw} IS NULL)",
        value=f"CASE WHEN {holds} THEN {tried} END",
    )


def _read_native_instant(raw: str, physical: str) -> _Native:
    """Read an instant, without a zone Asia/Shanghai's; its day is held to the range of days."""
    offset = " - INTERVAL 8 HOUR"
    first = "1900-01-01"
    behind = "2200-01-01"
    if "ZONE" in physical:
        offset = ""
        first = "1899-12-31 16:00:00"
        behind = "2199-12-31 16:00:00"

    at = f"TRY_CAST({raw} AS TIMESTAMP)"
    within = f"{at} >= TIMESTAMP '{first}' AND {at} < TIMESTAMP '{behind}'"
    is_plain = f"COALESCE({within}, {raw} IS NULL)"
    no_end = f"CAST({at} AS DATE) = DATE '{NO_END}'"
    value = f"CASE WHEN {within} OR {no_end} THEN {at}{offset} END"
    return _Native(f"{at}{offset}", is_plain, value)


def _has_text_of_ids(physical: str) -> bool:
    """Whether the text of a type's values can be an id: a day, an instant or a truth never is."""
    return not physical.startswith(("DATE", "TIME", "BOOLEAN", "INTERVAL"))


def _is_number_for(kind: str, physical: str) -> bool:
    """Whether a cast is exact or NULL; money is never rounded, so two decimal places at most."""
    is_whole = physical in _INTEGERS
    is_decimal = physical.startswith("DECIMAL")
    if kind == "quantity":
        return is_whole or is_decimal or physical in _FLOATS
    if kind == "money":
        has_two_places = physical.endswith((",0)", ",1)", ",2)"))
        return is_whole or (is_decimal and has_two_places)
    return False


# -- by way of text --------------------------------------------------------------------------------


def _name_raw(column: Column) -> str:
    """The column as it was delivered."""
    return f"raw.{quote_name(column.name)}"


def _name_reading(column: Column) -> str:
    """The end of the names of the macros that read a column."""
    if column.is_amount:
        return "amount"
    if column.takes_reserved:
        return "any_id"
    return column.kind


def _write_text(column: Column, physical: str) -> str:
    """The cell's text, whatever type the column has."""
    raw = _name_raw(column)
    if physical == "VARCHAR":
        return raw
    return f"CAST({raw} AS VARCHAR)"


def _list_allowed(column: Column) -> str:
    """The codes that a column may have, as SQL lists them."""
    return ", ".join(quote_text(value) for value in column.values)


def _read_plain_text(column: Column, text: str) -> str:
    """Read a plain cell by a cast alone."""
    if column.kind == "timestamp":
        return f"CAST(left({text}, 19) AS TIMESTAMP) - INTERVAL 8 HOUR"
    return f"CAST({text} AS {SQL_TYPES[column.kind]})"


def _read_text(column: Column, text: str) -> str:
    """Read whatever the cell says; of a code also in other case and among blanks."""
    if column.kind != "enum":
        return f"as_{_name_reading(column)}({text})"

    allowed = _list_allowed(column)
    folded = f"lower(clean({text}))"
    as_it_is = f"WHEN {text} IN ({allowed}) THEN {text}"
    return f"CASE {as_it_is} WHEN {folded} IN ({allowed}) THEN {folded} END"


def _is_changed(column: Column, text: str, value: str) -> str:
    """The condition of a cell that had another form than the usual."""
    if column.kind in _USUAL:
        usual = _USUAL[column.kind]
        return f"NOT regexp_full_match({text}, '{usual}')"

    shown = f"CAST({value} AS VARCHAR)"
    if SQL_TYPES[column.kind] == "VARCHAR":
        shown = value
    return f"{text} IS DISTINCT FROM {shown}"
