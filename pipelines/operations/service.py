"""Is the service closed: does somebody have to be named to log in, to approve, to reach the queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

AUTH = "AIRFLOW__CORE__AUTH_MANAGER"
ALL_ADMINS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"
USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
PASSWORDS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
BROKER = "AIRFLOW__CELERY__BROKER_URL"
APPROVERS = "RETENTION_APPROVERS"
LEAST_PASSWORD = 12


def find_open(known: Mapping[str, str], passwords: Mapping[str, object]) -> list[str]:
    """Return the settings of Airflow, as the environment has them, that leave the service open to anybody.

    `passwords` are those of the file that the auth manager reads. Another auth manager than the simple one keeps users of
    its own, which are not looked at.
    """
    users = _names(known.get(USERS, ""), ":")
    checks = {AUTH: not known.get(AUTH), APPROVERS: not _names(known.get(APPROVERS, ""), "=")}
    if known.get(AUTH, "").endswith(".SimpleAuthManager"):
        checks[ALL_ADMINS] = known.get(ALL_ADMINS, "").lower() in (
            "true",
            "1",
            "yes",
            "on",
            "t",
            "y",
        )
        checks[USERS] = not users
        checks[PASSWORDS] = bool(users) and not all(
            _is_password(passwords.get(user)) for user in users
        )
        checks[APPROVERS] = checks[APPROVERS] or bool(
            users and _names(known.get(APPROVERS, ""), "=") - users
        )
    checks[BROKER] = BROKER in known and not _asks_for_password(known[BROKER])
    return [name for name, is_open in checks.items() if is_open]


def read_passwords(known: Mapping[str, str]) -> dict[str, object]:
    """Read the passwords that the simple auth manager is told of; none where there is no such file, or it is torn."""
    try:
        content = json.loads(Path(known.get(PASSWORDS, "")).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _names(said: str, mark: str) -> set[str]:
    names = (one.partition(mark)[0].strip() for one in said.split(","))
    return {name for name in names if name}


def _is_password(password: object) -> bool:
    return isinstance(password, str) and len(password) >= LEAST_PASSWORD


def _asks_for_password(url: str) -> bool:
    try:
        return bool(sa.make_url(url).password)
    except sa.exc.ArgumentError:
        return False
