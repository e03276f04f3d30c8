"""Do the parts add up to the whole? Every sum that the stored tables promise, added up anew by other code than made them.

A twin lives two years and every month is run; the newest months are released, delivered again otherwise (late bills,
credits, other statuses, other owners) and restated. Then, with decimals and nothing of the pipeline but the files:

parts        numerators and denominators of each KPI variant over the scopes of a kind, `unclaimed` among them
change       volume, mix and rate of a row to its change; each of them over the parts to the company's
change ends  a numerator's change against the two months' published figures
bridge       base and causes of a scope to its revenue now; each step over the scopes of a kind; both ends against the KPI
restatement  the causes of a figure to its difference; the difference to the two published figures

    python -m tests.proof.sums [--services 2000] [--months 24] [--restated 3] [--seed 1]
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import twin
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.jobs.restate import restate_month
from pipelines.jobs.run import Job, release_month, run_month
from pipelines.store.lake import MonthFolder, Version
from tests.support.small import judge_nothing

Row = dict[str, Any]
Found = tuple[str, bool]  # kind of sum, and whether it holds
LEVELS = ("city", "branch", "unit", "manager")
FIGURE = ("kpi", "variant", "scope_kind", "scope_id")
AMOUNTS, VALUES = ("volume", "mix", "rate"), ("value_mix", "value_rate")
# Targets stand in scopes of their own: a branch's target is no part of the company's.
PLACED = {("revenue_completion", "denominator")}
ZERO = Decimal(0)


def check_home(home: Path, months: Sequence[Month]) -> Iterator[Found]:
    """Check every sum of the months' current versions, and of what was restated beside them."""
    figures: dict[Month, dict[tuple[Any, ...], Row]] = {}
    for month in months:
        folder = MonthFolder(home, month)
        version = folder.version()
        rows = _rows(version, "kpi_monthly")
        figures[month] = {tuple(row[name] for name in FIGURE): row for row in rows}
        yield from _parts(rows)
        yield from _changes(_rows(version, "kpi_change"), figures)
        yield from _bridge(_rows(version, "kpi_bridge"), figures[month])
        for other in folder.versions():
            if other.number > version.number:
                yield from _restatement(other, figures[month])


def _rows(version: Version, table: str) -> list[Row]:
    path = version.path / f"{table}.parquet"
    return list(pq.read_table(path).to_pylist()) if path.exists() else []


def _parts(rows: Iterable[Row]) -> Iterator[Found]:
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        for side in ("numerator", "denominator"):
            if row[side] is not None and (row["kpi"], side) not in PLACED:
                sums[row["kpi"], row["variant"], side, row["scope_kind"]] += row[side]
    for (kpi, variant, side, kind), total in sums.items():
        if kind in LEVELS and (kpi, variant, side, "company") in sums:
            yield f"parts: {kind}", total == sums[kpi, variant, side, "company"]


def _changes(
    rows: Sequence[Row], figures: dict[Month, dict[tuple[Any, ...], Row]]
) -> Iterator[Found]:
    whole: dict[tuple[str, ...], Decimal] = {}
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        yield (
            "change: effects of a row",
            sum(row[n] for n in AMOUNTS) == row["numerator_change"],
        )
        yield (
            "change: effects of a row",
            sum(row[n] for n in VALUES) == row["value_change"],
        )
        then, now = (
            _numerator(
                figures[Month.parse(row[name])].get(tuple(row[n] for n in FIGURE))
            )
            for name in ("before_month", "month")
        )
        yield "change: against the figures", row["numerator_change"] == now - then
        key = tuple(row[n] for n in ("comparison", "kpi", "variant", "part_kind"))
        for name in ("numerator_change", "value_change", *AMOUNTS, *VALUES):
            if row["scope_kind"] == "company":
                whole[*key, name] = row[name]
            else:
                sums[*key, name] += row[name]
    for key, total in whole.items():
        yield f"change: over each {key[3]}", sums[key] == total


def _numerator(row: Row | None) -> Decimal:
    return (row["numerator"] if row else None) or ZERO


