"""KPIs about lines: arrears, churn, use, plans, contracts, private lines."""

from __future__ import annotations

import pandas as pd

from .parts import Part, Rule, entries, isin, mean_base, share
from .state import Held, Month

SERVICE = "service_id"
OWN_WILL = ("voluntary", "port_out", "relocation", "other")


def arrears_services(held: Held) -> Part:
    month = held.now
    items = month.lines("receivable")
    late = items.loc[items["due_on"] <= month.last, SERVICE]
    return share(month.net["customer_id"], isin(month.net[SERVICE], late))


def _lost(held: Held) -> tuple[pd.DataFrame, pd.Series]:
    """Net(m-1), and which of it is lost."""
    before = held.back(1).net
    return before, ~before[SERVICE].isin(held.now.net[SERVICE])


def _lost_why(held: Held) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Net(m-1), which of it is lost, and for what reason; nobody's reason is known without the column."""
    before, lost = _lost(held)
    held.now.need("service", "termination_reason")
    reasons = held.now.services.set_index(SERVICE)["termination_reason"]
    return before, lost, before[SERVICE].map(reasons)


def churn(held: Held) -> Part:
    before, lost = _lost(held)
    return share(before["customer_id"], lost)


def churn_voluntary(held: Held) -> Part:
    before, lost, reason = _lost_why(held)
    return share(before["customer_id"], lost & reason.isin(OWN_WILL))


def churn_involuntary(held: Held) -> Part:
    before, lost, reason = _lost_why(held)
    return share(before["customer_id"], lost & reason.eq("arrears"))


def churn_unknown(held: Held) -> Part:
    before, lost, reason = _lost_why(held)
    return share(before["customer_id"], lost & reason.isna())


def churn_mean_base(held: Held) -> Part:
    return Part(churn(held).num, mean_base(held), 1, 2)


def active_mobile(month: Month) -> pd.DataFrame:
    """The mobile lines active at the cut-off."""
    services = month.services
    return services[
        (services["service_type"] == "mobile") & (services["status"] == "active")
    ]


def _older(held: Held) -> pd.DataFrame:
    """Mobile lines active at the cut-off and activated before m."""
    lines = active_mobile(held.now)
    return lines[lines["activated_on"] < held.now.first]


def _active_before(lines: pd.DataFrame, month: Month) -> pd.DataFrame:
    """Those of the lines that were active at the earlier cut-off too."""
    was = month.services.loc[month.services["status"] == "active", SERVICE]
    return lines[lines[SERVICE].isin(was)]


def _used(month: Month, column: str, lines: pd.DataFrame) -> pd.Series:
    """What the lines used; one without a usage row used nothing."""
    usage = month.lines("usage").set_index(SERVICE)[column].astype(object)
    return (
        lines[SERVICE].map(usage).astype(object).where(lambda value: value.notna(), 0)
    )


def is_idle(month: Month, lines: pd.DataFrame) -> pd.Series:
    """Which of these lines used nothing in the month."""
    columns = ("voice_calls", "sms_count", "data_mb")
    idle = pd.Series(True, index=lines.index)
    for column in columns:
        idle &= _used(month, column, lines).eq(0).astype(bool)
    return idle


def zero_calls(held: Held) -> Part:
    lines = _older(held)
    return share(
        lines["customer_id"], _used(held.now, "voice_calls", lines).eq(0).astype(bool)
    )


def zero_all(held: Held) -> Part:
    lines = _older(held)
    return share(lines["customer_id"], is_idle(held.now, lines))


def zero_all_2m(held: Held) -> Part:
    lines = _active_before(_older(held), held.back(1))
    return share(
        lines["customer_id"], is_idle(held.now, lines) & is_idle(held.back(1), lines)
    )


def _bundles(month: Month) -> pd.DataFrame:
    """The month's lines whose plan of that month holds both, with what it holds."""
    bundle = ["included_minutes", "included_data_mb"]
    plans = month.need("plan", *bundle).dropna(subset=bundle)
    month.need("service", "plan_id")
    return active_mobile(month).merge(plans, on="plan_id")


