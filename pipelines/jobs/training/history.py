"""The orders that an uplift model learns from.

Both arms, what was known when they went out, and whom they kept.

A row is an order of a list that holds somebody out, of a month that was scored: what was known of
its service when it went out, its arm, and whether the customer was in Net and billed a month on, as
`feedback` verified it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipelines.catalogue.outputs import load_lists
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.rooms.score.frame import KEYS, list_features
from pipelines.rooms.score.samples import MUST, open_reader, usable_groups
from pipelines.rooms.score.uplift import RISK
from pipelines.store.lake import MonthFolder, Version, list_held_months

NEEDED = ("score_churn", "dispatch_order", *MUST)
_ORDER_COLUMNS = ["order_id", "list", "customer_id", "service_id", "arm"]


@dataclass(frozen=True)
class History:
    """Orders of both arms.

    KEYS, month, list, is_treated, is_kept and the numbers known when they went out.
    """

    through: Month
    rows: pd.DataFrame
    names: list[str]
    missing: dict[str, str]

    @property
    def held_out(self) -> int:
        """How many of the orders were held out."""
        if self.rows.empty:
            return 0
        return int((~self.rows["is_treated"]).sum())


class _VerifiedMonth(NamedTuple):
    """A month whose orders were sent, and the month after it, which verified them."""

    sent: Version
    verified: Version


def gather_history(home: Path, through: Month, settings: Settings) -> History:
    """Read the orders of every scored month whose outcome a month up to `through` has verified."""
    months = _list_verified_months(home, through)
    if not months:
        return History(through, pd.DataFrame(), [], {})

    sent = [month.sent for month in months]
    groups, missing = usable_groups(sent, sent[-1:])
    versions: list[Version] = []
    for month in months:
        versions += month

    parts = []
    with open_reader(versions, settings) as reader:
        for month in months:
            known = reader.frame(month.sent, groups, 1.0)
            parts.append(_read_orders(month, known))

    rows = pd.concat(parts, ignore_index=True)
    rows = rows.sort_values(["month", "customer_id", "list"], ignore_index=True)
    feature_names = {feature.name for feature in list_features(groups)}
    names = [RISK, *_list_numeric(rows, feature_names)]
    return History(through, rows, names, missing)


def _list_verified_months(home: Path, through: Month) -> list[_VerifiedMonth]:
    """Return the scored months whose orders the month after them has verified."""
    months = []
    for month in list_held_months(home):
        sent = MonthFolder(home, month).current()
        verified = MonthFolder(home, month.plus(1)).current()
        if sent is None or verified is None or verified.month > through:
            continue
        was_scored = all(sent.is_computed(table) for table in NEEDED)
        if was_scored and verified.is_computed("feedback_kept"):
            months.append(_VerifiedMonth(sent, verified))

    return months


def _list_numeric(rows: pd.DataFrame, names: set[str]) -> list[str]:
    """Return those of some columns that hold numbers, in the frame's order."""
    numeric = []
    for name in rows.columns:
        if name in names and pd.api.types.is_numeric_dtype(rows[name].dtype):
            numeric.append(str(name))
    return numeric


def _read_orders(month: _VerifiedMonth, known: pd.DataFrame) -> pd.DataFrame:
    """Return a month's orders of both arms with the numbers of their line.

    Where an order names no line it is the customer's riskiest.
    """
    risk = _read_table(month.sent, "score_churn", ["service_id", RISK])
    known = known.merge(risk, on="service_id")

    orders = _read_table(month.sent, "dispatch_order", _ORDER_COLUMNS)
    kept = _read_table(month.verified, "feedback_kept", ["order_id", "is_verified"])
    may_be_held_out = orders["list"].isin(_name_holdout_lists())
    orders = orders[may_be_held_out].merge(kept, on="order_id")

    riskiest = orders["customer_id"].map(_find_riskiest_services(known))
    orders["service_id"] = orders["service_id"].fillna(riskiest)
    orders["is_treated"] = orders["arm"] == "treated"
    orders["is_kept"] = orders["is_verified"].astype(bool)

    wanted = orders[[*KEYS, "list", "is_treated", "is_kept"]]
    of_service = known.drop(columns="customer_id")
    rows: pd.DataFrame = wanted.merge(of_service, on="service_id")
    return rows


def _read_table(version: Version, table: str, columns: Sequence[str]) -> pd.DataFrame:
    frame: pd.DataFrame = version.read_arrow(table, columns).to_pandas()
    return frame


def _name_holdout_lists() -> set[str]:
    return {spec.name for spec in load_lists() if spec.meta["holdout"]}


def _find_riskiest_services(known: pd.DataFrame) -> pd.Series:
    """Return each customer's service of the highest risk; of equal ones the first by id."""
    in_order = known.sort_values([RISK, "service_id"], ascending=[False, True])
    first = in_order.drop_duplicates("customer_id")
    return first.set_index("customer_id")["service_id"]
