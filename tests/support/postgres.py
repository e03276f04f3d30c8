"""A throw-away PostgreSQL: its own cluster in a temporary folder, gone after the tests.

`tests/conftest.py` makes its fixtures known to every test.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

_USER = "postgres"


@dataclass(frozen=True)
class Cluster:
    """A running cluster; `url` is a SQLAlchemy URL over TCP, `run` calls its tools as the right user."""

    binaries: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the cluster's own database."""
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self.port}/postgres"

    @property
    def socket_url(self) -> str:
        """The same over the unix socket."""
        return f"postgresql+psycopg://{_USER}@/postgres?host={self.folder}&port={self.port}"

    def create(self, database: str) -> str:
        """Create an empty database and return its URL."""
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{database}"')
        engine.dispose()
        return (
            sa.make_url(self.url)
            .set(database=database)
            .render_as_string(hide_password=False)
        )

    def run(self, tool: str, *arguments: str) -> None:
        """Run one of PostgreSQL's tools; it refuses to run as root, so root steps down to `postgres`."""
        step_down = ["runuser", "-u", _USER, "--"] if os.getuid() == 0 else []
        command = [*step_down, str(self.binaries / tool), *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{tool}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start the server on the free port and on a socket in its folder."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-D", "data", "-o", options, "-l", "log", "-w", "start")

    def stop(self) -> None:
        """Stop the server and drop every connection."""
        self.run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")


def find_binaries() -> Path | None:
    """Return the folder with PostgreSQL's server tools, the newest installed; None without any."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    found += [Path(on_path).parent] if on_path else []
    return max(found, default=None)


@contextmanager
def open_cluster() -> Iterator[Cluster]:
    """Start a cluster and stop it at the end; RuntimeError with the reason where that cannot be done."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL server binaries (initdb) on this machine")
    if os.getuid() == 0 and shutil.which("runuser") is None:
        raise RuntimeError("PostgreSQL does not run as root, and runuser is missing")
    folder = Path(
        tempfile.mkdtemp(prefix="retention-pg-", dir="/tmp")
    )  # a socket's path must be short
    if os.getuid() == 0:
        shutil.chown(folder, _USER)
    cluster = Cluster(binaries, folder, _free_port())
    try:
        cluster.run(
            "initdb",
            "-D",
            "data",
            "-U",
            _USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C",
        )
        cluster.start()
        yield cluster
    finally:
        subprocess_stop(cluster)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """Start a cluster for the session; skip with the reason where there can be none."""
    if find_binaries() is None or (
        os.getuid() == 0 and shutil.which("runuser") is None
    ):
        pytest.skip(
            "no PostgreSQL server binaries (initdb), or no runuser to step down from root, on this machine"
        )
    with open_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_url(postgres_cluster: Cluster) -> str:
    """The SQLAlchemy URL of the session's cluster."""
    return postgres_cluster.url


def subprocess_stop(cluster: Cluster) -> None:
    """Stop the cluster if it runs; a cluster that never started is no error."""
    if (cluster.folder / "data" / "postmaster.pid").exists():
        cluster.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
