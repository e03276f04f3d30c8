"""Read a database as it is at one moment."""

from __future__ import annotations

import sqlalchemy as sa


def begin_reading(connection: sa.Connection) -> None:
    """Begin the transaction in which all is read: it sees one state, and writes nothing."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    elif dialect == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")
