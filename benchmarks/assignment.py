"""Dispatch at the size of a province: time, peak memory, proved gap, and how many orders break a rule (0).

The candidates are made, not measured: two million customers of three million services stand on the real lists in
shares of the twin's order, their worth lognormal; 1,000 managers of 50 branches take 60 orders each, a third of what
is wanted. Each rule runs in a process of its own; the tables are then checked by SQL that knows nothing of the solver.

    python -m benchmarks.assignment [SERVICES [MANAGERS]]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.catalogue.outputs import load_lists
from pipelines.catalogue.spec import TableName
from pipelines.core.calendar import Calendar
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.engines.duckdb import DuckEngine
from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.by_branch import assign_managers
from pipelines.rooms.dispatch.decide import (
    decide_orders,
    find_wanted_orders,
    gather_eligibility,
    take_list_facts,
)
from pipelines.rooms.dispatch.holdout import draw_holdout
from pipelines.rooms.dispatch.stand_ins import bind_stand_ins
from pipelines.rooms.dispatch.write import (
    Outcome,
    write_candidates,
    write_orders,
    write_why_not,
)
from pipelines.rooms.relations import Relation
from pipelines.store.lake import Draft
from pipelines.store.manifest import TableEntry

MONTH = Month.parse("2026-08")
BRANCHES, CAPACITY = 50, 60
# Customers in a thousand on each list.
SHARES = {
    "termination_save": 2, "suspended_reactivation": 15, "arrears": 10, "fixed_arrears": 15, "renewal": 25,
    "vip_zero_usage": 5, "cohort_at_risk": 10, "churn_risk": 15, "down_migration": 15, "card_issue": 10,
    "vip_allocation": 5, "points_redemption": 40, "activity_invite": 2,
}  # fmt: skip
MADE = {
    # An even spread that needs no random numbers: the hash of the number and of what is asked.
    "snapshot_customer": """
        SELECT 'C' || i AS customer_id, 'individual' AS customer_type,
            CASE WHEN HASH(i, 1) % 9 = 0 THEN 'gold' ELSE 'none' END AS vip_tier,
            CASE WHEN HASH(i, 2) % 20 = 0 THEN 'G' || (HASH(i, 3) % 20000) END AS group_customer_id
        FROM RANGE({customers}) AS t(i)""",
    "features_owner": """
        SELECT 'C' || i AS customer_id, 'B' || (HASH(i, 4) % {managers} % {branches}) AS branch_id,
            NULL::VARCHAR AS unit_id,
            CASE WHEN HASH(i, 5) % 10 > 0 THEN 'M' || (HASH(i, 4) % {managers}) END AS manager_id
        FROM RANGE({customers}) AS t(i)""",
    "features_manager": """
        SELECT 'M' || i AS manager_id, 'B' || (i % {branches}) AS branch_id,
            CASE WHEN i % 40 = 0 THEN 0 ELSE {capacity} END::INTEGER AS capacity
        FROM RANGE({managers}) AS t(i) WHERE i % 50 <> 7""",
    "features_consent": """
        SELECT 'C' || i AS customer_id, HASH(i, 6) % 50 = 0 AS is_do_not_contact, HASH(i, 7) % 40 = 0 AS is_opted_out,
            HASH(i, 11) % 200 = 0 AS is_wrong_number
        FROM RANGE({customers}) AS t(i)""",
    "features_complaint": "SELECT 'C' || i AS customer_id FROM RANGE({customers}) AS t(i) WHERE HASH(i, 8) % 300 = 0",
    "features_high_value": """
        SELECT 'C' || i AS customer_id,
            CAST(EXP(4 + SQRT(-2 * LN((HASH(i, 9) % 100000 + 1) / 100001.0)) * COS(HASH(i, 10) % 6283 / 1000.0))
                AS DECIMAL(18,2)) AS value_at_risk
        FROM RANGE({customers}) AS t(i)""",
}


def make_context(folder: Path, engine: DuckEngine, rule: str) -> Context:
    """A month's context over tables made in place."""
    settings = load_settings(
        capacity_rule=rule, secret_key="a key of the benchmark's own"
    )
    context = Context(
        MONTH,
        settings,
        Calendar(),
        Draft(MONTH, folder),
        engine,
        dict.fromkeys(("m1", "m2", "prior")),
    )
    return context


