"""The same month from files and from a real PostgreSQL: the same snapshot, to the byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
import yaml
from pandas.io.sql import SQLTable

import twin
from pipelines.core.contract import load_contract
from pipelines.core.month import Month
from pipelines.jobs.run import run_month
from pipelines.store.lake import Version
from tests.e2e.test_kpis_agree import DATA, months_of
from tests.support.postgres import Cluster
from tests.support.small import job

MONTH = "2026-02"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("twin")
    twin.generate(source, services=800, months=2, seed=3, through=MONTH)
    return source


def load(source: Path, url: str, months: Sequence[str] = ()) -> None:
    """Load months of a folder, all of it where none is named, rows shuffled: a database has no order.

    CSV cells stay the text they were.
    """
    engine = sa.create_engine(url)
    for month in months or months_of(source):
        for path in sorted(p for p in (source / month).iterdir() if p.is_file()):
            frame = read_delivered(path)
            frame.insert(0, "load_month", pd.Timestamp(f"{month}-01").date())
            shuffled = frame.sample(frac=1, random_state=1)
            shuffled.to_sql(
                path.name.split(".")[0],
                engine,
                if_exists="append",
                index=False,
                method=copy_rows,
            )
    engine.dispose()


def copy_rows(
    table: SQLTable,
    connection: sa.Connection,
    names: list[str],
    rows: Iterable[Iterable[object]],
) -> None:
    """Write a frame's rows by COPY, which takes a fraction of what INSERT does."""
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f'COPY "{table.name}" ({columns}) FROM STDIN'
    cursor: Any = connection.connection.cursor()  # psycopg's, which can COPY
    with cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(tuple(row))


def read_delivered(path: Path) -> pd.DataFrame:
    """Read a delivered file: Parquet with its types, CSV as text, empty cells as unknown."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path, dtype_backend="pyarrow").astype(object)
    else:
        frame = pd.read_csv(path, dtype=object, keep_default_na=False).replace(
            {"": None}
        )
    return frame.astype(object).where(frame.notna(), None)


def described(tmp_path: Path, url: str) -> Path:
    """Write the YAML of a database's queries: the columns it has of the tables it has."""
    engine = sa.create_engine(url)
    there = {
        t: {c["name"] for c in sa.inspect(engine).get_columns(t)}
        for t in sa.inspect(engine).get_table_names()
    }
    engine.dispose()
    queries = {}
    for name, table in load_contract().items():
        cells = ", ".join(
            f'"{c.name}"' for c in table.columns if c.name in there.get(name, ())
        )
        if cells:
            queries[name] = f'SELECT {cells} FROM "{name}" WHERE load_month = :month'
    path = tmp_path / "operator.yml"
    path.write_text(yaml.safe_dump({"url_env": "OPERATOR_URL", "tables": queries}))
    return path


def hashes(version: Version) -> dict[str, str]:
    tables = version.manifest["tables"]
    return {
        n: e.get("sha256", str(e.get("reasons")))
        for n, e in tables.items()
        if not n.startswith("extract_")
    }


@pytest.fixture(scope="module")
def database(folder: Path, postgres_url: str) -> str:
    load(folder, postgres_url)
    return postgres_url


def test_the_same_content_hashes(
    folder: Path, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_URL", database)
    source = described(tmp_path, database)
    for month in ("2026-01", MONTH):
        filed = run_month(job(tmp_path / "files", folder, Month.parse(month)))
        queried = run_month(job(tmp_path / "database", source, Month.parse(month)))
        assert hashes(queried) == hashes(filed)


def test_a_second_run_makes_no_new_version(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_URL", database)
    source = described(tmp_path, database)
    again = job(tmp_path / "home", source, Month.parse(MONTH))
    assert run_month(again).path == run_month(again).path
    assert not list(again.folder.path.glob("*.partial"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "months"), [("megaline", 3), ("uci", 1), pytest.param("uci", 5, marks=pytest.mark.long),
                         pytest.param("megaline", 10, marks=pytest.mark.long)],
)  # fmt: skip
def test_real_months_from_the_database(
    name: str,
    months: int,
    postgres_cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"the public data are not here: {DATA / name}")
    url = postgres_cluster.create(f"{name}_{months}")
    chosen = months_of(DATA / name)[:months]
    load(DATA / name, url, chosen)
    monkeypatch.setenv("OPERATOR_URL", url)
    source = described(tmp_path, url)
    for month in chosen:
        filed = run_month(job(tmp_path / "files", DATA / name, Month.parse(month)))
        queried = run_month(job(tmp_path / "database", source, Month.parse(month)))
        differing = {t for t, h in hashes(filed).items() if hashes(queried).get(t) != h}
        assert not differing, (month, sorted(differing))
