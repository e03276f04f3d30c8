"""What customers want of the office, as its register says: of each kind the last entry stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from pipelines.sources.office.tables import CONSENTS


class Consent(NamedTuple):
    """An entry that stands.

    `kind` is `do_not_contact` or `opted_out`. One that takes an objection back also ends the marks
    of answers up to `last_mark`: they were made before it.
    """

    customer_id: str
    kind: str
    is_objection: bool
    since_on: date
    last_mark: int

    def ends_mark(self, number: int) -> bool:
        """Whether the mark of an answer holds no longer."""
        return not self.is_objection and number <= self.last_mark


def read_consents(connection: sa.Connection) -> Mapping[tuple[str, str], Consent]:
    """Return the entries that stand by customer and kind; none of an office without a register."""
    if not sa.inspect(connection).has_table(CONSENTS.name):
        return {}
    query = sa.select(
        CONSENTS.c.customer_id,
        CONSENTS.c.kind,
        CONSENTS.c.is_objection,
        CONSENTS.c.since_on,
        CONSENTS.c.last_mark,
    ).order_by(CONSENTS.c.id)
    standing = {}
    for row in connection.execute(query):
        consent = Consent(*row)
        standing[consent.customer_id, consent.kind] = consent
    return standing
