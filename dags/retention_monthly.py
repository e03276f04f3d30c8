"""A bill month (账期) in nine rooms, approved by a person, released, sent out, and followed.

One run a month, partition key `YYYY-MM`. It is followed until its orders are due.

| | |
|---|---|
| starts | at 06:00 Asia/Shanghai of the second working day after the month |
| | (`RETENTION_START_WORKING_DAY`) |
| by hand | trigger with the parameter `month` |
| | `airflow dags test retention_monthly -c '{"month": "2026-10"}'` |
| past months | `airflow backfill create --dag-id retention_monthly` |
| | `--from-date 2026-01-01 --to-date 2026-03-31` |
| reads | the Airflow variables `retention_home` and `retention_source` |
| | else `RETENTION_HOME` and `RETENTION_SOURCE` |
| retried | month not delivered yet (hourly, three days), month busy, storage failed |
| | a receiver away (hourly); nothing else |
| approval | "Required actions", by whom `RETENTION_APPROVERS` names, or in the console |
| | unanswered for 20 days it fails, and stays a draft |
| deadline | the duties of the 5th, 10th and 12th are watched by `retention_deadlines` |
| sent | after the release, to whom `RETENTION_DELIVERY_FILE` names; without it to nobody |
| afterwards | on the 10th and the 12th (or the working day before), 06:00 |
| | how many orders of which list are due |

With `RETENTION_ENGINE=spark` the month is one Spark application, not one a room: `extract` runs the
rooms behind it too (its log says which is at work), and the tasks of these record what was made.

Every task may be killed, retried or cleared at any time: a room that is finished is left as it is,
and a month whose inputs have not changed is not made again. Months build on each other: add
`--max-active-runs 1` to a backfill.
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
    default_args,
    find_home,
    find_occasion,
    find_source,
    log_size,
    month_param,
    name_decider,
    read_approvers,
)

if TYPE_CHECKING:
    from datetime import date

    from pipelines.core.calendar import Calendar
    from pipelines.jobs.run import Job
    from pipelines.operations.orchestration import TaskContext

DUE_DAYS = (10, 12)
# What each room has made of a month: how many rows, and their hash. Whatever comes after a month
# can be scheduled by them.
MADE = {
    name: Asset(f"retention_{name}", uri=f"retention://rooms/{name}") for name in ROOMS
}


# -- when ------------------------------------------------------------------------------------------


@pass_context
def find_month(context: TaskContext) -> str:
    """Return the run's month."""
    return find_occasion(context, "month")


@pass_context
def find_start(context: TaskContext) -> str:
    """Return 06:00 of the working day after the month on which it is begun.

    Which one that is says `RETENTION_START_WORKING_DAY`.
    """
    job = make_job(context)
    month_after = job.month.plus(1)
    return _format_morning(
        load_calendar(job).nth_of(month_after, job.settings.start_working_day)
    )


@pass_context
def find_due(context: TaskContext, day: int) -> str:
    """Return 06:00 of that day of the month after, or of the working day before it."""
    return _format_morning(find_due_day(make_job(context), day))


def find_due_day(job: Job, day: int) -> date:
    """Return that day of the month after, or the working day before it."""
    first = job.month.plus(1).first_day
    return load_calendar(job).on_or_before(first.replace(day=day))


def load_calendar(job: Job) -> Calendar:
    """Return the calendar that the run's settings name."""
    from pipelines.core.calendar import Calendar

    return Calendar.load(job.settings.calendar_file)


def _format_morning(day: date) -> str:
    return f"{day}T06:00:00+08:00"


def make_job(context: TaskContext) -> Job:
    """Return the run's month as the pipeline knows it; raise UsageError when the run names none."""
    from pipelines.core.month import Month
    from pipelines.jobs.run import Job
    from pipelines.text.progress import report_to_task_log

    month = Month.parse(find_month(context))
    progress = report_to_task_log(month)
    return Job(find_home(), month, find_source(), progress=progress, tell_size=log_size)


# -- what ------------------------------------------------------------------------------------------


@task(task_id="room")
def run_one_room(name: str, **context: Any) -> dict[str, object] | None:
    """Run one room and report what it made.

    The last one hands the version, and what was held back, to the person who approves. With Spark
    the rooms of a month are one application: whichever task comes first runs the rooms behind it
    too, and the tasks of these find them finished.
    """
    from pipelines.documents.month_view import summarise_outcome
    from pipelines.jobs.run import run_from_room, run_room

    job = make_job(context)
    run = run_from_room if job.settings.engine == "spark" else run_room
    version = run(job, name)
    entries = version.entries if version else job.folder.draft().finished
    made = {}
    for table, entry in entries.items():
        if entry.room == name and entry.sha256 is not None:
            made[table] = {"rows": entry.rows, "sha256": entry.sha256}
    context["outlet_events"][MADE[name]].extra = {
        "month": str(job.month),
        "tables": made,
    }
    if version is None or name != ROOMS[-1]:
        return None
    return {"version": version.number, **summarise_outcome(version)}


