"""How a delivered cell becomes a typed value: our own rules, written once, as DuckDB macros.

Every kind has a fast way for the plain form and a slow way that folds full-width characters, separators, currency
signs, accounting negatives and the other forms the contract names. What neither way can read is NULL, and a cell that
was not empty but came out NULL is quarantined by the snapshot; nothing is guessed. A column whose cells are all plain
is read by a cast alone: binding the nested macros costs more than running them over a small table.

Three private characters come from the spreadsheet reader: U+E000 marks a number found where an id belongs (damaged, the
lost digits cannot be guessed back), U+E001 an unformatted number where a date belongs (a serial day), U+E002 a formula
without a result. U+FFFD stands where bytes could not be decoded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipelines.core.contract import Column
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

_WIDE = "".join(chr(c) for c in range(0xFF01, 0xFF5F)) + "\u3000\u00a0\u2212\u2013"
_NARROW = "".join(chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)) + "  --"
# Deleted wherever they stand: zero-width space and joiners, word joiner, byte-order mark, direction marks.
_DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff" + _DIRECTIONS


# Space, tab, line feed, vertical tab, form feed, carriage return: DuckDB's E'' strings do not know them all.
_BLANKS = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"


# What every room can carry; the sums of a month are taken of these.
MONEY_DIGITS, COUNT_DIGITS, ID_CHARACTERS = 12, 9, 64
MONEY_LIMIT, COUNT_LIMIT = 10**MONEY_DIGITS, 10**COUNT_DIGITS
FIRST_DAY, LAST_DAY, NO_END = "1900-01-01", "2199-12-31", "9999-12-31"
RESERVED_IDS = ("unclaimed", "company")  # the names of what nobody owns and of the whole
_RESERVED = ", ".join(quote_text(word) for word in RESERVED_IDS)

MACROS = (
    # As many bytes as characters: plain ASCII, nothing to fold. Translating every cell would cost ten times as much.
    f"fold(x) AS CASE WHEN strlen(x) = length(x) THEN x "
    f"ELSE translate(x, {quote_text(_WIDE + _INVISIBLE)}, {quote_text(_NARROW)}) END",
    f"clean(x) AS NULLIF(trim(fold(x), {_BLANKS}), '')",
    # 9999-12-31 is what many systems write for "no end"; it is a date like any other.
    f"is_in_range(d) AS d BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}' OR d = DATE '{NO_END}'",
    "in_range(d) AS CASE WHEN is_in_range(d) THEN d END",
    f"is_money(v) AS v > -{MONEY_LIMIT} AND v < {MONEY_LIMIT}",
    f"is_count(v) AS v > -{COUNT_LIMIT} AND v < {COUNT_LIMIT}",
    # A plain cell reads as itself by a cast alone, and there is nothing to count in it.
    r"""is_plain_any_id(x) AS regexp_full_match(x, '[A-Za-z0-9_-]{0,63}[A-Za-z0-9_]')
        AND lower(x) NOT IN ('nan', 'none', 'null', 'inf')""",
    f"is_plain_id(x) AS is_plain_any_id(x) AND lower(x) NOT IN ({_RESERVED})",
    r"is_plain_text(x) AS regexp_full_match(x, '[\p{L}\p{N}]([\p{L}\p{N}\p{P} ]*[\p{L}\p{N}\p{P}])?')",
    r"is_plain_phone(x) AS regexp_full_match(x, '1\d{10}')",
    r"is_plain_month(x) AS regexp_full_match(x, '\d{4}-(0[1-9]|1[0-2])')",
    r"is_plain_date(x) AS regexp_full_match(x, '\d{4}-\d{2}-\d{2}') AND in_range(TRY_CAST(x AS DATE)) IS NOT NULL",
    r"""is_plain_timestamp(x) AS regexp_full_match(x, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\+08:?00)?')
        AND TRY_CAST(left(x, 19) AS TIMESTAMP) IS NOT NULL AND in_range(TRY_CAST(left(x, 10) AS DATE)) IS NOT NULL""",
    r"is_plain_money(x) AS regexp_full_match(x, '-?\d{1,12}(\.\d{1,2})?')",
    r"is_plain_quantity(x) AS regexp_full_match(x, '-?\d{1,9}(\.\d{1,6})?')",
    r"is_plain_amount(x) AS regexp_full_match(x, '-?\d{1,12}(\.\d{1,6})?')",
    r"is_plain_integer(x) AS regexp_full_match(x, '0|-?[1-9]\d{0,8}')",
    r"is_plain_year(x) AS regexp_full_match(x, '(19|20)\d{2}')",
    "is_plain_bool(x) AS lower(x) IN ('true', 'false', '1', '0')",
    # money and numbers
    # A currency sign stands before or after the number, never inside it.
    r"bare(t) AS regexp_replace(regexp_replace(t, '^([+-]?)\s*(?:[¥￥]|CNY|RMB)\s*', '\1'), '\s*(?:元|CNY|RMB)$', '')",
    r"""signed(x) AS CASE WHEN regexp_full_match(clean(x), '\(.+\)') THEN '-' || bare(trim(clean(x)[2:-2]))
        WHEN regexp_full_match(clean(x), '.*[^-+]-') THEN '-' || bare(trim(clean(x)[1:-2]))
        ELSE regexp_replace(bare(clean(x)), '^\+(\d)', '\1') END""",
    r"""plain_number(x) AS CASE WHEN regexp_full_match(signed(x), '-?\d{1,3}(,\d{3})+(\.\d+)?')
        THEN replace(signed(x), ',', '') ELSE signed(x) END""",
    r"""as_money(x) AS CASE WHEN is_plain_money(x) THEN TRY_CAST(x AS DECIMAL(18,2))
        WHEN regexp_full_match(plain_number(x), '-?(0*\d{1,12}(\.\d{1,2}0*)?|\.\d{1,2}0*)')
        THEN TRY_CAST(plain_number(x) AS DECIMAL(18,2)) END""",
    r"""as_quantity(x) AS CASE WHEN is_plain_quantity(x) THEN TRY_CAST(x AS DECIMAL(18,6))
        WHEN regexp_full_match(plain_number(x), '-?(0*\d{1,9}(\.\d+)?|\.\d+)')
        THEN TRY_CAST(plain_number(x) AS DECIMAL(18,6)) END""",
    r"""as_amount(x) AS CASE WHEN is_plain_amount(x) THEN TRY_CAST(x AS DECIMAL(18,6))
        WHEN regexp_full_match(plain_number(x), '-?(0*\d{1,12}(\.\d+)?|\.\d+)')
        THEN TRY_CAST(plain_number(x) AS DECIMAL(18,6)) END""",
    r"""as_integer(x) AS CASE WHEN is_plain_integer(x) THEN TRY_CAST(x AS BIGINT)
        WHEN regexp_full_match(plain_number(x), '-?0*\d{1,9}(\.0+)?')
        THEN TRY_CAST(split_part(plain_number(x), '.', 1) AS BIGINT) END""",
    "as_year(x) AS CASE WHEN as_integer(x) BETWEEN 1900 AND 2100 THEN CAST(as_integer(x) AS INTEGER) END",
    # dates
    r"""day_part(x) AS regexp_replace(clean(x), '[T ]0?0:00(:00(\.0+)?)?$', '')""",
    r"""day_text(t) AS CASE
        WHEN regexp_full_match(t, '\d{4}[-/.]\d{1,2}[-/.]\d{1,2}') THEN replace(replace(t, '/', '-'), '.', '-')
        WHEN regexp_full_match(t, '\d{8}') THEN t[1:4] || '-' || t[5:6] || '-' || t[7:8]
        WHEN regexp_full_match(t, '\d{4}年\d{1,2}月\d{1,2}日') THEN regexp_replace(t, '(\d+)年(\d+)月(\d+)日', '\1-\2-\3')
        WHEN regexp_full_match(t, '\d{1,2}/\d{1,2}/\d{4}') THEN regexp_replace(t, '(\d+)/(\d+)/(\d+)', '\3-\2-\1')
        END""",
    # A serial with a fraction is a time of day: no date.
    r"""serial_day(x) AS CASE WHEN regexp_full_match(x[2:], '\d{1,7}(\.0+)?')
        THEN DATE '1899-12-30' + CAST(split_part(x[2:], '.', 1) AS INTEGER) END""",
    # An instant with a zone is its day in Asia/Shanghai; a time without one is no day.
    r"""has_zone(t) AS
        regexp_full_match(t, '\d{4}[-/]\d{1,2}[-/]\d{1,2}[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)')""",
    r"""day_of_instant(t) AS CAST(make_timestamp(epoch_us(TRY_CAST(regexp_replace(regexp_replace(
        replace(t, '/', '-'), '([+-]\d{2})(\d{2})$', '\1:\2'), '([T ]\d{1,2}:\d{2})([Z+-])', '\1:00\2')
        AS TIMESTAMPTZ))) + INTERVAL 8 HOUR AS DATE)""",
    r"""as_date(x) AS in_range(CASE WHEN regexp_full_match(x, '\d{4}-\d{2}-\d{2}') THEN TRY_CAST(x AS DATE)
        WHEN starts_with(x, chr(57345)) THEN serial_day(x)
        WHEN has_zone(clean(x)) THEN day_of_instant(clean(x))
        ELSE TRY_CAST(day_text(day_part(x)) AS DATE) END)""",
    # An instant without a zone is Asia/Shanghai (no summer time since 1991); stored as UTC.
    r"""zone_minutes(t) AS CASE WHEN regexp_matches(t, 'Z$') THEN 0
        WHEN regexp_matches(t, ':\d{2}(\.\d+)?[+-]\d{2}$') THEN CAST(regexp_extract(t, '([+-]\d{2})$', 1) AS INTEGER) * 60
        WHEN regexp_matches(t, '\d[+-]\d{2}:?\d{2}$') THEN CAST(regexp_extract(t, '([+-]\d{2}):?\d{2}$', 1) AS INTEGER) * 60
            + CAST(regexp_extract(t, '([+-])\d{2}:?\d{2}$', 1) || regexp_extract(t, '(\d{2})$', 1) AS INTEGER)
        ELSE 480 END""",
    r"""time_part(t) AS regexp_replace(regexp_extract(t, '[T ](\d{1,2}:\d{2}.*)$', 1), '(Z|[+-]\d{2}(:?\d{2})?)$', '')""",
    r"""instant(t) AS TRY_CAST(CAST(as_date(regexp_replace(t, '[T ]\d{1,2}:\d{2}.*$', '')) AS VARCHAR) || ' '
        || CASE time_part(t) WHEN '' THEN '00:00:00' ELSE time_part(t) END AS TIMESTAMP)""",
    "as_timestamp(x) AS instant(clean(x)) - to_minutes(CAST(zone_minutes(clean(x)) AS BIGINT))",
    r"""as_month(x) AS CASE WHEN is_plain_month(x) THEN x
        WHEN regexp_full_match(clean(x), '\d{4}(0[1-9]|1[0-2])') THEN clean(x)[1:4] || '-' || clean(x)[5:6]
        WHEN regexp_full_match(clean(x), '\d{4}[-/.年]([1-9]|0[1-9]|1[0-2])月?')
        THEN clean(x)[1:4] || '-' || lpad(regexp_extract(clean(x), '(\d+)月?$', 1), 2, '0')
        WHEN day(as_date(x)) = 1 THEN strftime(as_date(x), '%Y-%m') END""",
    # words
    """as_bool(x) AS CASE WHEN lower(clean(x)) IN ('true', '1', '1.0', '是', 'y', 'yes') THEN TRUE
        WHEN lower(clean(x)) IN ('false', '0', '0.0', '否', 'n', 'no') THEN FALSE END""",
    f"is_far_id(t) AS COALESCE(length(clean(t)) > {ID_CHARACTERS}, FALSE)",
    r"""as_any_id(x) AS CASE WHEN is_plain_any_id(x) THEN x
        WHEN contains(x, chr(57344)) OR contains(x, chr(57346)) OR contains(x, chr(65533)) OR contains(x, chr(0)) THEN NULL
        WHEN lower(clean(x)) IN ('nan', 'none', 'null', '-', '\n', '#n/a', 'n/a', 'inf') THEN NULL
        WHEN regexp_full_match(clean(x), '[+-]?\d+(\.\d+[eE][+-]?|[eE]\+)\d+') THEN NULL
        WHEN regexp_full_match(clean(x), '\d{1,15}\.0+') THEN split_part(clean(x), '.', 1)
        WHEN regexp_full_match(clean(x), '\d{16,}\.0+') THEN NULL
        WHEN is_far_id(x) OR regexp_matches(clean(x), '\p{Cc}') THEN NULL
        ELSE clean(x) END""",
    f"as_id(x) AS CASE WHEN lower(as_any_id(x)) NOT IN ({_RESERVED}) THEN as_any_id(x) END",
    # Marks that turn the direction of writing could make a name read as another.
    f"undirected(x) AS CASE WHEN strlen(x) = length(x) THEN x ELSE translate(x, '{_DIRECTIONS}', '') END",
    "as_text(x) AS CASE WHEN contains(x, chr(65533)) OR contains(x, chr(57346)) OR clean(x) IS NULL THEN NULL "
    f"ELSE NULLIF(trim(undirected(x), {_BLANKS} || chr(12288) || chr(160)), '') END",
    # +86 138-1234-5678 is 13812345678; of what else has digits alone the digits are folded, the rest stays as it is.
    r"""dialled(t) AS regexp_replace(regexp_replace(t, '^(\d+)\.0+$', '\1'), '[\s-]', '', 'g')""",
    r"""is_scientific(x) AS COALESCE(regexp_full_match(clean(x), '[+-]?\d+(\.\d+)?[eE][+-]?\d+'), FALSE)""",
    r"""as_phone(x) AS CASE WHEN is_plain_phone(x) THEN x WHEN is_scientific(x) THEN NULL
        WHEN regexp_full_match(dialled(clean(x)), '(\+?86)?1\d{10}') THEN right(dialled(clean(x)), 11)
        WHEN regexp_full_match(clean(x), '[\d+() -]*\d') OR regexp_full_match(clean(x), '\d+\.0+')
        THEN regexp_replace(clean(x), '\.0+$', '') ELSE as_text(x) END""",
    "is_empty(x) AS COALESCE(clean(x), '') = ''",
    # which form a readable cell had, for the count of what was normalised
    r"""form_of(x) AS CASE
        WHEN starts_with(x, chr(57345)) THEN 'serial_day'
        WHEN is_scientific(x) THEN 'scientific_notation'
        WHEN x <> fold(x) THEN 'full_width_or_invisible'
        WHEN regexp_matches(x, '^\s|\s$') THEN 'spaces'
        WHEN regexp_matches(x, '[¥￥元]|CNY|RMB') THEN 'currency_sign'
        WHEN regexp_full_match(x, '\([\d.,]+\)') THEN 'accounting_negative'
        WHEN regexp_full_match(x, '[\d.,]+-') THEN 'trailing_minus'
        WHEN regexp_full_match(x, '-?\d{1,3}(,\d{3})+(\.\d+)?') THEN 'thousands_separator'
        WHEN regexp_full_match(x, '\d{4}/\d{1,2}/\d{1,2}.*') THEN 'date_slashes'
        WHEN regexp_full_match(x, '\d{4}年.*') THEN 'date_chinese'
        WHEN regexp_full_match(x, '\d{1,2}/\d{1,2}/\d{4}.*') THEN 'date_day_first'
        ELSE 'other' END""",
    # why a cell that is not empty has no value: beyond what the rooms carry, or not of its kind at all
    rf"is_far_money(t) AS COALESCE(regexp_full_match(plain_number(t), '-?0*[1-9]\d{{{MONEY_DIGITS},}}(\.\d+)?'), FALSE)",
    rf"is_far_count(t) AS COALESCE(regexp_full_match(plain_number(t), '-?0*[1-9]\d{{{COUNT_DIGITS},}}(\.\d+)?'), FALSE)",
    r"""is_far_day(t) AS COALESCE(regexp_full_match(t, '-?infinity') OR NOT TRY_CAST(
        regexp_extract(clean(t), '^([1-9]\d{3,6})[-/.年]\d{1,2}[-/.月]\d{1,2}', 1) AS BIGINT) BETWEEN 1900 AND 2199, FALSE)""",
    f"is_reserved(t) AS COALESCE(lower(clean(t)) IN ({_RESERVED}), FALSE)",
)


@dataclass(frozen=True)
class Typed:
    """SQL for one cell: its value (NULL when unreadable), whether it was delivered empty, the form it had.

    Without `empty` a NULL is always an empty cell; without `form` there is none to count.
    """

    value: str
    empty: str | None = None
    form: str | None = None


_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
)
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
# Whether a value beyond what the rooms carry, or a word of ours, stands in a cell of a kind; of a text.
_FAR = {
    "money": ("is_far_money", "out_of_range"),
    "quantity": ("is_far_count", "out_of_range"),
    "integer": ("is_far_count", "out_of_range"),
    "date": ("is_far_day", "out_of_range"),
    "timestamp": ("is_far_day", "out_of_range"),
    "id": ("is_far_id", "out_of_range"),
}
# The form of a readable cell counts when the cell differs from its value's text; of these kinds, when it is not like this.
_USUAL = {
    "quantity": r"-?\d{1,12}(\.\d+)?",
    "timestamp": r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?",
    "money": r"-?\d{1,16}(\.\d{1,2})?",
    "bool": r"(?i)true|false|1|0",
}


def plain(column: Column, physical: str) -> str | None:
    """Return the SQL condition of a cell in plain form (NULL for an empty one); None where every cell is."""
    condition = _plain_form(column, physical)
    if column.below is None or condition is None:
        return condition
    return f"({condition}) AND COALESCE(abs(TRY_CAST({_raw(column)} AS DECIMAL(18,6))) < {column.below}, {_raw(column)} IS NULL)"


def _plain_form(column: Column, physical: str) -> str | None:
    native = _native(column, physical)
    if native is not None:
        return native.is_plain
    if column.kind == "enum":
        return f"{_text(column, physical)} IN ({_allowed(column)})"
    return f"is_plain_{_reading(column)}({_text(column, physical)})"


def typed(column: Column, physical: str, is_plain: bool = False) -> Typed:
    """Return the SQL that reads a column of that kind from a delivered column of that DuckDB type.

    `is_plain` says that every cell is empty or `plain`: then nothing can go wrong, and the short way gives the same value.
    """
    cell = _typed(column, physical, is_plain)
    if column.below is None or cell.empty is None:
        return cell
    return replace(
        cell, value=f"CASE WHEN abs({cell.value}) < {column.below} THEN {cell.value} END"
    )


def _typed(column: Column, physical: str, is_plain: bool) -> Typed:
    native = _native(column, physical)
    if native is not None:
        raw = _raw(column)
        return (
            Typed(native.short)
            if is_plain or native.is_plain is None
            else Typed(native.value, f"{raw} IS NULL")
        )
    text = _text(column, physical)
    if is_plain:
        return Typed(_from_plain_text(column, text))
    value = _from_text(column, text)
    is_counted = physical == "VARCHAR" or (column.kind in ("id", "phone") and physical in _FLOATS)
    form = (
        f"CASE WHEN {_is_changed(column, text, value)} THEN form_of({text}) END"
        if is_counted
        else None
    )
    return Typed(value, _is_unknown(column, text), form)


def unread(column: Column, text: str) -> str:
    """Return the SQL of the rule that a cell breaks which is not empty and has no value."""
    rules = [f"WHEN is_reserved({text}) THEN 'reserved_word'"] if column.kind == "id" else []
    if column.kind in _FAR:
        condition, rule = _FAR["money" if column.is_amount else column.kind]
        rules.append(f"WHEN {condition}({text}) THEN '{rule}'")
    if column.below is not None:
        rules.append(f"WHEN as_quantity({text}) IS NOT NULL THEN 'out_of_range'")
    otherwise = f"'not_a_{column.kind}'"
    return f"CASE {' '.join(rules)} ELSE {otherwise} END" if rules else otherwise


def _is_unknown(column: Column, text: str) -> str:
    """A phone in scientific notation has lost its digits: it is unknown, like an empty one."""
    return (
        f"is_empty({text}) OR is_scientific({text})"
        if column.kind == "phone"
        else f"is_empty({text})"
    )


@dataclass(frozen=True)
class _Native:
    """SQL that needs no detour through text: the value where all cells are plain, what plain is, the value else."""

    short: str
    is_plain: str | None
    value: str


def _native(column: Column, physical: str) -> _Native | None:
    """Read a column whose type needs no detour through text; None for one that does."""
    raw, sql_type = _raw(column), SQL_TYPES[column.kind]
    cast = f"CAST({raw} AS {sql_type})"
    if column.kind == "bool" and physical == "BOOLEAN":
        return _Native(cast, None, cast)
    if column.kind == "date" and physical == "DATE":
        return _Native(cast, f"is_in_range({raw})", f"in_range({raw})")
    if column.kind == "timestamp" and physical.startswith("TIMESTAMP"):
        return _native_instant(raw, physical)
    if column.kind == "integer" and physical in _INTEGERS:
        return _Native(cast, f"is_count({raw})", f"CASE WHEN is_count({raw}) THEN {cast} END")
    if column.kind == "id" and not _has_text_of_ids(physical):
        return _Native("CAST(NULL AS VARCHAR)", f"{raw} IS NULL", "CAST(NULL AS VARCHAR)")
    if _is_number_for(column.kind, physical):
        tried = f"TRY_CAST({raw} AS {sql_type})"
        holds = "is_count" if column.kind == "quantity" and not column.is_amount else "is_money"
        is_plain = f"COALESCE({holds}({tried}), {raw} IS NULL)"
        return _Native(tried, is_plain, f"CASE WHEN {holds}({tried}) THEN {tried} END")
    return None


def _native_instant(raw: str, physical: str) -> _Native:
    """Read an instant; without a zone it is Asia/Shanghai's, and its day is held to the range of days."""
    has_zone = "ZONE" in physical
    offset = "" if has_zone else " - INTERVAL 8 HOUR"
    at = f"TRY_CAST({raw} AS TIMESTAMP)"
    first, behind = (
        ("1899-12-31 16:00:00", "2199-12-31 16:00:00") if has_zone else ("1900-01-01", "2200-01-01")
    )
    within = f"{at} >= TIMESTAMP '{first}' AND {at} < TIMESTAMP '{behind}'"
    is_plain = f"COALESCE({within}, {raw} IS NULL)"
    no_end = f"CAST({at} AS DATE) = DATE '{NO_END}'"
    return _Native(
        f"{at}{offset}", is_plain, f"CASE WHEN {within} OR {no_end} THEN {at}{offset} END"
    )


