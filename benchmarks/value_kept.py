"""What the office keeps, and what a plain rule list keeps, in the same twin: six months of the loop, several twins.

Three arms begin with the same months, the same champion and the same managers, and live the same luck (the twin draws
by month and purpose): the office with its places by the order of the lists, the office with its places by value, and a
rule list, each manager's own customers by the risk that the same champion gives, as many as he can take, nobody held
out, nobody spared but who must not be contacted. What each kept is read from the twin's truth, never from the office:

    kept     for every line whose customer was reached: hazard x (1 - factor of his persuasion and the list), the share
             who had left before the call taken off; saved requests to dismantle; each x the line's revenue x 12 months
    debts    what was paid in full because of an order (the twin knows who would have paid alone)
    cost     5.00 yuan an order that was worked
    happened as kept, but by who is in the network in the end: the same without the hazards, with the luck of the draw

    python -m benchmarks.value_kept [--loops 5] [--services 3000] [--before 5] [--months 6]

Great Expectations is left out: a twin without faults gives it nothing to find.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from scipy import stats

from benchmarks.twin_loop import call
from pipelines.catalogue.outputs import load_lists
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.workbook import Stamp, WorkList, write_work_list
from pipelines.jobs.run import Job, release_month, run_month
from pipelines.jobs.training.shelf import list_versions
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import load_labels
from tests.support.small import judge_nothing
from twin.codes import DEBT_LISTS, GROUP_LISTS
from twin.config import TwinConfig

ARMS = ("priority", "value", "rule")
HORIZON, COST = 12, 5.0
# So few that they run out: about one customer in ten a month. The twin's own would let the rule list call everybody.
CAPACITY = "capacity_low: 8\ncapacity_high: 16\n"
MEASURES = ["orders", "worked", "reached", "kept", "debts", "cost", "net", "happened"]
FACTOR = dict(
    zip(
        ("persuadable", "indifferent", "sleeping_dog"),
        TwinConfig().treated_factors,
        strict=True,
    )
)
STRENGTH = TwinConfig().retention_strength


@dataclass(frozen=True)
class Place:
    """One arm of one loop: its operator and its home."""

    arm: str
    work: Path

    @property
    def source(self) -> Path:
        """What the operator delivers."""
        return self.work / "source"

    @property
    def home(self) -> Path:
        """The office's months."""
        return self.work / "home"

    def table(self, month: Month, name: str) -> pd.DataFrame:
        """Read a table of a month's current version."""
        read: pd.DataFrame = pq.read_table(
            MonthFolder(self.home, month).version().table(name)
        ).to_pandas()
        return read

    def delivered(self, month: Month, name: str) -> pd.DataFrame:
        """Read a table that the operator delivered, or of its truth."""
        read: pd.DataFrame = pq.read_table(
            self.source / str(month) / f"{name}.parquet"
        ).to_pandas()
        return read


# -- the arms ----------------------------------------------------------------------------------------------------


def make_operator(
    work: Path, options: argparse.Namespace, seed: int, config: str = CAPACITY
) -> Month:
    """Generate the operator of the months before the first orders; return the last of them."""
    last = Month.parse(options.first).plus(options.before - 1)
    work.mkdir()
    (work / "twin.yml").write_text(config, encoding="utf-8")
    size = (
        "--services",
        options.services,
        "--months",
        options.before,
        "--seed",
        seed,
        "--config",
        work / "twin.yml",
    )
    call("twin", *size, "--through", last, "--out", work / "source")
    return last


def begin(work: Path, options: argparse.Namespace) -> None:
    """Run the months before the first orders, and make a champion of what they teach, who scores the last of them."""
    first = Month.parse(options.first)
    last = first.plus(options.before - 1)
    home, source = work / "home", work / "source"
    for number in range(options.before):
        run_ungated(home, source, first.plus(number), number < options.before - 1)
    call("train", "--through", last, "--home", work / "home")
    version = list_versions(work / "home", load_settings())[-1].version
    call("promote", version, "--by", "benchmark", "--home", work / "home")
    run_ungated(home, source, last, True)  # again, now that somebody can score it


def run_ungated(home: Path, source: Path, month: Month, is_released: bool) -> None:
    """Run a month, and release it where asked to, whatever the gate would have said."""
    job = Job(home, month, str(source), judge=judge_nothing)
    run_month(job)
    if is_released:
        release_month(job)


def live(place: Place, last: Month, months: int) -> Iterator[Month]:
    """Run the months of the loop, and yield each month whose orders were lived."""
    for number in range(months):
        month = last.plus(number)
        folder = place.work / f"dispatch-{month}"
        if place.arm == "rule":
            write_rule_list(place, month, folder)
        else:
            call("export", month, "--out", folder, "--home", place.home)
        call("twin", "--out", place.source, "--respond", folder)
        if place.arm != "rule":
            returned = sorted((place.source / "returned" / str(month)).glob("*.xlsx"))
            call("outcomes", *returned, "--home", place.home)
        run_ungated(place.home, place.source, month.plus(1), place.arm != "rule")
        yield month


