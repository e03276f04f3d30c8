"""The comparison of a restatement: figures, what each cause changed, orders that differ.

It is given the month at each step: as published, then after each cause, the last being what is now
known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypedDict

import pyarrow as pa

from pipelines.core.reasons import SEPARATOR
from pipelines.store.lake import Made

_EXACT = pa.decimal128(38, 12)
_MONEY = pa.decimal128(18, 2)
_QUANTUM = Decimal(1).scaleb(-12)
_NOTHING = Decimal(0)


class KpiKey(NamedTuple):
    """What a figure is: a KPI's variant, of a scope."""

    kpi: str
    variant: str
    scope_kind: str
    scope_id: str


class KpiFigure(NamedTuple):
    """A row of `kpi_monthly`, as far as it is compared."""

    kpi: str
    variant: str
    scope_kind: str
    scope_id: str
    status: str
    numerator: Decimal | None
    denominator: Decimal | None
    value: float | None


class OrderKey(NamedTuple):
    """What an order is about: a list, and a customer on it."""

    list: str
    customer_id: str


class Order(NamedTuple):
    """A row of `dispatch_order`, as far as it is compared."""

    order_id: str
    list: str
    customer_id: str
    service_id: str | None
    branch_id: str | None
    manager_id: str | None
    arm: str | None
    amount: Decimal | None


class WhyNot(NamedTuple):
    """A row of `dispatch_why_not`."""

    list: str
    customer_id: str
    reason: str


_COMPARED = ("service_id", "branch_id", "manager_id", "arm", "amount")


class Measures(NamedTuple):
    """Numerator, denominator and value of a figure, at twelve places; or how they changed."""

    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None


@dataclass(frozen=True)
class MonthState:
    """The month once the causes up to `cause` are exchanged.

    The first is the month as `published`.
    """

    cause: str
    figures: Mapping[KpiKey, KpiFigure]
    orders: Mapping[OrderKey, Order]


def read_state(cause: str, made: Made) -> MonthState:
    """Read what is compared of a version or a draft."""
    figures = {}
    for figure in made.read_as(KpiFigure, "kpi_monthly"):
        key = KpiKey(figure.kpi, figure.variant, figure.scope_kind, figure.scope_id)
        figures[key] = figure
    orders = {}
    for order in made.read_as(Order, "dispatch_order"):
        orders[OrderKey(order.list, order.customer_id)] = order
    return MonthState(cause, figures, orders)


def read_why_not(made: Made) -> dict[OrderKey, str]:
    """Read why customers on a list got no order."""
    rows = made.read_as(WhyNot, "dispatch_why_not")
    return {OrderKey(row.list, row.customer_id): row.reason for row in rows}


# -- figures ---------------------------------------------------------------------------------------


class KpiChange(TypedDict):
    """A row of `restate_kpi`: a figure as published, as now known, and the difference."""

    kpi: str
    variant: str
    scope_kind: str
    scope_id: str
    status_published: str | None
    status_known: str | None
    numerator_published: Decimal | None
    numerator_known: Decimal | None
    numerator_difference: Decimal | None
    denominator_published: Decimal | None
    denominator_known: Decimal | None
    denominator_difference: Decimal | None
    value_published: Decimal | None
    value_known: Decimal | None
    value_difference: Decimal | None


def compare_figures(states: Sequence[MonthState]) -> Iterator[KpiChange]:
    """Yield each figure as published and as now known."""
    published = states[0].figures
    known = states[-1].figures
    for key in sorted(published.keys() | known.keys()):
        before = published.get(key)
        after = known.get(key)
        then = _measure(before)
        now = _measure(after)
        difference = _subtract(now, then)
        yield KpiChange(
            kpi=key.kpi,
            variant=key.variant,
            scope_kind=key.scope_kind,
            scope_id=key.scope_id,
            status_published=before.status if before else None,
            status_known=after.status if after else None,
            numerator_published=then.numerator,
            numerator_known=now.numerator,
            numerator_difference=difference.numerator,
            denominator_published=then.denominator,
            denominator_known=now.denominator,
            denominator_difference=difference.denominator,
            value_published=then.value,
            value_known=now.value,
            value_difference=difference.value,
        )


def _measure(figure: KpiFigure | None) -> Measures:
    if figure is None:
        return Measures(None, None, None)
    return Measures(
        _quantize(figure.numerator),
        _quantize(figure.denominator),
        _quantize(figure.value),
    )


def _quantize(value: Decimal | float | None) -> Decimal | None:
    if value is None:
        return None
    return Decimal(value).quantize(_QUANTUM)


def _subtract(now: Measures, then: Measures) -> Measures:
    return Measures(
        _subtract_sum(now.numerator, then.numerator),
        _subtract_sum(now.denominator, then.denominator),
        _subtract_quotient(now.value, then.value),
    )


def _subtract_sum(now: Decimal | None, then: Decimal | None) -> Decimal | None:
    """The difference of two sums; one over nobody is nothing."""
    if now is None and then is None:
        return None
    return (now or _NOTHING) - (then or _NOTHING)


def _subtract_quotient(now: Decimal | None, then: Decimal | None) -> Decimal | None:
    """The difference of two quotients; one that is not there has none."""
    if now is None or then is None:
        return None
    return now - then


# -- causes ----------------------------------------------------------------------------------------


