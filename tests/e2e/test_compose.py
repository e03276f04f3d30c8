"""The compose file: the services the tests start, nothing secret in it, and every setting it asks for is explained."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.operations.service import find_open
from tests.e2e.airflow_house import (
    BIN,
    QUEUED,
    ROOT,
    SERVICES,
    compose,
    interpolate,
    shared_settings,
)
from tests.support.spark import SERVICES as SPARK

_FILE = ROOT / "docker-compose.yml"
_TEXT = _FILE.read_text(encoding="utf-8")
PROFILES = {"celery": {"redis", "worker"}, "spark": set(SPARK), "console": {"console"}}
_CHECK = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]


def office() -> list[dict[str, Any]]:
    """The services that are ours: PostgreSQL and Redis bring their own images."""
    return [
        service
        for service in compose()["services"].values()
        if service["image"].startswith("retention-office:")
    ]


def test_the_services_are_those_the_tests_start() -> None:
    """PostgreSQL, the migration before everything, and one process a service."""
    services = compose()["services"]
    assert set(services) == {"postgres", "migrate", "console", *QUEUED, *SPARK}
    for profile, wanted in PROFILES.items():
        assert {
            name
            for name, service in services.items()
            if service.get("profiles") == [profile]
        } == wanted
    assert services["migrate"]["command"] == ["airflow", "db", "migrate"]
    assert [services[name]["command"][:2] for name in SERVICES] == [
        ["airflow", name] for name in SERVICES
    ]
    for name in SERVICES:
        assert services[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"}
        }
        assert services[name]["environment"] == services["migrate"]["environment"]


def test_it_is_as_the_compose_specification_says(tmp_path: Path) -> None:
    """A misspelt key would be refused at the start, or worse, not read."""
    misspelt = tmp_path / "docker-compose.yml"
    misspelt.write_text(_TEXT.replace("depends_on:", "depend_on:", 1), encoding="utf-8")
    said = [
        subprocess.run([*_CHECK, path], capture_output=True, text=True)
        for path in (_FILE, misspelt)
    ]
    assert [done.returncode for done in said] == [0, 1], said
    assert "depend_on" in said[1].stdout


def test_every_volume_that_is_mounted_is_declared() -> None:
    """What begins with a letter is a volume's name, not a folder."""
    content = compose()
    mounts = [
        mount
        for service in content["services"].values()
        for mount in service["volumes"]
    ]
    assert {mount.split(":")[0] for mount in mounts if mount[0].isalpha()} == set(
        content["volumes"]
    )


def test_nothing_secret_stands_in_it() -> None:
    """Whatever is secret comes from the environment, and its absence stops the start."""
    for service in compose()["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(
                r"PASSWORD(?!S_FILE)|SECRET|_KEY|CONN$|BROKER_URL|_AUTH$", name
            ):
                assert re.search(r"\$\{\w+:\?", str(value)), name


