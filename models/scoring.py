"""Scores of a base of any size in bounded memory: batch by batch, in the order the rows come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from models.frames import Floats

BATCH_ROWS = 100_000
COLLAPSED_SHARE = 0.5


def score_batches(
    score: Callable[[pd.DataFrame], pd.DataFrame],
    batches: Iterable[pd.DataFrame],
    keys: list[str],
) -> Iterator[pd.DataFrame]:
    """Yield each batch's keys with what `score` returns of its other columns.

    Before the next batch is asked for.
    """
    for batch in batches:
        scored = score(batch.drop(columns=keys))
        yield pd.concat([batch[keys], scored], axis=1)


def has_collapsed(score: Floats) -> bool:
    """Say whether a score no longer tells services apart.

    Not finite, or half of them with the same value.
    """
    if not len(score) or not np.isfinite(score).all():
        return True
    _, counts = np.unique(score, return_counts=True)
    return are_too_many_equal(int(counts.max()), len(score))


def are_too_many_equal(equals: int, scored: int) -> bool:
    """Say whether so many services of equal chance, of so many, tell a score that means nothing."""
    return scored == 0 or (scored > 1 and equals >= COLLAPSED_SHARE * scored)
