"""IBM's telecom sample: the default model beside reference models, on the same folds in one run.

RepeatedStratifiedKFold(5, random_state 42) over the file's own row order; everything is fitted and chosen inside the
training part of a fold. An AUC above 0.87 would be a leak.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    RepeatedStratifiedKFold,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from models.churn import build
from models.folds import Fold
from models.frames import Floats
from models.judging.evaluate import measure_all

NUMBERS = ["tenure", "MonthlyCharges", "TotalCharges"]
LEAK_AUC = 0.87


def load(data: Path) -> tuple[pd.DataFrame, Floats]:
    """Read the table; eleven blank totals belong to tenure 0 and are 0."""
    frame = pd.read_csv(data / "ibm_telco" / "Telco-Customer-Churn.csv.gz").drop(
        columns="customerID"
    )
    outcome = frame.pop("Churn") == "Yes"
    frame["TotalCharges"] = pd.to_numeric(
        frame["TotalCharges"], errors="coerce"
    ).fillna(0.0)
    texts = {
        name: frame[name].astype(str).astype("category")
        for name in frame.columns
        if name not in NUMBERS
    }
    return frame.astype(dict.fromkeys(NUMBERS, float)).assign(**texts), np.asarray(
        outcome, np.float64
    )


def logistic(numeric: Any, strength: float) -> Any:
    """Make the logistic reference: one-hot texts, and numbers as `numeric` makes them."""
    columns = make_column_transformer(
        (numeric, NUMBERS), remainder=OneHotEncoder(handle_unknown="ignore")
    )
    return make_pipeline(columns, LogisticRegression(C=strength, max_iter=5000))


def splines() -> Any:
    """Make the spline reference."""
    basis = SplineTransformer(n_knots=6, knots="quantile", extrapolation="linear")
    return logistic(make_pipeline(basis, StandardScaler()), 0.3)


def boosting(**settings: Any) -> Any:
    """Make a boosting reference."""
    return HistGradientBoostingClassifier(
        categorical_features="from_dtype", random_state=0, **settings
    )


def tuned_boosting() -> Any:
    """Make the boosting reference whose size is chosen by log loss on inner folds."""
    grid = {"max_leaf_nodes": [4, 8, 16], "max_iter": [120, 300]}
    inner = StratifiedKFold(3, shuffle=True, random_state=1)
    small = boosting(learning_rate=0.05, min_samples_leaf=30, l2_regularization=1.0)
    return GridSearchCV(small, grid, scoring="neg_log_loss", cv=inner)


MODELS: dict[str, Callable[[], Any]] = {
    "logistic": lambda: logistic(StandardScaler(), 1.0),
    "logistic on splines": splines,
    "boosting, default": boosting,
    "boosting, nested grid": tuned_boosting,
    "ours": build,
}


def run(arguments: argparse.Namespace) -> None:
    """Print a row a model: mean and standard deviation over folds."""
    frame, outcome = load(Path(arguments.data))
    folds = list(
        RepeatedStratifiedKFold(
            n_splits=5, n_repeats=arguments.repeats, random_state=42
        ).split(frame, outcome)
    )
    digest = hashlib.sha1(
        b"".join(np.sort(test).astype("<i8").tobytes() for _, test in folds)
    ).hexdigest()[:12]
    print(
        f"{len(outcome)} rows, base rate {outcome.mean():.4f}, {len(folds)} folds, split id {digest}",
        flush=True,
    )
    for name, make in MODELS.items():
        if arguments.only and name not in arguments.only:
            continue
        started = time.perf_counter()
        fitted = [make().fit(frame.iloc[fit], outcome[fit]) for fit, _ in folds]
        print_row(name, frame, outcome, folds, fitted, time.perf_counter() - started)


def print_row(
    name: str,
    frame: pd.DataFrame,
    outcome: Floats,
    folds: list[Fold],
    fitted: list[Any],
    seconds: float,
) -> None:
    """Print one model's measures, and what it chose where it chooses."""
    rows = [
        measure_all(outcome[test], model.predict_proba(frame.iloc[test])[:, 1])
        for (_, test), model in zip(folds, fitted, strict=True)
    ]
    table = pd.DataFrame(rows)
    figures = "  ".join(
        f"{key} {table[key].mean():.4f}±{table[key].std():.4f}" for key in table
    )
    chosen = (
        pd.Series([getattr(model, "choice_", None) for model in fitted])
        .value_counts()
        .to_dict()
    )
    leak = "  LEAK?" if table["auc"].mean() > LEAK_AUC else ""
    print(f"{name:22s} {figures}  {seconds:.0f} s  {chosen or ''}{leak}", flush=True)
