"""The columns of the tables in the workbooks, in the order a reader meets them.

A line a column: its name, its width in letters, its kind; text where none is said.
"""

from __future__ import annotations

from pipelines.documents.workbooks.columns import STEPS, Column, read_columns

# -- the company's workbook --------------------------------------------------------------------

KPI_COLUMNS = read_columns("""
    kpi_title    22
    variant      14
    scope_kind   10
    scope_id     14
    value        13  number
    target       11  number
    gap          11  number
    kpi_rank      7  integer
    numerator    15  number
    denominator  15  number
    status       13
    reason       40
""")
LIST_COLUMNS = read_columns("""
    list_title   22
    purpose      12
    order_count  10  integer
    amount       15  money
    due_on       12  date
    status       13
    reason       40
""")
ORDER_COLUMNS = read_columns("""
    branch_id      12
    manager_id     12
    rank            7  integer
    list_title     16
    customer_name  11
    phone          14
    amount         12  money
    reasons        26
    also_on        16
    due_on         12  date
    order_id       21
    customer_id    14
    service_id     14
""")
WITHHELD_COLUMNS = read_columns("""
    output  34
    status  13
    reason  70
""")
WHY_NOT_COLUMNS = read_columns("""
    list_title      22
    reason          26
    customer_count  12  integer
""")
AUDIT_COLUMNS = read_columns("""
    audit_kind   22
    subject_id   16
    customer_id  14
    branch_id    12
    manager_id   12
    amount       13  money
    since_month  10
    due_on       12  date
    state        20
""")
FORECAST_COLUMNS = read_columns("""
    scope_kind   10
    scope_id     16
    about_month  10
    open_amount  15  money
    low_amount   15  money
    high_amount  15  money
""")
COMPLAINT_COLUMNS = read_columns("""
    scope_kind       10
    scope_id         16
    week_begins_on   12  date
    complaint_count  10  integer
    expected         10  number
    lower_limit      10  number
    upper_limit      10  number
    signal           16
""")
OPERATION_COLUMNS = read_columns("""
    scope_kind             10
    scope_id               16
    cohort_customer_count  11  integer
    cohort_billed_count    11  integer
    base_revenue           15  money
    kept_revenue           15  money
    order_count            10  integer
    fee_amount             12  money
    expense_amount         12  money
    month_count             8  integer
    treated_order_count    12  integer
    holdout_order_count    12  integer
    total_cost_amount      14  money
    incremental_amount     14  money
    low_amount             14  money
    high_amount            14  money
    net_amount             14  money
    effect_state           20
""")
# What the operation view has besides where the operator delivers offers.
OFFER_COLUMNS = read_columns("""
    offer_count            9  integer
    offer_cost_amount     13  money
    offer_added_amount    13  money
""")
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

# -- the annex of a document -------------------------------------------------------------------

FIGURE_COLUMNS = read_columns("""
    figure              44
    kpi_title           36
    measure             14
    scope_id            14
    about_month         10
    value               14  number
    shown               14
    numerator           15  number
    denominator         15  number
    kpi_id              36
    definition_version   9  integer
    source              16
""")
BRIDGE_COLUMNS = (
    Column("scope_kind", 10),
    Column("scope_id", 16),
    *(Column(f"step_{step}", 13, "money") for step in STEPS),
)
CHANGE_COLUMNS = read_columns("""
    kpi_title         22
    variant           14
    before_month      10
    part_kind          9
    scope_id          16
    numerator_change  13  number
    volume            13  number
    mix               13  number
    rate              13  number
    value_change      13  number
    value_mix         13  number
    value_rate        13  number
""")
ANNEX_COLUMNS = {
    "figures": FIGURE_COLUMNS,
    "bridge": BRIDGE_COLUMNS,
    "change": CHANGE_COLUMNS,
}

# -- sheets of pay, by the table they show -----------------------------------------------------

PAY_COLUMNS = {
    "scorecard": read_columns("""
        manager_id       14
        judged_weight    12  number
        reached_score    12  number
        deducted_points  12  number
        total_score      12  number
        state            16
        not_counted      40
    """),
    "deduction": read_columns("""
        manager_id   14
        cause        34
        event_count  10  integer
    """),
    "pay": read_columns("""
        employee_id         14
        role                12
        department_id       14
        base_amount         13  money
        coefficient         10  number
        total_score         10  number
        quarter_factor      10  number
        certificate_factor  10  number
        pay_amount          13  money
        state               22
    """),
    "grade": read_columns("""
        employee_id         14
        year                 8  integer
        role                12
        year_score          10  number
        grade               16
        payout_share        10  rate
        coefficient_change  12  number
        consequence         30
    """),
    "fee": read_columns("""
        manager_id      14
        list_title      20
        order_count     10  integer
        claimed_count   12  integer
        verified_count  12  integer
        fee_amount      13  money
    """),
    "expense": read_columns("""
        claim_id    14
        manager_id  14
        order_id    21
        list_title  20
        claimed_on  12  date
        amount      12  money
        purpose     24
        state       26
    """),
}

# -- a day's bulletin and calls ----------------------------------------------------------------

DAY_COLUMNS = {
    "suspended": read_columns("""
        scope_kind             10
        scope_id               16
        day.suspended_count    12  integer
        day.stopped_count      12  integer
        day.reactivated_count  12  integer
    """),
    "arrears": read_columns("""
        scope_kind             10
        scope_id               16
        day.customer_count     12  integer
        day.open_amount        14  money
        day.past_due_amount    14  money
        day.paid_amount        14  money
        day.paid_month_amount  14  money
        day.last_open_amount   14  money
        day.allowed_amount     14  money
        day.to_collect_amount  14  money
    """),
    "due": read_columns("""
        scope_kind       10
        scope_id         16
        day.due_count    12  integer
        day.due_amount   14  money
        day.kept_count   12  integer
        day.late_count   12  integer
        day.late_amount  14  money
    """),
}
# A promise to pay; those who have not kept theirs come first.
_PROMISE = read_columns("""
    state             12
    instalment         6  integer
    promised_on       12  date
    promised_amount   14  money
    day.come_amount   14  money
    day.short_amount  14  money
    contacted_on      12  date
    order_id          21
    customer_id       14
""")
PROMISE_COLUMNS = (Column("branch_id", 12), Column("manager_id", 12), *_PROMISE)
# For the manager who calls.
CALL_COLUMNS = (Column("customer_name", 11), Column("phone", 14), *_PROMISE)
