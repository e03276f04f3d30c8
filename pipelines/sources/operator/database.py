"""A database source: one query a table, all in one consistent, read-only transaction."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

import sqlalchemy as sa

from pipelines.core.contract import Table, load_contract
from pipelines.core.errors import SourceNotReady, SpecError
from pipelines.core.month import Month
from pipelines.sources.one_moment import begin_reading
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
    refused_table,
    written_table,
)
from pipelines.sources.operator.header import check_names, column_names, fold_names
from pipelines.sources.operator.own_names import NO_NAMES, NamesMapping
from pipelines.sources.operator.renaming import explain_lost_column, translate_parts
from pipelines.sources.operator.source import CallEach
from pipelines.sources.operator.staging import make_folder, prepare_output

_ATTEMPTS = 3
_FETCH = 10_000
_CONNECT_SECONDS = 10
# SQLite says so when the file is away; all else that it calls operational is the query.
_SQLITE_AWAY = ("database is locked", "unable to open", "disk I/O")

Head = tuple[
    tuple[str, ...], list[list[str | None]]
]  # column names, first rows as text


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

    def extract(
        self, month: Month, into: Path, call_each: CallEach | None = None
    ) -> list[Delivery]:
        """Write every configured table; one Delivery a contract table.

        One connection reads them, whoever else is there: all are of one moment. A dropped one
        starts all tables afresh, three times in all; then SourceNotReady.
        """
        url = self.spec.find_url()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._read_tables(url, month, into)
            except sa.exc.OperationalError as error:
                cause = type(error.orig).__name__
            if attempt < _ATTEMPTS:
                self._wait(2.0**attempt)
        # Neither the error's text nor its chain goes on: drivers quote the password or a row in it.
        raise _refuse_unreachable(url, cause)

    def read_heads(self, month: Month, rows: int) -> dict[str, Head]:
        """Return each query's column names and first rows as text, by table.

        Raise SourceNotReady or SpecError as `extract` does.
        """
        url = self.spec.find_url()
        heads: dict[str, Head] = {}
        try:
            with _open_connection(url, self.spec) as connection:
                for table in self.spec.tables:
                    heads[table] = self._read_head(connection, table, month, rows)
            return heads
        except sa.exc.OperationalError as error:
            cause = type(error.orig).__name__
        raise _refuse_unreachable(url, cause)

    def _read_head(
        self,
        connection: sa.Connection,
        table: str,
        month: Month,
        rows: int,
    ) -> Head:
        """Return the column names and first rows of one query."""
        statement = self._fill_query(table, month)
        try:
            with closing(connection.execute(statement)) as result:
                found = result.fetchmany(rows)
                columns = tuple(result.keys())
                texts = [[format_value(value) for value in row] for row in found]
                return columns, texts
        except sa.exc.SQLAlchemyError as error:
            if _is_about_connection(error):
                raise
            raise self._refuse_query(table, error) from None

    def _fill_query(self, table: str, month: Month) -> sa.TextClause:
        """Return a table's query with the month filled in."""
        statement = sa.text(self.spec.tables[table])
        if "month" not in statement._bindparams:
            return statement
        first_day = sa.bindparam("month", month.first_day, sa.Date)
        return statement.bindparams(first_day)

    def _read_tables(self, url: sa.URL, month: Month, into: Path) -> list[Delivery]:
        """Write every configured table, read at one moment."""
        mapping = self.spec.mapping or NO_NAMES
        deliveries: list[Delivery] = []
        try:
            with _open_connection(url, self.spec) as connection:
                for contract_table in load_contract().values():
                    table = mapping.apply_to(contract_table)
                    deliveries.append(self._read_table(connection, table, month, into))
        finally:
            shutil.rmtree(into / ".staging", ignore_errors=True)
        return deliveries

    def _read_table(
        self,
        connection: sa.Connection,
        table: Table,
        month: Month,
        into: Path,
    ) -> Delivery:
        """Write one table; data that its query cannot digest refuse the table alone."""
        output = prepare_output(table.name, into)
        if table.name not in self.spec.tables:
            return absent_table(table)

        folder = into / ".staging" / table.name
        make_folder(folder)
        try:
            with _begin_savepoint(connection):
                parts = self._run_query(connection, table, month, folder)
            schema = write_parts(
                table, translate_parts(table, parts), output, self.limits
            )
        except FileRefused as refusal:
            explain_lost_column(table, refusal)
            return refused_table(table, refusal)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

        rows = sum(part.rows for part in parts)
        receipt = FileReceipt(parts[0].name, "", 0, None, None, rows)
        return written_table(table, schema.names, (receipt,))

    def _run_query(
        self,
        connection: sa.Connection,
        table: Table,
        month: Month,
        folder: Path,
    ) -> list[Part]:
        """Stream one query to disk.

        Raise SpecError for a query the database rejects, FileRefused for its data.
        """
        name = f"{self.spec.name}: {table.name}"
        statement = self._fill_query(table.name, month)
        try:
            result = connection.execute(
                statement, execution_options={"yield_per": _FETCH}
            )
            with closing(result):
                headers = fold_names(list(result.keys()))
                columns = column_names(headers, table)
                check_names(columns, table, name, most=self.limits.columns)
                return spool_rows(name, columns, result.partitions(_FETCH), folder)
        except sa.exc.DataError as error:
            raise FileRefused(
                "query_data", file=name, error=_name_cause(error)
            ) from None
        except sa.exc.SQLAlchemyError as error:
            if _is_about_connection(error):
                raise
            raise self._refuse_query(table.name, error) from None

    def _refuse_query(self, table: str, error: sa.exc.SQLAlchemyError) -> SpecError:
        """Say that the database, or SQLAlchemy, rejects a query."""
        cause = _name_cause(error)
        return SpecError(
            "source.query_failed",
            file=self.spec.name,
            table=table,
            error=cause,
        )