@task(task_id="release")
def release_approved(**context: Any) -> int:
    """Seal the version that was approved, with who approved it on record.

    A month that was released elsewhere meanwhile stays as it is; the log says by whom.
    """
    from pipelines.jobs.run import release_month
    from pipelines.store.releases import AIRFLOW, Releaser, find_release

    job = make_job(context)
    approved = context["ti"].xcom_pull(task_ids=ROOMS[-1])
    answer = context["ti"].xcom_pull(task_ids="approve")
    number = approved["version"] if approved else None
    if job.folder.read_seal() is not None:
        number = None
    releaser = Releaser(name_decider(answer), AIRFLOW)
    version = release_month(job, number, releaser)
    print(find_release(job.folder))
    return version.number


@task(task_id="deliver")
def send_letters(**context: Any) -> dict[str, int]:
    """Send the released month to its receivers; report how many letters are in which state."""
    from pipelines.delivery.post import deliver_letters, raise_open

    job = make_job(context)
    report = deliver_letters(job.home, str(job.month), job.settings)
    raise_open(report)
    return dict(report.counts)


@task(task_id="due")
def count_due(day: int, **context: Any) -> dict[str, int]:
    """Report how many orders of which list are due by that day."""
    from collections import Counter

    from pipelines.documents.table_files import read_masked_rows

    job = make_job(context)
    last_day = find_due_day(job, day)
    orders = read_masked_rows(job.folder.version(), "dispatch_order")
    return Counter(order["list"] for order in orders if order["due_on"] <= last_day)


def begin_room(name: str, before: str | None) -> Any:
    """Return the task of a room, which reads what the room before it has made."""
    read = [MADE[before]] if before else []
    make_task = run_one_room.override(task_id=name, outlets=[MADE[name]], inlets=read)
    return make_task(name)


def wait_for_day(day: int) -> list[Any]:
    """Return the task that waits for a day of the month after, and the one that counts what is due.

    Of a day long past the trigger fires at once, and the task may be back before the executor has
    reported that it was parked: Airflow then takes it for killed and tries again, soon.
    """
    wait = DateTimeSensorAsync(
        task_id=f"wait_{day}th",
        target_time=f"{{{{ due_at({day}) }}}}",
        retry_delay=timedelta(minutes=1),
    )
    return [wait, count_due.override(task_id=f"due_{day}th")(day)]


with DAG(
    "retention_monthly",
    description="A bill month in nine rooms, approved by a person, released, followed until its "
    "orders are due",
    schedule=CronPartitionTimetable(
        "0 6 1 * *", timezone=TIMEZONE, run_offset=-1, key_format="%Y-%m"
    ),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    params=month_param(
        "YYYY-MM, for a run by hand; a scheduled run takes its partition key"
    ),
    default_args=default_args(72, NOT_READY, BUSY, STORAGE, AWAY),
    user_defined_macros={
        "month_of": find_month,
        "start_at": find_start,
        "due_at": find_due,
    },
    doc_md=__doc__,
    tags=["retention", "monthly"],
) as dag:
    start = DateTimeSensorAsync(
        task_id="wait_start",
        target_time="{{ start_at() }}",
        retry_delay=timedelta(minutes=1),
    )
    rooms = []
    for before, name in zip((None, *ROOMS), ROOMS, strict=False):
        rooms.append(begin_room(name, before))
    approve = ApprovalOperator(
        task_id="approve",
        subject="Release {{ month_of() }}?",
        body="Look first: `retention status`, `retention lists`, `retention export`.\n\n"
        "{{ ti.xcom_pull(task_ids='report') | tojson }}",
        # Who answered, Airflow records.
        params={"who": Param("", type="string", title="On whose behalf / 代谁审批")},
        assigned_users=read_approvers(),
        response_timeout=timedelta(days=20),
        retry_delay=timedelta(minutes=1),
    )
    released = release_approved()
    waits = []
    for due_day in DUE_DAYS:
        waits += wait_for_day(due_day)
    chain(start, *rooms, approve, released, *waits)
    # Beside the days: who cannot be reached today does not keep anybody from the due orders.
    released >> send_letters()
