"""Hold every parameter of the twin, with its default and where the default comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from twin.codes import LISTS

Rates = tuple[float, ...]
SHARES = ("_rate", "_share", "_lift")


@dataclass(frozen=True)
class TwinConfig:
    """Set the rates of the synthetic operator; money in yuan, rates a month unless said otherwise.

    "MIIT" = the ministry's yearly communications bulletin; "annual reports" = China Mobile, Telecom and Unicom; "mission" =
    the retention-office brief's own figures; "assumed" = no public figure found, chosen so that the totals come out near one.
    The public ones were written down from memory: orders of magnitude, not fits, to be checked before they are quoted.
    """

    # Size of the house.
    services_per_branch: int = 4000  # assumed: a county sub-office (支局)
    services_per_unit: int = 1300  # assumed
    customers_per_manager: int = 400  # assumed
    capacity_low: int = 60  # contract: new orders a month; the brief's range
    capacity_high: int = 120
    services_per_group: int = 150  # assumed
    member_share: float = 0.15  # individuals who belong to a group; assumed
    burn_in_months: int = (
        6  # unwritten months first, so that arrears, stops and cut-offs are in swing
    )

    # Who has what. Individuals: lines a head by type, near MIIT 2024: mobile 68 %, broadband 26 %, fixed 6 %.
    mobile_lines: Rates = (0.06, 0.70, 0.20, 0.04)  # share with 0, 1, 2, 3
    broadband_share: float = 0.45
    fixed_line_share: float = 0.06
    mean_tenure_days: float = (
        1500.0  # about 4 years: 1 / (12 x 1.9 %) of leaving; IBM's sample has 32 months
    )
    growth: float = 0.0005  # net growth of lines; MIIT 2024: mobile lines +2.6 % a year at the top, a county much less
    contract_share: float = 0.65  # assumed
    promotion_share: float = 0.22  # assumed
    excluded_share: float = 0.012  # test, staff and IoT lines; assumed (real IoT is far larger and kept in its own system)
    zero_tariff_share: float = 0.05  # of private lines; assumed, audits find some
    waiver_share: float = 0.5  # of those, approved
    do_not_contact_share: float = 0.015  # the brief: 1-2 %
    opt_out_share: float = 0.015  # the brief: 1-2 %
    tier_spend: Rates = (
        120.0,
        200.0,
        320.0,
    )  # yuan a month for silver, gold, diamond; assumed

    # Leaving. Annual reports and trade figures put monthly churn at 1-2 %; the brief asks for 1.5-2 % in all.
    voluntary_rate: float = 0.0145
    port_out_share: float = (
        0.25  # of mobile leavers; assumed, number portability is open since 2019
    )
    pre_terminated_share: float = 0.12  # of leavers who ask first; assumed
    saved_share: float = 0.10  # of those, who stay after all; assumed
    mood_onset_rate: float = 0.035  # customers who start to look around; assumed
    treated_factors: Rates = (
        0.55,
        0.95,
        1.40,
    )  # hazard of persuadable, indifferent, sleeping dog when contacted
    persuasion_shares: Rates = (
        0.35,
        0.55,
        0.10,
    )  # assumed; that dogs exist: Ascarza, Iyengar & Schleicher (10 % v 6 %)
    # Of customers, whose persuasion goes with their contract: bound ones are kept, free ones reminded that they may go.
    # Assumed: response models of campaigns sort customers, but weakly, so the smaller part shows.
    persuasion_shown_share: float = 0.3
    # How much of that factor a contact about a list's order carries; the others carry none. Assumed.
    retention_strength: Mapping[str, float] = field(
        default_factory=lambda: {
            "renewal": 0.6, "vip_zero_usage": 1.0, "group_zero_usage": 0.5, "cohort_at_risk": 1.0, "churn_risk": 1.0,
            "down_migration": 0.8, "card_issue": 0.2, "vip_allocation": 0.3, "points_redemption": 0.3,
            "activity_invite": 0.6,
        }
    )  # fmt: skip
    # Share of those who would not do it alone and do it once reached; all assumed.
    save_lift: float = 0.20
    debt_lift: float = 0.25
    renewal_lift: float = 0.20
    wake_lift: float = 0.20
    card_lift: float = 0.45
    redeem_lift: float = 0.12
    claim_lift: float = 0.80

    # What the operator has to offer: offers a list that is about staying; none, and the table is not delivered.
    offers_a_list: int = 0
    # Of what the operator believes an offer to do beyond the contact, what it does. Assumed: a belief is made of who took
    # an offer and stayed, and of those many would have stayed anyhow.
    offer_heed: float = 0.5

    # Managers and their habits; means over the managers, each has his own. Assumed; outcome codes are the contract's.
    worked_share: float = 0.85  # of their orders; the rest is skipped
    contact_delay_days: float = 6.0  # from the day the orders arrive
    dispatch_working_day: int = (
        3  # of the month, on which the orders go out: the office's own rule
    )
    false_claim_share: float = (
        0.05  # of what did not succeed or was not worked, claimed all the same
    )
    reach_rate: float = 0.68
    wrong_number_rate: float = 0.02
    broken_promise_share: float = (
        0.35  # of reached debtors who will not pay, and promise
    )
    asks_for_peace_rate: float = (
        0.01  # of reached customers, who want no further contact
    )

    termination_rate: float = (
        0.45  # of lines stopped for `termination_after_days`; assumed
    )
    termination_after_days: int = 40
    request_stop_rate: float = 0.0015  # assumed
    request_return_rate: float = 0.25
    number_change_rate: float = 0.0002  # assumed
    transfer_rate: float = 0.0005  # of mobile lines without debts, to another person of the branch; assumed
    group_leave_rate: float = (
        0.004  # of members, and as many change to another group; as many join; assumed
    )
    manager_leave_rate: float = (
        0.004  # of managers of units, one in twenty a year; assumed
    )

    # Money. Mobile ARPU 44-49 yuan and broadband 44-48 (annual reports 2024) are met by the plan shares in world/plans.py.
    payer_shares: Rates = (
        0.50,
        0.395,
        0.095,
        0.010,
    )  # prepaid, prompt, late, bad; assumed
    new_payer_shares: Rates = (
        0.45,
        0.300,
        0.150,
        0.100,
    )  # of newcomers: bad payers are cut off, so few are old customers
    group_payer_shares: Rates = (0.0, 0.80, 0.18, 0.02)
    # (pays by the 20th, pays later in the month) by payer; the rest lets the month pass. Set so that about 2 % of a month's
    # revenue is open at the end of the next one: the brief, and the 2 % ceiling of the office's own target.
    pay_current: tuple[Rates, ...] = (
        (0.90, 0.07),
        (0.978, 0.018),
        (0.70, 0.235),
        (0.30, 0.20),
    )
    # (pays before the stop, pays after it) once a bill is past due.
    pay_overdue: tuple[Rates, ...] = (
        (0.45, 0.42),
        (0.50, 0.40),
        (0.35, 0.44),
        (0.14, 0.26),
    )
    pay_stopped: Rates = (0.40, 0.40, 0.32, 0.12)  # pays in a month that began stopped
    partial_share: Rates = (0.01, 0.005, 0.04, 0.12)  # of payers, who pay only a part
    reactivation_days: float = (
        4.0  # mean days from stop to payment of those who pay in the month; assumed
    )
    top_up_rate: float = 0.955  # of prepaid customers whose balance runs low; assumed
    bill_credit_rate: float = 0.006  # credit note on the bill itself; assumed
    late_credit_rate: float = 0.004  # credit note to an older open bill; assumed
    bounce_rate: float = (
        0.004  # of customers who pay, whose bank takes it back; assumed
    )
    dispute_rate: float = 0.002  # of open bills, a month; nobody pays them; assumed
    dispute_end_rate: float = 0.40  # of disputed bills, settled in a month; assumed
    unpaid_end_share: float = (
        0.15  # of lines that end, which leave what they owe unpaid; assumed
    )
    settle_rate: float = 0.15  # of what such lines owe, paid in a month; assumed
    write_off_days: int = 180  # after a line's end, for what nobody has paid; assumed
    due_day: int = 20
    stop_day: int = 6  # of the month after next: 16 days past due

    # Usage. Zero usage 3-5 % of mobile: the brief. Doze in, wake up: 0.011 / (0.011 + 0.22) = 4.8 %, less those who leave.
    doze_rate: float = 0.011
    wake_rate: float = 0.22
    silent_voice_share: float = (
        0.04  # data only; assumed (calls-only zero rate is above the all rate)
    )
    plan_down_rate: float = 0.009  # assumed
    plan_up_rate: float = 0.006  # assumed
    renewal_rate: float = 0.62  # of contracts that end; assumed

    # Care. Card-holding 80 % or a bit above: the brief (office: 87 %, target 80 %).
    card_decline_share: float = 0.09  # VIPs who never collect a card
    card_issue_rate: float = 0.50  # of VIPs without a fitting card
    card_delivery_days: float = 8.0  # mean; undelivered ones wait
    redeem_rate: float = 0.035  # of customers with 1,000 points or more; assumed
    complaint_rate: float = (
        0.0028  # per line; the field prints 万投比 of tens per 10,000
    )
    fault_rate: float = 0.010
    enquiry_rate: float = 0.016
    high_severity_share: float = 0.18

    # Ownership.
    unclaimed_share: float = 0.05  # at the start; assumed
    unclaimed_new_share: float = 0.45  # of newcomers
    claim_rate: float = 0.12  # of the unclaimed, claimed in a month
    without_unit_share: float = 0.015
    move_rate: float = 0.004  # customers who change manager

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if (
                each.name.endswith(SHARES)
                and isinstance(value, float)
                and not 0 <= value <= 1
            ):
                raise ValueError(f"{each.name} must lie between 0 and 1, not {value}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "TwinConfig":
        """Build from names and values; what they leave out keeps its default.

        Raise ValueError for a name that is no parameter, and for a value of another form than its default.
        """
        if not isinstance(values, Mapping):
            raise ValueError("parameters of the twin must be names and values")
        default = cls()
        unknown = sorted(set(values) - {each.name for each in fields(cls)})
        if unknown:
            raise ValueError(f"not a parameter of the twin: {', '.join(unknown)}")
        return cls(
            **{
                name: _formed(name, value, getattr(default, name))
                for name, value in values.items()
            }
        )


def _formed(name: str, value: Any, default: Any) -> Any:
    """Bring a value read from YAML or JSON into the form of the default, or say which form that is."""
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or len(value) != len(default):
            raise ValueError(f"{name} must be a list of {len(default)} values")
        return tuple(
            _formed(name, each, shape)
            for each, shape in zip(value, default, strict=True)
        )
    if isinstance(default, Mapping):
        return _formed_mapping(name, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if isinstance(default, int) and not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return type(default)(value)


def _formed_mapping(name: str, value: Any) -> Mapping[str, float]:
    if not isinstance(value, Mapping) or not set(value) <= set(LISTS):
        raise ValueError(
            f"{name} must map names of lists to numbers; the lists are {', '.join(LISTS)}"
        )
    return {key: _formed(f"{name}.{key}", each, 0.0) for key, each in value.items()}
