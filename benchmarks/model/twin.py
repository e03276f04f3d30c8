"""A synthetic operator of 24 months: the models against rules, a joint model, and the hazards that are true.

What is judged is the default model with two judged months in place of three, fitted anew every five months, on services whose
labels and hazards are known; see `docs/models.md` for what this proves and what not.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

import twin
from benchmarks.model.table import print_comparison
from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from models.judging.backtest import roll_origin
from models.judging.evaluate import auc, calibration_error, measure_slices
from models.judging.judgement import PlainLogistic
from models.labels import INVOLUNTARY, LABELLED, VOLUNTARY, make_labels

MONTHS = 24
SERVICES = 4_000
KEYS = [
    "service_id",
    "customer_id",
    "month",
    "branch_id",
    "plan_id",
    "termination_reason",
    "is_billed",
]
TEXTS = ["status", "service_type", "customer_type", "vip_tier"]
MONOTONE = {INVOLUNTARY: {"past_due_age": 1, "stops_before": 1}}
WAY = {"gap": 2, "fewest": 8, "every": 5}
HAZARD = {VOLUNTARY: "voluntary_hazard", INVOLUNTARY: "involuntary_hazard"}


def read_panel(source: Path) -> pd.DataFrame:
    """Make the labelled rows: features at m, the outcome of m+2, and the hazards that were true of it."""
    query = (
        Path(__file__)
        .with_suffix(".sql")
        .read_text("utf-8")
        .replace("{source}", str(source))
    )
    panel = pd.DataFrame(duckdb.sql(query).df())
    panel[TEXTS] = panel[TEXTS].astype("category")
    labels = make_labels(panel)
    labels = labels[labels["state"] == LABELLED]
    truth = duckdb.sql(
        f"SELECT * FROM read_parquet('{source}/truth/20*/service_truth.parquet')"
    ).df()
    truth["month"] = (pd.PeriodIndex(truth["month"], freq="M") - 1).astype(
        str
    )  # m+1 speaks of m+2
    keys = ["service_id", "month"]
    rows = panel.merge(labels[[*keys, "outcome"]], on=keys)
    return rows.merge(
        truth[[*keys, *HAZARD.values()]], on=keys, how="left"
    ).sort_values(keys, ignore_index=True)


def score(panel: pd.DataFrame) -> pd.DataFrame:
    """Score the back-test's months by every maker and rule."""
    features = panel.drop(columns=[*KEYS, "outcome", *HAZARD.values()])
    month, outcome = panel["month"], panel["outcome"]
    small = ChurnClassifier(folds=2)
    ours = roll_origin(
        CompetingClassifier(small, monotone=MONOTONE), features, outcome, month, **WAY
    )
    is_gone = outcome.isin([VOLUNTARY, INVOLUNTARY]).astype(int)
    rows = panel.loc[ours.index].assign(
        age=ours["age"],
        value=panel["revenue_mean"].fillna(panel["revenue"]).clip(lower=0) * 12,
        joint=roll_origin(small, features, is_gone, month, **WAY)["p_1"],
    )
    for name in (VOLUNTARY, INVOLUNTARY):
        rows[f"ours {name}"] = ours[f"p_{name}"]
        plain = roll_origin(
            PlainLogistic(), features, (outcome == name).astype(int), month, **WAY
        )
        rows[f"logistic {name}"] = plain["p_1"]
    rows["rule: usage drop"] = -rows["voice_trend"].fillna(1.0) - rows[
        "data_trend"
    ].fillna(1.0)
    rows["rule: arrears"] = rows["past_due_age"] + rows["past_due"].rank(pct=True)
    return rows


