"""Looking at the delivered cells of a table before they are read.

One statement looks at every cell once: which columns are plain throughout, so that they are read
the short way, and which ids a spreadsheet may have shortened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.core.contract import Column, Table
from pipelines.core.quoting import quote_name, quote_text
from pipelines.core.values import (
    MACROS,
    SQL_TYPES,
    Typed,
    write_plain_condition,
    write_sealed_cell,
    write_sealed_condition,
    write_typed_cell,
)
from pipelines.rooms.context import Context
from pipelines.rooms.snapshot.owners import Owner, list_owners

# In front of a column's name: whether some of its ids start with 0, and how long they are.
_ZEROS = "zeros of "
_SHORTEST = "shortest of "
_LONGEST = "longest of "
# Whether all are known whom it names.
_KNOWN = "known "
_IN_ORDER = "in order"
# Kinds whose values are ordered as they were delivered, in a column of a type.
_ORDERED_AS_DELIVERED = {
    ("id", "VARCHAR"),
    ("date", "DATE"),
    ("timestamp", "TIMESTAMP"),
}


@dataclass(frozen=True)
class Reading:
    """How a delivered table is read: the columns that are there, and the SQL of their cells.

    `uneven` are the ids of which some start with 0 and not all are equally long. Rows that are in
    the order of their key, none of which repeats, are known to be so. `strange` are the owners of
    whom not all are known.
    """

    table: Table
    present: tuple[Column, ...]
    cells: Mapping[str, Typed]
    sealed: frozenset[str]
    uneven: tuple[str, ...]
    strange: tuple[Owner, ...]
    has_faults: bool
    is_in_order: bool

    @property
    def raw(self) -> str:
        """The table as it was delivered."""
        return _name_raw(self.table)

    @property
    def is_plain(self) -> bool:
        """Whether all its cells are read the short way, so that none can be unreadable."""
        return not any(cell.empty or cell.form for cell in self.cells.values())

    def write_value(self, column: Column) -> str:
        """Return the SQL of a column's value: NULL of its type for one that was not delivered."""
        if column.name in self.cells:
            return self.cells[column.name].value
        return f"CAST(NULL AS {SQL_TYPES[column.kind]})"


def look_at_cells(context: Context, table: Table, missing: Sequence[str]) -> Reading:
    """Find how each column of a delivered table is to be read."""
    raw = _name_raw(table)
    described = context.engine.rows(f"DESCRIBE SELECT * FROM {raw}")
    physical = {row["column_name"]: row["column_type"] for row in described}
    present = _list_present(table, physical, missing)
    sealed = _find_sealed(context, table, present)
    unsealed = [column for column in present if column.name not in sealed]
    owners = list_owners(context, table)
    seen = _look_once(context, table, unsealed, physical, owners)
    strange = []
    for owner in owners:
        seen[owner.key] = seen.get(_KNOWN + owner.key, False)
        if not seen[owner.key]:
            strange.append(owner)
    seen |= _look_at_strange(context, table, strange, physical)
    cells = {}
    for column in present:
        if column.name in sealed:
            cells[column.name] = write_sealed_cell(column)
            continue
        is_plain = bool(seen.get(column.name, False))
        cells[column.name] = write_typed_cell(column, physical[column.name], is_plain)
    uneven = _find_uneven(context, table, present, cells, seen)
    return Reading(
        table,
        tuple(present),
        cells,
        sealed,
        tuple(uneven),
        tuple(strange),
        has_faults="_fault" in physical,
        is_in_order=bool(seen.get(_IN_ORDER)) and _are_read_plainly(table.key, cells),
    )


def _are_read_plainly(names: Sequence[str], cells: Mapping[str, Typed]) -> bool:
    """Whether columns are there and have the values that were delivered."""
    return all(name in cells and cells[name].empty is None for name in names)


def _name_raw(table: Table) -> str:
    return f"extract_{table.name}"


