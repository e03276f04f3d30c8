"""Lists into orders: one order a customer, within capacity, some held out; and a why-not for everyone left out.

A list says who and why. Whether he may be contacted is decided here, once for all lists, in this order: do_not_contact,
wrong_number, opted_out, complaint, holdout, other_list, cool_down, no_manager, capacity. The first that applies is the why-not.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipelines.core.context import Context
from pipelines.core.outputs import decided_by, lists
from pipelines.core.spec import Spec, TableName
from pipelines.dispatch.decide import decide, dispatch_day, prepare
from pipelines.dispatch.holdout import draw_holdout
from pipelines.dispatch.orders import due_dates, order_ids
from pipelines.engines.duckdb import native

ORDER_KEY = ["list", "arm DESC", "rank"]


def run(context: Context) -> None:
    """Write `dispatch_order`, `dispatch_why_not`, `dispatch_list` and what must be remembered."""
    engine = context.engine
    states = [_gather(context, spec) for spec in lists()]
    ready = [s for s, state in zip(lists(), states, strict=True) if state["status"] in ("released", "caveat")]
    engine.table("candidate", _all_candidates(ready))
    draw_holdout(context, [spec.name for spec in ready if spec.meta["holdout"]])
    prepare(context)
    for spec in ready:
        context.progress(f"dispatch_{spec.name}")
        decide(context, spec)
    _write_orders(context, {spec.name: spec for spec in ready})
    _write_why_not(context)
    _write_lists(context, states)
    _remember(context, [spec.name for spec in ready if spec.meta.get("remember")])


# -- who is on a list --------------------------------------------------------------------------------------------


def _gather(context: Context, spec: Spec) -> dict[str, Any]:
    """Compute a list's candidates, one row a customer, unless something it needs is missing or withheld."""
    state = {"list": spec.name, "priority": spec.meta["priority"], "status": "released", "reason": None}
    needed = [table for table in decided_by(spec) if table != "features_complaint"]
    reasons = context.missing(spec) + [
        reason for table in needed for reason in (context.entry(TableName(table)) or {}).get("reasons", [])
    ]
    ownership = context.entry(TableName("snapshot_ownership")) or {}
    if spec.meta.get("assign") != "branch" and "manager_id" in ownership.get("absent", ()):
        reasons.append("absent: ownership.manager_id")
    if reasons:
        return state | {"status": "not_computed", "reason": "; ".join(dict.fromkeys(reasons))}
    release = context.engine.rows(
        "SELECT status, reason FROM validate_release WHERE kind = 'list' AND output = $name", {"name": spec.name}
    )[0]
    if "features_complaint" in decided_by(spec) and not context.is_computed("features_complaint"):
        note = (context.entry(TableName("features_complaint")) or {"reasons": ["absent: trouble_ticket"]})["reasons"][0]
        release = _worse(release, f"complaints unknown: {note}")
    if TableName("score_churn") in spec.reads and not context.is_computed("score_churn"):
        why = (context.entry(TableName("score_churn")) or {"reasons": ["no score"]})["reasons"][0]
        release = _worse(release, f"by rules alone: {why}")
    if is_paused(context, spec):
        release = {"status": "withheld", "reason": "paused: it loses more customers than it keeps"}
    context.bind_tolerated(spec)
    context.engine.table(f"listed_{spec.name}", _one_a_customer(spec), context.parameters(spec.parameters))
    return state | release


def is_paused(context: Context, spec: Spec) -> bool:
    """Whether the hold-out has shown, for sure and at all looks together, that a list does harm."""
    sql = "SELECT is_paused FROM feedback_effect WHERE list = $name"
    rows = context.engine.rows(sql, {"name": spec.name}) if context.is_computed("feedback_effect") else []
    return any(row["is_paused"] for row in rows)


def _worse(release: dict[str, Any], note: str) -> dict[str, Any]:
    if release["status"] == "withheld":
        return release
    return {"status": "caveat", "reason": "; ".join(filter(None, [release["reason"], note]))}


def _one_a_customer(spec: Spec) -> str:
    """The list's SELECT with one row a customer and his rank on the list."""
    due_on = "due_on" if "due_on" in spec.tree.named_selects else "CAST(NULL AS DATE)"
    order = "rank_group, rank_value DESC NULLS LAST, service_id NULLS LAST"
    return f"""
        WITH row AS (SELECT * FROM ({native(spec)}) WHERE customer_id IS NOT NULL),
        best AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY {order}) AS choice FROM row)
        SELECT '{spec.name}' AS list, customer_id, service_id, CAST(rank_value AS DECIMAL(18,2)) AS rank_value,
            CAST(amount AS DECIMAL(18,2)) AS amount, reason_code AS reason_codes, {due_on} AS listed_due_on,
            CAST(ROW_NUMBER() OVER (
                ORDER BY rank_group, rank_value DESC NULLS LAST, customer_id
            ) AS INTEGER) AS rank
        FROM best WHERE choice = 1"""


