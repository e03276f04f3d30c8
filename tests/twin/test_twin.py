"""Hold the twin to the input contract, and to its word."""

import ast
import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import twin
from tests.twin.operators import MONTHS, Source

TIERS = ("none", "silver", "gold", "diamond")
OUTLIVING = ("receivable", "adjustment", "payment")  # people leave and still owe

# The contract's columns by table: key columns before the bar, required ones behind it, then the optional ones.
CONTRACT = {
    "customer": "customer_id | customer_type | vip_tier group_customer_id name phone birth_year do_not_contact "
    "personalisation_opt_out is_key_account_registered",
    "service": "service_id | customer_id service_type status activated_on | number status_since terminated_on "
    "termination_reason plan_id plan_fee contract_end_on promotion_end_on promotion_discount_amount "
    "is_fee_waiver_approved replaces_service_id is_excluded",
    "plan": "plan_id | name monthly_fee | included_minutes included_data_mb",
    "bill": "bill_id | service_id customer_id bill_month billed_amount due_on | adjustment_amount",
    "adjustment": "adjustment_id | bill_id customer_id kind adjusted_on amount |",
    "receivable": "bill_id | service_id customer_id bill_month open_amount due_on | is_disputed",
    "payment": "payment_id | customer_id paid_on amount | bill_id",
    "prepaid_balance": "customer_id | balance_amount |",
    "usage": "service_id | voice_calls voice_minutes sms_count data_mb | off_net_minutes active_days last_used_on",
    "ownership": "customer_id valid_from | branch_id | valid_to unit_id manager_id",
    "organisation": "org_id | org_kind name | parent_id",
    "account_manager": "manager_id | name branch_id capacity is_active | role email webhook_url",
    "vip_card": "card_id | customer_id tier card_status | issued_on delivered_on expires_on",
    "loyalty": "customer_id | points_balance | points_expiring points_expire_on points_redeemed is_barred",
    "trouble_ticket": "ticket_id | customer_id opened_at category | service_id closed_at touch_point owning_channel "
    "severity",
    "plan_change": "service_id changed_on | to_plan_id | from_plan_id",
    "status_change": "service_id changed_at | to_status | from_status reason",
    "activity": "activity_id | kind name held_on | branch_id seats budget_amount cost_amount",
    "activity_guest": "activity_id customer_id | | is_invited has_attended",
    "survey_answer": "answer_id | customer_id answered_on score | activity_id",
    "target": "kpi scope_kind scope_id | target_value |",
    "appraisal_input": "employee_id | role department_id | base_amount coefficient score bonus_points "
    "deduction_points department_score review_leader review_heads review_staff is_outstanding is_on_probation "
    "has_certificate",
    "expense_claim": "claim_id | manager_id claimed_on amount purpose | order_id",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Give a small operator of four months."""
    out = tmp_path_factory.mktemp("twin")
    twin.generate(out, services=1200, months=len(MONTHS), seed=7, through=MONTHS[-1])
    return Source(out)


def last_day(month: str) -> pd.Timestamp:
    """Give the cut-off of a month."""
    return pd.Period(month, "M").end_time.normalize()


# The contract's form.


def test_every_table_of_the_contract_is_known() -> None:
    assert sorted(twin.TABLES) == sorted([*CONTRACT, "offer"])


def test_offers_are_delivered_where_they_are_asked_for(
    source: Source, tmp_path: Path
) -> None:
    config = twin.TwinConfig(offers_a_list=2)
    twin.generate(tmp_path, services=200, months=1, seed=1, config=config)
    [path] = tmp_path.glob("20*/offer.parquet")
    offers = pd.read_parquet(path)
    assert not offers.duplicated(["offer_id", "list"]).any()
    assert set(offers["list"]) == set(config.retention_strength)
    assert (offers["monthly_cost"].astype(float) > 0).all() and (
        offers["months"] > 0
    ).all()
    assert not list(source.folder.glob("20*/offer.parquet"))


@pytest.mark.parametrize("table", sorted(CONTRACT))
def test_table_has_the_contracts_columns_and_unique_keys(
    source: Source, table: str
) -> None:
    key, required, optional = (part.split() for part in CONTRACT[table].split("|"))
    for month in MONTHS:
        frame = source(month, table)
        assert sorted(frame.columns) == sorted(key + required + optional)
        assert not frame.duplicated(key).any()
        assert frame[key + required].notna().all().all()


@pytest.mark.parametrize(
    "table",
    sorted(name for name, columns in CONTRACT.items() if "customer_id" in columns),
)
def test_rows_belong_to_customers_and_services_of_the_month(
    source: Source, table: str
) -> None:
    customers: set[str] = set()
    owners = pd.Series(dtype=object)
    for month in MONTHS:
        frame, services = (
            source(month, table),
            source(month, "service").set_index("service_id"),
        )
        if table not in OUTLIVING:
            customers, owners = set(), owners[:0]
        customers |= set(source(month, "customer").customer_id)
        owners = services.customer_id.combine_first(owners)
        assert frame.customer_id.isin(customers).all()
        if "service_id" in frame and table != "service":
            assert (frame.customer_id == frame.service_id.map(owners)).all()


def test_some_who_left_still_owe_and_do_not_for_ever(source: Source) -> None:
    month = MONTHS[-1]
    owed, lines = source(month, "receivable"), source(month, "service")
    gone = owed[~owed.service_id.isin(lines.service_id)]
    assert len(gone) and pd.to_datetime(gone.due_on).min() > last_day(
        month
    ) - pd.Timedelta(days=240)


def test_payments_bounce_and_bills_are_disputed(source: Source) -> None:
    back = pd.concat([source(month, "payment") for month in MONTHS])
    assert (back.amount < 0).any() and back[back.amount < 0].bill_id.notna().all()
    for before, month in itertools.pairwise(MONTHS):
        owed = source(before, "receivable")
        disputed = owed[owed.is_disputed].bill_id
        assert len(disputed)
        paid = source(month, "payment").bill_id.dropna()
        ended = source(month, "service").dropna(subset="terminated_on").service_id
        by_leavers = owed[owed.service_id.isin(ended)].bill_id
        assert paid[paid.isin(disputed)].isin(by_leavers).all()


def test_each_line_has_a_number_of_its_own(source: Source) -> None:
    lines = source(MONTHS[-1], "service")
    assert lines.number.is_unique and lines.number.notna().all()
    assert not lines.number.isin(source(MONTHS[-1], "customer").phone).any()


@pytest.mark.parametrize("table", ["usage", "plan_change", "status_change"])
def test_rows_belong_to_services_of_the_month(source: Source, table: str) -> None:
    for month in MONTHS:
        assert (
            source(month, table)
            .service_id.isin(source(month, "service").service_id)
            .all()
        )


@pytest.mark.parametrize(
    ("table", "column", "other", "key"),
    [
        ("customer", "group_customer_id", "customer", "customer_id"),
        ("service", "plan_id", "plan", "plan_id"),
        ("service", "replaces_service_id", "service", "service_id"),
        ("ownership", "branch_id", "organisation", "org_id"),
        ("ownership", "unit_id", "organisation", "org_id"),
        ("ownership", "manager_id", "account_manager", "manager_id"),
        ("organisation", "parent_id", "organisation", "org_id"),
        ("activity_guest", "activity_id", "activity", "activity_id"),
        ("survey_answer", "activity_id", "activity", "activity_id"),
        ("expense_claim", "manager_id", "account_manager", "manager_id"),
    ],
)
def test_references_resolve(
    source: Source, table: str, column: str, other: str, key: str
) -> None:
    for month in MONTHS:
        assert (
            source(month, table)[column].dropna().isin(source(month, other)[key]).all()
        )


def test_service_dates_and_states_are_sane(source: Source) -> None:
    for month in MONTHS:
        lines = source(month, "service")
        begun, ended = (
            pd.to_datetime(lines.activated_on),
            pd.to_datetime(lines.terminated_on),
        )
        assert (begun <= last_day(month)).all()
        assert (ended.dropna().dt.strftime("%Y-%m") == month).all()
        assert not (ended < begun).any()
        assert not (pd.to_datetime(lines.contract_end_on) <= begun).any()
        assert ((lines.status == "terminated") == ended.notna()).all()
        assert (lines.termination_reason.notna() == ended.notna()).all()


def test_services_of_a_month_go_on_in_the_next(source: Source) -> None:
    for before, month in itertools.pairwise(MONTHS):
        earlier, later = source(before, "service"), source(month, "service")
        goes_on = earlier.status != "terminated"
        assert (earlier.service_id.isin(later.service_id) == goes_on).all()


def test_status_changes_lead_from_month_to_month(source: Source) -> None:
    for before, month in itertools.pairwise(MONTHS):
        status = source(before, "service").set_index("service_id").status
        changes = source(month, "status_change").sort_values("changed_at")
        row: Any
        for row in changes.itertuples():
            assert status.get(row.service_id, "active") == row.from_status
            status[row.service_id] = row.to_status
        now = source(month, "service").set_index("service_id").status
        assert (status.reindex(now.index).fillna("active") == now).all()


def test_values_lie_where_they_can(source: Source) -> None:
    for month in MONTHS:
        usage, bills = source(month, "usage"), source(month, "bill")
        numbers = usage.select_dtypes("number")
        assert (numbers >= 0).all().all() and (usage.voice_minutes < 44_640).all()
        assert (usage.off_net_minutes <= usage.voice_minutes).all()
        assert (source(month, "receivable").open_amount > 0).all()
        assert (bills.adjustment_amount <= 0).all() and (
            bills.billed_amount + bills.adjustment_amount >= 0
        ).all()
        assert (source(month, "adjustment").amount < 0).all()
        assert (source(month, "payment").amount != 0).all()
        assert source(month, "customer").phone.str.fullmatch(r"1\d{10}").all()


def test_each_customer_has_one_owner_at_any_time(source: Source) -> None:
    for month in MONTHS:
        rows = source(month, "ownership").sort_values(["customer_id", "valid_from"])
        following = rows.groupby("customer_id").valid_from.shift(-1)
        assert (rows.valid_to.isna() == following.isna()).all()
        assert (rows.valid_to.dropna() == following.dropna()).all()
        assert rows.customer_id.nunique() == len(source(month, "customer"))


# The money.


def test_every_bill_rolls_forward_to_the_fen(source: Source) -> None:
    for before, month in itertools.pairwise(MONTHS):
        payments = source(month, "payment").dropna(subset="bill_id")
        bills = source(month, "bill")
        moves = [
            source(before, "receivable").set_index("bill_id").open_amount,
            (bills.billed_amount + bills.adjustment_amount).set_axis(bills.bill_id),
            source(month, "adjustment").set_index("bill_id").amount,
            -payments.set_index("bill_id").amount,
            -source(month, "receivable").set_index("bill_id").open_amount,
        ]
        left = pd.concat(moves).groupby(level=0).sum()
        assert (left == 0).all()


def test_prepaid_balances_roll_forward_to_the_fen(source: Source) -> None:
    for before, month in itertools.pairwise(MONTHS):
        payments, made = source(month, "payment"), source(month, "adjustment")
        moves = [
            source(before, "prepaid_balance").set_index("customer_id").balance_amount,
            payments[payments.bill_id.isna()].set_index("customer_id").amount,
            made[made.kind == "prepaid_applied"].set_index("customer_id").amount,
            -source(month, "prepaid_balance").set_index("customer_id").balance_amount,
        ]
        assert (pd.concat(moves).groupby(level=0).sum() == 0).all()


def test_money_is_decimal(source: Source) -> None:
    schema = pq.read_schema(source.folder / MONTHS[0] / "bill.parquet")
    assert str(schema.field("billed_amount").type) == "decimal128(18, 2)"


# The truth, recounted from the files.


def test_truth_of_churn_is_what_the_files_say(source: Source) -> None:
    for before, month in itertools.pairwise(MONTHS):
        base = source.net(before)
        lost = base[~base.service_id.isin(source.net(month).service_id)].service_id
        reason = lost.map(
            source(month, "service").set_index("service_id").termination_reason
        )
        assert source.truth(month, "churn_rate", "start_base") == (len(lost), len(base))
        assert source.truth(month, "churn_rate", "involuntary") == (
            (reason == "arrears").sum(),
            len(base),
        )
        assert source.truth(month, "churn_rate", "unknown_reason") == (
            reason.isna().sum(),
            len(base),
        )


def test_truth_of_arrears_is_what_the_files_say(source: Source) -> None:
    for before, month in itertools.pairwise(MONTHS):
        net, owed = source.net(month), source(month, "receivable")
        listed = [source(each, "service") for each in MONTHS if each <= month]
        lines = pd.concat(listed).drop_duplicates("service_id", keep="last")
        is_out = lines.set_index("service_id").is_excluded
        owed = owed[~owed.service_id.map(is_out).astype(bool)]
        late = owed[(owed.bill_month == before)].open_amount.sum()
        assert source.truth(month, "arrears_rate", "t1_amount") == (
            late / 100,
            source.revenue(before).fen.sum() / 100,
        )
        past_due = owed[pd.to_datetime(owed.due_on) <= last_day(month)]
        counted = net.service_id.isin(past_due.service_id).sum()
        assert source.truth(month, "arrears_rate", "services") == (counted, len(net))


def test_truth_of_zero_usage_is_what_the_files_say(source: Source) -> None:
    for month in MONTHS:
        net = source.net(month)
        settled = net[(net.service_type == "mobile") & (net.status == "active")]
        settled = settled[
            pd.to_datetime(settled.activated_on) < pd.Timestamp(f"{month}-01")
        ]
        usage = source(month, "usage")
        used = usage[
            (usage.voice_calls > 0) | (usage.sms_count > 0) | (usage.data_mb > 0)
        ].service_id
        unused = (~settled.service_id.isin(used)).sum()
        assert source.truth(month, "zero_usage_rate", "all") == (unused, len(settled))


def test_truth_of_card_holding_is_what_the_files_say(source: Source) -> None:
    for month in MONTHS:
        people = source(month, "customer")
        vips = people[
            (people.customer_type == "individual") & (people.vip_tier != "none")
        ]
        vips = vips[vips.customer_id.isin(source.net(month).customer_id)].set_index(
            "customer_id"
        )
        cards = source(month, "vip_card")
        cards = cards[
            cards.customer_id.isin(vips.index) & (cards.card_status == "valid")
        ]
        fits = cards.tier.map(TIERS.index) >= cards.customer_id.map(vips.vip_tier).map(
            TIERS.index
        )
        delivered = pd.to_datetime(cards.delivered_on) <= last_day(month)
        runs = ~(pd.to_datetime(cards.expires_on) <= last_day(month))
        holders = cards[fits & delivered & runs].customer_id.nunique()
        assert source.truth(month, "vip_card_holding_rate", "holding") == (
            holders,
            len(vips),
        )


def test_truth_of_unclaimed_and_revenue_is_what_the_files_say(source: Source) -> None:
    month, before = MONTHS[-1], MONTHS[-2]
    bills, owners = source.revenue(month), source(month, "ownership")
    owed = bills.groupby("customer_id").fen.sum()
    billed = owed[owed > 0].index
    unclaimed = owners[owners.valid_to.isna() & owners.manager_id.isna()].customer_id
    assert source.truth(month, "unclaimed_rate", "customers") == (
        billed.isin(unclaimed).sum(),
        len(billed),
    )
    mean = (len(source.net(before)) + len(source.net(month))) / 2
    assert source.truth(month, "arpu", "mean_base") == (bills.fen.sum() / 100, mean)


def test_who_was_to_leave_has_left(source: Source) -> None:
    for before, month in itertools.pairwise(MONTHS):
        fate = pq.read_table(
            source.folder / "truth" / before / "service_truth.parquet"
        ).to_pandas()
        leaving = fate[
            fate.would_churn_untreated | fate.would_be_cut_for_arrears
        ].service_id
        assert sorted(fate.service_id) == sorted(source.net(before).service_id)
        assert not leaving.isin(source.net(month).service_id).any()


def test_twin_imports_nothing_of_the_pipelines() -> None:
    for path in Path(twin.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "pipelines"], (
                path
            )
