"""Every row of kpi_monthly against an independent pandas implementation that shares no SQL with the pipeline."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import twin
from pipelines.core.contract import load_contract
from pipelines.core.month import Month
from pipelines.jobs.run import run_month
from pipelines.store.lake import MonthFolder, Version
from tests.oracle.compare import Report, compare
from tests.oracle.kpis import expected_kpis
from tests.proof.kpi_histories import FIGURES, TABLES, run_rooms
from tests.support.small import job, ungated_job

DATA = (
    Path(
        os.environ.get(
            "RETENTION_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"
        )
    )
    / "contract"
)
UCI_SERVICES = {
    "2005-04": 10.26,
    "2005-05": 9.89,
    "2005-06": 11.70,
    "2005-07": 14.04,
    "2005-08": 14.79,
}
# Tables that KPIs are made of; the absence of the others changes no figure, which only `make test-all` has time to see.
MADE_OF = {
    "ownership",
    "organisation",
    "usage",
    "receivable",
    "vip_card",
    "plan",
    "plan_change",
    "trouble_ticket",
}
MADE_OF |= {"status_change", "survey_answer", "target"}
OPTIONAL = [
    pytest.param(table.name, marks=() if table.name in MADE_OF else pytest.mark.long)
    for table in load_contract().values()
    if not table.required
]


def months_of(source: Path) -> list[str]:
    return sorted(p.name for p in source.iterdir() if p.is_dir() and p.name[:2] == "20")


def run(home: Path, source: Path, month: str) -> Version:
    return run_month(job(home, source, Month.parse(month)))


def monthly(version: Version) -> pd.DataFrame:
    return (
        pd.read_parquet(version.table("kpi_monthly"), dtype_backend="pyarrow")
        .astype(object)
        .where(lambda f: f.notna(), None)
    )


def agree(version: Version, source: Path, months: list[str]) -> Report:
    return compare(expected_kpis(source, months, str(version.month)), monthly(version))


def status(version: Version) -> dict[str, tuple[str, str | None]]:
    frame = monthly(version)
    rows: Iterable[Any] = frame[frame["scope_kind"] == "company"].itertuples()
    return {f"{row.kpi}.{row.variant}": (row.status, row.reason) for row in rows}


def services_past_due(version: Version) -> float:
    frame = monthly(version)
    row = frame[
        (frame["kpi"] == "arrears_rate")
        & (frame["variant"] == "services")
        & (frame["scope_id"] == "company")
    ]
    return round(float(row["value"].iloc[0]) * 100, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["megaline", "uci"])
def test_real_months(name: str, tmp_path: Path) -> None:
    source = DATA / name
    if not source.is_dir():
        pytest.skip(f"the public data are not here: {source}")
    months = months_of(source)
    versions = [run(tmp_path, source, month) for month in months]
    reports = [
        agree(version, source, months[: i + 1]) for i, version in enumerate(versions)
    ]
    assert all(report.ok for report in reports), "\n".join(map(str, reports))
    assert sum(report.compared for report in reports) > 2_000
    if name == "uci":
        assert (
            dict(zip(months, map(services_past_due, versions), strict=True))
            == UCI_SERVICES
        )


@pytest.fixture(scope="module")
def small_twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("twin")
    twin.generate(source, services=800, months=4, seed=7, through="2026-02")
    return source


@pytest.fixture(scope="module")
def earlier_months_run(
    small_twin: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    home = tmp_path_factory.mktemp("home")
    for month in months_of(small_twin)[:-1]:
        run(home, small_twin, month)
    return home


@pytest.fixture(scope="module")
def whole_month_run(
    small_twin: Path, earlier_months_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    home = shutil.copytree(
        earlier_months_run, tmp_path_factory.mktemp("whole") / "home"
    )
    run(home, small_twin, months_of(small_twin)[-1])
    return home


def test_twin_across_a_new_year(small_twin: Path, whole_month_run: Path) -> None:
    months = months_of(small_twin)
    report = agree(
        MonthFolder(whole_month_run, Month.parse(months[-1])).version(),
        small_twin,
        months,
    )
    assert report.ok, str(report)


@pytest.mark.slow
def test_twin_over_a_year_and_two_months(tmp_path: Path) -> None:
    source = tmp_path / "source"
    twin.generate(source, services=400, months=14, seed=8, through="2026-02")
    months = months_of(source)
    jobs = [
        ungated_job(tmp_path / "home", source, Month.parse(month)) for month in months
    ]
    for one in jobs[:-3]:  # of the months that are not compared only what figures need
        run_rooms(one, TABLES + FIGURES)
    versions = [run_month(one) for one in jobs[-3:]]
    found = status(versions[-1])
    assert not [
        name
        for name, (state, reason) in found.items()
        if reason and "not held" in reason
    ]
    for version in versions:
        report = agree(
            version, source, [month for month in months if month <= str(version.month)]
        )
        assert report.ok, f"{version.month} {report}"


@pytest.mark.parametrize("table", OPTIONAL)
def test_a_table_that_is_absent(
    table: str,
    small_twin: Path,
    earlier_months_run: Path,
    whole_month_run: Path,
    tmp_path: Path,
) -> None:
    home = shutil.copytree(earlier_months_run, tmp_path / "home")
    source = shutil.copytree(small_twin, tmp_path / "source")
    months = months_of(source)
    (source / months[-1] / f"{table}.parquet").unlink()
    version = run(home, source, months[-1])
    report = agree(version, source, months)
    assert report.ok, str(report)
    whole = status(MonthFolder(whole_month_run, Month.parse(months[-1])).version())
    waiting = {name for name, (state, _) in whole.items() if state == "not_computed"}
    states = {
        name: why
        for name, (state, why) in status(version).items()
        if state == "not_computed"
    }
    lost = {name: why for name, why in states.items() if name not in waiting}
    assert all(f"absent: {table}" in str(reason) for reason in lost.values()), lost
