"""A challenger: fitted on the labels known by a month, judged on months it did not see, sealed beside the months."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import clone

import models.competing
from models.backtest import roll_origin
from models.baseline import PlainLogistic
from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from models.drift import store_bins
from models.folds import month_numbers
from models.judgement import arrears_rule, compare, tell, tenure_groups, usage_rule
from models.labels import INVOLUNTARY, VOLUNTARY
from models.registry import Card, describe_choices, hash_code, hash_frame, save_model
from pipelines.core.errors import ModelError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.score.champion import PLACES
from pipelines.score.frame import feature_groups, features, signs
from pipelines.score.samples import GAP, Samples, gather_samples
from pipelines.store.champions import models_folder
from pipelines.store.lake import MonthFolder

FEWEST_LEAVERS = 10
JUDGED_MONTHS = 3
RULES = {VOLUNTARY: usage_rule, INVOLUNTARY: arrears_rule}
METRICS = ("auc", "average_precision", "log_loss", "brier", "calibration_error", "lift_10", "precision_at_capacity")
Progress = Callable[[str], None]


def train(home: Path, through: Month, settings: Settings, progress: Progress = lambda step: None) -> Card:
    """Fit, judge and seal a challenger on what was known by `through`; return its card.

    Raise ModelError where no month up to then has its label, or too few have left to learn from.
    """
    progress("train_samples")
    samples = gather_samples(home, through, settings)
    _check(samples)
    recipe = make_recipe()
    progress("train_judge")
    judged = judge(recipe, samples, capacity_share(home, through, samples))
    progress("train_fit")
    model = clone(recipe).fit(samples.features, samples.rows["outcome"].to_numpy(), samples.rows["month"].to_numpy())
    return save_model(models_folder(home), model, make_card(model, samples, judged), settings.key)


def make_recipe() -> CompetingClassifier:
    """Return the model to fit, with the signs the business demands."""
    return CompetingClassifier(monotone=signs(features(feature_groups())), estimator=ChurnClassifier(gap=GAP))


def _check(samples: Samples) -> None:
    if samples.rows.empty:
        raise ModelError("model.no_labels", month=samples.through, gap=GAP)
    leavers = int((samples.rows["outcome"] == VOLUNTARY).sum())
    if leavers < FEWEST_LEAVERS:
        raise ModelError("model.few_leavers", month=samples.through, leavers=leavers, fewest=FEWEST_LEAVERS)


# -- judging -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Way:
    """How far back the back-test goes: the last months are scored by one fit on what was known before them."""

    fewest: int
    every: int


def _way(month: pd.Series) -> _Way | None:
    """Judge the last JUDGED_MONTHS labelled months, fewer where the history is short, none where it is too short."""
    numbers = month_numbers(month)
    span = int(numbers.max() - numbers.min()) + 1
    judged = min(JUDGED_MONTHS, span - GAP)
    return _Way(fewest=span - judged - GAP + 1, every=judged) if judged > 0 else None


def judge(recipe: CompetingClassifier, samples: Samples, share: float) -> dict[str, Any]:
    """Say how the recipe does on the last labelled months, beside the logistic model and the managers' rules."""
    way = _way(samples.rows["month"])
    if way is None:
        return {}
    scored = _roll(recipe, samples, samples.rows["outcome"], way)
    rows = samples.rows.loc[scored.index]
    found: dict[str, Any] = {"months": sorted(set(rows["month"])), "rows": len(rows), "capacity_share": share}
    found["outcomes"] = {}
    for outcome, rule in RULES.items():
        is_outcome = (samples.rows["outcome"] == outcome).astype(int)
        if not 0 < is_outcome[rows.index].mean() < 1:
            continue
        table = rows[["customer_id", "value"]].assign(
            outcome=is_outcome[rows.index], model=chance_of(scored, outcome), rule=rule(rows)
        )
        makers = ["model"]
        if is_outcome.drop(rows.index).any():
            table["logistic"] = chance_of(_roll(PlainLogistic(), samples, is_outcome, way), "1")
            makers.append("logistic")
        lines = compare(table, makers, ["rule"], share)
        found["outcomes"][outcome] = {"makers": lines, **tell(table, "model", slices(rows))}
    return found


def _roll(recipe: Any, samples: Samples, outcome: pd.Series, way: _Way) -> pd.DataFrame:
    month = samples.rows["month"]
    return roll_origin(recipe, samples.features, outcome, month, gap=GAP, fewest=way.fewest, every=way.every)


def chance_of(scored: pd.DataFrame, outcome: str) -> pd.Series:
    """Return the chances of an outcome, 0 where the model never saw it."""
    return scored.get(f"p_{outcome}", pd.Series(0.0, index=scored.index))


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return by what the judged rows are cut, to see unequal treatment."""
    return {
        "branch": rows["branch_id"],
        "tenure": tenure_groups(rows["tenure_months"]),
        "plan": rows["plan_id"],
        "product": rows["service_type"],
    }


def capacity_share(home: Path, month: Month, samples: Samples) -> float:
    """Return the orders that managers can take in a month as a share of the services; a tenth where nobody says."""
    import duckdb

    version = MonthFolder(home, month).current()
    entry = version.manifest["tables"].get("snapshot_account_manager") if version else None
    base = version.manifest["tables"]["features_service"]["rows"] if version else 0
    if version is None or not entry or entry["status"] != "computed" or not base:
        return 0.1
    path = version.table("snapshot_account_manager")
    found = duckdb.sql(f"SELECT SUM(capacity) FROM read_parquet('{path}') WHERE is_active").fetchone()
    return min(1.0, float(found[0]) / base) if found and found[0] else 0.1


# -- the card ----------------------------------------------------------------------------------------------------


def make_card(model: CompetingClassifier, samples: Samples, judged: dict[str, Any]) -> Card:
    """Write down what a person must know of a model."""
    rows = samples.rows
    known = samples.rows[["service_id", "month", "outcome", *samples.names]]
    return Card(
        trained_through=str(samples.through),
        months=sorted(set(rows["month"])),
        rows=len(rows),
        outcomes={str(name): int(count) for name, count in rows["outcome"].value_counts().sort_index().items()},
        features=samples.names,
        missing_tables=sorted(samples.missing),
        choices=dict(describe_choices(model)),
        metrics=_metrics(judged),
        data_hash=hash_frame(known),
        code_hash=hash_code(),
        text=(models.competing.__doc__ or "").strip(),
        notes=_notes(samples, judged),
        judged=judged,
        reference=make_reference(model, samples),
    )


def make_reference(model: CompetingClassifier, samples: Samples) -> dict[str, Any]:
    """Return how features and chances are distributed in the month trained through: later months are held against it."""
    features = samples.newest[samples.names]
    chances = model.score_frame(features)[["p_voluntary", "p_involuntary"]]
    return store_bins(features.join(chances.round(PLACES)))


def _metrics(judged: dict[str, Any]) -> dict[str, float]:
    """Pick the figures of the model's own line, by outcome."""
    found: dict[str, float] = {}
    for outcome, told in judged.get("outcomes", {}).items():
        line = told["makers"][0]
        found |= {f"{outcome}_{name}": line[name] for name in METRICS if line.get(name) is not None}
    return found


def _notes(samples: Samples, judged: dict[str, Any]) -> dict[str, str]:
    notes = {f"missing {table}": why for table, why in samples.missing.items()}
    notes |= {f"labels {state}": str(count) for state, count in sorted(samples.counts.items())}
    if not judged:
        notes["judged"] = "history too short: never judged on a month it did not see"
    return notes
