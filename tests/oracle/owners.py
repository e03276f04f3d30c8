"""Whose customer is he? One owner a customer, and the scopes that follow from it."""

from __future__ import annotations

import pandas as pd

from .state import Held, Month

NOBODY = "unclaimed"
KINDS = ("city", "branch", "unit", "manager")


def owners(held: Held) -> pd.DataFrame:
    """By customer_id, one column a scope kind that can be told; none when the month has no ownership table.

    An earlier month's owner counts only for those the later months know nothing of.
    """
    if not held.now.has("ownership"):
        return pd.DataFrame(index=pd.Index([], dtype=object))
    known = [
        _in_month(held.at(name))
        for name in held.names
        if held.at(name).has("ownership")
    ]
    rows = (
        pd.concat(known, ignore_index=True)
        .drop_duplicates("customer_id", keep="last")
        .set_index("customer_id")
    )
    result = pd.DataFrame(index=rows.index)
    cities = _cities(held.now)
    if cities is not None:
        result["city"] = rows["branch_id"].map(cities)
    result["branch"] = rows["branch_id"]
    for kind in ("unit", "manager"):
        if held.now.has("ownership", f"{kind}_id"):
            result[kind] = rows[f"{kind}_id"]
    return result


def with_manager(held: Held) -> pd.Index:
    """The customers who have a manager."""
    held.now.need("ownership", "manager_id")
    table = owners(held)
    return table.index[table["manager"].notna()]


def _in_month(month: Month) -> pd.DataFrame:
    """The owner valid at the cut-off, otherwise the last expired one of the month's own table."""
    rows = month.need("ownership")
    rows = rows[rows["valid_from"] <= month.last].copy()
    ends = (
        rows["valid_to"]
        if "valid_to" in rows
        else pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    )
    valid = ends.isna() | (ends > month.last)
    rows["_valid"] = valid
    rows["_end"] = ends.mask(valid, pd.Timestamp("2262-01-01"))
    return rows.sort_values(["_valid", "_end", "valid_from"]).drop_duplicates(
        "customer_id", keep="last"
    )


def _cities(month: Month) -> pd.Series | None:
    """City by branch."""
    if not month.has("organisation", "parent_id"):
        return None
    units = month.need("organisation")
    cities = units.loc[units["org_kind"] == "city", "org_id"]
    branches = units[(units["org_kind"] == "branch") & units["parent_id"].isin(cities)]
    return branches.set_index("org_id")["parent_id"]
