"""Which of an order's answers stands by a day, and what was promised last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from pipelines.core.outcomes import load_outcomes, make_standing_key
from pipelines.sources.office.instalments import gather_later


class Answer(NamedTuple):
    """An answer as the office keeps it; of one day, that with the higher number came in later."""

    order_id: str
    outcome: str
    contacted_on: date | None
    promised_amount: Decimal | None
    promised_on: date | None
    promised_amount_2: Decimal | None
    promised_on_2: date | None
    promised_amount_3: Decimal | None
    promised_on_3: date | None
    number: int

    @property
    def is_promise(self) -> bool:
        """Whether it promises a payment by a day."""
        code = load_outcomes()[self.outcome]
        return code.needs_date and code.needs_amount

    @property
    def days(self) -> list[date]:
        """The days promised, in their order."""
        days = (self.promised_on, self.promised_on_2, self.promised_on_3)
        return [day for day in days if day is not None]


class Outcome(NamedTuple):
    """A row of the table `outcome`."""

    order_id: str
    outcome: str
    contacted_on: date | None
    is_contact: bool
    is_success: bool
    is_closed: bool


class Promise(NamedTuple):
    """A row of the table `promise`."""

    order_id: str
    instalment: int
    contacted_on: date | None
    promised_amount: Decimal | None
    promised_on: date | None
    extension_count: int


# -- what stands ---------------------------------------------------------------------------------


def choose_standing(answers: Iterable[Answer]) -> list[Answer]:
    """Return of each order the answer that stands, in the order of their ids."""
    last: dict[str, Answer] = {}
    for answer in answers:
        before = last.get(answer.order_id)
        if before is None or _rank_answer(before) < _rank_answer(answer):
            last[answer.order_id] = answer
    return [last[order_id] for order_id in sorted(last)]


def _rank_answer(answer: Answer) -> tuple[date, int]:
    """Return what puts the answers to one order in their order."""
    return make_standing_key(answer.contacted_on, answer.number)


def make_outcome(answer: Answer) -> Outcome:
    """Return a standing answer with the flags that its code has."""
    code = load_outcomes()[answer.outcome]
    return Outcome(
        order_id=answer.order_id,
        outcome=answer.outcome,
        contacted_on=answer.contacted_on,
        is_contact=code.is_contact,
        is_success=code.is_success,
        is_closed=code.closes,
    )


# -- which promise stands ------------------------------------------------------------------------


def settle_promises(promises: Iterable[Answer]) -> list[Promise]:
    """Return of each order the last promise by instalments, and how often it was put off.

    By the orders' ids, and the instalments in their order.
    """
    of_order: dict[str, list[Answer]] = defaultdict(list)
    for answer in sorted(promises, key=_rank_answer):
        of_order[answer.order_id].append(answer)

    settled: list[Promise] = []
    for order_id in sorted(of_order):
        said = _keep_last_of_days(of_order[order_id])
        extensions = _count_extensions(said)
        settled.extend(_list_instalments(said[-1], extensions))
    return settled


def _list_instalments(answer: Answer, extensions: int) -> Iterator[Promise]:
    """Yield the instalments of a promise, the first first."""
    first = Promise(
        order_id=answer.order_id,
        instalment=1,
        contacted_on=answer.contacted_on,
        promised_amount=answer.promised_amount,
        promised_on=answer.promised_on,
        extension_count=extensions,
    )
    yield first
    later = gather_later(partial(getattr, answer))
    for number, instalment in enumerate(later, start=2):
        yield first._replace(
            instalment=number,
            promised_amount=instalment.amount,
            promised_on=instalment.promised_on,
        )


def _keep_last_of_days(answers: Iterable[Answer]) -> list[Answer]:
    """Of each contact day the last answer: what is said again that day is a correction."""
    last: dict[date | None, Answer] = {}
    for answer in answers:
        last[answer.contacted_on] = answer
    return list(last.values())


def _count_extensions(said: Sequence[Answer]) -> int:
    """How often a promise was put off; one brought forward is none."""
    return sum(
        _is_put_off(before.days, answer.days) for before, answer in pairwise(said)
    )


def _is_put_off(before: Sequence[date], after: Sequence[date]) -> bool:
    """Whether a day of a promise became a later one.

    The last day is set beside the last, for who has paid an instalment promises the rest.
    """
    pairs = zip(reversed(before), reversed(after), strict=False)
    return any(day > earlier for earlier, day in pairs)
