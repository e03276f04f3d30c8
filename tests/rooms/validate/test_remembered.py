"""Findings beyond one month and one table: accepted, remembered, explained by another, or of one branch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.catalogue.expectations import QUERY, Expectation
from pipelines.catalogue.rule_blocks import RuleMeta
from pipelines.rooms.validate.verdicts import Verdict
from tests.rooms.validate.conftest import Judged, finding, run_room
from tests.support.small import MONTH, Row, only, read


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_an_accepted_finding_withholds_nothing_and_marks_what_is_made_of_it(
    tmp_path: Path, severity: str
) -> None:
    found = finding("vip_card", "delivered_on", severity)
    name = found.expectation.finding
    folder = run_room(tmp_path, found, waived=name)
    release = only(read(folder, "validate_release", output="card_issue"))
    assert (release["status"], release["reason"]) == ("caveat", f"waived: {name}")
    result = only(read(folder, "validate_result", finding=name))
    assert (result["state"], result["waived_by"], result["waived_why"]) == (
        "waived",
        "li",
        "checked",
    )
    marked = 5  # both of the cards, and three of claims
    assert (result["caveat_count"], result["withheld_count"]) == (marked, 0)


def remembered(
    severity: str = "critical",
    state: str = "failed",
    month: str = "2026-07",
    **more: object,
) -> Row:
    """A finding about the tier of customers, as an earlier month's trend keeps it."""
    about = {
        "finding": "customer.tier",
        "month": month,
        "table": "customer",
        "columns": "vip_tier",
    }
    counts = {"observed": "3", "unexpected_count": None, "element_count": None}
    return {
        **about,
        **counts,
        "severity": severity,
        "state": state,
        "success": False,
        "is_confined": False,
        **more,
    }


def test_a_finding_of_last_month_holds_back_what_reads_last_month(
    tmp_path: Path,
) -> None:
    folder = run_room(tmp_path, trend=[remembered()])
    rows = {
        r["output"]: r
        for r in read(folder, "validate_release")
        if r["scope"] == "company"
    }
    rolling = rows["dynamic_retention_rate.rolling"]
    assert (rolling["status"], rolling["reason"]) == (
        "withheld",
        "customer.tier (2026-07)",
    )
    assert (
        rows["vip_card_holding_rate.holding"]["status"] == "released"
    )  # made of this month's tiers alone


@pytest.mark.parametrize(
    ("row", "waived", "status"),
    [
        (remembered(state="waived"), "", "caveat"),
        (remembered(state="waived"), "customer.tier", "caveat"),
        (remembered(), "customer.tier", "caveat"),
        (remembered("warning", "waived"), "", "caveat"),
        (remembered("warning"), "", "caveat"),
        (remembered("info"), "", "released"),
        (remembered(is_confined=True), "", "released"),
        (remembered(month="2026-06"), "", "released"),
    ],
)
def test_what_a_remembered_finding_does(
    tmp_path: Path, row: Row, waived: str, status: str
) -> None:
    folder = run_room(tmp_path, trend=[row], waived=waived)
    release = only(
        read(
            folder,
            "validate_release",
            output="dynamic_retention_rate.rolling",
            scope="company",
        )
    )
    assert release["status"] == status


TIER_QUERY = "SELECT * FROM {batch} JOIN previous_customer USING (customer_id)"


def held_against(
    books: Sequence[str] = (), query: str = "", column: str = "vip_tier"
) -> Verdict:
    """A failed critical rule that holds its table against other books, or against last month's."""
    meta: RuleMeta = {"id": "tie", "columns": [column], "explained_by": list(books)}
    return Verdict(
        Expectation("customer", "expect_x", {QUERY: query}, "critical", meta),
        False,
        "7 of 9 rows",
        "",
    )


@pytest.mark.parametrize(
    ("found", "trend", "why"),
    [
        (
            [held_against(["bill"]), finding("bill", "due_on")],
            [],
            "bill.due_on_critical",
        ),
        ([held_against(["bill"]), finding("bill", "due_on", "info")], [], None),
        ([held_against(["bill"]), finding("usage", None)], [], None),
        ([held_against(query=TIER_QUERY)], [remembered()], "customer.tier (2026-07)"),
        (
            [held_against(["previous_customer"])],
            [remembered()],
            "customer.tier (2026-07)",
        ),
        ([held_against(query=TIER_QUERY)], [remembered("warning")], None),
        ([held_against(query=TIER_QUERY)], [remembered(state="explained")], None),
        ([held_against(query=TIER_QUERY)], [remembered(month="2026-05")], None),
        (
            [held_against(query=TIER_QUERY, column="group_customer_id")],
            [remembered()],
            None,
        ),
    ],
)
def test_what_a_bad_book_or_month_explains_withholds_nothing_by_itself(
    tmp_path: Path,
    found: list[Verdict],
    trend: list[Row],
    why: str | None,
) -> None:
    folder = run_room(tmp_path, *found, trend=trend)
    row = only(read(folder, "validate_result", finding="customer.tie"))
    assert (row["explained_by"], row["state"]) == (
        why,
        "explained" if why else "failed",
    )
    assert row["released"] == ("caveat" if why else "withheld")


def test_a_comparison_with_a_bad_month_proves_nothing_of_this_one(
    tmp_path: Path,
) -> None:
    about = Expectation(
        "bill", "expect_x", {}, "critical", {"id": "tie", "explained_by": ["customer"]}
    )
    found = [held_against(query=TIER_QUERY), Verdict(about, False, "7 of 9 rows", "")]
    folder = run_room(tmp_path, *found, trend=[remembered()])
    assert (
        only(read(folder, "validate_result", finding="bill.tie"))["state"] == "failed"
    )


def test_the_trend_keeps_thirteen_months(tmp_path: Path) -> None:
    months = [str(MONTH.plus(-ago)) for ago in range(14, 0, -1)]
    found = finding("bill", "due_on", "warning")
    folder = run_room(
        tmp_path, found, trend=[remembered(month=month) for month in months]
    )
    kept = [r["month"] for r in read(folder, "validate_trend", finding="customer.tier")]
    assert kept == months[2:] and read(
        folder, "validate_trend", finding="bill.due_on_warning", month=str(MONTH)
    )


def test_a_finding_about_a_branch_touches_that_branch_alone(judged: Judged) -> None:
    about = Expectation(
        "bill",
        "expect_x",
        {"column": "billed_amount"},
        "warning",
        {"id": "v", "scope": "branch"},
    )
    rows = judged(Verdict(about, False, "1", "", branches=("B2",)))
    assert (
        rows
        and {scope for _, _, scope in rows} == {"branch:B2"}
        and set(rows.values()) == {"caveat"}
    )
    assert ("kpi", "arpu.mean_base", "branch:B2") in rows and (
        "kpi",
        "churn_rate.start_base",
        "branch:B2",
    ) not in rows
