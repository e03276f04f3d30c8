"""Write down who and what there is: customers, services, plans, the house and its owners."""

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin import codes
from twin.codes import GROUP, NONE
from twin.world import plans
from twin.world.rows import Array
from twin.world.state import World
from twin.writer import boolean, date, identifier, money, text, whole

MOBILE_PHONE = (
    "154"  # a prefix no operator has been given, so that no number is anybody's
)
# Of mobile numbers, broadband accounts, fixed lines (an area code nobody has), private lines.
NUMBER_PREFIXES = (MOBILE_PHONE, "KD", "0600", "ZX")
FIRST_LINE = 50_000_000  # so that no line's number is another customer's phone
SPREAD = (
    7_919_999  # odd and no multiple of 5, so that positions and numbers pair one to one
)


def customer_ids(rows: Array) -> pa.Array:
    """Write customer ids: ten digits, most with leading zeros."""
    return identifier("", np.where(rows < 0, NONE, rows + 10_001), 10)


def service_ids(rows: Array) -> pa.Array:
    """Write service ids."""
    return identifier("S", np.where(rows < 0, NONE, rows + 1), 10)


def service_numbers(rows: Array, kinds: Array) -> pa.Array:
    """Write what customers call their lines: a mobile number, or the prefix of the kind and digits; one line, one number."""
    digits = identifier("", (rows + FIRST_LINE) * SPREAD % 10**8, 8)
    return pc.binary_join_element_wise(text(NUMBER_PREFIXES, kinds), digits, "")


def plan_ids(rows: Array) -> pa.Array:
    """Write plan ids."""
    return identifier("P", np.where(rows < 0, NONE, rows + 1), 3)


def branch_ids(rows: Array) -> pa.Array:
    """Write branch ids."""
    return identifier("B", np.where(rows < 0, NONE, rows + 1), 3)


def unit_ids(rows: Array) -> pa.Array:
    """Write unit ids."""
    return identifier("U", np.where(rows < 0, NONE, rows + 1), 5)


def manager_ids(rows: Array) -> pa.Array:
    """Write manager ids."""
    return identifier("M", np.where(rows < 0, NONE, rows + 1), 5)


def customer_table(world: World, shown: Array) -> pa.Table:
    """Write the customers of the month."""
    rows = np.flatnonzero(shown)
    people = world.customers.take(rows)
    is_group = people.kind == GROUP
    return pa.table(
        {
            "customer_id": customer_ids(rows),
            "customer_type": text(codes.CUSTOMER_TYPES, people.kind),
            "vip_tier": text(codes.TIERS, people.tier),
            "group_customer_id": customer_ids(people.group),
            "name": customer_names(
                people.kind, people.surname, people.given_1, people.given_2
            ),
            "phone": identifier(MOBILE_PHONE, rows * SPREAD % 10**8, 8),
            "birth_year": whole(people.birth_year, people.birth_year < 0),
            "do_not_contact": boolean(people.do_not_contact),
            "personalisation_opt_out": boolean(people.opted_out),
            "is_key_account_registered": boolean(people.registered, ~is_group),
        }
    )


def customer_names(kind: Array, first: Array, second: Array, third: Array) -> pa.Array:
    """Make a person's name of surname and one or two characters, a group's of place and trade."""
    people = _joined(codes.SURNAMES, codes.GIVEN, (*codes.GIVEN, ""))
    groups = _joined(
        tuple(f"{place}市" for place in codes.PLACES), codes.TRADES, ("有限公司",)
    )
    person = (first * len(codes.GIVEN) + second) * (len(codes.GIVEN) + 1) + third % (
        len(codes.GIVEN) + 1
    )
    group = first * len(codes.TRADES) + second + len(people)
    return text(people + groups, np.where(kind == GROUP, group, person))


