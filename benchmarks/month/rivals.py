"""The same work, or a part of it, by tools that others would take; each tells its CPU seconds net of imports.

Polars and shap are no part of the project: the benchmark brings them along (`uv run --with`).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.month.process import Told

SCORED, EXPLAINED, FITTED, FEATURES = 200_000, 2_000, 50_000, 40


def ask_pandas(source: str, month: str) -> Told:
    """Work out the same KPIs by the tests' pandas code."""
    from tests.oracle.kpis import THETA, expected_kpis
    from tests.oracle.read import month_folders

    started = time.process_time()
    folder = Path(source)
    expected_kpis(folder, month_folders(folder), month, THETA)
    return {"pandas": time.process_time() - started}


def ask_polars(source: str, month: str) -> Told:
    """Make features a line and six KPIs a branch from all months up to one, as Polars is best at.

    Sums, means and slopes over three, six and twelve months of bills and use, zero-use streaks, arrears by
    age and tenure, written as Parquet; no quarantine, no checks, no variants, no remainders.
    """
    import polars as pl

    started = time.process_time()
    folder = Path(source)
    months = sorted(path.name for path in folder.glob("20*") if path.name <= month)[
        -12:
    ]
    ages = {name: len(months) - 1 - place for place, name in enumerate(months)}

    def scan(table: str, name: str) -> pl.LazyFrame:
        return pl.scan_parquet(folder / name / f"{table}.parquet")

    bills, uses = [], []
    for name, ago in ages.items():
        bill = scan("bill", name).select("service_id", "billed_amount")
        bills.append(bill.with_columns(ago=pl.lit(ago)))
        use = scan("usage", name).select("service_id", "voice_minutes", "data_mb")
        uses.append(use.with_columns(ago=pl.lit(ago)))

    billed = _sum_windows(pl.concat(bills), "billed_amount")
    voice = _sum_windows(pl.concat(uses), "voice_minutes")
    data = _sum_windows(pl.concat(uses), "data_mb")
    owed = scan("receivable", month)
    last_day = pl.lit(month + "-01").str.to_date().dt.month_end()
    age_days = (last_day - pl.col("due_on")).dt.total_days()
    arrears = owed.group_by("service_id").agg(
        open_amount=pl.col("open_amount").sum(),
        past_due_amount=pl.col("open_amount").filter(age_days >= 0).sum(),
        oldest_days=age_days.max(),
    )
    owner = scan("ownership", month).filter(pl.col("valid_to").is_null())
    lines = scan("service", month).with_columns(
        tenure_days=(last_day - pl.col("activated_on")).dt.total_days(),
        is_in_net=pl.col("status") != "terminated",
    )
    features = lines
    for made in (billed, voice, data, arrears):
        features = features.join(made, on="service_id", how="left")
    branches = owner.select("customer_id", "branch_id").unique("customer_id")
    table = features.join(branches, on="customer_id", how="left").collect()
    table.write_parquet(folder / f".{month}.polars.parquet")

    in_net = pl.col("is_in_net")
    kpis = table.group_by("branch_id").agg(
        services=in_net.sum(),
        revenue=pl.col("billed_amount_1").sum(),
        arpu=pl.col("billed_amount_1").sum() / in_net.sum(),
        zero_use=(in_net & (pl.col("voice_minutes_1").fill_null(0) == 0)).mean(),
        arrears_rate=pl.col("past_due_amount").sum() / pl.col("billed_amount_1").sum(),
        gone=(~in_net).mean(),
    )
    kpis.write_parquet(folder / f".{month}.polars_kpi.parquet")
    return {"polars": time.process_time() - started}


def _sum_windows(rows: Any, column: str) -> Any:
    """Sums, means and slopes of a column over the last three, six and twelve months."""
    import polars as pl

    value, ago = pl.col(column).cast(pl.Float64), pl.col("ago")
    made = []
    for months in (1, 3, 6, 12):
        inside = ago < months
        made.append(value.filter(inside).sum().alias(f"{column}_{months}"))
        made.append(value.filter(inside).mean().alias(f"{column}_mean_{months}"))
        slope = pl.cov(value.filter(inside), -ago.filter(inside))
        made.append(slope.alias(f"{column}_slope_{months}"))
    made.append((value == 0).sum().alias(f"{column}_zero_months"))
    return rows.group_by("service_id").agg(made)


def check_with_pandas(source: str, month: str) -> Told:
    """Judge forty checks of six tables by Great Expectations on pandas frames."""
    import great_expectations as gx
    import pandas as pd

    started = time.process_time()
    expected = gx.expectations
    unique, known = (
        expected.ExpectColumnValuesToBeUnique,
        (expected.ExpectColumnValuesToNotBeNull),
    )
    kinds = {
        "customer": ("customer_id", ("customer_type", "vip_tier", "name", "phone")),
        "service": ("service_id", ("customer_id", "status", "activated_on", "plan_id")),
        "bill": ("bill_id", ("service_id", "customer_id", "due_on", "bill_month")),
        "usage": ("service_id", ("voice_calls", "sms_count", "active_days")),
        "receivable": ("bill_id", ("service_id", "customer_id", "due_on")),
        "payment": ("payment_id", ("customer_id", "paid_on")),
    }
    amounts = {
        "bill": ("billed_amount", "adjustment_amount"),
        "usage": ("voice_minutes", "data_mb", "off_net_minutes", "voice_calls"),
        "receivable": ("open_amount",),
        "payment": ("amount",),
        "service": ("plan_fee",),
    }
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    checks = 0
    for table, (key, columns) in kinds.items():
        frame = pd.read_parquet(Path(source) / month / f"{table}.parquet")
        suite = gx.ExpectationSuite(name=table)
        suite.add_expectation(unique(column=key))
        for column in (key, *columns):
            suite.add_expectation(known(column=column))
        for column in amounts.get(table, ()):
            frame[column] = frame[column].astype(float)
            between = expected.ExpectColumnValuesToBeBetween
            suite.add_expectation(between(column=column, min_value=-1e6, max_value=1e9))
        source_of_frames = context.data_sources.add_pandas(table)
        asset = source_of_frames.add_dataframe_asset(table)
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
            {"dataframe": frame}
        )
        checks += len(batch.validate(suite).results)
    return {"great_expectations": time.process_time() - started, "checks": checks}


def score_and_explain() -> Told:
    """Fit scikit-learn's boosted trees once, then clock its `predict_proba` and shap's TreeExplainer."""
    import numpy as np
    import shap
    from sklearn.ensemble import HistGradientBoostingClassifier

    random = np.random.default_rng(1)
    rows = random.standard_normal((SCORED, FEATURES))
    left = random.random(SCORED) < 1 / (1 + np.exp(3 - rows[:, 0] * rows[:, 1]))
    model = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=16, early_stopping=False
    )
    model.fit(rows[:FITTED], left[:FITTED])
    started = time.process_time()
    model.predict_proba(rows)
    scored = time.process_time()
    shap.TreeExplainer(model).shap_values(rows[:EXPLAINED])
    explained = time.process_time()
    return {
        "rows_scored_a_second": SCORED / (scored - started),
        "rows_explained_a_second": EXPLAINED / (explained - scored),
    }
