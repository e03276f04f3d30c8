"""A challenger: fitted on the labels known by a month, judged on months it did not see, sealed beside the months."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import scipy
import sklearn
from sklearn.base import clone

import models.competing
from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from models.folds import month_numbers
from models.frames import Flags
from models.judging.backtest import roll_origin
from models.judging.drift import store_bins
from models.judging.judgement import (
    PlainLogistic,
    arrears_rule,
    compare,
    tell,
    tenure_groups,
    usage_rule,
)
from models.labels import INVOLUNTARY, VOLUNTARY
from models.reasons import group_contributions
from models.registry import (
    QUICK,
    Card,
    ModelRefused,
    describe_choices,
    hash_code,
    hash_frame,
    load_model,
    save_model,
)
from models.steps import Workbench, use_workbench
from pipelines.core.errors import ModelError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.documents.pages.review import write_review
from pipelines.rooms.score.champion import PLACES
from pipelines.rooms.score.frame import feature_groups, features, reasons, signs
from pipelines.rooms.score.samples import GAP, MOST_ROWS, Samples, gather_samples
from pipelines.store.champions import find_champion, models_folder
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import LANGUAGES

FEWEST_LEAVERS = 10
JUDGED_MONTHS = 3
A_TENTH = 0.1
EXPLAINED_ROWS = 2_000
RULES = {VOLUNTARY: usage_rule, INVOLUNTARY: arrears_rule}
MOST_ROWS_QUICK = 80_000
KEPT = ".steps"  # beside the versions: what is finished of a training, until all of it is
STEPS = (
    "train_samples",
    *(f"train_judge_{outcome}" for outcome in models.competing.ORDER),
    "train_compare",
    *(f"train_fit_{outcome}" for outcome in models.competing.ORDER),
    "train_write",
    "train_uplift",
)
METRICS = (
    "auc",
    "average_precision",
    "log_loss",
    "brier",
    "calibration_error",
    "lift_10",
    "precision_at_capacity",
)
Progress = Callable[[str], None]


def train(
    home: Path,
    through: Month,
    settings: Settings,
    progress: Progress = lambda step: None,
    *,
    is_quick: bool = False,
) -> Card:
    """Fit, judge and seal a challenger on what was known by `through`, with its review page; return its card.

    What was finished of an interrupted training of the same rows is used again; nothing of it stays once this is done.
    Raise ModelError where no month up to then has its label, or too few have left to learn from.
    """
    progress("train_samples")
    samples = gather_samples(home, through, settings, MOST_ROWS_QUICK if is_quick else MOST_ROWS)
    _check(samples)
    recipe = make_quick_recipe() if is_quick else make_recipe()
    with use_workbench(Workbench(progress, models_folder(home) / KEPT, salt=_salt())) as bench:
        bench.phase = "train_judge"
        judged = judge(
            recipe, samples, capacity_share(home, through), find_rival(home, settings), progress
        )
        bench.phase = "train_fit"
        rows = samples.rows
        model = clone(recipe).fit(
            samples.features, rows["outcome"].to_numpy(), rows["month"].to_numpy()
        )
    progress("train_write")
    card = make_card(model, samples, judged)
    if is_quick:
        card = replace(card, notes=card.notes | {QUICK: f"{QUICK}: {MOST_ROWS_QUICK}"})
    card = save_model(models_folder(home), model, card, settings.key)
    write_pages(home, card)
    bench.clear()
    return card


def _salt() -> str:
    """Name the code and the libraries that make the same rows into the same model."""
    return "\0".join([hash_code(), sklearn.__version__, np.__version__, scipy.__version__])


def write_pages(home: Path, card: Card) -> None:
    """Write the page that a person decides by, one of each language, beside the version."""
    facts = asdict(card) | {"version": card.version}
    for language in LANGUAGES:
        page = models_folder(home) / card.version / f"review.{language}.html"
        write_review(page, Month.parse(card.trained_through), language, facts, is_challenger=True)


def make_recipe() -> CompetingClassifier:
    """Return the model to fit, with the signs the business demands."""
    return CompetingClassifier(
        monotone=signs(features(feature_groups())), estimator=ChurnClassifier(gap=GAP)
    )


def make_quick_recipe() -> CompetingClassifier:
    """Return the model to fit where somebody waits for it: boosted trees alone, chosen and calibrated on two months."""
    estimator = ChurnClassifier(candidates=("boosting",), gap=GAP, folds=2, max_rounds=40)
    return CompetingClassifier(monotone=signs(features(feature_groups())), estimator=estimator)


def _check(samples: Samples) -> None:
    if samples.rows.empty:
        raise ModelError("model.no_labels", month=samples.through, gap=GAP)
    leavers = int((samples.rows["outcome"] == VOLUNTARY).sum())
    if leavers < FEWEST_LEAVERS:
        raise ModelError(
            "model.few_leavers", month=samples.through, leavers=leavers, fewest=FEWEST_LEAVERS
        )


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


def judge(
    recipe: CompetingClassifier,
    samples: Samples,
    share: float,
    rival: Rival | None = None,
    progress: Progress = lambda step: None,
) -> dict[str, Any]:
    """Say how the recipe does on the last labelled months, beside the logistic model and the managers' rules.

    And beside the champion, on those of these months that the champion has not seen either.
    """
    way = _way(samples.rows["month"])
    if way is None or samples.rows["outcome"][_seen(samples, way)].nunique() < 2:
        return {}
    scored = _roll(recipe, samples, samples.rows["outcome"], way)
    progress("train_compare")
    rows = samples.rows.loc[scored.index]
    found: dict[str, Any] = {
        "months": sorted(set(rows["month"])),
        "rows": len(rows),
        "capacity_share": share,
    }
    fair = rival.fair_rows(rows) if rival else rows[:0]
    if rival:
        found["champion"] = {
            "version": rival.version,
            "months": sorted(set(fair["month"])),
            "rows": len(fair),
        }
    found["outcomes"] = {}
    for outcome in RULES:
        table = _side_by_side(samples, scored, way, outcome)
        if table is None:
            continue
        makers = [name for name in ("model", "logistic") if name in table]
        told = {
            "makers": compare(table, makers, ["rule"], share),
            **tell(table, "model", slices(rows)),
        }
        if rival and 0 < table.loc[fair.index, "outcome"].mean() < 1:
            both = table.loc[fair.index].assign(champion=rival.chance(fair, outcome))
            told["contest"] = compare(both, ["model", "champion"], ["rule"], share)
        found["outcomes"][outcome] = told
    return found


def _side_by_side(
    samples: Samples, scored: pd.DataFrame, way: _Way, outcome: str
) -> pd.DataFrame | None:
    """Return the judged rows with a column of scores a maker; None where the outcome never, or always, came."""
    rows = samples.rows.loc[scored.index]
    is_outcome = (samples.rows["outcome"] == outcome).astype(int)
    if not 0 < is_outcome[rows.index].mean() < 1:
        return None
    table = rows[["customer_id", "value"]].assign(
        outcome=is_outcome[rows.index], model=chance_of(scored, outcome), rule=RULES[outcome](rows)
    )
    if is_outcome[_seen(samples, way)].any():
        table["logistic"] = chance_of(_roll(PlainLogistic(), samples, is_outcome, way), "1")
    return table


@dataclass(frozen=True)
class Rival:
    """The champion that a challenger is held against."""

    version: str
    model: CompetingClassifier
    card: Card

    def fair_rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of months that the champion was not fitted on; none where it knows what they do not hold."""
        is_held = set(self.card.features) <= set(rows.columns)
        return rows[rows["month"] > max(self.card.months)] if is_held else rows[:0]

    def chance(self, rows: pd.DataFrame, outcome: str) -> pd.Series:
        """Return the champion's chances of an outcome."""
        return self.model.score_frame(rows[self.card.features])[f"p_{outcome}"]


