"""Rows scored a second and peak memory at three million services, and reasons for the listed ones.

The rival is scikit-learn's own `predict_proba` on the same trees, in the same run; before anything is clocked, both must
give the same numbers to the last bit.

Each way runs in a process of its own on the same fitted model, so that its peak memory is its own; batches are made as
they are asked for, as a month's Parquet file gives them, so that the base is never in memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from models.boosting import TreeModel
from models.churn import ChurnClassifier
from models.frames import Floats
from models.predictors import ROWS as ROWS_BY_SCIKIT_LEARN
from models.predictors import choose_predictor, use_predictor
from models.reasons import group_contributions, top_reasons
from models.registry import Card, load_model, save_model
from models.scoring import BATCH_ROWS, score_batches

ROWS = 3_000_000
TRAINING_ROWS = 50_000
LISTED = 60_000
NUMBERS = 36
KEY = b"benchmark"
WAYS = (
    "make the rows only",
    "in batches",
    "all at once",
    "boosting alone, by columns",
    "boosting alone, scikit-learn",
)


def make_rows(count: int, seed: int) -> tuple[pd.DataFrame, Floats]:
    """Make 40 features, four of them texts, with holes; and the chance of each row to leave."""
    random = np.random.default_rng(seed)
    numbers = random.standard_normal((count, NUMBERS), dtype=np.float32)
    numbers[:, 3:9][random.random((count, 6)) < 0.1] = np.nan
    frame = pd.DataFrame(
        numbers, columns=[f"number_{place}" for place in range(NUMBERS)]
    )
    for place in range(4):
        frame[f"text_{place}"] = pd.Categorical.from_codes(
            random.integers(0, 8, count), categories=pd.Index(list("abcdefgh"))
        )
    odds = (
        numbers[:, 0] * numbers[:, 1]
        - np.nan_to_num(numbers[:, 3])
        + frame["text_0"].isin(["a", "b"])
        - 3.0
    )
    return frame, np.asarray(expit(odds), dtype=np.float64)


def make_batches(rows: int) -> Iterator[pd.DataFrame]:
    """Make the base batch by batch."""
    for number, start in enumerate(range(0, rows, BATCH_ROWS)):
        frame, _ = make_rows(min(BATCH_ROWS, rows - start), 1000 + number)
        yield frame.assign(service_id=np.arange(start, start + len(frame)))


def fit(folder: Path) -> str:
    """Fit a blend and save it, so that every process scores the same model."""
    frame, chance = make_rows(TRAINING_ROWS, 1)
    outcome = np.random.default_rng(2).random(len(frame)) < chance
    model = ChurnClassifier(candidates=("blend",)).fit(frame, outcome)
    texts = {
        "trained_through": "2026-08",
        "data_hash": "",
        "code_hash": "",
        "text": "benchmark",
    }
    lists = {"months": [], "features": list(frame.columns), "missing_tables": []}
    texts["predictor"] = choose_predictor(model, frame)
    card = Card(**texts, **lists, rows=len(frame), outcomes={}, choices={}, metrics={})  # type: ignore[arg-type]
    return save_model(folder, model, card, KEY).version


def score(way: str, model: ChurnClassifier, rows: int) -> None:
    """Score the base one way and print seconds and peak megabytes."""

    def chances(features: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(
            {"p": model.predict_proba(features)[:, 1]}, index=features.index
        )

    if way in WAYS[3:]:
        trees = next(part for part in model.parts_ if isinstance(part, TreeModel))
        log_odds = trees.log_odds
        if way == WAYS[4]:
            log_odds = trees.trees.decision_function

        def chances(features: pd.DataFrame) -> pd.DataFrame:
            matrix = model.coder_.transform(features)
            return pd.DataFrame({"p": expit(log_odds(matrix))}, index=features.index)

    batches = make_batches(rows)
    started, before = time.perf_counter(), time.process_time()
    if way == WAYS[0]:
        count = sum(len(batch) for batch in batches)
    elif way == WAYS[2]:
        count = len(
            chances(pd.concat(batches, ignore_index=True).drop(columns="service_id"))
        )
    else:
        count = sum(
            len(scored) for scored in score_batches(chances, batches, ["service_id"])
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {
        "rows": count,
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - before,
        "peak_mb": peak,
    }
    print(json.dumps(found))


def check(model: ChurnClassifier) -> None:
    """Stop where the predictor of the card and scikit-learn do not agree to the last bit."""
    frame, _ = make_rows(BATCH_ROWS, 4)
    walked = model.predict_proba(frame)
    use_predictor(model, ROWS_BY_SCIKIT_LEARN)
    assert np.array_equal(walked, model.predict_proba(frame))


def explain(model: ChurnClassifier) -> None:
    """Give reasons for the listed rows, and print how exactly they add up."""
    frame, _ = make_rows(LISTED, 3)
    started = time.perf_counter()
    values, base = model.explain(frame)
    seconds = time.perf_counter() - started
    top_reasons(
        group_contributions(
            values,
            {str(name): f"group {place % 8}" for place, name in enumerate(frame)},
        )
    )
    grouped = time.perf_counter() - started - seconds
    off = np.abs(values.sum(axis=1) + base - model.decision_function(frame)).max()
    print(
        f"reasons of {LISTED:,} rows: {seconds:.1f} s, grouped and sorted {grouped:.2f} s; they add up to {off:.1e}"
    )


def run(arguments: argparse.Namespace) -> None:
    """Fit once, then score in a process for each way."""
    rows = arguments.services or ROWS
    with tempfile.TemporaryDirectory(prefix="retention-bench-") as name:
        version = fit(Path(name))
        model, _ = load_model(Path(name) / version, KEY)
        sizes = f"{getattr(model, 'size_', '')}, file {(Path(name) / version / 'model.skops').stat().st_size:,} bytes"
        assert isinstance(model, ChurnClassifier)
        check(model)
        print(f"{rows:,} rows × {NUMBERS + 4} features, {sizes}", flush=True)
        making: dict[str, float] = {}
        for way in WAYS:  # the seconds of making the rows are taken off the others
            command = [
                sys.executable,
                "-m",
                "benchmarks.model.scale",
                str(Path(name) / version),
                way,
                str(rows),
            ]
            found: dict[str, float] = json.loads(
                subprocess.run(
                    command, check=True, capture_output=True, text=True
                ).stdout
            )
            if way == WAYS[0]:
                making = found
            seconds = found["seconds"] - making["seconds"]
            cpu = found["cpu"] - making["cpu"]
            print(
                f"{way:38s} {seconds:6.1f} s  {cpu:6.1f} CPU s  peak {found['peak_mb']:,.0f} MB"
                + (f"  {rows / cpu:12,.0f} rows a CPU second" if cpu else ""),
                flush=True,
            )
        explain(model)


if __name__ == "__main__":
    loaded, _ = load_model(Path(sys.argv[1]), KEY)
    assert isinstance(loaded, ChurnClassifier)
    score(sys.argv[2], loaded, int(sys.argv[3]))