def _bridge(
    rows: Sequence[Row], figures: dict[tuple[Any, ...], Row]
) -> Iterator[Found]:
    if not rows:
        return
    scopes: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        scopes[row["scope_kind"], row["scope_id"]][row["step"]] = row["amount"]
        totals[row["scope_kind"], row["step"]] += row["amount"]
    for (kind, scope), amounts in scopes.items():
        yield (
            f"bridge: steps of a {kind}",
            sum(amounts.values(), ZERO) == 2 * amounts["current"],
        )
        figure = figures.get(("revenue_retention_rate", "net", kind, scope))
        ends = (figure["denominator"], figure["numerator"]) if figure else (ZERO, ZERO)
        yield (
            "bridge: ends against the KPI",
            (amounts["base"], amounts["current"]) == ends,
        )
    for (kind, step), total in totals.items():
        if kind in LEVELS:
            yield f"bridge: over each {kind}", total == totals["company", step]


def _restatement(
    known: Version, published: dict[tuple[Any, ...], Row]
) -> Iterator[Found]:
    causes: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in _rows(known, "restate_cause"):
        for name in ("numerator", "denominator", "value"):
            causes[*(row[n] for n in FIGURE), name] += row[f"{name}_change"] or ZERO
    now = {
        tuple(row[name] for name in FIGURE): row for row in _rows(known, "kpi_monthly")
    }
    for row in _rows(known, "restate_kpi"):
        key = tuple(row[n] for n in FIGURE)
        for name in ("numerator", "denominator", "value"):
            yield (
                f"restatement: causes of a {name}",
                causes[*key, name] == (row[f"{name}_difference"] or ZERO),
            )
        ends = [_numerator(figures.get(key)) for figures in (published, now)]
        yield (
            "restatement: against the figures",
            (row["numerator_difference"] or ZERO) == ends[1] - ends[0],
        )


# -- two years, and deliveries that turn out to be others --------------------------------------------------------


def live(
    folder: Path, services: int, months: Sequence[Month], restated: int, seed: int
) -> None:
    """Run a twin's months; release the newest ones, deliver them otherwise and restate them."""
    source, settings = (
        folder / "source",
        load_settings(secret_key="the key of a measurement, nothing else"),
    )
    twin.generate(
        source,
        services=services,
        months=len(months),
        seed=seed,
        through=str(months[-1]),
    )
    jobs = [
        Job(
            folder / "home",
            month,
            str(source),
            settings=settings,
            judge=judge_nothing,
        )
        for month in months
    ]
    for job in jobs:
        run_month(job)
        print(job.month, "run", flush=True)
    for job in jobs[len(jobs) - restated :]:
        release_month(job)
        deliver_otherwise(source / str(job.month))
        restate_month(job)
        print(job.month, "restated", flush=True)


def deliver_otherwise(delivered: Path) -> None:
    """Late bills and credits, other statuses, other owners: each to one row in so many."""
    for table, column, every, change in (
        ("bill", "billed_amount", 9, lambda cell: cell * 3),
        (
            "bill",
            "adjustment_amount",
            23,
            lambda cell: (cell or ZERO) - Decimal("7.77"),
        ),
        (
            "service",
            "status",
            11,
            lambda cell: "suspended_request" if cell == "active" else cell,
        ),
        ("ownership", "manager_id", 5, lambda cell: None),
        ("receivable", "open_amount", 7, lambda cell: cell + Decimal("0.01")),
        ("adjustment", "amount", 3, lambda cell: cell * 2),
    ):
        path = delivered / f"{table}.parquet"
        rows = pq.read_table(path)
        cells = [
            change(c) if n % every == 0 else c
            for n, c in enumerate(rows[column].to_pylist())
        ]
        place = rows.column_names.index(column)
        pq.write_table(
            rows.set_column(
                place, column, pa.array(cells, rows.schema.field(column).type)
            ),
            path,
        )


def main() -> None:
    """Count the sums by kind and those that fail; end with 1 when one does."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.sums")
    parser.add_argument("--services", type=int, default=2_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--restated", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    months = [Month(2026, 8).plus(n) for n in range(1 - options.months, 1)]
    with tempfile.TemporaryDirectory(prefix="sums-") as folder:
        live(Path(folder), options.services, months, options.restated, options.seed)
        found = pd.DataFrame(
            check_home(Path(folder) / "home", months), columns=["sum", "holds"]
        )
    counted = found.groupby("sum")["holds"].agg(
        checked="size", failing=lambda held: int((~held).sum())
    )
    print(counted.to_string())
    print(f"{len(found)} sums checked, {int(counted['failing'].sum())} failing")
    raise SystemExit(1 if counted["failing"].any() else 0)


if __name__ == "__main__":
    main()
