"""An uplift challenger: fitted on orders of both arms once enough were held out, judged against the risk, and sealed.

A row is an order of a list that holds somebody out, of a month that was scored: what was known of its service when it
went out, its arm, and whether the customer was in Net and billed a month on, as `feedback` verified it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

import models.uplift
from models.folds import month_numbers
from models.registry import Card, hash_code, hash_frame, save_model
from models.uplift import UpliftRegressor, Verdict, fit_out_of_time, judge_ranking
from pipelines.catalogue.outputs import lists
from pipelines.core.errors import ModelError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.rooms.score.frame import KEYS, features
from pipelines.rooms.score.samples import MUST, open_reader, usable_groups
from pipelines.rooms.score.uplift import RISK, numbers
from pipelines.store.champions import models_folder, uplift_shelf
from pipelines.store.lake import MonthFolder, Version, held_months

JUDGED_SHARE = 3  # the last third of the months judges
FEWEST_JUDGED = 30  # held-out orders in the months that judge
NEEDED = ("score_churn", "dispatch_order", *MUST)


@dataclass(frozen=True)
class History:
    """Orders of both arms: KEYS, month, list, is_treated, is_kept and the numbers known when they went out."""

    through: Month
    rows: pd.DataFrame
    names: list[str]
    missing: dict[str, str]

    @property
    def held_out(self) -> int:
        """How many of the orders were held out."""
        return int((~self.rows["is_treated"]).sum()) if len(self.rows) else 0


def train_uplift(home: Path, through: Month, settings: Settings) -> Card:
    """Fit, judge and seal an uplift model on the orders whose outcome was known by `through`; return its card.

    Raise ModelError while fewer orders were held out than the setting asks for, or none in the months that judge.
    """
    history = gather_history(home, through, settings)
    fewest = settings.uplift_holdout_orders
    if history.held_out < fewest:
        raise ModelError(
            "model.few_held_out", month=through, held_out=history.held_out, fewest=fewest
        )
    verdict, months = judge(history)
    rows = history.rows
    known = numbers(rows, history.names)
    model = UpliftRegressor().fit(
        known, rows["is_kept"].to_numpy(float), rows["is_treated"].to_numpy(bool)
    )
    card = make_card(model, history, verdict, months)
    return save_model(models_folder(uplift_shelf(home)), model, card, settings.key)


def judge(history: History) -> tuple[Verdict, list[str]]:
    """Rank the orders of the last third of the months by a model of the months before, and by the risk."""
    rows, numbered = history.rows, month_numbers(history.rows["month"])
    months = sorted(set(rows["month"]))
    judged = max(1, len(months) // JUDGED_SHARE)
    later = rows["month"].isin(months[-judged:])
    if len(months) < 2 or int((~rows.loc[later, "is_treated"]).sum()) < FEWEST_JUDGED:
        raise ModelError(
            "model.few_held_out",
            month=history.through,
            held_out=history.held_out,
            fewest=FEWEST_JUDGED,
        )
    known, kept = numbers(rows, history.names), rows["is_kept"].to_numpy(float)
    is_later, effect = fit_out_of_time(
        known, kept, rows["is_treated"].to_numpy(bool), numbered, judged
    )
    seen = rows[is_later]
    verdict = judge_ranking(
        seen["is_kept"].to_numpy(float),
        seen["is_treated"].to_numpy(bool),
        effect,
        seen[RISK].to_numpy(float),
        seen["customer_id"].to_numpy(),
    )
    return verdict, months[-judged:]


def make_card(
    model: UpliftRegressor, history: History, verdict: Verdict, judged: list[str]
) -> Card:
    """Write down what a person must know of the model; `judged` says whether it may be promoted."""
    rows = history.rows
    return Card(
        trained_through=str(history.through),
        months=sorted(set(rows["month"])),
        rows=len(rows),
        outcomes={"treated": len(rows) - history.held_out, "holdout": history.held_out},
        features=history.names,
        missing_tables=sorted(history.missing),
        choices={"effect": f"ridge, alpha {model.alpha_:g}"},
        metrics={"qini_uplift": verdict.model, "qini_risk": verdict.risk},
        data_hash=hash_frame(rows),
        code_hash=hash_code(),
        text=(models.uplift.__doc__ or "").strip(),
        judged={"months": judged, "wins": verdict.wins, **asdict(verdict)},
    )


# -- the history -------------------------------------------------------------------------------------------------


def gather_history(home: Path, through: Month, settings: Settings) -> History:
    """Read the orders of every scored month whose outcome a month up to `through` has verified."""
    pairs = [
        (MonthFolder(home, m).current(), MonthFolder(home, m.plus(1)).current())
        for m in held_months(home)
    ]
    known = [
        (then, after) for then, after in pairs if then and after and _tells(then, after, through)
    ]
    if not known:
        return History(through, pd.DataFrame(), [], {})
    groups, missing = usable_groups([then for then, _ in known], [known[-1][0]])
    versions = [version for pair in known for version in pair]
    with open_reader(versions, settings) as reader:
        parts = [_orders(then, after, reader.frame(then, groups, 1.0)) for then, after in known]
    rows = pd.concat(parts, ignore_index=True).sort_values(
        ["month", "customer_id", "list"], ignore_index=True
    )
    seen = {feature.name for feature in features(groups)}
    names = [
        str(n) for n in rows.columns if n in seen and pd.api.types.is_numeric_dtype(rows[n].dtype)
    ]
    return History(through, rows, [RISK, *names], missing)


def _tells(then: Version, after: Version, through: Month) -> bool:
    has_both = all(then.is_computed(table) for table in NEEDED) and after.is_computed(
        "feedback_kept"
    )
    return has_both and after.month <= through


def _orders(then: Version, after: Version, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a month's orders of both arms with the numbers of their line, the customer's riskiest where they name none."""
    held_out = {spec.name for spec in lists() if spec.meta["holdout"]}
    columns = ["order_id", "list", "customer_id", "service_id", "arm"]
    orders = pq.read_table(then.table("dispatch_order"), columns=columns).to_pandas()
    kept = pq.read_table(
        after.table("feedback_kept"), columns=["order_id", "is_verified"]
    ).to_pandas()
    orders = orders[orders["list"].isin(held_out)].merge(kept, on="order_id")
    risk = pq.read_table(then.table("score_churn"), columns=["service_id", RISK]).to_pandas()
    frame = frame.merge(risk, on="service_id")
    riskiest = frame.sort_values([RISK, "service_id"], ascending=[False, True]).drop_duplicates(
        "customer_id"
    )
    first = riskiest.set_index("customer_id")["service_id"]
    orders["service_id"] = orders["service_id"].fillna(orders["customer_id"].map(first))
    orders["is_treated"], orders["is_kept"] = (
        orders["arm"] == "treated",
        orders["is_verified"].astype(bool),
    )
    wanted = orders[[*KEYS, "list", "is_treated", "is_kept"]]
    found: pd.DataFrame = wanted.merge(frame.drop(columns="customer_id"), on="service_id")
    return found
