"""The way from an operator's export to workbooks is as the page tells it, and its last lines count what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.core.month import Month
from pipelines.jobs.intake.coverage import read_coverage
from pipelines.jobs.intake.needs import find_needs
from pipelines.store.lake import MonthFolder
from tests.jobs.intake.export import FAULTY
from tests.jobs.intake.transcript import PAGE, run_transcript
from tests.support.small import read


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("operator")
    return folder, run_transcript(folder)


def test_the_page_is_what_the_commands_say(made: tuple[Path, str]) -> None:
    assert PAGE.read_text(encoding="utf-8") == made[1], (
        "run: python -m tests.jobs.intake.transcript"
    )


def test_the_last_line_of_a_run_counts_what_the_tables_hold(
    made: tuple[Path, str],
) -> None:
    folder, page = made
    version = MonthFolder(folder / "home", Month.parse(FAULTY)).version()
    rows = [
        row for row in read(version, "kpi_monthly") if row["scope_kind"] == "company"
    ]
    variants = {(row["kpi"], row["variant"]): row["status"] for row in rows}
    computed = sum(status != "not_computed" for status in variants.values())
    lists = [row["status"] for row in read(version, "dispatch_list")]
    line = f"{computed} of {len(variants)} KPIs, {sum(s != 'not_computed' for s in lists)} of {len(lists)} lists"
    said = (
        page.partition(f"$ retention run {FAULTY}")[2]
        .partition("\n```")[0]
        .splitlines()[-1]
    )
    assert said.startswith(f"{line}; deliver ")


def test_what_a_month_lacks_is_what_the_lineage_says_is_needed(
    made: tuple[Path, str],
) -> None:
    version = MonthFolder(made[0] / "home", Month.parse(FAULTY)).version()
    for unlock in read_coverage(version).unlocks:
        needing = {(output.kind, output.name) for output in find_needs()[unlock.name]}
        assert {(output.kind, output.name) for output in unlock.outputs} <= needing


def test_the_month_says_by_which_mapping_it_was_read(made: tuple[Path, str]) -> None:
    version = MonthFolder(made[0] / "home", Month.parse(FAULTY)).version()
    assert re.fullmatch(r"[0-9a-f]{64}", version.manifest["inputs"]["mapping"])
