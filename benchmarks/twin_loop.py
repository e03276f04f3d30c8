"""The closed loop, unattended: a month runs, is released and exported, the managers work it, the next month comes.

Beside the true effect of each list's orders, read from the twin's potential outcomes, stands what the KPI
`incremental_retention` estimated from treated and hold-out, in the month whose run prints it. At the end stands how many
answers the office took, and how many it refused, by reason.

    python -m benchmarks.twin_loop [--services 20000] [--before 4] [--months 6] [--seed 1]
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from pipelines.cli import app
from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.store.lake import MonthFolder

KPI = "incremental_retention"
DONE, NOT_ALL_DONE = 0, 12
COLUMNS = [
    "orders",
    "worked",
    "reached",
    "false_claims",
    "expected_stay_effect",
    "stay_effect",
    "success_effect",
]


def call(*words: object) -> str:
    """Run one of the project's commands in this process and return what it says; a month with something withheld is one."""
    said = io.StringIO()
    try:
        with redirect_stdout(said):
            code = (
                app([*map(str, words), "--lang", "en"], standalone_mode=False) or DONE
            )
    except RetentionError as error:
        code = error.exit_code
        said.write(f"{error.key} {error.facts}")
    if code not in (DONE, NOT_ALL_DONE):
        raise SystemExit(
            f"retention {' '.join(map(str, words))}: {code}\n{said.getvalue()}"
        )
    return said.getvalue()


def take_answers(home: Path, folder: Path) -> Counter[str]:
    """Hand a month's filled workbooks in; count the rows that were taken, and those refused by reason."""
    files = sorted(folder.glob("*.xlsx"))
    said = call("outcomes", *files, "--home", home, "--json")
    found: Counter[str] = Counter()
    for receipt in json.JSONDecoder().raw_decode(said.strip())[0]:
        found["taken"] += receipt["accepted"]
        found.update(
            f"refused: {row['key']} {row['column']}" for row in receipt["refused"]
        )
    return found


def live_months(
    work: Path, options: argparse.Namespace, answers: Counter[str]
) -> Iterator[Month]:
    """Run the loop and yield each month after its run; count what became of the answers."""
    source, home = work / "source", work / "home"
    first = Month.parse(options.first)
    size = (
        "--services",
        options.services,
        "--months",
        options.before,
        "--seed",
        options.seed,
    )
    call("twin", *size, "--through", first.plus(options.before - 1), "--out", source)
    for number in range(options.before + options.months):
        month = first.plus(number)
        if number >= options.before:
            dispatch = work / f"dispatch-{month.plus(-1)}"
            call("export", month.plus(-1), "--out", dispatch, "--home", home)
            call("twin", "--out", source, "--respond", dispatch)
            returned = source / "returned" / str(month.plus(-1))
            answers.update(take_answers(home, returned))
        call("run", month, "--source", source, "--home", home, "--release")
        print(f"{month} is run and released", file=sys.stderr, flush=True)
        yield month


def estimate_of(home: Path, month: Month) -> pd.DataFrame:
    """Read what the month's run estimated by list; empty where this version computes no such KPI."""
    kpis = pq.read_table(
        MonthFolder(home, month).version().table("kpi_monthly")
    ).to_pandas()
    rows = kpis[(kpis["kpi"] == KPI) & (kpis["scope_kind"] == "company")]
    return pd.DataFrame(
        {
            "list": rows["variant"],
            "estimated": rows["value"].astype(float),
            "status": rows["status"],
        }
    )


def truth_of(source: Path, month: Month) -> pd.DataFrame:
    """Read the true effects of the orders worked in a month."""
    table: pd.DataFrame = pq.read_table(
        source / "truth" / str(month) / "list_effect.parquet"
    ).to_pandas()
    return table


def with_estimates(truth: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """Put the estimate beside the truth, or say that there is none."""
    joined = truth[["list", *COLUMNS]].merge(estimates, on="list", how="left")
    joined["estimated"] = (
        joined["estimated"]
        .map("{:+.4f}".format)
        .where(joined["estimated"].notna(), "not computed")
    )
    return joined.drop(columns="status")


def pooled(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Pool the months: counts are added, effects are means over orders."""
    rows = pd.concat(tables)
    rates = [name for name in COLUMNS if name.endswith("_effect")]
    weighted = rows[rates].mul(rows["orders"], axis=0)
    total = pd.concat(
        [rows[["list"]], rows[[n for n in COLUMNS if n not in rates]], weighted], axis=1
    )
    total = total.groupby("list", sort=False).sum()
    total[rates] = total[rates].div(total["orders"], axis=0)
    return total.reset_index()


def main() -> None:
    """Run the loop and print the effects, month by month and pooled."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.twin_loop")
    parser.add_argument("--services", type=int, default=20_000)
    parser.add_argument(
        "--before", type=int, default=4, help="months before the first orders"
    )
    parser.add_argument("--months", type=int, default=6, help="months of the loop")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", default="2025-12", help="the first month of all")
    options = parser.parse_args()
    pd.set_option(
        "display.width",
        200,
        "display.max_columns",
        20,
        "display.float_format",
        "{:+.4f}".format,
    )
    truths: list[pd.DataFrame] = []
    answers: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="twin-loop-") as folder:
        work, started = Path(folder), time.perf_counter()
        for month in live_months(work, options, answers):
            if (
                work / "source" / "truth" / str(month) / "list_effect.parquet"
            ).exists():
                truths.append(truth_of(work / "source", month))
                table = with_estimates(truths[-1], estimate_of(work / "home", month))
                print(
                    f"\norders of {month.plus(-1)}, lived in {month}\n{table.to_string(index=False)}",
                    flush=True,
                )
        print(
            f"\n{options.months} months together\n{pooled(truths).to_string(index=False)}"
        )
        print(f"\nanswers: {dict(answers)}")
        print(f"\n{time.perf_counter() - started:.0f} s, unattended")


if __name__ == "__main__":
    main()