def _list_present(
    table: Table, physical: Mapping[str, str], missing: Sequence[str]
) -> list[Column]:
    """The columns that were read: what the contract came to know later is missing too."""
    present = []
    for column in table.columns:
        if column.name in physical and column.name not in missing:
            present.append(column)
    return present


def _look_once(
    context: Context,
    table: Table,
    columns: Sequence[Column],
    physical: Mapping[str, str],
    owners: Sequence[Owner],
) -> dict[str, Any]:
    """Look at every cell once.

    The columns whose cells are all empty or plain; of ids in texts, whether they may have lost
    zeros; of the rows, whether they are in the order of their key. An id that is one of a known
    owner is read as it stands, whatever it looks like.
    """
    looks: list[str] = []
    owned = {}
    if not context.engine.is_spread(_name_raw(table)):
        # A piece says neither who is known nor what stands before it.
        looks += _look_for_order(table, physical)
        owned = {owner.key: owner for owner in owners}
    for column in columns:
        is_text = physical[column.name] == "VARCHAR"
        condition = write_plain_condition(column, physical[column.name])
        if column.name in owned and is_text:
            unknown = owned[column.name].count_unknown(_name_raw(table))
            looks.append(f"{unknown} = 0 AS {quote_name(_KNOWN + column.name)}")
        elif condition:
            looks.append(_look_for_plain(column.name, condition))
        if column.kind == "id" and is_text:
            looks += _look_for_zeros(column.name, f"raw.{quote_name(column.name)}")
    return _ask_once(context, table, looks)


def _look_at_strange(
    context: Context,
    table: Table,
    strange: Sequence[Owner],
    physical: Mapping[str, str],
) -> dict[str, Any]:
    """Look at the ids of owners of whom not all are known: whether they are plain."""
    looks: list[str] = []
    for owner in strange:
        column = table.column(owner.key)
        if column is None or owner.key not in physical:
            continue
        condition = write_plain_condition(column, physical[owner.key])
        if condition:
            looks.append(_look_for_plain(owner.key, condition))
    return _ask_once(context, table, looks)


def _look_for_plain(name: str, condition: str) -> str:
    return f"COALESCE(BOOL_AND({condition}), TRUE) AS {quote_name(name)}"


def _ask_once(context: Context, table: Table, looks: Sequence[str]) -> dict[str, Any]:
    """Work out some aggregates of a delivered table in one statement.

    What is asked whether it is so of all rows is so of all pieces; the least and the most of the
    pieces are those of the whole.
    """
    if not looks:
        return {}
    raw = _name_raw(table)
    sql = f"SELECT {', '.join(looks)} FROM {raw} AS raw"
    first, *others = context.engine.look_at(raw, sql, MACROS)
    found = dict(first)
    for piece in others:
        for name, value in piece.items():
            combine = max if name.startswith((_ZEROS, _LONGEST)) else min
            both = [one for one in (found[name], value) if one is not None]
            found[name] = combine(both, default=None)
    return found


def _look_for_order(table: Table, physical: Mapping[str, str]) -> Iterator[str]:
    """Yield whether each row's key is above that of the row before.

    Only of keys whose delivered values stand in the same order when they are read.
    """
    for name in table.key:
        column = table.column(name)
        kind = column.kind if column else ""
        is_ordered = (kind, physical.get(name)) in _ORDERED_AS_DELIVERED
        if not is_ordered:
            return
    names = [quote_name(name) for name in table.key]
    before = [f"LAG({name}) OVER () AS before_{n}" for n, name in enumerate(names)]
    is_above, is_same = "FALSE", "TRUE"
    for number, name in enumerate(names):
        is_above += f" OR ({is_same} AND {name} > before_{number})"
        is_same += f" AND {name} = before_{number}"
    rows = f"SELECT {', '.join([*names, *before])} FROM {_name_raw(table)}"
    above = f"COUNT(*) FILTER (WHERE {is_above})"
    # The first row has none before it.
    yield (
        f"(SELECT {above} + 1 = COUNT(*) FROM ({rows}) AS rows) AS {quote_name(_IN_ORDER)}"
    )


