"""Offices of yesterday: from every state that the tables ever had, with rows in them, forward to today's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from console.database import look_into_office
from tests.support.postgres import Cluster
from tests.support.small import own_settings

OURS = ("accounts", "console")
MADE_BY_DATABASE = ("console_orderstate",)
Rows = dict[str, dict[str, Any]]  # one row a table, by column


@dataclass
class Offices:
    """Office databases of one kind: an empty one, and copies of those there are."""

    make: Callable[[str], str]
    copy: Callable[[str, str], str]


@pytest.fixture
def embedded(tmp_path: Path) -> Offices:
    """Office databases in files."""

    def make(name: str) -> str:
        (tmp_path / name).touch()
        return f"sqlite:///{tmp_path / name}"

    def copy(name: str, new: str) -> str:
        shutil.copy(tmp_path / name, tmp_path / new)
        return f"sqlite:///{tmp_path / new}"

    return Offices(make, copy)


@pytest.fixture
def served(postgres_cluster: Cluster) -> Offices:
    """Office databases in PostgreSQL."""

    def copy(name: str, new: str) -> str:
        engine = sa.create_engine(postgres_cluster.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{new}" TEMPLATE "{name}"')
        engine.dispose()
        url = sa.make_url(postgres_cluster.url).set(database=new)
        return url.render_as_string(hide_password=False)

    return Offices(postgres_cluster.create, copy)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["embedded", "served"])
def test_an_office_of_any_day_comes_forward_with_its_rows_and_its_guards(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    offices: Offices = request.getfixturevalue(kind)
    then = offices.make("then")
    point_at(tmp_path, offices.make("today"))
    go_to(None)
    guards = list_guards()
    point_at(tmp_path, then)
    states = list_states()
    assert len(states) > len(OURS)
    for number, state in enumerate(states):
        point_at(tmp_path, then)
        models = go_to(state)
        let_go()
        point_at(tmp_path, offices.copy("then", f"at{number}"))
        rows = fill_tables(models)
        go_to(None)
        assert_kept(rows, state)
        assert list_guards() == guards, state
    let_go()


def point_at(home: Path, url: str) -> None:
    """Have Django ask a database."""
    look_into_office(home, own_settings(office_url=url))


def let_go() -> None:
    """Leave the database alone, so that it can be copied."""
    from django.db import connections

    connections.close_all()


def list_states() -> list[tuple[str, str]]:
    """Our migrations in the order in which they are made."""
    executor = open_executor()
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [(step.app_label, step.name) for step, _ in plan if step.app_label in OURS]


def open_executor() -> Any:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    return MigrationExecutor(connection)


def go_to(state: tuple[str, str] | None) -> list[Any]:
    """Migrate forward to a state, or to today's; return our tables' models as they were then."""
    executor = open_executor()
    targets = [state] if state else executor.loader.graph.leaf_nodes()
    made = executor.migrate(targets)
    return [model for model in made.apps.get_models() if model._meta.app_label in OURS]


# -- rows ----------------------------------------------------------------------------------------------------------


def fill_tables(models: list[Any]) -> Rows:
    """Put a row into every table, those that others point at first; return them as the database holds them."""
    made: dict[str, Any] = {}
    waiting = [m for m in models if m._meta.db_table not in MADE_BY_DATABASE]
    while waiting:
        ready = [model for model in waiting if not list_missing(model, made)]
        assert ready, waiting
        for model in ready:
            fields = [f for f in model._meta.fields if not is_counted(f)]
            values = {field.attname: make_value(field, made) for field in fields}
            made[model._meta.db_table] = model.objects.create(**values).pk
            waiting.remove(model)
    return {model._meta.db_table: read_row(model._meta.db_table) for model in models}


def is_counted(field: Any) -> bool:
    """Whether the database itself numbers a column."""
    return str(field.get_internal_type()).endswith("AutoField")


def list_missing(model: Any, made: dict[str, Any]) -> list[str]:
    """The tables a model points at that have no row yet."""
    tables = [
        f.related_model._meta.db_table for f in model._meta.fields if f.is_relation
    ]
    ours = [table for table in tables if table.split("_")[0] in OURS]
    return [table for table in ours if table not in made]


def make_value(field: Any, made: dict[str, Any]) -> object:
    """A value that a column takes."""
    kind = field.get_internal_type()
    if field.is_relation:
        return made.get(field.related_model._meta.db_table)
    if kind in ("CharField", "TextField"):
        text = "2026-08" if field.name in ("month", "release") else "x"
        return text[: field.max_length or 9]
    if kind == "BooleanField":
        return True
    if kind == "DateField":
        return date(2026, 9, 8)
    if kind == "DateTimeField":
        return datetime(2026, 9, 8, 12, tzinfo=UTC)
    if kind == "JSONField":
        return {"x": [1]}
    return 1


def read_row(table: str) -> dict[str, Any]:
    """The one row of a table, past Django."""
    [row] = read_rows(f'SELECT * FROM "{table}"')
    return row


def read_rows(sql: str) -> list[dict[str, Any]]:
    from django.db import connection

    with closing(connection.cursor()) as cursor:
        cursor.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def assert_kept(rows: Rows, state: tuple[str, str]) -> None:
    """Every row is there with what it said, as far as its columns still are."""
    for table, row in rows.items():
        now = read_row(table)
        for name, value in row.items():
            assert now.get(name, value) == value, (state, table, name)


def list_guards() -> set[str]:
    """The triggers: what lets nobody change the record, and what keeps the states of orders."""
    from django.db import connection

    if connection.vendor == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        sql = "SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal"
    return {str(row["name"]) for row in read_rows(sql)}
