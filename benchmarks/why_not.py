"""What the office answers for five customers of a twin: complaining, opted out, held out, on three lists, manager gone.

A twin's months are run, a champion is trained and scores the newest of them; of each kind the first customer by id is
asked for, as a branch would ask: `retention show dispatch_why_not MONTH --json`, his rows, then `retention why`.

    python -m benchmarks.why_not [--services 2000] [--months 3] [--seed 1] [--lang zh]
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.value_kept.town import Town
from pipelines.cli import app
from pipelines.core.month import Month
from twin import TwinConfig

Row = dict[str, Any]
# More complaints and opt-outs than an operator has, so that a small twin has somebody of each kind.
CONFIG = TwinConfig(complaint_rate=0.05, high_severity_share=0.6, opt_out_share=0.15)
# Of whom each is the first: his rows of `dispatch_why_not`, and whether he has an order.
KINDS: dict[str, Callable[[list[Row], bool], bool]] = {
    "an open complaint": lambda rows, ordered: any(
        row["reason"] == "complaint" for row in rows
    ),
    "opted out of scores": lambda rows, ordered: any(
        row["reason"] == "opted_out" for row in rows
    ),
    "held out": lambda rows, ordered: (
        any(row["reason"] == "holdout" for row in rows) and not ordered
    ),
    "on three lists": lambda rows, ordered: ordered and len(rows) == 2,
    "his manager left": lambda rows, ordered: any(
        row["reason"] == "no_manager" and row["detail"] for row in rows
    ),
}


def ask(*words: object) -> str:
    """Run one of the project's commands and return what it prints."""
    said = io.StringIO()
    with redirect_stdout(said):
        app([*map(str, words)], standalone_mode=False)
    return said.getvalue()


def let_a_manager_leave(delivered: Path) -> None:
    """Mark the manager of most customers as gone, his customers not yet given to anybody."""
    owners = pq.read_table(delivered / "ownership.parquet").to_pandas()
    busiest = owners["manager_id"].value_counts().sort_index(kind="stable").idxmax()
    path = delivered / "account_manager.parquet"
    managers = pq.read_table(path)
    stays = pc.and_(
        managers["is_active"], pc.not_equal(managers["manager_id"], busiest)
    )
    place = managers.schema.get_field_index("is_active")
    pq.write_table(managers.set_column(place, "is_active", stays), path)


def answer(home: Path, month: Month, language: str) -> None:
    """Print the two answers for each kind, or that there is nobody of it."""
    left: dict[str, list[Row]] = defaultdict(list)
    for line in ask(
        "show", "dispatch_why_not", month, "--home", home, "--json"
    ).splitlines():
        row = json.loads(line)
        left[row["customer_id"]].append(row)
    orders = map(
        json.loads,
        ask("show", "dispatch_order", month, "--home", home, "--json").splitlines(),
    )
    ordered = {row["customer_id"] for row in orders if row["arm"] == "treated"}
    for kind, is_it in KINDS.items():
        who = next(
            (c for c, rows in sorted(left.items()) if is_it(rows, c in ordered)), None
        )
        print(f"\n## {kind}: {who or 'nobody in this twin'}\n")
        if who:
            for row in left[who]:
                print(json.dumps(row, ensure_ascii=False))
            print(
                "\n"
                + ask("why", who, month, "--home", home, "--lang", language).rstrip()
            )


def main() -> None:
    """Run the twin's months and ask."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.why_not")
    parser.add_argument("--services", type=int, default=2_000)
    parser.add_argument("--months", dest="before", type=int, default=3)
    parser.add_argument("--first", default="2026-06")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lang", default="en")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="why-not-") as name:
        first = Month.parse(options.first)
        town = Town(Path(name), options.services, options.seed, CONFIG, first)
        for _ in range(options.before - 1):
            town.live()
            town.release(town.run())
        month = town.live()
        let_a_manager_leave(town.source / str(month))
        town.run()
        town.train()
        town.release(town.run())
        answer(town.home, month, options.lang)


if __name__ == "__main__":
    main()