@contextmanager
def _open_connection(url: sa.URL, spec: DatabaseSpec) -> Iterator[sa.Connection]:
    """Connect, and open the one transaction in which every table is read."""
    engine = _create_engine(url, spec)
    try:
        with engine.connect() as connection:
            begin_reading(connection)
            yield connection
    finally:
        engine.dispose()


def _create_engine(url: sa.URL, spec: DatabaseSpec) -> sa.Engine:
    """Return an engine that keeps no connection; raise SpecError when its driver is missing."""
    arguments: dict[str, int | str] = {}
    if url.get_backend_name() == "postgresql":
        if "connect_timeout" not in url.query:
            arguments["connect_timeout"] = _CONNECT_SECONDS
        if spec.encoding:
            arguments["client_encoding"] = spec.encoding
    try:
        return sa.create_engine(url, poolclass=sa.NullPool, connect_args=arguments)
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise SpecError(
            "source.driver_missing", file=spec.name, driver=url.drivername
        ) from error


def _begin_savepoint(connection: sa.Connection) -> AbstractContextManager[object]:
    """Guard the transaction of the other tables from data that one query cannot digest."""
    if connection.dialect.name == "postgresql":
        return connection.begin_nested()
    return nullcontext()


def _is_about_connection(error: sa.exc.SQLAlchemyError) -> bool:
    """Whether the database was away, so that trying again may help."""
    if not isinstance(error, sa.exc.OperationalError):
        return False
    is_sqlite = type(error.orig).__module__ == "sqlite3"
    return not is_sqlite or str(error.orig).startswith(_SQLITE_AWAY)


def _name_cause(error: sa.exc.SQLAlchemyError) -> str:
    """Name a database error without its text, which may quote a customer's data."""
    if not isinstance(error, sa.exc.DBAPIError):
        return type(error).__name__
    name = type(error.orig).__name__
    state = getattr(error.orig, "sqlstate", None)
    return f"{name} {state}" if state else name


def _refuse_unreachable(url: sa.URL, cause: str) -> SourceNotReady:
    """Say which database could not be reached, without password and options."""
    shown = url.set(query={}).render_as_string(hide_password=True)
    return SourceNotReady("source.database_unreachable", url=shown, error=cause)
