"""Which rows judge a choice.

Later months where there are months, held-out rows where there are none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from models.frames import Floats

Rows = npt.NDArray[np.intp]
Months = npt.NDArray[np.int64]
Fold = tuple[Rows, Rows]


def month_numbers(months: Any) -> Months:
    """Number months consecutively; takes `2026-10`, periods, or whole numbers."""
    values = np.asarray(months)
    if np.issubdtype(values.dtype, np.integer):
        return values.astype(np.int64)
    distinct, place = np.unique(values.astype(str), return_inverse=True)
    numbers: Months = pd.PeriodIndex(distinct, freq="M").astype("int64").to_numpy()
    return numbers[place]


def make_folds(
    outcome: Floats, months: Months | None, count: int, gap: int, seed: int
) -> list[Fold]:
    """Split rows into (fit, judge) pairs.

    At most `count`, none where the outcome is too rare to be judged.
    """
    folds = [] if months is None else _month_folds(months, count, gap)
    if not folds:
        rarest = int(min(outcome.sum(), len(outcome) - outcome.sum()))
        if min(count, rarest) < 2:
            return []
        splitter = StratifiedKFold(min(count, rarest), shuffle=True, random_state=seed)
        folds = list(splitter.split(outcome[:, None], outcome))
    return [(fit, judge) for fit, judge in folds if 0 < outcome[fit].mean() < 1]


def _month_folds(months: Months, count: int, gap: int) -> list[Fold]:
    """Judge the last months, each after a fit on those whose labels were known by then.

    `gap` months before or more.
    """
    folds = []
    for month in np.unique(months)[-count:]:
        known = months <= month - gap
        if not known.any():
            known = (
                months < month
            )  # too short a history to wait for labels: still fitted on the past alone
        if known.any():
            folds.append((np.flatnonzero(known), np.flatnonzero(months == month)))
    return folds
