"""The card of a churn model: what a person must know of it before they decide."""

from __future__ import annotations

from typing import Any

import pandas as pd

import models.competing
from models.competing import CompetingClassifier
from models.judging.drift import store_bins
from models.predictors import choose_predictor
from models.reasons import group_contributions
from models.registry import Card, describe_choices, hash_code, hash_frame
from pipelines.jobs.training.judging import RULES, Judgement
from pipelines.rooms.score.batches import PLACES
from pipelines.rooms.score.frame import list_feature_groups, list_features, map_reasons
from pipelines.rooms.score.samples import Samples

EXPLAINED_ROWS = 2_000
METRICS = (
    "auc",
    "average_precision",
    "log_loss",
    "brier",
    "calibration_error",
    "lift_10",
    "precision_at_capacity",
)


def make_card(
    model: CompetingClassifier, samples: Samples, judgement: Judgement | None
) -> Card:
    """Write down what a person must know of a model; without a judgement it was never judged."""
    rows = samples.rows
    known = rows[["service_id", "month", "outcome", *samples.names]]

    judged: dict[str, Any] = dict(judgement or {})
    judged["reasons"] = weigh_reasons(model, samples.newest[samples.names])

    return Card(
        trained_through=str(samples.through),
        months=sorted(set(rows["month"])),
        rows=len(rows),
        outcomes=_count_outcomes(rows["outcome"]),
        features=samples.names,
        missing_tables=sorted(samples.missing),
        choices=dict(describe_choices(model)),
        metrics=_pick_metrics(judgement),
        data_hash=hash_frame(known),
        code_hash=hash_code(),
        text=(models.competing.__doc__ or "").strip(),
        notes=_write_notes(samples, judgement),
        judged=judged,
        reference=make_reference(model, samples),
        predictor=choose_predictor(model, samples.newest[samples.names]),
    )


def _count_outcomes(outcome: pd.Series) -> dict[str, int]:
    counts = outcome.value_counts().sort_index()
    return {str(name): int(count) for name, count in counts.items()}


def make_reference(model: CompetingClassifier, samples: Samples) -> dict[str, Any]:
    """Return how features and chances are distributed in the month trained through.

    Later months are held against it.
    """
    frame = samples.newest[samples.names]
    chances = model.score_frame(frame)[["p_voluntary", "p_involuntary"]]
    return store_bins(frame.join(chances.round(PLACES)))


def weigh_reasons(
    model: CompetingClassifier, frame: pd.DataFrame
) -> dict[str, dict[str, float]]:
    """Return by outcome the share of each reason in all that moves the chances."""
    features = list_features(list_feature_groups())
    reason_of = map_reasons(features)
    step = max(1, len(frame) // EXPLAINED_ROWS)
    explained = frame.iloc[::step]

    weights: dict[str, dict[str, float]] = {}
    for outcome in RULES:
        if outcome in model.steps_:
            contributions, *_ = model.explain(explained, outcome)
            grouped = group_contributions(contributions, reason_of)
            weights[outcome] = _find_shares(grouped)

    return weights


def _find_shares(grouped: pd.DataFrame) -> dict[str, float]:
    """Return the share of each reason in how far the rows lie from their mean."""
    moved = (grouped - grouped.mean()).abs().mean()
    total = float(moved.sum()) or 1.0
    shares = {}
    for name, part in moved.items():
        shares[str(name)] = float(part) / total
    return shares


def _pick_metrics(judgement: Judgement | None) -> dict[str, float]:
    """Pick the figures of the model's own line, by outcome."""
    metrics: dict[str, float] = {}
    if judgement is None:
        return metrics
    for outcome, judged in judgement["outcomes"].items():
        own_line = judged["makers"][0]
        for name in METRICS:
            figure = own_line.get(name)
            if figure is not None:
                metrics[f"{outcome}_{name}"] = figure

    return metrics


def _write_notes(samples: Samples, judgement: Judgement | None) -> dict[str, str]:
    """Return what is not to be forgotten: what was missing, whose outcome was not known."""
    notes = {f"missing {table}": why for table, why in samples.missing.items()}
    for state, count in sorted(samples.counts.items()):
        notes[f"labels {state}"] = str(count)

    if judgement is None or not judgement["outcomes"]:
        notes["judged"] = "history too short: never judged on a month it did not see"
    return notes
