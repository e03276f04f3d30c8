"""The DAG file as Airflow sees it: ids, order, retries, the month's form, its schedule, and what importing it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from pipelines import ROOMS
from tests.e2e.airflow_house import ROOT, own_environment

# Airflow is imported in a process of its own: it brings settings, logging and a metadata database with it.
_LOOK = """
import json, sys
from types import SimpleNamespace
import pendulum
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.timetables.base import TimeRestriction

before = set(sys.modules)
bag = DagBag(sys.argv[1])
loaded = sorted({name.split(".")[0] for name in set(sys.modules) - before})
dag = bag.dags["retention_monthly"]

from pipelines.core import errors

def actions(task):
    named = (
        "SourceNotReady Busy StorageError Undelivered Incomplete SpecError GateStopped Refused UsageError ModelError"
    ).split()
    raised = {name: getattr(errors, name)("x") for name in named} | {"ValueError": ValueError()}
    return {name: task.retry_policy.evaluate(error, 1, task.retries).action.value for name, error in raised.items()}

def is_taken(month):
    params = ParamsDict({"month": dag.params.get_param("month")})
    try:
        params["month"] = month
        return params.validate() == {"month": month}
    except ParamValidationError:
        return False

def due(month, day):
    context = {"dag_run": SimpleNamespace(partition_key=month), "params": {"month": None}}
    return dag.user_defined_macros["due_at"](context, day)

def start(month):
    context = {"dag_run": SimpleNamespace(partition_key=month), "params": {"month": None}}
    return dag.user_defined_macros["start_at"](context)

def described(dag):
    timetable, window = coerce_to_core_timetable(dag.timetable), TimeRestriction(
        earliest=pendulum.datetime(2026, 11, 1), latest=None, catchup=True
    )
    first = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=window)
    approve = dag.get_task("approve") if dag.has_task("approve") else None
    return {
        "edges": {task.task_id: sorted(task.downstream_task_ids) for task in dag.topological_sort()},
        "retries": {task.task_id: [task.retries, actions(task)] for task in dag.tasks},
        "first": [first.run_after.in_timezone("UTC").isoformat(), getattr(first, "partition_key", None)],
        "safe": [dag.is_paused_upon_creation, dag.catchup, dag.max_active_runs, bool(dag.doc_md)],
        "approval": [type(approve).__name__, sorted(approve.params), approve.response_timeout.days] if approve else None,
    }

def is_day_taken(text):
    params = ParamsDict({"day": bag.dags["retention_daily"].params.get_param("day")})
    try:
        params["day"] = text
        return params.validate() == {"day": text}
    except ParamValidationError:
        return False

