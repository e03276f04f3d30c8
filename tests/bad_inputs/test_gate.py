"""31, 43, 50: what only the gate can see. The outputs made of it are held back, and no others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.jobs.run import run_month
from pipelines.store.lake import Version
from tests.bad_inputs.month import (
    MONTH,
    REQUIRED,
    Planting,
    Rows,
    parquet,
    take_in,
    twin_source,
)
from tests.support.small import job, read, ungated_job

BEFORE = MONTH.plus(-1)
ARREARS = {
    f"arrears_rate.{variant}"
    for variant in ("current_amount", "rolling_12m", "services", "t1_amount")
}
ARREARS |= {"arrears", "fixed_arrears", "group_arrears", "suspended_reactivation"}
ARREARS |= {
    f"roll_rate.{bucket}" for bucket in ("0_30", "31_60", "61_90", "91_180", "181_365")
}
ARREARS |= {"collection_effectiveness.cei", "days_sales_outstanding.dso"}
USAGE = {f"zero_usage_rate.{variant}" for variant in ("all", "all_2m", "calls")}
USAGE |= {"vip_zero_usage", "group_zero_usage", "low_saturation_rate.two_months"}
# What does not look at a bill at all.
WITHOUT_BILLS = {
    "churn_rate.involuntary", "churn_rate.start_base", "churn_rate.unknown_reason", "churn_rate.voluntary",
    "complaint_rate.per_10k", "renewal_rate.renewed",
}  # fmt: skip
BILL_MONEY = {
    "arpu.mean_base", "revenue_retention_rate.gross", "revenue_retention_rate.net", "revenue_retention_rate.in_tier",
    "unclaimed_rate.revenue", "cohort_retention_rate.billed",
}  # fmt: skip


def states(version: Version) -> dict[str, str]:
    """Every KPI of the company and every list with its status."""
    kpis = read(version, "kpi_monthly", scope_kind="company")
    found = {f"{row['kpi']}.{row['variant']}": row["status"] for row in kpis}
    return found | {
        row["list"]: row["status"] for row in read(version, "dispatch_list")
    }


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that holds the month before."""
    home = tmp_path_factory.mktemp("gate") / "home"
    run_month(ungated_job(home, twin_source(), BEFORE))
    return home


@pytest.fixture(scope="module")
def usual(before: Path) -> Mapping[str, str]:
    """The states of a clean month without a gate."""
    home = before.with_name("usual")
    shutil.copytree(before, home)
    return states(run_month(ungated_job(home, twin_source(), MONTH)))


def rows_before(table: str) -> int:
    rows: int = pq.read_metadata(
        twin_source() / str(BEFORE) / f"{table}.parquet"
    ).num_rows
    return rows


def faulty(folder: Path, table: str, rows: Rows) -> Path:
    """A whole month with one table changed."""
    source = folder / "source"
    shutil.copytree(twin_source() / str(MONTH), source / str(MONTH))
    file = source / str(MONTH) / f"{table}.parquet"
    file.write_bytes(parquet(rows, pq.read_schema(file)))
    return source


def run_gated(before: Path, folder: Path, table: str, rows: Rows) -> Version:
    shutil.copytree(before, folder / "home")
    return run_month(job(folder / "home", faulty(folder, table, rows), MONTH))


def held_back(now: Mapping[str, str], usual: Mapping[str, str]) -> set[str]:
    """The outputs withheld now; every other is as it is in a usual month, or carries a caveat."""
    assert now.keys() == usual.keys()
    return {name for name, status in now.items() if status == "withheld" != usual[name]}


def findings(version: Version, severity: str = "critical") -> set[tuple[str, str]]:
    failed = read(version, "validate_result", success=False, severity=severity)
    return {(row["table"], row["expectation"]) for row in failed}


