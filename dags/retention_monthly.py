"""A bill month (账期) in nine rooms, approved by a person, released, sent out, and followed until its orders are due.

One run a month, partition key `YYYY-MM`.

| | |
|---|---|
| starts | at 06:00 Asia/Shanghai of the second working day after the month (`RETENTION_START_WORKING_DAY`) |
| by hand | trigger with the parameter `month`, or `airflow dags test retention_monthly -c '{"month": "2026-10"}'` |
| past months | `airflow backfill create --dag-id retention_monthly --from-date 2026-01-01 --to-date 2026-03-31` |
| reads | the Airflow variables `retention_home` and `retention_source`, else `RETENTION_HOME` and `RETENTION_SOURCE` |
| retried | month not delivered yet (hourly, three days), month busy, storage failed, a receiver away (hourly); nothing else |
| approval | "Required actions", by whom `RETENTION_APPROVERS` names; unanswered for 20 days it fails, and stays a draft |
| deadline | the duties of the 5th, 10th and 12th are watched by `retention_deadlines` |
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
from airflow.sdk import DAG, Asset, CronPartitionTimetable, Param, chain, task
from jinja2 import pass_context

from pipelines import ROOMS
from pipelines.operations.orchestration import (
    AWAY,
    BUSY,
    NOT_READY,
    STORAGE,
    TIMEZONE,
    approvers,
    default_args,
    home,
    month_param,
    source,
    when_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.jobs.run import Job

DUE_DAYS = (10, 12)
# What each room has made of a month: how many rows, and their hash. Whatever comes after a month can be scheduled by them.
MADE = {name: Asset(f"retention_{name}", uri=f"retention://rooms/{name}") for name in ROOMS}


@pass_context
def month_of(context: Mapping[str, Any]) -> str:
    """The run's month."""
    return when_of(context, "month")


def job_of(context: Mapping[str, Any]) -> Job:
    """The run's month as the pipeline knows it; raise UsageError when the run names none."""
    from pipelines.core.month import Month
    from pipelines.jobs.run import Job
    from pipelines.text.progress import task_progress

    month = Month.parse(month_of(context))
    return Job(home(), month, source(), progress=task_progress(month))


@pass_context
def start_at(context: Mapping[str, Any]) -> str:
    """06:00 of the working day of the month after on which a month is begun (`RETENTION_START_WORKING_DAY`)."""
    from pipelines.core.calendar import Calendar

    job = job_of(context)
    calendar = Calendar.load(job.settings.calendar_file)
    return f"{calendar.nth_of(job.month.plus(1), job.settings.start_working_day)}T06:00:00+08:00"


@pass_context
def due_at(context: Mapping[str, Any], day: int) -> str:
    """06:00 of that day of the month after, or of the working day before it."""
    from pipelines.core.calendar import Calendar

    job = job_of(context)
    due_on = Calendar.load(job.settings.calendar_file).on_or_before(
        job.month.plus(1).first_day.replace(day=day)
    )
    return f"{due_on}T06:00:00+08:00"


@task
def room(name: str, **context: Any) -> dict[str, Any] | None:
    """Run one room and tell what it made; the last one hands version and what was held back to who approves."""
    from pipelines.documents.month_view import summarise_outcome
    from pipelines.jobs.run import run_room

    job = job_of(context)
    version = run_room(job, name)
    tables = version.manifest["tables"] if version else job.folder.draft().tables
    made = {
        table: entry
        for table, entry in tables.items()
        if entry["room"] == name and "sha256" in entry
    }
    told = {
        table: {"rows": entry["rows"], "sha256": entry["sha256"]} for table, entry in made.items()
    }
    context["outlet_events"][MADE[name]].extra = {"month": str(job.month), "tables": told}
    return (
        {"version": version.number, **summarise_outcome(version)}
        if version and name == ROOMS[-1]
        else None
    )


@task
def release(**context: Any) -> int:
    """Seal the version that was approved."""
    from pipelines.jobs.run import release_month

    seen = context["ti"].xcom_pull(task_ids=ROOMS[-1])
    return release_month(job_of(context), seen["version"] if seen else None).number


@task
def deliver(**context: Any) -> dict[str, int]:
    """Send the released month to its receivers; report how many letters are in which state."""
    from pipelines.delivery.post import deliver, raise_open

    job = job_of(context)
    report = deliver(job.home, str(job.month), job.settings)
    raise_open(report)
    return dict(report.counts)


@task
def due(day: int, **context: Any) -> dict[str, int]:
    """Report how many orders of which list are due by that day."""
    from collections import Counter

    from pipelines.documents.table_files import read_masked_rows

    orders = read_masked_rows(job_of(context).folder.version(), "dispatch_order")
    last = due_at(context, day)[:10]
    return Counter(order["list"] for order in orders if order["due_on"].isoformat() <= last)


with DAG(
    "retention_monthly",
    description="A bill month in nine rooms, approved by a person, released, followed until its orders are due",
    schedule=CronPartitionTimetable(
        "0 6 1 * *", timezone=TIMEZONE, run_offset=-1, key_format="%Y-%m"
    ),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    params=month_param("YYYY-MM, for a run by hand; a scheduled run takes its partition key"),
    default_args=default_args(72, NOT_READY, BUSY, STORAGE, AWAY),
    user_defined_macros={"month_of": month_of, "start_at": start_at, "due_at": due_at},
    doc_md=__doc__,
    tags=["retention", "monthly"],
) as dag:
    start = DateTimeSensorAsync(
        task_id="wait_start", target_time="{{ start_at() }}", retry_delay=timedelta(minutes=1)
    )
    rooms = [
        room.override(task_id=name, outlets=[MADE[name]], inlets=[MADE[before]] if before else [])(
            name
        )
        for before, name in zip((None, *ROOMS), ROOMS, strict=False)
    ]
    approve = ApprovalOperator(
        task_id="approve",
        subject="Release {{ month_of() }}?",
        body="Look first: `retention status`, `retention lists`, `retention export`.\n\n"
        "{{ ti.xcom_pull(task_ids='report') | tojson }}",
        params={
            "who": Param("", type="string", title="On whose behalf / 代谁审批")
        },  # who answered, Airflow records
        assigned_users=approvers(),
        response_timeout=timedelta(days=20),
        retry_delay=timedelta(minutes=1),
    )
    waits = [
        (
            # Of a day long past the trigger fires at once, and the task may be back before the executor has reported
            # that it was parked: Airflow then takes it for killed and tries again.
            DateTimeSensorAsync(
                task_id=f"wait_{day}th",
                target_time=f"{{{{ due_at({day}) }}}}",
                retry_delay=timedelta(minutes=1),
            ),
            due.override(task_id=f"due_{day}th")(day),
        )
        for day in DUE_DAYS
    ]
    released = release()
    chain(start, *rooms, approve, released, *(step for pair in waits for step in pair))
    (
        released >> deliver()
    )  # beside the days: who cannot be reached today does not keep anybody from the due orders