timetable = coerce_to_core_timetable(dag.timetable)
window = TimeRestriction(earliest=pendulum.datetime(2026, 11, 1), latest=None, catchup=True)
first = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=window)
begin, end = pendulum.datetime(2026, 1, 1), pendulum.datetime(2026, 3, 31)
past = timetable.iter_partition_dagrun_infos(earliest=begin, latest=end)
print(json.dumps({
    "dags": sorted(bag.dags),
    "errors": bag.import_errors,
    "tasks": [task.task_id for task in dag.topological_sort()],
    "edges": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
    "retries": {task.task_id: [task.retries, actions(task)] for task in dag.tasks},
    "months": {month: is_taken(month) for month in ("2026-10", "2026-13", "2026-1", "202610", "2026-10-01", None)},
    "paused": dag.is_paused_upon_creation,
    "catchup": dag.catchup,
    "max_active_runs": dag.max_active_runs,
    "doc": bool(dag.doc_md),
    "first": [first.run_after.isoformat(), first.partition_key],
    "past": [info.partition_key for info in past],
    "start": [start("2026-08"), start("2026-09")],
    "made": {task.task_id: [[a.name for a in task.inlets], [a.name for a in task.outlets]] for task in dag.tasks},
    "approvers": dag.get_task("approve").assigned_users,
    "due": [due("2026-08", 10), due("2026-08", 12)],
    "loaded": loaded,
    "training": described(bag.dags["model_training"]),
    "daily": described(bag.dags["retention_daily"]),
    "restate": described(bag.dags["retention_restate"]),
    "deadlines": described(bag.dags["retention_deadlines"]),
    "housekeeping": described(bag.dags["retention_housekeeping"]),
    "days": {day: is_day_taken(day) for day in ("2026-11-05", "2026-11-32", "2026-13-01", "20261105", "2026-11", None)},
}))
"""
AFTER = ["approve", "release", "wait_10th", "due_10th", "wait_12th", "due_12th"]
RETRIED = {"SourceNotReady", "Busy", "StorageError", "Undelivered"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh process finds in the DAG folder."""
    folder = tmp_path_factory.mktemp("airflow")
    environment = own_environment(
        AIRFLOW_HOME=folder,
        AIRFLOW_VAR_RETENTION_HOME=folder / "home",
        AIRFLOW_VAR_RETENTION_SOURCE=folder,
        RETENTION_APPROVERS="li=Li Hong, admin",
    )
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, str(ROOT / "dags")],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_dags_and_no_import_error(seen: dict[str, Any]) -> None:
    """Nothing else is found, and everything found can be imported."""
    assert seen["errors"] == {}
    assert seen["dags"] == [
        *(
            "model_training",
            "retention_daily",
            "retention_deadlines",
            "retention_errands",
            "retention_housekeeping",
        ),
        *("retention_monthly", "retention_notices", "retention_restate"),
    ]
    assert seen["doc"]


def test_tasks_are_the_rooms_then_the_approval(seen: dict[str, Any]) -> None:
    """One line of tasks: the rooms in their order, approval, release, and the days when orders are due.

    What is sent hangs on the release alone: nothing leaves without an approval, and nobody's mailbox holds up the days.
    """
    order = ["wait_start", *ROOMS, *AFTER]
    assert set(seen["tasks"]) == {*order, "deliver"}
    line = {task: order[place + 1 : place + 2] for place, task in enumerate(order)}
    assert seen["edges"] == line | {"release": ["deliver", "wait_10th"], "deliver": []}


def test_only_named_errors_are_tried_again(seen: dict[str, Any]) -> None:
    """What waiting can mend is tried again, what only a person can mend is not."""
    for retries, actions in seen["retries"].values():
        assert retries > 0
        assert {
            name for name, action in actions.items() if action == "retry"
        } == RETRIED
        assert {action for name, action in actions.items() if name not in RETRIED} == {
            "fail"
        }


def test_a_month_by_hand_is_checked_by_its_form(seen: dict[str, Any]) -> None:
    """`YYYY-MM` or nothing."""
    assert [month for month, is_taken in seen["months"].items() if is_taken] == [
        "2026-10",
        "null",
    ]


def test_starts_paused_one_month_at_a_time(seen: dict[str, Any]) -> None:
    """A fresh installation runs nothing by itself."""
    assert seen["paused"]
    assert not seen["catchup"]
    assert seen["max_active_runs"] == 1


def test_a_month_begins_on_the_second_working_day_after_it(
    seen: dict[str, Any],
) -> None:
    """Queued on the 1st, 06:00 in Shanghai; October begins with eight days of holidays. A backfill's dates are months."""
    assert seen["first"] == ["2026-11-30T22:00:00+00:00", "2026-11"]
    assert seen["start"] == ["2026-09-02T06:00:00+08:00", "2026-10-09T06:00:00+08:00"]
    assert seen["past"] == ["2026-01", "2026-02", "2026-03"]


def test_each_room_hands_on_what_it_made(seen: dict[str, Any]) -> None:
    """An asset a room; the next room is known to read it."""
    made = {name: seen["made"][name] for name in ROOMS}
    assert made == {
        name: [[f"retention_{before}"] if before else [], [f"retention_{name}"]]
        for before, name in zip((None, *ROOMS), ROOMS, strict=False)
    }


