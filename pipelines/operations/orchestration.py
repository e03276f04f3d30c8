"""What the DAGs have in common: where home and source are, what is tried again, what is logged.

Airflow parses DAG files all the time, so nothing heavy is imported before a task runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from pipelines.jobs.size import MonthSize

# Every task imports this before it does anything: what it makes is its owner's alone.
os.umask(0o077)

# What Airflow calls a task's context: its keys and their types are Airflow's.
TaskContext: TypeAlias = Mapping[str, Any]

TIMEZONE = "Asia/Shanghai"
NOT_READY = "SourceNotReady"
BUSY = "Busy"
STORAGE = "StorageError"
AWAY = "Undelivered"
_HOUR = timedelta(hours=1)
_PAUSE = {NOT_READY: _HOUR, BUSY: timedelta(minutes=10), STORAGE: _HOUR, AWAY: _HOUR}
_KILLED = timedelta(minutes=10)  # of a killed process: no error to look up


def default_args(retries: int, *errors: str) -> dict[str, object]:
    """Return the arguments of every task: the named errors and killed processes are tried again."""
    from airflow.sdk.definitions.retry_policy import (
        ExceptionRetryPolicy,
        RetryAction,
        RetryRule,
    )

    rules = []
    for name in errors:
        dotted_name = f"pipelines.core.errors.{name}"  # looked up when an error happens
        rules.append(RetryRule(dotted_name, RetryAction.RETRY, _PAUSE[name]))

    return {
        "retries": retries,
        "retry_delay": _KILLED,
        "retry_policy": ExceptionRetryPolicy(rules=rules, default=RetryAction.FAIL),
        "on_retry_callback": explain_failure,
        "on_failure_callback": explain_failure,
    }


def explain_failure(context: TaskContext) -> None:
    """Say in the task's log, in both languages, what went wrong and what to do next."""
    from pipelines.core.errors import RetentionError
    from pipelines.text.texts import LANGUAGES, describe_error

    error = context.get("exception")
    if not isinstance(error, RetentionError):
        return
    for language in LANGUAGES:
        print(describe_error(language, error))


def log_size(size: MonthSize) -> None:
    """Say in the task's log, in both languages, what of a month does not fit this machine."""
    from pipelines.text.texts import LANGUAGES, fill_label

    if size.finding == "size":
        return
    label = f"doctor.{size.finding}.mend"
    for language in LANGUAGES:
        text = fill_label(language, label, **size.facts)
        print(text)


def month_param(description: str) -> dict[str, object]:
    """Return the parameter `month` of a run by hand: YYYY-MM or nothing."""
    from airflow.sdk import Param

    month = Param(
        None,
        type=["null", "string"],
        pattern=r"^\d{4}-(0[1-9]|1[0-2])$",
        title="Month / 账期",
        description=description,
    )
    return {"month": month}


def find_occasion(context: TaskContext, name: str) -> str:
    """Return the run's month or day: its partition key, or the parameter of a run by hand.

    A partitioned run has no date of its own.
    """
    return context["dag_run"].partition_key or context["params"][name] or ""


def read_approvers() -> list[dict[str, str]] | None:
    """Return who may answer an approval, as Airflow names users.

    None for anybody who may act on the DAG.

    Read from RETENTION_APPROVERS (`id=Name,id=Name`) when the DAG file is parsed, so it is the DAG
    processor's setting.
    """
    approvers = []
    for entry in os.environ.get("RETENTION_APPROVERS", "").split(","):
        if entry.strip():
            user_id, _, name = entry.partition("=")
            approvers.append({"id": user_id.strip(), "name": (name or user_id).strip()})
    return approvers or None


def name_decider(answer: Mapping[str, Any] | None) -> str:
    """Name who answered an approval, and on whose behalf where the answer says so."""
    said = answer or {}
    user = said.get("responded_by_user") or {}
    form = said.get("params_input") or {}
    names = [user.get("name") or user.get("id"), form.get("who")]
    return ", ".join(dict.fromkeys(name for name in names if name))


def find_home() -> Path:
    """Return where the months and models are kept.

    It is the Airflow variable `retention_home`, else RETENTION_HOME.
    """
    return Path(_read_setting("home") or "home")


def find_source() -> str | None:
    """Return what the operator delivers.

    It is the Airflow variable `retention_source`, else RETENTION_SOURCE.
    """
    return _read_setting("source")


def require_source() -> str:
    """Return what the operator delivers.

    Raise UsageError where neither the variable nor the setting names it.
    """
    from pipelines.core.errors import UsageError

    source = find_source()
    if source is None:
        raise UsageError("source.unset")
    return source


def require_backup_folder() -> Path:
    """Return where archives go: the Airflow variable `retention_backup`, else RETENTION_BACKUP.

    Raise UsageError where neither names it.
    """
    from pipelines.core.errors import UsageError

    folder = _read_setting("backup")
    if folder is None:
        raise UsageError("backup.no_folder")
    return Path(folder)


def _read_setting(name: str) -> str | None:
    from airflow.sdk import Variable

    variable: str | None = Variable.get(f"retention_{name}", default=None)
    return variable or os.environ.get(f"RETENTION_{name.upper()}")
