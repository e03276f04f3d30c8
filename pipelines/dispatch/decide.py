"""May we, who works it, and is there room: one list after the other, in the order of their priority."""

from __future__ import annotations

from datetime import date

from pipelines.core.context import Context
from pipelines.core.spec import Spec, TableName


def prepare(context: Context) -> None:
    """Make what the decisions read: consents, complaints, owners, recent orders, and each manager's free capacity."""
    engine = context.engine
    for name, columns in (
        ("features_complaint", {"customer_id": "VARCHAR"}),
        ("features_owner", dict.fromkeys(("customer_id", "branch_id", "unit_id", "manager_id"), "VARCHAR")),
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


def dispatch_day(context: Context) -> date:
    """The day the orders go out: a working day of the next month, never the clock."""
    return context.calendar.nth_of(context.month.plus(1), context.settings.dispatch_working_day)


def decide(context: Context, spec: Spec) -> None:
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
        # Who is held out of persuasion may still get debt, card and claim orders ('treated' sorts after 'holdout').
        "counts_as_order": "d.arm IS NOT NULL" if meta["holdout"] else "COALESCE(d.arm = 'treated', FALSE)",
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
        COALESCE(c.is_wrong_number, FALSE) AS is_wrong_number,
        {is_scored} AND COALESCE(c.is_opted_out, FALSE) AS is_opted_out,
        {stops_on_complaint} AND k.customer_id IS NOT NULL AS is_complaining,
        {is_held_out} AND COALESCE(h.is_drawn, FALSE) AS is_drawn,
        {counts_as_order} AS has_order,
        {cools_down} AND r.customer_id IS NOT NULL AS is_cooling
    FROM {table} AS l
    LEFT JOIN features_owner AS o ON o.customer_id = l.customer_id
    LEFT JOIN free AS f ON f.manager_id = o.manager_id
    LEFT JOIN features_consent AS c ON c.customer_id = l.customer_id
    LEFT JOIN features_complaint AS k ON k.customer_id = l.customer_id
    LEFT JOIN dispatch_holdout AS h ON h.customer_id = l.customer_id
    LEFT JOIN (SELECT customer_id, MAX(arm) AS arm FROM decided WHERE arm IS NOT NULL GROUP BY customer_id) AS d
        ON d.customer_id = l.customer_id
    LEFT JOIN recent_order AS r ON r.customer_id = l.customer_id AND r.purpose = $purpose
)
SELECT *,
    CASE WHEN is_do_not_contact THEN 'do_not_contact' WHEN is_wrong_number THEN 'wrong_number'
        WHEN is_opted_out THEN 'opted_out' WHEN is_complaining THEN 'complaint'
        WHEN has_order THEN 'other_list' WHEN is_cooling THEN 'cool_down'
    END AS blocked,
    CASE WHEN is_do_not_contact THEN 'do_not_contact' WHEN is_wrong_number THEN 'wrong_number'
        WHEN is_opted_out THEN 'opted_out' WHEN is_complaining THEN 'complaint'
        WHEN is_drawn THEN 'holdout' WHEN has_order THEN 'other_list' WHEN is_cooling THEN 'cool_down' END AS gate
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
    "allocate": (
        "(can_work OR branch_id IN (SELECT branch_id FROM features_manager))",
        "can_work AND position <= free",
    ),
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
