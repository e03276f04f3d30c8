"""The forecast of open amounts against the rules of last month, over every origin of a synthetic operator's months.

    python -m benchmarks.forecast [--services 20000] [--months 36] [--seeds 1 2 3]

Origins are all months with a year before them; horizons one to twelve months. The rules: what is open now stays open; it
goes on as it went last month. Error: mean absolute percentage, and how often the truth lay in the 95 % interval.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

import twin
from pipelines.core.month import Month
from pipelines.rooms.report.forecast import OLDEST, Ladder, forecast_open_amounts

HELD_BEFORE = 12


def read_ladder(source: Path, months: list[Month]) -> Ladder:
    """Read the company's open amounts by age, and what was billed, from an operator's files."""
    open_, billed = np.zeros((len(months), OLDEST + 1)), np.zeros(len(months))
    for place, month in enumerate(months):
        folder = source / str(month)
        rows = duckdb.sql(
            f"SELECT bill_month, SUM(open_amount) FROM '{folder}/receivable.parquet' GROUP BY ALL"
        ).fetchall()
        for bill_month, amount in rows:
            open_[place, min(month.since(Month.parse(bill_month)), OLDEST)] += float(
                amount
            )
        sums = duckdb.sql(
            f"SELECT SUM(billed_amount + COALESCE(adjustment_amount, 0)) FROM '{folder}/bill.parquet'"
        )
        billed[place] = float(sums.fetchall()[0][0])
    return Ladder(open_, billed)


def errors_of(ladder: Ladder, seed: int) -> pd.DataFrame:
    """Return a row an origin and horizon: the truth, what each rule said, and whether the interval held."""
    totals = ladder.open.sum(axis=1)
    rows = []
    for origin in range(HELD_BEFORE, len(totals)):
        said = forecast_open_amounts(ladder.upto(origin), min(12, len(totals) - origin))
        assert said is not None and said.low is not None and said.high is not None
        for step, truth in enumerate(totals[origin : origin + 12]):
            now, before = totals[origin - 1], totals[origin - 2]
            change = max(now + (now - before) * (step + 1), 0.0)
            held = said.low[step] <= truth <= said.high[step]
            width = (said.high[step] - said.low[step]) / truth
            facts = {
                "seed": seed,
                "horizon": step + 1,
                "truth": truth,
                "held": held,
                "width": width,
            }
            rows.append(
                facts | {"ladder": said.open[step], "as_now": now, "as_it_went": change}
            )
    return pd.DataFrame(rows)


def show(errors: pd.DataFrame) -> None:
    """Print errors by horizon and the interval's coverage."""
    for rule in ("ladder", "as_now", "as_it_went"):
        errors[f"{rule} %"] = (errors[rule] / errors["truth"] - 1).abs() * 100
    errors["covered %"], errors["width %"] = errors["held"] * 100, errors["width"] * 100
    columns = ["ladder %", "as_now %", "as_it_went %", "covered %", "width %"]
    print(errors.groupby("horizon")[columns].mean().round(1).to_string())
    print(
        "all horizons",
        errors[columns].mean().round(1).to_dict(),
        f"{len(errors)} forecasts",
    )


def main() -> None:
    """Make the operators and compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast")
    parser.add_argument("--services", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    months = [Month(2024, 1).plus(n) for n in range(options.months)]
    found = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory(prefix="forecast-") as folder:
            size = {"services": options.services, "months": options.months}
            twin.generate(Path(folder), **size, seed=seed, through=str(months[-1]))
            found.append(errors_of(read_ladder(Path(folder), months), seed))
    show(pd.concat(found))


if __name__ == "__main__":
    main()
