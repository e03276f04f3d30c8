"""Whether Spark can run here, and the two processes of the compose file's profile `spark`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.e2e.airflow_house import (
    compose,
    free_port,
    interpolate,
    kill_family,
    own_environment,
    wait_for,
)


def has_written(folder: Path, pattern: str) -> bool:
    """Whether a process that makes and removes folders meanwhile has written a file of such a name."""
    try:
        return any(folder.rglob(pattern))
    except FileNotFoundError:  # of a folder that went while it was looked through
        return False


SERVICES = ("spark-master", "spark-worker")  # the master first


def why_not() -> str | None:
    """What Spark lacks on this machine; None when it can run."""
    lacking = [
        name
        for name, is_there in (
            ("pyspark", find_spec("pyspark")),
            ("java", shutil.which("java")),
        )
        if not is_there
    ]
    return f"no {' and no '.join(lacking)} on this machine" if lacking else None


needs_spark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@dataclass
class Cluster:
    """A master and a worker by their commands in the compose file, on a port of this machine."""

    folder: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]]

    @property
    def master(self) -> str:
        """The master's URL."""
        return f"spark://127.0.0.1:{self.port}"

    def launch(
        self, name: str, within: tuple[str, ...] = (), host: str | None = None
    ) -> None:
        """Start a service, or start it again after it was killed; `within` is a command that runs commands.

        A service of a `host`, an address of this machine, is beside the one without.
        """
        command = [
            interpolate(word, {}).replace("spark-master:7077", f"127.0.0.1:{self.port}")
            for word in _command(name)
        ]
        command = [
            str(self.folder / "work") if word == "/tmp/spark" else word
            for word in command
        ]
        if name == "spark-master":
            command += ["--host", "127.0.0.1", "--port", str(self.port)]
        if host:
            command += ["--host", host]
        command += ["--webui-port", str(free_port())]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[f"{name} {host}" if host else name] = subprocess.Popen(
                [*within, *command],
                cwd=self.folder,
                env=own_environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kill a service and the executors it has started, at once."""
        kill_family(self.processes.pop(name))

    def log(self, name: str) -> str:
        """What a service has said."""
        return (self.folder / f"{name}.log").read_text(errors="replace")


def _command(name: str) -> list[str]:
    words: list[str] = compose()["services"][name]["command"]
    return words


@contextmanager
def open_cluster(folder: Path) -> Iterator[Cluster]:
    """A running cluster of one worker."""
    cluster = Cluster(folder, free_port(), {})
    try:
        for name in SERVICES:
            cluster.launch(name)
        wait_for(
            "the worker",
            300,
            lambda: "Registering worker" in cluster.log("spark-master"),
        )
        yield cluster
    finally:
        for name in list(cluster.processes):
            cluster.kill(name)
