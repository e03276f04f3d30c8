"""A frame of numbers, flags and texts as one matrix of floats.

It is the same at fitting and at scoring.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Well below the 255 the boosting takes; what is rarer is one category of its own.
MOST_CATEGORIES = 60


@dataclass
class FrameCoder:
    """Code texts as 0 … k−1 by falling frequency, anything else as k, missing as NaN.

    Numbers stay as they are.
    """

    names: list[str] = field(default_factory=list)
    categories: dict[str, list[str]] = field(default_factory=dict)

    def fit(self, frame: pd.DataFrame) -> FrameCoder:
        """Learn the columns and the categories of each text column."""
        self.names = [str(name) for name in frame.columns]
        columns = [frame.iloc[:, place] for place in range(len(self.names))]
        self.categories = {
            n: _categories(c)
            for n, c in zip(self.names, columns, strict=True)
            if _is_text(c)
        }
        return self

    @property
    def is_categorical(self) -> Flags:
        """Which columns of the matrix hold codes."""
        return np.array([name in self.categories for name in self.names], dtype=bool)

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Make the matrix, rows × `names`, columns by position.

        TypeError for a date or another strange type.
        """
        matrix = np.empty((len(frame), len(self.names)), dtype=np.float64, order="F")
        for position, name in enumerate(self.names):
            column = frame.iloc[:, position]
            known = self.categories.get(name)
            matrix[:, position] = (
                _numbers(column) if known is None else _codes(column, known)
            )
        return matrix


def _is_text(column: pd.Series) -> bool:
    if types.is_numeric_dtype(column.dtype) or types.is_bool_dtype(column.dtype):
        return False
    values = (
        column.cat.categories
        if isinstance(column.dtype, pd.CategoricalDtype)
        else column
    )
    kind = types.infer_dtype(values, skipna=True)
    if kind in {"string", "empty"} or (
        kind in {"integer", "boolean"} and values is not column
    ):
        return True
    raise TypeError(
        f"feature {column.name!r} holds {kind}; features are numbers, flags or texts"
    )


def _categories(column: pd.Series) -> list[str]:
    counts = column.dropna().astype(str).value_counts()
    by_frequency = sorted(
        counts[counts > 0].items(), key=lambda item: (-item[1], item[0])
    )
    return [str(name) for name, _ in by_frequency[:MOST_CATEGORIES]]


def _codes(column: pd.Series, known: list[str]) -> Floats:
    if isinstance(
        column.dtype, pd.CategoricalDtype
    ):  # a month's rows share a few texts: code these once
        table = _codes(
            pd.Series(column.cat.categories.astype(str), dtype=object), known
        )
        return np.append(table, np.nan)[column.cat.codes.to_numpy()]
    found = pd.Index(known, dtype=object).get_indexer(
        pd.Index(column.astype(str), dtype=object)
    )
    return np.where(column.isna(), np.nan, np.where(found < 0, len(known), found))


def _numbers(column: pd.Series) -> Floats:
    if not (types.is_numeric_dtype(column.dtype) or types.is_bool_dtype(column.dtype)):
        raise TypeError(
            f"feature {column.name!r} held numbers when the model was fitted, and does not now"
        )
    values: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise ValueError(f"feature {column.name!r} contains infinity")
    return values
