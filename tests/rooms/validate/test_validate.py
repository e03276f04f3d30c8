"""Validate: a finding holds back the outputs made of what it is about, and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.catalogue.expectations import Expectation, load_suites
from pipelines.catalogue.lineage import trace_delivered_columns
from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.core.errors import SpecError
from pipelines.jobs.run import release_month, run_month
from pipelines.rooms import validate
from pipelines.rooms.context import Context
from pipelines.rooms.validate.verdicts import Verdict
from pipelines.store.manifest import TableEntry
from pipelines.store.waivers import accept_finding
from tests.rooms.validate.conftest import Judged, finding, outputs, run_room
from tests.support.small import MONTH, Row, Town, job, only, read, room_context

KPIS = {(f"{k.name}.{v}", k.spec) for k in load_kpis() for v in k.variants}
ALL_LISTS = [spec.name for spec in load_lists()]
OWN_SCOPES = {
    f"{k.name}.{v}"
    for k in load_kpis()
    for v in k.variants
    if k.meta.get("scopes") == "own"
}
PARTS = {
    ("kpi", name, "parts"): "withheld" for name, _ in KPIS if name not in OWN_SCOPES
}
VERIFIED = (
    "success_rate.contacted",
    "success_rate.dispatched",
    "success_rate.claimed",
)  # claims against the books
ZERO_RATES = ("zero_usage_rate.all", "zero_usage_rate.calls", "zero_usage_rate.all_2m")
ZERO = (*ZERO_RATES, "vip_zero_usage", "group_zero_usage")


@pytest.mark.parametrize(
    ("table", "column", "held"),
    [
        (
            "vip_card",
            "delivered_on",
            outputs(
                "withheld", "vip_card_holding_rate.holding", "card_issue", *VERIFIED
            ),
        ),
        ("usage", "voice_calls", outputs("withheld", *ZERO)),
        ("loyalty", "points_balance", outputs("withheld", "points_redemption")),
        (
            "service",
            "termination_reason",
            outputs(
                "withheld",
                "churn_rate.voluntary",
                "churn_rate.involuntary",
                "churn_rate.unknown_reason",
            ),
        ),
        (
            "payment",
            "amount",
            outputs(
                "withheld",
                "promise_kept_rate.kept",
                *VERIFIED,
                "success_rate.contacted_m3",
                "success_rate.dispatched_m3",
                "success_rate.claimed_m3",
            ),
        ),
        (
            "ownership",
            "manager_id",
            PARTS
            | outputs(
                "withheld",
                "unclaimed_rate.customers",
                "unclaimed_rate.revenue",
                *VERIFIED,
                *ALL_LISTS,
            ),
        ),
        ("customer", "do_not_contact", outputs("withheld", *ALL_LISTS)),
        ("organisation", "parent_id", PARTS),
    ],
)
def test_a_failed_critical_withholds_exactly_what_is_made_of_its_column(
    judged: Judged, table: str, column: str, held: dict[tuple[str, str, str], str]
) -> None:
    assert judged(finding(table, column)) == held


def test_a_failed_warning_is_a_caveat(judged: Judged) -> None:
    assert judged(finding("usage", "voice_calls", "warning")) == outputs(
        "caveat", *ZERO
    )


def test_a_finding_about_a_table_concerns_all_made_of_it(judged: Judged) -> None:
    more = ("low_saturation_rate.two_months", "down_migration")
    assert judged(finding("usage", None, "warning")) == outputs("caveat", *ZERO, *more)


def test_info_and_success_hold_nothing_back(judged: Judged) -> None:
    assert (
        judged(
            finding("bill", "billed_amount", "info"),
            finding("bill", None, success=True),
        )
        == {}
    )


def test_the_worst_finding_counts_and_is_the_one_named(tmp_path: Path) -> None:
    found = [
        finding("vip_card", "tier", "warning"),
        finding("vip_card", "tier"),
        finding("vip_card", None),
    ]
    folder = run_room(tmp_path, *found)
    row = only(read(folder, "validate_release", output="card_issue"))
    assert (row["status"], row["reason"]) == (
        "withheld",
        "vip_card.tier_critical; vip_card.None_critical",
    )


def test_a_finding_on_complaints_reaches_the_lists_they_stop(judged: Judged) -> None:
    stopped = [spec.name for spec in load_lists() if spec.meta["purpose"] != "service"]
    assert judged(finding("trouble_ticket", "severity")) == outputs(
        "withheld", *stopped
    )


@pytest.mark.parametrize(
    ("shown", "held"),
    [
        (["voice_change_rate"], {"churn_risk", "cohort_at_risk"}),
        (["tenure_months"], set()),
        ([], set()),
    ],
)
def test_a_list_made_by_a_score_depends_on_what_the_model_sees(
    tmp_path: Path, shown: list[str], held: set[str]
) -> None:
    folder = run_room(tmp_path, finding("usage", "voice_minutes"), scored_by=shown)
    withheld = {
        r["output"]
        for r in read(folder, "validate_release", status="withheld", kind="list")
    }
    assert withheld & {"churn_risk", "cohort_at_risk"} == held


def test_a_finding_on_managers_spares_what_goes_to_the_branch(judged: Judged) -> None:
    assert ("list", "unclaimed", "all") not in judged(
        finding("account_manager", "capacity")
    )


def test_every_output_has_its_release(tmp_path: Path) -> None:
    rows = read(run_room(tmp_path), "validate_release")
    keys = [(r["kind"], r["output"], r["scope"]) for r in rows]
    assert len(set(keys)) == len(keys) == 2 * len(KPIS) + len(ALL_LISTS)
    assert {r["status"] for r in rows} == {"released"} and all(
        r["reason"] is None for r in rows
    )


def test_results_are_written_with_what_they_do(tmp_path: Path) -> None:
    found = [
        finding("bill", "due_on"),
        finding("bill", None, "warning"),
        finding("plan", "name", success=True),
    ]
    rows = read(run_room(tmp_path, *found), "validate_result")
    seen = {
        (r["table"], r["severity"], r["success"], r["released"])
        for r in rows
        if r["state"] != "not_judged"
    }
    assert seen == {
        ("bill", "critical", False, "withheld"),
        ("bill", "warning", False, "caveat"),
        ("plan", "critical", True, "released"),
    }


def test_samples_show_no_person(tmp_path: Path) -> None:
    row = {
        "customer_id": "C00012345678",
        "phone": "13812345678",
        "name": "张三丰",
        "branch_id": "B1",
        "amount": 5,
    }
    found = replace(finding("bill", "due_on"), samples=(row,))
    sample = only(read(run_room(tmp_path, found), "validate_sample"))["sample"]
    assert (
        sample
        == "customer_id=C0001****678; phone=138****5678; name=张**; branch_id=B1; amount=5"
    )


def test_a_rule_that_says_nothing_says_why(tmp_path: Path) -> None:
    rows = read(
        run_room(tmp_path), "validate_result", finding="bill.same_as_last_month"
    )
    assert [(r["state"], r["not_judged"], r["success"]) for r in rows] == [
        ("not_judged", "not held: 2026-07", None)
    ]


def test_an_installation_sets_its_own_severities(tmp_path: Path) -> None:
    gate_file = tmp_path / "gate.yml"
    gate_file.write_text(
        "usage.column_values_to_be_between:sms_count: {severity: info, mostly: 0.5}"
    )
    suite = {e.finding: e for e in load_suites(MONTH, gate_file)["usage"]}
    changed = suite["usage.column_values_to_be_between:sms_count"]
    assert (changed.severity, changed.kwargs["mostly"]) == ("info", 0.5)
    gate_file.write_text("usage.no_such_rule: {severity: info}")
    with pytest.raises(SpecError, match="no_finding"):
        load_suites(MONTH, gate_file)


# -- what is judged ----------------------------------------------------------------------------------------------


def judged_names(folder: Path, tables: dict[str, Row]) -> dict[str, set[str]]:
    """The expectations a month's tables are judged by."""
    seen: dict[str, set[str]] = {}

    def judge(_: Context, suites: Mapping[str, Sequence[Expectation]]) -> list[Verdict]:
        seen.update({t: {e.name for e in suite} for t, suite in suites.items()})
        return []

    with room_context(folder, {}) as context:
        context.draft.finished = {
            f"snapshot_{table}": TableEntry.from_json(entry)
            for table, entry in tables.items()
        }
        validate.run(context, judge)
    return seen


