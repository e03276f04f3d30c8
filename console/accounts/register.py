"""Accounts by command or by the administrator's page: made, disabled, given a new password."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django_otp.plugins.otp_totp.models import TOTPDevice

from console.access.record import write_entry
from console.access.roles import Role
from console.accounts.models import Account
from pipelines.core.errors import UsageError
from pipelines.store.lake import MonthFolder, list_held_months

# Read aloud and typed once: no letters that look alike.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_PASSWORD_LENGTH = 14
_LONGEST_NAME = 150
_MANAGERS = "features_manager"


@dataclass(frozen=True)
class NewAccount:
    """What is asked for: a name, a role, and whom the operator calls so."""

    name: str
    role: str
    manager_id: str = ""
    branch_id: str = ""
    email: str = ""


def make_account(wanted: NewAccount, actor: str) -> str:
    """Make an account; return its first password, which has to be changed at the first log-in.

    Raise UsageError for a name that is taken, an unknown role, or a role without its id.
    """
    role = _check_wanted(wanted)
    password = _make_password()
    account = Account(
        name=wanted.name,
        role=role.value,
        manager_id=wanted.manager_id if role is Role.MANAGER else "",
        branch_id=wanted.branch_id if role is Role.HEAD else "",
        email=_check_email(wanted.email),
    )
    account.set_password(password)
    try:
        with transaction.atomic():
            account.save()
            write_entry(actor, "account_made", wanted.name, "")
    except IntegrityError as error:
        raise UsageError("account.taken", name=wanted.name) from error
    return password


def knows_manager(home: Path, manager_id: str) -> bool | None:
    """Whether the newest month of a home knows a manager; None where none can say."""
    months = list_held_months(home)
    if not months:
        return None
    version = MonthFolder(home, months[-1]).current()
    if version is None or not version.is_computed(_MANAGERS):
        return None
    wanted = {"manager_id": manager_id}
    return bool(version.read_rows(_MANAGERS, ["manager_id"], wanted))


def _check_wanted(wanted: NewAccount) -> Role:
    roles = {role.value: role for role in Role}
    role = roles.get(wanted.role)
    if role is None:
        raise UsageError(
            "account.unknown_role", role=wanted.role, roles=", ".join(roles)
        )
    if not wanted.name.strip() or len(wanted.name) > _LONGEST_NAME:
        raise UsageError("account.bad_name")
    _require_id(role, wanted.manager_id, wanted.branch_id)
    return role


def _check_email(email: str) -> str:
    """Return an address that mail can go to, or none; raise UsageError for anything else."""
    address = email.strip()
    if not address:
        return ""
    try:
        validate_email(address)
    except ValidationError as error:
        raise UsageError("account.bad_email") from error
    return address


def set_email(account: Account, email: str, actor: str) -> None:
    """Say where an account's notices go; nowhere without an address.

    Raise UsageError for what is no address.
    """
    account.email = _check_email(email)
    account.save(update_fields=["email"])
    write_entry(actor, "address_set", account.name, "")


def _require_id(role: Role, manager_id: str, branch_id: str) -> None:
    if role is Role.MANAGER and not manager_id:
        raise UsageError("account.needs", option="--manager-id", role=role.value)
    if role is Role.HEAD and not branch_id:
        raise UsageError("account.needs", option="--branch-id", role=role.value)


def _make_password() -> str:
    letters = [secrets.choice(_LETTERS) for _ in range(_PASSWORD_LENGTH)]
    return "".join(letters)


def find_account(name: str) -> Account:
    """Return an account by its name; raise UsageError where there is none."""
    account: Account | None = Account.objects.filter(name=name).first()
    if account is None:
        raise UsageError("account.unknown", name=name)
    return account


class AccountLine(NamedTuple):
    """An account as a list shows it."""

    name: str
    role: str
    works_as: str
    is_active: bool


def list_accounts() -> list[AccountLine]:
    """Return all accounts by role and name."""
    return [
        AccountLine(
            name=account.name,
            role=account.role,
            works_as=account.manager_id or account.branch_id,
            is_active=account.is_active,
        )
        for account in Account.objects.order_by("role", "name")
    ]


def set_active(account: Account, is_active: bool, actor: str) -> None:
    """Let an account in, or no longer: its sessions end with the next thing they ask for."""
    account.is_active = is_active
    account.save(update_fields=["is_active"])
    _end_sessions(account)
    action = "account_enabled" if is_active else "account_disabled"
    write_entry(actor, action, account.name, "")


def move_account(account: Account, manager_id: str, branch_id: str, actor: str) -> None:
    """Have an account work as another manager, or for another branch, from the next request on.

    Raise UsageError without the id that its role needs.
    """
    role = account.known_role
    _require_id(role, manager_id, branch_id)
    if role is Role.MANAGER:
        account.manager_id = manager_id
    elif role is Role.HEAD:
        account.branch_id = branch_id
    with transaction.atomic():
        account.save(update_fields=["manager_id", "branch_id"])
        write_entry(actor, "account_moved", account.name, "")


def end_sessions(account: Account, actor: str) -> None:
    """End all sessions of an account."""
    _end_sessions(account)
    write_entry(actor, "sessions_ended", account.name, "")


def reset_account(account: Account, actor: str) -> str:
    """Give a new first password and forget the second factor; return the password."""
    password = _make_password()
    account.set_password(password)
    account.must_change_password = True
    with transaction.atomic():
        account.save()
        TOTPDevice.objects.filter(user=account).delete()
        _end_sessions(account)
        write_entry(actor, "account_reset", account.name, "")
    return password


def _end_sessions(account: Account) -> None:
    same = Account.objects.filter(pk=account.pk)
    same.update(session_round=F("session_round") + 1)
    account.refresh_from_db()
