"""The compose file's profile `spark` without Docker: its master and worker, and a month that they answer."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.airflow_house import BIN, own_environment
from tests.small import KEY
from tests.spark import needs_spark, open_cluster

pytestmark = [needs_spark, pytest.mark.slow, pytest.mark.long]
RETENTION = str(BIN / "retention")
RUN = ["run", "2024-03", "--source", "source", "--json", "--home"]


def retention(folder: Path, *words: str, **settings: str) -> int:
    environment = own_environment(RETENTION_SECRET_KEY=KEY, RETENTION_MEMORY_LIMIT="1GB", **settings)
    return subprocess.run([RETENTION, *words], env=environment, cwd=folder, capture_output=True).returncode


def files(home: Path) -> dict[str, bytes]:
    version = home / "months" / "2024-03" / "v0001"
    return {str(p.relative_to(version)): p.read_bytes() for p in version.rglob("*") if p.is_file()}


def test_a_worker_that_does_not_see_the_home(tmp_path: Path) -> None:
    """Its answers stay on its own disk: the doctor says so, and nothing is taken for an answer."""
    home = tmp_path / "home"
    home.mkdir()
    apart = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs none {home} && exec "$@"', "-")
    if subprocess.run([*apart, "true"], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    with open_cluster(tmp_path) as cluster:
        cluster.kill("spark-worker")
        cluster.launch("spark-worker", within=apart)
        known = {"RETENTION_ENGINE": "spark", "RETENTION_SPARK_MASTER": cluster.master}
        environment = own_environment(RETENTION_SECRET_KEY=KEY, RETENTION_MEMORY_LIMIT="1GB", **known)
        words = [RETENTION, "doctor", "--home", str(home), "--lang", "en"]
        said = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 17 and "does not arrive in the home" in said.stdout


def test_a_month_over_a_cluster_whose_worker_dies(tmp_path: Path) -> None:
    """The doctor finds the cluster sound; a worker killed in the middle is replaced, and the month is the same."""
    twin = ["twin", "--services", "300", "--months", "1", "--seed", "7", "--through", "2024-03", "--out", "source"]
    assert retention(tmp_path, *twin) == 0
    code = retention(tmp_path, *RUN, "here")
    with open_cluster(tmp_path) as cluster:
        known = {"RETENTION_ENGINE": "spark", "RETENTION_SPARK_MASTER": cluster.master}
        assert retention(tmp_path, "doctor", "--home", "there", **known) == 0
        environment = own_environment(RETENTION_SECRET_KEY=KEY, RETENTION_MEMORY_LIMIT="1GB", **known)
        with subprocess.Popen([RETENTION, *RUN, "there"], env=environment, cwd=tmp_path, stdout=-3) as run:
            while run.poll() is None and not list((tmp_path / "there").rglob("features_*.parquet")):
                time.sleep(0.2)
            cluster.kill("spark-worker")
            cluster.launch("spark-worker")
            assert run.wait(300) == code
    assert "Executor" in cluster.log("spark-worker")
    assert files(tmp_path / "there") == files(tmp_path / "here")
