"""Tasks that watch end as the command of the same name does: the same look, the same error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.airflow_house import RETENTION, ROOT, own_environment
from tests.support.small import KEY, MONTH, Town, run_town

_CALL = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from pipelines.core.errors import RetentionError

bag = DagBag(sys.argv[1])
ended = {}
for dag, task, given in (
    ("retention_deadlines", "due", {}),
    ("retention_housekeeping", "verify", {}),
    ("retention_restate", "changed", {"params": {"month": None}}),
):
    try:
        bag.dags[dag].get_task(task).python_callable(**given)
    except RetentionError as error:
        ended[task] = [error.key, error.exit_code]
print(json.dumps(ended))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one month, a file of which was changed; the months since were never run."""
    folder = tmp_path_factory.mktemp("watched")
    run_town(folder / "home", Town().person("ann", manager=None), folder / "source")
    (
        folder / "home" / "months" / str(MONTH) / "v0001" / "kpi_monthly.parquet"
    ).write_bytes(b"not what it was")
    return folder / "home"


@pytest.fixture(scope="module")
def tasks(home: Path) -> tuple[dict[str, list[object]], str]:
    """How each task ends, no source being set, and what their logs say."""
    environment = own_environment(
        AIRFLOW_HOME=home.parent / "airflow",
        RETENTION_HOME=home,
        RETENTION_SECRET_KEY=KEY,
    )
    command = [sys.executable, "-c", _CALL, str(ROOT / "dags")]
    done = subprocess.run(
        command,
        env=environment,
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]), done.stdout


@pytest.mark.parametrize(
    ("task", "words", "key"),
    [
        ("due", ["due"], "due.pressing"),
        ("verify", ["verify", str(MONTH)], "verify.differs"),
    ],
)
def test_a_task_ends_as_the_command_does(
    home: Path,
    tasks: tuple[dict[str, list[object]], str],
    task: str,
    words: list[str],
    key: str,
) -> None:
    command = [RETENTION, *words, "--home", str(home), "--lang", "en"]
    done = subprocess.run(
        command,
        env=own_environment(RETENTION_SECRET_KEY=KEY),
        capture_output=True,
        text=True,
    )
    assert tasks[0][task] == [key, done.returncode]


def test_a_task_s_log_names_what_differs(
    tasks: tuple[dict[str, list[object]], str],
) -> None:
    """The error says "see above"."""
    assert f"{MONTH} changed kpi_monthly.parquet" in tasks[1]


def test_a_task_without_a_source_says_where_to_set_one(
    tasks: tuple[dict[str, list[object]], str],
) -> None:
    assert tasks[0]["changed"] == ["source.unset", 2]
