"""Why a service stands on a list.

What its features add to the log-odds, in the groups a manager has words for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.frames import Floats

OTHER = "other"
PLACES = 3


def group_contributions(
    contributions: pd.DataFrame, groups: Mapping[str, str]
) -> pd.DataFrame:
    """Sum the contributions of each group's features, groups in the order of their names.

    The rest is `other`.
    """
    group = contributions.columns.map(lambda name: groups.get(name, OTHER))
    return contributions.T.groupby(np.asarray(group), sort=True).sum().T


def top_reasons(grouped: pd.DataFrame, places: int = PLACES) -> pd.DataFrame:
    """Return reason_1 …: the groups that raise the chance most; empty where fewer do.

    Equal ones go by name.
    """
    names = sorted(name for name in grouped.columns if name != OTHER)
    values: Floats = grouped[names].to_numpy(dtype=float)
    best = np.argsort(-values, axis=1, kind="stable")[:, :places]
    raises = np.take_along_axis(values, best, axis=1) > 0.0
    words = np.array(names, dtype=object)[best]
    words[~raises] = None
    empty = np.full((len(grouped), places), None, dtype=object)
    empty[:, : words.shape[1]] = words
    columns = [f"reason_{place + 1}" for place in range(places)]
    return pd.DataFrame(empty, index=grouped.index, columns=columns, dtype=object)
