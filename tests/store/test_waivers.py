"""Waivers: a known finding, a reason, an end that still means something; on the record, never rewritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.catalogue.expectations import list_findings
from pipelines.cli import app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.store.lake import MonthFolder
from pipelines.store.waivers import (
    FILE,
    accept_finding,
    find_first_open_month,
    find_last_month,
    find_waivers,
    read_waivers,
)

FINDING = "bill.unit_jump"
JULY, AUGUST, SEPTEMBER = (Month(2026, n) for n in (7, 8, 9))


def hold(home: Path, *months: Month, sealed: tuple[Month, ...] = ()) -> None:
    """Make empty months held, some of them sealed."""
    for month in months:
        folder = MonthFolder(home, month)
        (folder.path / "v0001").mkdir(parents=True)
        (folder.path / "v0001" / "manifest.json").write_text("{}")
        (folder.path / "CURRENT").write_text("v0001")
        if month in sealed:
            (folder.path / "SEAL.json").write_text('{"version": 1, "manifest": ""}')


def test_a_waiver_covers_its_last_month_and_those_before(tmp_path: Path) -> None:
    accept_finding(tmp_path, FINDING, "a new tariff", "2026-08", "li")
    assert (
        set(find_waivers(tmp_path, JULY))
        == set(find_waivers(tmp_path, AUGUST))
        == {FINDING}
    )
    assert find_waivers(tmp_path, SEPTEMBER) == {}


@pytest.mark.parametrize(
    ("until", "month"),
    [
        ("2026-08", "2026-08"),
        ("2026-08-31", "2026-08"),
        ("2026-08-30", "2026-07"),
        ("2026-01-01", "2025-12"),
    ],
)
def test_a_day_covers_the_months_whose_cut_off_is_not_after_it(
    until: str, month: str
) -> None:
    assert str(find_last_month(until)) == month


def test_what_was_said_stays_and_the_latest_counts(tmp_path: Path) -> None:
    accept_finding(tmp_path, FINDING, "first", "2026-12", "li")
    before = (tmp_path / FILE).read_bytes()
    accept_finding(tmp_path, FINDING, " second ", "2026-12", "王")
    assert (tmp_path / FILE).read_bytes().startswith(before)
    assert [(w.why, w.by) for w in read_waivers(tmp_path)] == [
        ("first", "li"),
        ("second", "王"),
    ]
    assert find_waivers(tmp_path, AUGUST)[FINDING].why == "second"


def test_the_instant_is_on_the_record_and_no_part_of_a_month(tmp_path: Path) -> None:
    waiver = accept_finding(tmp_path, FINDING, "why", "2026-12", "li")
    assert (
        waiver.at.endswith("+00:00")
        and "at" not in waiver.meaning()
        and waiver.meaning()["why"] == "why"
    )


@pytest.mark.parametrize(
    ("finding", "why", "until", "error"),
    [
        ("bill.unit_jmp", "why", "2026-12", "waive.unknown"),
        (FINDING, "  ", "2026-12", "waive.no_reason"),
        (FINDING, "why", "2026-13", "month.bad"),
        (FINDING, "why", "2026-07-30", "waive.too_early"),
    ],
)
def test_what_is_no_waiver_is_refused_and_not_written(
    tmp_path: Path, finding: str, why: str, until: str, error: str
) -> None:
    hold(tmp_path, JULY, AUGUST)
    with pytest.raises(UsageError) as caught:
        accept_finding(tmp_path, finding, why, until, "li")
    assert caught.value.key == error and not (tmp_path / FILE).exists()


def test_an_unknown_finding_is_answered_with_near_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        accept_finding(tmp_path, "unit_jump", "why", "2026-12", "li")
    assert FINDING in str(caught.value.facts["near"]) and FINDING in list_findings()


def test_the_first_open_month_is_the_one_that_can_still_be_run(tmp_path: Path) -> None:
    assert find_first_open_month(tmp_path) is None
    hold(tmp_path, JULY, sealed=(JULY,))
    assert find_first_open_month(tmp_path) == AUGUST
    hold(tmp_path, AUGUST)
    assert find_first_open_month(tmp_path) == AUGUST


def test_the_command_accepts_and_lists(tmp_path: Path) -> None:
    said = ["--why", "a new tariff", "--until", "2026-12", "--by", "li", "--lang", "en"]
    shell, home = CliRunner(), ["--home", str(tmp_path)]
    assert (
        "no finding"
        in shell.invoke(app, ["waive", *home, "--lang", "en"]).output.lower()
    )
    assert (
        f"{FINDING} is accepted through 2026-12"
        in shell.invoke(app, ["waive", FINDING, *said, *home]).output
    )
    listed = json.loads(shell.invoke(app, ["waive", "--list", "--json", *home]).output)
    assert [(w["finding"], w["why"], w["by"]) for w in listed] == [
        (FINDING, "a new tariff", "li")
    ]


def test_the_command_wants_an_end(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["waive", FINDING, "--why", "x", "--home", str(tmp_path)]
    )
    assert (
        isinstance(result.exception, UsageError)
        and result.exception.key == "waive.no_end"
    )
