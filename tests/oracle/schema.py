"""The tables of the input contract that the KPIs need: keys, columns and how their values are typed."""

from __future__ import annotations

from dataclasses import dataclass, field

TIERS = ("none", "silver", "gold", "diamond")
ENUMS: dict[str, frozenset[str]] = {
    name: frozenset(values.split())
    for name, values in {
        "customer_type": "individual group",
        "vip_tier": " ".join(TIERS),
        "tier": " ".join(TIERS),
        "service_type": "mobile broadband fixed_line private_line",
        "status": "active suspended_arrears suspended_request pre_terminated terminated",
        "termination_reason": "voluntary port_out arrears relocation other",
        "org_kind": "city branch unit",
        "card_status": "valid void",
        "category": "complaint fault enquiry other",
        "severity": "low high",
        "kind": "credit_note write_off prepaid_applied",
        "from_status": "active suspended_arrears suspended_request pre_terminated terminated",
        "to_status": "active suspended_arrears suspended_request pre_terminated terminated",
    }.items()
}


@dataclass(frozen=True)
class Table:
    """Columns by kind; every one named in `required` must be there and filled in every row."""

    key: tuple[str, ...]
    required: frozenset[str]
    kinds: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        return list(self.kinds)


def _table(key: str, **by_kind: str) -> Table:
    """`_table("a", text="a* b", money="c")`: a star marks a required column."""
    kinds: dict[str, str] = {}
    required: set[str] = set()
    for kind, names in by_kind.items():
        for name in names.split():
            kinds[name.rstrip("*")] = kind
            if name.endswith("*"):
                required.add(name.rstrip("*"))
    return Table(tuple(key.split()), frozenset(required), kinds)


TABLES: dict[str, Table] = {
    "customer": _table(
        "customer_id",
        text="customer_id* customer_type* vip_tier group_customer_id name phone birth_year",
        bool="do_not_contact personalisation_opt_out is_key_account_registered",
    ),
    "service": _table(
        "service_id",
        text="service_id* customer_id* number service_type* status* termination_reason plan_id replaces_service_id",
        date="status_since activated_on* terminated_on contract_end_on promotion_end_on",
        money="plan_fee promotion_discount_amount",
        bool="is_fee_waiver_approved is_excluded",
    ),
    "plan": _table(
        "plan_id",
        text="plan_id* name*",
        money="monthly_fee*",
        qty="included_minutes included_data_mb",
    ),
    "bill": _table(
        "bill_id",
        text="bill_id* service_id* customer_id*",
        month="bill_month*",
        money="billed_amount* adjustment_amount",
        date="due_on*",
    ),
    "receivable": _table(
        "bill_id",
        text="bill_id* service_id* customer_id*",
        month="bill_month*",
        money="open_amount*",
        date="due_on*",
        bool="is_disputed",
    ),
    "prepaid_balance": _table(
        "customer_id", text="customer_id*", money="balance_amount*"
    ),
    "usage": _table(
        "service_id",
        text="service_id*",
        qty="voice_calls* voice_minutes* sms_count* data_mb* off_net_minutes active_days",
        date="last_used_on",
    ),
    "ownership": _table(
        "customer_id valid_from",
        text="customer_id* branch_id* unit_id manager_id",
        date="valid_from* valid_to",
    ),
    "organisation": _table("org_id", text="org_id* org_kind* name* parent_id"),
    "vip_card": _table(
        "card_id",
        text="card_id* customer_id* tier* card_status*",
        date="issued_on delivered_on expires_on",
    ),
    "trouble_ticket": _table(
        "ticket_id",
        text="ticket_id* customer_id* service_id category* touch_point owning_channel severity",
        time="opened_at* closed_at",
    ),
    "status_change": _table(
        "service_id changed_at",
        text="service_id* from_status to_status* reason",
        time="changed_at*",
    ),
    "survey_answer": _table(
        "answer_id",
        text="answer_id* customer_id* activity_id",
        date="answered_on*",
        qty="score*",
    ),
    "target": _table(
        "kpi scope_kind scope_id",
        text="kpi* scope_kind* scope_id*",
        qty="target_value*",
    ),
    "payment": _table(
        "payment_id",
        text="payment_id* customer_id* bill_id",
        date="paid_on*",
        money="amount*",
    ),
    "adjustment": _table(
        "adjustment_id",
        text="adjustment_id* bill_id* customer_id* kind*",
        date="adjusted_on*",
        money="amount*",
    ),
    "activity": _table(
        "activity_id",
        text="activity_id* name* branch_id",
        date="held_on*",
        qty="seats",
    ),
    "activity_guest": _table(
        "activity_id customer_id",
        text="activity_id* customer_id*",
        bool="is_invited has_attended",
    ),
    "loyalty": _table(
        "customer_id",
        text="customer_id*",
        qty="points_balance* points_expiring points_redeemed",
        date="points_expire_on",
        bool="is_barred",
    ),
    "plan_change": _table(
        "service_id changed_on",
        text="service_id* from_plan_id to_plan_id*",
        date="changed_on*",
    ),
}
