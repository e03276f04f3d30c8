"""A bill month (账期) in nine rooms, approved by a person, released, sent out, and followed until its orders are due.

One run a month, partition key `YYYY-MM`.

| | |
|---|---|
| starts | on the 3rd of the month after, 06:00 Asia/Shanghai, for the month before |
| by hand | trigger with the parameter `month`, or `airflow dags test retention_monthly -c '{"month": "2026-10"}'` |
| past months | `airflow backfill create --dag-id retention_monthly --from-date 2026-01-01 --to-date 2026-03-31` |
| reads | the Airflow variables `retention_home` and `retention_source`, else `RETENTION_HOME` and `RETENTION_SOURCE` |
| retried | month not delivered yet (hourly, three days), month busy, storage failed, a receiver away (hourly); nothing else |
| approval | "Required actions"; unanswered for 20 days it fails, and the month stays a draft |
| sent | after the release, to whom `RETENTION_DELIVERY_FILE` names; without it to nobody |
| afterwards | on the 10th and the 12th (or the working day before), 06:00: how many orders of which list are due |

Every task may be killed, retried or cleared at any time: a room that is finished is left as it is, and a month whose
inputs have not changed is not made again. Months build on each other: add `--max-active-runs 1` to a backfill.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG, CronPartitionTimetable, Param, chain, task
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule
from jinja2 import pass_context

from pipelines import ROOMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.run import Job

TIMEZONE = "Asia/Shanghai"
DUE_DAYS = (10, 12)

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


@pass_context
def month_of(context: Mapping[str, Any]) -> str:
    """The run's month: its partition key, or the parameter of a run by hand; a partitioned run has no logical date."""
    return context["dag_run"].partition_key or context["params"]["month"] or ""


def job_of(context: Mapping[str, Any]) -> Job:
    """The run's month as the pipeline knows it; raise UsageError when the run names none."""
    import os
    from pathlib import Path

    from airflow.sdk import Variable

    from pipelines.core.month import Month
    from pipelines.run import Job

    home = Variable.get("retention_home", default=None) or os.environ.get("RETENTION_HOME", "home")
    source = Variable.get("retention_source", default=None) or os.environ.get("RETENTION_SOURCE")
    return Job(Path(home), Month.parse(month_of(context)), source, progress=print)


@pass_context
def due_at(context: Mapping[str, Any], day: int) -> str:
    """06:00 of that day of the month after, or of the working day before it."""
    from pipelines.core.calendar import Calendar

    job = job_of(context)
    due_on = Calendar.load(job.settings.calendar_file).on_or_before(job.month.plus(1).first_day.replace(day=day))
    return f"{due_on}T06:00:00+08:00"


def explain(context: Mapping[str, Any]) -> None:
    """Say in the task's log, in both languages, what went wrong and what to do next."""
    from pipelines.core.errors import RetentionError
    from pipelines.words.texts import LANGUAGES, describe

    error = context.get("exception")
    if isinstance(error, RetentionError):
        print(*(describe(language, error) for language in LANGUAGES), sep="\n")


@task
def room(name: str, **context: Any) -> dict[str, Any] | None:
    """Run one room; the last one hands the version and what was held back to the person who approves."""
    from pipelines.run import run_room
    from pipelines.words.views import outcome

    version = run_room(job_of(context), name)
    return {"version": version.number, **outcome(version)} if version and name == ROOMS[-1] else None


@task
def release(**context: Any) -> int:
    """Seal the version that was approved."""
    from pipelines.run import release_month

    seen = context["ti"].xcom_pull(task_ids=ROOMS[-1])
    return release_month(job_of(context), seen["version"] if seen else None).number


@task
def deliver(**context: Any) -> dict[str, int]:
    """Send the released month to its receivers; report how many letters are in which state."""
    from pipelines.deliver.post import deliver, raise_open

    job = job_of(context)
    report = deliver(job.home, str(job.month), job.settings)
    raise_open(report)
    return dict(report.counts)


@task
def due(day: int, **context: Any) -> dict[str, int]:
    """Report how many orders of which list are due by that day."""
    from collections import Counter

    from pipelines.words.views import table_rows

    orders = table_rows(job_of(context).folder.version(), "dispatch_order")
    last = due_at(context, day)[:10]
    return Counter(order["list"] for order in orders if order["due_on"].isoformat() <= last)


with DAG(
    "retention_monthly",
    description="A bill month in nine rooms, approved by a person, released, followed until its orders are due",
    schedule=CronPartitionTimetable("0 6 3 * *", timezone=TIMEZONE, run_offset=-1, key_format="%Y-%m"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    params={
        "month": Param(
            None,
            type=["null", "string"],
            pattern=r"^\d{4}-(0[1-9]|1[0-2])$",
            title="Month / 账期",
            description="YYYY-MM, for a run by hand; a scheduled run takes its partition key",
        )
    },
    default_args={
        "retries": 72,
        "retry_delay": timedelta(minutes=10),  # of a killed process: no error to look up
        "retry_policy": RETRY,
        "on_retry_callback": explain,
        "on_failure_callback": explain,
    },
    user_defined_macros={"month_of": month_of, "due_at": due_at},
    doc_md=__doc__,
    tags=["retention", "monthly"],
) as dag:
    rooms = [room.override(task_id=name)(name) for name in ROOMS]
    approve = ApprovalOperator(
        task_id="approve",
        subject="Release {{ month_of() }}?",
        body="Look first: `retention status`, `retention lists`, `retention export`.\n\n"
        "{{ ti.xcom_pull(task_ids='report') | tojson }}",
        params={"who": Param("", type="string", title="On whose behalf / 代谁审批")},  # who answered, Airflow records
        response_timeout=timedelta(days=20),
        retry_delay=timedelta(minutes=1),
    )
    waits = [
        (
            # Of a day long past the trigger fires at once, and the task may be back before the executor has reported
            # that it was parked: Airflow then takes it for killed and tries again.
            DateTimeSensorAsync(
                task_id=f"wait_{day}th", target_time=f"{{{{ due_at({day}) }}}}", retry_delay=timedelta(minutes=1)
            ),
            due.override(task_id=f"due_{day}th")(day),
        )
        for day in DUE_DAYS
    ]
    released = release()
    chain(*rooms, approve, released, *(step for pair in waits for step in pair))
    released >> deliver()  # beside the days: who cannot be reached today does not keep anybody from the due orders
