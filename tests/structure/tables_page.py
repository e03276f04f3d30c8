"""The page of all tables, made of what they declare: `python -m tests.structure.tables_page` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines import ROOMS
from pipelines.catalogue.tables import REJECTED, Column, Table, load_tables
from pipelines.core.contract import load_contract
from pipelines.core.paths import ROOT

PAGE = ROOT / "docs" / "tables.md"
OTHERS = ("daily", "plan", "restate")  # what else is run and writes tables
HEAD = """\
# The tables

Made of `pipelines/catalogue/tables/` by `python -m tests.structure.tables_page`: every table that is written, by the
room or the job that writes it, with its key and its columns in their order. A room may not write a table that is not
what it declares. Without a key no column tells rows apart; columns that say who somebody is are marked *personal*.

The delivered tables are those of [the contract](delivery.md). Each is there three times: `extract_<table>` as it came,
with `_file`, `_line` and `_fault` besides and any further column the operator sent; `snapshot_<table>` typed, one row a
key, without names and numbers; `snapshot_<table>_rejected`, where rows were rejected, with the first `_rule` each
broke. Only the snapshot's columns are written out below.
"""
_COUNTED = re.compile(r"(?P<stem>.+_)(?P<number>\d+)")


def make_page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *_page_lines()])


def _page_lines() -> Iterator[str]:
    for room in (*ROOMS, *OTHERS):
        yield f"## {room}"
        yield ""
        for table in load_tables().values():
            if table.room == room and not _is_copy_of_a_delivery(table):
                yield from _table_lines(table)


def _is_copy_of_a_delivery(table: Table) -> bool:
    if table.is_open:
        return True
    delivered = table.name.removeprefix("snapshot_").removesuffix(REJECTED)
    return table.name.endswith(REJECTED) and delivered in load_contract()


def _table_lines(table: Table) -> Iterator[str]:
    key = ", ".join(f"`{name}`" for name in table.key) or "none"
    yield f"### {table.name}"
    yield ""
    yield f"{table.purpose['en']} · {table.purpose['zh']}"
    yield ""
    yield f"Key: {key}"
    yield ""
    yield ", ".join(
        _column_text(names, column) for names, column in _group_counted(table.columns)
    )
    yield ""


def _column_text(names: str, column: Column) -> str:
    personal = " *personal*" if column.is_personal else ""
    return f"{names} {column.type}{personal}"


def _group_counted(columns: tuple[Column, ...]) -> Iterator[tuple[str, Column]]:
    """Yield each column with how it is called; `revenue_0` to `revenue_12` are one line."""
    waiting: list[Column] = []
    for column in columns:
        if waiting and not _goes_on(waiting[-1], column):
            yield _called(waiting), waiting[0]
            waiting = []
        waiting.append(column)
    yield _called(waiting), waiting[0]


def _goes_on(before: Column, column: Column) -> bool:
    """Whether a column is the next one of a count, of the same type."""
    first, second = _COUNTED.fullmatch(before.name), _COUNTED.fullmatch(column.name)
    if first is None or second is None or before.type != column.type:
        return False
    is_next = int(second["number"]) == int(first["number"]) + 1
    return is_next and first["stem"] == second["stem"]


def _called(columns: list[Column]) -> str:
    if len(columns) == 1:
        return f"`{columns[0].name}`"
    return f"`{columns[0].name}` to `{columns[-1].name}`"


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