def copied(rows: Rows, count: int) -> Rows:
    """So many rows, each under an id of its own."""
    return [
        row | {"bill_id": f"{row['bill_id']}-{n}"}
        for n in range(count // len(rows) + 1)
        for row in rows
    ][:count]


@pytest.mark.slow
def test_ten_times_the_rows(
    before: Path, usual: Mapping[str, str], tmp_path: Path
) -> None:
    rows = copied(Planting().rows("receivable"), 10 * rows_before("receivable"))
    version = run_gated(before, tmp_path, "receivable", rows)
    assert ("receivable", "row_count_jump") in findings(version)
    assert held_back(states(version), usual) == ARREARS
    assert {
        states(version)[name]
        for name in usual.keys() - ARREARS
        if usual[name] == "released"
    } == {"released"}


@pytest.mark.slow
def test_a_tenth_of_the_rows(
    before: Path, usual: Mapping[str, str], tmp_path: Path
) -> None:
    version = run_gated(
        before,
        tmp_path,
        "usage",
        Planting().rows("usage")[: rows_before("usage") // 10],
    )
    assert ("usage", "row_count_jump") in findings(version)
    assert held_back(states(version), usual) == USAGE
    assert all(states(version)[name] == usual[name] for name in usual.keys() - USAGE)


def in_fen(rows: Rows, column: str) -> Rows:
    """Amounts in fen instead of yuan."""
    return [row | {column: row[column].replace(".", "")} for row in rows]


@pytest.mark.slow
def test_bills_in_fen(before: Path, usual: Mapping[str, str], tmp_path: Path) -> None:
    version = run_gated(
        before, tmp_path, "bill", in_fen(Planting().rows("bill"), "billed_amount")
    )
    assert ("bill", "unit_jump") in findings(version)
    held = held_back(states(version), usual)
    assert held >= BILL_MONEY and not held & (WITHOUT_BILLS | {"zero_usage_rate.all"})
    assert all(
        states(version)[name] in (usual[name], "caveat") for name in usual.keys() - held
    )
    assert not {row["list"] for row in read(version, "dispatch_order")} & held
    held_rows = [
        row
        for row in read(version, "kpi_monthly")
        if f"{row['kpi']}.{row['variant']}" in held
    ]
    assert {row["status"] for row in held_rows} == {"withheld"} and all(
        row["reason"] for row in held_rows
    )


# -- as far as the gate, on the tables concerned -------------------------------------------------------------------

Change = Callable[[Rows], Rows]


def judged(
    before: Path, folder: Path, table: str, change: Change
) -> tuple[set[tuple[str, str]], set[str]]:
    """The critical findings of the gate, and the outputs they hold back."""
    shutil.copytree(before, folder / "home")
    source = faulty(folder, table, change(Planting().rows(table)))
    for file in (source / str(MONTH)).iterdir():
        if file.stem not in (*REQUIRED, table):
            file.unlink()
    taken = take_in(source, folder / "home", last="validate")
    assert taken.error is None
    failed = {
        (r["table"], r["expectation"])
        for r in taken.rows("validate_result")
        if r["released"] == "withheld"
    }
    rows = [
        row
        for row in taken.rows("validate_release")
        if row["status"] == "withheld" and row["scope"] != "parts"
    ]
    return failed, {row["output"] for row in rows}


def test_a_tenth_of_the_arrears_of_nobody(before: Path, tmp_path: Path) -> None:
    def orphan(rows: Rows) -> Rows:
        return [
            row | {"customer_id": "9999999999"} if n % 10 == 0 else row
            for n, row in enumerate(rows)
        ]

    failed, held = judged(before, tmp_path, "receivable", orphan)
    assert failed == {("receivable", "quarantined_share_5")} and held == ARREARS


def test_exactly_a_tenth_of_the_rows(before: Path, tmp_path: Path) -> None:
    failed, held = judged(
        before, tmp_path, "bill", lambda rows: rows[: rows_before("bill") // 10]
    )
    assert (
        ("bill", "row_count_jump") in failed
        and held >= BILL_MONEY
        and not held & WITHOUT_BILLS
    )


def test_half_the_bills_in_fen(before: Path, tmp_path: Path) -> None:
    failed, held = judged(
        before,
        tmp_path,
        "bill",
        lambda rows: [*in_fen(rows[::2], "billed_amount"), *rows[1::2]],
    )
    assert ("bill", "unit_jump") in failed and held >= BILL_MONEY
    assert not held & WITHOUT_BILLS


def test_arrears_in_fen(before: Path, tmp_path: Path) -> None:
    failed, held = judged(
        before, tmp_path, "receivable", lambda rows: in_fen(rows, "open_amount")
    )
    assert failed and {"arrears_rate.current_amount", "arrears"} <= held <= ARREARS
