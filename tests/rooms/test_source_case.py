"""The source document's own figures as a month: card-holding 87 % against 80 %, arrears of 2 %, and the pay of such a month."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.store.lake import Version
from tests.support.small import MONTH, Row, Town, only, read, run_town

PEOPLE, CARDS, DEBTORS = 100, 87, 2


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    town = Town().header_only("receivable", "vip_card")
    for n in range(PEOPLE):
        who = f"c{n:03d}"
        town.person(who)
        if n < CARDS:
            town.add("vip_card", card_id=f"K{n}", customer_id=who)
        if n >= PEOPLE - DEBTORS:
            town.add(
                "receivable",
                bill_id=f"{who}-1/{MONTH}",
                service_id=f"{who}-1",
                customer_id=who,
            )
    town.add(
        "appraisal_input",
        employee_id="E1",
        role="staff",
        department_id="D1",
        base_amount="4000",
        coefficient="1.2",
        score="92",
    )
    folder: Path = tmp_path_factory.mktemp("case")
    return run_town(folder / "home", town, folder / "source")


def company(version: Version, kpi: str, variant: str) -> Row:
    return only(
        read(version, "kpi_monthly", kpi=kpi, variant=variant, scope_kind="company")
    )


def test_card_holding_is_seven_points_above_its_target(version: Version) -> None:
    row = company(version, "vip_card_holding_rate", "holding")
    assert (row["numerator"], row["denominator"]) == (CARDS, PEOPLE)
    assert [round(row[name], 12) for name in ("value", "target", "gap")] == [
        0.87,
        0.80,
        0.07,
    ]
    figures = read(
        version,
        "report_figure",
        topic="vip_card_holding_rate.holding",
        scope_id="company",
    )
    shown = {f["measure"]: f["shown"] for f in figures if f["source"] == "kpi_monthly"}
    assert shown["value"].startswith("87.0")
    assert shown["gap"] == "7.00"  # points


def test_arrears_are_two_in_a_hundred(version: Version) -> None:
    row = company(version, "arrears_rate", "current_amount")
    assert row["value"] == pytest.approx(0.02, abs=1e-15)


def test_pay_is_base_by_coefficient_by_score(version: Version) -> None:
    assert only(read(version, "report_pay"))["pay_amount"] == Decimal(
        "4416.00"
    )  # 4000 × 1.2 × 92 ÷ 100
