"""Whether a month still looks like the month a model was trained through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types
from scipy.stats import chi2

from models.frames import Floats

BINS = 10
MOST_TEXTS = 60
LEAST_SHARE = 1e-4  # an empty bin would make the index endless


@dataclass(frozen=True)
class Drift:
    """Population stability index and what it stays below in 95 of 100 months without any change."""

    index: float
    limit: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the change is more than chance.

        In a large base that is true of changes nobody would act on.
        """
        return self.index > self.limit


@dataclass(frozen=True)
class Bins:
    """How a column was distributed.

    Counts between `edges` or by `texts`, then of any other text, then of missing.
    """

    edges: Sequence[float]
    texts: Sequence[str] | None
    counts: Sequence[int]

    @classmethod
    def of(cls, column: pd.Series, bins: int = BINS) -> Bins:
        """Cut a month's column: numbers at their quantiles, texts one by one."""
        if is_number(column):
            values = column.to_numpy(dtype=float, na_value=np.nan)
            held = values[~np.isnan(values)]
            edges: Floats = (
                np.unique(np.quantile(held, np.linspace(0, 1, bins + 1)[1:-1]))
                if len(held)
                else held
            )
            empty = cls(edges.tolist(), None, ())
        else:
            empty = cls(
                (), sorted(_texts(column).value_counts().index[:MOST_TEXTS]), ()
            )
        return cls(
            empty.edges, empty.texts, [int(count) for count in empty.count(column)]
        )

    def count(self, column: pd.Series) -> Floats:
        """Count another month's column in the same bins; batches of it may be added up."""
        if self.texts is None:
            values = column.to_numpy(dtype=float, na_value=np.nan)
            last = len(self.edges) + 1
            places = np.where(
                np.isnan(values),
                last,
                np.searchsorted(np.asarray(self.edges), values, side="left"),
            )
        else:
            last = len(self.texts) + 1
            found = pd.Index(list(self.texts), dtype="object").get_indexer(
                pd.Index(_texts(column), dtype="object")
            )
            places = np.where(column.isna(), last, np.where(found < 0, last - 1, found))
        return np.bincount(places, minlength=last + 1).astype(np.float64)

    def compare(self, now: Floats) -> Drift:
        """Return the drift from this month to counts in the same bins.

        None where either month has no rows.
        """
        before = np.asarray(self.counts, dtype=np.float64)
        if not before.sum() or not now.sum():
            return Drift(0.0, 0.0)
        used = (before > 0) | (now > 0)
        limit = (1 / before.sum() + 1 / now.sum()) * chi2.ppf(
            0.95, max(1, int(used.sum()) - 1)
        )
        e = np.maximum(before[used] / before.sum(), LEAST_SHARE)
        a = np.maximum(now[used] / now.sum(), LEAST_SHARE)
        return Drift(float(((a - e) * np.log(a / e)).sum()), float(limit))


def is_number(column: pd.Series) -> bool:
    """Whether a column is cut at quantiles; flags and texts are counted one by one."""
    return types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(
        column.dtype
    )


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(object).map(str, na_action="ignore")


def population_stability(before: pd.Series, now: pd.Series, bins: int = BINS) -> Drift:
    """Compare two months of a feature or a score.

    Σ (a − e) ln(a / e) over quantiles of `before`, or over texts.

    Missing values are a bin of their own. Without a change the index is about (1/N + 1/M) χ²(bins −
    1), so its limit depends on how many rows there are (Yurdakul & Naranjo 2020, doi
    10.21314/JRMV.2020.227); 0.10 and 0.25 do not.
    """
    cut = Bins.of(before, bins)
    return cut.compare(cut.count(now))


def store_bins(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a month's distributions by column, as a card keeps them."""
    return {str(name): asdict(Bins.of(frame[name])) for name in frame.columns}


def load_bins(stored: Mapping[str, Any]) -> dict[str, Bins]:
    """Read what `store_bins` has stored."""
    return {name: Bins(**bins) for name, bins in stored.items()}
