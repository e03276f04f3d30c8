"""Make customers and their lines: those of the first day, and newcomers month by month."""

import numpy as np

from twin.codes import (
    ACTIVE,
    BROADBAND,
    CHANNELS,
    FIXED_LINE,
    GIVEN,
    GROUP,
    INDIVIDUAL,
    MOBILE,
    NONE,
    PLACES,
    PRIVATE_LINE,
    SURNAMES,
    TRADES,
)
from twin.config import TwinConfig
from twin.world import plans
from twin.world.contact import keep_pace
from twin.world.organisation import expected_groups, own_customers, pick_units
from twin.world.rows import Array, Customers, Services
from twin.world.state import World, in_net

LONGEST_TENURE_DAYS = 20 * 365
YOUNGEST_SIGNER = 16
EXTRA_LINE_SHARE = 0.50  # newcomers' lines that go to customers we have


def make_customers(
    world: World, size: int, kind: int, groups: Array, purpose: str
) -> Customers:
    """Make customers of one kind; individuals may join one of the groups."""
    rng, config = world.random(f"customers {purpose}"), world.config
    group = np.full(size, NONE)
    if kind == INDIVIDUAL and len(groups):
        group = np.where(
            rng.random(size) < config.member_share, rng.choice(groups, size), NONE
        )
    branch = _branches(world, group, rng)
    stock = config.group_payer_shares if kind == GROUP else config.payer_shares
    payers = config.new_payer_shares if purpose == "newcomers" else stock
    return Customers.build(
        size,
        kind=kind,
        group=group,
        tier=0,
        birth_year=np.where(
            kind == GROUP,
            NONE,
            world.span.year - np.clip(rng.normal(43, 15, size), 16, 92).astype(int),
        ),
        do_not_contact=rng.random(size) < config.do_not_contact_share,
        opted_out=rng.random(size) < config.opt_out_share,
        registered=rng.random(size) < 0.85,
        surname=rng.integers(0, len(PLACES if kind == GROUP else SURNAMES), size),
        given_1=rng.integers(0, len(TRADES if kind == GROUP else GIVEN), size),
        given_2=np.where(
            rng.random(size) < 0.2, NONE, rng.integers(0, len(GIVEN), size)
        ),
        branch=branch,
        unit=pick_units(world.organisation, branch, rng),
        payer=_draw(payers, size, rng),
        wealth=rng.normal(0, 1, size),
        persuasion=_draw(config.persuasion_shares, size, rng),
        declines_card=rng.random(size) < config.card_decline_share,
        barred=rng.random(size) < 0.005,
        channel=rng.integers(0, len(CHANNELS), size),
        prepaid=0,
        spend=0.0,
        points=0,
        points_expiring=0,
        redeemed=0,
        joined_on=NONE,
        seen=world.span.number,
    )


def _branches(world: World, group: Array, rng: np.random.Generator) -> Array:
    """Place customers unevenly over the branches; members sit where their group sits."""
    weights = 1.0 / (2 + np.arange(world.organisation.branches))
    branch = rng.choice(
        world.organisation.branches, len(group), p=weights / weights.sum()
    )
    member = group >= 0
    branch[member] = world.customers.branch[group[member]]
    return branch


def _draw(shares: tuple[float, ...], size: int, rng: np.random.Generator) -> Array:
    return rng.choice(len(shares), size, p=np.array(shares) / sum(shares)).astype(
        np.int8
    )


def make_services(
    world: World, customer: Array, kind: Array, activated_on: Array, purpose: str
) -> Services:
    """Make active lines of customers, with plan, contract, promotion and habits."""
    rng, size = world.random(f"services {purpose}"), len(customer)
    plan = _choose_plans(world.customers.wealth[customer], kind, rng)
    fee = _agree_fees(world.config, plan, kind, rng)
    contract_end = _end_contracts(world, activated_on, rng)
    promotion_end, discount = _grant_promotions(world, activated_on, fee, rng)
    excluded = (rng.random(size) < world.config.excluded_share) & (kind == MOBILE)
    return Services.build(
        size,
        customer=customer,
        kind=kind.astype(np.int8),
        status=np.int8(ACTIVE),
        since=activated_on,
        activated_on=activated_on,
        terminated_on=NONE,
        reason=np.int8(NONE),
        plan=plan,
        fee=fee,
        contract_end=contract_end,
        promotion_end=promotion_end,
        discount=discount,
        waiver=(fee == 0) & (rng.random(size) < world.config.waiver_share),
        replaces=NONE,
        excluded=excluded,
        minutes=_habitual_minutes(plan, kind, rng),
        megabytes=_habitual_megabytes(plan, kind, rng),
        off_net=np.clip(rng.beta(5, 5, size), 0.05, 0.9),
        silent=rng.random(size) < world.config.silent_voice_share,
        dozing=rng.random(size) < 0.04,
        mood=np.maximum(0, rng.normal(0.05, 0.15, size)),
        voluntary_hazard=0.0,
        involuntary_hazard=0.0,
        fate=np.float32(1),
        will_leave=False,
        leaves_if_treated=False,
        will_be_cut=False,
        ends_unpaid=False,
    )


