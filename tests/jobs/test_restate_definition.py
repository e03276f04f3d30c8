"""A month sealed under another definition: what the new words change is a cause of its own, to the digit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from pipelines.core.month import Month
from pipelines.core.paths import ROOT
from pipelines.jobs.restate import restate_month
from pipelines.store.lake import MonthFolder, Version
from tests.support.small import (
    KEY,
    MONTH,
    Row,
    Town,
    only,
    read,
    run_town,
    ungated_job,
)

KPI = ("kpi", "variant", "scope_kind", "scope_id")
MEASURES = ("numerator", "denominator", "value")
# Runs a month and releases it with the code and the SQL of the folder it is run in.
SEAL = """
import sys
from pathlib import Path
from pipelines.core.month import Month
from pipelines.jobs.run import Job, release_month, run_month
home, source, month = sys.argv[1:]
job = Job(Path(home), Month.parse(month), source, judge=lambda context, suites: [])
run_month(job)
release_month(job)
"""
BUCKETS = (
    ("0_30", "31_60"),
    ("31_60", "61_90"),
    ("61_90", "91_180"),
    ("91_180", "181_365"),
    ("181_365", "over_365"),
)


def first_roll_rate(now: str) -> str:
    """The roll rate of version 1: all of the next bucket over this one a month ago, no bill followed."""
    head = now.partition("--- */")[0]
    lines = [
        line
        for line in head.splitlines()
        if not line.startswith(("was:", "denominator:"))
    ]
    front = "\n".join(lines).replace("version: 2", "version: 1")
    selects = []
    for bucket, after in BUCKETS:
        selects += [
            f"SELECT customer_id, '{bucket}' AS variant, 0 AS numerator, aged_{bucket}_amount AS denominator\n"
            f"FROM m1.features_arrears\nWHERE aged_{bucket}_amount > 0",
            f"SELECT customer_id, '{bucket}' AS variant, aged_{after}_amount AS numerator, 0 AS denominator\n"
            f"FROM features_arrears\nWHERE aged_{after}_amount > 0",
        ]
    return f"{front}\n--- */\n" + "\nUNION ALL\n".join(selects) + "\n"


@dataclass(frozen=True)
class Restated:
    """A month as it was sealed under the first definition, and as it is known now."""

    published: Version
    known: Version


def owing(month: Month, **due_on: date) -> Town:
    """A month of two customers who owe fifty yuan each since the days that are given."""
    town = Town(month).person("ann").person("bob", branch="B2", manager="M3")
    for who, day in due_on.items():
        town.add(
            "receivable",
            bill_id=f"{who}-1/2026-06",
            service_id=f"{who}-1",
            customer_id=who,
            bill_month="2026-06",
            open_amount="50.00",
            due_on=day,
        )
    return town


@pytest.fixture(scope="module")
def restated(tmp_path_factory: pytest.TempPathFactory) -> Restated:
    """A month sealed by a project whose roll rate is the first; nothing else differs.

    ann's bill has grown older; bob's was paid, and is open again because the money came back.
    """
    folder = tmp_path_factory.mktemp("definition")
    project, home, source = folder / "project", folder / "home", folder / "source"
    for part in ("pipelines", "models", "sql", "expectations", "locales", "console"):
        shutil.copytree(
            ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    file = project / "sql" / "kpi" / "roll_rate.sql"
    file.write_text(first_roll_rate(file.read_text(encoding="utf-8")), encoding="utf-8")

    before = MONTH.plus(-1)
    run_town(home, owing(before, ann=date(2026, 7, 15)), source)
    owing(MONTH, ann=date(2026, 7, 15), bob=date(2026, 7, 10)).write(source)
    environment = os.environ | {"RETENTION_SECRET_KEY": KEY, "RETENTION_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-c", SEAL, str(home), str(source), str(MONTH)],
        cwd=project,
        env=environment,
        check=True,
        timeout=600,
    )
    published = MonthFolder(home, MONTH).version()
    return Restated(published, restate_month(ungated_job(home, source)))


def name_figure(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in KPI)


def company(version: Version) -> Row:
    """The company's roll rate of the youngest debts."""
    return only(
        read(
            version,
            "kpi_monthly",
            kpi="roll_rate",
            variant="0_30",
            scope_kind="company",
        )
    )


def test_the_two_definitions_say_what_they_say(restated: Restated) -> None:
    then, now = company(restated.published), company(restated.known)
    assert (then["numerator"], then["denominator"]) == (100, 50)  # whatever stands next
    assert (now["numerator"], now["denominator"]) == (50, 50)  # ann's bill alone


def test_the_definition_is_the_only_cause_and_changes_its_kpi_alone(
    restated: Restated,
) -> None:
    causes = read(restated.known, "restate_cause")
    assert {row["cause"] for row in causes} == {"definition"}
    assert {row["kpi"] for row in causes} == {"roll_rate"}
    changed = {(row["scope_kind"], row["scope_id"]) for row in causes}
    assert {("company", "company"), ("branch", "B2"), ("manager", "M3")} <= changed
    assert ("branch", "B1") not in changed


def test_its_parts_add_up_to_the_difference_to_the_digit(restated: Restated) -> None:
    parts: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(
        lambda: dict.fromkeys(MEASURES, Decimal(0))
    )
    for row in read(restated.known, "restate_cause"):
        for name in MEASURES:
            parts[name_figure(row)][name] += row[f"{name}_change"] or 0

    before = {name_figure(row): row for row in read(restated.published, "kpi_monthly")}
    after = {name_figure(row): row for row in read(restated.known, "kpi_monthly")}
    told = read(restated.known, "restate_kpi", kpi="roll_rate")
    assert told
    for row in told:
        figure = name_figure(row)
        for name in MEASURES:
            assert parts[figure][name] == (row[f"{name}_difference"] or 0), row
        for name in ("numerator", "denominator"):
            then = before[figure][name] if figure in before else None
            now = after[figure][name] if figure in after else None
            assert parts[figure][name] == (now or 0) - (then or 0), row
