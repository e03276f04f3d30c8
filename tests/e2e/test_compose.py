"""The compose file: the services the tests start, nothing secret in it, and every setting it asks for is explained."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.airflow_house import BIN, QUEUED, ROOT, SERVICES, compose, interpolate, shared_settings
from tests.spark import SERVICES as SPARK

_FILE = ROOT / "docker-compose.yml"
_TEXT = _FILE.read_text(encoding="utf-8")
_CHECK = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]


def office() -> list[dict[str, Any]]:
    """The services that are ours: PostgreSQL and Redis bring their own images."""
    return [service for service in compose()["services"].values() if service["image"].startswith("retention-office:")]


def test_the_services_are_those_the_tests_start() -> None:
    """PostgreSQL, the migration before everything, and one process a service."""
    services = compose()["services"]
    assert set(services) == {"postgres", "migrate", *QUEUED, *SPARK}
    profiles = {"celery": {"redis", "worker"}, "spark": set(SPARK)}
    for profile, wanted in profiles.items():
        assert {name for name, service in services.items() if service.get("profiles") == [profile]} == wanted
    assert services["migrate"]["command"] == ["airflow", "db", "migrate"]
    assert [services[name]["command"][:2] for name in SERVICES] == [["airflow", name] for name in SERVICES]
    for name in SERVICES:
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["environment"] == services["migrate"]["environment"]


def test_it_is_as_the_compose_specification_says(tmp_path: Path) -> None:
    """A misspelt key would be refused at the start, or worse, not read."""
    misspelt = tmp_path / "docker-compose.yml"
    misspelt.write_text(_TEXT.replace("depends_on:", "depend_on:", 1), encoding="utf-8")
    said = [subprocess.run([*_CHECK, path], capture_output=True, text=True) for path in (_FILE, misspelt)]
    assert [done.returncode for done in said] == [0, 1], said
    assert "depend_on" in said[1].stdout


def test_every_volume_that_is_mounted_is_declared() -> None:
    """What begins with a letter is a volume's name, not a folder."""
    content = compose()
    mounts = [mount for service in content["services"].values() for mount in service["volumes"]]
    assert {mount.split(":")[0] for mount in mounts if mount[0].isalpha()} == set(content["volumes"])


def test_nothing_secret_stands_in_it() -> None:
    """Whatever is secret comes from the environment, and its absence stops the start."""
    for service in compose()["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY|CONN$", name):
                assert re.search(r"\$\{\w+:\?", str(value)), name


def test_every_variable_is_explained() -> None:
    """What has no default stands in .env.example, and nothing there is of no use."""
    wanted = set(re.findall(r"\$\{(\w+):\?", _TEXT))
    known = set(re.findall(r"\$\{(\w+)", _TEXT))
    named = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert wanted <= named <= known | {"COMPOSE_PROFILES"}  # which Compose itself reads
    assert all(not value for value in re.findall(r"^\w*(?:PASSWORD|SECRET|KEY)\w*=(.*)$", _TEXT, re.MULTILINE))


def test_it_calls_nobody() -> None:
    """Usage statistics are off wherever Airflow or Great Expectations starts."""
    assert shared_settings()["GX_ANALYTICS_ENABLED"] == "false"
    assert shared_settings()["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert all(service["env_file"][0] == "deploy/airflow.env" for service in office())


def test_every_setting_reaches_the_services() -> None:
    """`.env` is not only filled in here: what it says of the office is the services' environment too."""
    assert all({"path": ".env", "required": False} in service["env_file"] for service in office())


def test_the_image_has_what_the_months_are_made_of() -> None:
    """Code, SQL, checks, texts and the lock file are copied; uv is the one the Makefile pins."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (.+) \S+$", dockerfile, re.MULTILINE))
    assert {"pipelines", "twin", "sql", "expectations", "locales", "dags"} <= copied
    pinned = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None
    assert f"uv=={pinned[1]}" in dockerfile


@pytest.mark.parametrize(
    ("text", "filled"), [("${A}", "1"), ("x${B:-2}y", "x2y"), ("${A:?tell}", "1"), ("${A:-9}/${B:-}", "1/")]
)
def test_variables_are_filled_in_as_compose_does(text: str, filled: str) -> None:
    """A value, a default, a must."""
    assert interpolate(text, {"A": "1"}) == filled