def find_rival(home: Path, settings: Settings) -> Rival | None:
    """Load the champion to be held against; None where there is none that may be used."""
    champion = find_champion(home)
    if champion is None:
        return None
    try:
        model, card = load_model(champion.path, settings.key)
    except ModelRefused:
        return None
    return Rival(champion.version, model, card) if isinstance(model, CompetingClassifier) else None


def _seen(samples: Samples, way: _Way) -> Flags:
    """Mark the rows that the judged fit sees: whose labels were known in the first month it scores."""
    numbers = month_numbers(samples.rows["month"])
    first = numbers[numbers > numbers.max() - way.every].min()
    return np.asarray(numbers <= first - GAP)


def _roll(recipe: Any, samples: Samples, outcome: pd.Series, way: _Way) -> pd.DataFrame:
    month = samples.rows["month"]
    return roll_origin(
        recipe, samples.features, outcome, month, gap=GAP, fewest=way.fewest, every=way.every
    )


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


def capacity_share(home: Path, month: Month) -> float:
    """Return the orders that managers can take in a month as a share of the services; a tenth where nobody says."""
    version = MonthFolder(home, month).current()
    if version is None or not version.is_computed("snapshot_account_manager"):
        return A_TENTH
    managers = pq.read_table(
        version.table("snapshot_account_manager"), columns=["capacity", "is_active"]
    ).to_pylist()
    orders = sum(manager["capacity"] for manager in managers if manager["is_active"])
    base = version.manifest["tables"]["features_service"]["rows"]
    return min(1.0, orders / base) if orders and base else A_TENTH


# -- the card ----------------------------------------------------------------------------------------------------


def make_card(model: CompetingClassifier, samples: Samples, judged: dict[str, Any]) -> Card:
    """Write down what a person must know of a model."""
    rows = samples.rows
    known = samples.rows[["service_id", "month", "outcome", *samples.names]]
    return Card(
        trained_through=str(samples.through),
        months=sorted(set(rows["month"])),
        rows=len(rows),
        outcomes={
            str(name): int(count)
            for name, count in rows["outcome"].value_counts().sort_index().items()
        },
        features=samples.names,
        missing_tables=sorted(samples.missing),
        choices=dict(describe_choices(model)),
        metrics=_metrics(judged),
        data_hash=hash_frame(known),
        code_hash=hash_code(),
        text=(models.competing.__doc__ or "").strip(),
        notes=_notes(samples, judged),
        judged=judged | {"reasons": weigh_reasons(model, samples.newest[samples.names])},
        reference=make_reference(model, samples),
    )


def make_reference(model: CompetingClassifier, samples: Samples) -> dict[str, Any]:
    """Return how features and chances are distributed in the month trained through: later months are held against it."""
    features = samples.newest[samples.names]
    chances = model.score_frame(features)[["p_voluntary", "p_involuntary"]]
    return store_bins(features.join(chances.round(PLACES)))


def weigh_reasons(model: CompetingClassifier, frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return by outcome the share of each reason in all that moves the chances of the newest month's services."""
    known = reasons(features(feature_groups()))
    frame = frame.iloc[:: max(1, len(frame) // EXPLAINED_ROWS)]
    found = {}
    for outcome in RULES:
        if outcome in model.steps_:
            grouped = group_contributions(model.explain(frame, outcome)[0], known)
            moved = (grouped - grouped.mean()).abs().mean()
            total = float(moved.sum()) or 1.0
            found[outcome] = {str(name): float(share) / total for name, share in moved.items()}
    return found


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
    if not judged.get("outcomes"):
        notes["judged"] = "history too short: never judged on a month it did not see"
    return notes
