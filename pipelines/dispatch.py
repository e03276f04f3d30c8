"""Lists into orders: one order a customer, within capacity, some held out; and a why-not for everyone left out.

A list says who and why. Whether he may be contacted is decided here, once for all lists, in this order: do_not_contact,
opted_out, complaint, holdout, other_list, cool_down, no_manager, capacity. The first that applies is the why-not.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipelines.core.context import Context
from pipelines.core.holdout import draw_holdout
from pipelines.core.orders import due_dates, order_ids
from pipelines.core.outputs import lists
from pipelines.core.spec import Spec, TableName
from pipelines.engines.duckdb import native

ORDER_KEY = ["list", "arm DESC", "rank"]
MANAGED = ("features_owner", "features_manager")


def run(context: Context) -> None:
    """Write `dispatch_order`, `dispatch_why_not`, `dispatch_list` and what must be remembered."""
    engine = context.engine
    states = [_gather(context, spec) for spec in lists()]
    ready = [spec for spec in lists() if states[lists().index(spec)]["status"] in ("released", "caveat")]
    engine.table("candidate", _all_candidates(ready))
    draw_holdout(context, [spec.name for spec in ready if spec.meta["holdout"]])
    _prepare(context)
    for spec in ready:
        context.progress(f"dispatch_{spec.name}")
        _decide(context, spec)
    _write_orders(context, {spec.name: spec for spec in ready})
    _write_why_not(context)
    _write_lists(context, states)
    _remember(context, [spec.name for spec in ready if spec.meta.get("remember")])


# -- who is on a list --------------------------------------------------------------------------------------------


def _gather(context: Context, spec: Spec) -> dict[str, Any]:
    """Compute a list's candidates, one row a customer, unless something it needs is missing or withheld."""
    state = {"list": spec.name, "priority": spec.meta["priority"], "status": "released", "reason": None}
    needed = MANAGED if spec.meta.get("assign", "manager") != "branch" else MANAGED[:1]
    reasons = context.missing(spec) + [
        reason for table in needed for reason in (context.entry(TableName(table)) or {}).get("reasons", [])
    ]
    if reasons:
        return state | {"status": "not_computed", "reason": "; ".join(dict.fromkeys(reasons))}
    release = context.engine.rows(
        "SELECT status, reason FROM validate_release WHERE kind = 'list' AND output = $name", {"name": spec.name}
    )[0]
    if not context.is_computed("features_complaint") and spec.meta["purpose"] != "service":
        note = (context.entry(TableName("features_complaint")) or {"reasons": ["absent: trouble_ticket"]})["reasons"][0]
        release = _worse(release, f"complaints unknown: {note}")
    context.bind_tolerated(spec)
    context.engine.table(f"listed_{spec.name}", _one_a_customer(spec), context.parameters(spec.parameters))
    return state | release


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


# -- may we ------------------------------------------------------------------------------------------------------


def _prepare(context: Context) -> None:
    """Make what the decisions read: consents, complaints, owners, recent orders, and each manager's free capacity."""
    engine = context.engine
    for name, columns in (
        ("features_complaint", {"customer_id": "VARCHAR"}),
        ("features_owner", {n: "VARCHAR" for n in ("customer_id", "branch_id", "unit_id", "manager_id")}),
        ("features_manager", {"manager_id": "VARCHAR", "branch_id": "VARCHAR", "capacity": "INTEGER"}),
    ):
        if not context.is_computed(name):
            engine.bind_empty(TableName(name), columns)
    recent = [
        f"SELECT customer_id, purpose, dispatched_on FROM {era}.dispatch_order WHERE arm = 'treated'"
        for era in ("m1", "m2")
        if context.is_computed("dispatch_order", era)
    ]
    nothing = "SELECT NULL::VARCHAR AS customer_id, NULL::VARCHAR AS purpose, NULL::DATE AS dispatched_on WHERE FALSE"
    engine.table(
        "recent_order",
        f"SELECT DISTINCT customer_id, purpose FROM ({' UNION ALL '.join(recent) or nothing}) "
        "WHERE purpose <> 'debt' AND DATE_DIFF('day', dispatched_on, $dispatch_on) <= $days",
        {"dispatch_on": dispatch_day(context), "days": context.settings.cool_down_days},
    )
    engine.table("free", "SELECT manager_id, branch_id, capacity AS free FROM features_manager")
    engine.execute(
        "CREATE TEMP TABLE decided (list VARCHAR, customer_id VARCHAR, service_id VARCHAR, branch_id VARCHAR, "
        "manager_id VARCHAR, rank INTEGER, rank_value DECIMAL(18,2), amount DECIMAL(18,2), reason_codes VARCHAR, "
        "listed_due_on DATE, why_not VARCHAR, arm VARCHAR)"
    )


def dispatch_day(context: Context) -> Any:
    """The day the orders go out: a working day of the next month, never the clock."""
    return context.calendar.nth_of(context.month.plus(1), context.settings.dispatch_working_day)


def _decide(context: Context, spec: Spec) -> None:
    """Give a list's candidates their order, their place in the hold-out, or their why-not."""
    engine, meta = context.engine, spec.meta
    assign = meta.get("assign", "manager")
    engine.table("asked", _GATES.format(**_gate_facts(spec), table=f"listed_{spec.name}"), {"purpose": meta["purpose"]})
    if assign == "allocate":
        engine.execute(_ALLOCATE)
    has_manager, has_room = _ASSIGNED[assign]
    engine.execute(_PLACE.format(has_manager=has_manager, has_room=has_room))
    engine.execute(
        "UPDATE free SET free = free - taken.n FROM (SELECT manager_id, COUNT(*) AS n FROM decided "
        "WHERE list = $list AND arm = 'treated' GROUP BY manager_id) AS taken WHERE taken.manager_id = free.manager_id",
        {"list": spec.name},
    )


