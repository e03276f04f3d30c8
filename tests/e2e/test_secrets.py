"""No secret leaves the settings: canaries are put in, whole months are run and made to fail, and all is looked through."""

from __future__ import annotations

import base64
import json
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

import twin
from tests.e2e.airflow_house import RETENTION, ROOT, own_environment, run
from tests.e2e.canaries import find_leaks, find_rows
from tests.e2e.test_database import described, load
from tests.support.postgres import Cluster

MONTH = "2024-06"
KEY = "canary1key9f3b7c2d5e8a1406"
SOURCE = "canary2source7d1e9b4a6c20"
OFFICE = "canary3office5a8c3f1d7e92"
WRONG = "canary4wrong2c6e8a0b4d71"
ODD = "canary5odd8b3d7f1a5c94"
CONNECTION = "canary6airflow1e5a9c3d7b"
CANARIES = (KEY, SOURCE, OFFICE, WRONG, ODD, CONNECTION)


@dataclass(frozen=True)
class Desk:
    """A folder in which commands are run, with its secrets in `.env` and in the environment."""

    folder: Path
    source: Path
    url: str
    office: str

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def call(self, *words: object, **change: str) -> int:
        """Run a command; what it prints is kept as a file among the others, beginning with its words and exit code."""
        environment = own_environment(
            **{"OPERATOR_URL": self.url, "RETENTION_THREADS": "1", **change}
        )
        done = subprocess.run(
            [RETENTION, *map(str, words)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        number = len(list(self.folder.glob("said-*")))
        head = f"{' '.join(map(str, words))}: {done.returncode}\n"
        (self.folder / f"said-{number:02d}.txt").write_text(
            head + done.stdout + "\n--\n" + done.stderr
        )
        return done.returncode

    def leaks(self) -> list[str]:
        """Every secret found in what was written."""
        return find_leaks(self.folder, CANARIES, besides=[self.folder / ".env"])


def with_password(url: str, user: str, password: str, port: int | None = None) -> str:
    return (
        sa.make_url(url)
        .set(username=user, password=password, port=port)
        .render_as_string(hide_password=False)
    )


@pytest.fixture(scope="module")
def roles(postgres_cluster: Cluster) -> Iterator[str]:
    """A database whose two users must give the right password; its URL without any."""
    url = postgres_cluster.create("secrets")
    rules = postgres_cluster.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for user, password in (("operator", SOURCE), ("keeper", OFFICE)):
            connection.exec_driver_sql(
                f"CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{password}'"
            )
        rules.write_text(
            "host all operator,keeper 127.0.0.1/32 scram-sha-256\n" + before
        )
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield url
        rules.write_text(before)
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


@pytest.fixture(scope="module")
def desk(
    roles: str, postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Desk:
    """An operator's database and an office of its own, both behind passwords."""
    delivered, folder = (
        tmp_path_factory.mktemp("delivered"),
        tmp_path_factory.mktemp("desk"),
    )
    twin.generate(delivered, services=150, months=1, seed=5, through=MONTH)
    load(delivered, roles)
    office = with_password(postgres_cluster.create("secrets_office"), "keeper", OFFICE)
    (folder / ".env").write_text(
        f"RETENTION_SECRET_KEY={KEY}\nRETENTION_OFFICE_URL={office}\n"
    )
    return Desk(
        folder,
        described(folder, roles),
        with_password(roles, "operator", SOURCE),
        office,
    )


@pytest.fixture(scope="module")
def made(desk: Desk) -> Desk:
    """The desk after a month was run, released, shown, exported, looked at and told."""
    run_it = ("run", MONTH, "--source", desk.source, "--home", desk.home)
    assert desk.call(*run_it, "--release", RETENTION_LOG_FORMAT="json") in (0, 12)
    assert desk.call(*run_it, "--json") in (0, 12)
    assert desk.call("status", MONTH, "--home", desk.home, "--json") == 0
    assert (
        desk.call(
            "export",
            MONTH,
            "--home",
            desk.home,
            "--out",
            desk.folder / "out",
            "--lang",
            "en",
        )
        == 0
    )
    assert desk.call("doctor", "--home", desk.home, "--lang", "en") in (0, 17)
    assert (
        desk.call(
            "metrics", "--home", desk.home, "--out", desk.folder / "retention.prom"
        )
        == 0
    )
    assert (
        desk.call(
            "lineage",
            MONTH,
            "--home",
            desk.home,
            "--out",
            desk.folder / "lineage.ndjson",
        )
        == 0
    )
    return desk


@pytest.mark.slow
def test_a_month_that_was_run_released_exported_and_told_holds_no_secret(
    made: Desk,
) -> None:
    written = [path for path in made.folder.rglob("*") if path.is_file()]
    assert {".parquet", ".json", ".xlsx", ".prom", ".ndjson"} <= {
        path.suffix for path in written
    }
    assert "retention_office_up 1.0" in (made.folder / "retention.prom").read_text()
    assert made.leaks() == []
    assert (
        find_rows(made.office, CANARIES) == [] and find_rows(made.office, [MONTH]) != []
    )


@pytest.mark.slow
@pytest.mark.long
def test_what_fails_names_no_secret(made: Desk) -> None:
    wrong = with_password(made.url, "operator", WRONG)
    away = with_password(made.url, "operator", WRONG, port=1)
    office = with_password(made.office, "keeper", WRONG)
    run_it = ("run", "2024-07", "--source", made.source, "--home", made.home)
    assert (
        made.call(
            *run_it, "--lang", "zh", OPERATOR_URL=wrong, RETENTION_LOG_FORMAT="json"
        )
        == 11
    )
    assert (
        made.call(
            *run_it, "--lang", "en", OPERATOR_URL=away, RETENTION_LOG_FORMAT="json"
        )
        == 11
    )
    assert made.call(*run_it, "--json", OPERATOR_URL=f"{ODD}@nowhere") == 10
    assert (
        made.call(
            *run_it, OPERATOR_URL=f"nosuch://{ODD}:{WRONG}@{ODD}/x?sslpassword={ODD}"
        )
        == 10
    )
    assert (
        made.call(*run_it, RETENTION_OFFICE_URL=office, RETENTION_LOG_FORMAT="json")
        == 11
    )
    assert made.call("doctor", "--home", made.home, RETENTION_OFFICE_URL=office) == 17
    assert made.call("metrics", "--home", made.home, RETENTION_OFFICE_URL=office) == 0
    assert made.call("doctor", "--home", made.home, RETENTION_OFFICE_URL=ODD) == 17
    assert made.call(*run_it, RETENTION_OFFICE_URL=ODD) == 11
    assert made.call("metrics", "--home", made.home, RETENTION_OFFICE_URL=ODD) == 0
    assert made.call("doctor", "--home", made.home, RETENTION_SECRET_KEY=ODD[:15]) == 10
    assert made.leaks() == [] and find_leaks(made.folder, [ODD[:15]]) == []


@pytest.mark.slow
@pytest.mark.long
def test_nothing_secret_is_in_airflows_logs_or_rows(made: Desk, tmp_path: Path) -> None:
    """A month as a DAG run in one process: its printed log, the task logs, and the database with XCom."""
    environment = own_environment(
        AIRFLOW_HOME=tmp_path / "airflow",
        AIRFLOW__CORE__DAGS_FOLDER=ROOT / "dags",
        AIRFLOW_CONN_OPERATOR=with_password(made.url, "operator", CONNECTION).replace(
            "+psycopg", ""
        ),
        OPERATOR_URL=made.url,
        RETENTION_HOME=tmp_path / "home",
        RETENTION_SOURCE=made.source,
        RETENTION_SECRET_KEY=KEY,
        RETENTION_OFFICE_URL=made.office,
        RETENTION_LOG_FORMAT="json",
    )
    run(["airflow", "db", "migrate"], environment, tmp_path)
    words = ["dags", "test", "retention_monthly", "-c", json.dumps({"month": MONTH})]
    log = run(
        ["airflow", *words, "--mark-success-pattern", "approve|wait_.*"],
        environment,
        tmp_path,
    )
    assert (
        '"room": "features"' in log.replace('\\"', '"')
        and (tmp_path / "home" / "months" / MONTH).is_dir()
    )
    assert find_leaks(tmp_path, CANARIES) == []
    database = f"sqlite:///{tmp_path / 'airflow' / 'airflow.db'}"
    assert find_rows(database, CANARIES) == [] and "xcom: report" in find_rows(
        database, ["report"]
    )


# -- the search itself -------------------------------------------------------------------------------------------


def test_a_planted_leak_is_found_wherever_it_is(tmp_path: Path) -> None:
    def plant(name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)

    plant("plain.log", f"password={KEY}".encode())
    plant("base64.json", base64.b64encode(f"ab{KEY}cd".encode()))
    plant(
        "paper.pdf", b"%PDF-1.7\nstream\n" + zlib.compress(KEY.encode()) + b"endstream"
    )
    pq.write_table(
        pa.table({"a": ["x", f"at {KEY}!"] * 500}),
        tmp_path / "table.parquet",
        compression="zstd",
    )
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("sheet.xml", f"<c>{KEY}</c>" * 20)
    plant(f"{KEY}.txt", b"")
    plant("clean.txt", b"nothing")
    assert {leak.partition(":")[0] for leak in find_leaks(tmp_path, [KEY])} == {
        "plain.log", "base64.json", "paper.pdf", "table.parquet", "book.xlsx", f"{KEY}.txt",
    }  # fmt: skip
    assert find_leaks(tmp_path, [SOURCE]) == []


def test_a_planted_row_is_found(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE xcom (value TEXT)")
        connection.exec_driver_sql(
            "INSERT INTO xcom VALUES (?)", (f"postgres://u:{SOURCE}@h",)
        )
    engine.dispose()
    assert find_rows(url, CANARIES) == [f"xcom: {SOURCE}"]
