"""The values of what was filled in, read as the deliveries are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from pipelines.core.values import MACROS
from pipelines.returns.return_sheets import ORDER_ID, ReturnLine
from pipelines.sources.office.instalments import AMOUNTS, DAYS

_DAY_OF_YEAR = re.compile(r"([0-9]{1,2})月([0-9]{1,2})[日号]")
DATES = ("contacted_on", *DAYS)
_KINDS = dict.fromkeys(DATES, "date") | dict.fromkeys(AMOUNTS, "money")


@dataclass(frozen=True)
class AnswerValues:
    """The days and amounts of a line; None where nothing was typed, or it cannot be read.

    `unreadable` are the columns of what cannot be read.
    """

    contacted_on: date | None
    promised_on: date | None
    promised_amount: Decimal | None
    promised_on_2: date | None
    promised_amount_2: Decimal | None
    promised_on_3: date | None
    promised_amount_3: Decimal | None
    unreadable: frozenset[str]


def read_values(lines: Sequence[ReturnLine]) -> list[AnswerValues]:
    """Return the values of each line, in their order."""
    if not lines:
        return []
    readings = _convert_cells(lines)
    return [_make_values(line, readings) for line in lines]


class _Reading(NamedTuple):
    """What was read of a cell: None where it cannot be read, or nothing was typed."""

    value: Any
    is_empty: bool


def _convert_cells(lines: Sequence[ReturnLine]) -> dict[str, dict[str, _Reading]]:
    """Return by column what each text in it is read as."""
    texts_by_kind: dict[str, set[str]] = {}
    for name, kind in _KINDS.items():
        texts = texts_by_kind.setdefault(kind, set())
        texts.update(line.cells.get(name, "") for line in lines)

    readings = {}
    for kind, texts in texts_by_kind.items():
        readings[kind] = _read_texts(kind, sorted(texts))
    return {name: readings[kind] for name, kind in _KINDS.items()}


def _read_texts(kind: str, texts: Sequence[str]) -> dict[str, _Reading]:
    """Return what each text is read as."""
    typed = pa.table({"text": pa.array(texts, pa.string())})
    with _open_engine().cursor() as engine:
        engine.register("typed", typed)
        answer = engine.sql(f"SELECT as_{kind}(text), is_empty(text) FROM typed")
        values, empty = answer.to_arrow_table().columns

    read = zip(values.to_pylist(), empty.to_pylist(), strict=True)
    readings = [_Reading(value, is_empty) for value, is_empty in read]
    return dict(zip(texts, readings, strict=True))


@cache
def _open_engine() -> duckdb.DuckDBPyConnection:
    """Open an engine that knows the macros, once a process; each question has its own cursor."""
    engine = duckdb.connect()
    for macro in MACROS:
        engine.execute(f"CREATE MACRO {macro}")
    return engine


def _make_values(
    line: ReturnLine, readings: Mapping[str, Mapping[str, _Reading]]
) -> AnswerValues:
    """Return the values of a line, its days read once more as days of the year."""
    values = {}
    unreadable = set()
    for name in _KINDS:
        reading = readings[name][line.cells.get(name, "")]
        values[name] = reading.value
        if reading.value is None and not reading.is_empty:
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
