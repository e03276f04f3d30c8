"""Every KPI variant against the independent pandas implementation, on a million random service histories.

Batches of other seeds keep the memory small. The last three months of each batch are compared, row by row: numerator
and denominator to the fen, value, rank and whether it is computed. A variant that never had anybody to count is named.
So are the lists that follow bills, ends and use: who is on them, for how much, due when, and whom nobody is to call.

    python -m tests.proof.kpi_histories [--histories 1000000] [--batch 50000] [--seed 1]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pandas as pd

from pipelines.core.month import Month
from pipelines.core.settings import Settings, load_settings
from pipelines.jobs.run import Job, open_draft, release_month, run_draft_room
from pipelines.store.lake import Version
from tests.oracle.compare import SAMPLE, Report, compare
from tests.oracle.kpis import expected_kpis
from tests.oracle.orders.office import Office
from tests.oracle.state import read_once
from tests.proof.answers import answer, orders_of
from tests.proof.debts import write_debts
from tests.proof.desks import write_desks
from tests.proof.histories import write_histories
from tests.proof.list_rows import Found, compare_lists, differing
from tests.support.small import judge_nothing

# What a month's tables are made in, its orders, and the figures, which only a month needs that is compared.
TABLES = ("extract", "snapshot", "validate", "feedback", "features")
ORDERS = ("score", "dispatch")
FIGURES = ("kpi",)
COMPARED = 3
REACH = (
    3  # months before the one that looks in which the office seeks what was taken back
)
DISPATCHED = COMPARED + 3  # a figure looks back on the orders of three months


@dataclass
class Tally:
    """What was compared so far; `filled` counts rows of a variant with a denominator, or a value where it has none.

    `listed` counts what was compared of the lists' rows.
    """

    histories: int = 0
    rows: int = 0
    differing: int = 0
    listed: int = 0
    samples: list[str] = field(default_factory=list)
    filled: Counter[str] = field(default_factory=Counter)
    variants: set[str] = field(default_factory=set)

    def add(self, expected: pd.DataFrame, report: Report, where: str) -> None:
        """Count a month's comparison."""
        wrong = (
            report.missing_in_actual,
            report.missing_in_expected,
            report.repeated_in_actual,
        )
        self.rows += report.compared
        self.differing += report.differing_rows + sum(map(len, wrong))
        self.samples += [] if report.ok else [f"{where}: {report}"]
        names = expected["kpi"] + "." + expected["variant"]
        self.variants |= set(names)
        weight = expected["denominator"].where(
            expected["denominator"].notna(), expected["value"]
        )
        self.filled.update(
            names[weight.map(lambda cell: cell is not None and bool(cell))]
        )

    def add_lists(self, found: Sequence[Found]) -> None:
        """Count what was compared of a month's lists."""
        wrong = differing(found)
        self.listed += len(found)
        self.differing += len(wrong)
        self.samples += [] if wrong.empty else [wrong.head(SAMPLE).to_string()]

    @property
    def empty(self) -> list[str]:
        """Variants that never had anybody to count."""
        return sorted(self.variants - set(self.filled))


def _settings() -> Settings:
    """Many held out and nobody left in peace, so that every list has orders of both arms every month."""
    return load_settings(
        secret_key="the key of a measurement, nothing else",
        holdout_share=Decimal("0.3"),
        cool_down_days=0,
    )


def run_rooms(job: Job, rooms: Sequence[str]) -> Version:
    """Run some of a month's rooms, and commit."""
    draft = open_draft(job)
    for room in rooms:
        run_draft_room(job, draft, room)
    return job.folder.commit(draft)


def run_histories(
    folder: Path, months: Sequence[Month], seed: int
) -> tuple[list[Version], Office]:
    """Run every month; the newest ones' orders leave the house and are answered before the next month."""
    versions, office, settings = [], Office(REACH), _settings()
    for month in months:
        job = Job(
            folder / "home",
            month,
            str(folder / "source"),
            settings=settings,
            judge=judge_nothing,
        )
        has_orders = month > months[-1].plus(-DISPATCHED)
        is_compared = month > months[-1].plus(-COMPARED)
        rooms = TABLES + ORDERS * has_orders + FIGURES * is_compared
        versions.append(run_rooms(job, rooms))
        if has_orders and month < months[-1]:
            job.folder.release(versions[-1])  # sealed: its papers are not drawn before
            release_month(job)
            orders = orders_of(versions[-1])
            office.add(str(month), orders, answer(job, orders, seed))
    return versions, office


def compare_batch(folder: Path, services: int, seed: int, tally: Tally) -> None:
    """Write a batch of histories, run its months and compare the newest ones."""
    months = write_histories(folder / "source", services, seed)
    write_debts(folder / "source", months, seed)
    write_desks(folder / "source", months, seed)
    versions, office = run_histories(folder, months, seed)
    names = [str(month) for month in months]
    with read_once():
        for version in versions[-COMPARED:]:
            expected = expected_kpis(
                folder / "source", names, str(version.month), office=office
            )
            report = compare(_counted(expected), _counted(_monthly(version)))
            tally.add(expected, report, f"seed {seed} {version.month}")
            tally.add_lists(
                list(compare_lists(version, folder / "source", names, office))
            )
    tally.histories += services


def _monthly(version: Version) -> pd.DataFrame:
    frame = pd.read_parquet(
        version.table("kpi_monthly"), dtype_backend="pyarrow"
    ).astype(object)
    return frame.where(frame.notna(), None)


def _counted(figures: pd.DataFrame) -> pd.DataFrame:
    """Without part scopes in which nothing is counted (0 of 0, no value): no definition says whether they have a row."""
    is_whole = figures["scope_id"].isin(["company", "unclaimed"])
    is_something = (
        figures["value"].notna()
        | figures["denominator"].map(bool)
        | figures["numerator"].map(bool)
    )
    return figures[is_whole | is_something]


def measure(sizes: Sequence[int], seed: int) -> Tally:
    """Compare batches of these sizes, each with a seed of its own, and say how far it is."""
    tally, started = Tally(), time.perf_counter()
    for number, size in enumerate(sizes):
        with tempfile.TemporaryDirectory(prefix="histories-") as folder:
            compare_batch(Path(folder), size, seed + number, tally)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{tally.histories} histories, {tally.rows} rows and {tally.listed} cells of lists compared, "
            f"{tally.differing} differ, "
            f"{time.perf_counter() - started:.0f} s, peak {peak:.1f} GiB",
            flush=True,
        )
    return tally


def main() -> None:
    """Measure, and end with 1 when anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.kpi_histories")
    parser.add_argument("--histories", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    whole, rest = divmod(options.histories, options.batch)
    tally = measure([options.batch] * whole + [rest] * bool(rest), options.seed)
    print("\n".join(tally.samples[:5]))
    print(
        f"{len(tally.variants)} variants, never anybody to count in: {', '.join(tally.empty) or 'none'}"
    )
    raise SystemExit(1 if tally.differing else 0)


if __name__ == "__main__":
    main()
