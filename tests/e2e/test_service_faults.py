"""The service when something dies under it: what each ends in, that nothing is lost, and nothing is made twice.

What Compose does by `restart: unless-stopped`, a test does by launching the service again. A killed task is tried again
after ten minutes; a person who does not want to wait clears it, and so does a test.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pyarrow.parquet as pq
import pytest

from pipelines import ROOMS
from pipelines.core.month import Month
from pipelines.store.lake import MonthFolder
from tests.e2e.airflow_house import (
    RETENTION,
    ROOT,
    House,
    house,
    release_by_hand,
    run,
    wait_for,
    write_source,
)
from tests.support.comparable import read_comparable, read_folder
from tests.support.postgres import Cluster, open_cluster
from tests.support.small import KEY

pytestmark = [pytest.mark.slow, pytest.mark.long]
DAG, IMPATIENT, RESTATE = (
    "retention_monthly",
    "retention_impatient",
    "retention_restate",
)
MONTHS = ("2024-03", "2024-04", "2024-05", "2024-06")
AWAY = (
    httpx.HTTPError,
    AssertionError,
)  # while the database is away the API does not answer, or with 500
# So that a test need not wait five minutes until a dead task, or a dead scheduler's, is missed.
QUICK = {"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30"}
QUICK |= {"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5"}
QUICK |= {"AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four months of an operator."""
    return write_source(tmp_path_factory.mktemp("twin"), MONTHS)


