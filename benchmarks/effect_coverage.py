"""Do the effect's intervals hold? Histories of hold-outs over the twin's potential outcomes, looked at every month.

A few operators are generated; each month three lists are drawn up from them. Every history holds customers out anew, by
the product's own draw with a key of its own (persistent, by branch and tier), lets those be reached whom chance lets be
reached, and lets the twin's fate decide: a line leaves where its fate is below its hazard, times the factor of its
customer's persuasion where it was talked to. The product's estimator then looks after every month. The truth beside it is
the mean difference over everybody on the list so far between being on a manager's desk and being held out.

A history is covered where no look of all its months misses; a false pause is a list paused though it does no harm.

    python -m benchmarks.effect_coverage [--operators 4] [--histories 60] [--services 8000] [--months 13]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import twin
from models.judging.sequences import (
    FEWEST,
    Arm,
    Interval,
    overall_effect,
    retention_effect,
    revenue_effect,
)
from pipelines.core.settings import load_settings
from pipelines.rooms.dispatch.holdout import MEMBER, DrawStratum

CONFIG = twin.TwinConfig()
FACTOR = dict(
    zip(
        ("persuadable", "indifferent", "sleeping_dog"),
        CONFIG.treated_factors,
        strict=True,
    )
)
LISTS = {"churn_risk": 1.0, "renewal": 0.6, "points_redemption": 0.3}
OVERALL = "overall"
# What a contact does: as the twin has it; nothing; to everybody the best or the worst that it can do.
WORLDS: dict[str, Mapping[str, float]] = {
    "as in the twin": FACTOR,
    "does nothing": dict.fromkeys(FACTOR, 1.0),
    "keeps many": dict.fromkeys(FACTOR, 0.2),
    "drives away": dict.fromkeys(FACTOR, 3.0),
}


@dataclass(frozen=True)
class Operator:
    """One row an order, month by month: who, on which list, what is so without a contact and with one."""

    rows: pd.DataFrame
    months: int

    @cached_property
    def _cell(self) -> np.ndarray:
        places = self.rows["list"].map(
            {name: place for place, name in enumerate(LISTS)}
        )
        return (self.rows["month"] * len(LISTS) + places).to_numpy(int)

    def running(self, columns: np.ndarray) -> np.ndarray:
        """Add columns × rows up to months × lists × columns, each month with all before it."""
        size = self.months * len(LISTS)
        sums = np.stack(
            [
                np.bincount(self._cell, weights=column, minlength=size)
                for column in columns
            ],
            axis=-1,
        )
        return sums.reshape(self.months, len(LISTS), len(columns)).cumsum(axis=0)


def generate(services: int, months: int, seed: int) -> Operator:
    """Generate an operator and draw up its lists."""
    with tempfile.TemporaryDirectory(prefix="coverage-") as name:
        twin.generate(Path(name), services=services, months=months, seed=seed)
        folders = sorted(Path(name).glob("20*"))
        parts = [
            _month(Path(name), *pair, place)
            for place, pair in enumerate(pairwise(folders))
        ]
    return Operator(pd.concat(parts, ignore_index=True), len(parts))


def _month(source: Path, folder: Path, after: Path, place: int) -> pd.DataFrame:
    lines = pq.read_table(folder / "service.parquet").to_pandas()
    truth = pq.read_table(
        source / "truth" / folder.name / "service_truth.parquet"
    ).to_pandas()
    lines = lines[lines["status"] == "active"].merge(
        truth.drop(columns="month"), on="service_id"
    )
    people = pq.read_table(folder / "customer.parquet").to_pandas()[
        ["customer_id", "vip_tier", "customer_type"]
    ]
    owner = (
        pq.read_table(folder / "ownership.parquet")
        .to_pandas()
        .sort_values("valid_from")
    )
    owner = owner.drop_duplicates("customer_id", keep="last")[
        ["customer_id", "branch_id"]
    ]
    bills = pq.read_table(folder / "bill.parquet").to_pandas()
    paid = bills.groupby("service_id")["billed_amount"].sum().astype(float)
    later = (
        pq.read_table(after / "bill.parquet")
        .to_pandas()
        .groupby("service_id")["billed_amount"]
        .sum()
        .astype(float)
    )
    lines["before"] = lines["service_id"].map(paid).fillna(0.0)
    is_gone = lines["would_churn_untreated"] | ~lines["service_id"].isin(later.index)
    lines["revenue"] = (
        lines["service_id"].map(later).mask(is_gone, lines["before"])
    )  # had he stayed, as before
    lines = lines.merge(people, on="customer_id").merge(owner, on="customer_id")
    lines = lines[lines["customer_type"] == "individual"].sort_values(
        ["voluntary_hazard", "service_id"]
    )
    lines = lines.drop_duplicates("customer_id", keep="last")
    lines["stratum"] = (
        lines["branch_id"].fillna("-") + "/" + lines["vip_tier"].fillna("-")
    )
    lines["list"] = _lists(lines)
    listed: pd.DataFrame = lines[lines["list"] != ""].assign(month=place)
    return listed


def _lists(lines: pd.DataFrame) -> pd.Series:
    """Put the riskiest tenth on one list, ending contracts on another, a fifth of the rest, always the same, on a third."""
    ends = pd.to_datetime(lines["contract_end_on"])
    soon = ends.notna() & (ends <= ends.min() + pd.Timedelta(days=62))
    risky = lines["voluntary_hazard"] >= lines["voluntary_hazard"].quantile(0.9)
    has_points = lines["customer_id"].str[-1].isin(list("05"))
    lists = np.select(
        [risky, soon, has_points], ["churn_risk", "renewal", "points_redemption"], ""
    )
    return pd.Series(lists, index=lines.index)


# -- one history -------------------------------------------------------------------------------------------------


def held_out(operator: Operator, key: bytes) -> np.ndarray:
    """Hold customers out month by month as the product does; a flag a row."""
    draw = DrawStratum(key, load_settings().holdout_share)
    members = pd.DataFrame(columns=MEMBER.names)
    for month, rows in operator.rows.groupby("month"):
        is_new = ~rows["customer_id"].isin(members["customer_id"])
        new = rows.loc[is_new, ["customer_id", "stratum"]]
        new = new.assign(is_drawn=None, drawn_in=str(month))
        drawn = []
        for _, stratum in pd.concat([members, new]).groupby("stratum"):
            table = pa.Table.from_pandas(stratum, MEMBER, preserve_index=False)
            drawn.append(draw(table).to_pandas())
        members = pd.concat(drawn)
    by_customer = members.set_index("customer_id")["is_drawn"]
    return operator.rows["customer_id"].map(by_customer).to_numpy(bool)


def outcomes(
    operator: Operator, world: Mapping[str, float], reached: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return who stays if held out, and who stays if his order is on a desk."""
    rows = operator.rows
    factor = 1 + rows["list"].map(LISTS) * (rows["persuasion"].map(world) - 1)
    fate, hazard = rows["fate"].to_numpy(), rows["voluntary_hazard"].to_numpy()
    stays = fate >= hazard
    return stays, np.where(reached, fate >= hazard * factor.to_numpy(), stays)


