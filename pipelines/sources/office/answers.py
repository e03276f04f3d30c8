"""What managers answered, read from the office database as any source is: through SQLAlchemy, and nothing written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from pipelines.core.errors import SourceNotReady
from pipelines.core.month import Month
from pipelines.core.outcomes import outcomes, standing_key
from pipelines.core.promises import LAST_CHECK
from pipelines.sources.office.asking import office_engine

_MONEY = pa.decimal128(18, 2)
_TEXT, _FLAG, _DAY = pa.string(), pa.bool_(), pa.date32()
TABLES: dict[str, pa.Schema] = {
    # The months whose orders left the house, of those that are still looked at.
    "release": pa.schema([("month", _TEXT), ("order_count", pa.int32())]),
    # The answer that stands at the cut-off, with the flags its code has.
    "outcome": pa.schema(
        [
            *(("order_id", _TEXT), ("outcome", _TEXT), ("contacted_on", _DAY)),
            *(("is_contact", _FLAG), ("is_success", _FLAG), ("is_closed", _FLAG)),
        ]
    ),
    # The last promise to pay, kept when another answer stands by now.
    "promise": pa.schema(
        [
            ("order_id", _TEXT),
            ("contacted_on", _DAY),
            ("promised_amount", _MONEY),
            ("promised_on", _DAY),
        ]
    ),
    # What is known of a customer beyond his orders, whoever said it and when: consent does not wait for a cut-off.
    "mark": pa.schema(
        [("customer_id", _TEXT), ("kind", _TEXT), ("since_on", _DAY), ("phone_digest", _TEXT)]
    ),
}
_PROMISE = ("order_id", "contacted_on", "promised_amount", "promised_on")
_RELEASES = "SELECT month, order_count FROM console_release WHERE month IN :months"
_ANSWERS = """
    SELECT a.order_id, a.outcome, a.contacted_on, a.promised_amount, a.promised_on, a.id
    FROM console_answer AS a JOIN console_order AS o ON o.order_id = a.order_id
    WHERE o.month IN :months AND (a.contacted_on IS NULL OR a.contacted_on <= :last_day)
"""
_MARKS = "SELECT customer_id, kind, since_on, phone_digest FROM console_contactmark WHERE lifted_by_id IS NULL"


@dataclass(frozen=True)
class OfficeReading:
    """What the office says about a month, and the hash of it."""

    tables: Mapping[str, pa.Table]
    sha256: str


def read_office(url: str, month: Month, until: date | None = None) -> OfficeReading:
    """Read the releases and standing answers of the three months before and the open marks, all at one moment.

    Answers count whose contact was by the last day, the month's or `until`. An office that has never been opened says
    nothing. Raise SourceNotReady when it cannot be reached.
    """
    engine = office_engine(url)
    try:
        rows = _read(engine, month, until or month.last_day)
    except sa.exc.DBAPIError as error:
        raise SourceNotReady("office.away", why=type(error.orig).__name__) from None
    finally:
        engine.dispose()
    text = json.dumps(rows, ensure_ascii=False, sort_keys=True, default=str)
    tables = {
        name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in TABLES.items()
    }
    return OfficeReading(tables, hashlib.sha256(text.encode()).hexdigest())


def _read(engine: sa.Engine, month: Month, last_day: date) -> dict[str, list[dict[str, Any]]]:
    if _is_unopened(engine):
        return {name: [] for name in TABLES}
    held = {"months": looked_at(month)}
    with engine.connect() as connection:
        _begin_reading(connection)
        releases = _rows(connection, _RELEASES, held)
        answers = list(map(_typed, _rows(connection, _ANSWERS, held | {"last_day": last_day})))
        marks = _rows(connection, _MARKS, {})
    return {
        "release": sorted(releases, key=lambda row: str(row["month"])),
        "outcome": [_flagged(answer) for answer in _standing(answers)],
        "promise": [
            {name: a[name] for name in _PROMISE} for a in _standing(filter(_is_promise, answers))
        ],
        "mark": sorted(map(_mark, marks), key=lambda row: [str(value) for value in row.values()]),
    }


def looked_at(month: Month) -> list[str]:
    """Return the months whose orders are still looked at, the newest first."""
    return [str(month.plus(-ago)) for ago in range(1, LAST_CHECK + 1)]


def _begin_reading(connection: sa.Connection) -> None:
    """Open the one transaction in which all is read."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    else:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")


def _rows(connection: sa.Connection, sql: str, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    types: dict[str, dict[str, Any]] = {
        "months": {"expanding": True},
        "last_day": {"type_": sa.Date()},
    }
    wanted = [sa.bindparam(name, value, **types[name]) for name, value in facts.items()]
    return [dict(row) for row in connection.execute(sa.text(sql).bindparams(*wanted)).mappings()]


def _is_unopened(engine: sa.Engine) -> bool:
    """Whether nobody has released a month yet; asking SQLite must not make the file."""
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return True
    return not sa.inspect(engine).has_table("console_contactmark")


def _is_promise(answer: dict[str, Any]) -> bool:
    code = outcomes()[answer["outcome"]]
    return code.needs_date and code.needs_amount


def _standing(answers: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each order the answer that stands."""
    last: dict[str, dict[str, Any]] = {}
    for answer in answers:
        before = last.get(answer["order_id"])
        if before is None or _place(before) < _place(answer):
            last[answer["order_id"]] = answer
    return [last[order_id] for order_id in sorted(last)]


def _place(answer: dict[str, Any]) -> tuple[date, int]:
    return standing_key(answer["contacted_on"], answer["id"])


def _typed(answer: dict[str, Any]) -> dict[str, Any]:
    """SQLite keeps days as texts and money as numbers."""
    days = {name: _day(answer[name]) for name in ("contacted_on", "promised_on")}
    amount = answer["promised_amount"]
    money = None if amount is None else Decimal(str(amount)).quantize(Decimal("0.01"))
    return {**answer, **days, "promised_amount": money}


def _mark(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "since_on": _day(row["since_on"])}


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _flagged(answer: dict[str, Any]) -> dict[str, Any]:
    code = outcomes()[answer["outcome"]]
    flags = {"is_contact": code.is_contact, "is_success": code.is_success, "is_closed": code.closes}
    return {name: answer[name] for name in ("order_id", "outcome", "contacted_on")} | flags
