"""What is kept and for how long: logs that nobody changes, and rows that go when their time is over."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.core.errors import SpecError
from pipelines.operations.tidy_office import find_old_rows, tidy_office
from tests.support.console.visitors import Console, make_accounts
from tests.support.postgres import Cluster
from tests.support.small import own_settings

LOGS = {
    "console_auditentry": "actor",
    "accounts_accessentry": "actor",
    "accounts_historicalaccount": "role",
    "console_listdecision": "actor",
    "console_placesrequest": "actor",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def office(
    request: pytest.FixtureRequest, console: Console, tmp_path: Path
) -> Callable[..., None]:
    """An office with a row in every log, on either database; runs a statement there."""
    from console.database import open_console

    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        settings = own_settings(office_url=cluster.create(f"logs_{tmp_path.name}"))
        open_console(console.home, settings)
        make_accounts({"wang": {"role": "manager", "manager_id": "M1"}})
    from console.access.record import write_entry
    from console.models import AuditEntry, ListDecision, PlacesRequest

    write_entry("wang", "order", "x", "10.0.0.1")
    AuditEntry.objects.create(actor="wang", action="x", subject="x")
    of_branch = {"month": "2026-08", "branch_id": "B1", "actor": "head1", "why": "x"}
    ListDecision.objects.create(**of_branch, version=1, list="arrears", kind="approved")
    PlacesRequest.objects.create(
        **of_branch, manager_id="M1", places_now=1, places_wanted=2, worth_amount=3
    )

    def run(statement: str) -> None:
        from django.db import connection, transaction

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    return run


def test_the_database_lets_nobody_change_or_delete_what_was_logged(office: Any) -> None:
    from django.db import IntegrityError

    for table, column in LOGS.items():
        for statement in (
            f"UPDATE {table} SET {column} = 'somebody'",
            f"DELETE FROM {table}",
        ):
            with pytest.raises(IntegrityError, match="only added to"):
                office(statement)


def test_an_access_entry_may_go_after_half_a_year_and_not_before(office: Any) -> None:
    from django.db import IntegrityError

    from console.accounts.models import AccessEntry

    now = datetime.now(UTC)
    for days in (182, 184):
        entry = AccessEntry(actor=f"old{days}", action="order")
        entry.save()
        copy = AccessEntry(actor=f"aged{days}", action="order")
        copy.pk, copy.at = entry.pk + 1000, now - timedelta(days=days)
        copy.save_base(raw=True, force_insert=True)
    office("DELETE FROM accounts_accessentry WHERE actor = 'aged184'")
    with pytest.raises(IntegrityError):
        office("DELETE FROM accounts_accessentry WHERE actor = 'aged182'")


def age_access(days: int) -> None:
    """Add an entry as of so many days ago."""
    from console.accounts.models import AccessEntry

    entry = AccessEntry(actor="wang", action="order", pk=10_000 + days)
    entry.at = datetime.now(UTC) - timedelta(days=days)
    entry.save_base(raw=True, force_insert=True)


def test_old_rows_of_the_office_go_by_their_periods_and_a_rehearsal_touches_nothing(
    console: Console,
) -> None:
    from django.apps import apps
    from django.contrib.sessions.models import Session

    from console.models import Answer, AuditEntry, Order

    attempts = apps.get_model("axes", "AccessAttempt").objects
    now = datetime.now(UTC)
    console.visit("wang")
    console.visit("li")
    console.visit().post("/log-in/", {"username": "li", "password": "wrong"})
    attempts.update(attempt_time=now - timedelta(days=31))
    first = Session.objects.order_by("pk").first()
    Session.objects.filter(pk=first.pk).update(expire_date=now - timedelta(days=1))
    for days in (300, 364, 366, 800):
        age_access(days)
    book = console.home / "returns" / "console_0.xlsx"
    book.parent.mkdir(exist_ok=True)
    book.write_bytes(b"x")
    os.utime(book, (0, 0))
    stays = (Order.objects.count(), Answer.objects.count(), AuditEntry.objects.count())

    settings = own_settings()
    found = find_old_rows(console.home, settings, now)
    counts = {old.kind: old.count for old in found}
    assert counts == {"access": 2, "lockout": 1, "session": 1, "corrected": 1}
    assert book.exists() and attempts.count() == 1
    assert tidy_office(console.home, settings, now) == found
    assert find_old_rows(console.home, settings, now) == [] and not book.exists()
    assert {entry.pk for entry in console.entries(pk__gte=10_000)} == {10_300, 10_364}
    assert stays == (
        Order.objects.count(), Answer.objects.count(), AuditEntry.objects.count()
    )  # fmt: skip


def test_the_command_says_what_would_go(console: Console) -> None:
    age_access(500)

    def tidy(*words: str) -> str:
        told = CliRunner().invoke(app, ["tidy", "--home", str(console.home), *words])
        assert told.exit_code == 0, told.output
        return told.stdout

    line = json.loads(tidy("--dry-run", "--json"))
    [line] = line if isinstance(line, list) else [line]
    assert (line["kind"], line["count"]) == ("access", 1)
    assert "访问记录 1 条" in tidy("--lang", "zh")
    assert "没有超过" in tidy("--lang", "zh")


def test_the_access_log_is_kept_half_a_year_at_least() -> None:
    with pytest.raises(SpecError, match="KEEP_ACCESS_DAYS"):
        own_settings(keep_access_days=182)


def test_an_entry_is_one_visible_line(console: Console) -> None:
    name = "wang\n2026-09-08 root log_in\x1b[2J\u202e" + "x" * 400
    console.visit().post("/log-in/", {"username": name, "password": "wrong"})
    entry = console.entries(action="log_in", is_refused=True)[-1]
    assert entry.subject.isprintable() and len(entry.subject) <= 255