def look_every_month(
    operator: Operator, drawn: np.ndarray, stays: np.ndarray, kept: np.ndarray
) -> Iterator[dict[str, object]]:
    """Yield a row a look and list: the interval of each estimate, and its truth."""
    seen, gain = np.where(drawn, stays, kept), kept.astype(float) - stays
    revenue = operator.rows["revenue"].to_numpy(float)
    change = seen * revenue - operator.rows["before"].to_numpy(float)
    arms = [
        operator.running(np.stack([f, f * seen, f * change, f * change**2]))
        for f in (~drawn, drawn)
    ]
    truth = operator.running(np.stack([np.ones(len(gain)), gain, gain * revenue]))
    for month in range(operator.months):
        pairs = [
            (Arm(*t.tolist()), Arm(*h.tolist()))
            for t, h in zip(*(arm[month] for arm in arms), strict=True)
        ]
        orders, effect, effect_revenue = truth[month].T
        for place, (name, (treated, holdout)) in enumerate(
            zip(LISTS, pairs, strict=True)
        ):
            n = max(orders[place], 1.0)
            yield _look(
                name, retention_effect(treated, holdout), effect[place] / n, "effect"
            )
            yield _look(
                name,
                revenue_effect(treated, holdout),
                effect_revenue[place] / n * treated.orders,
                "revenue",
            )
        weight = np.array(
            [t.orders * (min(t.orders, h.orders) >= FEWEST) for t, h in pairs]
        )
        whole = float(weight @ (effect / np.maximum(orders, 1.0))) / max(
            float(weight.sum()), 1.0
        )
        yield _look(OVERALL, overall_effect(pairs), whole, "effect")


