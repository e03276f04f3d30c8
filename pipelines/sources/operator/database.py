"""A database source: one query a table, all in one consistent, read-only transaction."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.core.contract import Table, contract
from pipelines.core.errors import SourceNotReady, SpecError
from pipelines.core.month import Month
from pipelines.sources.operator.batches.part import Part
from pipelines.sources.operator.batches.typed_batches import spool_rows
from pipelines.sources.operator.batches.values import format_value
from pipelines.sources.operator.batches.writer import write_parts
from pipelines.sources.operator.database_spec import DatabaseSpec
from pipelines.sources.operator.delivery import (
    Delivery,
    FileReceipt,
    FileRefused,
    Limits,
    absent_table,
    written_table,
)
from pipelines.sources.operator.header import check_names, column_names, fold_names
from pipelines.sources.operator.mapping import NamesMapping
from pipelines.sources.operator.renaming import explain_lost_column, translate_parts
from pipelines.sources.operator.staging import make_folder, prepare_output

_ATTEMPTS = 3
_FETCH = 10_000
_CONNECT_SECONDS = 10
_SQLITE_AWAY = (
    "database is locked",
    "unable to open",
    "disk I/O",
)  # all else SQLite calls operational is the query


class DatabaseSource:
    """Reads what an operator's database says about a month."""

    def __init__(
        self,
        spec: DatabaseSpec,
        limits: Limits | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.spec = spec
        self.limits = limits or Limits()
        self._wait = wait

    def fingerprint(self, month: Month) -> None:
        """Return None: a database is known only after reading."""
        return

    def mapping(self, month: Month) -> NamesMapping | None:
        """Return the own names that the database's YAML refers to."""
        return self.spec.mapping

    def unknown_files(self, month: Month) -> tuple[str, ...]:
        """Return nothing: only the tables asked for are read."""
        return ()

    def extract(self, month: Month, into: Path) -> list[Delivery]:
        """Write every configured table; a dropped connection starts all tables afresh, three times in all."""
        url = self.spec.url()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._read_all(url, month, into)
            except sa.exc.OperationalError as error:
                cause = type(error.orig).__name__
            if attempt < _ATTEMPTS:
                self._wait(2.0**attempt)
        # Neither the error's text nor its chain goes on: drivers quote the password or a row in it.
        raise SourceNotReady("source.database_unreachable", url=_safe_url(url), error=cause)

    def read_heads(
        self, month: Month, rows: int
    ) -> dict[str, tuple[tuple[str, ...], list[list[str | None]]]]:
        """Return each query's column names and first rows as text; raise SourceNotReady or SpecError as `extract` does."""
        engine = _create_engine(self.spec.url(), self.spec)
        try:
            with engine.connect() as connection:
                _begin_reading(connection)
                return {
                    name: self._read_head(connection, name, month, rows)
                    for name in self.spec.tables
                }
        except sa.exc.OperationalError as error:
            cause = type(error.orig).__name__
        finally:
            engine.dispose()
        raise SourceNotReady(
            "source.database_unreachable", url=_safe_url(self.spec.url()), error=cause
        )

    def _read_head(
        self, connection: sa.Connection, table: str, month: Month, rows: int
    ) -> tuple[tuple[str, ...], list[list[str | None]]]:
        try:
            with closing(connection.execute(self._statement(table, month))) as result:
                found = result.fetchmany(rows)
                return tuple(result.keys()), [
                    [format_value(value) for value in row] for row in found
                ]
        except sa.exc.SQLAlchemyError as error:
            if isinstance(error, sa.exc.OperationalError) and not _is_wrong_query(error):
                raise
            cause = (
                _sqlstate(error) if isinstance(error, sa.exc.DBAPIError) else type(error).__name__
            )
            raise SpecError(
                "source.query_failed", file=self.spec.name, table=table, error=cause
            ) from None

    def _statement(self, table: str, month: Month) -> sa.TextClause:
        """Return a table's query with the month filled in."""
        statement = sa.text(self.spec.tables[table])
        if "month" in statement._bindparams:
            statement = statement.bindparams(sa.bindparam("month", month.first_day, sa.Date))
        return statement

    def _read_all(self, url: sa.URL, month: Month, into: Path) -> list[Delivery]:
        engine = _create_engine(url, self.spec)
        try:
            with engine.connect() as connection:
                _begin_reading(connection)
                mapping = self.spec.mapping or NamesMapping("", "")
                tables = [mapping.apply_to(table) for table in contract().values()]
                return [self._read_table(connection, table, month, into) for table in tables]
        finally:
            engine.dispose()
            shutil.rmtree(into / ".staging", ignore_errors=True)

    def _read_table(
        self, connection: sa.Connection, table: Table, month: Month, into: Path
    ) -> Delivery:
        output, folder = prepare_output(table.name, into), into / ".staging" / table.name
        if table.name not in self.spec.tables:
            return absent_table(table)
        make_folder(folder)
        try:
            # A savepoint, so that data one query cannot digest does not end the transaction of the others.
            with (
                connection.begin_nested()
                if connection.dialect.name == "postgresql"
                else nullcontext()
            ):
                parts = self._run_query(connection, table, month, folder)
            schema = write_parts(table, translate_parts(table, parts), output, self.limits)
        except FileRefused as refusal:
            explain_lost_column(table, refusal)
            return Delivery(table.name, "refused", reason=refusal.key, facts=refusal.facts)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        receipt = FileReceipt(parts[0].name, "", 0, None, None, sum(part.rows for part in parts))
        return written_table(table, schema.names, (receipt,))

    def _run_query(
        self, connection: sa.Connection, table: Table, month: Month, folder: Path
    ) -> list[Part]:
        """Stream one query to disk; raise SpecError for a query the database rejects, FileRefused for its data."""
        name = f"{self.spec.name}: {table.name}"
        statement = self._statement(table.name, month)
        try:
            result = connection.execute(statement, execution_options={"yield_per": _FETCH})
            with closing(result):
                columns = column_names(fold_names(list(result.keys())), table)
                check_names(columns, table, name, most=self.limits.columns)
                return spool_rows(name, columns, result.partitions(_FETCH), folder)
        except sa.exc.DataError as error:
            raise FileRefused("query_data", file=name, error=_sqlstate(error)) from None
        except sa.exc.DBAPIError as error:
            if isinstance(error, sa.exc.OperationalError) and not _is_wrong_query(error):
                raise
            raise SpecError(
                "source.query_failed", file=self.spec.name, table=table.name, error=_sqlstate(error)
            ) from None
        except sa.exc.SQLAlchemyError as error:
            raise SpecError(
                "source.query_failed",
                file=self.spec.name,
                table=table.name,
                error=type(error).__name__,
            ) from None


def _create_engine(url: sa.URL, spec: DatabaseSpec) -> sa.Engine:
    arguments: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        arguments = (
            {"connect_timeout": _CONNECT_SECONDS} if "connect_timeout" not in url.query else {}
        )
        arguments |= {"client_encoding": spec.encoding} if spec.encoding else {}
    try:
        return sa.create_engine(url, poolclass=sa.NullPool, connect_args=arguments)
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise SpecError("source.driver_missing", file=spec.name, driver=url.drivername) from error


def _begin_reading(connection: sa.Connection) -> None:
    """Open the one transaction in which every table is read: the same state for all, and nothing written."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")


def _is_wrong_query(error: sa.exc.OperationalError) -> bool:
    return type(error.orig).__module__ == "sqlite3" and not str(error.orig).startswith(_SQLITE_AWAY)


def _sqlstate(error: sa.exc.DBAPIError) -> str:
    """Name a database error without its text, which may quote a customer's data."""
    state = getattr(error.orig, "sqlstate", None)
    return f"{type(error.orig).__name__} {state}" if state else type(error.orig).__name__


def _safe_url(url: sa.URL) -> str:
    """Return the URL without password and options."""
    return url.set(query={}).render_as_string(hide_password=True)
