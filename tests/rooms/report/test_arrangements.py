"""Three things for the month to come, and what came of those of the month before."""

from __future__ import annotations

from decimal import Decimal

from pipelines.catalogue.figure_rows import FigureRow
from pipelines.rooms.report.arrangements import (
    Arrangement,
    _propose_arrangements,
    tell_arrangements,
    tell_promised,
)
from pipelines.rooms.report.figures import index_figures
from pipelines.rooms.report.rows import ToldRow
from pipelines.rooms.report.sentences import Writer
from tests.support.figures import make_figure

CHURN = "churn_rate.start_base"


def a_row(
    scope_kind: str, scope_id: str, gap: float | None, rank: int | None
) -> ToldRow:
    return {
        "kpi": "churn_rate",
        "variant": "start_base",
        "scope_kind": scope_kind,
        "scope_id": scope_id,
        "better": "lower",
        "status": "released",
        "reason": None,
        "value": 0.0,
        "gap": gap,
        "rank": rank,
    }


ROWS = [
    a_row("company", "company", 0.01, None),
    a_row("branch", "B1", None, 2),
    a_row("branch", "B2", None, 1),
]


def of_branch(measure: str, topic: str, number: float, branch: str) -> FigureRow:
    return make_figure(measure, topic, number, str(number), scope_kind="branch", scope_id=branch)  # fmt: skip


def figures() -> list[FigureRow]:
    company = [
        make_figure("target", CHURN, 0.02, "2.00%"),
        make_figure("gap", CHURN, 0.01, "1.00"),
        make_figure("value", CHURN, 0.03, "3.00%"),
    ]
    for name, worth, orders in (("arrears", 50, 3), ("renewal", 90, 4), ("card_issue", 70, 0)):  # fmt: skip
        company += [
            make_figure("expected_amount", name, worth, str(worth)),
            make_figure("listed_amount", name, 0, "0.00"),
            make_figure("treated_count", name, orders, str(orders)),
        ]
    branches = []
    for branch, value, rank, price in (("B1", 0.05, 2, 4.0), ("B2", 0.01, 1, 9.5)):
        branches += [
            of_branch("value", CHURN, value, branch),
            of_branch("rank", CHURN, rank, branch),
            of_branch("capacity", "capacity", 10, branch),
            of_branch("shadow_price_amount", "capacity", price, branch),
        ]
    return company + branches


def a_writer(rows: list[FigureRow]) -> Writer:
    return Writer("2026-08", ROWS, index_figures(rows))


def test_the_branch_furthest_off_then_the_dearest_place_then_the_list_worth_most() -> (
    None
):
    proposed = list(_propose_arrangements(a_writer(figures())))
    assert [(one.kind, one.topic, one.scope_id) for one in proposed] == [
        ("target", CHURN, "B1"),
        ("capacity", "capacity", "B2"),
        ("list", "renewal", "company"),
        ("list", "arrears", "company"),  # of card_issue nobody has an order
    ]
    assert proposed[0].number == Decimal("0.05")


def test_a_place_that_is_worth_nothing_is_not_asked_for() -> None:
    rows = figures()
    for row in rows:
        if row["measure"] == "shadow_price_amount":
            row["number"] = Decimal(0)
    kinds = [one.kind for one in _propose_arrangements(a_writer(rows))]
    assert "capacity" not in kinds


def test_a_list_without_amounts_does_not_speak_of_any() -> None:
    arrangement = Arrangement("list", "renewal", "company", "company", Decimal(4))
    rows = figures()
    (told,) = tell_arrangements(a_writer(rows), [arrangement])
    assert told.rules == ["next_list", "next_expected"]
    for row in rows:
        if row["measure"] == "listed_amount":
            row["number"] = Decimal(12)
    (told,) = tell_arrangements(a_writer(rows), [arrangement])
    assert told.rules == ["next_list", "next_listed", "next_expected"]


def test_what_was_put_down_is_held_against_what_is() -> None:
    promised = [
        Arrangement("target", CHURN, "branch", "B1", Decimal("0.06")),
        Arrangement("target", CHURN, "branch", "B2", Decimal("0.06")),
        Arrangement("capacity", "capacity", "branch", "B2", Decimal(8)),
        Arrangement("list", "renewal", "company", "company", Decimal(4)),
        Arrangement("list", "arrears", "company", "company", Decimal(3)),
    ]
    rows = [*figures(), of_branch("left_count", "capacity", 2, "B2")]
    for measure in ("sent_count", "answered_count", "reached_count", "verified_count"):
        rows.append(make_figure(measure, "renewal", 2, "2"))
    told = [sentence.rules for sentence in tell_promised(a_writer(rows), promised)]
    assert told == [
        ["promised_target", "came_short"],
        ["promised_target", "came_true"],
        ["promised_capacity", "came_capacity"],
        ["promised_list", "came_list"],
        ["promised_list", "came_unknown"],
    ]
    (nothing,) = tell_promised(a_writer(rows), [])
    assert nothing.rules == ["promised_nothing"]
