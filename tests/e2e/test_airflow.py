"""A month through Airflow is, byte for byte, the month run by hand: in one process, and as a backfill in service.

A challenger is trained, put before a person and promoted there, and the next month is scored by it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from console.database import open_console
from pipelines.store.lake import MonthFolder
from pipelines.store.releases import read_releases
from tests.delivery.servers import robot
from tests.e2e.airflow_house import (
    PASSWORDS,
    ROOT,
    House,
    house,
    migrated_airflow,
    own_environment,
    release_by_hand,
    run,
    run_by_hand,
    wait_for,
    write_source,
)
from tests.support.comparable import read_folder
from tests.support.postgres import Cluster
from tests.support.scored import TRAINED, unscored_operator
from tests.support.small import KEY, MONTH, own_settings

DAG = "retention_monthly"
TRAINING = "model_training"
MONTHS = ("2024-04", "2024-05", "2024-06")
DAY = "2024-06-20"


def files_of(home: Path, month: str) -> dict[str, bytes]:
    """Every file of the month's current version, by its path in it."""
    folder = home / "months" / month
    version = folder / (folder / "CURRENT").read_text().strip()
    return read_folder(version)


def assert_same_month(one: Path, other: Path, month: str) -> None:
    """Compare two homes' versions of a month, file by file."""
    left, right = files_of(one, month), files_of(other, month)
    assert left.keys() == right.keys()
    assert len(left) > 20
    assert [name for name in left if left[name] != right[name]] == []


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three months of an operator, and a day of the last."""
    return write_source(tmp_path_factory.mktemp("twin"), MONTHS, "--days", DAY)


@pytest.fixture(scope="module")
def by_hand(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the three months."""
    return release_by_hand(tmp_path_factory.mktemp("by_hand"), source, MONTHS)


def test_dags_test_makes_the_month_made_by_hand(
    source: Path, by_hand: Path, tmp_path: Path
) -> None:
    """One process on SQLite; approved by a mark, released, and the waits for days long past deferred and done."""
    home = tmp_path / "home"
    environment = own_environment(
        AIRFLOW_HOME=migrated_airflow(tmp_path),
        AIRFLOW__CORE__DAGS_FOLDER=ROOT / "dags",
        RETENTION_HOME=home,
        RETENTION_SOURCE=source,
        RETENTION_SECRET_KEY=KEY,
    )
    words = [
        "dags",
        "test",
        DAG,
        "-c",
        json.dumps({"month": MONTHS[0]}),
        "--mark-success-pattern",
        "approve",
    ]
    log = run(["airflow", *words], environment, tmp_path)
    assert_same_month(by_hand, home, MONTHS[0])
    assert (
        json.loads((home / "months" / MONTHS[0] / "SEAL.json").read_text())["version"]
        == 1
    )
    assert log.count("running trigger in line") == 3


def test_dags_test_makes_the_day_made_by_hand(
    source: Path, by_hand: Path, tmp_path: Path
) -> None:
    """A day of the synthetic operator, after a released month: the same bytes, handed to the office, and sent out."""
    for name in ("by_hand", "home"):
        shutil.copytree(by_hand, tmp_path / name)
    run_by_hand(tmp_path, "daily", DAY, "--source", str(source), "--home", "by_hand")
    environment = own_environment(
        AIRFLOW_HOME=migrated_airflow(tmp_path),
        AIRFLOW__CORE__DAGS_FOLDER=ROOT / "dags",
        RETENTION_HOME=tmp_path / "home",
        RETENTION_SOURCE=source,
        RETENTION_SECRET_KEY=KEY,
    )
    with robot((200, {}, '{"errcode": 0}')) as host:
        environment["RETENTION_DELIVERY_FILE"] = str(
            write_delivery_file(tmp_path, host.port)
        )
        words = ["dags", "test", "retention_daily", "-c", json.dumps({"day": DAY})]
        log = run(
            ["airflow", *words],
            {**environment, "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG"},
            tmp_path,
        )
    assert (
        len(host.messages) == 1
        and DAY in host.messages[0]["text"]["content"]
        and "canary" not in log
    )
    assert [path.name for path in (tmp_path / "share" / "company").glob("*/*")] == [
        f"{DAY}_bulletin.xlsx"
    ]
    made, mine = (day_of(tmp_path / name) for name in ("home", "by_hand"))
    assert made == mine and json.loads(made["SEAL.json"])["version"] == 1
    bulletin = pq.read_table(
        tmp_path / "home" / "days" / DAY / "v0001" / "daily_suspended.parquet"
    ).to_pylist()
    assert [
        row["suspended_count"] > 0 for row in bulletin if row["scope_kind"] == "company"
    ] == [True]