def _choose_plans(wealth: Array, kind: Array, rng: np.random.Generator) -> Array:
    """Choose a plan by rank within its kind, so that a rich customer's lines are all dearer."""
    normal = 0.7 * wealth + np.sqrt(1 - 0.49) * rng.normal(0, 1, len(wealth))
    rank = 1 / (
        1 + np.exp(-1.702 * normal)
    )  # the normal distribution function, to within 0.01
    plan = np.zeros(len(wealth), np.int16)
    for each in range(4):
        choice = np.flatnonzero(plans.KIND == each)
        edges = np.cumsum(plans.SHARE[choice])[:-1]
        mine = kind == each
        plan[mine] = choice[np.searchsorted(edges, rank[mine])]
    return plan


def _agree_fees(
    config: TwinConfig, plan: Array, kind: Array, rng: np.random.Generator
) -> Array:
    """Take the list fee; private lines are negotiated to a whole yuan, a few at nothing."""
    fee = plans.FEE[plan].copy()
    private = kind == PRIVATE_LINE
    negotiated = (
        np.round(fee / 100 * rng.uniform(0.6, 1.0, len(fee))).astype(np.int64) * 100
    )
    free = rng.random(len(fee)) < config.zero_tariff_share
    return np.where(private, np.where(free, 0, negotiated), fee)


def _end_contracts(
    world: World, activated_on: Array, rng: np.random.Generator
) -> Array:
    """Set contract ends one or two years on; older lines are somewhere within a later term."""
    size = len(activated_on)
    term = np.where(rng.random(size) < 0.6, 365, 730)
    age = world.span.first - activated_on
    terms_done = np.maximum(age - rng.integers(0, 60, size), 0) // term
    end = activated_on + (terms_done + 1) * term - 1
    return np.where(rng.random(size) < world.config.contract_share, end, NONE)


