"""A KPI variant taken apart: what each customer adds to its numerator and to its denominator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from .state import Held


@dataclass(frozen=True)
class Part:
    """Integers indexed by customer_id, one entry a contributing item; `unit` of them make one (100 fen a yuan)."""

    num: pd.Series
    den: pd.Series | None
    num_unit: int = 1
    den_unit: int = 1


Scope = tuple[str, str]


@dataclass(frozen=True)
class Placed:
    """What belongs to scopes and not to customers; with a `part`, its customers' sums over the scopes' denominators.

    Without one only the scopes named have a row, numerator and denominator.
    """

    scopes: dict[Scope, tuple[Fraction, Fraction]]
    part: Part | None = None


@dataclass(frozen=True)
class Mean:
    """The mean of several quotients: a value and nothing else."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Score:
    """Ten points for what was aimed at, at most `cap` times as many: a value and nothing else."""

    placed: Placed
    cap: Fraction = Fraction("1.07")


@dataclass(frozen=True)
class Given:
    """The company's value and nothing else, None where there is too little to say one."""

    value: Fraction | None


Rule = Callable[[Held], Part | Placed | Mean | Score | Given]


def entries(customers: pd.Series | pd.Index, values: object = 1) -> pd.Series:
    """One entry a customer or line; `values` is one for all, or one each (a condition counts as 0 or 1)."""
    each = values.to_numpy() if isinstance(values, pd.Series) else values
    return pd.Series(
        each, index=pd.Index(customers.to_numpy(), dtype=object), dtype="int64"
    )


def share(customers: pd.Series | pd.Index, hit: pd.Series) -> Part:
    """How many of these are hit."""
    return Part(entries(customers, hit.astype("int64")), entries(customers))


def isin(ids: pd.Series | pd.Index, group: pd.Series | pd.Index) -> pd.Series:
    return pd.Series(ids.isin(group))


def mean_base(held: Held) -> pd.Series:
    """Net(m-1) and Net(m) together, to be halved."""
    both: list[pd.Series] = [
        entries(month.net["customer_id"]) for month in (held.back(1), held.now)
    ]
    base: pd.Series = pd.concat(both)
    return base
