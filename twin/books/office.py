"""Write down what the office sets itself: targets, appraisal sheets, expense claims."""

from decimal import Decimal

import numpy as np
import pyarrow as pa

from twin import codes
from twin.books.accounts import event_ids
from twin.books.master import branch_ids, manager_ids
from twin.world.offers import list_offers
from twin.world.rows import Array
from twin.world.state import World, in_net
from twin.writer import date, identifier, money, whole

COMPANY_TARGETS = (
    ("arrears_rate", 0.02),
    ("vip_card_holding_rate", 0.80),
    ("churn_rate", 0.02),
    ("zero_usage_rate", 0.05),
    ("unclaimed_rate", 0.05),
    ("renewal_rate", 0.60),
    ("cohort_retention_rate", 0.90),
    ("revenue_retention_rate", 0.88),
    ("reactivation_rate", 0.45),
    ("complaint_rate", 30.0),
    ("perception_rate", 0.85),
    ("private_line_score", 9.0),
)
BRANCH_TARGETS = (
    "arrears_rate",
    "vip_card_holding_rate",
    "churn_rate",
    "zero_usage_rate",
    "unclaimed_rate",
)
DEPARTMENTS = ("D01", "D02", "D03")
STAFF_PER_DEPARTMENT = 6
PURPOSES = ("客户走访", "节日慰问品", "维系礼品", "交通")


def target_table(world: World) -> pa.Table:
    """Write the month's targets: company, branches, touch-points, and revenue for company and branches."""
    branches = branch_ids(np.arange(world.organisation.branches)).to_pylist()
    rows = [(kpi, "company", "company", value) for kpi, value in COMPANY_TARGETS]
    values = dict(COMPANY_TARGETS)
    rows += [
        (kpi, "branch", branch, values[kpi])
        for kpi in BRANCH_TARGETS
        for branch in branches
    ]
    rows += [
        ("complaint_rate", "touch_point", point, 12.0) for point in codes.TOUCH_POINTS
    ]
    rows += [
        ("revenue", "branch", branch, value)
        for branch, value in zip(branches, planned_revenue(world), strict=True)
    ]
    rows.append(("revenue", "company", "company", float(planned_revenue(world).sum())))
    kpis, kinds, scopes, targets = zip(*rows, strict=True)
    return pa.table(
        {
            "kpi": kpis,
            "scope_kind": kinds,
            "scope_id": scopes,
            "target_value": pa.array(targets, pa.float64()),
        }
    )


def planned_revenue(world: World) -> Array:
    """Plan a branch's revenue (whole yuan): what its lines' plans come to, and a little more."""
    services = world.services
    running = np.flatnonzero(in_net(services) & ~services.excluded)
    branch = world.customers.branch[services.customer[running]]
    fees = np.bincount(
        branch, weights=services.fee[running], minlength=world.organisation.branches
    )
    return np.asarray(np.round(fees / 100 * 1.02))


def appraisal_table(world: World) -> pa.Table:
    """Write the month's appraisal sheets."""
    rng, size = world.random("appraisal"), len(DEPARTMENTS) * STAFF_PER_DEPARTMENT
    place = np.arange(size) % STAFF_PER_DEPARTMENT
    department = np.arange(size) // STAFF_PER_DEPARTMENT
    score = np.clip(rng.normal(91, 6, size), 55, 105).round(1)
    department_score = rng.normal(92, 3, len(DEPARTMENTS)).round(1)[department]
    review = rng.normal(90, 5, (3, size)).round(1)
    return pa.table(
        {
            "employee_id": identifier("E", np.arange(1, size + 1), 4),
            "role": codes_of(("head", "deputy_head", "staff"), np.minimum(place, 2)),
            "department_id": codes_of(DEPARTMENTS, department),
            "base_amount": money(
                np.array([600_000, 500_000, 350_000])[np.minimum(place, 2)]
            ),
            "coefficient": np.array([1.6, 1.3, 1.0])[np.minimum(place, 2)],
            "score": score,
            "bonus_points": whole(np.where(rng.random(size) < 0.05, 10, 0)),
            "deduction_points": whole(np.where(rng.random(size) < 0.06, 5, 0)),
            "department_score": department_score,
            "review_leader": review[0],
            "review_heads": review[1],
            "review_staff": review[2],
            "is_outstanding": rng.random(size) < 0.03,
            "is_on_probation": place == STAFF_PER_DEPARTMENT - 1,
            "has_certificate": np.arange(size) % 9 != 8,
        }
    )


def codes_of(values: tuple[str, ...], positions: Array) -> pa.Array:
    """Spell positions in a tuple."""
    return pa.array(values).take(pa.array(positions))


def claim_table(world: World) -> pa.Table:
    """Write the managers' expense claims; the twin knows no orders yet, so none is named."""
    rng, house = world.random("claims"), world.organisation
    active = np.flatnonzero(house.manager_is_active)
    manager = np.sort(rng.choice(active, rng.poisson(0.6 * len(active))))
    size = len(manager)
    return pa.table(
        {
            "claim_id": event_ids(world, "X", size),
            "manager_id": manager_ids(manager),
            "order_id": pa.nulls(size, pa.string()),
            "claimed_on": date(
                world.span.first + rng.integers(0, world.span.days, size)
            ),
            "amount": money(rng.integers(2_000, 60_000, size)),
            "purpose": codes_of(PURPOSES, rng.integers(0, len(PURPOSES), size)),
        }
    )


def offer_table(world: World) -> pa.Table:
    """Write what may be offered next month: for each list about staying, the dearer the longer and the more it does."""
    rows = []
    for offer in list_offers(world.config):
        rows.append(
            {
                "offer_id": offer.id,
                "list": offer.list,
                "name": f"优惠{offer.monthly_fen // 100}元",
                "monthly_cost": offer.monthly_fen,
                "months": offer.months,
                "lift": offer.lift,
                "lowest_value": offer.lowest_fen,
                "contract_state": offer.contract_state,
            }
        )
    columns = pa.Table.from_pylist(rows)
    for name in ("monthly_cost", "lowest_value"):
        fen = columns[name].to_pylist()
        yuan = [None if each is None else Decimal(each) / 100 for each in fen]
        place = columns.column_names.index(name)
        columns = columns.set_column(place, name, pa.array(yuan, pa.decimal128(18, 2)))
    return columns