def test_what_follows_the_file_is_closed() -> None:
    """Users and approvers are named, the queue asks for a password, no container gains rights, no image moves by itself."""
    services = compose()["services"]
    for name, service in services.items():
        assert service["security_opt"] == ["no-new-privileges:true"] and service[
            "cap_drop"
        ] == ["ALL"], name
        assert "cap_add" not in service and not service.get("privileged"), name
        assert service["image"].startswith("retention-office:") or re.search(
            r":-\w+:\d+\.\d+(\.\d+)?}$", service["image"]
        ), name
        assert all(
            port.startswith("127.0.0.1:") for port in service.get("ports", ())
        ), name
    known = services["scheduler"]["environment"]
    assert known["AIRFLOW__CORE__AUTH_MANAGER"].endswith(".SimpleAuthManager")
    assert known["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "False"
    for name in (
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS",
        "RETENTION_APPROVERS",
        "AIRFLOW__CELERY__BROKER_URL",
    ):
        assert ":?" in known[name], name
    assert "--requirepass" in services["redis"]["command"]


def test_images_of_others_see_ours_alone_and_nothing_beyond_this_host() -> None:
    """Each on a network of its own that leads nowhere; Spark, which asks nobody for a password, is on neither."""
    services, networks = compose()["services"], compose()["networks"]
    for name, network in (("postgres", "database"), ("redis", "queue")):
        assert services[name]["networks"] == [network]
        assert networks[network] == {"internal": True}
        others = {
            other
            for other, service in services.items()
            if network in service["networks"] and service not in office()
        }
        assert others == {name}
        assert not services[name].get("ports")
    for name in SPARK:
        assert services[name]["networks"] == ["default"]
        assert not services[name].get("ports")
    published = {name for name, service in services.items() if service.get("ports")}
    assert published == {"api-server", "console"}


def test_the_doctor_calls_it_closed_as_it_stands_and_open_where_something_is_taken_away() -> (
    None
):
    """Each thing that keeps the service closed is looked at by itself."""
    values = dict.fromkeys(re.findall(r"\$\{(\w+):\?", _TEXT), "example")
    known = {
        name: interpolate(
            value,
            values | {"AIRFLOW_USERS": "li:admin", "RETENTION_APPROVERS": "li=Li"},
        )
        for name, value in compose()["services"]["scheduler"]["environment"].items()
    }
    known["AIRFLOW__CELERY__BROKER_URL"] = "redis://:example@redis:6379/0"
    assert find_open(known, {"li": "twelve letters"}) == []
    taken = {
        "AIRFLOW__CORE__AUTH_MANAGER": ("", "AIRFLOW__CORE__AUTH_MANAGER"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": (
            "True",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS",
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": (
            "",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS",
        ),
        "RETENTION_APPROVERS": ("", "RETENTION_APPROVERS"),
        "AIRFLOW__CELERY__BROKER_URL": (
            "redis://redis:6379/0",
            "AIRFLOW__CELERY__BROKER_URL",
        ),
    }
    for name, (value, wanted) in taken.items():
        assert find_open(known | {name: value}, {"li": "twelve letters"}) == [wanted], (
            name
        )
    assert find_open(
        known | {"RETENTION_APPROVERS": "wang"}, {"li": "twelve letters"}
    ) == ["RETENTION_APPROVERS"]
    for passwords in ({}, {"li": "short"}):
        assert find_open(known, passwords) == [
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
        ]


def test_every_variable_is_explained() -> None:
    """What has no default stands in .env.example, and nothing there is of no use."""
    wanted = set(re.findall(r"\$\{(\w+):\?", _TEXT))
    known = set(re.findall(r"\$\{(\w+)", _TEXT))
    named = set(
        re.findall(
            r"^(\w+)=",
            (ROOT / ".env.example").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    assert wanted <= named <= known | {"COMPOSE_PROFILES"}  # which Compose itself reads
    assert all(
        not value
        for value in re.findall(
            r"^\w*(?:PASSWORD|SECRET|KEY)\w*=(.*)$", _TEXT, re.MULTILINE
        )
    )


def test_it_calls_nobody() -> None:
    """Usage statistics are off wherever Airflow or Great Expectations starts."""
    assert shared_settings()["GX_ANALYTICS_ENABLED"] == "false"
    assert shared_settings()["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert all(service["env_file"][0] == "deploy/airflow.env" for service in office())


def test_every_setting_reaches_the_services() -> None:
    """`.env` is not only filled in here: what it says of the office is the services' environment too."""
    assert all(
        {"path": ".env", "required": False} in service["env_file"]
        for service in office()
    )


def test_the_image_has_what_the_months_are_made_of() -> None:
    """Code, SQL, checks, texts and the lock file are copied; uv is the one that `make` fetches, by its checksum."""
    copied = list_copied()
    assert {"pipelines", "twin", "sql", "expectations", "locales", "dags"} <= copied
    assert {"uv.lock", "deploy/fetch_uv.py"} <= copied
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "python deploy/fetch_uv.py" in dockerfile and "pip install" not in dockerfile


def test_nothing_else_of_the_checkout_can_get_into_the_image() -> None:
    """Least of all modules that were compiled here: their bytes are this machine's."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*" and rules[-1] == "**/__pycache__"
    let_in = [rule.removeprefix("!") for rule in rules[1:-1] if rule.startswith("!")]
    assert len(let_in) == len(rules) - 2 and set(let_in) == list_copied()


def list_copied() -> set[str]:
    """What the Dockerfile copies of the checkout."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied: set[str] = set()
    for line in re.findall(r"^COPY (.+) \S+$", dockerfile, re.MULTILINE):
        copied |= set(line.split())
    return copied


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${A}", "1"),
        ("x${B:-2}y", "x2y"),
        ("${A:?tell}", "1"),
        ("${A:-9}/${B:-}", "1/"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text: str, filled: str) -> None:
    """A value, a default, a must."""
    assert interpolate(text, {"A": "1"}) == filled


# -- as Compose itself reads it ----------------------------------------------------------------------------------

# What docker-compose 1 (Python, no longer made; Debian's package of that name) refuses in a file that is valid by the
# specification: the project's name, and an environment file that may be missing. It is given the file without them.
_TOO_NEW = (
    "'name' does not match any of the regexes: '^x-'",
    'env_file contains {"path": ".env", "required": false}, which is an invalid type, it should be a string',
)


@pytest.fixture(scope="module")
def composer() -> list[str]:
    """The command that reads compose files here: Docker's plugin, or else docker-compose."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if (
            shutil.which(command[0])
            and not subprocess.run(
                [*command, "version"], capture_output=True
            ).returncode
        ):
            return command
    pytest.skip(
        "neither `docker compose` nor docker-compose is on this machine: apt-get install docker-compose"
    )


@pytest.fixture
def example(tmp_path: Path) -> dict[str, str]:
    """A folder with the compose file, its settings, and .env.example filled in; what the latter says."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    filled = re.sub(
        r"^(\w*(?:KEY|PASSWORD|SECRET))=$", r"\1=example", text, flags=re.MULTILINE
    )
    filled = filled.replace(
        "RETENTION_SOURCE_FOLDER=\n", "RETENTION_SOURCE_FOLDER=/data/delivered\n"
    )
    filled = filled.replace(
        "AIRFLOW_PASSWORDS_FILE=\n", "AIRFLOW_PASSWORDS_FILE=/data/passwords.json\n"
    )
    filled = filled.replace("AIRFLOW_USERS=\n", "AIRFLOW_USERS=li:admin\n")
    filled = filled.replace("RETENTION_APPROVERS=\n", "RETENTION_APPROVERS=li\n")
    (tmp_path / ".env").write_text(filled, encoding="utf-8")
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "airflow.env", tmp_path / "deploy")
    shutil.copy(_FILE, tmp_path)
    return dict(re.findall(r"^(\w+)=(.*)$", filled, re.MULTILINE))


def config(
    composer: list[str], folder: Path, *words: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run `config` in a folder under no settings but the folder's and those given."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [*composer, *words, "-f", "docker-compose.yml", "config"]
    return subprocess.run(
        command, cwd=folder, env=bare | more, capture_output=True, text=True
    )


def is_old(composer: list[str]) -> bool:
    said = subprocess.run([*composer, "version"], capture_output=True, text=True).stdout
    return re.search(r"version 1\.", said) is not None


def fit(composer: list[str], folder: Path) -> None:
    """Take out of the copy what docker-compose 1 refuses, having seen that it refuses nothing else."""
    if not is_old(composer):
        return
    refused = config(composer, folder)
    lines = [
        line for line in refused.stderr.splitlines() if line and "version" not in line
    ]
    assert refused.returncode == 1 and len(lines) > 2
    assert all(any(line.endswith(known) for known in _TOO_NEW) for line in lines[1:]), (
        refused.stderr
    )
    without = re.sub(r"^name: .*\n", "", _TEXT, count=1, flags=re.MULTILINE)
    without = without.replace("{path: .env, required: false}", ".env")
    (folder / "docker-compose.yml").write_text(without, encoding="utf-8")


@pytest.mark.parametrize("by", ["flag", "setting"])
@pytest.mark.parametrize("profile", ["", *PROFILES])
def test_compose_reads_it_as_the_tests_do(
    composer: list[str], example: dict[str, str], tmp_path: Path, profile: str, by: str
) -> None:
    """Commands, environment, order and profiles, as Compose resolves them, are those the tests start."""
    fit(composer, tmp_path)
    words = ["--profile", profile] if profile and by == "flag" else []
    done = config(
        composer,
        tmp_path,
        *words,
        **({"COMPOSE_PROFILES": profile} if by == "setting" else {}),
    )
    assert done.returncode == 0, done.stderr
    said = yaml.safe_load(done.stdout)["services"]
    meant = compose()["services"]
    # docker-compose 1 prints the services of all profiles, each with its own.
    active = {
        name
        for name, service in said.items()
        if set(service.get("profiles", ())) <= {profile}
    }
    assert active == {"postgres", "migrate", *SERVICES} | PROFILES.get(profile, set())
    for name in active:
        command = [
            interpolate(word, example) for word in meant[name].get("command", ())
        ]
        assert said[name].get("command", []) == command, name
        assert said[name].get("profiles") == meant[name].get("profiles"), name
        order = {
            on: how["condition"] for on, how in said[name].get("depends_on", {}).items()
        }
        assert order == {
            on: how["condition"]
            for on, how in meant[name].get("depends_on", {}).items()
        }, name
        wanted = {
            key: interpolate(value, example)
            for key, value in meant[name].get("environment", {}).items()
        }
        shared = shared_settings() | example if "env_file" in meant[name] else {}
        assert {
            key: str(value) for key, value in said[name].get("environment", {}).items()
        } == shared | wanted, name


def test_compose_refuses_an_example_that_is_not_filled_in(
    composer: list[str], example: dict[str, str], tmp_path: Path
) -> None:
    """Each thing that has no default stops the start by itself, and says where to set it."""
    fit(composer, tmp_path)
    whole = (tmp_path / ".env").read_text(encoding="utf-8")
    for name in sorted(set(re.findall(r"\$\{(\w+):\?", _TEXT))):
        (tmp_path / ".env").write_text(
            whole.replace(f"{name}={example[name]}\n", f"{name}=\n"), encoding="utf-8"
        )
        done = config(composer, tmp_path)
        assert done.returncode != 0 and "set it in .env" in done.stderr, name
