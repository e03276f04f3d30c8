"""Which rows judge a choice.

Later months where there are months, held-out rows where there are none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from models.frames import Floats

Rows = npt.NDArray[np.intp]
Months = npt.NDArray[np.int64]
Fold = tuple[Rows, Rows]


class Trial(NamedTuple):
    """A fold as a search takes it: of what is common among its rows some may be left out.

    `watched` are the judged rows, drawn as those to fit on were. A fit's log-odds are `shift` away
    from those of a fit on every row.
    """

    fit: Rows
    judge: Rows
    watched: Rows
    shift: float = 0.0


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


def draw_trials(
    folds: list[Fold], outcome: Floats, most: int, seed: int
) -> list[Trial]:
    """Draw at most so many rows to fit on of each fold; all of the rarer outcome stay.

    What is left out of the commoner one moves the log-odds by a number that is known (King & Zeng,
    Logistic Regression in Rare Events Data, 2001), and what a fit learns hangs on the rarer.
    """
    rng = np.random.default_rng(seed)
    return [_draw_trial(fold, outcome, most, rng) for fold in folds]


def _draw_trial(
    fold: Fold, outcome: Floats, most: int, rng: np.random.Generator
) -> Trial:
    fit, judge = fold
    is_event_rare = bool(outcome[fit].mean() < 0.5)
    is_rarer = outcome == float(is_event_rare)
    rarer = int(is_rarer[fit].sum())
    share = max(most - rarer, rarer) / (len(fit) - rarer)
    if share >= 1.0:
        return Trial(fit, judge, judge)

    def draw(rows: Rows) -> Rows:
        is_kept = is_rarer[rows] | (rng.random(len(rows)) < share)
        kept: Rows = rows[is_kept]
        return kept

    shift = float(np.log(share)) if is_event_rare else -float(np.log(share))
    return Trial(draw(fit), judge, draw(judge), shift)
