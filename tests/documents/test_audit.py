"""Audits through two months by hand: found, still open and overdue, closed once, gone."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from pipelines.core.month import Month
from pipelines.documents.workbooks.export import export_month
from pipelines.store.lake import MonthFolder
from tests.support.small import MONTH, Row, Town, read, run_town

NEXT, AFTER = MONTH.plus(1), MONTH.plus(2)
CIRCUIT = {"service_type": "private_line", "is_fee_waiver_approved": "false"}


def town(month: Month) -> Town:
    """A circuit without charge and an unregistered group until they are mended, and dan, whom nobody claims."""
    made = Town(month)
    made.person("ann", revenue="80.00" if month == AFTER else "0.00", service=CIRCUIT)
    made.person(
        "waived", revenue="0.00", service=CIRCUIT | {"is_fee_waiver_approved": "true"}
    )
    registered = "true" if month > MONTH else "false"
    made.person(
        "grp",
        customer_type="group",
        is_key_account_registered=registered,
        revenue="10.00",
    )
    made.person("member", group_customer_id="grp", revenue="55.00")
    return made.person("dan", manager=None, revenue="70.00")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    for month in (MONTH, NEXT, AFTER):
        run_town(folder / "home", town(month), folder / "source")
    return folder / "home"


def findings(home: Path, month: Month) -> dict[tuple[str, str], Row]:
    version = home / "months" / str(month) / "v0001"
    return {
        (row["kind"], row["subject_id"]): row for row in read(version, "report_audit")
    }


def test_what_is_found(home: Path) -> None:
    found = findings(home, MONTH)
    assert set(found) == {
        ("zero_tariff", "ann-1"),
        ("unregistered", "grp"),
        ("unclaimed", "dan"),
    }
    assert {row["state"] for row in found.values()} == {"open"}
    assert found["unregistered", "grp"]["amount"] == 55
    assert found["unclaimed", "dan"]["manager_id"] is None
    assert found["zero_tariff", "ann-1"]["manager_id"] == "M1"
    assert {row["due_on"] for row in found.values()} == {date(2026, 9, 10)}


def test_closed_once_and_overdue_until_then(home: Path) -> None:
    next_month, after = findings(home, NEXT), findings(home, AFTER)
    assert next_month["unregistered", "grp"]["state"] == "closed"
    assert ("unregistered", "grp") not in after
    circuit = next_month["zero_tariff", "ann-1"]
    assert (circuit["since_month"], circuit["due_on"], circuit["is_overdue"]) == (
        "2026-08",
        date(2026, 9, 10),
        True,
    )
    assert after["zero_tariff", "ann-1"]["state"] == "closed"
    assert after["unclaimed", "dan"]["is_overdue"]


def test_what_cannot_be_looked_for_is_not_closed(home: Path, tmp_path: Path) -> None:
    shutil.copytree(
        home, tmp_path / "home", ignore=lambda folder, names: {str(AFTER)} & set(names)
    )
    blind = town(AFTER).drop_column("service", "is_fee_waiver_approved")
    run_town(tmp_path / "home", blind, tmp_path / "source")
    circuit = findings(tmp_path / "home", AFTER)["zero_tariff", "ann-1"]
    assert (circuit["state"], circuit["is_overdue"]) == ("not_checked", True)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("专项稽核", "零资费电路", "已逾期")),
        ("en", ("Audits", "Circuit without a charge", "overdue")),
    ],
)
def test_the_company_workbook_shows_them(
    home: Path, tmp_path: Path, language: str, words: tuple[str, str, str]
) -> None:
    export_month(MonthFolder(home, NEXT), tmp_path, language)
    sheet = openpyxl.load_workbook(tmp_path / f"{NEXT}_company.xlsx")[words[0]]
    rows = [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    circuit = next(row for row in rows if "ann-1" in row)
    assert circuit[0] == words[1] and circuit[-1] == words[2]
