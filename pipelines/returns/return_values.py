"""The values of what was filled in, read as the deliveries are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.core.values import MACROS
from pipelines.returns.return_sheets import ORDER_ID, ReturnLine

_DAY_OF_YEAR = re.compile(r"([0-9]{1,2})月([0-9]{1,2})[日号]")
DATES = ("contacted_on", "promised_on")
AMOUNT = "promised_amount"
_KINDS = {"contacted_on": "date", "promised_on": "date", AMOUNT: "money"}


@dataclass(frozen=True)
class AnswerValues:
    """The days and the amount of a line; None where nothing was typed, or it cannot be read.

    `unreadable` are the columns of what cannot be read.
    """

    contacted_on: date | None
    promised_on: date | None
    promised_amount: Decimal | None
    unreadable: frozenset[str]


def read_values(lines: Sequence[ReturnLine]) -> list[AnswerValues]:
    """Return the values of each line, in their order."""
    if not lines:
        return []
    rows = _convert_cells(lines)
    return [_make_values(line, row) for line, row in zip(lines, rows, strict=True)]


def _convert_cells(lines: Sequence[ReturnLine]) -> list[dict[str, Any]]:
    """Return of each line the values by column, and as `no_<column>` whether nothing was typed."""
    cells = {}
    expressions = []
    for name, kind in _KINDS.items():
        typed = [line.cells.get(name, "") for line in lines]
        cells[name] = pa.array(typed, pa.string())
        expressions.append(f"as_{kind}({name}) AS {name}")
        expressions.append(f"is_empty({name}) AS no_{name}")

    with duckdb.connect() as engine:
        for macro in MACROS:
            engine.execute(f"CREATE MACRO {macro}")
        engine.register("cell", pa.table(cells))
        listed = ", ".join(expressions)
        answer = engine.sql(f"SELECT {listed} FROM cell")
        rows: list[dict[str, Any]] = answer.to_arrow_table().to_pylist()

    return rows


def _make_values(line: ReturnLine, row: dict[str, Any]) -> AnswerValues:
    """Return the values of a line, its days read once more as days of the year."""
    values = {}
    unreadable = set()
    for name in _KINDS:
        values[name] = row[name]
        is_empty = row[f"no_{name}"]
        if row[name] is None and not is_empty:
            unreadable.add(name)

    for name in DATES:
        if name in unreadable:
            day = _read_day_of_order(line.cells[name], line.order_id)
            if day is not None:
                values[name] = day
                unreadable.remove(name)

    return AnswerValues(**values, unreadable=frozenset(unreadable))


def _read_day_of_order(text: str, order_id: str) -> date | None:
    """Read `9月5日` as the first such day since the order's month began.

    An order is open for less than a year.
    """
    folded = unicodedata.normalize("NFKC", text)
    without_blanks = "".join(folded.split())
    typed = _DAY_OF_YEAR.fullmatch(without_blanks)
    order_month = ORDER_ID.fullmatch(order_id)
    if not typed or not order_month:
        return None

    month = int(typed[1])
    day = int(typed[2])
    year = int(order_month[1])
    if month < int(order_month[2]):
        year += 1
    try:
        return date(year, month, day)
    except ValueError:
        return None
