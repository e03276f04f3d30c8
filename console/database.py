"""Which database the office is, in Django's words, and its tables brought up to date."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock

from pipelines.core.errors import SpecError, StorageError
from pipelines.core.settings import Settings

OFFICE_FILE = "office.sqlite3"  # in the home, where no URL is set
_SECONDS = 30  # how long a writer waits for another one


def django_database(url: str) -> dict[str, Any]:
    """Return a SQLAlchemy URL (SQLite or PostgreSQL) as an entry of Django's DATABASES.

    Raise SpecError for a URL of another kind.
    """
    parsed = _parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        # IMMEDIATE: a file's rows wait for their turn at the start, and never fail half-way for
        # the lock.
        options: dict[str, Any] = {"timeout": _SECONDS, "transaction_mode": "IMMEDIATE"}
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parsed.database,
            "OPTIONS": options,
        }
    if parsed.get_backend_name() == "postgresql":
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parsed.database,
            "USER": parsed.username or "",
            "PASSWORD": parsed.password or "",
            "HOST": parsed.host or "",
            "PORT": str(parsed.port or ""),
            "OPTIONS": dict(parsed.query),
        }
    raise SpecError("office.bad_url", backend=parsed.get_backend_name())


def _parse_url(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise SpecError("office.bad_url", backend="?") from error


def open_office(home: Path, settings: Settings) -> None:
    """Point Django at the home's office database and bring its tables up to date.

    Those of accounts and sessions are the console's alone. Raise StorageError if it is away.
    """
    _point_at(home, settings)
    _bring_up_to_date(home, "console")


def open_accounts(home: Path, settings: Settings) -> None:
    """Do the same with the tables of accounts and sessions.

    Raise StorageError if the database is away.
    """
    _point_at(home, settings)
    _bring_up_to_date(home)


def open_console(home: Path, settings: Settings) -> None:
    """Do the same for the web console, with its accounts and sessions; its pages read that home.

    Raise StorageError if the database is away.
    """
    open_accounts(home, settings)


def look_into_office(home: Path, settings: Settings) -> frozenset[str]:
    """Point Django at the home's office database and name its tables; nothing is changed.

    Of an office that was never opened there are none. Raise StorageError if it is away.
    """
    is_embedded = settings.office_url is None
    if is_embedded and not (home / OFFICE_FILE).exists():
        return frozenset()
    _point_at(home, settings)
    from django.db import DatabaseError, connection

    try:
        return frozenset(connection.introspection.table_names())
    except DatabaseError as error:
        raise StorageError("office.away", why=type(error).__name__) from error


def _point_at(home: Path, settings: Settings) -> None:
    """Have Django ask the home's database from now on."""
    start_django()
    from django.conf import settings as django_settings
    from django.db import connections

    django_settings.CONSOLE_HOME = home

    database = django_database(settings.office_database(home))
    connections.close_all()
    connections.databases["default"] = connections.configure_settings(
        {"default": database}
    )["default"]
    if hasattr(connections._connections, "default"):
        del connections["default"]


def _bring_up_to_date(home: Path, *apps: str) -> None:
    """Bring the tables of these apps up to date, or all; a file is its owner's alone."""
    from django.core.management import call_command
    from django.db import DatabaseError, connection

    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / ".office.lock", timeout=_SECONDS):
            call_command("migrate", *apps, verbosity=0, interactive=False)
    except (DatabaseError, OSError) as error:
        raise StorageError("office.away", why=type(error).__name__) from error
    if connection.vendor == "sqlite":
        os.chmod(connection.settings_dict["NAME"], 0o600)


def start_django() -> None:
    """Load Django with the console's settings, once a process."""
    import django
    from django.apps import apps

    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
        django.setup()