def score_seed(seed: int, services: int, keep: Path | None) -> pd.DataFrame:
    """Make an operator and score it; what is kept of an earlier run is not scored again."""
    started = time.perf_counter()
    kept = keep / f"twin-{services}-{seed}.parquet" if keep else None
    if kept and kept.exists():
        return pd.read_parquet(kept)
    with tempfile.TemporaryDirectory(prefix="retention-bench-") as folder:
        twin.generate(
            Path(folder) / "twin", services=services, months=MONTHS, seed=seed
        )
        rows = score(read_panel(Path(folder) / "twin"))
    rows["customer_id"] = f"{seed}-" + rows["customer_id"]
    print(
        f"seed {seed}: {len(rows)} rows scored, {time.perf_counter() - started:.0f} s",
        flush=True,
    )
    for name in (VOLUNTARY, INVOLUNTARY):
        print(f"  {name}: {_one_seed(rows, name)}", flush=True)
    rows = rows.assign(seed=seed)
    if kept:
        rows.to_parquet(kept)
    return rows


def _one_seed(rows: pd.DataFrame, name: str) -> str:
    outcome = np.asarray(rows["outcome"] == name, dtype=np.float64)
    columns = [
        f"ours {name}",
        f"logistic {name}",
        "joint",
        "rule: usage drop",
        "rule: arrears",
    ]
    return "  ".join(
        f"auc {c} {auc(outcome, rows[c].to_numpy(float)):.4f}" for c in columns
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the tables, all seeds pooled, customers of different seeds being different people."""
    services, keep = arguments.services or SERVICES, arguments.keep
    rows = pd.concat(
        [score_seed(seed, services, keep) for seed in arguments.seeds],
        ignore_index=True,
    )
    for name, rule in ((VOLUNTARY, "rule: usage drop"), (INVOLUNTARY, "rule: arrears")):
        target = rows.assign(outcome=(rows["outcome"] == name).astype(float))
        makers = [f"ours {name}", f"logistic {name}", "joint"]
        print_comparison(f"twin, {name}", target, makers[0], makers, [rule])
        _print_truth(target, name)
        _print_slices(target, f"ours {name}")
    either = rows["outcome"].isin([VOLUNTARY, INVOLUNTARY]).astype(float)
    both = rows[f"ours {VOLUNTARY}"] + rows[f"ours {INVOLUNTARY}"]
    either_rows = rows.assign(outcome=either, **{"ours, both added": both})
    print_comparison(
        "twin, gone either way",
        either_rows,
        "ours, both added",
        ["ours, both added", "joint"],
        [],
    )


def _print_truth(rows: pd.DataFrame, name: str) -> None:
    """Print the score against the hazard that was true of the label month."""
    known = rows[rows[HAZARD[name]].notna()]
    true, ours = (
        known[HAZARD[name]].to_numpy(float),
        known[f"ours {name}"].to_numpy(float),
    )
    outcome = known["outcome"].to_numpy(float)
    print(
        f"against the truth: mean true {true.mean():.5f}, mean predicted {ours.mean():.5f}, "
        f"mean absolute difference {np.abs(true - ours).mean():.5f}, "
        f"rank correlation {pd.Series(true).corr(pd.Series(ours), method='spearman'):.3f}, "
        f"auc of the true hazard {auc(outcome, true):.4f}, of ours on the same rows {auc(outcome, ours):.4f}, "
        f"calibration error against the true hazard {calibration_error(true, ours):.5f}"
    )


def _print_slices(rows: pd.DataFrame, score_name: str) -> None:
    """Print the score by age of the model, line, tenure and branch size: unequal treatment shows."""
    tenure = pd.cut(
        rows["tenure_months"],
        [-1, 11, 23, 47, 1000],
        labels=["< 1 y", "1–2 y", "2–4 y", "> 4 y"],
    ).astype(str)
    outcome, chance = rows["outcome"].to_numpy(float), rows[score_name].to_numpy(float)
    for title, by in (
        ("months since the fit", rows["age"]),
        ("line", rows["service_type"]),
        ("tenure", tenure),
    ):
        table = measure_slices(outcome, chance, by)
        print(f"by {title}:\n{table.round(4).to_string(index=False)}")
    branches = measure_slices(
        outcome, chance, rows["seed"].astype(str) + rows["branch_id"]
    )
    error = (branches["observed_rate"] - branches["predicted_rate"]).abs()
    print(
        f"by branch: {len(branches)} branches, auc {branches['auc'].min():.3f}–{branches['auc'].max():.3f}, "
        f"|observed − predicted| at most {error.max():.4f}",
        flush=True,
    )
