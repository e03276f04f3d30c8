"""The compose file: the services the tests start, nothing secret in it, and every setting it asks for is explained."""

from __future__ import annotations

import re

import pytest

from tests.e2e.airflow_house import ROOT, SERVICES, compose, interpolate, shared_settings

_TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
# Of the Compose specification, what this file uses.
_KNOWN = {
    "services": {"image", "build", "restart", "env_file", "environment", "volumes", "depends_on", "command", "ports"}
    | {"healthcheck"},
    "top": {"name", "services", "volumes", "x-office"},
}


def test_the_services_are_those_the_tests_start() -> None:
    """PostgreSQL, the migration before everything, and one process a service."""
    services = compose()["services"]
    assert set(services) == {"postgres", "migrate", *SERVICES}
    assert services["migrate"]["command"] == ["airflow", "db", "migrate"]
    assert [services[name]["command"][:2] for name in SERVICES] == [["airflow", name] for name in SERVICES]
    for name in SERVICES:
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["environment"] == services["migrate"]["environment"]


def test_only_what_compose_knows() -> None:
    """A misspelt key would be refused at the start, or worse, not read."""
    content = compose()
    assert set(content) <= _KNOWN["top"]
    for service in content["services"].values():
        assert set(service) <= _KNOWN["services"]
    mounts = [mount for service in content["services"].values() for mount in service["volumes"]]
    assert {mount.split(":")[0] for mount in mounts if mount[0].isalpha()} == set(content["volumes"])


def test_nothing_secret_stands_in_it() -> None:
    """Whatever is secret comes from the environment, and its absence stops the start."""
    for service in compose()["services"].values():
        for name, value in service["environment"].items():
            if re.search(r"PASSWORD|SECRET|_KEY|CONN$", name):
                assert re.search(r"\$\{\w+:\?", str(value)), name


def test_every_variable_is_explained() -> None:
    """What has no default stands in .env.example, and nothing there is of no use."""
    wanted = set(re.findall(r"\$\{(\w+):\?", _TEXT))
    known = set(re.findall(r"\$\{(\w+)", _TEXT))
    named = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert wanted <= named <= known
    assert all(not value for value in re.findall(r"^\w*(?:PASSWORD|SECRET|KEY)\w*=(.*)$", _TEXT, re.MULTILINE))


def test_it_calls_nobody() -> None:
    """Usage statistics are off wherever Airflow or Great Expectations starts."""
    assert shared_settings()["GX_ANALYTICS_ENABLED"] == "false"
    assert shared_settings()["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    office = [name for name, service in compose()["services"].items() if name != "postgres"]
    assert all(compose()["services"][name]["env_file"] == "deploy/airflow.env" for name in office)


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
