"""The twin beside real data that the public can see: use, ageing and roll rates, and who leaves by tenure.

    python -m benchmarks.twin_pictures [--data ../shared/data]

Draws docs/pictures/{usage,arrears,tenure}.svg and prints their figures. Real: Megaline (500 mobile users, 2018), UCI (30,000
card clients, 2005), IBM (7,043 telecom customers, one snapshot). The twin: 20,000 lines, seed 1.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import duckdb
import matplotlib as mpl
import numpy as np
import pandas as pd

import twin

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

OUT = Path(__file__).parents[1] / "docs" / "pictures"
REAL, OURS = "#7a7a7a", "#1f5fa8"
MONTHS, LAST = 13, "2026-06"
QUANTILES = np.arange(1, 100) / 100
TENURES = ((0, 6), (6, 12), (12, 24), (24, 36), (36, 48), (48, 60), (60, 73))
_NAMED = "filename = TRUE, union_by_name = TRUE"
_MONTH = "regexp_extract(filename, '(\\d{4}-\\d\\d)/', 1)"


def save(figure: Figure, name: str) -> None:
    """Write a picture with the same bytes for the same figures."""
    OUT.mkdir(exist_ok=True)
    figure.tight_layout()
    figure.savefig(OUT / f"{name}.svg", metadata={"Date": None})


def usage(data: Path, source: Path) -> None:
    """Compare what active mobile lines use in a month, by quantile."""
    # The newest month: in the earlier ones many of its lines have signed up and not begun.
    used, lines = (
        f"read_csv('{data}/contract/megaline/2018-10/{name}.csv.gz')"
        for name in ("usage", "service")
    )
    real = duckdb.sql(
        f"SELECT u.* FROM {used} AS u JOIN {lines} AS s USING (service_id) WHERE s.status = 'active'"
    ).df()
    ours = duckdb.sql(
        f"SELECT u.* FROM '{source}/{LAST}/usage.parquet' AS u JOIN '{source}/{LAST}/service.parquet' AS s USING (service_id) "
        "WHERE s.service_type = 'mobile' AND s.status = 'active'"
    ).df()
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2))
    for axis, column in zip(
        axes, ("voice_minutes", "data_mb", "sms_count"), strict=True
    ):
        for frame, colour, label in ((real, REAL, "Megaline"), (ours, OURS, "twin")):
            values = frame[column].astype(float).quantile(QUANTILES)
            axis.plot(QUANTILES * 100, values, color=colour, label=label)
            print(
                f"{column} {label}: median {values[0.5]:,.0f}, 90 % {values[0.9]:,.0f}, none {(frame[column] == 0).mean():.1%}"
            )
        axis.set_title(column)
        axis.set_xlabel("% of lines")
    axes[0].legend(frameon=False)
    save(figure, "usage")


def past_due(folder: Path) -> pd.DataFrame:
    """Return a row a month: the share of lines past due, of those who were a month ago, and of those who were not."""
    sql = f"""
        WITH line AS (SELECT service_id, {_MONTH} AS month FROM read_parquet('{folder}/20*/service.parquet', {_NAMED})),
        late AS (SELECT DISTINCT service_id, {_MONTH} AS month FROM read_parquet('{folder}/20*/receivable.parquet', {_NAMED})
                 WHERE CAST(due_on AS DATE) <= LAST_DAY(CAST({_MONTH} || '-01' AS DATE))),
        state AS (SELECT l.*, CAST(d.service_id IS NOT NULL AS INTEGER) AS late,
                      CAST(b.service_id IS NOT NULL AS INTEGER) AS late_before
                  FROM line AS l LEFT JOIN late AS d USING (service_id, month)
                  LEFT JOIN late AS b ON b.service_id = l.service_id AND CAST(b.month || '-01' AS DATE)
                      = CAST(l.month || '-01' AS DATE) - INTERVAL 1 MONTH)
        SELECT month, AVG(late) AS now, AVG(late) FILTER (WHERE late_before = 1) AS stays,
            AVG(late) FILTER (WHERE late_before = 0) AS enters
        FROM state GROUP BY month ORDER BY month"""
    return (
        duckdb.sql(sql).df().iloc[1:]
    )  # of the first month nobody knows the month before


def arrears(data: Path, source: Path) -> None:
    """Compare how many are past due, and how many of them a month later: UCI's form knows no older ages."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2))
    titles = {
        "now": "past due, % of lines",
        "stays": "past due again, % of those",
        "enters": "newly past due, % of the others",
    }
    found = {
        "UCI": past_due(data / "contract" / "uci"),
        "twin": past_due(source).tail(4),
    }
    for axis, (column, title) in zip(axes, titles.items(), strict=True):
        for place, (label, colour) in enumerate((("UCI", REAL), ("twin", OURS))):
            axis.bar(
                np.arange(4) + place * 0.4,
                found[label][column] * 100,
                0.38,
                color=colour,
                label=label,
            )
        axis.set_title(title)
        axis.set_xticks(np.arange(4) + 0.2, [f"month {n}" for n in range(1, 5)])
    axes[0].legend(frameon=False)
    for label, table in found.items():
        print(
            f"{label}: "
            + ", ".join(
                f"{title} {table[column].mean():.1%}"
                for column, title in titles.items()
            )
        )
    save(figure, "arrears")


def tenure(data: Path, source: Path) -> None:
    """Compare how much likelier than the mean customers of a tenure are to leave."""
    real = pd.read_csv(data / "ibm_telco" / "Telco-Customer-Churn.csv.gz")
    sql = f"""
        SELECT DATE_DIFF('month', s.activated_on, LAST_DAY(CAST(month || '-01' AS DATE))) AS tenure,
            t.would_churn_untreated AS leaves
        FROM (SELECT *, {_MONTH} AS month FROM read_parquet('{source}/truth/20*/service_truth.parquet', {_NAMED})) AS t
        JOIN (SELECT *, {_MONTH} AS month FROM read_parquet('{source}/20*/service.parquet', {_NAMED})) AS s
            USING (month, service_id)"""
    ours = duckdb.sql(sql).df()
    figure, axis = plt.subplots(figsize=(7, 3.2))
    for label, colour, months, leaves in (
        ("IBM", REAL, real["tenure"], real["Churn"].eq("Yes")),
        ("twin", OURS, ours["tenure"], ours["leaves"].astype(bool)),
    ):
        lift = [
            leaves[(months >= low) & (months < high)].mean() / leaves.mean()
            for low, high in TENURES
        ]
        axis.plot(range(len(TENURES)), lift, marker="o", color=colour, label=label)
        shown = ", ".join(
            f"{low}– {times:.2f}" for (low, _), times in zip(TENURES, lift, strict=True)
        )
        print(
            f"{label}: {leaves.mean():.2%} leave; by months of tenure, times the mean: {shown}"
        )
    axis.set_xticks(range(len(TENURES)), [f"{low}–{high - 1}" for low, high in TENURES])
    axis.set_title("leaving by months of tenure, times the mean")
    axis.legend(frameon=False)
    save(figure, "tenure")


def main() -> None:
    """Make the twin, draw, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.twin_pictures")
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("RETENTION_DATA", "../shared/data")
    )
    data = Path(parser.parse_args().data)
    plt.rcParams.update(
        {"svg.hashsalt": "twin", "svg.fonttype": "none", "font.size": 9}
    )
    with tempfile.TemporaryDirectory(prefix="twin-pictures-") as folder:
        twin.generate(
            Path(folder), services=20_000, months=MONTHS, seed=1, through=LAST
        )
        for draw in (usage, arrears, tenure):
            draw(data, Path(folder))


if __name__ == "__main__":
    main()
