"""How much a month says, and what one more table or column would add."""

from __future__ import annotations

from pipelines.cli.screens.check import describe_coverage
from pipelines.core.reasons import Reason
from pipelines.jobs.intake.coverage import Output, count_coverage


def lacking(name: str, *reasons: str, kind: str = "kpi") -> Output:
    return Output(kind, name, "not_computed", tuple(map(Reason.parse, reasons)))


def test_only_what_lacks_one_thing_alone_is_unlocked_by_it() -> None:
    outputs = [
        Output("kpi", "there", "released"),
        Output("kpi", "held back", "withheld"),
        lacking("a", "absent: receivable"),
        lacking("b", "refused: receivable"),
        lacking("c", "absent: receivable", "absent: usage"),
        lacking("d", "absent: receivable", "not held: 2026-09"),
        lacking("e", "absent: bill.adjustment_amount"),
        lacking("f", "absent: usage (2026-09)"),
        lacking("g", "absent: usage", "absent: usage.active_days", kind="list"),
        lacking(
            "h",
            "absent: service.plan_id",
            "absent: service.contract_end_on",
            kind="list",
        ),
    ]
    coverage = count_coverage(outputs)
    assert [(u.name, [o.name for o in u.outputs]) for u in coverage.unlocks] == [
        ("receivable", ["a", "b"]),
        ("bill.adjustment_amount", ["e"]),
        ("usage", ["g"]),
    ]
    assert (coverage.count("kpi"), coverage.count("kpi", computed=True)) == (8, 2)
    assert (
        coverage.count("list"),
        coverage.count("list", computed=True),
        coverage.waiting,
    ) == (
        2,
        0,
        2,
    )
    assert describe_coverage(coverage, "en").startswith(
        "2 of 8 KPIs, 0 of 2 lists; deliver receivable for 2 more"
    )
    assert "receivable" in describe_coverage(coverage, "zh")


def test_a_month_that_says_everything_asks_for_nothing() -> None:
    assert (
        describe_coverage(count_coverage([Output("kpi", "a", "released")]), "en")
        == "1 of 1 KPIs, 0 of 0 lists"
    )
