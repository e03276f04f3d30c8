"""What the DAGs have in common: where home and source are, what is tried again, and how a failure is told.

Airflow parses DAG files all the time, so nothing heavy is imported before a task runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

TIMEZONE = "Asia/Shanghai"
NOT_READY, BUSY, STORAGE, AWAY = "SourceNotReady", "Busy", "StorageError", "Undelivered"
_HOUR = timedelta(hours=1)
os.umask(
    0o077
)  # every task imports this before it does anything: what it makes is its owner's alone
_PAUSE = {NOT_READY: _HOUR, BUSY: timedelta(minutes=10), STORAGE: _HOUR, AWAY: _HOUR}
_KILLED = timedelta(minutes=10)  # of a killed process: no error to look up


def default_args(retries: int, *errors: str) -> dict[str, Any]:
    """Arguments of every task: only the named errors, and killed processes, are tried again."""
    from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

    # Dotted names: an error is looked up when it happens.
    rules = [
        RetryRule(f"pipelines.core.errors.{name}", RetryAction.RETRY, _PAUSE[name])
        for name in errors
    ]
    return {
        "retries": retries,
        "retry_delay": _KILLED,
        "retry_policy": ExceptionRetryPolicy(rules=rules, default=RetryAction.FAIL),
        "on_retry_callback": explain,
        "on_failure_callback": explain,
    }


def explain(context: Mapping[str, Any]) -> None:
    """Say in the task's log, in both languages, what went wrong and what to do next."""
    from pipelines.core.errors import RetentionError
    from pipelines.text.texts import LANGUAGES, describe

    error = context.get("exception")
    if isinstance(error, RetentionError):
        print(*(describe(language, error) for language in LANGUAGES), sep="\n")


def month_param(description: str) -> dict[str, Any]:
    """The parameter `month` of a run by hand: YYYY-MM or nothing."""
    from airflow.sdk import Param

    pattern = r"^\d{4}-(0[1-9]|1[0-2])$"
    kind = ["null", "string"]
    return {
        "month": Param(
            None, type=kind, pattern=pattern, title="Month / 账期", description=description
        )
    }


def when_of(context: Mapping[str, Any], name: str) -> str:
    """The run's month or day: its partition key, or the parameter of a run by hand; a partitioned run has no date."""
    return context["dag_run"].partition_key or context["params"][name] or ""


def approvers() -> list[dict[str, str]] | None:
    """Who may answer an approval, as Airflow names users; None for anybody who may act on the DAG.

    Read from RETENTION_APPROVERS (`id=Name,id=Name`) when the DAG file is parsed, so it is the DAG processor's setting.
    """
    said = [
        one.partition("=")
        for one in os.environ.get("RETENTION_APPROVERS", "").split(",")
        if one.strip()
    ]
    return [{"id": who.strip(), "name": (name or who).strip()} for who, _, name in said] or None


def home() -> Path:
    """Where the months and models are kept: the Airflow variable `retention_home`, else RETENTION_HOME."""
    return Path(_setting("home") or "home")


def source() -> str | None:
    """What the operator delivers: the Airflow variable `retention_source`, else RETENTION_SOURCE."""
    return _setting("source")


def needed_source() -> str:
    """What the operator delivers; raise UsageError where neither the variable nor the setting names it."""
    from pipelines.core.errors import UsageError

    where = source()
    if where is None:
        raise UsageError("source.unset")
    return where


def backup_folder() -> Path:
    """Where archives go: the Airflow variable `retention_backup`, else RETENTION_BACKUP; raise UsageError without."""
    from pipelines.core.errors import UsageError

    folder = _setting("backup")
    if folder is None:
        raise UsageError("backup.no_folder")
    return Path(folder)


def _setting(name: str) -> str | None:
    from airflow.sdk import Variable

    said: str | None = Variable.get(f"retention_{name}", default=None) or os.environ.get(
        f"RETENTION_{name.upper()}"
    )
    return said
