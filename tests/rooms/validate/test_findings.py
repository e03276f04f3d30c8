"""What a verdict means: accepted, explained or neither, and what that does to the outputs."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.catalogue.expectations import Expectation
from pipelines.core.month import Month
from pipelines.rooms.validate.findings import Finding, explain_findings, find_status
from pipelines.rooms.validate.release import Effect
from pipelines.rooms.validate.verdicts import Verdict
from pipelines.store.waivers import Waiver

JULY, AUGUST = Month.parse("2026-07"), Month.parse("2026-08")
WAIVED = Waiver("bill.x", "known", "2026-12", "qi", "2026-08-03T00:00:00Z")


def find(
    name: str, severity: str = "critical", success: bool = False, **meta: Any
) -> Finding:
    """A finding `table.name` on the column `amount`."""
    table, _, rule = name.partition(".")
    said: Any = meta | {"id": rule}
    about = Expectation(table, "expect_x", {"column": "amount"}, severity, said)
    return Finding(Verdict(about, success, "7 rows", ""))


@pytest.mark.parametrize(
    ("state", "critical", "warning"),
    [
        ("passed", "released", "released"),
        ("failed", "withheld", "caveat"),
        ("waived", "caveat", "caveat"),
        ("explained", "caveat", "caveat"),
    ],
)
def test_what_a_finding_does_goes_by_its_state_and_severity(
    state: str, critical: str, warning: str
) -> None:
    assert find_status(state, "critical") == critical
    assert find_status(state, "warning") == warning
    assert find_status(state, "info") == "released"


@pytest.mark.parametrize(
    ("success", "waiver", "explained_by", "state", "status"),
    [
        (True, WAIVED, ("bill.y",), "passed", "released"),
        (False, WAIVED, ("bill.y",), "waived", "caveat"),
        (False, None, ("bill.y",), "explained", "caveat"),
        (False, None, (), "failed", "withheld"),
    ],
)
def test_a_state_is_passed_then_waived_then_explained(
    success: bool,
    waiver: Waiver | None,
    explained_by: tuple[str, ...],
    state: str,
    status: str,
) -> None:
    verdict = find("bill.x", success=success).verdict
    finding = Finding(verdict, waiver, explained_by)
    assert (finding.state, finding.status) == (state, status)


@pytest.mark.parametrize(
    ("finding", "is_proof"),
    [
        (find("bill.x"), True),
        (find("bill.x", "warning"), True),
        (find("bill.x", success=True), False),
        (Finding(find("bill.x").verdict, None, ("bill.y",)), False),
        (find("bill.x", "info"), False),
        (find("bill.x", asks="reason"), False),
        (find("bill.x", explained_by=["payment"]), False),
    ],
)
def test_what_proves_its_table_wrong(finding: Finding, is_proof: bool) -> None:
    assert finding.is_proof is is_proof


def test_the_lineage_follows_a_finding_s_columns_branches_and_waiver() -> None:
    about = find("bill.x", scope="branch").about
    verdict = Verdict(about, False, "7 rows", "", branches=("B1",))
    wanted = Effect(
        finding="bill.x",
        month=AUGUST,
        table="bill",
        columns=("amount",),
        status="caveat",
        branches=("B1",),
        is_confined=True,
        is_waived=True,
    )
    assert Finding(verdict, WAIVED).to_effect(AUGUST) == wanted
    plain = Finding(find("bill.x").verdict).to_effect(AUGUST)
    assert (plain.status, plain.is_confined, plain.is_waived) == (
        "withheld",
        False,
        False,
    )


def withhold(name: str, *columns: str, status: str = "withheld") -> Effect:
    """What a finding of July did."""
    return Effect(name, JULY, name.partition(".")[0], columns, status)


def explain(*findings: Finding, before: tuple[Effect, ...] = ()) -> list[Any]:
    """By what each is explained."""
    return [finding.explained_by for finding in explain_findings(findings, before)]


def test_a_comparison_is_explained_by_what_was_withheld_of_the_month_before() -> None:
    jump = find("bill.jump", explained_by=["previous_bill", "previous_usage"])
    before = (
        withhold("bill.nulls", "amount", "due_on"),
        withhold("bill.ids", "bill_id"),
        withhold("bill.lost"),
        withhold("usage.calls", "voice_calls"),
        withhold("bill.doubt", "amount", status="caveat"),
        withhold("payment.nulls", "amount"),
    )
    named = ("bill.nulls (2026-07)", "bill.lost (2026-07)", "usage.calls (2026-07)")
    assert explain(jump, find("bill.alone"), before=before) == [named, ()]


def test_a_tie_is_explained_by_what_proves_its_other_books_wrong() -> None:
    tie = find("receivable.tie", explained_by=["payment", "bill", "previous_payment"])
    found = [
        tie,
        find("payment.a"),
        find("payment.b", "warning"),
        find("payment.c", "info"),
        find("bill.ties_too", explained_by=["payment"]),
        find("usage.d"),
    ]
    before = (withhold("payment.z", "amount"),)
    of_tie, *others = explain(*found, before=before)
    assert of_tie == ("payment.z (2026-07)", "payment.a", "payment.b")
    assert others == [(), (), (), ("payment.a", "payment.b"), ()]


def test_what_the_month_before_explains_proves_nothing_itself() -> None:
    tie = find("receivable.tie", explained_by=["payment"])
    jump = find("payment.jump", explained_by=["previous_payment"])
    before = (withhold("payment.z", "amount"),)
    assert explain(tie, jump, before=before) == [(), ("payment.z (2026-07)",)]
    assert explain(tie, jump) == [("payment.jump",), ()]
