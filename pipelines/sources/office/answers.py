"""What managers answered, read from the office database as from any source.

It is read through SQLAlchemy, and nothing is written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import sqlalchemy as sa

from pipelines.core.month import Month
from pipelines.core.outcomes import LAST_CHECK
from pipelines.sources.office.connection import (
    create_office_engine,
    has_table,
    report_away,
)
from pipelines.sources.office.consents import read_consents
from pipelines.sources.office.instalments import LATER
from pipelines.sources.office.standing import (
    Answer,
    Outcome,
    Promise,
    choose_standing,
    make_outcome,
    settle_promises,
)
from pipelines.sources.office.tables import ANSWERS, MARKS, ORDERS, RELEASES
from pipelines.sources.one_moment import begin_reading

_MONEY = pa.decimal128(18, 2)
_CENT = Decimal("0.01")
OFFICE_TABLES: dict[str, pa.Schema] = {
    # The months whose orders were released, of those that are still looked at.
    "release": pa.schema(
        [
            ("month", pa.string()),
            ("order_count", pa.int32()),
        ]
    ),
    # The answer that stands at the cut-off, with the flags its code has.
    "outcome": pa.schema(
        [
            ("order_id", pa.string()),
            ("outcome", pa.string()),
            ("contacted_on", pa.date32()),
            ("is_contact", pa.bool_()),
            ("is_success", pa.bool_()),
            ("is_closed", pa.bool_()),
        ]
    ),
    # The last promise to pay, an instalment a row, kept when another answer stands by now, and how
    # often it was put off.
    "promise": pa.schema(
        [
            ("order_id", pa.string()),
            ("instalment", pa.int32()),
            ("contacted_on", pa.date32()),
            ("promised_amount", _MONEY),
            ("promised_on", pa.date32()),
            ("extension_count", pa.int32()),
        ]
    ),
    # What is known of a customer beyond single orders, whoever said it and when: consent does not
    # wait for a cut-off.
    "mark": pa.schema(
        [
            ("customer_id", pa.string()),
            ("kind", pa.string()),
            ("since_on", pa.date32()),
            ("phone_digest", pa.string()),
        ]
    ),
}


@dataclass(frozen=True)
class OfficeReading:
    """What the office says about a month, and the hash of it."""

    tables: Mapping[str, pa.Table]
    sha256: str


class _Release(NamedTuple):
    """A row of the table `release`."""

    month: str
    order_count: int


class _Mark(NamedTuple):
    """A row of the table `mark`."""

    customer_id: str
    kind: str
    since_on: date
    phone_digest: str | None


_Records = Mapping[str, Sequence[_Release | Outcome | Promise | _Mark]]


def read_office(url: str, month: Month, until: date | None = None) -> OfficeReading:
    """Read what the office says about a month, all at one moment.

    That is the releases and standing answers of the three months before, and the open marks.
    Answers count whose contact was by the last day, the month's or `until`. An office that has
    never been opened says nothing. Raise SourceNotReady when it cannot be reached.
    """
    engine = create_office_engine(url)
    try:
        records = _read_records(engine, month, until or month.last_day)
    except sa.exc.DBAPIError as error:
        raise report_away(error) from None
    finally:
        engine.dispose()

    rows = {
        name: [record._asdict() for record in records[name]] for name in OFFICE_TABLES
    }
    tables: dict[str, pa.Table] = {}
    for name, schema in OFFICE_TABLES.items():
        tables[name] = pa.Table.from_pylist(rows[name], schema=schema)
    text = json.dumps(
        rows,
        ensure_ascii=False,
        sort_keys=True,
        default=str,
    )
    return OfficeReading(tables, hashlib.sha256(text.encode()).hexdigest())


def list_open_months(month: Month) -> list[str]:
    """Return the months whose orders are still looked at, the newest first."""
    return [str(month.plus(-ago)) for ago in range(1, LAST_CHECK + 1)]


def _read_records(engine: sa.Engine, month: Month, last_day: date) -> _Records:
    """Return the rows of each table of the office, in an order that does not change."""
    if not has_table(engine, "console_contactmark"):
        return {name: [] for name in OFFICE_TABLES}

    months = list_open_months(month)
    with engine.connect() as connection:
        begin_reading(connection)
        releases = _select_releases(connection, months)
        answers = _select_answers(connection, months, last_day)
        marks = _select_marks(connection)

    promises = [answer for answer in answers if answer.is_promise]
    return {
        "release": releases,
        "outcome": [make_outcome(answer) for answer in choose_standing(answers)],
        "promise": settle_promises(promises),
        "mark": marks,
    }


# -- what is asked -------------------------------------------------------------------------------


def _select_releases(
    connection: sa.Connection, months: Sequence[str]
) -> list[_Release]:
    """Return the releases of these months, the oldest first."""
    query = sa.select(RELEASES.c.month, RELEASES.c.order_count)
    rows = connection.execute(query.where(RELEASES.c.month.in_(months)))
    releases = [_Release(*row) for row in rows]
    return sorted(releases, key=lambda release: release.month)


def _select_answers(
    connection: sa.Connection, months: Sequence[str], last_day: date
) -> list[Answer]:
    """Return the answers to orders of these months whose contact was by the last day."""
    is_in_time = sa.or_(
        ANSWERS.c.contacted_on.is_(None), ANSWERS.c.contacted_on <= last_day
    )
    query = (
        sa.select(
            ANSWERS.c.order_id,
            ANSWERS.c.outcome,
            ANSWERS.c.contacted_on,
            ANSWERS.c.promised_amount,
            ANSWERS.c.promised_on,
            *_select_later(connection),
            ANSWERS.c.id,
        )
        .join(ORDERS, ORDERS.c.order_id == ANSWERS.c.order_id)
        .where(ORDERS.c.month.in_(months), is_in_time)
    )
    answers: list[Answer] = []
    for row in connection.execute(query):
        answer = Answer._make(row)
        answers.append(
            answer._replace(
                promised_amount=_read_money(answer.promised_amount),
                promised_amount_2=_read_money(answer.promised_amount_2),
                promised_amount_3=_read_money(answer.promised_amount_3),
            )
        )
    return answers


def _select_later(connection: sa.Connection) -> list[sa.ColumnElement[Any]]:
    """The columns of later instalments; empty ones of an office that does not have them yet."""
    described = sa.inspect(connection).get_columns(ANSWERS.name)
    known = {column["name"] for column in described}
    columns: list[sa.ColumnElement[Any]] = []
    for names in LATER:
        for name in names:
            columns.append(ANSWERS.c[name] if name in known else sa.null())
    return columns


def _select_marks(connection: sa.Connection) -> list[_Mark]:
    """Return the marks of answers that nobody has lifted, and what stands in the register."""
    query = sa.select(
        MARKS.c.id,
        MARKS.c.customer_id,
        MARKS.c.kind,
        MARKS.c.since_on,
        MARKS.c.phone_digest,
    ).where(MARKS.c.lifted_by_id.is_(None))
    consents = read_consents(connection)
    marks = []
    for number, *mark in connection.execute(query):
        answered = _Mark(*mark)
        standing = consents.get((answered.customer_id, answered.kind))
        if standing is None or not standing.ends_mark(number):
            marks.append(answered)
    for standing in consents.values():
        if standing.is_objection:
            marks.append(
                _Mark(standing.customer_id, standing.kind, standing.since_on, None)
            )
    return sorted(marks, key=lambda mark: [str(value) for value in mark])


def _read_money(amount: object) -> Decimal | None:
    """Return an amount in yuan and cents; SQLite keeps it as a number."""
    if amount is None:
        return None
    return Decimal(str(amount)).quantize(_CENT)
