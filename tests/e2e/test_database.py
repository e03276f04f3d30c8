"""The same month from files and from a real PostgreSQL: the same snapshot, to the byte."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
import yaml

import twin
from pipelines.core.contract import contract
from pipelines.core.month import Month
from pipelines.run import Job, run_month
from pipelines.store.lake import Version
from tests.postgres import postgres_cluster, postgres_url  # noqa: F401

MONTH = "2026-02"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("twin")
    twin.generate(source, services=800, months=2, seed=3, through=MONTH)
    return source


def load(source: Path, url: str) -> None:
    engine = sa.create_engine(url)
    for month in sorted(p for p in source.iterdir() if p.name != "truth"):
        for path in sorted(month.glob("*.parquet")):
            frame = pd.read_parquet(path, dtype_backend="pyarrow").astype(object)
            frame = frame.where(frame.notna(), None)
            frame.insert(0, "load_month", pd.Timestamp(f"{month.name}-01").date())
            frame.sample(frac=1, random_state=1).to_sql(path.stem, engine, if_exists="append", index=False)
    engine.dispose()


def described(tmp_path: Path) -> Path:
    columns = {name: ", ".join(f'"{c.name}"' for c in table.columns) for name, table in contract().items()}
    queries = {name: f'SELECT {cells} FROM "{name}" WHERE load_month = :month' for name, cells in columns.items()}
    path = tmp_path / "operator.yml"
    path.write_text(yaml.safe_dump({"url_env": "OPERATOR_URL", "tables": queries}))
    return path


def hashes(version: Version) -> dict[str, str]:
    tables = version.manifest["tables"]
    return {n: e.get("sha256", str(e.get("reasons"))) for n, e in tables.items() if not n.startswith("extract_")}


@pytest.fixture(scope="module")
def database(folder: Path, postgres_url: str) -> str:  # noqa: F811
    load(folder, postgres_url)
    return postgres_url


def test_the_same_content_hashes(folder: Path, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATOR_URL", database)
    source = described(tmp_path)
    for month in ("2026-01", MONTH):
        filed = run_month(Job(tmp_path / "files", Month.parse(month), str(folder)))
        queried = run_month(Job(tmp_path / "database", Month.parse(month), str(source)))
        assert hashes(queried) == hashes(filed)


def test_a_second_run_makes_no_new_version(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATOR_URL", database)
    job = Job(tmp_path / "home", Month.parse(MONTH), str(described(tmp_path)))
    assert run_month(job).path == run_month(job).path
    assert not list(job.folder.path.glob("*.partial"))