def write_rule_list(place: Place, month: Month, out: Path) -> None:
    """Write each manager's customers with the highest risk, as many as he can take, as workbooks of the office's form."""
    ranked = rank_by_risk(place, month)
    due_on = month.plus(1).first_day.replace(day=12)
    title = next(
        spec.meta["title"]["en"] for spec in load_lists() if spec.name == "churn_risk"
    )
    for manager_id, rows in ranked.groupby("manager_id"):
        orders = [
            {"rank": rank, "order_id": f"{month.year}{month.number:02d}-R{customer}", "customer_id": customer,
             "list_title": title, "due_on": due_on}
            for rank, customer in enumerate(rows["customer_id"], start=1)
        ]  # fmt: skip
        stamp = Stamp(
            str(manager_id),
            "en",
            str(month),
            1,
            "-",
            month.plus(1).first_day,
            is_draft=False,
        )
        book = WorkList(stamp, str(manager_id), orders)
        write_work_list(
            out / f"{month}_{manager_id}.xlsx",
            book,
            load_labels("en"),
            load_settings().key,
        )


def rank_by_risk(place: Place, month: Month) -> pd.DataFrame:
    """Return customer_id and manager_id of who is called by the rule."""
    risk = risks(place, month)
    customers = place.delivered(month, "customer")
    spared = set(customers.loc[customers["do_not_contact"].eq(True), "customer_id"])
    managers = place.table(month, "features_manager").set_index("manager_id")[
        "capacity"
    ]
    owned = place.table(month, "features_owner")[["customer_id", "manager_id"]].merge(
        risk, on="customer_id"
    )
    owned = owned[
        owned["manager_id"].isin(managers.index) & ~owned["customer_id"].isin(spared)
    ]
    owned = owned.sort_values(["risk", "customer_id"], ascending=[False, True])
    place_in_line = owned.groupby("manager_id").cumcount()
    return owned[place_in_line < owned["manager_id"].map(managers)]


def risks(place: Place, month: Month) -> pd.DataFrame:
    """Return each customer's highest chance to leave, as the champion sees it."""
    scored = place.table(month, "score_churn")
    return (
        scored.groupby("customer_id")["p_voluntary"].max().rename("risk").reset_index()
    )


# -- what was kept, by the truth ---------------------------------------------------------------------------------


def judge(place: Place, month: Month) -> dict[str, float]:
    """Return what the orders of a month did, in yuan, by the truth of the month that lived them."""
    orders = pq.read_table(
        place.source / "truth" / str(month.plus(1)) / "order_truth.parquet"
    ).to_pandas()
    given = pq.read_table(
        place.source / "truth" / str(month) / "order_given.parquet"
    ).to_pandas()
    orders = orders.merge(given[["order_id", "amount"]], on="order_id")
    lines = contacted_lines(place, month, orders)
    saved = orders["list"].eq("termination_save") & (
        orders["stays"] != orders["stays_untreated"]
    )
    revenue = lines_of(place, month).groupby("customer_id")["revenue"].sum()
    saves = (
        float(
            orders.loc[saved, "customer_id"]
            .map(revenue)
            .astype(float)
            .fillna(0.0)
            .sum()
        )
        * HORIZON
    )
    paid = orders["succeeds"].astype(int) - orders["succeeds_untreated"].astype(int)
    debts = float(
        (paid * orders["amount"].astype(float))
        .where(orders["list"].isin(list(DEBT_LISTS)), 0.0)
        .sum()
    )
    worked = int(orders["is_worked"].sum())
    kept = float((lines["fall"] * lines["revenue"]).sum()) * HORIZON + saves
    happened = float((lines["stayed_more"] * lines["revenue"]).sum()) * HORIZON
    return {
        "orders": len(orders), "worked": worked, "reached": int(orders["is_reached"].sum()), "kept": kept,
        "debts": debts, "cost": COST * worked, "net": kept + debts - COST * worked, "happened": happened,
    }  # fmt: skip