def _all_candidates(ready: list[Spec]) -> str:
    tables = " UNION ALL ".join(f"SELECT * FROM listed_{spec.name}" for spec in ready)
    return tables or (
        "SELECT NULL::VARCHAR AS list, NULL::VARCHAR AS customer_id, NULL::VARCHAR AS service_id, "
        "NULL::DECIMAL(18,2) AS rank_value, NULL::DECIMAL(18,2) AS amount, NULL::VARCHAR AS reason_codes, "
        "NULL::DATE AS listed_due_on, NULL::INTEGER AS rank WHERE FALSE"
    )


# -- what is written ---------------------------------------------------------------------------------------------


def _write_orders(context: Context, specs: dict[str, Spec]) -> None:
    engine = context.engine
    rows = engine.rows("SELECT list, customer_id, listed_due_on FROM decided WHERE arm IS NOT NULL")
    engine.register("order_id", order_ids(context.settings.key, context.month, rows))
    engine.register("due", due_dates(context.calendar, context.month, dispatch_day(context), specs, rows))
    purposes = [{"list": name, "purpose": spec.meta["purpose"]} for name, spec in specs.items()]
    engine.register("purpose", pa.Table.from_pylist(purposes, schema=_PURPOSE))
    context.write(
        "dispatch_order",
        """
        WITH stands AS (SELECT customer_id, list FROM candidate)
        SELECT
            i.order_id, $month AS month, d.list, d.customer_id, d.service_id, d.branch_id, d.manager_id, d.rank,
            d.rank_value, d.amount, d.reason_codes,
            (SELECT STRING_AGG(s.list, ';' ORDER BY s.list) FROM stands AS s
                WHERE s.customer_id = d.customer_id AND s.list <> d.list) AS also_on,
            u.due_on, d.arm, p.purpose, CAST($dispatch_on AS DATE) AS dispatched_on, u.is_provisional
        FROM decided AS d
        JOIN order_id AS i ON i.list = d.list AND i.customer_id = d.customer_id
        JOIN due AS u ON u.list = d.list AND u.customer_id = d.customer_id
        JOIN purpose AS p ON p.list = d.list
        WHERE d.arm IS NOT NULL
        """,
        ORDER_KEY,
        {"month": str(context.month), "dispatch_on": dispatch_day(context)},
    )


_PURPOSE = pa.schema([("list", pa.string()), ("purpose", pa.string())])


def _write_why_not(context: Context) -> None:
    context.write(
        "dispatch_why_not",
        "SELECT $month AS month, list, customer_id, why_not AS reason FROM decided WHERE why_not IS NOT NULL",
        ["list", "customer_id"],
        {"month": str(context.month)},
    )


def _write_lists(context: Context, states: list[dict[str, Any]]) -> None:
    context.engine.register("state", pa.Table.from_pylist(states, schema=_STATE))
    context.write(
        "dispatch_list",
        """
        SELECT s.list, s.priority, s.status, s.reason,
            COUNT(d.customer_id) AS candidate_count,
            COUNT(*) FILTER (WHERE d.arm = 'treated') AS treated_count,
            COUNT(*) FILTER (WHERE d.arm = 'holdout') AS holdout_count,
            COUNT(*) FILTER (WHERE d.why_not IS NOT NULL) AS left_out_count
        FROM state AS s LEFT JOIN decided AS d ON d.list = s.list
        GROUP BY s.list, s.priority, s.status, s.reason
        """,
        ["priority", "list"],
    )


_STATE = pa.schema([("list", pa.string()), ("priority", pa.int32()), ("status", pa.string()), ("reason", pa.string())])


def _remember(context: Context, names: list[str]) -> None:
    """Carry forward who ever stood on a list that takes nobody twice."""
    old = (
        "SELECT * FROM prior.dispatch_listed"
        if context.is_computed("dispatch_listed", "prior")
        else "SELECT NULL::VARCHAR AS list, NULL::VARCHAR AS customer_id, NULL::VARCHAR AS first_month WHERE FALSE"
    )
    wanted = ", ".join(f"'{name}'" for name in names) or "NULL"
    context.write(
        "dispatch_listed",
        f"SELECT list, customer_id, MIN(first_month) AS first_month FROM ({old} UNION ALL "
        f"SELECT list, customer_id, $month FROM candidate WHERE list IN ({wanted})) GROUP BY list, customer_id",
        ["list", "customer_id"],
        {"month": str(context.month)},
    )
