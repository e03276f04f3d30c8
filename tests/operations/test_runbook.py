"""The runbook names every exit code, and nothing that does not exist."""

from __future__ import annotations

import re

import pytest
import yaml

from pipelines.core import errors
from pipelines.core.errors import RetentionError
from pipelines.core.paths import ROOT
from pipelines.core.settings import Settings
from tests.support.commands import map_commands

TEXT = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
ORCHESTRATION = (ROOT / "pipelines" / "operations" / "orchestration.py").read_text(
    encoding="utf-8"
)
CODES = {
    e.exit_code
    for e in vars(errors).values()
    if isinstance(e, type) and issubclass(e, RetentionError)
}
METRICS = {
    name
    for file in ("metrics.py", "month_metrics.py")
    for name in re.findall(
        r'"(retention_[a-z_]+)"',
        (ROOT / "pipelines" / "operations" / file).read_text(encoding="utf-8"),
    )
}
METRICS |= {
    f"{name}_end_timestamp_seconds" for name in METRICS if name.endswith("_month")
}
METRICS |= {f"retention_model_look_{name}" for name in ("value", "limit")}
COMMANDS = map_commands()


def test_every_exit_code_has_its_row() -> None:
    rows = [int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)]
    assert rows == sorted(
        CODES - {RetentionError.exit_code, errors.UsageError.exit_code}
    )


def test_every_command_named_exists() -> None:
    named = set(re.findall(r"`retention ([a-z]+)", TEXT))
    assert {"doctor", "run", "restate", "verify"} <= named <= set(COMMANDS)


@pytest.mark.parametrize("line", sorted(set(re.findall(r"`retention ([^`]+)`", TEXT))))
def test_every_option_named_exists(line: str) -> None:
    known = {
        option
        for parameter in COMMANDS[line.split()[0]].params
        for option in parameter.opts
    }
    assert set(re.findall(r"--[a-z-]+", line)) <= known


def test_every_setting_and_dag_named_exists() -> None:
    settings = {f"RETENTION_{name.upper()}" for name in Settings.model_fields}
    of_tasks = {
        f"RETENTION_{name}"
        for name in re.findall(r'_setting\("(\w+)"\)', ORCHESTRATION)
    }
    settings |= {name.upper() for name in of_tasks} | {"RETENTION_APPROVERS"}
    dags = {path.stem for path in (ROOT / "dags").glob("*.py")}
    assert set(re.findall(r"RETENTION_[A-Z_]+", TEXT)) <= settings
    assert set(re.findall(r"(?<!/)retention_[a-z_]+", TEXT)) <= dags | METRICS


def test_the_alert_rules_are_rules() -> None:
    (group,) = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0])[
        "groups"
    ]
    assert len(group["rules"]) > 5
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for"} and rule["expr"].count(
            "("
        ) == rule["expr"].count(")")
