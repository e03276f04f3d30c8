"""A day between two months: bulletins of arrears, suspensions and promises due, and new orders.

The orders are for whom was suspended since. One run a day, partition key `YYYY-MM-DD`: the day
whose 24:00 the delivered state is of.

| | |
|---|---|
| starts | at 06:00 Asia/Shanghai, for the day before |
| by hand | trigger with the parameter `day` |
| | `airflow dags test retention_daily -c '{"day": "2026-11-05"}'` |
| reads | the Airflow variables `retention_home` and `retention_source` |
| | else `RETENTION_HOME` and `RETENTION_SOURCE` |
| retried | day not delivered yet (hourly, one day), day busy, storage failed |
| | a receiver away (hourly); nothing else |
| approval | none of its own: orders are released where their month was released |
| | else when the day is run again after that |
| sent | once its month is released, to whom `RETENTION_DELIVERY_FILE` names; until then skipped |
| afterwards | `retention daily DATE --source … --out DIR` writes the day's workbooks |

A day whose inputs have not changed is not made again, so the task may be killed, retried or cleared
at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, CronPartitionTimetable, Param, task

from pipelines.operations.orchestration import (
    AWAY,
    BUSY,
    NOT_READY,
    STORAGE,
    TIMEZONE,
    default_args,
    find_home,
    find_occasion,
    require_source,
)

if TYPE_CHECKING:
    from pipelines.jobs.daily import DayJob
    from pipelines.operations.orchestration import TaskContext


def make_job(context: TaskContext) -> DayJob:
    """Return the run's day as the pipeline knows it.

    Raise UsageError when the run names none, or no source is set.
    """
    from pathlib import Path

    from pipelines.jobs.daily import DayJob, parse_day
    from pipelines.text.progress import report_to_task_log

    day = parse_day(find_occasion(context, "day"))
    source = Path(require_source())
    return DayJob(find_home(), day, source, progress=report_to_task_log(day))


@task(task_id="day")
def make_day(**context: Any) -> dict[str, object]:
    """Make the day's bulletins and orders; report what came of it."""
    from pipelines.documents.day_view import read_day_view
    from pipelines.jobs.daily import run_day

    view = read_day_view(run_day(make_job(context)))
    return {
        "version": view["version"],
        "month": view["month"],
        "orders": view["orders"],
        "why_not": view["why_not"],
        "not_computed": view["not_computed"],
        "withheld": view["withheld"],
    }


@task(task_id="deliver")
def send_letters(**context: Any) -> dict[str, int]:
    """Send the day to its receivers where it is released; report the letters by state."""
    from airflow.sdk.exceptions import AirflowSkipException

    from pipelines.delivery.post import deliver_letters, raise_open

    job = make_job(context)
    if job.folder.read_seal() is None:
        raise AirflowSkipException(
            f"{job.before.month} is not released: the orders of {job.day} wait"
        )
    report = deliver_letters(job.home, str(job.day), job.settings)
    raise_open(report)
    return dict(report.counts)


with DAG(
    "retention_daily",
    description="A day's bulletins and the orders for whom was suspended since",
    schedule=CronPartitionTimetable(
        "0 6 * * *", timezone=TIMEZONE, run_offset=-1, key_format="%Y-%m-%d"
    ),
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
    default_args=default_args(24, NOT_READY, BUSY, STORAGE, AWAY),
    doc_md=__doc__,
    tags=["retention", "daily"],
) as dag:
    make_day() >> send_letters()
