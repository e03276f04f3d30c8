"""The office's own KPIs on a synthetic operator: parts and company, the unclaimed, and books that tie."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.catalogue.outputs import load_kpis
from pipelines.store.lake import MonthFolder
from tests.rooms.kpi.conftest import Computed, a_kpi, by_scope, owners, parts
from tests.support.small import Row, read, twin_operator, yuan


def monthly() -> list[Row]:
    return read(twin_operator().version, "kpi_monthly")


ALONE = {
    (k.name, v)
    for k in load_kpis()
    for v in k.variants
    if k.meta.get("value") == "given"
}  # of the company alone
OWN_SCOPES = {
    (k.name, v)
    for k in load_kpis()
    for v in k.variants
    if k.meta.get("scopes") == "own"
} - ALONE
VALUE_ONLY = {k.name for k in load_kpis() if k.meta.get("value", "sum") != "sum"}
# Denominators that are targets of scopes need not add up.
PLACED = {k.name for k in load_kpis() if "scope_kind" in k.spec.tree.named_selects}


def test_parts_add_up_to_the_company_for_every_kpi_variant_and_kind() -> None:
    whole = {
        (r["kpi"], r["variant"]): r for r in monthly() if r["scope_kind"] == "company"
    }
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(
        lambda: [Decimal(0), Decimal(0)]
    )
    for r in monthly():
        if (
            r["scope_kind"] != "company"
            and r["kpi"] not in VALUE_ONLY
            and (r["kpi"], r["variant"]) not in OWN_SCOPES
        ):
            for place, part in enumerate(
                (r["numerator"], 0 if r["kpi"] in PLACED else r["denominator"] or 0)
            ):
                sums[r["kpi"], r["variant"], r["scope_kind"]][place] += part
    assert len(sums) > 80
    for (kpi, variant, kind), total in sums.items():
        company = whole[kpi, variant]
        assert total == [
            company["numerator"],
            0 if kpi in PLACED else company["denominator"] or 0,
        ], (
            kpi,
            variant,
            kind,
        )


def test_every_variant_has_one_company_row() -> None:
    found = [
        (r["kpi"], r["variant"]) for r in monthly() if r["scope_kind"] == "company"
    ]
    assert sorted(found) == sorted(
        {(k.name, v) for k in load_kpis() for v in k.variants} - OWN_SCOPES
    )
    defaults = [
        r["kpi"] for r in monthly() if r["scope_kind"] == "company" and r["is_default"]
    ]
    assert sorted(defaults) == sorted({k.name for k in load_kpis()})


def test_the_unclaimed_stand_in_every_kind_of_every_computed_kpi() -> None:
    computed = (
        {(r["kpi"], r["variant"]) for r in monthly() if r["status"] != "not_computed"}
        - OWN_SCOPES
        - ALONE
    )
    unclaimed = [
        (r["kpi"], r["variant"], r["scope_kind"])
        for r in monthly()
        if r["scope_id"] == "unclaimed"
    ]
    kinds = ("city", "branch", "unit", "manager")
    assert sorted(unclaimed) == sorted(
        [
            *((*k, kind) for k in computed for kind in kinds),
            *((*k, k[1]) for k in OWN_SCOPES),
        ]
    )


def test_values_are_numerator_over_denominator_and_gaps_value_less_target() -> None:
    counts = {k.name for k in load_kpis() if k.meta["unit"] == "count"}
    assert all(
        r["numerator"] is None and r["denominator"] is None
        for r in monthly()
        if r["kpi"] in VALUE_ONLY
    )
    for r in monthly():
        if r["value"] is not None and r["kpi"] not in counts | VALUE_ONLY:
            assert r["value"] == pytest.approx(
                float(r["numerator"] / r["denominator"]), rel=1e-12
            )
        assert (r["gap"] is None) == (r["value"] is None or r["target"] is None)


def test_what_is_not_computed_says_why() -> None:
    first = MonthFolder(twin_operator().home, twin_operator().months[0]).version()
    rows = read(first, "kpi_monthly", status="not_computed")
    assert rows and all(
        r["reason"] and r["value"] is None and r["scope_id"] == "company" for r in rows
    )


# -- the books must tie ------------------------------------------------------------------------------------------


def broken_ties(folder: Path) -> set[tuple[str, str]]:
    """The checks that failed: (check, KPI)."""
    return {(r["check"], r["kpi"]) for r in read(folder, "kpi_tie", success=False)}


def test_a_customer_in_two_branches_does_not_tie_and_is_withheld(
    computed: Computed, tmp_path: Path
) -> None:
    twice = [*owners(a="B1", b="B2"), *owners(a="B2")]
    rows = computed(
        a_kpi(parts(("a", 1, 4), ("b", 3, 4))), more={"features_owner": twice}
    )
    sums = {
        f"{kind} {side}"
        for kind in ("city", "branch", "unit", "manager")
        for side in ("numerator", "denominator")
    }
    assert broken_ties(tmp_path) == {(check, "made") for check in sums}
    assert {r["status"] for r in rows} == {"withheld"} and by_scope(
        rows, "company", "numerator"
    ) == {"company": 4}
    assert all(
        "does_not_tie: branch denominator, branch numerator" in r["reason"]
        for r in rows
    )


def ledger(**of: str) -> dict[str, list[Row] | pa.Table]:
    """Bills of 70.00 less 10.00, and of 30.00 on a line that does not count; the ledger says what is given."""
    return {
        "snapshot_service": [
            {"service_id": "S1", "is_excluded": None},
            {"service_id": "S2", "is_excluded": True},
        ],
        "snapshot_bill": [
            {
                "service_id": "S1",
                "billed_amount": yuan("70.00"),
                "adjustment_amount": yuan("-10.00"),
            },
            {
                "service_id": "S2",
                "billed_amount": yuan("30.00"),
                "adjustment_amount": None,
            },
        ],
        "features_revenue": pa.Table.from_pylist(
            [{"customer_id": c, "revenue": yuan(v)} for c, v in of.items()]
        ),
    }


@pytest.mark.parametrize(
    ("revenue", "numerator", "broken"),
    [
        ("60.00", "60.00", set()),
        ("60.01", "60.01", {("bills to ledger", "arpu")}),
        ("60.00", "59.99", {("ledger to KPI", "arpu")}),
    ],
)
def test_bills_are_the_ledger_and_the_ledger_is_the_kpi(
    computed: Computed,
    tmp_path: Path,
    revenue: str,
    numerator: str,
    broken: set[tuple[str, str]],
) -> None:
    arpu = a_kpi(
        parts(("a", numerator, 1)),
        "arpu",
        default="mean_base",
        variants={"mean_base": {}},
    )
    rows = computed(arpu, more=ledger(a=revenue))
    assert broken_ties(tmp_path) == broken
    assert {r["status"] for r in rows} == {"withheld" if broken else "released"}


def test_a_finding_about_a_branch_reaches_its_units_and_managers(
    computed: Computed,
) -> None:
    scopes = {"company": "released", "parts": "released", "branch:B2": "caveat"}
    release = [
        {
            "kind": "kpi",
            "output": "made.plain",
            "scope": s,
            "status": v,
            "reason": None if v == "released" else "x.y",
        }
        for s, v in scopes.items()
    ]
    rows = computed(a_kpi(parts(("a", 1, 4), ("b", 3, 4))), release=release)
    assert {r["scope_id"] for r in rows if r["status"] == "caveat"} == {
        "B2",
        "U-B2",
        "M-B2",
    }