def _look_for_zeros(name: str, cell: str) -> Iterator[str]:
    """Yield whether some ids start with 0, and how long the shortest and the longest are."""
    has_zeros = f"COALESCE(BOOL_OR(starts_with({cell}, '0')), FALSE)"
    yield f"{has_zeros} AS {quote_name(_ZEROS + name)}"
    yield f"MIN(strlen({cell})) AS {quote_name(_SHORTEST + name)}"
    yield f"MAX(strlen({cell})) AS {quote_name(_LONGEST + name)}"


def _find_uneven(
    context: Context,
    table: Table,
    present: Sequence[Column],
    cells: Mapping[str, Typed],
    seen: Mapping[str, Any],
) -> Iterator[str]:
    """Yield the ids that may have lost zeros; those that are not plain are looked at as read."""
    ids = [column.name for column in present if column.kind == "id"]
    looks: list[str] = []
    for name in ids:
        if not seen.get(name) or _ZEROS + name not in seen:
            looks += _look_for_zeros(name, cells[name].value)
    found = {**seen, **_ask_once(context, table, looks)}
    for name in ids:
        is_uneven = found[_SHORTEST + name] != found[_LONGEST + name]
        if found[_ZEROS + name] and is_uneven:
            yield name


def _find_sealed(
    context: Context, table: Table, present: Sequence[Column]
) -> frozenset[str]:
    """The personal columns that were sealed; in months made before they stand as delivered."""
    looks: list[str] = []
    for column in present:
        if column.personal:
            text = f"CAST(raw.{quote_name(column.name)} AS VARCHAR)"
            condition = write_sealed_condition(text)
            is_sealed = f"COALESCE(BOOL_AND({condition}), FALSE)"
            looks.append(f"{is_sealed} AS {quote_name(column.name)}")
    found = _ask_once(context, table, looks)
    return frozenset(name for name, is_sealed in found.items() if is_sealed)


# -- ids that a spreadsheet has shortened ----------------------------------------------------------


def find_usual_lengths(context: Context, reading: Reading) -> dict[str, int]:
    """Return the usual length of the ids that have lost zeros where they are shorter.

    They are digits alone for the most part, some start with 0. Of lengths that are as many the
    least is usual: nothing is guessed.
    """
    selects = []
    for name in reading.uneven:
        cell = reading.cells[name].value
        digits = f"CASE WHEN regexp_full_match({cell}, '\\d+') THEN length({cell}) END"
        selects.append(
            f"SELECT {quote_text(name)} AS id, {digits} AS digits, COUNT(*) AS ids, "
            f"COALESCE(BOOL_OR(starts_with({cell}, '0')), FALSE) AS has_zeros "
            f"FROM {reading.raw} AS raw WHERE {cell} IS NOT NULL GROUP BY 2"
        )
    if not selects:
        return {}

    lengths: dict[str, Counter[int | None]] = {}
    with_zeros = set()
    union = " UNION ALL ".join(selects)
    for row in context.engine.look_at(reading.raw, union, MACROS):
        counts = lengths.setdefault(row["id"], Counter())
        counts[row["digits"]] += row["ids"]
        if row["digits"] is not None and row["has_zeros"]:
            with_zeros.add(row["id"])
    found = {}
    for name in reading.uneven:
        usual = _choose_usual(lengths.get(name, Counter()))
        if name in with_zeros and usual > 1:
            found[name] = usual
    return found


def _choose_usual(lengths: Counter[int | None]) -> int:
    """The usual length of ids counted by how many digits they are; 0 where few are digits."""
    others = lengths[None]
    digits = {length: ids for length, ids in lengths.items() if length is not None}
    if sum(digits.values()) <= others:
        return 0
    most = max(digits.values())
    return min(length for length, ids in digits.items() if ids == most)
