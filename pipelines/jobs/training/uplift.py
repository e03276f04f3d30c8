"""A challenger that says whom a call keeps.

Fitted on orders of both arms once enough were held out, judged against the risk, and sealed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

import models.uplift
from models.folds import month_numbers
from models.frames import Flags, Floats
from models.registry import Card, hash_code, hash_frame, save_model
from models.uplift import UpliftRegressor, Verdict, fit_out_of_time, judge_ranking
from pipelines.core.errors import ModelError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.jobs.training.history import History, gather_history
from pipelines.rooms.score.uplift import RISK, take_numbers
from pipelines.store.champions import models_folder, uplift_shelf

JUDGED_SHARE = 3  # the last third of the months judges
FEWEST_JUDGED = 30  # held-out orders in the months that judge


def train_uplift(home: Path, through: Month, settings: Settings) -> Card:
    """Fit, judge and seal an uplift model on the orders whose outcome was known by `through`.

    Return its card.

    Raise ModelError while fewer orders were held out than the setting asks for, or none in the
    months that judge.
    """
    history = gather_history(home, through, settings)
    fewest = settings.uplift_holdout_orders
    if history.held_out < fewest:
        held_out = history.held_out
        raise ModelError(
            "model.few_held_out", month=through, held_out=held_out, fewest=fewest
        )

    judgement = judge_history(history)
    orders = _read_arrays(history)
    model = UpliftRegressor().fit(orders.known, orders.is_kept, orders.is_treated)
    card = make_uplift_card(model, history, judgement)
    return save_model(models_folder(uplift_shelf(home)), model, card, settings.key)


@dataclass(frozen=True)
class _Orders:
    """The history as an estimator takes it.

    Outcomes are 1.0 for who was kept, 0.0 for who was not.
    """

    known: Floats
    is_kept: Floats
    is_treated: Flags


def _read_arrays(history: History) -> _Orders:
    rows = history.rows
    return _Orders(
        known=take_numbers(rows, history.names),
        is_kept=rows["is_kept"].to_numpy(float),
        is_treated=rows["is_treated"].to_numpy(bool),
    )


@dataclass(frozen=True)
class UpliftJudgement:
    """How the model's ranking did beside the risk's, and the months that it was judged on."""

    verdict: Verdict
    months: list[str]


def judge_history(history: History) -> UpliftJudgement:
    """Rank the last third of the months by a model of the months before, and by the risk.

    Raise ModelError where there is one month alone, or too few orders were held out in those that
    judge.
    """
    rows = history.rows
    months = sorted(set(rows["month"]))
    judged_count = max(1, len(months) // JUDGED_SHARE)
    judged_months = months[-judged_count:]
    if len(months) < 2 or _count_held_out(rows, judged_months) < FEWEST_JUDGED:
        raise ModelError(
            "model.few_held_out",
            month=history.through,
            held_out=history.held_out,
            fewest=FEWEST_JUDGED,
        )

    orders = _read_arrays(history)
    is_judged, effect = fit_out_of_time(
        orders.known,
        orders.is_kept,
        orders.is_treated,
        month_numbers(rows["month"]),
        judged_count,
    )
    judged = rows[is_judged]
    verdict = judge_ranking(
        outcome=orders.is_kept[is_judged],
        treated=orders.is_treated[is_judged],
        model=effect,
        risk=judged[RISK].to_numpy(float),
        customer=judged["customer_id"].to_numpy(),
    )
    return UpliftJudgement(verdict, judged_months)


def _count_held_out(rows: pd.DataFrame, months: list[str]) -> int:
    in_months = rows["month"].isin(months)
    return int((~rows.loc[in_months, "is_treated"]).sum())


def make_uplift_card(
    model: UpliftRegressor, history: History, judgement: UpliftJudgement
) -> Card:
    """Write down what a person must know of the model; `judged` says whether it may be promoted."""
    rows = history.rows
    verdict = judgement.verdict
    judged = {"months": judgement.months, "wins": verdict.wins, **asdict(verdict)}
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
        judged=judged,
    )