def _grant_promotions(
    world: World, activated_on: Array, fee: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    size = len(activated_on)
    has = (rng.random(size) < world.config.promotion_share) & (fee > 0)
    end = np.maximum(activated_on, world.span.first) + rng.integers(30, 540, size)
    discount = np.maximum(
        100, np.round(fee / 100 * rng.uniform(0.15, 0.45, size)).astype(np.int64) * 100
    )
    return np.where(has, end, NONE), np.where(has, discount, 0)


def _habitual_minutes(plan: Array, kind: Array, rng: np.random.Generator) -> Array:
    """Draw the usual minutes a month around half the bundle."""
    bundle = np.maximum(plans.MINUTES[plan], 0)
    speaking = (kind == MOBILE) | (kind == FIXED_LINE)
    return np.where(
        speaking,
        np.minimum(bundle * 0.50 * rng.lognormal(0, 0.60, len(plan)), 8000),
        0.0,
    )


def _habitual_megabytes(plan: Array, kind: Array, rng: np.random.Generator) -> Array:
    """Draw the usual megabytes a month: around half the bundle, or a household's traffic on broadband."""
    bundle = np.where(kind == BROADBAND, 200_000, np.maximum(plans.MEGABYTES[plan], 0))
    return np.where(
        kind <= BROADBAND, bundle * 0.50 * rng.lognormal(0, 0.55, len(plan)), 0.0
    )


def settle_first_population(world: World, services: int) -> None:
    """Fill an empty world with exactly so many lines."""
    groups = make_customers(
        world,
        expected_groups(world.config, services),
        GROUP,
        np.zeros(0, int),
        "groups",
    )
    world.customers.append(groups)
    owned, kinds = _first_lines(world, len(groups), services)
    rng = world.random("tenure")
    tenure = np.minimum(
        rng.exponential(world.config.mean_tenure_days, services), LONGEST_TENURE_DAYS
    ).astype(int)
    world.services.append(
        make_services(world, owned, kinds, world.span.first - 1 - tenure, "first")
    )
    _date_customers(world, np.arange(len(world.customers)))
    show_persuasion(world, np.arange(len(world.customers)))
    own_customers(world, np.arange(len(world.customers)), world.config.unclaimed_share)


def _first_lines(world: World, groups: int, services: int) -> tuple[Array, Array]:
    """Give groups and individuals their lines; return owner and kind of each."""
    rng, config = world.random("first lines"), world.config
    private = np.repeat(np.arange(groups), 1 + rng.poisson(0.6, groups))
    fixed = np.repeat(np.arange(groups), rng.poisson(2.5, groups))
    size = services  # more than enough: each has a line at least
    mobile = _draw(config.mobile_lines, size, rng)
    broadband = rng.random(size) < config.broadband_share
    phone = rng.random(size) < config.fixed_line_share
    broadband |= (mobile == 0) & ~phone
    lines = mobile.astype(int) + broadband + phone
    needed = (
        int(np.searchsorted(np.cumsum(lines), services - len(private) - len(fixed))) + 1
    )
    world.customers.append(
        make_customers(world, needed, INDIVIDUAL, np.arange(groups), "individuals")
    )
    people = groups + np.arange(needed)
    owners = [
        private,
        fixed,
        np.repeat(people, mobile[:needed]),
        people[broadband[:needed]],
        people[phone[:needed]],
    ]
    kinds = np.repeat(
        [PRIVATE_LINE, FIXED_LINE, MOBILE, BROADBAND, FIXED_LINE],
        [len(part) for part in owners],
    )
    owner = np.concatenate(owners)
    order = np.lexsort((kinds, owner))[:services]
    return owner[order], kinds[order]


def show_persuasion(world: World, index: Array) -> None:
    """Let the persuasion of some customers go with their contracts; over all, the shares stay about the same."""
    rng, config, size = world.random("shown persuasion"), world.config, len(index)
    is_shown = rng.random(size) < config.persuasion_shown_share
    persuadable, _, dogs = np.array(config.persuasion_shares) / sum(
        config.persuasion_shares
    )
    has_contract = np.zeros(len(world.customers), bool)
    bound = world.services.contract_end != NONE
    has_contract[world.services.customer[bound]] = True
    is_bound = has_contract[index]
    persuaded = np.where(is_bound, 1.3 * persuadable, 0.3 * persuadable)
    driven = np.where(is_bound, 0.0, 3.3 * dogs)
    draw = rng.random(size)
    shown = np.select([draw < persuaded, draw > 1 - driven], [0, 2], 1)
    before = world.customers.persuasion[index]
    world.customers.persuasion[index] = np.where(is_shown, shown, before)


def _date_customers(world: World, index: Array) -> None:
    """Date a customer from his first line, or from the first day for one without."""
    first = np.full(len(world.customers), world.span.first)
    np.minimum.at(first, world.services.customer, world.services.activated_on)
    world.customers.joined_on[index] = first[index]
    _age_customers(world, index)


def _age_customers(world: World, index: Array) -> None:
    """Make nobody younger than he may have been when he signed."""
    customers = world.customers
    oldest_year = 1970 + customers.joined_on[index] // 366 - YOUNGEST_SIGNER
    customers.birth_year[index] = np.minimum(customers.birth_year[index], oldest_year)


def welcome_newcomers(world: World) -> None:
    """Add about as many lines as leave, for new customers and for those we have."""
    rng, config = world.random("newcomers"), world.config
    running = np.flatnonzero(in_net(world.services))
    rate = (config.voluntary_rate + 0.003 + config.growth) * world.season.joining
    size = rng.poisson(len(running) * rate)
    kind = world.services.kind[rng.choice(running, size)].astype(int)
    old = _old_customers(world, kind, rng)
    fresh = np.flatnonzero(old == NONE)
    start = len(world.customers)
    groups = np.flatnonzero(world.customers.kind == GROUP)
    world.customers.append(
        make_customers(world, len(fresh), INDIVIDUAL, groups, "newcomers")
    )
    old[fresh] = start + np.arange(len(fresh))
    day = world.span.first + rng.integers(0, world.span.days, size)
    world.services.append(make_services(world, old, kind, day, "newcomers"))
    new = np.arange(start, len(world.customers))
    _date_new_customers(world, new)
    show_persuasion(world, new)
    own_customers(world, new, config.unclaimed_new_share)
    keep_pace(world)


def _date_new_customers(world: World, new: Array) -> None:
    if len(new):
        tail = world.services.customer >= new[0]
        world.customers.joined_on[world.services.customer[tail]] = (
            world.services.activated_on[tail]
        )
        _age_customers(world, new)


def _old_customers(world: World, kind: Array, rng: np.random.Generator) -> Array:
    """Choose an existing customer for some new lines, always a group for private ones; NONE for the others."""
    groups = np.flatnonzero(world.customers.kind == GROUP)
    running = np.flatnonzero(
        in_net(world.services)
        & (world.customers.kind[world.services.customer] == INDIVIDUAL)
    )
    known = world.services.customer[rng.choice(running, len(kind))]
    extra = rng.random(len(kind)) < EXTRA_LINE_SHARE
    return np.where(
        kind == PRIVATE_LINE,
        rng.choice(groups, len(kind)),
        np.where(extra, known, NONE),
    )