def write_delivery_file(folder: Path, port: int) -> Path:
    """Write who is sent what: a folder, and a robot whose link is a secret."""
    (folder / "share").mkdir()
    (folder / "url").write_text(
        f"http://127.0.0.1:{port}/send?access_token=canary-token"
    )
    share = {"kind": "folder", "path": str(folder / "share"), "what": ["company"]}
    group = {
        "kind": "robot",
        "type": "wecom",
        "host": "127.0.0.1",
        "url_file": str(folder / "url"),
    }
    path = folder / "deliver.yml"
    path.write_text(
        json.dumps({"since": DAY[:7], "channels": {"share": share, "group": group}})
    )
    return path


def day_of(home: Path) -> dict[str, bytes]:
    """Every file of the day, by its path in it."""
    return read_folder(home / "days" / DAY)


@pytest.fixture(scope="module")
def service(
    source: Path, tmp_path_factory: pytest.TempPathFactory, postgres_cluster: Cluster
) -> Iterator[House]:
    """The whole service on a PostgreSQL of its own."""
    folder = tmp_path_factory.mktemp("service")
    server = f"postgres@127.0.0.1:{postgres_cluster.port}"
    with psycopg.connect(
        f"postgresql://{server}/postgres", autocommit=True
    ) as connection:
        connection.execute("CREATE DATABASE airflow")
    settings: dict[str, str | Path] = {
        "RETENTION_HOME": folder / "home",
        "RETENTION_SOURCE": source,
        "RETENTION_SECRET_KEY": KEY,
    }
    with house(
        folder, f"postgresql+psycopg2://{server}/airflow", **settings
    ) as running:
        yield running


@pytest.mark.slow
def test_backfill_of_three_months_in_service(service: House, by_hand: Path) -> None:
    """Scheduler, triggerer and API on PostgreSQL: three months in order, each approved by a person through the API."""
    wait_for("the DAG", 300, lambda: service.call("GET", f"dags/{DAG}"))
    words = [
        "--from-date",
        f"{MONTHS[0]}-01",
        "--to-date",
        f"{MONTHS[-1]}-30",
        "--max-active-runs",
        "1",
    ]
    service.airflow("backfill", "create", "--dag-id", DAG, *words)
    service.call("PATCH", f"dags/{DAG}", {"is_paused": False})
    wait_for("the first approval", 400, lambda: _list_waiting(service), pause=5)
    _release_in_console(service, MONTHS[0])
    seen: set[str] = set()
    runs = wait_for(
        "three months approved and sealed",
        1200,
        lambda: _finished(service, seen),
        pause=2,
    )
    assert [one["partition_key"] for one in runs] == list(MONTHS)
    assert [one["state"] for one in runs] == ["success"] * len(MONTHS), _failures(
        service, runs
    )
    for month in MONTHS:
        assert_same_month(by_hand, service.folder / "home", month)
        assert (service.folder / "home" / "months" / month / "SEAL.json").exists()
    _assert_releases_are_on_record_once(service)
    _assert_the_clocks_month_waits(service)


def _list_waiting(service: House) -> list[dict[str, Any]]:
    path = (
        f"dags/{DAG}/dagRuns/~/hitlDetails?response_received=false&state=awaiting_input"
    )
    details: list[dict[str, Any]] = service.call("GET", path)["hitl_details"]
    return details


