"""Airflow's question about a month that was released in the console: answered, so that both agree.

Airflow waits in its "Required actions" for an approval of the month. Where an address is set
(`RETENTION_AIRFLOW_URL`), the answer says by whom and in which way it was released; the task behind
it finds the seal and leaves the month as it is. An Airflow that is away is asked again later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from console.errands.board import DONE, RELEASE
from console.models import Errand
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.store.lake import MonthFolder
from pipelines.store.releases import find_release

_DAG = "retention_monthly"
_TASK = "approve"
_WAITING = (
    f"api/v2/dags/{_DAG}/dagRuns/~/hitlDetails"
    "?response_received=false&state=awaiting_input&limit=100"
)
_SECONDS = 15
# An answer of the same second crosses the executor's report of the parked task: Airflow takes it,
# asks once more, and forgets who answered.
_SETTLED = timedelta(seconds=10)


@dataclass(frozen=True)
class Question:
    """An approval that waits: its address, and whether Airflow is done with putting it."""

    path: str
    is_settled: bool


def answer_airflow(home: Path, settings: Settings) -> int:
    """Answer what Airflow asks about months released here; return how many answers it took."""
    if settings.airflow_url is None:
        return 0
    untold = Errand.objects.filter(kind=RELEASE, state=DONE, is_told=False)
    if not untold.exists():
        return 0
    try:
        with httpx.Client(base_url=settings.airflow_url, timeout=_SECONDS) as airflow:
            _log_in(airflow, settings)
            waiting = _list_waiting(airflow)
            answered = 0
            for errand in untold:
                asked = waiting.get(errand.month, [])
                if not all(question.is_settled for question in asked):
                    continue
                for question in asked:
                    _approve(airflow, question.path, _say_who(home, errand.month))
                    answered += 1
                errand.is_told = True
                errand.save(update_fields=["is_told"])
    except httpx.HTTPError:
        return 0  # what is not told stays so, and is told with the next errand
    return answered


def _log_in(airflow: httpx.Client, settings: Settings) -> None:
    password = ""
    if settings.airflow_password_file is not None:
        password = settings.airflow_password_file.read_text(encoding="utf-8").strip()
    said = {"username": settings.airflow_user or "", "password": password}
    answer = airflow.post("auth/token", json=said)
    answer.raise_for_status()
    token = answer.json()["access_token"]
    airflow.headers["Authorization"] = f"Bearer {token}"


def _list_waiting(airflow: httpx.Client) -> dict[str, list[Question]]:
    """The approvals that wait, by month; how long by Airflow's own clock."""
    answer = airflow.get(_WAITING)
    answer.raise_for_status()
    now = parsedate_to_datetime(answer.headers["Date"])
    waiting: dict[str, list[Question]] = {}
    for detail in answer.json()["hitl_details"]:
        task = detail["task_instance"]
        month = _read_month(detail)
        if task["task_id"] == _TASK and month:
            run, place = task["dag_run_id"], task["map_index"]
            of_run = f"api/v2/dags/{_DAG}/dagRuns/{run}"
            path = f"{of_run}/taskInstances/{_TASK}/{place}/hitlDetails"
            asked_at = datetime.fromisoformat(detail["created_at"])
            question = Question(path, is_settled=now - asked_at >= _SETTLED)
            waiting.setdefault(month, []).append(question)
    return waiting


def _read_month(detail: dict[str, Any]) -> str:
    """The month that an approval is about: its subject names it (`Release 2026-10?`)."""
    named = str(detail["subject"]).removeprefix("Release ").removesuffix("?")
    return named


def _approve(airflow: httpx.Client, path: str, who: str) -> None:
    said = {"chosen_options": ["Approve"], "params_input": {"who": who}}
    airflow.patch(path, json=said).raise_for_status()


def _say_who(home: Path, month: str) -> str:
    """Who released a month, by which way and when, as the answer says it."""
    release = find_release(MonthFolder(home, Month.parse(month)))
    if release is None:
        return ""
    return f"{release.by} ({release.way}, {release.at})"
