"""What stands in the workbooks: columns, in the order a reader meets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pipelines.core.outcomes import outcomes

KINDS = frozenset({"text", "choice", "date", "money", "integer", "number", "rate"})


@dataclass(frozen=True)
class Column:
    """One column; its title is `labels[name]`. An input is yellow and open, all else is the office's word.

    A remark is the office's too, but of the moment: no signature covers it.
    """

    name: str
    width: int
    kind: str = "text"
    is_input: bool = False
    is_hidden: bool = False
    is_remark: bool = False

    def __post_init__(self) -> None:
        """Refuse a kind nobody draws."""
        if self.kind not in KINDS:
            raise ValueError(f"column {self.name}: unknown kind {self.kind!r}")

    @property
    def is_signed(self) -> bool:
        """Say whether the row's signature covers this column."""
        return not (self.is_input or self.is_hidden or self.is_remark)


@dataclass(frozen=True)
class Cell:
    """A value whose kind is not its column's: a KPI table holds rates, amounts and counts in one column."""

    kind: str
    value: object


@dataclass(frozen=True)
class Sheet:
    """One sheet: a line of title, a line of notes, a header, rows. Its title is `labels['sheet.' + name]` unless given."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, object]]
    title: str = ""
    note: str = ""
    frozen: int = 0  # columns that stay when one scrolls right: few, or a phone shows nothing else
    is_protected: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)  # column name → range of its drop-down
    dates: tuple[date, date] | None = None  # first and last day an input date may have


def _office(*columns: tuple[str, int, str]) -> tuple[Column, ...]:
    return tuple(Column(*column) for column in columns)


# One sheet for all lists: a customer has one order, a manager works from the top, and on a phone tabs are hard to change
# while a filter on `list_title` is one tap. Rank, name and phone stay in view (200 pixels of 390); what to say and what to
# fill in come next; ids, needed only for looking up, come last.
WORK_LIST_COLUMNS = (
    *_office(
        ("rank", 6, "integer"), ("customer_name", 11, "text"), ("phone", 14, "text"), ("list_title", 12, "text"),
        ("reasons", 24, "text"), ("amount", 11, "money"), ("due_on", 12, "date"), ("action", 26, "text"),
        ("also_on", 14, "text"),
    ),
    Column("evidence", 44, is_remark=True),
    Column("outcome", 13, "choice", is_input=True),
    # Between the inputs, not beside the ids: who sorts the inputs alone drags it away from its order_id, and is found out.
    Column("row_id", 12, is_hidden=True),
    Column("contacted_on", 12, "date", is_input=True),
    Column("promised_amount", 11, "money", is_input=True),
    Column("promised_on", 12, "date", is_input=True),
    Column("note", 24, is_input=True),
    Column("script", 60, is_remark=True),
    *_office(("order_id", 21, "text"), ("customer_id", 14, "text"), ("service_id", 14, "text")),
    Column("signature", 12, is_hidden=True),
)  # fmt: skip

# What goes back to be corrected says first why.
CORRECTED_COLUMNS = (Column("refusal", 30, is_remark=True), *WORK_LIST_COLUMNS)
OUTCOMES = tuple(outcomes())

KPI_COLUMNS = _office(
    ("kpi_title", 22, "text"), ("variant", 14, "text"), ("scope_kind", 10, "text"), ("scope_id", 14, "text"),
    ("value", 13, "number"), ("target", 11, "number"), ("gap", 11, "number"), ("rank", 7, "integer"),
    ("numerator", 15, "number"), ("denominator", 15, "number"), ("status", 13, "text"), ("reason", 40, "text"),
)  # fmt: skip
LIST_COLUMNS = _office(
    ("list_title", 22, "text"), ("purpose", 12, "text"), ("order_count", 10, "integer"), ("amount", 15, "money"),
    ("due_on", 12, "date"), ("status", 13, "text"), ("reason", 40, "text"),
)  # fmt: skip
ORDER_COLUMNS = _office(
    ("branch_id", 12, "text"), ("manager_id", 12, "text"), ("rank", 7, "integer"), ("list_title", 16, "text"),
    ("customer_name", 11, "text"), ("phone", 14, "text"), ("amount", 12, "money"), ("reasons", 26, "text"),
    ("also_on", 16, "text"), ("due_on", 12, "date"), ("order_id", 21, "text"), ("customer_id", 14, "text"),
    ("service_id", 14, "text"),
)  # fmt: skip
WITHHELD_COLUMNS = _office(("output", 34, "text"), ("status", 13, "text"), ("reason", 70, "text"))
WHY_NOT_COLUMNS = _office(
    ("list_title", 22, "text"), ("reason", 26, "text"), ("customer_count", 12, "integer")
)
AUDIT_COLUMNS = _office(
    ("audit_kind", 22, "text"), ("subject_id", 16, "text"), ("customer_id", 14, "text"), ("branch_id", 12, "text"),
    ("manager_id", 12, "text"), ("amount", 13, "money"), ("since_month", 10, "text"), ("due_on", 12, "date"),
    ("state", 20, "text"),
)  # fmt: skip
FORECAST_COLUMNS = _office(
    ("scope_kind", 10, "text"), ("scope_id", 16, "text"), ("about_month", 10, "text"), ("open_amount", 15, "money"),
    ("low_amount", 15, "money"), ("high_amount", 15, "money"),
)  # fmt: skip
COMPLAINT_COLUMNS = _office(
    ("scope_kind", 10, "text"), ("scope_id", 16, "text"), ("week_begins_on", 12, "date"),
    ("complaint_count", 10, "integer"), ("expected", 10, "number"), ("lower_limit", 10, "number"),
    ("upper_limit", 10, "number"), ("signal", 16, "text"),
)  # fmt: skip
OPERATION_COLUMNS = _office(
    ("scope_kind", 10, "text"), ("scope_id", 16, "text"), ("cohort_customer_count", 11, "integer"),
    ("cohort_billed_count", 11, "integer"), ("base_revenue", 15, "money"), ("kept_revenue", 15, "money"),
    ("order_count", 10, "integer"), ("fee_amount", 12, "money"), ("expense_amount", 12, "money"),
    ("month_count", 8, "integer"), ("treated_order_count", 12, "integer"), ("holdout_order_count", 12, "integer"),
    ("total_cost_amount", 14, "money"), ("incremental_amount", 14, "money"), ("low_amount", 14, "money"),
    ("high_amount", 14, "money"), ("net_amount", 14, "money"), ("effect_state", 20, "text"),
)  # fmt: skip
FIGURE_COLUMNS = _office(
    ("figure", 44, "text"), ("kpi_title", 36, "text"), ("measure", 14, "text"), ("scope_id", 14, "text"),
    ("about_month", 10, "text"), ("value", 14, "number"), ("shown", 14, "text"), ("numerator", 15, "number"),
    ("denominator", 15, "number"), ("kpi_id", 36, "text"), ("definition_version", 9, "integer"), ("source", 16, "text"),
)  # fmt: skip
STEPS = (
    *(
        "base",
        "up_sell",
        "usage",
        "promotion_expiry",
        "down_migration",
        "suspended",
        "voluntary_loss",
    ),
    *("involuntary_loss", "unknown_loss", "transferred", "credit_note", "current"),
)
BRIDGE_COLUMNS = _office(
    ("scope_kind", 10, "text"),
    ("scope_id", 16, "text"),
    *((f"step_{step}", 13, "money") for step in STEPS),
)
CHANGE_COLUMNS = _office(
    ("kpi_title", 22, "text"), ("variant", 14, "text"), ("before_month", 10, "text"), ("part_kind", 9, "text"),
    ("scope_id", 16, "text"), ("numerator_change", 13, "number"), ("volume", 13, "number"), ("mix", 13, "number"),
    ("rate", 13, "number"), ("value_change", 13, "number"), ("value_mix", 13, "number"), ("value_rate", 13, "number"),
)  # fmt: skip
PAY_COLUMNS = {
    "scorecard": _office(
        ("manager_id", 14, "text"), ("judged_weight", 12, "number"), ("reached_score", 12, "number"),
        ("deducted_points", 12, "number"), ("total_score", 12, "number"), ("state", 16, "text"),
        ("not_counted", 40, "text"),
    ),
    "deduction": _office(("manager_id", 14, "text"), ("cause", 34, "text"), ("event_count", 10, "integer")),
    "pay": _office(
        ("employee_id", 14, "text"), ("role", 12, "text"), ("department_id", 14, "text"), ("base_amount", 13, "money"),
        ("coefficient", 10, "number"), ("total_score", 10, "number"), ("quarter_factor", 10, "number"),
        ("certificate_factor", 10, "number"), ("pay_amount", 13, "money"), ("state", 22, "text"),
    ),
    "grade": _office(
        ("employee_id", 14, "text"), ("year", 8, "integer"), ("role", 12, "text"), ("year_score", 10, "number"),
        ("grade", 16, "text"), ("payout_share", 10, "rate"), ("coefficient_change", 12, "number"),
        ("consequence", 30, "text"),
    ),
    "fee": _office(
        ("manager_id", 14, "text"), ("list_title", 20, "text"), ("order_count", 10, "integer"),
        ("claimed_count", 12, "integer"), ("verified_count", 12, "integer"), ("fee_amount", 13, "money"),
    ),
    "expense": _office(
        ("claim_id", 14, "text"), ("manager_id", 14, "text"), ("order_id", 21, "text"), ("list_title", 20, "text"),
        ("claimed_on", 12, "date"), ("amount", 12, "money"), ("purpose", 24, "text"), ("state", 26, "text"),
    ),
}  # fmt: skip
_PLACE = (("scope_kind", 10, "text"), ("scope_id", 16, "text"))
DAY_COLUMNS = {
    "suspended": _office(
        *_PLACE, ("day.suspended_count", 12, "integer"), ("day.stopped_count", 12, "integer"),
        ("day.reactivated_count", 12, "integer"),
    ),
    "arrears": _office(
        *_PLACE, ("day.customer_count", 12, "integer"), ("day.open_amount", 14, "money"),
        ("day.past_due_amount", 14, "money"), ("day.paid_amount", 14, "money"), ("day.paid_month_amount", 14, "money"),
        ("day.last_open_amount", 14, "money"), ("day.allowed_amount", 14, "money"), ("day.to_collect_amount", 14, "money"),
    ),
    "due": _office(
        *_PLACE, ("day.due_count", 12, "integer"), ("day.due_amount", 14, "money"), ("day.kept_count", 12, "integer"),
        ("day.late_count", 12, "integer"), ("day.late_amount", 14, "money"),
    ),
}  # fmt: skip
# Whom to call about a promise to pay: those who have not kept theirs come first.
_PROMISE = (
    ("state", 12, "text"), ("promised_on", 12, "date"),
    ("promised_amount", 14, "money"), ("day.come_amount", 14, "money"), ("day.short_amount", 14, "money"),
    ("contacted_on", 12, "date"), ("order_id", 21, "text"), ("customer_id", 14, "text"),
)  # fmt: skip
PROMISE_COLUMNS = _office(("branch_id", 12, "text"), ("manager_id", 12, "text"), *_PROMISE)
CALL_COLUMNS = _office(
    ("customer_name", 11, "text"), ("phone", 14, "text"), *_PROMISE
)  # for the manager who calls
ANNEX_COLUMNS = {"figures": FIGURE_COLUMNS, "bridge": BRIDGE_COLUMNS, "change": CHANGE_COLUMNS}
TABLE_COLUMNS = {
    "kpi": KPI_COLUMNS,
    "lists": LIST_COLUMNS,
    "orders": ORDER_COLUMNS,
    "withheld": WITHHELD_COLUMNS,
    "why_not": WHY_NOT_COLUMNS,
    "audit": AUDIT_COLUMNS,
    "forecast": FORECAST_COLUMNS,
    "complaint": COMPLAINT_COLUMNS,
    "operation": OPERATION_COLUMNS,
}