def contacted_lines(place: Place, month: Month, orders: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of everybody who was reached: the fall of the hazard, and how much more it stayed than untouched."""
    lines = lines_of(place, month)
    contacts = reached_customers(orders, place.delivered(month, "customer"))
    lines = lines.merge(contacts, on="customer_id")
    truth = pq.read_table(
        place.source / "truth" / str(month) / "service_truth.parquet"
    ).to_pandas()
    lines = lines.merge(truth, on="service_id")
    last = month.plus(1).last_day
    in_time = (
        pd.to_datetime(lines["contact_on"]).rsub(pd.Timestamp(last)).dt.days / last.day
    )
    full = 1 + lines["list"].map(STRENGTH).fillna(0.0) * (
        lines["persuasion"].map(FACTOR) - 1
    )
    lines["fall"] = (
        lines["voluntary_hazard"] * (1 - full) * in_time.where(full < 1, 1.0)
    )
    now = place.delivered(month.plus(1), "service")
    here = set(
        now.loc[
            now["status"].isin(["active", "suspended_arrears", "suspended_request"]),
            "service_id",
        ]
    )
    is_here = lines["service_id"].isin(here).astype(int)
    leaves = lines["would_churn_untreated"] | lines["would_be_cut_for_arrears"]
    lines["stayed_more"] = is_here - (~leaves).astype(int)
    return lines


def reached_customers(orders: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return by customer the list and the day he was talked to; a group's order reaches its members without their own."""
    columns = ["customer_id", "list", "contact_on"]
    reached = orders[orders["is_reached"]]
    groups = reached[reached["list"].isin(list(GROUP_LISTS))].rename(
        columns={"customer_id": "group_customer_id"}
    )
    members = customers[["customer_id", "group_customer_id"]].merge(
        groups[["group_customer_id", *columns[1:]]]
    )
    members = members[~members["customer_id"].isin(orders["customer_id"])]
    return pd.concat(
        [reached[columns], members[columns]], ignore_index=True
    ).drop_duplicates("customer_id")


def lines_of(place: Place, month: Month) -> pd.DataFrame:
    """Return service_id, customer_id and revenue (yuan a month) of the lines delivered."""
    bills = place.delivered(month, "bill")
    owed = bills["billed_amount"].astype(float) + bills["adjustment_amount"].astype(
        float
    ).fillna(0.0)
    revenue = owed.groupby(bills["service_id"]).sum()
    lines = place.delivered(month, "service")[["service_id", "customer_id"]]
    return lines.assign(
        revenue=lines["service_id"].map(revenue).fillna(0.0).clip(lower=0.0)
    )


def last_revenue(place: Place, month: Month) -> float:
    """Return what was billed in a month, yuan: everything that a contact ever changed is in it."""
    return float(lines_of(place, month)["revenue"].sum())


# -- the loops ---------------------------------------------------------------------------------------------------


def run_loop(work: Path, options: argparse.Namespace, seed: int) -> pd.DataFrame:
    """Live one twin three times, and return a row an arm."""
    last = make_operator(work / "start", options, seed)
    begin(work / "start", options)
    rows = []
    for arm in options.arms.split(","):
        place = Place(arm, work / arm)
        shutil.copytree(work / "start", place.work)
        os.environ["RETENTION_CAPACITY_RULE"] = "priority" if arm == "rule" else arm
        months = pd.DataFrame(
            [judge(place, month) for month in live(place, last, options.months)]
        )
        end = last_revenue(place, last.plus(options.months))
        rows.append(
            {
                "seed": seed,
                "arm": arm,
                **months[MEASURES].sum().to_dict(),
                "last_revenue": end,
            }
        )
        print(f"seed {seed}, {arm}: {rows[-1]}", file=sys.stderr, flush=True)
        shutil.rmtree(place.work)
    return pd.DataFrame(rows)


def compare(table: pd.DataFrame, arm: str, measure: str) -> str:
    """Say how much more an arm makes than the rule list, with the interval over the loops (Student, 95 %)."""
    wide = table.pivot(index="seed", columns="arm", values=measure)
    more = wide[arm] - wide["rule"]
    half = (
        float(stats.t.ppf(0.975, len(more) - 1) * more.sem())
        if len(more) > 1
        else float("nan")
    )
    mean, won = float(more.mean()), int((more > 0).sum())
    return f"{mean:+,.0f} [{mean - half:+,.0f}, {mean + half:+,.0f}], more in {won} of {len(more)} loops"


def show(table: pd.DataFrame) -> None:
    """Print the loops so far, their means, and how much more each arm of the office makes than the rule list."""
    print(f"\n{table.to_string(index=False)}")
    print(
        f"\nmean of the loops\n{table.drop(columns='seed').groupby('arm', sort=False).mean().to_string()}\n"
    )
    for arm in [arm for arm in ARMS if arm in set(table["arm"]) - {"rule"}]:
        for measure in ("kept", "net", "happened", "last_revenue"):
            print(f"{arm} - rule, {measure}: {compare(table, arm, measure)}")


def main() -> None:
    """Run the loops; print each, and the differences from the rule list, as they come."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.value_kept")
    parser.add_argument("--loops", type=int, default=5)
    parser.add_argument("--services", type=int, default=3_000)
    parser.add_argument(
        "--before", type=int, default=5, help="months before the first orders"
    )
    parser.add_argument("--months", type=int, default=6, help="months of orders")
    parser.add_argument(
        "--arms", default=",".join(ARMS), help="of these, and always the rule list"
    )
    parser.add_argument("--first", default="2025-10", help="the first month of all")
    options = parser.parse_args()
    pd.set_option(
        "display.width",
        200,
        "display.max_columns",
        20,
        "display.float_format",
        "{:,.0f}".format,
    )
    started, tables = time.perf_counter(), []
    for seed in range(1, options.loops + 1):
        with tempfile.TemporaryDirectory(prefix="value-kept-") as folder:
            tables.append(run_loop(Path(folder), options, seed))
            show(pd.concat(tables))
            print(f"{seed} loops, {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
