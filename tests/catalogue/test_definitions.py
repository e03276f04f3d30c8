"""The lists and KPIs that the office defines: in their order, with their defaults and targets."""

from __future__ import annotations

import pytest

from pipelines.catalogue.outputs import load_kpis, load_lists

KPIS = list(load_kpis())

# The lists that the definitions name, in the order of their table: purpose, hold-out, due. Others may stand among them.
DEFINED = {
    "termination_save": ("service", False, {"working_days": 2}),
    "suspended_reactivation": ("debt", False, {"working_days": 3}),
    "arrears": ("debt", False, {"working_days": 7}),
    "fixed_arrears": ("debt", False, {"working_days": 7}),
    "group_arrears": ("debt", False, {"working_days": 7}),
    "renewal": ("marketing", True, {"column": "due_on"}),
    "vip_zero_usage": ("service", True, {"day": 12}),
    "group_zero_usage": ("service", True, {"day": 12}),
    "cohort_at_risk": ("service", True, {"day": 12}),
    "churn_risk": ("marketing", True, {"day": 12}),
    "down_migration": ("marketing", True, {"day": 12}),
    "card_issue": ("service", False, {"day": 10}),
    "vip_allocation": ("service", False, {"day": 10}),
    "unclaimed": ("service", False, {"day": 5}),
    "points_redemption": ("marketing", True, {"column": "due_on"}),
    "activity_invite": ("marketing", True, {"column": "due_on"}),
}
DEFAULTS = {
    "vip_card_holding_rate": ("holding", 0.80),
    "arrears_rate": ("t1_amount", 0.02),
    "churn_rate": ("start_base", None),
    "dynamic_retention_rate": ("rolling", None),
    "cohort_retention_rate": ("billed", None),
    "revenue_retention_rate": ("net", None),
    "composite_retention_rate": ("mean", None),
    "zero_usage_rate": ("all", None),
    "low_saturation_rate": ("two_months", None),
    "down_migration_rate": ("revenue_drop", None),
    "reactivation_rate": ("d7", None),
    "renewal_rate": ("renewed", None),
    "unclaimed_rate": ("customers", None),
    "points_redemption_rate": ("listed", None),
    "complaint_rate": ("per_10k", None),
    "perception_rate": ("top_two", None),
    "arpu": ("mean_base", None),
    "zero_tariff_circuits": ("count", 0),
    "revenue_completion": ("ytd", None),
    "revenue_growth": ("ytd", None),
    "collection_effectiveness": ("cei", None),
    "days_sales_outstanding": ("dso", None),
    "group_registration_rate": ("registered", None),
    "private_line_score": ("score", 9),
    "contact_rate": ("reached", None),
    "success_rate": ("contacted", None),
    "promise_kept_rate": ("kept", None),
    "incremental_retention": (None, 0),
}


@pytest.mark.parametrize("name", DEFINED)
def test_a_list_of_the_definitions_is_as_defined(name: str) -> None:
    meta = next(spec.meta for spec in load_lists() if spec.name == name)
    assert (meta["purpose"], meta["holdout"], meta["due"]) == DEFINED[name]


def test_lists_stand_in_the_order_of_the_definitions() -> None:
    assert [spec.name for spec in load_lists() if spec.name in DEFINED] == list(DEFINED)


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_kpi_of_the_definitions_has_their_default_and_target(name: str) -> None:
    found = [kpi for kpi in KPIS if kpi.name == name]
    default, target = DEFAULTS[name]
    assert found and {kpi.meta["default"] for kpi in found} == {
        default or found[0].meta["default"]
    }
    assert {kpi.meta.get("target") for kpi in found} == {target}


def test_every_list_that_holds_somebody_out_has_its_effect_as_a_kpi() -> None:
    effects = next(kpi for kpi in KPIS if kpi.name == "incremental_retention")
    assert effects.variants == [
        "overall",
        *(spec.name for spec in load_lists() if spec.meta["holdout"]),
    ]
