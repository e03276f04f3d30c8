"""The console in tests: a released town with people who owe, accounts of every role, and visitors who log in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from console.database import open_console
from console.orders import import_orders
from pipelines.store.lake import MonthFolder
from tests.support.console.passwords import QUICK
from tests.support.made_once import make_once
from tests.support.office import released_town
from tests.support.small import KEY, MONTH, Town, own_settings

TODAY = date(2026, 9, 8)  # orders went out on the 3rd, debts are due on the 14th
PASSWORD = "four plain words here"
# Somebody of every role, and with whom the tests of scopes compare.
PEOPLE = {
    "wang": {"role": "manager", "manager_id": "M1"},
    "li": {"role": "manager", "manager_id": "M2"},
    "zhao": {"role": "manager", "manager_id": "M3"},
    "head1": {"role": "head", "branch_id": "B1"},
    "head2": {"role": "head", "branch_id": "B2"},
    "ana": {"role": "analyst"},
    "qi": {"role": "quality"},
    "root": {"role": "administrator"},
}
# Who owes, to whom they belong; the names and numbers must be seen by their managers alone.
DEBTORS = {
    "ann": ("M1", "B1", "安哨兵", "13900000001"),
    "bob": ("M1", "B1", "博哨兵", "13900000002"),
    "cat": ("M1", "B1", "采哨兵", "13900000003"),
    "dan": ("M2", "B1", "丹哨兵", "13900000004"),
    "eve": ("M3", "B2", "伊哨兵", "13900000005"),
}


def debtors_town() -> Town:
    """A town of people who owe."""
    town = Town()
    for customer, (manager, branch, name, phone) in DEBTORS.items():
        town.person(customer, manager=manager, branch=branch, name=name, phone=phone)
        town.owe(customer)
    for kpi, target in (("days_sales_outstanding", 10), ("zero_usage_rate", 0.5)):
        town.add("target", kpi=kpi, scope_id="B1", target_value=target)
    return town


@dataclass
class Console:
    """A home with its accounts made; visitors are Django's test clients."""

    home: Path

    def visit(self, name: str | None = None, is_verified: bool = True) -> Any:
        """Return a client that is logged in by the log-in page, by a second factor where that is needed."""
        from django.test import Client

        client = Client(SERVER_NAME="localhost")
        if name is not None:
            answer = client.post("/log-in/", {"username": name, "password": PASSWORD})
            assert answer.status_code == 302, answer.content.decode()
            if is_verified and PEOPLE[name]["role"] != "manager":
                answer = client.post("/second-factor/", {"code": self.code_of(name)})
                assert answer.status_code == 302
        return client

    def code_of(self, name: str, step: int = 0) -> str:
        """The six digits that an app would show now; by `step` the ones that follow."""
        from django_otp.oath import totp

        from console.accounts.models import Account
        from console.accounts.second_factor import find_or_make_device

        device = find_or_make_device(Account.objects.get(name=name))
        key, drift = device.bin_key, device.drift + step
        return f"{totp(key, device.step, device.t0, device.digits, drift):06d}"

    def order_of(self, customer: str) -> str:
        """The id of a customer's order of the town's month."""
        from console.models import Order

        return str(Order.objects.get(customer_id=customer, release=str(MONTH)).pk)

    def entries(self, **wanted: object) -> list[Any]:
        """The entries of the access log."""
        from console.accounts.models import AccessEntry

        return list(AccessEntry.objects.filter(**wanted).order_by("pk"))


def make_accounts(people: Mapping[str, Mapping[str, str]] = PEOPLE) -> None:
    """Make accounts that have chosen their password already."""
    from django.contrib.auth.hashers import make_password
    from django.test import override_settings

    from console.accounts.models import Account

    with override_settings(PASSWORD_HASHERS=QUICK):
        password = make_password(PASSWORD)
    for name, facts in people.items():
        account = Account(name=name, must_change_password=False, **facts)
        account.password = password
        account.save()


def make_console_home(name: str, town: Town) -> Path:
    """Release a town's month into a home, with its orders in the office and an account of every role."""

    def make(folder: Path) -> None:
        from django.db import connections

        home = folder / "home"
        released_town(home, town)
        import_orders(home, MonthFolder(home, MONTH), own_settings(), "test")
        open_console(home, own_settings())
        make_accounts()
        connections.close_all()

    return make_once(name, make) / "home"


@pytest.fixture(scope="session")
def debtors_home() -> Path:
    """A home whose month is released and in the office, with an account of every role. Nobody may change it."""
    return make_console_home("debtors", debtors_town())


@pytest.fixture(scope="session")
def crowded_home() -> Path:
    """The same town with a manager M1 who has places for two of three. Nobody may change it."""
    town = debtors_town()
    for manager in town.tables["account_manager"]:
        if manager["manager_id"] == "M1":
            manager["capacity"] = "2"
    return make_console_home("crowded", town)


@contextmanager
def open_copy(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    """A console on a copy of a home, on a day in September; passwords are hashed quickly."""
    from django.db import connections
    from django.test import override_settings

    from console import clock

    copied = Path(shutil.copytree(home, folder / "home"))
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    monkeypatch.setattr(clock, "find_today", lambda: TODAY)
    open_console(copied, own_settings())
    with override_settings(PASSWORD_HASHERS=QUICK):
        yield Console(copied)
    connections.close_all()


@pytest.fixture
def console(
    debtors_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    """A console of its own."""
    with open_copy(debtors_home, tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
def crowded(
    crowded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    """The same where somebody waits for a place."""
    with open_copy(crowded_home, tmp_path, monkeypatch) as opened:
        yield opened
