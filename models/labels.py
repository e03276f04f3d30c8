"""What happened to a service after a snapshot: observe to m, wait out the grace months, then look.

With a grace of one month and a window of one, a snapshot of m is labelled by m+2: the lists of m
are worked in m+1, so who leaves in m+1 is past saving and takes no part. The base population is
Net(m): active, stopped for arrears, or stopped on request. A label is known when its window is over
and every month of it is held; until then it is open. A reason that is told only after the window,
of a service that has not come back, still counts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.folds import month_numbers
from models.frames import Flags, Floats

NET = ("active", "suspended_arrears", "suspended_request")
ENDED = ("pre_terminated", "terminated")
ARREARS = "arrears"

VOLUNTARY, INVOLUNTARY, DOWN_MIGRATION, STAY = (
    "voluntary",
    "involuntary",
    "down_migration",
    "stay",
)

LABELLED = "labelled"
OPEN = "open"  # the window is not over, or a month of it is not held
LEFT_IN_GRACE = "left_in_grace"


def make_labels(panel: pd.DataFrame, grace: int = 1, window: int = 1) -> pd.DataFrame:
    """Label each service of Net(m) in each month m of a panel.

    `panel` has a row a service and month: service_id, month (`2026-10`), status, is_billed,
    termination_reason, and if down-migration counts, is_down_migrated. Returned, a row each of
    Net(m): service_id, month, state, and where it is labelled: outcome; the three flags of the
    window's last month, each its own truth: is_absent (no row), is_ended (by status), is_not_billed
    (empty for an absent one); and is_reason_known. A leaver without a reason is involuntary if he
    was stopped for arrears when last in the net, else voluntary. A service counts by where it is
    when the window ends.
    """
    panel = panel.assign(number=month_numbers(panel["month"]))
    base = panel[panel["status"].isin(NET)].reset_index(drop=True)
    later = [_later(panel, base, ahead) for ahead in range(1, grace + window + 1)]
    gone_for = _months_gone(later)
    is_gone, last = gone_for > 0, later[-1]
    labels = base[["service_id", "month"]].copy()
    labels["state"] = np.where(gone_for > window, LEFT_IN_GRACE, LABELLED)
    labels.loc[~_is_held(panel, base, grace + window), "state"] = OPEN
    reason, stopped = _reason(base, later, gone_for)
    reason = reason.fillna(_late_reason(panel, base, grace + window))
    by_arrears = np.where(reason.notna(), reason == ARREARS, stopped)
    labels["outcome"] = np.select(
        [is_gone & by_arrears, is_gone, _has_migrated(later[grace:])],
        [INVOLUNTARY, VOLUNTARY, DOWN_MIGRATION],
        STAY,
    )
    flags = {
        "is_absent": last["status"].isna(),
        "is_ended": last["status"].isin(ENDED),
        "is_not_billed": ~last["is_billed"].astype("boolean"),
        "is_reason_known": reason.notna().astype("boolean").where(is_gone),
    }
    is_labelled = labels["state"] == LABELLED
    labels["outcome"] = labels["outcome"].where(is_labelled)
    for name, flag in flags.items():
        labels[name] = flag.astype("boolean").where(is_labelled)
    return labels


def _later(panel: pd.DataFrame, base: pd.DataFrame, ahead: int) -> pd.DataFrame:
    """Find each base row's service that many months later; empty cells where it has no row."""
    wanted = [
        name
        for name in ("status", "is_billed", "termination_reason", "is_down_migrated")
        if name in panel
    ]
    known = panel.set_index(["service_id", "number"])[wanted]
    keys = pd.MultiIndex.from_arrays([base["service_id"], base["number"] + ahead])
    return known.reindex(keys).reset_index(drop=True)


def _months_gone(later: list[pd.DataFrame]) -> Floats:
    """Count the months through which a service was out of the net without coming back.

    Up to the window's end.
    """
    gone = np.column_stack([~month["status"].isin(NET) for month in later])
    trailing = np.logical_and.accumulate(gone[:, ::-1], axis=1)
    return np.asarray(trailing.sum(axis=1), dtype=np.float64)


def _is_held(panel: pd.DataFrame, base: pd.DataFrame, ahead: int) -> Flags:
    held = panel["number"].unique()
    return np.asarray(
        np.all([np.isin(base["number"] + k, held) for k in range(1, ahead + 1)], axis=0)
    )


def _reason(
    base: pd.DataFrame, later: list[pd.DataFrame], gone_for: Floats
) -> tuple[pd.Series, Flags]:
    """Return the reason given for leaving, and whether it was stopped for arrears before."""
    reason = pd.Series(None, index=base.index, dtype=object)
    stopped = np.zeros(len(base), dtype=bool)
    status_before = base["status"]
    for position, month in enumerate(later):
        leaves_now = gone_for == len(later) - position
        reason = reason.where(
            ~(gone_for >= len(later) - position) | reason.notna(),
            month["termination_reason"],
        )
        stopped |= leaves_now & (status_before == "suspended_arrears").to_numpy()
        status_before = month["status"]
    return reason, stopped


def _late_reason(panel: pd.DataFrame, base: pd.DataFrame, ahead: int) -> pd.Series:
    """Find the first reason told after the window.

    None where the service was back in the net before.
    """
    told = panel[panel["status"].isin(NET) | panel["termination_reason"].notna()]
    ends = pd.DataFrame(
        {
            "service_id": base["service_id"],
            "number": base["number"] + ahead,
            "row": base.index,
        }
    )
    found = pd.merge_asof(
        ends.sort_values("number"),
        told[["service_id", "number", "status", "termination_reason"]].sort_values(
            "number"
        ),
        on="number",
        by="service_id",
        direction="forward",
        allow_exact_matches=False,
    ).set_index("row")
    return (
        found["termination_reason"]
        .where(~found["status"].isin(NET))
        .reindex(base.index)
    )


def _has_migrated(window: list[pd.DataFrame]) -> Flags:
    flags = [
        m["is_down_migrated"].eq(True).to_numpy()
        for m in window
        if "is_down_migrated" in m
    ]
    return (
        np.logical_or.reduce(flags) if flags else np.zeros(len(window[0]), dtype=bool)
    )


def keep_ids(ids: pd.Series, share: float, salt: str = "training") -> Flags:
    """Mark the ids of a fixed share, by hash.

    The same customers in every month, on every machine.
    """
    hashes = pd.util.hash_array(
        ids.astype(str).to_numpy(dtype=object), hash_key=salt.ljust(16)[:16]
    )
    return np.asarray(hashes < share * 2.0**64)