def test_only_the_named_may_approve(seen: dict[str, Any]) -> None:
    """As RETENTION_APPROVERS names them; who has no name is called by his id."""
    assert seen["approvers"] == [
        {"id": "li", "name": "Li Hong"},
        {"id": "admin", "name": "admin"},
    ]


def test_due_days_are_working_days(seen: dict[str, Any]) -> None:
    """The 12th of September 2026 is a Saturday."""
    assert seen["due"] == ["2026-09-10T06:00:00+08:00", "2026-09-11T06:00:00+08:00"]


def test_importing_the_file_is_light(seen: dict[str, Any]) -> None:
    """The scheduler reads it every half minute."""
    assert not {"pandas", "duckdb", "great_expectations", "sklearn", "pyarrow"} & set(
        seen["loaded"]
    )


def test_a_challenger_is_trained_then_a_person_decides_then_it_is_promoted(
    seen: dict[str, Any],
) -> None:
    """Nothing is promoted without the approval, and nobody's answer in twenty days changes nothing."""
    training = seen["training"]
    assert training["edges"] == {
        "train": ["approve"],
        "approve": ["promote"],
        "promote": [],
    }
    assert training["approval"] == ["ApprovalOperator", ["who", "why"], 20]
    assert training["safe"] == [True, False, 1, True]
    assert training["first"] == ["2026-11-05T18:00:00+00:00", "2026-10"]
    for retries, actions in training["retries"].values():
        assert retries > 0 and {
            name for name, action in actions.items() if action == "retry"
        } == {"StorageError"}


def test_a_day_runs_the_morning_after_and_waits_for_its_delivery(
    seen: dict[str, Any],
) -> None:
    """The day, and sending it; the key is the day in Shanghai, not in UTC; days are made one after the other."""
    daily = seen["daily"]
    assert daily["edges"] == {"day": ["deliver"], "deliver": []}
    assert daily["approval"] is None
    assert daily["safe"] == [True, False, 1, True]
    assert daily["first"] == ["2026-11-01T22:00:00+00:00", "2026-11-01"]
    for retries, actions in daily["retries"].values():
        assert (
            retries > 0
            and {name for name, action in actions.items() if action == "retry"}
            == RETRIED
        )
    assert [day for day, is_taken in seen["days"].items() if is_taken] == [
        "2026-11-05",
        "null",
    ]


def test_a_corrected_month_is_restated_the_morning_after(seen: dict[str, Any]) -> None:
    """Which months, then one after the other; nothing is released, so nobody is asked."""
    restate = seen["restate"]
    assert restate["edges"] == {"changed": ["restate"], "restate": []}
    assert restate["safe"] == [True, False, 1, True] and restate["approval"] is None
    assert restate["first"][0] == "2026-11-01T23:00:00+00:00"
    for _, actions in restate["retries"].values():
        assert {name for name, action in actions.items() if action == "retry"} == {
            "Busy",
            "StorageError",
        }


def test_nothing_is_tidied_before_it_is_verified_and_backed_up(
    seen: dict[str, Any],
) -> None:
    """A night's three tasks, each waiting for the one before."""
    night = seen["housekeeping"]
    assert night["edges"] == {"verify": ["backup"], "backup": ["tidy"], "tidy": []}
    assert night["safe"] == [True, False, 1, True]
    assert night["first"][0] == "2026-11-01T18:00:00+00:00"
    for _, actions in night["retries"].values():
        assert {name for name, action in actions.items() if action == "retry"} == {
            "StorageError"
        }


def test_deadlines_are_watched_each_morning(seen: dict[str, Any]) -> None:
    """By the months themselves, whatever runs there were; a red task stays red until somebody looks."""
    watch = seen["deadlines"]
    assert (
        watch["safe"] == [True, False, 1, True]
        and watch["first"][0] == "2026-11-01T00:00:00+00:00"
    )
    assert watch["retries"]["due"][0] == 0
