"""A day between two months as a program reads it: bulletins, orders, and what is missing."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypedDict

from pipelines.core.reasons import join_reasons
from pipelines.store.lake import Version

BULLETINS = ("suspended", "arrears", "due")
# The tables of a day that may be missing.
_TABLES = (
    "daily_suspended",
    "daily_arrears",
    "daily_due",
    "daily_promise",
    "features_arrears",
    "features_complaint",
)
# A row of a bulletin: `scope_kind`, `scope_id`, and the figures that the bulletin has.
BulletinRow = dict[str, Any]


class DayView(TypedDict):
    """What became of a day: rows of its bulletins, counts, and by name what is missing and why."""

    day: str
    month: str
    version: int
    suspended: list[BulletinRow]
    arrears: list[BulletinRow]
    due: list[BulletinRow]
    promises: list[BulletinRow]
    orders: int
    why_not: dict[str, int]
    not_computed: dict[str, str]
    withheld: dict[str, str]


def read_day_view(version: Version) -> DayView:
    """Return a day's bulletins and orders, who was left out, and what is missing and why."""
    reasons_left_out = [
        row["reason"] for row in _read_rows(version, "dispatch_why_not")
    ]
    not_computed = _read_reasons(version)
    withheld = {}
    state = _read_rows(version, "dispatch_list")[0]
    if state["status"] == "not_computed":
        not_computed[state["list"]] = state["reason"]
    elif state["status"] == "withheld":
        withheld[state["list"]] = state["reason"]

    return {
        "day": version.occasion,
        "month": str(version.month),
        "version": version.number,
        "suspended": _read_rows(version, "daily_suspended"),
        "arrears": _read_rows(version, "daily_arrears"),
        "due": _read_rows(version, "daily_due"),
        "promises": _read_rows(version, "daily_promise"),
        "orders": len(_read_rows(version, "dispatch_order")),
        "why_not": dict(Counter(reasons_left_out)),
        "not_computed": not_computed,
        "withheld": withheld,
    }


def _read_reasons(version: Version) -> dict[str, str]:
    """Why tables of the day were not computed, by their names."""
    reasons = {}
    for name in _TABLES:
        entry = version.find_entry(name)
        if entry is not None and not entry.is_computed:
            reasons[name] = join_reasons(entry.reasons)
    return reasons


def _read_rows(version: Version, table: str) -> list[BulletinRow]:
    """The rows of a table; nothing of one that was not computed."""
    if not version.is_computed(table):
        return []
    return version.read_rows(table)