def _release_in_console(service: House, month: str) -> None:
    """Release a month in the console while Airflow asks for it: Airflow hears of it and goes on."""
    passwords = json.loads(Path(service.environment[PASSWORDS]).read_text())
    password_file = service.folder / "console.password"
    password_file.write_text(passwords["admin"])
    home = service.folder / "home"
    settings = own_settings(
        airflow_url=service.url,
        airflow_user="admin",
        airflow_password_file=password_file,
    )
    open_console(home, settings)
    from console.errands.airflow import answer_airflow
    from console.errands.board import RELEASE, Wanted, ask_for
    from console.errands.work import do_errands

    ask_for(Wanted(RELEASE, month, 1), "qi")
    [errand] = do_errands(home, settings)
    assert errand.state == "done", errand.said
    # As the errands' own pass does: a question just put is answered once it has settled.
    wait_for(
        "Airflow's question answered",
        60,
        lambda: _list_waiting(service) == [] or answer_airflow(home, settings),
        pause=5,
    )
    errand.refresh_from_db()
    assert errand.is_told and _list_waiting(service) == []


def _assert_releases_are_on_record_once(service: House) -> None:
    """The first month by the console, the others by who answered Airflow; Airflow shows the first one's as well."""
    releases = read_releases(service.folder / "home")
    told = {one.month: (one.way, one.by) for one in releases}
    assert len(releases) == len(MONTHS) and told[MONTHS[0]] == ("console", "qi")
    for month in MONTHS[1:]:
        way, by = told[month]
        assert way == "airflow" and "a test" in by
    answered = service.call("GET", f"dags/{DAG}/dagRuns/~/hitlDetails")["hitl_details"]
    said = [detail["params_input"].get("who", "") for detail in answered]
    assert len([who for who in said if who.startswith("qi (console, ")]) == 1


def _finished(service: House, seen: set[str]) -> list[dict[str, Any]] | None:
    """The backfill's runs once all have ended; until then, answer who waits for an answer."""
    _answer(service, DAG, seen)
    runs = service.call("GET", f"dags/{DAG}/dagRuns?run_type=backfill&order_by=id")[
        "dag_runs"
    ]
    done = [one for one in runs if one["state"] in ("success", "failed")]
    return (
        runs
        if len(done) == len(MONTHS) or any(one["state"] == "failed" for one in done)
        else None
    )


def _answer(service: House, dag: str, seen: set[str], refused: str = "") -> None:
    """Approve the runs that wait, but for the one to refuse.

    Answer at the second sight: an answer within the same second crosses the executor's report of the parked task.
    """
    waiting = service.call(
        "GET",
        f"dags/{dag}/dagRuns/~/hitlDetails?response_received=false&state=awaiting_input",
    )
    for detail in waiting["hitl_details"]:
        task = detail["task_instance"]
        assert task["task_id"] == "approve"
        if task["id"] not in seen:
            seen.add(task["id"])
            continue
        said = "Reject" if task["dag_run_id"] == refused else "Approve"
        # Every question must be answered, or the task fails.
        asked = (
            {"who": "a test"}
            if dag == DAG
            else {"who": "a test", "why": "the first one"}
        )
        path = f"dags/{dag}/dagRuns/{task['dag_run_id']}/taskInstances/approve/{task['map_index']}/hitlDetails"
        service.call("PATCH", path, {"chosen_options": [said], "params_input": asked})