def _gate_facts(spec: Spec) -> dict[str, str]:
    meta = spec.meta
    return {
        "is_scored": str(bool(meta.get("scored", False))).upper(),
        "stops_on_complaint": str(meta["purpose"] in ("marketing", "debt")).upper(),
        "is_held_out": str(bool(meta["holdout"])).upper(),
        "cools_down": str(meta["purpose"] != "debt").upper(),
        "to_branch": str(meta.get("assign") == "branch").upper(),
    }


# What stands before capacity. `blocked` is the first reason that is not the hold-out: a customer of the hold-out whom
# something else would have stopped is no fair comparison, so he is in neither arm.
_GATES = """
WITH fact AS (
    SELECT
        l.*, o.branch_id,
        CASE WHEN {to_branch} THEN NULL ELSE o.manager_id END AS manager_id,
        f.manager_id IS NOT NULL AS can_work,
        COALESCE(c.is_do_not_contact, FALSE) AS is_do_not_contact,
        {is_scored} AND COALESCE(c.is_opted_out, FALSE) AS is_opted_out,
        {stops_on_complaint} AND k.customer_id IS NOT NULL AS is_complaining,
        {is_held_out} AND COALESCE(h.is_drawn, FALSE) AS is_drawn,
        d.customer_id IS NOT NULL AS has_order,
        {cools_down} AND r.customer_id IS NOT NULL AS is_cooling
    FROM {table} AS l
    LEFT JOIN features_owner AS o ON o.customer_id = l.customer_id
    LEFT JOIN free AS f ON f.manager_id = o.manager_id
    LEFT JOIN features_consent AS c ON c.customer_id = l.customer_id
    LEFT JOIN features_complaint AS k ON k.customer_id = l.customer_id
    LEFT JOIN dispatch_holdout AS h ON h.customer_id = l.customer_id
    LEFT JOIN (SELECT DISTINCT customer_id FROM decided WHERE arm IS NOT NULL) AS d ON d.customer_id = l.customer_id
    LEFT JOIN recent_order AS r ON r.customer_id = l.customer_id AND r.purpose = $purpose
)
SELECT *,
    CASE WHEN is_do_not_contact THEN 'do_not_contact' WHEN is_opted_out THEN 'opted_out'
        WHEN is_complaining THEN 'complaint' WHEN has_order THEN 'other_list' WHEN is_cooling THEN 'cool_down'
    END AS blocked,
    CASE WHEN is_do_not_contact THEN 'do_not_contact' WHEN is_opted_out THEN 'opted_out'
        WHEN is_complaining THEN 'complaint' WHEN is_drawn THEN 'holdout' WHEN has_order THEN 'other_list'
        WHEN is_cooling THEN 'cool_down' END AS gate
FROM fact
"""

# Those without a working manager get one of their branch: the n-th of them takes the n-th free place of the branch,
# places being dealt round the managers so that everybody's list grows evenly.
_ALLOCATE = """
UPDATE asked SET manager_id = dealt.manager_id, can_work = TRUE
FROM (
    WITH waiting AS (
        SELECT customer_id, branch_id, ROW_NUMBER() OVER (PARTITION BY branch_id ORDER BY rank) AS turn
        FROM asked WHERE gate IS NULL AND NOT can_work
    ),
    own AS (SELECT manager_id, COUNT(*) AS n FROM asked WHERE gate IS NULL AND can_work GROUP BY manager_id),
    place AS (
        SELECT f.manager_id, f.branch_id, UNNEST(RANGE(1, GREATEST(f.free - COALESCE(own.n, 0), 0) + 1)) AS nth
        FROM free AS f LEFT JOIN own ON own.manager_id = f.manager_id
    ),
    turned AS (
        SELECT manager_id, branch_id, ROW_NUMBER() OVER (PARTITION BY branch_id ORDER BY nth, manager_id) AS turn
        FROM place
    )
    SELECT w.customer_id, t.manager_id
    FROM waiting AS w JOIN turned AS t ON t.branch_id = w.branch_id AND t.turn = w.turn
) AS dealt
WHERE asked.customer_id = dealt.customer_id
"""

# Way of assigning -> (SQL for "somebody could work it", SQL for "and has room").
_ASSIGNED = {
    "manager": ("can_work", "position <= free"),
    "allocate": ("(can_work OR branch_id IN (SELECT branch_id FROM features_manager))", "can_work AND position <= free"),
    "branch": ("TRUE", "TRUE"),
}

# A customer of the hold-out gets his arm only where a treated one of his rank would have got the order.
_PLACE = """
INSERT INTO decided
WITH able AS (SELECT *, {has_manager} AS has_manager FROM asked),
placed AS (
    SELECT a.*, COALESCE(f.free, 0) AS free,
        SUM(CASE WHEN gate IS NULL AND has_manager THEN 1 ELSE 0 END) OVER (
            PARTITION BY a.manager_id ORDER BY rank ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) + CASE WHEN gate IS NULL THEN 0 ELSE 1 END AS position
    FROM able AS a LEFT JOIN free AS f ON f.manager_id = a.manager_id
)
SELECT
    list, customer_id, service_id, branch_id, manager_id, rank, rank_value, amount, reason_codes, listed_due_on,
    CASE WHEN gate IS NOT NULL THEN gate WHEN NOT has_manager THEN 'no_manager' WHEN NOT ({has_room}) THEN 'capacity'
    END AS why_not,
    CASE WHEN gate IS NULL AND has_manager AND {has_room} THEN 'treated'
        WHEN gate = 'holdout' AND blocked IS NULL AND has_manager AND {has_room} THEN 'holdout' END AS arm
FROM placed
"""


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
