"""The cohort's bridge on a synthetic operator: base and causes are what is paid now, at every level, to the fen."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from pipelines.documents.workbooks.columns import STEPS
from pipelines.rooms.kpi.bridge import list_bridge_steps
from pipelines.store.lake import MonthFolder
from tests.support.scored import scored_operator
from tests.support.small import Row, read, twin_operator

KINDS = ["branch", "city", "company", "manager", "unit"]


def months() -> list[tuple[list[Row], list[Row]]]:
    """Bridge and KPIs of each month of the two operators that has a base month before it."""
    found = []
    for operator in (twin_operator(), scored_operator()):
        for month in operator.months[1:]:
            version = MonthFolder(operator.home, month).version()
            found.append(
                (
                    read(version, "kpi_bridge"),
                    read(
                        version,
                        "kpi_monthly",
                        kpi="revenue_retention_rate",
                        variant="net",
                    ),
                )
            )
    return found


def test_base_and_causes_are_what_is_paid_now_at_every_level() -> None:
    checked, failing = 0, []
    for bridge, kpis in months():
        assert sorted({row["scope_kind"] for row in bridge}) == KINDS
        scopes: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
        for row in bridge:
            scopes[row["scope_kind"], row["scope_id"]][row["step"]] = row["amount"]
        totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for scope, amounts in scopes.items():
            assert list(amounts) == list_bridge_steps()
            checked += 1
            if sum(amounts.values()) != 2 * amounts["current"]:
                failing.append(scope)
            for step, amount in amounts.items():
                totals[scope[0], step] += amount
        checked += len(totals)
        failing += [
            key
            for key, total in totals.items()
            if total != scopes["company", "company"][key[1]]
        ]
        for row in kpis:
            checked += 2
            amounts = scopes[row["scope_kind"], row["scope_id"]]
            if (amounts["current"], amounts["base"]) != (
                row["numerator"],
                row["denominator"],
            ):
                failing.append((row["scope_kind"], row["scope_id"]))
    assert failing == []
    assert checked > 600


def test_the_documents_know_every_step_in_its_order() -> None:
    assert list_bridge_steps() == list(STEPS)


def test_the_causes_are_told_apart() -> None:
    """In half a year of a synthetic operator people leave, are cut off, change plans and move up."""
    last = months()[-1][0]
    company = {
        row["step"]: row["amount"] for row in last if row["scope_kind"] == "company"
    }
    assert (
        company["voluntary_loss"] < 0 < company["up_sell"]
        and company["down_migration"] < 0
    )
    assert (
        sum(row["amount"] != 0 for row in last if row["scope_kind"] == "company") >= 7
    )


def test_the_bridge_is_among_the_books_that_tie() -> None:
    ties = read(
        scored_operator().version,
        "kpi_tie",
        kpi="revenue_retention_rate",
        variant="net",
    )
    found = {row["check"] for row in ties if row["check"].startswith("bridge")}
    assert found == {"bridge base", "bridge current", "bridge steps"}
    assert all(row["success"] for row in ties)


def test_a_base_month_has_no_bridge() -> None:
    operator = twin_operator()
    entry = (
        MonthFolder(operator.home, operator.months[0])
        .version()
        .manifest["tables"]["kpi_bridge"]
    )
    assert (entry["status"], entry["reasons"]) == ("not_computed", ["base month"])
