"""A day between two months: bulletins of arrears and suspensions, and orders for whom was suspended since.

One run a day, partition key `YYYY-MM-DD`: the day whose 24:00 the delivered state is of.

| | |
|---|---|
| starts | at 06:00 Asia/Shanghai, for the day before |
| by hand | trigger with the parameter `day`, or `airflow dags test retention_daily -c '{"day": "2026-11-05"}'` |
| reads | the Airflow variables `retention_home` and `retention_source`, else `RETENTION_HOME` and `RETENTION_SOURCE` |
| retried | day not delivered yet (hourly, one day), day busy, storage failed, a receiver away (hourly); nothing else |
| approval | none of its own: orders leave the house where their month was released, else when the day is run again after that |
| sent | once its month is released, to whom `RETENTION_DELIVERY_FILE` names; until then skipped |
| afterwards | `retention daily DATE --source … --out DIR` writes the day's workbooks |

A day whose inputs have not changed is not made again, so the task may be killed, retried or cleared at any time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, CronPartitionTimetable, Param, task
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.daily import DayJob

TIMEZONE = "Asia/Shanghai"

# Dotted names: an error is looked up when it happens, so that parsing this file stays quick.
RETRY = ExceptionRetryPolicy(
    rules=[
        RetryRule("pipelines.core.errors.SourceNotReady", RetryAction.RETRY, timedelta(hours=1)),
        RetryRule("pipelines.core.errors.Busy", RetryAction.RETRY, timedelta(minutes=10)),
        RetryRule("pipelines.core.errors.StorageError", RetryAction.RETRY, timedelta(hours=1)),
        RetryRule("pipelines.core.errors.Undelivered", RetryAction.RETRY, timedelta(hours=1)),
    ],
    default=RetryAction.FAIL,
)


def job_of(context: Mapping[str, Any]) -> DayJob:
    """The run's day as the pipeline knows it; raise UsageError when the run names none, or no source is set."""
    import os
    from pathlib import Path

    from airflow.sdk import Variable

    from pipelines.core.errors import UsageError
    from pipelines.daily import DayJob, parse_day

    home = Variable.get("retention_home", default=None) or os.environ.get("RETENTION_HOME", "home")
    source = Variable.get("retention_source", default=None) or os.environ.get("RETENTION_SOURCE")
    day = parse_day(context["dag_run"].partition_key or context["params"]["day"] or "")
    if source is None:
        raise UsageError("source.none")
    return DayJob(Path(home), day, Path(source), progress=print)


def explain(context: Mapping[str, Any]) -> None:
    """Say in the task's log, in both languages, what went wrong and what to do next."""
    from pipelines.core.errors import RetentionError
    from pipelines.words.texts import LANGUAGES, describe

    error = context.get("exception")
    if isinstance(error, RetentionError):
        print(*(describe(language, error) for language in LANGUAGES), sep="\n")


@task
def day(**context: Any) -> dict[str, Any]:
    """Make the day's bulletins and orders; report how many orders, who was left out, and what is missing."""
    from pipelines.daily import run_day
    from pipelines.words.day import tell_day

    told = tell_day(run_day(job_of(context)))
    return {name: told[name] for name in ("version", "month", "orders", "why_not", "not_computed", "withheld")}


@task
def deliver(**context: Any) -> dict[str, int]:
    """Send the day to its receivers where it has left the house; report how many letters are in which state."""
    from airflow.sdk.exceptions import AirflowSkipException

    from pipelines.deliver.post import deliver, raise_open

    job = job_of(context)
    if job.folder.seal() is None:
        raise AirflowSkipException(f"{job.before.month} is not released: the orders of {job.day} wait")
    report = deliver(job.home, str(job.day), job.settings)
    raise_open(report)
    return dict(report.counts)


with DAG(
    "retention_daily",
    description="A day's bulletins and the orders for whom was suspended since",
    schedule=CronPartitionTimetable("0 6 * * *", timezone=TIMEZONE, run_offset=-1, key_format="%Y-%m-%d"),
    catchup=False,
    max_active_runs=1,  # a day counts the orders of the days before it
    is_paused_upon_creation=True,
    params={
        "day": Param(
            None,
            type=["null", "string"],
            pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
            title="Day / 日期",
            description="YYYY-MM-DD, for a run by hand; a scheduled run takes its partition key",
        )
    },
    default_args={
        "retries": 24,
        "retry_delay": timedelta(minutes=10),  # of a killed process: no error to look up
        "retry_policy": RETRY,
        "on_retry_callback": explain,
        "on_failure_callback": explain,
    },
    doc_md=__doc__,
    tags=["retention", "daily"],
) as dag:
    day() >> deliver()
