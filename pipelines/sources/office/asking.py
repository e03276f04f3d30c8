"""Asks the office database through SQLAlchemy, as any source is asked; nothing is written, and no Arrow is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.core.errors import SourceNotReady


def office_engine(url: str) -> sa.Engine:
    """Return an engine that keeps no connection; raise SourceNotReady for what is no URL, without quoting it."""
    try:
        return sa.create_engine(url, poolclass=sa.NullPool)
    except (sa.exc.ArgumentError, ModuleNotFoundError) as error:
        raise SourceNotReady("office.away", why=type(error).__name__) from None


def ask_office(url: str, asked: sa.Executable) -> list[Mapping[str, Any]]:
    """Ask the office for rows; one that was never opened has none. Raise SourceNotReady when it cannot be reached."""
    engine = office_engine(url)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return []
    try:
        if not sa.inspect(engine).has_table("console_orderchange"):
            return []
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]
    except sa.exc.DBAPIError as error:
        raise SourceNotReady("office.away", why=type(error.orig).__name__) from None
    finally:
        engine.dispose()
