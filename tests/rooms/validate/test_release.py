"""Which outputs a finding reaches: by table, column and month, for wholes, parts, branches and lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.catalogue.lineage import ColumnName, Delivered, find_feature_columns
from pipelines.core.month import Month
from pipelines.rooms.validate.release import (
    Effect,
    Eras,
    count_held,
    release_outputs,
)

JUNE, JULY, AUGUST = (Month.parse(f"2026-0{number}") for number in (6, 7, 8))
ERAS = Eras(AUGUST, {"base": JUNE, "prior": None})
USAGE = Effect("usage.x", AUGUST, "usage", ("voice_calls",), "withheld")
TICKETS = Effect("trouble_ticket.x", AUGUST, "trouble_ticket", (), "withheld")
CARDS = Effect("vip_card.x", AUGUST, "vip_card", (), "withheld")
OWNERS = Effect("ownership.x", AUGUST, "ownership", ("manager_id",), "withheld")
RATE = ("kpi", "zero_usage_rate.calls")


def judge(
    *effects: Effect, scored_by: frozenset[ColumnName] = frozenset()
) -> dict[tuple[str, str, str], tuple[str, str | None]]:
    """What becomes of each output and scope."""
    rows = {}
    for row in release_outputs(effects, ERAS, scored_by):
        whose = (str(row["kind"]), str(row["output"]), str(row["scope"]))
        assert whose not in rows
        rows[whose] = (str(row["status"]), row["reason"])
    return rows


def find_touched(*effects: Effect) -> set[tuple[str, str, str]]:
    """The outputs and scopes that are not released as they are."""
    return {whose for whose, found in judge(*effects).items() if found[0] != "released"}


# -- one finding, one column -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "source", "touches"),
    [
        (("amount",), Delivered("snapshot_bill", "amount"), True),
        (("day", "amount"), Delivered("snapshot_bill", "amount"), True),
        (("day",), Delivered("snapshot_bill", "amount"), False),
        ((), Delivered("snapshot_bill", "amount"), True),
        ((), Delivered("snapshot_receivable", "amount"), False),
        (("amount",), Delivered("snapshot_receivable", "amount"), False),
        ((), Delivered("bill", "amount"), False),
    ],
)
def test_a_finding_touches_its_columns_or_its_whole_table(
    columns: tuple[str, ...], source: Delivered, touches: bool
) -> None:
    assert (
        Effect("bill.x", AUGUST, "bill", columns, "caveat").touches(source) is touches
    )


def test_a_finding_of_another_month_says_which_and_a_waived_one_that_it_is() -> None:
    assert USAGE.name_in(AUGUST) == "usage.x"
    assert USAGE.name_in(JULY) == "usage.x (2026-08)"
    waived = replace(USAGE, is_waived=True)
    assert waived.name_in(AUGUST) == "waived: usage.x"
    assert waived.name_in(JULY) == "waived: usage.x (2026-08)"


@pytest.mark.parametrize(
    ("months", "anchor", "month"),
    [
        (0, "", AUGUST),
        (2, "", JUNE),
        (0, "base", JUNE),
        (1, "base", Month.parse("2026-05")),
        (1, "prior", None),
        (1, "unknown", None),
    ],
)
def test_a_column_is_of_so_many_months_before_its_anchor(
    months: int, anchor: str, month: Month | None
) -> None:
    assert ERAS.when(Delivered("snapshot_bill", "amount", months, anchor)) == month


# -- which outputs ---------------------------------------------------------------------------------


def test_without_a_finding_everything_is_released() -> None:
    rows = judge()
    assert set(rows.values()) == {("released", None)}
    kinds = [(kind, scope) for kind, _, scope in rows]
    assert kinds.count(("kpi", "company")) == kinds.count(("kpi", "parts")) == 64
    assert kinds.count(("list", "all")) == 16


def test_a_finding_withholds_what_is_made_of_its_column_and_names_itself() -> None:
    rows = judge(USAGE)
    assert rows[*RATE, "company"] == rows[*RATE, "parts"] == ("withheld", "usage.x")
    assert rows["list", "vip_zero_usage", "all"] == ("withheld", "usage.x")
    assert rows["kpi", "arpu.mean_base", "company"] == ("released", None)
    assert rows["list", "arrears", "all"] == ("released", None)


def test_of_a_column_that_nothing_reads_nothing_is_withheld() -> None:
    assert find_touched(replace(USAGE, columns=("no_such_column",))) == set()


def test_a_finding_of_an_earlier_month_reaches_what_reads_that_month() -> None:
    of_july = replace(USAGE, month=JULY)
    rows = judge(of_july)
    assert rows["kpi", "zero_usage_rate.all_2m", "company"] == (
        "withheld",
        "usage.x (2026-07)",
    )
    assert rows[*RATE, "company"] == ("released", None)


def test_owners_decide_what_parts_are_and_not_what_the_company_is() -> None:
    rows = judge(OWNERS)
    assert rows[*RATE, "company"] == ("released", None)
    assert rows[*RATE, "parts"] == ("withheld", "ownership.x")
    # Parts of its own, by channel, have no owner.
    channel = ("kpi", "complaint_rate.owning_channel")
    assert rows[*channel, "company"] == rows[*channel, "parts"] == ("released", None)


def test_who_works_a_list_decides_about_it_too() -> None:
    assert judge(OWNERS)["list", "points_redemption", "all"] == (
        "withheld",
        "ownership.x",
    )


def test_a_complaint_stops_marketing_and_no_list_of_care() -> None:
    touched = {output for kind, output, _ in find_touched(TICKETS) if kind == "list"}
    assert "points_redemption" in touched
    assert "unclaimed" not in touched


def test_what_the_model_is_shown_decides_who_is_on_the_list_of_its_risks() -> None:
    by_share = find_feature_columns(frozenset({"off_net_share"}))
    risk = ("list", "churn_risk", "all")
    usage = replace(USAGE, columns=("off_net_minutes",))
    for effect in (usage, replace(usage, status="caveat", is_absence=True)):
        assert judge(effect)[risk] == ("released", None)
        assert judge(effect, scored_by=by_share)[risk] == (effect.status, "usage.x")
    assert judge(usage, scored_by=by_share)["list", "arrears", "all"][0] == "released"


def test_the_worst_finding_decides_and_is_named_alone() -> None:
    caveat = replace(USAGE, finding="usage.y", status="caveat")
    assert judge(caveat)[*RATE, "company"] == ("caveat", "usage.y")
    for effects in ((caveat, USAGE), (USAGE, caveat)):
        assert judge(*effects)[*RATE, "company"] == ("withheld", "usage.x")
    passed = replace(USAGE, status="released")
    assert judge(passed, caveat)[*RATE, "company"] == ("caveat", "usage.y")
    another = replace(USAGE, finding="usage.z")
    assert judge(USAGE, another)[*RATE, "company"] == ("withheld", "usage.x; usage.z")


# -- what is confined, what is absent --------------------------------------------------------------


def test_what_is_confined_to_branches_has_rows_there_and_leaves_the_others_alone() -> (
    None
):
    confined = replace(USAGE, branches=("B2", "B1"), is_confined=True)
    rows = judge(confined, replace(CARDS, status="caveat"))
    assert rows[*RATE, "company"] == rows[*RATE, "parts"] == ("released", None)
    assert rows["list", "vip_zero_usage", "all"] == ("released", None)
    branches = [scope for *whose, scope in rows if tuple(whose) == RATE]
    assert branches == ["company", "parts", "branch:B1", "branch:B2"]
    assert rows[*RATE, "branch:B1"] == ("withheld", "usage.x")
    # What is not confined counts in each of them.
    cards = ("kpi", "vip_card_holding_rate.holding")
    assert rows[*cards, "branch:B2"] == ("caveat", "vip_card.x")


def test_a_branch_is_told_of_its_own_findings_alone() -> None:
    first = replace(USAGE, branches=("B1",), is_confined=True)
    second = replace(USAGE, finding="usage.y", branches=("B2",), is_confined=True)
    rows = judge(first, second)
    assert rows[*RATE, "branch:B1"] == ("withheld", "usage.x")
    assert rows[*RATE, "branch:B2"] == ("withheld", "usage.y")


def test_what_was_confined_in_an_earlier_month_is_no_branch_of_this_one() -> None:
    confined = replace(USAGE, month=JULY, branches=("B1",), is_confined=True)
    assert find_touched(confined) == set()


def test_branches_of_what_is_not_confined_have_no_rows() -> None:
    rows = judge(replace(USAGE, branches=("B1",)))
    assert not [scope for *_, scope in rows if scope.startswith("branch:")]


def test_an_absent_column_matters_to_a_list_only_where_it_decides_who_is_on_it() -> (
    None
):
    absent = replace(TICKETS, status="caveat", is_absence=True)
    rows = judge(absent)
    assert rows["kpi", "complaint_rate.per_10k", "company"][0] == "caveat"
    assert rows["list", "points_redemption", "all"] == ("released", None)
    usage = replace(USAGE, status="caveat", is_absence=True)
    assert judge(usage)["list", "vip_zero_usage", "all"] == ("caveat", "usage.x")
    of_june = replace(usage, month=Month.parse("2025-01"))
    assert judge(of_june)["list", "vip_zero_usage", "all"] == ("released", None)


def test_a_column_that_is_absent_for_months_is_named_once() -> None:
    absent = replace(USAGE, status="caveat", is_absence=True)
    earlier = replace(absent, month=JULY)
    other = replace(absent, finding="usage.y")
    rows = judge(absent, earlier, other)
    both = rows["kpi", "zero_usage_rate.all_2m", "company"]
    assert both == ("caveat", "usage.x; usage.y")
    found = replace(earlier, is_absence=False)
    rows = judge(absent, found)
    both = rows["kpi", "zero_usage_rate.all_2m", "company"]
    assert both == ("caveat", "usage.x; usage.x (2026-07)")


# -- how much a finding holds back -----------------------------------------------------------------


def test_outputs_are_counted_once_for_each_finding_and_status() -> None:
    def row(
        output: str, scope: str, status: str, reason: str | None
    ) -> dict[str, str | None]:
        return {"kind": "kpi", "output": output, "scope": scope, "status": status, "reason": reason}  # fmt: skip

    rows = [
        row("a.x", "company", "withheld", "bill.x; bill.y"),
        row("a.x", "parts", "withheld", "bill.x"),
        row("b.x", "company", "withheld", "bill.x"),
        row("b.x", "parts", "caveat", "waived: bill.y"),
        row("c.x", "company", "released", None),
        row("a.x", "branch:B1", "caveat", "bill.y"),
    ]
    list_of_name = {**row("a.x", "all", "caveat", "bill.y"), "kind": "list"}
    assert count_held([*rows, list_of_name]) == {
        "bill.x": {"withheld": 2},
        "bill.y": {"withheld": 1, "caveat": 3},
    }
    assert count_held([]) == {}