def test_absent_tables_and_columns_are_not_judged(tmp_path: Path) -> None:
    tables: dict[str, Row] = {
        "customer": {"status": "computed", "absent": ["vip_tier"]},
        "usage": {"status": "computed", "absent": []},
        "bill": {"status": "not_computed", "reasons": ["refused: bill"]},
    }
    seen = judged_names(tmp_path, tables)
    assert (
        set(seen) == {"customer", "usage"}
        and "column_values_to_be_between:active_days" in seen["usage"]
    )
    assert not any("vip_tier" in name for name in seen["customer"]) and seen["customer"]


# -- the whole way, with Great Expectations ----------------------------------------------------------------------


def test_bad_cards_hold_back_the_cards_and_nothing_else(tmp_path: Path) -> None:
    town = Town().person("ann").person("bob").person("cat", manager=None).owe("ann")
    for card, tier in (("K1", "gold"), ("K2", "gold"), ("K3", "platinum")):
        town.add("vip_card", card_id=card, tier=tier)
    version = run_month(job(tmp_path / "home", town.write(tmp_path / "source")))
    held = {r["output"] for r in read(version, "validate_release", status="withheld")}
    assert held == {"vip_card_holding_rate.holding", "card_issue", *VERIFIED}
    kpi = only(
        read(version, "kpi_monthly", kpi="vip_card_holding_rate", scope_kind="company")
    )
    assert (kpi["status"], kpi["numerator"], kpi["denominator"]) == (
        "withheld",
        1,
        3,
    )  # computed, but not to be used
    assert "vip_card.quarantined_share_5" in kpi["reason"] and not read(
        version, "dispatch_order", list="card_issue"
    )
    assert read(version, "validate_result", success=False) and version.month == MONTH


def test_a_waiver_makes_a_new_version_and_leaves_a_sealed_month_alone(
    tmp_path: Path,
) -> None:
    town = Town().person("ann").add("vip_card", tier="platinum")
    this = job(tmp_path / "home", town.write(tmp_path / "source"))
    first = run_month(this)
    failed = read(first, "validate_result", state="failed", table="vip_card")
    for row in failed:
        accept_finding(this.home, row["finding"], "one old card", str(MONTH), "li")
    second = run_month(this)
    holding = "vip_card_holding_rate.holding"
    states = [
        only(read(v, "validate_release", output=holding, scope="company"))["status"]
        for v in (first, second)
    ]
    assert (
        failed
        and states == ["withheld", "caveat"]
        and (first.number, second.number) == (1, 2)
    )
    release_month(this)
    accept_finding(this.home, "bill.unit_jump", "later", "2026-12", "li")
    assert run_month(this).number == 2


def test_no_output_is_made_of_nothing() -> None:
    assert {name for name, spec in KPIS if not trace_delivered_columns(spec)} == {
        "contact_rate.reached"
    }  # the office alone tells it
