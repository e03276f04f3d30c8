"""Validate: a finding holds back the outputs made of what it is about, and no others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.catalogue.expectations import QUERY, Expectation, load_suites
from pipelines.catalogue.lineage import trace_delivered_columns
from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.catalogue.rule_blocks import RuleMeta
from pipelines.core.contract import load_contract
from pipelines.core.errors import SpecError
from pipelines.jobs.run import release_month, run_month
from pipelines.rooms import validate
from pipelines.rooms.context import Context
from pipelines.rooms.validate.gate import Verdict
from pipelines.store.champions import Champion
from pipelines.store.manifest import COMPUTED, TableEntry
from pipelines.store.waivers import Waiver, accept_finding
from tests.support.small import MONTH, Row, Town, job, none_of, only, read, room_context

Judged = Callable[..., dict[tuple[str, str, str], str]]
KPIS = {(f"{k.name}.{v}", k.spec) for k in load_kpis() for v in k.variants}


def finding(
    table: str, column: str | None, severity: str = "critical", success: bool = False
) -> Verdict:
    kwargs = {"column": column} if column else {}
    return Verdict(
        Expectation(
            table, "expect_x", kwargs, severity, {"id": f"{column}_{severity}"}
        ),
        success,
        "7 of 9 rows",
        "",
    )


def run_room(
    folder: Path,
    *found: Verdict,
    waived: str = "",
    trend: Sequence[Row] = (),
    scored_by: Sequence[str] = (),
) -> Path:
    """Run the room with those verdicts; `trend` is what the month before remembers, `scored_by` what the model sees."""
    before = {
        "prior.validate_trend": pa.Table.from_pylist(list(trend)),
        "m1.snapshot_plan": none_of("plan_id"),
    }
    with room_context(folder, before if trend else {}) as context:
        context.waivers = {
            waived: Waiver(
                waived, "checked", "2026-12", "li", "2026-09-01T00:00:00+00:00"
            )
        }
        context.draft.finished = {
            f"snapshot_{table}": TableEntry(COMPUTED) for table in load_contract()
        }
        context.champion = Champion("2026-07-1", folder, "") if scored_by else None
        (folder / "card.json").write_text(json.dumps({"features": list(scored_by)}))
        validate.run(context, lambda context, suites: list(found))
    return folder


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """What is not simply released after those verdicts: (kind, output, scope) → status."""

    def room(*found: Verdict) -> dict[tuple[str, str, str], str]:
        rows = read(run_room(tmp_path, *found), "validate_release")
        return {
            (r["kind"], r["output"], r["scope"]): r["status"]
            for r in rows
            if r["status"] != "released"
        }

    return room


def outputs(
    status: str, *names: str, parts: bool = True
) -> dict[tuple[str, str, str], str]:
    """KPI variants (with a dot) at their scopes, and lists, all of one status."""
    made: dict[tuple[str, str, str], str] = {}
    for name in names:
        scopes = ("company", "parts") if parts else ("company",)
        made |= (
            {("kpi", name, s): status for s in scopes}
            if "." in name
            else {("list", name, "all"): status}
        )
    return made


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
                *(
                    n
                    for n, _ in KPIS
                    if n.startswith("churn_rate.") and "mean" not in n
                ),
            ),
        ),
        ("payment", "amount", outputs("withheld", "promise_kept_rate.kept", *VERIFIED)),
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


# -- waivers, earlier months, branches ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "status"), [("critical", "caveat"), ("warning", "released")]
)
def test_an_accepted_finding_holds_back_less_and_stays_on_the_record(
    tmp_path: Path, severity: str, status: str
) -> None:
    found = finding("vip_card", "delivered_on", severity)
    name = found.expectation.finding
    folder = run_room(tmp_path, found, waived=name)
    release = only(read(folder, "validate_release", output="card_issue"))
    assert (release["status"], release["reason"]) == (
        status,
        f"waived: {name}" if status == "caveat" else None,
    )
    result = only(read(folder, "validate_result", finding=name))
    assert (result["state"], result["waived_by"], result["waived_why"]) == (
        "waived",
        "li",
        "checked",
    )
    held = 5 if status == "caveat" else 0  # both of the cards, and three of claims
    assert (result["caveat_count"], result["withheld_count"]) == (held, 0)


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
        (remembered("warning", "waived"), "", "released"),
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
        == "customer_id=C00012**5678; phone=138****5678; name=张**; branch_id=B1; amount=5"
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
