"""Every morning: everybody with an address is told what waits, in counts; once a day.

| | |
|---|---|
| starts | every day at 08:15 Asia/Shanghai |
| by hand | trigger, or `retention notices` |
| reads | the Airflow variable `retention_home`, else `RETENTION_HOME` |
| | `RETENTION_DELIVERY_FILE`: channels with `notices: true`; without any nobody is told |
| retried | a receiver away (hourly, until the evening); storage failed |

Who was told today is not told again, however often the task is cleared.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task

from pipelines.operations.orchestration import (
    AWAY,
    STORAGE,
    TIMEZONE,
    default_args,
    find_home,
)


@task(task_id="tell")
def tell_everybody() -> dict[str, int]:
    """Send the day's notices; report how many letters are in which state."""
    from console.database import open_console
    from pipelines.core.settings import load_settings
    from pipelines.delivery.post import raise_open
    from pipelines.operations.deadlines import local_today

    home, settings = find_home(), load_settings()
    open_console(home, settings)
    # Its tables are Django's, which is started by now.
    from console.notices.daily import send_notices

    report = send_notices(home, settings, local_today())
    raise_open(report, "notice.open")
    return dict(report.counts)


with DAG(
    "retention_notices",
    description="What is due, promised and not kept, or waits for approval: to each a digest a day",
    schedule=CronTriggerTimetable("15 8 * * *", timezone=TIMEZONE),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    default_args=default_args(9, STORAGE, AWAY),
    doc_md=__doc__,
    tags=["retention", "daily"],
) as dag:
    tell_everybody()
