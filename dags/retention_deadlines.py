"""Every morning: is anything owed by the next working day that is not done? Red while there is.

| | |
|---|---|
| starts | every day at 08:00 Asia/Shanghai |
| by hand | trigger, or `retention due`, which asks the same without Airflow: for any monitor |
| reads | the Airflow variable `retention_home`, else `RETENTION_HOME` |
| retried | never: tomorrow it looks again |

It looks at the months and not at runs: a run that never started, or waits for an approval, is late
all the same.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task

from pipelines.operations.orchestration import TIMEZONE, default_args, find_home


@task(task_id="due")
def report_due() -> None:
    """Say what is owed by the next working day; raise Incomplete when something is."""
    from pipelines.operations.deadlines import local_today
    from pipelines.operations.guard import find_pressing, raise_pressing

    pressing = find_pressing(find_home(), local_today())
    lines = [
        f"{duty.due_on} {duty.state} {duty.month} {duty.name}" for duty in pressing
    ]
    print("\n".join(lines))
    raise_pressing(pressing)


with DAG(
    "retention_deadlines",
    description="Is anything owed by the next working day that is not done?",
    schedule=CronTriggerTimetable("0 8 * * *", timezone=TIMEZONE),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    default_args=default_args(0),
    doc_md=__doc__,
    tags=["retention", "daily"],
) as dag:
    report_due()
