"""What a model would have been worth.

Fitted on what was known by each month, judged on what came after.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from models.folds import Rows, month_numbers
from models.frames import Floats

Statistic = Callable[[Rows], float]


def roll_origin(
    model: BaseEstimator,
    features: pd.DataFrame,
    outcome: pd.Series,
    month: pd.Series,
    gap: int = 2,
    fewest: int = 3,
    every: int = 1,
) -> pd.DataFrame:
    """Score each month by a model fitted on the snapshots whose labels were known then.

    `gap` is how many months pass until a label is known. The first month scored has `fewest` such
    snapshots before it; a model is fitted anew `every` months and grows old in between. Returns,
    for the scored rows in the index of `features`: month, age (months since the fit) and a column a
    class, `p_<class>`.
    """
    numbers = month_numbers(month)
    scored_months = np.unique(numbers)[
        np.unique(numbers) >= numbers.min() + gap + fewest - 1
    ]
    parts = []
    for age, at in zip(
        np.arange(len(scored_months)) % every, scored_months, strict=True
    ):
        if age == 0:
            known = numbers <= at - gap
            fitted = clone(model).fit(
                features[known], outcome[known].to_numpy(), month=numbers[known]
            )
        now = features[numbers == at]
        names = [f"p_{name}" for name in fitted.classes_]
        scored = pd.DataFrame(fitted.predict_proba(now), index=now.index, columns=names)
        parts.append(scored.assign(month=month[now.index], age=age))
    return pd.concat(parts)


def bootstrap(
    statistic: Statistic,
    customers: pd.Series,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Return a statistic and its interval over resampled customers, each drawn with all their rows.

    The statistic takes row positions, so that a difference of two scores is drawn on the same rows.
    """
    every_row = np.arange(len(customers))

    def measure(times: Floats) -> float:
        return statistic(np.repeat(every_row, times.astype(np.intp)))

    return bootstrap_times(measure, customers, draws, seed, level)


def bootstrap_times(
    statistic: Callable[[Floats], float],
    customers: pd.Series,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Return the same of a statistic that takes how often each row was drawn."""
    names, owner = np.unique(customers.to_numpy(), return_inverse=True)
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        chosen = random.integers(len(names), size=len(names))
        times = np.bincount(chosen, minlength=len(names)).astype(np.float64)
        drawn.append(statistic(times[owner]))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return statistic(np.ones(len(owner))), float(low), float(high)


def by_month(
    measure: Callable[[Floats, Floats], float],
    outcome: Floats,
    score: Floats,
    month: pd.Series,
) -> pd.Series:
    """Return a measure for each month."""
    rows = pd.Series(np.arange(len(month))).groupby(month.to_numpy())
    return rows.apply(lambda r: measure(outcome[r.to_numpy()], score[r.to_numpy()]))
