"""Scores of a base of any size in bounded memory: batch by batch, in the order the rows come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from models.frames import Floats

BATCH_ROWS = 100_000
COLLAPSED_SHARE = 0.5


def score_batches(
    score: Callable[[pd.DataFrame], pd.DataFrame], batches: Iterable[pd.DataFrame], keys: list[str]
) -> Iterator[pd.DataFrame]:
    """Yield each batch's keys with what `score` returns of its other columns, before the next batch is asked for."""
    for batch in batches:
        scored = score(batch.drop(columns=keys))
        yield pd.concat([batch[keys], scored], axis=1)


def cut_batches(frame: pd.DataFrame, rows: int = BATCH_ROWS) -> Iterator[pd.DataFrame]:
    """Cut a frame into batches."""
    for start in range(0, len(frame), rows):
        yield frame.iloc[start : start + rows]


def make_deciles(score: Floats) -> np.ndarray:
    """Return 1 for the highest tenth of the scores to 10 for the lowest; equal scores share the better decile."""
    rank = rankdata(-score, method="min") - 1
    return np.asarray(rank * 10 // len(score) + 1, dtype=np.int64)


def has_collapsed(score: Floats) -> bool:
    """Say whether a score no longer tells services apart: not finite, or half of them with the same value."""
    if not len(score) or not np.isfinite(score).all():
        return True
    counts = np.unique(score, return_counts=True)[1]
    return bool(counts.max() >= COLLAPSED_SHARE * len(score)) and len(score) > 1


def expected_loss(chance: Floats, value: Floats) -> Floats:
    """Return chance × value at risk, in the unit of the value."""
    return chance * value