@cache
def _joined(
    first: tuple[str, ...], second: tuple[str, ...], third: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(a + b + c for a in first for b in second for c in third)


def service_table(world: World, shown: Array) -> pa.Table:
    """Write the lines of the month."""
    rows = np.flatnonzero(shown)
    lines = world.services.take(rows)
    promoted = lines.promotion_end >= 0
    return pa.table(
        {
            "service_id": service_ids(rows),
            "customer_id": customer_ids(lines.customer),
            "number": service_numbers(rows, lines.kind),
            "service_type": text(codes.SERVICE_TYPES, lines.kind),
            "status": text(codes.STATUSES, lines.status),
            "status_since": date(lines.since),
            "activated_on": date(lines.activated_on),
            "terminated_on": date(lines.terminated_on),
            "termination_reason": text(codes.LEAVING_REASONS, lines.reason),
            "plan_id": plan_ids(lines.plan),
            "plan_fee": money(lines.fee),
            "contract_end_on": date(lines.contract_end),
            "promotion_end_on": date(lines.promotion_end),
            "promotion_discount_amount": money(lines.discount, ~promoted),
            "is_fee_waiver_approved": boolean(lines.waiver),
            "replaces_service_id": service_ids(_still_known(world, lines.replaces)),
            "is_excluded": boolean(lines.excluded),
        }
    )


def _still_known(world: World, replaced: Array) -> Array:
    """Name a replaced line only in the month both are listed."""
    ended = world.services.terminated_on[replaced]
    return np.where((replaced >= 0) & (ended >= world.span.first), replaced, NONE)


def plan_table() -> pa.Table:
    """Write the price list."""
    rows = np.arange(len(plans.PLANS))
    return pa.table(
        {
            "plan_id": plan_ids(rows),
            "name": pa.array([plan.name for plan in plans.PLANS]),
            "monthly_fee": money(plans.FEE),
            "included_minutes": whole(plans.MINUTES, plans.MINUTES < 0),
            "included_data_mb": whole(plans.MEGABYTES, plans.MEGABYTES < 0),
        }
    )


def branch_names(size: int) -> list[str]:
    """Name the branches; after the list of names is used up, with a number."""
    names = codes.BRANCHES
    return [
        names[row % len(names)]
        + (str(row // len(names) + 1) if row >= len(names) else "")
        for row in range(size)
    ]


def organisation_table(world: World) -> pa.Table:
    """Write city, branches and units."""
    house = world.organisation
    branches, units = np.arange(house.branches), np.arange(len(house.unit_branch))
    names = branch_names(house.branches)
    per_branch = len(units) // house.branches
    unit_names = [
        f"{names[row // per_branch]}第{row % per_branch + 1}划小单元" for row in units
    ]
    city = pa.array(["C001"])
    none = pa.array([None], pa.string())
    parents = [none, pa.array(["C001"] * house.branches), branch_ids(house.unit_branch)]
    return pa.table(
        {
            "org_id": pa.concat_arrays([city, branch_ids(branches), unit_ids(units)]),
            "org_kind": pa.array(
                ["city"] + ["branch"] * len(branches) + ["unit"] * len(units)
            ),
            "name": pa.array(
                ["临江市分公司"] + [f"{name}支局" for name in names] + unit_names
            ),
            "parent_id": pa.concat_arrays(parents),
        }
    )


def manager_table(world: World) -> pa.Table:
    """Write the account managers."""
    house = world.organisation
    rows = np.arange(len(house.manager_branch))
    ids = manager_ids(rows)
    first, second = rows * 7 % len(codes.SURNAMES), rows * 11 % len(codes.GIVEN)
    third = rows * 13 % len(codes.GIVEN)
    return pa.table(
        {
            "manager_id": ids,
            "name": customer_names(np.zeros(len(rows), int), first, second, third),
            "branch_id": branch_ids(house.manager_branch),
            "role": text(codes.ROLES, house.manager_role),
            "capacity": whole(house.manager_capacity),
            "is_active": boolean(house.manager_is_active),
            "email": pa.array(
                [f"{name.lower()}@twin.example" for name in ids.to_pylist()]
            ),
            "webhook_url": pa.nulls(len(rows), pa.string()),
        }
    )


def ownership_table(world: World, shown: Array) -> pa.Table:
    """Write who owned the month's customers, from the beginning to the cut-off."""
    owners = world.ownerships
    owners = owners.take(shown[owners.customer])
    return pa.table(
        {
            "customer_id": customer_ids(owners.customer),
            "valid_from": date(owners.start),
            "valid_to": date(owners.until),
            "branch_id": branch_ids(owners.branch),
            "unit_id": unit_ids(owners.unit),
            "manager_id": manager_ids(owners.manager),
        }
    )
