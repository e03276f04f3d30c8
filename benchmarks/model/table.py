"""Scores of several makers on the same rows, as a table with intervals over customers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from models.folds import Rows
from models.frames import Floats
from models.judging.backtest import bootstrap, by_month
from models.judging.evaluate import (
    auc,
    individual_maximum_profit,
    mean_log_loss,
    measure_all,
    precision_at,
    value_caught,
)

DRAWS = 200


def print_comparison(
    title: str,
    rows: pd.DataFrame,
    champion: str,
    makers: list[str],
    rules: list[str],
    places: float = 0.05,
) -> None:
    """Print a line a maker; `rows` holds customer_id, month, outcome, value and a column of scores a maker.

    `places` is the managers' capacity as a share of the base; differences are champion less maker.
    """
    outcome, value = rows["outcome"].to_numpy(float), rows["value"].to_numpy(float)
    count = int(places * len(rows))
    print(
        f"\n{title}: {len(rows)} rows, {rows['month'].nunique()} months, base rate {outcome.mean():.4f}"
    )
    for name in [*makers, *rules]:
        score = rows[name].to_numpy(float)
        found = measure_all(outcome, score, is_probability=name in makers)
        found[f"precision_{places:.0%}"] = precision_at(outcome, score, count)
        found[f"value_{places:.0%}"] = value_caught(
            outcome, score * value, value, count
        )
        found["individual_profit"] = individual_maximum_profit(outcome, score, value)
        monthly = by_month(auc, outcome, score, rows["month"])
        figures = "  ".join(f"{key} {figure:.4f}" for key, figure in found.items())
        worst = f"worst month's auc {monthly.min():.3f}"
        print(
            f"{name:24s} {figures}  {worst}{_differences(rows, outcome, champion, name, makers)}",
            flush=True,
        )


def _differences(
    rows: pd.DataFrame, outcome: Floats, champion: str, name: str, makers: list[str]
) -> str:
    if name == champion:
        return ""
    ours, theirs = rows[champion].to_numpy(float), rows[name].to_numpy(float)
    text = ""
    for label, measure in {"auc": auc, "log loss": mean_log_loss}.items():
        if label == "auc" or name in makers:

            def difference(r: Rows, measure: Any = measure) -> float:
                return float(
                    measure(outcome[r], ours[r]) - measure(outcome[r], theirs[r])
                )

            middle, low, high = bootstrap(difference, rows["customer_id"], DRAWS)
            text += f"  Δ{label} {middle:+.4f} [{low:+.4f}, {high:+.4f}]"
    return text
