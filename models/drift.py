"""Whether a month still looks like the month a model was fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api import types
from scipy.stats import chi2

from models.frames import Floats

BINS = 10
LEAST_SHARE = 1e-4  # an empty bin would make the index endless


@dataclass(frozen=True)
class Drift:
    """Population stability index and what it stays below in 95 of 100 months without any change."""

    index: float
    limit: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the change is more than chance; in a large base that is true of changes nobody would act on."""
        return self.index > self.limit


def population_stability(before: pd.Series, now: pd.Series, bins: int = BINS) -> Drift:
    """Compare two months of a feature or a score: Σ (a − e) ln(a / e) over quantiles of `before`, or over texts.

    Missing values are a bin of their own. Without a change the index is about (1/N + 1/M) χ²(bins − 1), so its limit
    depends on how many rows there are (Yurdakul & Naranjo 2020, doi 10.21314/JRMV.2020.227); 0.10 and 0.25 do not.
    """
    expected, actual = _counts(before, now, bins)
    limit = (1 / len(before) + 1 / len(now)) * chi2.ppf(0.95, max(1, len(expected) - 1))
    e = np.maximum(expected / expected.sum(), LEAST_SHARE)
    a = np.maximum(actual / actual.sum(), LEAST_SHARE)
    return Drift(float(((a - e) * np.log(a / e)).sum()), float(limit))


def _counts(before: pd.Series, now: pd.Series, bins: int) -> tuple[Floats, Floats]:
    is_number = types.is_numeric_dtype(before.dtype) and not types.is_bool_dtype(before.dtype)
    places = _quantile_bins(before, now, bins) if is_number else [c.map(str, na_action="ignore") for c in (before, now)]
    counted = [place.value_counts(dropna=False) for place in places]
    distinct = counted[0].index.union(counted[1].index, sort=False)
    both = [np.asarray(counts.reindex(distinct, fill_value=0), dtype=np.float64) for counts in counted]
    return both[0], both[1]


def _quantile_bins(before: pd.Series, now: pd.Series, bins: int) -> list[pd.Series]:
    """Number the bins between the quantiles of `before`; −1 is for missing values."""
    values = [column.to_numpy(dtype=float, na_value=np.nan) for column in (before, now)]
    held = values[0][~np.isnan(values[0])]
    edges: Floats = np.unique(np.quantile(held, np.linspace(0, 1, bins + 1)[1:-1])) if len(held) else np.empty(0)
    return [pd.Series(np.where(np.isnan(v), -1, np.searchsorted(edges, v, side="left"))) for v in values]


def drift_table(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return a row a feature that both months have: name, index, limit, whether beyond chance; greatest first."""
    drifts = {name: population_stability(before[name], now[name]) for name in before.columns if name in now}
    rows = [(name, drift.index, drift.limit, drift.is_beyond_chance) for name, drift in drifts.items()]
    table = pd.DataFrame(rows, columns=["feature", "stability_index", "limit", "is_beyond_chance"])
    return table.sort_values(["stability_index", "feature"], ascending=[False, True], ignore_index=True)