@pytest.fixture(scope="module")
def by_hand(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the months."""
    return release_by_hand(tmp_path_factory.mktemp("by_hand"), source, MONTHS)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that only these tests stop."""
    with open_cluster() as mine:
        with psycopg.connect(
            f"postgresql://postgres@127.0.0.1:{mine.port}/postgres", autocommit=True
        ) as connection:
            connection.execute("CREATE DATABASE airflow")
        yield mine


def dags_with_an_impatient_one(folder: Path) -> Path:
    """The DAG folder, and beside the monthly DAG one that waits for its approval for twenty seconds, not days."""
    dags = shutil.copytree(
        ROOT / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__")
    )
    text = (dags / f"{DAG}.py").read_text()
    hurried = text.replace(f'"{DAG}"', f'"{IMPATIENT}"').replace(
        "timedelta(days=20)", "timedelta(seconds=20)"
    )
    assert hurried.count(IMPATIENT) == 1 and "seconds=20" in hurried
    (dags / f"{IMPATIENT}.py").write_text(hurried)
    return dags


def settings_of(folder: Path, source: Path) -> dict[str, str | Path]:
    dags = dags_with_an_impatient_one(folder)
    return {
        **QUICK,
        "AIRFLOW__CORE__DAGS_FOLDER": dags,
        "RETENTION_HOME": folder / "home",
        "RETENTION_SOURCE": shutil.copytree(source, folder / "source"),
        "RETENTION_SECRET_KEY": KEY,
    }


@pytest.fixture(scope="module")
def service(
    source: Path, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The services with LocalExecutor, every DAG unpaused; the source is a copy that may be corrected."""
    folder = tmp_path_factory.mktemp("service")
    url = f"postgresql+psycopg2://postgres@127.0.0.1:{cluster.port}/airflow"
    with house(folder, url, **settings_of(folder, source)) as running:
        for dag in (DAG, IMPATIENT):
            wait_for(dag, 300, partial(running.call, "GET", f"dags/{dag}"))
        yield running


class Run:
    """One run of a DAG, watched through the API."""

    def __init__(self, service: House, dag: str, month: str) -> None:
        self.service, self.dag = service, dag
        asked = {"logical_date": None, "conf": {"month": month}}
        self.id = service.call("POST", f"dags/{dag}/dagRuns", asked)["dag_run_id"]
        service.call("PATCH", f"dags/{dag}", {"is_paused": False})
        self.path = f"dags/{dag}/dagRuns/{self.id}"

    def tasks(self) -> dict[str, str | None]:
        """Each task's state."""
        found = self.service.call("GET", f"{self.path}/taskInstances?limit=100")[
            "task_instances"
        ]
        return {task["task_id"]: task["state"] for task in found}

    def until(self, task: str, *states: str, seconds: float = 300) -> str:
        """Wait until a task is in one of the states; return it."""
        return wait_for(
            f"{task} {states}", seconds, lambda: self._state(task, states), pause=0.2
        )

    def _state(self, task: str, states: tuple[str, ...]) -> str | None:
        with suppress(*AWAY):
            state = self.tasks().get(task)
            return state if state in states else None
        return None

    def make_again(self, task: str, seconds: float = 300) -> None:
        """Have a task that was killed run again now, until it has succeeded.

        Cleared in the same second it crosses the executor's report of the dead one and is up for retry again.
        """
        seen: list[str | None] = []

        def is_made() -> bool:
            with suppress(*AWAY):
                seen.append(self.tasks()[task])
                if seen[-3:] == ["up_for_retry"] * 3:
                    asked = {
                        "dry_run": False,
                        "dag_run_id": self.id,
                        "task_ids": [task],
                        "only_failed": False,
                    }
                    self.service.call(
                        "POST", f"dags/{self.dag}/clearTaskInstances", asked
                    )
                    seen.clear()
                return seen[-1:] == ["success"]
            return False

        wait_for(f"{task} to be made again", seconds, is_made, pause=1)

    def answer(self, said: str) -> None:
        """Answer the approval until the answer is taken.

        At the second sight: an answer that crosses the executor's report of the parked task is asked for once more.
        """
        sights: list[bool] = []

        def is_taken() -> bool:
            with suppress(*AWAY):
                return looks()
            return False

        def looks() -> bool:
            if self.tasks().get("approve") in ("success", "failed", "skipped"):
                return True
            sights.append(self._is_asked())
            if sights[-2:] == [True, True]:
                path = f"{self.path}/taskInstances/approve/-1/hitlDetails"
                self.service.call(
                    "PATCH",
                    path,
                    {"chosen_options": [said], "params_input": {"who": "a test"}},
                )
                sights.clear()
            return False

        wait_for("the answer to be taken", 600, is_taken, pause=8)

    def _is_asked(self) -> bool:
        found = self.service.call(
            "GET",
            f"{self.path}/hitlDetails?response_received=false&state=awaiting_input",
        )
        return bool(found["hitl_details"])

    def ends(self, state: str, seconds: float = 600) -> None:
        """Wait for the run to end, and that it ended so."""

        def ended() -> str | None:
            with suppress(*AWAY):
                found: str = self.service.call("GET", self.path)["state"]
                return found if found in ("success", "failed") else None
            return None

        assert wait_for("the end of the run", seconds, ended) == state, self.tasks()


def task_processes(service: House) -> list[psutil.Process]:
    """The processes that run tasks now: each slot of the executor has a child while it runs one."""
    found: list[psutil.Process] = []
    for slot in psutil.Process(service.processes["scheduler"].pid).children():
        with suppress(psutil.Error):
            found += slot.children()
    return found


def kill_task(service: House) -> None:
    """Kill -9 whatever runs a task."""
    for process in wait_for(
        "a task's process", 60, lambda: task_processes(service), pause=0.1
    ):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def files_of(home: Path, month: str) -> dict[str, bytes]:
    folder = MonthFolder(home, Month.parse(month))
    version = folder.version()
    seal = read_comparable(folder.path / "SEAL.json")
    return read_folder(version.path) | {"SEAL.json": seal}


def assert_same(service: House, by_hand: Path, month: str) -> None:
    """The month is the one made by hand, sealed, and the only version."""
    home = Path(service.environment["RETENTION_HOME"])
    assert files_of(home, month) == files_of(by_hand, month)
    assert [p.name for p in (home / "months" / month).glob("v*")] == ["v0001"]


def hold_months(service: House, months: Sequence[str]) -> None:
    """Run and release by hand which of these months the home lacks, when a test is run alone."""
    for month in months:
        if not (
            Path(service.environment["RETENTION_HOME"]) / "months" / month / "SEAL.json"
        ).exists():
            with suppress(AssertionError):  # 12: done, and something was withheld
                run(
                    [RETENTION, "run", month, *released_of(service)],
                    service.environment,
                    service.folder,
                )


def released_of(service: House) -> list[str]:
    known = service.environment
    return [
        "--source",
        known["RETENTION_SOURCE"],
        "--home",
        known["RETENTION_HOME"],
        "--release",
    ]


def test_a_task_killed_in_each_room_is_made_again(
    service: House, by_hand: Path
) -> None:
    one = Run(service, DAG, MONTHS[0])
    for room in ROOMS:
        one.until(room, "running")
        kill_task(service)
        one.make_again(room)
    one.answer("Approve")
    one.ends("success")
    assert_same(service, by_hand, MONTHS[0])


def test_a_killed_scheduler_is_started_again_and_goes_on(
    service: House, by_hand: Path
) -> None:
    hold_months(service, MONTHS[:1])
    one = Run(service, DAG, MONTHS[1])
    one.until("features", "running")
    service.kill("scheduler")
    service.launch("scheduler")
    one.make_again("features")
    one.answer("Approve")
    one.ends("success")
    assert_same(service, by_hand, MONTHS[1])


def test_a_database_that_restarts_costs_nothing(
    service: House, cluster: Cluster, by_hand: Path
) -> None:
    """Services that lose their database end, and are started again."""
    hold_months(service, MONTHS[:2])
    one = Run(service, DAG, MONTHS[2])
    one.until("kpi", "running")
    service.restarts = True
    cluster.stop()
    cluster.start()
    one.make_again("kpi", seconds=600)
    one.answer("Approve")
    one.ends("success")
    service.restarts = False
    assert_same(service, by_hand, MONTHS[2])


def test_who_rejects_or_does_not_answer_leaves_a_draft(
    service: House, by_hand: Path
) -> None:
    """Rejected, nothing leaves the house; unanswered the run fails. Either way the month can be released later."""
    home = Path(service.environment["RETENTION_HOME"])
    seal = home / "months" / MONTHS[3] / "SEAL.json"
    hold_months(service, MONTHS[:3])
    refused = Run(service, DAG, MONTHS[3])
    refused.answer("Reject")
    refused.ends("success")
    assert refused.tasks()["release"] == "skipped" and not seal.exists()
    unanswered = Run(service, IMPATIENT, MONTHS[3])
    unanswered.ends("failed")
    assert (
        unanswered.tasks()["approve"] == "failed"
        and unanswered.tasks()["release"] == "upstream_failed"
    )
    assert not seal.exists()
    approved = Run(service, DAG, MONTHS[3])
    approved.answer("Approve")
    approved.ends("success")
    assert_same(service, by_hand, MONTHS[3])


def test_a_source_corrected_after_the_release_is_refused_then_restated(
    service: House,
) -> None:
    home, source = (
        Path(service.environment[f"RETENTION_{name}"]) for name in ("HOME", "SOURCE")
    )
    hold_months(service, MONTHS)
    sealed = files_of(home, MONTHS[3])
    bills = next((source / MONTHS[3]).glob("bill.*"))
    delivered = pq.read_table(bills)
    pq.write_table(
        delivered.slice(0, delivered.num_rows - 1), bills
    )  # one bill was none
    again = Run(service, DAG, MONTHS[3])
    again.ends("failed")
    assert again.tasks()["extract"] == "failed"
    restated = Run(service, RESTATE, MONTHS[3])
    restated.ends("success")
    assert files_of(home, MONTHS[3]) == sealed
    assert sorted(p.name for p in (home / "months" / MONTHS[3]).glob("v*")) == [
        "v0001",
        "v0002",
    ]
    # Found again by itself, there is nothing left to restate.
    by_itself = service.call("POST", f"dags/{RESTATE}/dagRuns", {"logical_date": None})[
        "dag_run_id"
    ]
    path = f"dags/{RESTATE}/dagRuns/{by_itself}"
    wait_for(
        "the restatement", 300, lambda: service.call("GET", path)["state"] == "success"
    )
    value: Any = service.call(
        "GET", f"{path}/taskInstances/changed/xcomEntries/return_value"
    )["value"]
    assert value == []


@pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="no redis-server on this machine"
)
def test_a_killed_worker_of_the_queue(
    source: Path, by_hand: Path, cluster: Cluster, tmp_path: Path
) -> None:
    """CeleryExecutor over Redis: a worker dies with the task it runs, another takes over."""
    with psycopg.connect(
        f"postgresql://postgres@127.0.0.1:{cluster.port}/postgres", autocommit=True
    ) as connection:
        connection.execute("CREATE DATABASE queued")
    url = f"postgresql+psycopg2://postgres@127.0.0.1:{cluster.port}/queued"
    settings = settings_of(tmp_path, source) | {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"
    }
    with house(tmp_path, url, **settings) as service:
        wait_for("the DAG", 300, lambda: service.call("GET", f"dags/{DAG}"))
        one = Run(service, DAG, MONTHS[0])
        one.until("snapshot", "running")
        service.kill("worker")
        service.launch("worker")
        one.make_again("snapshot")
        one.answer("Approve")
        one.ends("success")
        assert_same(service, by_hand, MONTHS[0])