def _has_text_of_ids(physical: str) -> bool:
    """Whether the text of a type's values can be an id: a day, an instant or a truth never is."""
    return not physical.startswith(("DATE", "TIME", "BOOLEAN", "INTERVAL"))


def _is_number_for(kind: str, physical: str) -> bool:
    """Whether a cast is exact or NULL; money is never rounded, so its decimals may have two places at most."""
    if kind == "quantity":
        return physical in _INTEGERS | _FLOATS or physical.startswith("DECIMAL")
    two_places = physical.startswith("DECIMAL") and physical.endswith((",0)", ",1)", ",2)"))
    return kind == "money" and (physical in _INTEGERS or two_places)


def _raw(column: Column) -> str:
    return f"raw.{quote_name(column.name)}"


def _reading(column: Column) -> str:
    """The end of the names of the macros that read a column."""
    if column.is_amount:
        return "amount"
    return "any_id" if column.takes_reserved else column.kind


def _text(column: Column, physical: str) -> str:
    raw = _raw(column)
    return raw if physical == "VARCHAR" else f"CAST({raw} AS VARCHAR)"


def _allowed(column: Column) -> str:
    return ", ".join(quote_text(value) for value in column.values)


def _from_plain_text(column: Column, text: str) -> str:
    if column.kind == "timestamp":
        return f"CAST(left({text}, 19) AS TIMESTAMP) - INTERVAL 8 HOUR"
    return f"CAST({text} AS {SQL_TYPES[column.kind]})"


def _from_text(column: Column, text: str) -> str:
    if column.kind != "enum":
        return f"as_{_reading(column)}({text})"
    allowed = _allowed(column)
    return f"CASE WHEN {text} IN ({allowed}) THEN {text} WHEN lower(clean({text})) IN ({allowed}) THEN lower(clean({text})) END"


def _is_changed(column: Column, text: str, value: str) -> str:
    if column.kind in _USUAL:
        return f"NOT regexp_full_match({text}, '{_USUAL[column.kind]}')"
    shown = value if SQL_TYPES[column.kind] == "VARCHAR" else f"CAST({value} AS VARCHAR)"
    return f"{text} IS DISTINCT FROM {shown}"
