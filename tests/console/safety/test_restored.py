"""Accounts in a backup: who may come in, by which second factor, and what they opened, on SQLite and PostgreSQL."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from console.database import open_accounts
from pipelines.core.errors import Refused
from pipelines.operations.backup import OFFICE, back_up
from pipelines.operations.restoring import restore_home
from tests.support.console.visitors import PASSWORD, PEOPLE, Console
from tests.support.postgres import Cluster
from tests.support.small import own_settings

NOW = datetime(2026, 9, 9, 2, 0, tzinfo=UTC)
TABLES = ("accounts.Account", "accounts.HistoricalAccount", "accounts.AccessEntry", "otp_totp.TOTPDevice")  # fmt: skip


def list_rows(tables: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Every row of some tables. Times to the thousandth of a second: an archive has no more."""
    from django.apps import apps

    found: dict[str, list[dict[str, Any]]] = {}
    for table in tables:
        found[table] = []
        for row in apps.get_model(table).objects.order_by("pk").values():
            for name, value in row.items():
                if isinstance(value, datetime):
                    row[name] = value.isoformat(timespec="milliseconds")
            found[table].append(row)
    return found


@pytest.fixture
def archive(console: Console, tmp_path: Path) -> Path:
    """An archive of an office in which somebody of every role has been."""
    visitors = {name: console.visit(name) for name in PEOPLE}
    visitors["root"].post("/accounts/li/", {"act": "disable"})
    return back_up(console.home, tmp_path / "archives", own_settings(), NOW).path


def test_who_could_come_in_can_come_in_after_a_restore_and_nobody_else(
    console: Console, archive: Path, tmp_path: Path
) -> None:
    before = list_rows(TABLES)
    again = restore_home(archive, tmp_path / "again", own_settings()).path
    assert archive.stat().st_mode & 0o777 == 0o600
    assert (again / "office.sqlite3").stat().st_mode & 0o777 == 0o600

    open_accounts(again, own_settings())
    assert list_rows(TABLES) == before and len(before["accounts.Account"]) == 8
    from django.contrib.sessions.models import Session

    assert Session.objects.count() == 0
    restored = Console(again)
    assert restored.visit("wang").get("/queue/").status_code == 200
    closed = {"username": "li", "password": PASSWORD}
    assert restored.visit().post("/log-in/", closed).status_code == 422
    # The app's secret is the old one, and a code that was used stays used.
    used = restored.code_of("qi")
    fresh = restored.code_of("qi", step=1)
    quality = restored.visit("qi", is_verified=False)
    assert quality.post("/second-factor/", {"code": fresh}).status_code == 302
    again = restored.visit("qi", is_verified=False)
    assert again.post("/second-factor/", {"code": used}).status_code == 422


def test_accounts_move_to_postgresql_and_go_on_there(
    console: Console, archive: Path, tmp_path: Path, postgres_cluster: Cluster
) -> None:
    from console.accounts.register import NewAccount, make_account

    names = sorted(PEOPLE)
    url = postgres_cluster.create("restored_accounts")
    in_service = own_settings(office_url=url)
    restore_home(archive, tmp_path / "again", in_service)
    open_accounts(tmp_path / "again", in_service)
    assert [row["name"] for row in list_rows(TABLES)["accounts.Account"]] != []
    make_account(NewAccount("sun", "manager", "M2"), "test")  # numbers go on behind
    restored = Console(tmp_path / "again")
    assert restored.visit("wang").get("/queue/").status_code == 200
    with pytest.raises(Refused, match=r"restore\.office_not_empty"):
        restore_home(archive, tmp_path / "other", in_service)

    back = back_up(tmp_path / "again", tmp_path / "back", in_service, NOW).path
    restore_home(back, tmp_path / "embedded", own_settings())
    open_accounts(tmp_path / "embedded", own_settings())
    kept = [row["name"] for row in list_rows(TABLES)["accounts.Account"]]
    assert sorted(kept) == sorted([*names, "sun"])


def test_an_archive_holds_no_session_and_no_password(archive: Path) -> None:
    with tarfile.open(archive) as members:
        content = members.extractfile(OFFICE)
        assert content is not None
        text = content.read().decode()
    assert '"accounts.account"' in text and "argon2" in text
    assert PASSWORD not in text and "sessions.session" not in text


# What a restore makes anew, or leaves behind, and why.
NOT_IN_AN_ARCHIVE = {"console.OrderState": "the database makes it of orders and answers"}  # fmt: skip


def make_row(model: Any) -> Any:
    """Make a row of a model with something in every field, and of every model that it points to."""
    facts = {
        field.name: make_value(field)
        for field in model._meta.concrete_fields
        if field.name != "id"
    }
    return model.objects.create(**facts)


def make_value(field: Any) -> Any:
    """Something that a field takes."""
    if field.is_relation:
        pointed = field.related_model
        return pointed.objects.last() or make_row(pointed)
    if field.choices:
        return field.choices[0][0]
    by_kind = {
        "DateTimeField": NOW, "DateField": NOW.date(), "BooleanField": True, "JSONField": {"said": "安"},
        "GenericIPAddressField": "127.0.0.1", "DecimalField": 3, "IntegerField": 3, "SmallIntegerField": 3,
        "BigIntegerField": 3,
    }  # fmt: skip
    return by_kind.get(field.get_internal_type(), field.name[:7])


def test_an_archive_holds_a_row_of_every_table_and_brings_it_back(
    console: Console, tmp_path: Path
) -> None:
    """Made from the list of models: a new table is in the archive, or stands above with its reason."""
    from django.apps import apps

    ours = [*apps.get_app_config("console").get_models(), *apps.get_app_config("accounts").get_models()]  # fmt: skip
    for model in ours:
        if model._meta.label not in NOT_IN_AN_ARCHIVE and not model.objects.exists():
            make_row(model)
    labels = [model._meta.label for model in ours]
    before = list_rows(labels)
    assert all(before.values()) and set(NOT_IN_AN_ARCHIVE) <= set(labels)

    made = back_up(console.home, tmp_path / "archives", own_settings(), NOW)
    again = restore_home(made.path, tmp_path / "again", own_settings()).path
    open_accounts(again, own_settings())
    assert list_rows(labels) == before
