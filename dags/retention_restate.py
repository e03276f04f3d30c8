"""Released months whose source says something else by now: published, now known, and the causes.

| | |
|---|---|
| starts | every day at 07:00 Asia/Shanghai |
| | the three newest released months, where their deliveries were changed |
| by hand | trigger with the parameter `month`, whatever was changed |
| reads | the Airflow variables `retention_home` and `retention_source` |
| | else `RETENTION_HOME` and `RETENTION_SOURCE` |
| retried | month busy, storage failed; nothing else |
| approval | none: what was released stays as it is, the new version stands beside it |
| afterwards | `retention restate MONTH` shows it |
| | `retention show restate_cause MONTH --version N` |

A month of a database is known only once it is read, so it is restated by hand alone. What was
restated once is left.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, task

from pipelines.operations.orchestration import (
    BUSY,
    STORAGE,
    TIMEZONE,
    default_args,
    find_home,
    find_source,
    month_param,
    require_source,
)


@task(task_id="changed")
def list_changed(**context: Any) -> list[str]:
    """Say which released months have deliveries that no version knows."""
    from pipelines.jobs.restate import find_changed

    if month := context["params"]["month"]:
        return [month]
    return [str(month) for month in find_changed(find_home(), require_source())]


@task(task_id="restate", max_active_tis_per_dag=1)
def restate_one_month(month: str) -> dict[str, object]:
    """Restate a month; report its version, and how many figures and orders would be others."""
    from pipelines.core.month import Month
    from pipelines.jobs.restate import read_restatement, restate_month
    from pipelines.jobs.run import Job
    from pipelines.text.progress import report_to_task_log

    wanted = Month.parse(month)
    job = Job(find_home(), wanted, find_source(), progress=report_to_task_log(wanted))
    restatement = read_restatement(job, restate_month(job))
    differing = [
        row for row in restatement.kpis if row["value_difference"] not in (None, 0)
    ]
    return {
        "month": month,
        "version": restatement.version.number,
        "figures": len(differing),
        "orders": len(restatement.orders),
    }


with DAG(
    "retention_restate",
    description="Released months against deliveries that were corrected since",
    schedule=CronTriggerTimetable("0 7 * * *", timezone=TIMEZONE),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    params=month_param("YYYY-MM, to restate one whatever was changed"),
    default_args=default_args(24, BUSY, STORAGE),
    doc_md=__doc__,
    tags=["retention", "daily"],
) as dag:
    restate_one_month.expand(month=list_changed())
