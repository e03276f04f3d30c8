"""Real arrears: who among 30,000 card clients is past due next month, from five months of bills and payments."""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.model.table import print_comparison
from models.churn import ChurnClassifier, build
from models.judging.backtest import roll_origin
from models.judging.judgement import PlainLogistic

PANEL = """
WITH services AS (
    SELECT service_id, customer_id, regexp_extract(filename, '\\d{4}-\\d{2}') AS month
    FROM read_parquet('{source}/*/service.parquet', filename = true)
),
bills AS (
    SELECT service_id, bill_month AS month, SUM(CAST(billed_amount AS DOUBLE)) AS billed
    FROM read_parquet('{source}/*/bill.parquet') GROUP BY ALL
),
paid AS (
    SELECT customer_id, substr(paid_on, 1, 7) AS month, SUM(CAST(amount AS DOUBLE)) AS paid
    FROM read_parquet('{source}/*/payment.parquet') GROUP BY ALL
),
due AS (
    SELECT
        service_id, month, SUM(open_amount) AS past_due, MAX(last_day - due_on) AS past_due_age, COUNT(*) AS past_due_bills
    FROM (
        SELECT
            service_id, CAST(open_amount AS DOUBLE) AS open_amount, CAST(due_on AS DATE) AS due_on,
            regexp_extract(filename, '\\d{4}-\\d{2}') AS month, last_day(CAST(month || '-01' AS DATE)) AS last_day
        FROM read_parquet('{source}/*/receivable.parquet', filename = true)
    )
    WHERE due_on <= last_day
    GROUP BY ALL
),
clients AS (
    SELECT customer_id, vip_tier, birth_year, regexp_extract(filename, '\\d{4}-\\d{2}') AS month
    FROM read_parquet('{source}/*/customer.parquet', filename = true)
)
SELECT
    s.service_id, s.customer_id, s.month, c.vip_tier, c.birth_year, b.billed,
    COALESCE(p.paid, 0) AS paid, COALESCE(d.past_due, 0) AS past_due, COALESCE(d.past_due_age, 0) AS past_due_age,
    COALESCE(d.past_due_bills, 0) AS past_due_bills
FROM services AS s
JOIN clients AS c ON c.customer_id = s.customer_id AND c.month = s.month
LEFT JOIN bills AS b ON b.service_id = s.service_id AND b.month = s.month
LEFT JOIN paid AS p ON p.customer_id = s.customer_id AND p.month = s.month
LEFT JOIN due AS d ON d.service_id = s.service_id AND d.month = s.month
ORDER BY s.service_id, s.month
"""
MEASURES = ["billed", "paid", "past_due", "past_due_age", "past_due_bills"]
MONOTONE = {"past_due": 1, "past_due_age": 1, "past_due_bills": 1}


def read_panel(source: Path) -> pd.DataFrame:
    """Make a row a service and month: this month's measures, those of up to three months before, what comes next."""
    panel = pd.DataFrame(duckdb.sql(PANEL.replace("{source}", str(source))).df())
    panel["vip_tier"] = panel["vip_tier"].astype("category")
    of_service = panel.groupby("service_id", sort=False)
    for ago in (1, 2, 3):
        for name in MEASURES:
            panel[f"{name}_{ago}"] = of_service[name].shift(ago)
    panel["paid_of_last_bill"] = panel["paid"] / panel["billed_1"].where(
        panel["billed_1"] > 0
    )
    panel["outcome"] = (of_service["past_due"].shift(-1) > 0).astype(float)
    is_known = panel["month"] < panel["month"].max()
    return pd.DataFrame(panel.loc[is_known].reset_index(drop=True))


def run(arguments: argparse.Namespace) -> None:
    """Print each maker's table over the months that have a past and a next month."""
    panel = read_panel(Path(arguments.data) / "contract" / "uci")
    features = panel.drop(columns=["service_id", "customer_id", "month", "outcome"])
    makers = {
        "ours": build(MONOTONE, gap=1),
        "splines alone": ChurnClassifier(("splines",), MONOTONE, gap=1),
        "plain logistic": PlainLogistic(),
    }
    if arguments.only:
        makers = {name: makers[name] for name in makers if name in arguments.only}
    scored = {
        name: roll_origin(
            model, features, panel["outcome"], panel["month"], gap=1, fewest=1
        )["p_1.0"]
        for name, model in makers.items()
    }
    rows = panel.loc[scored["ours"].index, ["customer_id", "month", "outcome"]].assign(
        **scored
    )
    rows["value"] = panel["billed"].clip(lower=0)
    rows["rule: past due now"] = panel["past_due_age"] + panel["past_due"].rank(
        pct=True
    )
    print_comparison(
        "UCI, past due next month", rows, "ours", list(makers), ["rule: past due now"]
    )