class CauseChange(TypedDict):
    """A row of `restate_cause`: what a cause changed of a figure."""

    kpi: str
    variant: str
    scope_kind: str
    scope_id: str
    cause: str
    numerator_change: Decimal | None
    denominator_change: Decimal | None
    value_change: Decimal | None


def split_by_cause(states: Sequence[MonthState]) -> Iterator[CauseChange]:
    """Yield what each cause changed, where it changed anything.

    The changes of a figure add up to its difference.
    """
    keys: set[KpiKey] = set()
    for state in states:
        keys |= state.figures.keys()
    for key in sorted(keys):
        yield from _split_figure(key, states)


def _split_figure(key: KpiKey, states: Sequence[MonthState]) -> Iterator[CauseChange]:
    standing = _measure(states[0].figures.get(key))
    last = _measure(states[-1].figures.get(key))
    has_value = standing.value is not None and last.value is not None
    for state in states[1:]:
        found = _measure(state.figures.get(key))
        if found.value is None:
            # Gone for one step: the next cause is given the whole change.
            found = found._replace(value=standing.value)

        change = _subtract(found, standing)
        if not has_value:
            change = change._replace(value=None)
        if any(change):
            yield CauseChange(
                kpi=key.kpi,
                variant=key.variant,
                scope_kind=key.scope_kind,
                scope_id=key.scope_id,
                cause=state.cause,
                numerator_change=change.numerator,
                denominator_change=change.denominator,
                value_change=change.value,
            )

        standing = found


# -- orders ----------------------------------------------------------------------------------------


class OrderChange(TypedDict):
    """A row of `restate_order`: an order that would have been another, be new, or not be made."""

    order_id: str
    list: str
    customer_id: str
    change: str
    cause: str
    why: str | None
    manager_published: str | None
    manager_known: str | None
    amount_published: Decimal | None
    amount_known: Decimal | None


def compare_orders(
    states: Sequence[MonthState], why_not: Mapping[OrderKey, str]
) -> Iterator[OrderChange]:
    """Yield the orders that would have been others, with the last cause that changed each."""
    published = states[0].orders
    known = states[-1].orders
    for key in sorted(published.keys() | known.keys()):
        then = published.get(key)
        now = known.get(key)
        order = then or now
        if order is None or _list_compared(then) == _list_compared(now):
            continue

        yield OrderChange(
            order_id=order.order_id,
            list=key.list,
            customer_id=key.customer_id,
            change=_name_change(then, now),
            cause=_find_last_cause(key, states),
            why=_explain_change(then, now, why_not.get(key)),
            manager_published=then.manager_id if then else None,
            manager_known=now.manager_id if now else None,
            amount_published=then.amount if then else None,
            amount_known=now.amount if now else None,
        )


def _list_compared(order: Order | None) -> tuple[object, ...] | None:
    if order is None:
        return None
    return (
        order.service_id,
        order.branch_id,
        order.manager_id,
        order.arm,
        order.amount,
    )


def _name_change(then: Order | None, now: Order | None) -> str:
    if now is None:
        return "dropped"
    if then is None:
        return "new"
    return "changed"


def _find_last_cause(key: OrderKey, states: Sequence[MonthState]) -> str:
    """The last cause that changed an order."""
    last = states[0].cause
    before = _list_compared(states[0].orders.get(key))
    for state in states[1:]:
        after = _list_compared(state.orders.get(key))
        if after != before:
            last = state.cause
        before = after
    return last


def _explain_change(
    then: Order | None, now: Order | None, why_not: str | None
) -> str | None:
    """Why an order is not made now, or which of its fields differ."""
    if now is None:
        return why_not or "not_on_list"
    if then is None:
        return None
    differing = [
        name for name in _COMPARED if getattr(then, name) != getattr(now, name)
    ]
    return SEPARATOR.join(differing)


# -- the tables ------------------------------------------------------------------------------------

KPI_SCHEMA = pa.schema(
    [
        ("kpi", pa.string()),
        ("variant", pa.string()),
        ("scope_kind", pa.string()),
        ("scope_id", pa.string()),
        ("status_published", pa.string()),
        ("status_known", pa.string()),
        ("numerator_published", _EXACT),
        ("numerator_known", _EXACT),
        ("numerator_difference", _EXACT),
        ("denominator_published", _EXACT),
        ("denominator_known", _EXACT),
        ("denominator_difference", _EXACT),
        ("value_published", _EXACT),
        ("value_known", _EXACT),
        ("value_difference", _EXACT),
    ]
)
CAUSE_SCHEMA = pa.schema(
    [
        ("kpi", pa.string()),
        ("variant", pa.string()),
        ("scope_kind", pa.string()),
        ("scope_id", pa.string()),
        ("cause", pa.string()),
        ("numerator_change", _EXACT),
        ("denominator_change", _EXACT),
        ("value_change", _EXACT),
    ]
)
ORDER_SCHEMA = pa.schema(
    [
        ("order_id", pa.string()),
        ("list", pa.string()),
        ("customer_id", pa.string()),
        ("change", pa.string()),
        ("cause", pa.string()),
        ("why", pa.string()),
        ("manager_published", pa.string()),
        ("manager_known", pa.string()),
        ("amount_published", _MONEY),
        ("amount_known", _MONEY),
    ]
)
