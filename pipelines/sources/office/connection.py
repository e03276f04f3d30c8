"""Connect to the office database, as to any source, through SQLAlchemy.

Nothing is written, and no Arrow is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from pipelines.core.errors import SourceNotReady


def create_office_engine(url: str) -> sa.Engine:
    """Return an engine that keeps no connection.

    Raise SourceNotReady for what is no URL, without quoting it.
    """
    try:
        return sa.create_engine(url, poolclass=sa.NullPool)
    except (sa.exc.ArgumentError, ModuleNotFoundError) as error:
        raise SourceNotReady("office.away", why=type(error).__name__) from None


def report_away(error: sa.exc.DBAPIError) -> SourceNotReady:
    """Say that the office cannot be reached, without the error's text: it may quote a row."""
    return SourceNotReady("office.away", why=type(error.orig).__name__)


def has_table(engine: sa.Engine, table: str) -> bool:
    """Whether the office has a table; looking into SQLite must not make the file."""
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        if not path.exists():
            return False
    return sa.inspect(engine).has_table(table)


def select_rows(url: str, query: sa.Executable) -> Sequence[sa.RowMapping]:
    """Return the rows of a query about orders; an office that was never opened has none.

    Raise SourceNotReady when it cannot be reached.
    """
    engine = create_office_engine(url)
    try:
        if not has_table(engine, "console_orderchange"):
            return []
        with engine.connect() as connection:
            return connection.execute(query).mappings().all()
    except sa.exc.DBAPIError as error:
        raise report_away(error) from None
    finally:
        engine.dispose()