def fill(context: Context, services: int, managers: int) -> None:
    """Make the tables dispatch reads, and the candidates of every list."""
    sizes = {
        "customers": services * 2 // 3,
        "managers": managers,
        "branches": BRANCHES,
        "capacity": CAPACITY,
    }
    for name, sql in MADE.items():
        # Of each table the columns that dispatch reads, so past the look at what a room writes.
        path = context.path(name)
        written = context.engine.write(sql.format(**sizes), path, ["1"])
        context.record_entry(name, TableEntry.computed(None, written))
        context.engine.bind(TableName(name), path)
    parts = [
        _candidates(name, share, sizes["customers"], 20 + i)
        for i, (name, share) in enumerate(SHARES.items())
    ]
    context.engine.table("candidate", " UNION ALL ".join(parts))


def _candidates(name: str, share: int, customers: int, seed: int) -> str:
    rank = "CAST(ROW_NUMBER() OVER (ORDER BY v.value_at_risk DESC, v.customer_id) AS INTEGER)"
    if name in ("arrears", "fixed_arrears"):  # by age: as good as at random
        rank = f"CAST(ROW_NUMBER() OVER (ORDER BY HASH(v.customer_id, {seed}), v.customer_id) AS INTEGER)"
    return f"""
        SELECT '{name}' AS list, v.customer_id, NULL::VARCHAR AS service_id, v.value_at_risk AS rank_value,
            CAST(v.value_at_risk * 0.8 AS DECIMAL(18,2)) AS amount, 'x' AS reason_codes, NULL::DATE AS listed_due_on,
            NULL::VARCHAR AS evidence, {rank} AS rank
        FROM features_high_value AS v WHERE HASH(v.customer_id, {seed}) % 1000 < {share}"""


def run_rule(rule: str, services: int, managers: int) -> dict[str, Any]:
    """Dispatch once; return seconds a step, peak gigabytes, and what was written."""
    specs = [spec for spec in load_lists() if spec.name in SHARES]
    seconds: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as name,
        DuckEngine(Path(name) / "tmp", [Path(name)], "6GB", 2) as engine,
    ):
        context = make_context(Path(name), engine, rule)
        fill(context, services, managers)
        made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        candidates = Relation("candidate")
        list_facts = take_list_facts(context, specs)
        engine.table("list_fact", f"SELECT * FROM {list_facts.name}")
        bind_stand_ins(context)
        with _measured(seconds, "draw the hold-out"):
            draw_holdout(context, candidates, list_facts)
        with _measured(seconds, "may we"):
            eligibility = gather_eligibility(context, candidates, list_facts)
            wanted = find_wanted_orders(context, eligibility)
        with _measured(seconds, "give the places"):
            manager_orders = assign_managers(context, wanted)
        with _measured(seconds, "why-nots"):
            decisions = decide_orders(context, eligibility, manager_orders)
        with _measured(seconds, "write"):
            write_orders(context, Outcome(specs, [], candidates, list_facts, decisions))
            write_why_not(context, decisions)
            write_candidates(context, decisions)
        figures = pq.read_table(Path(name) / "dispatch_capacity.parquet").to_pylist()
        company = next(row for row in figures if row["scope_kind"] == "company")
        counted = engine.rows(
            "SELECT COUNT(*) AS candidates, COUNT(DISTINCT customer_id) AS customers FROM candidate"
        )
        return {
            **counted[0],
            "seconds": seconds,
            "total_seconds": round(sum(seconds.values()), 1),
            "peak_gb": round(
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2
            ),
            "peak_gb_before": round(made / 2**20, 2),
            **{
                n: company[n]
                for n in ("capacity", "wanted_count", "used_count", "gap_rate")
            },
            **{
                n: float(company[f"{n}_amount"])
                for n in ("value", "bound", "shadow_price")
            },
            "worst_branch_gap": max(
                row["gap_rate"] for row in figures if row["scope_kind"] == "branch"
            ),
            "broken": broken(engine),
        }


