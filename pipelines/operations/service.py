"""Is the service closed: must one be named to log in, to approve, to reach the queue."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa

AUTH = "AIRFLOW__CORE__AUTH_MANAGER"
ALL_ADMINS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"
USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
PASSWORDS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
BROKER = "AIRFLOW__CELERY__BROKER_URL"
APPROVERS = "RETENTION_APPROVERS"
LEAST_PASSWORD = 12
_TRUE = ("true", "1", "yes", "on", "t", "y")  # what Airflow reads as yes


def find_open(known: Mapping[str, str], passwords: Mapping[str, object]) -> list[str]:
    """Return the settings of Airflow in the environment that leave the service open to anybody.

    `passwords` are those of the file that the auth manager reads. Another auth manager than the
    simple one keeps users of its own, which are not looked at.
    """
    return list(_find_open(known, passwords))


def _find_open(
    known: Mapping[str, str], passwords: Mapping[str, object]
) -> Iterator[str]:
    approvers = _split_names(known.get(APPROVERS, ""), "=")
    auth_manager = known.get(AUTH, "")
    is_simple = auth_manager.endswith(".SimpleAuthManager")
    users: set[str] = set()
    if is_simple:
        users = _split_names(known.get(USERS, ""), ":")

    if not auth_manager:
        yield AUTH
    unknown_approvers = approvers - users if users else set()
    if not approvers or unknown_approvers:
        yield APPROVERS
    if is_simple:
        yield from _find_open_users(known, users, passwords)
    broker = known.get(BROKER)
    if broker is not None and not _asks_for_password(broker):
        yield BROKER


def _find_open_users(
    known: Mapping[str, str], users: set[str], passwords: Mapping[str, object]
) -> Iterator[str]:
    """What of the simple auth manager's settings lets anybody in."""
    if known.get(ALL_ADMINS, "").lower() in _TRUE:
        yield ALL_ADMINS
    if not users:
        yield USERS
    for user in users:
        if not _is_password(passwords.get(user)):
            yield PASSWORDS
            return


def read_passwords(known: Mapping[str, str]) -> dict[str, object]:
    """Read the passwords that the simple auth manager is given.

    None where there is no such file, or it is torn.
    """
    try:
        content = json.loads(Path(known.get(PASSWORDS, "")).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if isinstance(content, dict):
        return content
    return {}


def _split_names(setting: str, mark: str) -> set[str]:
    """The names of a list like `ann:admin,bob:op`: what stands before the mark."""
    names = set()
    for entry in setting.split(","):
        name = entry.partition(mark)[0].strip()
        if name:
            names.add(name)
    return names


def _is_password(password: object) -> bool:
    return isinstance(password, str) and len(password) >= LEAST_PASSWORD


def _asks_for_password(url: str) -> bool:
    try:
        return bool(sa.make_url(url).password)
    except sa.exc.ArgumentError:
        return False
