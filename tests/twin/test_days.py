"""The twin's single days: they roll from one cut-off to the next, and leave the months as they are."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import twin

BEFORE, MONTH = "2026-07", "2026-08"
DAYS = tuple(str(day.date()) for day in pd.date_range("2026-08-01", "2026-08-31"))
TABLES = ("service", "receivable", "payment", "status_change", "trouble_ticket")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("days")
    twin.generate(folder, services=1_500, months=2, seed=9, days=DAYS)
    return folder


def read(source: Path, when: str, table: str) -> pd.DataFrame:
    folder = source / "daily" / when if when in DAYS else source / when
    frame: pd.DataFrame = pq.read_table(folder / f"{table}.parquet").to_pandas()
    return frame


def end_of(day: str) -> pd.Timestamp:
    return pd.Timestamp(day) + pd.Timedelta(days=1)


@pytest.mark.parametrize("table", TABLES)
def test_the_last_day_is_the_cut_off(source: Path, table: str) -> None:
    assert pq.read_table(source / "daily" / DAYS[-1] / f"{table}.parquet").equals(
        pq.read_table(source / MONTH / f"{table}.parquet")
    )


@pytest.mark.parametrize("day", DAYS[:-1:5])
def test_open_bills_roll_forward(source: Path, day: str) -> None:
    opened = (
        read(source, BEFORE, "receivable")
        .set_index("bill_id")
        .open_amount.astype(float)
    )
    payments = read(source, MONTH, "payment")
    adjustments = read(source, MONTH, "adjustment")
    paid = (
        payments[pd.to_datetime(payments.paid_on) < end_of(day)]
        .groupby("bill_id")
        .amount.sum()
        .astype(float)
    )
    credited = (
        adjustments[pd.to_datetime(adjustments.adjusted_on) < end_of(day)]
        .groupby("bill_id")
        .amount.sum()
        .astype(float)
    )
    left = (
        opened.sub(paid.reindex(opened.index, fill_value=0))
        .add(credited.reindex(opened.index, fill_value=0))
        .round(2)
    )
    stands = (
        read(source, day, "receivable").set_index("bill_id").open_amount.astype(float)
    )
    assert len(stands) and left[left > 0].sort_index().equals(stands.sort_index())


@pytest.mark.parametrize("day", DAYS[::5])
def test_statuses_are_those_before_moved_by_the_changes_since(
    source: Path, day: str
) -> None:
    before = read(source, BEFORE, "service").set_index("service_id").status
    changes = read(source, day, "status_change").sort_values(
        "changed_at", kind="stable"
    )
    assert (changes.changed_at < end_of(day)).all()
    moved = before.copy()
    moved.update(changes.groupby("service_id").to_status.last())
    now = read(source, day, "service").set_index("service_id")
    known = now.index.intersection(moved.index)
    assert len(known) > 1_000 and now.status[known].equals(moved[known])
    assert (now.status[now.index.difference(moved.index)] != "pre_terminated").all()
    assert (pd.to_datetime(now.activated_on) < end_of(day)).all()
    ended = now.status == "terminated"
    assert now.terminated_on.notna().equals(
        ended
    ) and now.termination_reason.notna().equals(ended)


def test_lines_are_stopped_and_come_back_within_the_month(source: Path) -> None:
    stopped = [
        (read(source, day, "service").status == "suspended_arrears").sum()
        for day in DAYS
    ]
    assert np.diff(stopped).max() > 0 > np.diff(stopped).min()


@pytest.mark.parametrize("day", DAYS[::5])
def test_tickets_are_as_far_as_they_are_known(source: Path, day: str) -> None:
    whole = read(source, MONTH, "trouble_ticket").set_index("ticket_id")
    seen = read(source, day, "trouble_ticket").set_index("ticket_id")
    opened = set(whole.index[whole.opened_at < end_of(day)])
    older = set(
        read(source, BEFORE, "trouble_ticket").ticket_id
    )  # still open then, closed within the month
    assert opened <= set(seen.index) <= opened | older
    assert (seen.closed_at.dropna() < end_of(day)).all()
    closed = whole.closed_at.reindex(seen.index[seen.closed_at.isna()])
    assert (closed.isna() | (closed >= end_of(day))).all()


def test_days_leave_the_months_and_the_truth_as_they_are(
    source: Path, tmp_path: Path
) -> None:
    twin.generate(tmp_path, services=1_500, months=2, seed=9)
    files = [
        path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()
    ]
    assert len(files) > 40 and all(
        (source / f).read_bytes() == (tmp_path / f).read_bytes() for f in files
    )


def test_running_again_removes_the_days_of_before(tmp_path: Path) -> None:
    twin.generate(
        tmp_path,
        services=150,
        months=1,
        seed=4,
        days=["2026-08-10"],
        file_format="csv",
        drop=["payment"],
    )
    assert sorted(
        path.stem for path in tmp_path.glob("daily/2026-08-10/*.csv")
    ) == sorted({*TABLES} - {"payment"})
    twin.generate(tmp_path, services=150, months=1, seed=4)
    assert not list(tmp_path.glob("daily/*/*.csv"))


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("2026-09-01", "is in none of the months 2026-08 to 2026-08"),
        ("today", "Invalid isoformat"),
    ],
)
def test_a_day_outside_the_months_is_refused(
    tmp_path: Path, day: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        twin.generate(tmp_path, services=150, months=1, seed=4, days=[day])
    assert not list(tmp_path.iterdir())
