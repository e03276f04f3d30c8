"""Every night: the newest months verified, an archive of the home and the office, then tidying.

| | |
|---|---|
| starts | every day at 02:00 Asia/Shanghai |
| by hand | trigger, or `airflow dags test retention_housekeeping` |
| reads | the Airflow variables `retention_home` and `retention_backup` |
| | else `RETENTION_HOME` and `RETENTION_BACKUP` |
| retried | storage failed; nothing else |
| afterwards | `retention restore ARCHIVE --home NEW` makes a home of an archive |
| | `retention tidy --dry-run` says what would go |

Nothing is removed while a month differs from its record or the archive could not be written: each
waits for the one before. What goes when is in the settings `keep_draft_days`, `keep_version_days`,
`keep_months`, `keep_access_days` and `keep_lockout_days`.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, chain, task

from pipelines.operations.orchestration import (
    STORAGE,
    TIMEZONE,
    default_args,
    find_home,
    require_backup_folder,
)

# Newest months. The older ones were verified when they were new, and `backup` reads every file.
VERIFIED = 2
KEPT = 14  # archives


@task(task_id="verify")
def verify_newest() -> dict[str, int]:
    """Hash and derive the newest months again; raise VerificationError for one that differs."""
    from pipelines.jobs.run import Job
    from pipelines.jobs.verify import raise_differing, verify_month
    from pipelines.store.lake import list_held_months
    from pipelines.text.progress import report_to_task_log

    files = {}
    home = find_home()
    for month in list_held_months(home)[-VERIFIED:]:
        job = Job(home, month, progress=report_to_task_log(month))
        verification = verify_month(job)
        lines = [f"{month} {one.kind} {one.what}" for one in verification.differences]
        print("\n".join(lines))
        raise_differing(verification)
        files[str(month)] = verification.files
    return files


@task(task_id="backup")
def back_up_home() -> dict[str, object]:
    """Write an archive and keep the newest fourteen."""
    from datetime import UTC, datetime

    from pipelines.core.settings import load_settings
    from pipelines.operations.backup import back_up

    folder = require_backup_folder()
    made = back_up(find_home(), folder, load_settings(), datetime.now(UTC), KEPT)
    return {
        "archive": made.path.name,
        "files": made.files,
        "office_rows": made.office_rows,
    }


@task(task_id="tidy")
def remove_old() -> list[str]:
    """Remove what lies in the home and in the office longer than it must."""
    from datetime import UTC, datetime

    from pipelines.core.settings import load_settings
    from pipelines.operations.tidy import tidy_home
    from pipelines.operations.tidy_office import tidy_office

    home, settings, now = find_home(), load_settings(), datetime.now(UTC)
    gone = [str(removal.path) for removal in tidy_home(home, settings, now)]
    for old in tidy_office(home, settings, now):
        gone.append(f"{old.count} {old.kind}")
    return gone


with DAG(
    "retention_housekeeping",
    description="Verify the newest months, back up home and office, tidy",
    schedule=CronTriggerTimetable("0 2 * * *", timezone=TIMEZONE),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    default_args=default_args(3, STORAGE),
    doc_md=__doc__,
    tags=["retention", "daily"],
) as dag:
    chain(verify_newest(), back_up_home(), remove_old())