@pytest.mark.slow
def test_a_challenger_is_promoted_by_a_person_and_scores_the_next_month(
    service: House, tmp_path: Path
) -> None:
    """One challenger is refused and one approved, through the API; a month through the whole gate is scored by it."""
    operator = unscored_operator()
    home = shutil.copytree(operator.home, tmp_path / "home")
    wait_for("the DAG", 300, lambda: service.call("GET", f"dags/{TRAINING}"))
    service.call("POST", "variables", {"key": "retention_home", "value": str(home)})
    asked = {"logical_date": None, "conf": {"month": str(TRAINED)}}
    refused, approved = (
        service.call("POST", f"dags/{TRAINING}/dagRuns", asked)["dag_run_id"]
        for _ in range(2)
    )
    service.call("PATCH", f"dags/{TRAINING}", {"is_paused": False})
    seen: set[str] = set()
    runs = wait_for(
        "both challengers decided on",
        1200,
        lambda: _decided(service, seen, refused),
        pause=2,
    )
    assert {one["state"] for one in runs} == {"success"}, _failures(
        service, runs, TRAINING
    )
    record = [
        json.loads(line)
        for line in (home / "models" / "promotions.jsonl").read_text().splitlines()
    ]
    tasks = service.call("GET", f"dags/{TRAINING}/dagRuns/{refused}/taskInstances")[
        "task_instances"
    ]
    assert {t["task_id"]: t["state"] for t in tasks}["promote"] == "skipped"
    path = f"dags/{TRAINING}/dagRuns/{approved}/taskInstances/promote/xcomEntries/return_value"
    version = service.call("GET", path)["value"]
    assert [(p["version"], p["trained_through"], p["why"]) for p in record] == [
        (version, str(TRAINED), "the first one")
    ]
    assert record[0]["by"].endswith("a test")
    # Trained twice on the same months it is the same version.
    assert [
        p.name for p in (home / "models").iterdir() if (p / "card.json").exists()
    ] == [version]
    run_by_hand(
        tmp_path,
        "run",
        str(MONTH),
        "--source",
        str(operator.source),
        "--home",
        str(home),
    )
    month = MonthFolder(home, MONTH).version()
    scores = pq.read_table(month.table("score_churn")).to_pandas()
    assert set(scores["model_version"]) == {version} and len(scores) > 400
    judged = pq.read_table(month.table("validate_result")).to_pandas()
    assert len(judged) > 100 and not judged["observed"].str.contains("Error").any()
    orders = pq.read_table(month.table("dispatch_order")).to_pandas()
    assert (orders["list"] == "churn_risk").any()


def _decided(
    service: House, seen: set[str], refused: str
) -> list[dict[str, Any]] | None:
    """Both runs once they have ended; until then, answer who waits for an answer."""
    _answer(service, TRAINING, seen, refused)
    runs: list[dict[str, Any]] = service.call(
        "GET", f"dags/{TRAINING}/dagRuns?order_by=id"
    )["dag_runs"]
    return (
        runs
        if len(runs) == 2 and all(one["state"] in ("success", "failed") for one in runs)
        else None
    )


def _failures(service: House, runs: list[dict[str, Any]], dag: str = DAG) -> str:
    """The end of the log of each failed task."""
    told = []
    for one in runs:
        path = f"dags/{dag}/dagRuns/{one['dag_run_id']}/taskInstances"
        for task in service.call("GET", path)["task_instances"]:
            if task["state"] == "failed":
                log = service.call(
                    "GET", f"{path}/{task['task_id']}/logs/{task['try_number']}"
                )
                told.append(
                    f"{task['task_id']}\n{json.dumps(log, ensure_ascii=False)[-3000:]}"
                )
    return "\n".join(told)


def _assert_the_clocks_month_waits(service: House) -> None:
    """A DAG that has run has its newest month next, from when its file is read again; it waits for its day, then, as
    nobody has delivered it, for another try."""
    file = service.call("GET", f"dags/{DAG}")["file_token"]
    service.call("PUT", f"parseDagFile/{file}")
    waiting = (
        {"wait_start": "success", "extract": "up_for_retry"},
        {"wait_start": "deferred"},
    )
    wait_for(
        "the clock's month waiting",
        120,
        lambda: _read_scheduled_states(service) in waiting,
        pause=2,
    )


def _read_scheduled_states(service: House) -> dict[str, str] | None:
    """The states of the tasks of the one run that the clock began."""
    found = service.call("GET", f"dags/{DAG}/dagRuns?run_type=scheduled")["dag_runs"]
    if len(found) != 1:
        return None
    path = f"dags/{DAG}/dagRuns/{found[0]['dag_run_id']}/taskInstances"
    tasks = service.call("GET", path)["task_instances"]
    return {task["task_id"]: task["state"] for task in tasks if task["state"]}
