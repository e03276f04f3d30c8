"""What was asked for in the console: months run again, released or restated, data gathered.

| | |
|---|---|
| starts | every five minutes; nothing is done where nothing was asked for |
| by hand | trigger, or `retention errands` |
| reads | the Airflow variable `retention_home`, else `RETENTION_HOME`; `RETENTION_SOURCE` |
| retried | storage failed; what else fails says so on its page in the console |

For consoles that are set to `RETENTION_CONSOLE_ERRANDS=elsewhere`; others do it themselves, and
beside them this finds nothing to do.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task

from pipelines.operations.orchestration import (
    STORAGE,
    TIMEZONE,
    default_args,
    find_home,
)


@task(task_id="errands")
def do_what_was_asked() -> dict[str, int]:
    """Do what waits; report how many errands ended in which state."""
    from collections import Counter

    from console.database import open_console
    from pipelines.core.settings import load_settings

    home, settings = find_home(), load_settings()
    open_console(home, settings)
    # Its tables are Django's, which is started by now.
    from console.errands.work import do_errands

    done = do_errands(home, settings)
    return dict(Counter(errand.state for errand in done))


with DAG(
    "retention_errands",
    description="Months run again, released or restated, as asked for in the console",
    schedule=CronTriggerTimetable("*/5 * * * *", timezone=TIMEZONE),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    default_args=default_args(1, STORAGE),
    doc_md=__doc__,
    tags=["retention"],
) as dag:
    do_what_was_asked()
