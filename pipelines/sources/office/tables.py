"""The tables of the office database, as far as they are read.

They are the console's (`console/models.py`). Days are dates here, although SQLite keeps them as
texts.
"""

from __future__ import annotations

import sqlalchemy as sa

WITHDRAWN = "withdrawn"

RELEASES = sa.table("console_release", sa.column("month"), sa.column("order_count"))

ORDERS = sa.table(
    "console_order",
    sa.column("order_id"),
    sa.column("month"),
    sa.column("list"),
    sa.column("purpose"),
    sa.column("customer_id"),
    sa.column("branch_id"),
    sa.column("manager_id"),
    sa.column("dispatched_on", sa.Date),
    sa.column("due_on", sa.Date),
)

CHANGES = sa.table(
    "console_orderchange",
    sa.column("id"),
    sa.column("order_id"),
    sa.column("kind"),
    sa.column("manager_id"),
    sa.column("why"),
    sa.column("actor"),
    sa.column("at"),
)

ANSWERS = sa.table(
    "console_answer",
    sa.column("id"),
    sa.column("order_id"),
    sa.column("outcome"),
    sa.column("contacted_on", sa.Date),
    sa.column("promised_amount"),
    sa.column("promised_on", sa.Date),
    sa.column("promised_amount_2"),
    sa.column("promised_on_2", sa.Date),
    sa.column("promised_amount_3"),
    sa.column("promised_on_3", sa.Date),
)

MARKS = sa.table(
    "console_contactmark",
    sa.column("id"),
    sa.column("customer_id"),
    sa.column("kind"),
    sa.column("since_on", sa.Date),
    sa.column("phone_digest"),
    sa.column("lifted_by_id"),
)

CONSENTS = sa.table(
    "console_consententry",
    sa.column("id"),
    sa.column("customer_id"),
    sa.column("kind"),
    sa.column("is_objection"),
    sa.column("since_on", sa.Date),
    sa.column("last_mark"),
)


def is_last_change() -> sa.ColumnElement[bool]:
    """The condition that a change is the last one of its order."""
    others = CHANGES.alias("other_change")
    last = sa.select(sa.func.max(others.c.id)).where(
        others.c.order_id == CHANGES.c.order_id
    )
    return CHANGES.c.id == last.correlate(CHANGES).scalar_subquery()
