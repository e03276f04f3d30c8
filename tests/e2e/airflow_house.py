"""Airflow as it stands in service, without Docker: the commands and settings of docker-compose.yml as processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import sqlalchemy as sa
import yaml

from tests.support.made_once import make_once
from tests.support.small import KEY

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
RETENTION = str(BIN / "retention")
SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer")
QUEUED = ("redis", *SERVICES, "worker")  # with the profile `celery`
API = "api/v2"
PASSWORDS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
_BROKER = "AIRFLOW__CELERY__BROKER_URL"
_T = TypeVar("_T")
# Whoever runs the tests may have settings of his own: they are not what is tested.
_FOREIGN = ("AIRFLOW", "RETENTION_")


def compose() -> dict[str, Any]:
    """The compose file, anchors and merges resolved."""
    content: dict[str, Any] = yaml.safe_load(
        (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    )
    return content


def interpolate(text: object, known: dict[str, str]) -> str:
    """Fill in `${NAME}`, `${NAME:-default}` and `${NAME:?message}` as Compose does."""

    def fill(found: re.Match[str]) -> str:
        name, operator, rest = found[1], found[2], found[3]
        return known.get(name) or (rest if operator == ":-" else known[name])

    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", fill, str(text))


def shared_settings() -> dict[str, str]:
    """The settings of deploy/airflow.env."""
    lines = (ROOT / "deploy" / "airflow.env").read_text(encoding="utf-8").splitlines()
    return dict(
        line.split("=", 1) for line in lines if line and not line.startswith("#")
    )


def own_environment(**settings: str | Path) -> dict[str, str]:
    """This process' environment without foreign settings, and with the shared ones and those given."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN)
    }
    path = f"{BIN}{os.pathsep}{mine.get('PATH', '')}"
    mine["RETENTION_DEMONSTRATION"] = (
        "true"  # as tests/conftest.py: whatever key may release
    )
    return (
        mine
        | shared_settings()
        | {name: str(value) for name, value in settings.items()}
        | {"PATH": path}
    )


def run(
    command: list[str], environment: dict[str, str], folder: Path, timeout: float = 300
) -> str:
    """Run a command in its own process group; return what it printed, raise with the end of it when it fails."""
    log = folder / f"{Path(command[0]).name}-{command[1]}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    text = log.read_text(errors="replace")
    if code:
        raise AssertionError(f"{' '.join(command)} ended with {code}\n{text[-4000:]}")
    return text


def migrated_airflow(folder: Path) -> Path:
    """Return a home of Airflow in a folder, its SQLite database as `airflow db migrate` makes it."""

    def make(made: Path) -> None:
        environment = own_environment(AIRFLOW_HOME=made)
        run(["airflow", "db", "migrate"], environment, made)

    home = folder / "airflow"
    home.mkdir()
    shutil.copy(make_once("airflow", make) / "airflow.db", home)
    return home


def write_source(folder: Path, months: Sequence[str], *words: str) -> Path:
    """Write a synthetic operator of 300 services over months long past; return the folder of its deliveries."""
    size = [
        "--services",
        "300",
        "--months",
        str(len(months)),
        "--seed",
        "7",
        "--through",
        months[-1],
    ]
    run(
        [RETENTION, "twin", *size, *words, "--out", str(folder / "out")],
        own_environment(),
        folder,
    )
    return folder / "out"


def run_by_hand(folder: Path, *words: str) -> None:
    """Run a command of the project; 12, done with something withheld, is done."""
    try:
        run([RETENTION, *words], own_environment(RETENTION_SECRET_KEY=KEY), folder)
    except AssertionError as error:
        if "ended with 12" not in str(error):
            raise


def release_by_hand(folder: Path, source: Path, months: Sequence[str]) -> Path:
    """Run and release the months from the command line, each before the next; return their home."""
    for month in months:
        run_by_hand(
            folder, "run", month, "--source", str(source), "--home", "home", "--release"
        )
        assert (folder / "home" / "months" / month / "SEAL.json").exists()
    return folder / "home"


