"""Shape the columns of the world; a row's position is its number, NONE is unknown, money is in fen."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from twin.codes import NONE

Array = npt.NDArray[Any]


@dataclass
class Rows:
    """Hold columns of one length."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def append(self, other: Self) -> None:
        """Add the rows of another instance behind these."""
        for column in fields(self):
            mine, theirs = getattr(self, column.name), getattr(other, column.name)
            # An empty column has no type of its own yet: take the other's, so that flags stay flags.
            setattr(
                self,
                column.name,
                np.concatenate([mine, theirs.astype(mine.dtype)])
                if len(mine)
                else theirs,
            )

    def take(self, index: Array) -> Self:
        """Copy the rows of an index or a mask."""
        return type(self)(
            **{
                column.name: getattr(self, column.name)[index]
                for column in fields(self)
            }
        )

    @classmethod
    def build(cls, size: int, **given: Any) -> Self:
        """Fill the columns from arrays or single values; a column not given holds NONE."""
        columns = {
            column.name: np.asarray(given.get(column.name, NONE))
            for column in fields(cls)
        }
        return cls(
            **{
                name: np.array(np.broadcast_to(value, size))
                for name, value in columns.items()
            }
        )


@dataclass
class Customers(Rows):
    """Hold one row a customer; `group` is the row of his group, money is in fen."""

    kind: Array
    group: Array
    tier: Array
    birth_year: Array
    do_not_contact: Array
    opted_out: Array
    registered: Array
    surname: Array
    given_1: Array
    given_2: Array
    branch: Array
    unit: Array
    payer: Array
    wealth: Array
    persuasion: Array
    declines_card: Array
    barred: Array
    channel: Array
    prepaid: Array
    spend: Array
    points: Array
    points_expiring: Array
    redeemed: Array
    joined_on: Array
    seen: Array


@dataclass
class Services(Rows):
    """Hold one row a service number; days since 1970, money in fen, next month's hazards and the fate held against them."""

    customer: Array
    kind: Array
    status: Array
    since: Array
    activated_on: Array
    terminated_on: Array
    reason: Array
    plan: Array
    fee: Array
    contract_end: Array
    promotion_end: Array
    discount: Array
    waiver: Array
    replaces: Array
    excluded: Array
    minutes: Array
    megabytes: Array
    off_net: Array
    silent: Array
    dozing: Array
    mood: Array
    voluntary_hazard: Array
    involuntary_hazard: Array
    fate: Array
    will_leave: Array
    leaves_if_treated: Array
    will_be_cut: Array
    ends_unpaid: Array


@dataclass
class Bills(Rows):
    """Hold bills; `open` is what is unpaid now, in fen; a disputed one is not paid."""

    number: Array
    service: Array
    customer: Array
    month: Array
    billed: Array
    credit: Array
    open: Array
    due_on: Array
    disputed: Array


@dataclass
class Adjustments(Rows):
    """Hold the month's adjustments; amounts in fen, never above 0."""

    bill: Array
    customer: Array
    kind: Array
    day: Array
    amount: Array


@dataclass
class Payments(Rows):
    """Hold the month's payments; bill NONE = prepaid, an amount below 0 = taken back."""

    customer: Array
    bill: Array
    day: Array
    amount: Array


@dataclass
class StatusChanges(Rows):
    """Hold the month's changes of status; `at` in local seconds since 1970."""

    service: Array
    at: Array
    before: Array
    after: Array
    reason: Array


@dataclass
class PlanChanges(Rows):
    """Hold the month's changes of plan."""

    service: Array
    day: Array
    before: Array
    after: Array


@dataclass
class Ownerships(Rows):
    """Hold who owns which customer from when until when (`until` exclusive)."""

    customer: Array
    start: Array
    until: Array
    branch: Array
    unit: Array
    manager: Array


@dataclass
class Cards(Rows):
    """Hold VIP cards."""

    customer: Array
    tier: Array
    status: Array
    issued_on: Array
    delivered_on: Array
    expires_on: Array


@dataclass
class Tickets(Rows):
    """Hold trouble tickets; times in local seconds, `closed_at` may lie ahead."""

    number: Array
    customer: Array
    service: Array
    opened_at: Array
    closed_at: Array
    category: Array
    touch_point: Array
    channel: Array
    severity: Array


@dataclass
class Contacts(Rows):
    """Hold one row a customer: the day he is (or would be) talked to about an order, of which list, and whether he is.

    `lift` is how much more the contact does by what is offered with it.
    """

    day: Array
    by: Array
    is_reached: Array
    lift: Array


@dataclass
class Orders(Rows):
    """Hold the orders given to the managers; ids are texts, amount in fen, a missing service or manager is NONE.

    `lift` is how much more an order does by its offer, `offer_cost` what that costs if it is taken, fen.
    """

    order_id: Array
    by: Array
    customer: Array
    service: Array
    manager: Array
    amount: Array
    due_on: Array
    lift: Array
    offer_cost: Array


@dataclass
class Work(Rows):
    """Hold what becomes of each order: the day of contact, whether it is worked and somebody reached, and two draws."""

    day: Array
    is_worked: Array
    is_reached: Array
    is_wrong_number: Array
    is_false: Array
    mood: Array
    lag: Array


@dataclass
class Usage(Rows):
    """Hold the month's usage, one row a service that has a record."""

    service: Array
    calls: Array
    minutes: Array
    messages: Array
    megabytes: Array
    off_net: Array
    active_days: Array
    last_used_on: Array


@dataclass
class Activities(Rows):
    """Hold activities of this month and, announced, of the next; money in fen."""

    number: Array
    kind: Array
    held_on: Array
    branch: Array
    seats: Array
    budget: Array
    cost: Array


@dataclass
class Guests(Rows):
    """Hold who came to this month's activities."""

    activity: Array
    customer: Array
    has_attended: Array


@dataclass
class Answers(Rows):
    """Hold the month's survey answers."""

    customer: Array
    activity: Array
    day: Array
    score: Array
