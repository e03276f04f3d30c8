"""The compose file's profile `spark` without Docker: its master and worker, and a month that they answer."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.airflow_house import RETENTION, own_environment, write_source
from tests.support.comparable import read_folder
from tests.support.small import KEY
from tests.support.spark import Cluster, has_written, needs_spark, open_cluster

pytestmark = [needs_spark, pytest.mark.slow, pytest.mark.long]
MONTH = "2024-03"


def environment(cluster: Cluster | None = None) -> dict[str, str]:
    """What a command is run with: on the cluster, or on the embedded engine."""
    settings = (
        {"RETENTION_ENGINE": "spark", "RETENTION_SPARK_MASTER": cluster.master}
        if cluster
        else {}
    )
    return own_environment(
        RETENTION_SECRET_KEY=KEY, RETENTION_MEMORY_LIMIT="1GB", **settings
    )


def ask_doctor(home: Path, cluster: Cluster) -> subprocess.CompletedProcess[str]:
    command = [RETENTION, "doctor", "--home", str(home), "--lang", "en"]
    return subprocess.run(
        command,
        env=environment(cluster),
        cwd=home.parent,
        capture_output=True,
        text=True,
    )


def begin_month(
    home: Path, source: Path, cluster: Cluster | None = None
) -> subprocess.Popen[bytes]:
    command = [
        RETENTION,
        "run",
        MONTH,
        "--source",
        str(source),
        "--json",
        "--home",
        str(home),
    ]
    return subprocess.Popen(
        command, env=environment(cluster), cwd=home.parent, stdout=subprocess.DEVNULL
    )


def test_a_worker_that_does_not_see_the_home(tmp_path: Path) -> None:
    """Its answers stay on its own disk: the doctor says so, and nothing is taken for an answer."""
    home = tmp_path / "home"
    home.mkdir()
    apart = (
        "unshare",
        "--mount",
        "sh",
        "-c",
        f'mount -t tmpfs none {home} && exec "$@"',
        "-",
    )
    if subprocess.run([*apart, "true"], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    with open_cluster(tmp_path) as cluster:
        cluster.kill("spark-worker")
        cluster.launch("spark-worker", within=apart)
        said = ask_doctor(home, cluster)
    assert said.returncode == 17 and "does not arrive in the home" in said.stdout


def test_a_month_over_a_cluster_whose_worker_dies(tmp_path: Path) -> None:
    """The doctor finds the cluster sound; a worker killed in the middle is replaced, and the month is the same."""
    source = write_source(tmp_path, [MONTH])
    here, there = tmp_path / "here", tmp_path / "there"
    code = begin_month(here, source).wait(300)
    with open_cluster(tmp_path) as cluster:
        assert ask_doctor(there, cluster).returncode == 0
        run = begin_month(there, source, cluster)
        while run.poll() is None and not has_written(there, "features_*.parquet"):
            time.sleep(0.2)
        cluster.kill("spark-worker")
        cluster.launch("spark-worker")
        assert run.wait(300) == code
    assert "Executor" in cluster.log("spark-worker")
    assert read_folder(there / "months" / MONTH / "v0001") == read_folder(
        here / "months" / MONTH / "v0001"
    )