def kill_family(started: subprocess.Popen[Any]) -> None:
    """Kill a process and everything it has started, at once."""
    first = psutil.Process(started.pid)
    for process in [first, *first.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    started.wait(60)


def free_port() -> int:
    """A port of 127.0.0.1 nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(
    what: str, seconds: float, look: Callable[[], _T | None], pause: float = 1.0
) -> _T:
    """Look until there is something; fail naming what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(pause)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


@dataclass
class House:
    """The services on one PostgreSQL; `call` speaks to the REST API as the administrator."""

    folder: Path
    environment: dict[str, str]
    services: tuple[str, ...] = SERVICES
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    token: str | None = None
    restarts: bool = False  # whether what has ended is started again, as Compose does by `restart: unless-stopped`

    @property
    def url(self) -> str:
        """Where the API server listens."""
        return self.environment["AIRFLOW__API__BASE_URL"]

    def airflow(self, *words: str) -> str:
        """Run an airflow command under the services' settings."""
        return run(["airflow", *words], self.environment, self.folder)

    def start(self) -> None:
        """Migrate, start every service of the compose file, and wait until the API answers."""
        run(compose()["services"]["migrate"]["command"], self.environment, self.folder)
        for name in self.services:
            self.launch(name)
        wait_for("the API server", 300, self._login)

    def launch(self, name: str) -> None:
        """Start a service by its command in the compose file, or start it again after it was killed."""
        command = compose()["services"][name]["command"]
        if name == "redis":  # in a container of its own it has the standard port
            broker = sa.make_url(self.environment[_BROKER])
            command = [
                interpolate(word, {"AIRFLOW_REDIS_PASSWORD": str(broker.password)})
                for word in command
            ]
            command = [*command, "--port", str(broker.port), "--bind", "127.0.0.1"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kill a service and everything it has started, at once."""
        kill_family(self.processes.pop(name))

    def _login(self) -> str | None:
        self.check()
        passwords = Path(self.environment[PASSWORDS])
        try:
            known = json.loads(passwords.read_text())
            login = {"username": "admin", "password": known["admin"]}
            self.token = httpx.post(
                f"{self.url}/auth/token", json=login, timeout=60
            ).json()["access_token"]
        except (OSError, ValueError, KeyError, httpx.HTTPError):
            return None
        return self.token

    def check(self) -> None:
        """Fail with the end of its log when a service is gone, or start it again."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None and self.restarts:
                self.launch(name)
            elif process.poll() is not None:
                text = (self.folder / f"{name}.log").read_text(errors="replace")
                raise AssertionError(
                    f"{name} ended with {process.returncode}\n{text[-4000:]}"
                )

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the REST API; None when there is no such thing (yet)."""
        self.check()
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(
            method, f"{self.url}/{API}/{path}", json=body, headers=headers, timeout=60
        )
        if answer.status_code == 404:
            return None
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def stop(self) -> None:
        """End every process of this house, and what they have started; leave none."""
        mine = self._family()
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(mine, timeout=15)
        for process in {*alive, *self._strays()}:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for process in self.processes.values():
            process.wait(60)

    def _family(self) -> list[psutil.Process]:
        """The services and their descendants; read before the services end, for orphans are nobody's."""
        family = []
        for process in self.processes.values():
            with suppress(psutil.NoSuchProcess):
                service = psutil.Process(process.pid)
                family += [service, *service.children(recursive=True)]
        return family

    def _strays(self) -> list[psutil.Process]:
        """Whoever still has this house's folder in its environment."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if (
                    process.environ().get("AIRFLOW_HOME")
                    == self.environment["AIRFLOW_HOME"]
                ):
                    found.append(process)
        return found


@contextmanager
def house(folder: Path, database_url: str, **settings: str | Path) -> Iterator[House]:
    """A running house under the compose file's settings; only names of hosts, folders and ports are this machine's.

    With `AIRFLOW__CORE__EXECUTOR="CeleryExecutor"` it is that of the profile `celery`.
    """
    port = free_port()
    wanted = compose()["services"]["scheduler"]["environment"]
    secrets = dict.fromkeys(
        re.findall(r"\$\{(\w+):\?", " ".join(map(str, wanted.values()))), "tests"
    )
    secrets["AIRFLOW_FERNET_KEY"] = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtMDA="
    secrets["AIRFLOW_JWT_SECRET"] = secrets["AIRFLOW_API_SECRET_KEY"] = "tests-" * 12
    secrets |= {"AIRFLOW_USERS": "admin:admin", "RETENTION_APPROVERS": "admin=Admin"}
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps({"admin": "tests-" * 4}), encoding="utf-8")
    here: dict[str, str | Path] = {
        PASSWORDS: passwords,
        "AIRFLOW_HOME": folder / "airflow",
        "AIRFLOW__CORE__DAGS_FOLDER": ROOT / "dags",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database_url}",
        _BROKER: f"redis://:{secrets['AIRFLOW_REDIS_PASSWORD']}@127.0.0.1:{free_port()}/0",
    }
    as_composed = {name: interpolate(value, secrets) for name, value in wanted.items()}
    environment = own_environment(**(as_composed | here | settings))
    is_queued = environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    running = House(folder, environment, QUEUED if is_queued else SERVICES)
    try:
        running.start()
        yield running
    finally:
        running.stop()
