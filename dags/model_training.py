"""A challenger a month: judged on months it did not see, promoted by a person.

One run a month, partition key `YYYY-MM`: the month up to which labels are known.

| | |
|---|---|
| starts | on the 6th of the month after, 02:00 Asia/Shanghai, when the month's lists are out |
| by hand | trigger with the parameter `month` |
| | `airflow dags test model_training -c '{"month": "2026-10"}'` |
| reads | the Airflow variable `retention_home`, else `RETENTION_HOME` |
| retried | storage failed, a killed process; a model that cannot be trained is not tried again |
| approval | "Required actions": the challenger beside the champion on the same months |
| | unanswered for 20 days nothing changes |
| afterwards | months that are not sealed take the new champion up when they are run next |

Training again on the same months gives the same version, so every task may be retried or cleared.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, CronPartitionTimetable, Param, chain, task
from jinja2 import pass_context

from pipelines.operations.orchestration import (
    STORAGE,
    TIMEZONE,
    default_args,
    find_home,
    find_occasion,
    month_param,
    name_decider,
)

if TYPE_CHECKING:
    from pipelines.operations.orchestration import TaskContext


@pass_context
def find_month(context: TaskContext) -> str:
    """Return the run's month."""
    return find_occasion(context, "month")


@task(task_id="train")
def train_challenger(**context: Any) -> dict[str, object]:
    """Back-test, fit and seal the challenger; hand its figures to the person who decides."""
    from pipelines.core.month import Month
    from pipelines.core.settings import load_settings
    from pipelines.jobs.training.churn import train_churn

    through = Month.parse(find_month(context))
    card = train_churn(find_home(), through, load_settings(), print)
    contest = dict(card.judged.get("champion", {}))
    for name, judged in card.judged.get("outcomes", {}).items():
        contest[name] = judged.get("contest")
    return {
        "version": card.version,
        "metrics": card.metrics,
        "notes": card.notes,
        "contest": contest,
    }


@task(task_id="promote")
def promote_challenger(**context: Any) -> str:
    """Make the approved challenger champion, with the name of who approved it."""
    from pipelines.core.settings import load_settings
    from pipelines.jobs.training.shelf import promote_version

    trained = context["ti"].xcom_pull(task_ids="train")
    answer = context["ti"].xcom_pull(task_ids="approve") or {}
    form = answer.get("params_input") or {}
    decided_by = name_decider(answer)
    why = form.get("why") or "approved in Airflow"
    return promote_version(
        find_home(), trained["version"], decided_by, why, load_settings()
    ).version


with DAG(
    "model_training",
    description="A challenger a month, judged beside the champion, promoted by a person",
    schedule=CronPartitionTimetable(
        "0 2 6 * *", timezone=TIMEZONE, run_offset=-1, key_format="%Y-%m"
    ),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    params=month_param(
        "YYYY-MM, for a run by hand; a scheduled run takes its partition key"
    ),
    default_args=default_args(5, STORAGE),
    user_defined_macros={"month_of": find_month},
    doc_md=__doc__,
    tags=["retention", "monthly", "models"],
) as dag:
    approve = ApprovalOperator(
        task_id="approve",
        subject="Promote {{ ti.xcom_pull(task_ids='train')['version'] }} ({{ month_of() }})?",
        body="Look first: `retention models` and the review page beside the version.\n\n"
        "{{ ti.xcom_pull(task_ids='train') | tojson }}",
        params={
            # Who answered, Airflow records.
            "who": Param("", type="string", title="On whose behalf / 代谁决定"),
            "why": Param("", type="string", title="Reason / 理由"),
        },
        response_timeout=timedelta(days=20),
        retry_delay=timedelta(minutes=1),
    )
    chain(train_challenger(), approve, promote_challenger())