@contextmanager
def _measured(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Note how many seconds a step takes."""
    started = time.perf_counter()
    yield
    seconds[step] = round(time.perf_counter() - started, 2)


BROKEN = {
    "a customer with two orders": "SELECT customer_id FROM treated GROUP BY customer_id HAVING COUNT(*) > 1",
    "a manager beyond capacity": """
        SELECT t.manager_id FROM treated AS t JOIN features_manager AS m ON m.manager_id = t.manager_id
        GROUP BY t.manager_id, m.capacity HAVING COUNT(*) > m.capacity""",
    "an order of a manager who does not work": """
        SELECT t.order_id FROM treated AS t LEFT JOIN features_manager AS m ON m.manager_id = t.manager_id
        WHERE m.manager_id IS NULL""",
    "an order of another's customer": """
        SELECT t.order_id FROM treated AS t JOIN features_owner AS o ON o.customer_id = t.customer_id
        JOIN features_manager AS own ON own.manager_id = o.manager_id WHERE o.manager_id <> t.manager_id""",
    "an allocation to another branch": """
        SELECT t.order_id FROM treated AS t JOIN features_owner AS o ON o.customer_id = t.customer_id
        JOIN features_manager AS m ON m.manager_id = t.manager_id
        LEFT JOIN features_manager AS own ON own.manager_id = o.manager_id
        WHERE own.manager_id IS NULL AND m.branch_id <> o.branch_id""",
    "an order of who may not be asked": """
        SELECT t.order_id FROM treated AS t JOIN features_consent AS c ON c.customer_id = t.customer_id
        WHERE c.is_do_not_contact OR c.is_wrong_number OR (c.is_opted_out AND t.list = 'churn_risk')""",
    "an order against a complaint": """
        SELECT t.order_id FROM treated AS t JOIN features_complaint AS k ON k.customer_id = t.customer_id
        WHERE t.purpose IN ('debt', 'marketing')""",
    "a treated order of the hold-out": """
        SELECT t.order_id FROM treated AS t JOIN dispatch_holdout AS h ON h.customer_id = t.customer_id
        JOIN list_fact AS f ON f.list = t.list AND f.is_held_out WHERE h.is_drawn""",
    "left out for capacity by a manager with places": """
        SELECT w.customer_id FROM dispatch_why_not AS w JOIN features_owner AS o ON o.customer_id = w.customer_id
        JOIN features_manager AS m ON m.manager_id = o.manager_id
        LEFT JOIN (SELECT manager_id, COUNT(*) AS n FROM treated GROUP BY manager_id) AS t
            ON t.manager_id = o.manager_id
        WHERE w.reason = 'capacity' AND COALESCE(t.n, 0) < m.capacity""",
    "neither ordered nor told why not": """
        SELECT c.list FROM candidate AS c
        LEFT JOIN treated AS t ON t.list = c.list AND t.customer_id = c.customer_id
        LEFT JOIN dispatch_why_not AS w ON w.list = c.list AND w.customer_id = c.customer_id
        WHERE (t.list IS NULL) = (w.list IS NULL)""",
}


def broken(engine: DuckEngine) -> dict[str, int]:
    """How often each rule is broken by the tables as written."""
    engine.table("treated", "SELECT * FROM dispatch_order WHERE arm = 'treated'")
    return {
        name: engine.rows(f"SELECT COUNT(*) AS n FROM ({sql})")[0]["n"]
        for name, sql in BROKEN.items()
    }


def main() -> None:
    """Run both rules, each in its own process, and print what they found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("services", type=int, nargs="?", default=3_000_000)
    parser.add_argument("managers", type=int, nargs="?", default=1_000)
    parser.add_argument("--rule")
    asked = parser.parse_args()
    if asked.rule:
        print(json.dumps(run_rule(asked.rule, asked.services, asked.managers)))
        return
    for rule in ("priority", "value"):
        command = [
            sys.executable,
            "-m",
            "benchmarks.assignment",
            str(asked.services),
            str(asked.managers),
        ]
        answer = subprocess.run(
            [*command, "--rule", rule], check=True, capture_output=True, text=True
        ).stdout
        print(
            f"{asked.services:,} services, {asked.managers:,} managers, places by {rule}"
        )
        for name, value in json.loads(answer).items():
            print(f"  {name}: {value}")


if __name__ == "__main__":
    main()