def _look(
    name: str, found: Interval | None, truth: float, what: str
) -> dict[str, object]:
    if found is None:
        return {
            "list": name,
            "what": what,
            "says": False,
            "misses": False,
            "pauses": False,
        }
    misses = not found.low <= truth <= found.high
    return {
        "list": name,
        "what": what,
        "says": True,
        "misses": misses,
        "pauses": what == "effect" and found.high < 0,
    }


# -- all of them -------------------------------------------------------------------------------------------------


def run(operators: list[Operator], histories: int) -> pd.DataFrame:
    """Return a row a world, history, list and estimate: whether any look missed, and whether it paused."""
    found = []
    for number, operator in enumerate(operators):
        for history in range(histories):
            key = f"history {number} {history} of the benchmark".encode()
            drawn, random = (
                held_out(operator, key),
                np.random.default_rng([number, history]),
            )
            reached = (
                random.random(len(operator.rows))
                < CONFIG.worked_share * CONFIG.reach_rate
            )
            for world, factors in WORLDS.items():
                looks = pd.DataFrame(
                    look_every_month(
                        operator, drawn, *outcomes(operator, factors, reached)
                    )
                )
                by = looks.groupby(["list", "what"], as_index=False)[
                    ["says", "misses", "pauses"]
                ].any()
                found.append(by.assign(world=world, history=f"{number}/{history}"))
        print(
            f"operator {number + 1} of {len(operators)} done",
            file=sys.stderr,
            flush=True,
        )
    table: pd.DataFrame = pd.concat(found, ignore_index=True)
    return table


def main() -> int:
    """Print coverage and pauses by world, estimate and list; return 1 where a target of 95 % or 5 % is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.effect_coverage")
    parser.add_argument("--operators", type=int, default=4)
    parser.add_argument("--histories", type=int, default=60, help="of each operator")
    parser.add_argument("--services", type=int, default=8_000)
    parser.add_argument(
        "--months", type=int, default=13, help="generated; one less is looked at"
    )
    options = parser.parse_args()
    started = time.perf_counter()
    operators = [
        generate(options.services, options.months, seed)
        for seed in range(1, options.operators + 1)
    ]
    table = run(operators, options.histories)
    said = table[table["says"]]
    told = said.groupby(["world", "what", "list"], sort=False).agg(
        histories=("misses", "size"),
        covered=("misses", lambda m: 1 - m.mean()),
        paused=("pauses", "mean"),
    )
    print(told.to_string(float_format="{:.1%}".format))
    print(
        f"\n{len(operators) * options.histories} histories of {options.months - 1} looks, {time.perf_counter() - started:.0f} s"
    )
    lists = told[told.index.get_level_values("list") != OVERALL]
    harmless = lists[lists.index.get_level_values("world") != "drives away"]
    return int(
        bool((told["covered"] < 0.95).any() or (harmless["paused"] > 0.05).any())
    )


if __name__ == "__main__":
    sys.exit(main())
