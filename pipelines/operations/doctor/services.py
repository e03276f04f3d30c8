"""What is asked over a connection: the engine, the office's database, Airflow's database."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import sqlalchemy as sa

from pipelines.core.errors import StorageError
from pipelines.core.paths import ROOT
from pipelines.core.settings import Settings
from pipelines.operations.doctor.check import FAIL, OK, WARN, Check
from pipelines.operations.doctor.home import nearest_folder
from pipelines.operations.service import find_open, read_passwords


def check_engine(settings: Settings, home: Path) -> Check:
    """Look whether the engine answers, and into the home's disk.

    A worker may stand on another machine.
    """
    if settings.engine == "duckdb":
        return Check("engine", OK, "engine_here")

    import duckdb  # here and below: where DuckDB is the engine nobody waits for it

    facts = {"engine": settings.engine, "master": settings.spark_url}
    try:
        _ask_engine(settings, home)
    except StorageError as error:
        if error.key == "storage.spark_unseen":
            return Check("engine", FAIL, "engine_elsewhere", facts)
        return Check("engine", FAIL, "engine", facts | {"why": error.facts["why"]})
    except (OSError, duckdb.IOException):
        return Check("engine", FAIL, "engine_elsewhere", facts)

    return Check("engine", OK, "engine", facts)


def _ask_engine(settings: Settings, home: Path) -> None:
    from pipelines.engines import open_engine

    folder = nearest_folder(home)
    with (
        tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as scratch,
        open_engine(settings, Path(scratch), []) as engine,
    ):
        answer = engine.answer("SELECT 1 AS one")
        engine.rows(answer.sql)


def check_office(settings: Settings, home: Path) -> Check:
    """Look whether the office can be reached, and its tables are those this code knows."""
    try:
        url = sa.make_url(settings.office_database(home))
        if _is_unopened(url):
            return Check("office", OK, "office_unopened")
        done = _read_migrations(url)
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        return Check("office", FAIL, "office_away", {"why": type(error).__name__})

    files = (ROOT / "console" / "migrations").glob("[0-9]*.py")
    known = {file.stem for file in files}
    newer = ", ".join(sorted(done - known))
    if newer:
        return Check("office", FAIL, "office_newer", {"migrations": newer})
    older = ", ".join(sorted(known - done))
    if older:
        return Check("office", WARN, "office_older", {"migrations": older})
    return Check("office", OK, "office")


def _is_unopened(url: sa.URL) -> bool:
    """Whether nobody has opened the office yet: it is a file, and there is none."""
    if url.get_backend_name() != "sqlite":
        return False
    file = Path(url.database or "")
    return not file.exists()


def _read_migrations(url: sa.URL) -> set[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    names = sa.text("SELECT name FROM django_migrations WHERE app = 'console'")
    try:
        if not sa.inspect(engine).has_table("django_migrations"):
            return set()
        with engine.connect() as connection:
            return {str(name) for (name,) in connection.execute(names)}
    finally:
        engine.dispose()


def check_airflow() -> Check:
    """Look whether Airflow's database can be reached, where this shell is set up for Airflow."""
    url = os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    if not url:
        return Check("airflow", OK, "airflow_unset")

    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            is_set_up = sa.inspect(connection).has_table("alembic_version")
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        return Check("airflow", FAIL, "airflow_away", {"why": type(error).__name__})

    if not is_set_up:
        return Check("airflow", FAIL, "airflow_empty")

    passwords = read_passwords(os.environ)
    open_settings = find_open(os.environ, passwords)
    facts = {"open": ", ".join(open_settings)}
    if open_settings:
        return Check("airflow", WARN, "airflow_open", facts)
    return Check("airflow", OK, "airflow", facts)
