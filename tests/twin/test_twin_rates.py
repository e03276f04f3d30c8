"""The twin's own rates: they lie in their bands, show where they are raised, and move with the calendar."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import twin
from tests.twin.operators import MONTHS, Source
from twin.config import TwinConfig
from twin.months import festival_share, month_number, span_of


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Give an operator large enough for rates."""
    out = tmp_path_factory.mktemp("larger")
    twin.generate(out, services=5000, months=3, seed=3, through=MONTHS[-1])
    return Source(out)


@pytest.mark.parametrize(
    ("kpi", "variant", "low", "high"),
    [
        ("churn_rate", "start_base", 0.012, 0.024),
        ("churn_rate", "involuntary", 0.0005, 0.006),
        ("arrears_rate", "t1_amount", 0.008, 0.040),
        ("zero_usage_rate", "all", 0.030, 0.055),
        ("vip_card_holding_rate", "holding", 0.76, 0.90),
        ("unclaimed_rate", "customers", 0.015, 0.08),
        ("arpu", "mean_base", 40, 75),
    ],
)
def test_rates_lie_in_their_bands(
    larger: Source, kpi: str, variant: str, low: float, high: float
) -> None:
    for month in MONTHS[-2:]:
        numerator, denominator = larger.truth(month, kpi, variant)
        assert low <= numerator / denominator <= high


def test_leavers_show_signs(larger: Source) -> None:
    fate = pq.read_table(
        larger.folder / "truth" / MONTHS[1] / "service_truth.parquet"
    ).to_pandas()
    riskiest = fate.nlargest(
        len(fate) // 10, "voluntary_hazard"
    ).would_churn_untreated.sum()
    assert riskiest > 0.2 * fate.would_churn_untreated.sum()
    assert fate.would_churn_if_treated.sum() < fate.would_churn_untreated.sum()
    assert (
        fate.would_churn_if_treated & ~fate.would_churn_untreated
    ).any()  # whom contact drives away


@pytest.fixture(scope="module")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Give an operator where much changes hands."""
    out = tmp_path_factory.mktemp("restless")
    config = TwinConfig(
        customers_per_manager=30,
        transfer_rate=0.1,
        group_leave_rate=0.1,
        manager_leave_rate=0.08,
        number_change_rate=0.05,
    )
    twin.generate(
        out, services=2500, months=2, seed=2, through=MONTHS[1], config=config
    )
    return Source(out)


def test_lines_change_hands_within_a_branch_and_without_debts(restless: Source) -> None:
    before, now = (
        restless(month, "service").set_index("service_id") for month in MONTHS[:2]
    )
    both = before.index.intersection(now.index)
    moved = both[before.customer_id[both] != now.customer_id[both]]
    owed = restless(MONTHS[1], "receivable")
    assert (
        len(moved) > 20
        and not moved.isin(owed[owed.bill_month < MONTHS[1]].service_id).any()
    )
    owners = restless(MONTHS[0], "ownership")
    branch = owners[owners.valid_to.isna()].set_index("customer_id").branch_id
    assert (
        branch[before.customer_id[moved]].to_numpy()
        == branch[now.customer_id[moved]].to_numpy()
    ).mean() > 0.95


def test_people_leave_join_and_change_groups(restless: Source) -> None:
    before, now = (
        restless(month, "customer").set_index("customer_id").group_customer_id
        for month in MONTHS[:2]
    )
    both = before.index.intersection(now.index)
    was, is_ = before[both], now[both]
    assert (was.notna() & is_.isna()).any() and (was.isna() & is_.notna()).any()
    assert (was.notna() & is_.notna() & (was != is_)).any()
    assert abs(is_.notna().mean() - was.notna().mean()) < 0.03


def test_managers_leave_and_their_customers_have_others(restless: Source) -> None:
    managers = [
        restless(month, "account_manager").set_index("manager_id").is_active
        for month in MONTHS[:2]
    ]
    gone = managers[0].index[managers[0] & ~managers[1]]
    owners = restless(MONTHS[1], "ownership")
    assert len(gone) > 0
    assert not owners[owners.valid_to.isna()].manager_id.isin(gone).any()
    assert owners[owners.valid_to.notna()].manager_id.isin(gone).any()


def test_a_new_number_names_the_one_it_replaces(restless: Source) -> None:
    lines = restless(MONTHS[1], "service").set_index("service_id")
    heirs = lines[lines.replaces_service_id.notna()]
    old = lines.loc[heirs.replaces_service_id]
    assert len(heirs) > 20 and (old.status == "terminated").all()
    assert (old.terminated_on.to_numpy() == heirs.activated_on.to_numpy()).all()
    assert (
        old.customer_id.to_numpy() == heirs.customer_id.to_numpy()
    ).mean() > 0.8  # some change hands as well


def test_a_higher_rate_of_leaving_shows(tmp_path: Path) -> None:
    twin.generate(
        tmp_path,
        services=2000,
        months=2,
        seed=1,
        config=TwinConfig(voluntary_rate=0.08),
    )
    lost, base = Source(tmp_path).truth("2026-08", "churn_rate", "start_base")
    assert 0.06 < lost / base < 0.11


def test_spring_festival_moves_from_month_to_month() -> None:
    shares = [
        festival_share(span_of(month_number(month)))
        for month in ("2025-01", "2025-02", "2026-01", "2026-02")
    ]
    assert np.allclose(shares, [4 / 8, 4 / 8, 0, 1])
