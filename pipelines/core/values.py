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

from dataclasses import dataclass

from pipelines.core.contract import Column

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


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


MACROS = (
    # As many bytes as characters: plain ASCII, nothing to fold. Translating every cell would cost ten times as much.
    f"fold(x) AS CASE WHEN strlen(x) = length(x) THEN x "
    f"ELSE translate(x, {_quoted(_WIDE + _INVISIBLE)}, {_quoted(_NARROW)}) END",
    f"clean(x) AS NULLIF(trim(fold(x), {_BLANKS}), '')",
    # 9999-12-31 is what many systems write for "no end"; it is a date like any other.
    "in_range(d) AS CASE WHEN d BETWEEN DATE '1900-01-02' AND DATE '2200-12-31' OR d = DATE '9999-12-31' THEN d END",
    # A plain cell reads as itself by a cast alone, and there is nothing to count in it.
    r"""is_plain_id(x) AS regexp_full_match(x, '[A-Za-z0-9_-]*[A-Za-z0-9_]') AND lower(x) NOT IN ('nan', 'none', 'null', 'inf')
        AND NOT regexp_full_match(x, '\d+[eE]\d+')""",
    r"is_plain_text(x) AS regexp_full_match(x, '[\p{L}\p{N}]([\p{L}\p{N}\p{P} ]*[\p{L}\p{N}\p{P}])?')",
    r"is_plain_phone(x) AS regexp_full_match(x, '1\d{10}')",
    r"is_plain_month(x) AS regexp_full_match(x, '\d{4}-(0[1-9]|1[0-2])')",
    r"is_plain_date(x) AS regexp_full_match(x, '\d{4}-\d{2}-\d{2}') AND in_range(TRY_CAST(x AS DATE)) IS NOT NULL",
    r"""is_plain_timestamp(x) AS regexp_full_match(x, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\+08:?00)?')
        AND TRY_CAST(left(x, 19) AS TIMESTAMP) IS NOT NULL AND in_range(TRY_CAST(left(x, 10) AS DATE)) IS NOT NULL""",
    r"is_plain_money(x) AS regexp_full_match(x, '-?\d{1,16}(\.\d{1,2})?')",
    r"is_plain_quantity(x) AS regexp_full_match(x, '-?\d{1,12}(\.\d{1,6})?')",
    r"is_plain_integer(x) AS regexp_full_match(x, '0|-?[1-9]\d{0,17}')",
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
        WHEN regexp_full_match(plain_number(x), '-?\d{1,16}(\.\d{1,2}0*)?')
        THEN TRY_CAST(plain_number(x) AS DECIMAL(18,2)) END""",
    r"""as_quantity(x) AS CASE WHEN is_plain_quantity(x) THEN TRY_CAST(x AS DECIMAL(18,6))
        WHEN regexp_full_match(plain_number(x), '-?\d{1,12}(\.\d+)?')
        THEN TRY_CAST(plain_number(x) AS DECIMAL(18,6)) END""",
    r"""as_integer(x) AS CASE WHEN regexp_full_match(x, '-?\d{1,18}') THEN TRY_CAST(x AS BIGINT)
        WHEN regexp_full_match(plain_number(x), '-?\d{1,18}(\.0+)?')
        THEN TRY_CAST(split_part(plain_number(x), '.', 1) AS BIGINT) END""",
    "as_year(x) AS CASE WHEN as_integer(x) BETWEEN 1900 AND 2100 THEN CAST(as_integer(x) AS INTEGER) END",
    # dates
    r"""day_part(x) AS regexp_replace(clean(x), '[T ]00:00(:00(\.0+)?)?$', '')""",
    r"""day_text(t) AS CASE
        WHEN regexp_full_match(t, '\d{4}[-/.]\d{1,2}[-/.]\d{1,2}') THEN replace(replace(t, '/', '-'), '.', '-')
        WHEN regexp_full_match(t, '\d{8}') THEN t[1:4] || '-' || t[5:6] || '-' || t[7:8]
        WHEN regexp_full_match(t, '\d{4}年\d{1,2}月\d{1,2}日') THEN regexp_replace(t, '(\d+)年(\d+)月(\d+)日', '\1-\2-\3')
        WHEN regexp_full_match(t, '\d{1,2}/\d{1,2}/\d{4}') THEN regexp_replace(t, '(\d+)/(\d+)/(\d+)', '\3-\2-\1')
        END""",
    # A serial with a fraction is a time of day: no date.
    r"""serial_day(x) AS CASE WHEN regexp_full_match(x[2:], '\d{1,7}(\.0+)?')
        THEN DATE '1899-12-30' + CAST(split_part(x[2:], '.', 1) AS INTEGER) END""",
    r"""as_date(x) AS in_range(CASE WHEN regexp_full_match(x, '\d{4}-\d{2}-\d{2}') THEN TRY_CAST(x AS DATE)
        WHEN starts_with(x, chr(57345)) THEN serial_day(x)
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
    r"""as_id(x) AS CASE WHEN is_plain_id(x) THEN x
        WHEN contains(x, chr(57344)) OR contains(x, chr(57346)) OR contains(x, chr(65533)) OR contains(x, chr(0)) THEN NULL
        WHEN lower(clean(x)) IN ('nan', 'none', 'null', '-', '\n', '#n/a', 'n/a', 'inf') THEN NULL
        WHEN regexp_full_match(clean(x), '[+-]?\d+(\.\d+)?[eE][+-]?\d+') THEN NULL
        WHEN regexp_full_match(clean(x), '\d{1,15}\.0+') THEN split_part(clean(x), '.', 1)
        WHEN regexp_full_match(clean(x), '\d{16,}\.0+') THEN NULL
        ELSE clean(x) END""",
    # Marks that turn the direction of writing could make a name read as another.
    f"undirected(x) AS CASE WHEN strlen(x) = length(x) THEN x ELSE translate(x, '{_DIRECTIONS}', '') END",
    "as_text(x) AS CASE WHEN contains(x, chr(65533)) OR contains(x, chr(57346)) OR clean(x) IS NULL THEN NULL "
    f"ELSE NULLIF(trim(undirected(x), {_BLANKS} || chr(12288) || chr(160)), '') END",
    # +86 138-1234-5678 is 13812345678; what is no mobile number stays as it is.
    r"""as_phone(x) AS CASE
        WHEN regexp_full_match(regexp_replace(clean(x), '[\s-]', '', 'g'), '(\+?86)?1\d{10}')
        THEN right(regexp_replace(clean(x), '[\s-]', '', 'g'), 11) ELSE as_text(x) END""",
    "is_empty(x) AS COALESCE(clean(x), '') = ''",
    # which form a readable cell had, for the count of what was normalised
    r"""form_of(x) AS CASE
        WHEN starts_with(x, chr(57345)) THEN 'serial_day'
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
)


@dataclass(frozen=True)
class Typed:
    """SQL for one cell: its value (NULL when unreadable), whether it was delivered empty, the form it had.

    Without `empty` a NULL is always an empty cell; without `form` there is none to count.
    """

    value: str
    empty: str | None = None
    form: str | None = None


_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
# A delivered column that already has the right type needs no reading.
_NATIVE = {"date": frozenset({"DATE"}), "bool": frozenset({"BOOLEAN"}), "integer": _INTEGERS}
# The form of a readable cell counts when the cell differs from its value's text; of these kinds, when it is not like this.
_USUAL = {
    "quantity": r"-?\d{1,12}(\.\d+)?",
    "timestamp": r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?",
    "money": r"-?\d{1,16}(\.\d{1,2})?",
    "bool": r"(?i)true|false|1|0",
}


def plain(column: Column, physical: str) -> str | None:
    """Return the SQL condition of a cell in plain form (NULL for an empty one); None where there is no text to look at."""
    if _native(column, physical) is not None:
        return None
    if column.kind == "enum":
        return f"{_text(column, physical)} IN ({_allowed(column)})"
    return f"is_plain_{column.kind}({_text(column, physical)})"


def typed(column: Column, physical: str, is_plain: bool = False) -> Typed:
    """Return the SQL that reads a column of that kind from a delivered column of that DuckDB type.

    `is_plain` says that every cell is empty or `plain`: then nothing can go wrong, and the short way gives the same value.
    """
    native = _native(column, physical)
    if native is not None:
        return native
    text = _text(column, physical)
    if is_plain:
        return Typed(_from_plain_text(column, text))
    value = _from_text(column, text)
    is_counted = physical == "VARCHAR" or (column.kind == "id" and physical in _FLOATS)
    form = f"CASE WHEN {_is_changed(column, text, value)} THEN form_of({text}) END" if is_counted else None
    return Typed(value, f"is_empty({text})", form)


def _native(column: Column, physical: str) -> Typed | None:
    """Read a column whose type needs no detour through text; None for one that does."""
    raw, sql_type = f'raw."{column.name}"', SQL_TYPES[column.kind]
    if physical in _NATIVE.get(column.kind, ()):
        return Typed(f"CAST({raw} AS {sql_type})")
    if column.kind == "timestamp" and physical.startswith("TIMESTAMP"):
        offset = "" if "ZONE" in physical else " - INTERVAL 8 HOUR"
        return Typed(f"CAST({raw} AS TIMESTAMP){offset}")
    if _is_number_for(column.kind, physical):
        return Typed(f"TRY_CAST({raw} AS {sql_type})", f"{raw} IS NULL")
    return None


def _is_number_for(kind: str, physical: str) -> bool:
    """Whether a cast is exact or NULL; money is never rounded, so its decimals may have two places at most."""
    if kind == "quantity":
        return physical in _INTEGERS | _FLOATS or physical.startswith("DECIMAL")
    two_places = physical.startswith("DECIMAL") and physical.endswith((",0)", ",1)", ",2)"))
    return kind == "money" and (physical in _INTEGERS or two_places)


def _text(column: Column, physical: str) -> str:
    raw = f'raw."{column.name}"'
    return raw if physical == "VARCHAR" else f"CAST({raw} AS VARCHAR)"


def _allowed(column: Column) -> str:
    return ", ".join(_quoted(value) for value in column.values)


def _from_plain_text(column: Column, text: str) -> str:
    if column.kind == "timestamp":
        return f"CAST(left({text}, 19) AS TIMESTAMP) - INTERVAL 8 HOUR"
    return f"CAST({text} AS {SQL_TYPES[column.kind]})"


def _from_text(column: Column, text: str) -> str:
    if column.kind != "enum":
        return f"as_{column.kind}({text})"
    allowed = _allowed(column)
    return f"CASE WHEN {text} IN ({allowed}) THEN {text} WHEN lower(clean({text})) IN ({allowed}) THEN lower(clean({text})) END"


def _is_changed(column: Column, text: str, value: str) -> str:
    if column.kind in _USUAL:
        return f"NOT regexp_full_match({text}, '{_USUAL[column.kind]}')"
    shown = value if SQL_TYPES[column.kind] == "VARCHAR" else f"CAST({value} AS VARCHAR)"
    return f"{text} IS DISTINCT FROM {shown}"