def _hardly_used(month: Month) -> pd.Index:
    lines = _bundles(month)
    low = pd.Series(True, index=lines.index)
    for used, included in (
        ("voice_minutes", "included_minutes"),
        ("data_mb", "included_data_mb"),
    ):
        low &= (_used(month, used, lines) * 5 < lines[included]).astype(bool)
    found: pd.Index = pd.Index(lines.loc[low, SERVICE])
    return found


def low_saturation(held: Held) -> Part:
    """Each month is judged by the plan of that month; the plan at m decides who is counted."""
    before, now = held.back(1), held.now
    lines = _active_before(_bundles(now), before)
    earlier = _hardly_used(before)
    return share(
        lines["customer_id"],
        lines[SERVICE].isin(_hardly_used(now)) & lines[SERVICE].isin(earlier),
    )


def _plan_changed(month: Month) -> pd.Index:
    """Lines whose last new plan of the month is another than their first old one."""
    changes = month.lines("plan_change", "from_plan_id").sort_values(
        [SERVICE, "changed_on"]
    )
    changes = changes[
        (changes["changed_on"] >= month.first) & (changes["changed_on"] <= month.last)
    ]
    first = changes.drop_duplicates(SERVICE, keep="first").set_index(SERVICE)[
        "from_plan_id"
    ]
    last = changes.drop_duplicates(SERVICE, keep="last").set_index(SERVICE)[
        "to_plan_id"
    ]
    return first.index[first.notna() & (first != last.reindex(first.index))]


def down_migration(held: Held) -> Part:
    now, start = held.now, held.back(2)
    changed = _plan_changed(held.back(1))
    lines = now.net[
        (now.net["service_type"] == "mobile")
        & now.net["customer_id"].isin(now.individuals)
    ]
    long_ago = held.back(
        2
    ).first  # by the last day of m-3, that is before the first of m-2
    lines = lines[
        lines[SERVICE].isin(start.billed(SERVICE)) & (lines["activated_on"] < long_ago)
    ]
    fen = now.revenue_of(lines[SERVICE], SERVICE).to_numpy()
    earlier = start.revenue_of(lines[SERVICE], SERVICE).to_numpy()
    return share(lines["customer_id"], lines[SERVICE].isin(changed) & (fen < earlier))


def renewal(held: Held) -> Part:
    before, now = held.back(1), held.now
    before.need("service", "contract_end_on")
    now.need("service", "contract_end_on")
    ends = before.services["contract_end_on"]
    due = before.services[(ends >= now.first) & (ends <= now.last)]
    later = (
        due[SERVICE].map(now.services.set_index(SERVICE)["contract_end_on"])
        > due["contract_end_on"]
    )
    return share(due["customer_id"], later & due[SERVICE].isin(now.net[SERVICE]))


def zero_tariff(held: Held) -> Part:
    now = held.now
    now.need("service", "is_fee_waiver_approved")
    services = now.services
    lines = services[
        (services["service_type"] == "private_line") & (services["status"] == "active")
    ]
    free = now.revenue_of(lines[SERVICE], SERVICE).to_numpy() == 0
    waived = lines["is_fee_waiver_approved"].fillna(False).astype(bool)
    return Part(entries(lines.loc[free & ~waived, "customer_id"]), None)


SERVICE_RULES: dict[tuple[str, str], Rule] = {
    ("arrears_rate", "services"): arrears_services,
    ("churn_rate", "start_base"): churn,
    ("churn_rate", "voluntary"): churn_voluntary,
    ("churn_rate", "involuntary"): churn_involuntary,
    ("churn_rate", "unknown_reason"): churn_unknown,
    ("churn_rate", "mean_base"): churn_mean_base,
    ("zero_usage_rate", "calls"): zero_calls,
    ("zero_usage_rate", "all"): zero_all,
    ("zero_usage_rate", "all_2m"): zero_all_2m,
    ("low_saturation_rate", "two_months"): low_saturation,
    ("down_migration_rate", "revenue_drop"): down_migration,
    ("renewal_rate", "renewed"): renewal,
    ("zero_tariff_circuits", "count"): zero_tariff,
}
