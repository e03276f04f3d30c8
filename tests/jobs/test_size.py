"""What a month takes on this machine, and what is said where it does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.jobs import size
from pipelines.jobs.run import run_month
from pipelines.jobs.size import GIB, Machine, MonthSize, measure_month, read_size
from tests.support.small import Town, own_settings, run_town, ungated_job

MACHINE = Machine(memory=24 * GIB, limit=6 * GIB, free_disk=60 * GIB)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("6GB", 6_000_000_000),
        ("1.5GiB", 1_610_612_736),
        ("900 mb", 900_000_000),
        ("80%", None),
        ("much", None),
    ],
)
def test_a_limit_is_read_as_the_engine_reads_it(text: str, count: int | None) -> None:
    assert read_size(text) == count


@pytest.mark.parametrize(
    ("rows", "machine", "finding"),
    [
        (2_000_000, MACHINE, "size"),
        # A limit that is more than there is does no harm to who never comes near it.
        (2_000_000, Machine(4 * GIB, 6 * GIB, 60 * GIB), "size"),
        (70_000_000, Machine(7 * GIB, 6 * GIB, 60 * GIB), "size_limit"),
        (70_000_000, Machine(24 * GIB, GIB, 60 * GIB), "size_limit"),
        (70_000_000, Machine(4 * GIB, 6 * GIB, 60 * GIB), "size_machine"),
        (70_000_000, Machine(24 * GIB, 6 * GIB, 10 * GIB), "size_disk"),
    ],
)
def test_what_does_not_fit_is_named(rows: int, machine: Machine, finding: str) -> None:
    assert MonthSize(rows, machine).finding == finding


def test_a_limit_that_is_advised_fits() -> None:
    """Whoever sets what is said is not told again."""
    advised = MonthSize(70_000_000, Machine(7 * GIB, 6 * GIB, 60 * GIB))
    for limit in (advised.least_engine, advised.highest_limit):
        assert MonthSize(advised.rows, Machine(7 * GIB, limit, 60 * GIB)).finding == (
            "size"
        )


def test_a_run_is_told_before_the_rooms_that_need_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are those that were delivered."""
    monkeypatch.setattr(size, "find_memory", lambda: 10**6)
    told: list[MonthSize] = []
    town = Town().person("ann").person("bob")
    version = run_town(tmp_path / "home", town, tmp_path / "source")
    job = ungated_job(tmp_path / "other", tmp_path / "source")
    job.tell_size = told.append
    run_month(job)
    [found] = told
    assert found.finding == "size_machine"
    again = measure_month(version.entries, own_settings(), tmp_path)
    assert found.rows == again.rows > 10
