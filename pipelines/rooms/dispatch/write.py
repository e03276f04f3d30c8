"""What the room writes: orders, why-nots, everybody on a list, the lists' states, and who was ever on some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.catalogue.spec import Spec
from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.orders import due_dates, order_ids
from pipelines.rooms.dispatch.schedule import plan_days

ORDER_KEY = ["list", "arm DESC", "rank"]


def write_orders(context: Context, specs: Mapping[str, Spec]) -> None:
    """Write `dispatch_order`: both arms; only treated orders leave the house."""
    _make_ids_and_days(context, specs)
    days = {"month": str(context.month), "dispatch_on": context.dispatch_on}
    context.write("dispatch_order", _ORDERS, ORDER_KEY, days)


_ORDERS = """
WITH also AS (
    SELECT d.list, d.customer_id, STRING_AGG(s.list, ';' ORDER BY s.list) AS also_on
    FROM decided AS d JOIN candidate AS s ON s.customer_id = d.customer_id AND s.list <> d.list
    WHERE d.arm IS NOT NULL
    GROUP BY d.list, d.customer_id
)
SELECT
    m.order_id, $month AS month, d.list, d.customer_id, d.service_id, d.branch_id, d.manager_id, d.rank, d.rank_value,
    d.amount, d.reason_codes, o.also_on, m.due_on, d.arm, d.purpose, CAST($dispatch_on AS DATE) AS dispatched_on,
    m.is_provisional, d.evidence, d.expected_value, m.planned_on
FROM decided AS d
JOIN made AS m ON m.list = d.list AND m.customer_id = d.customer_id
LEFT JOIN also AS o ON o.list = d.list AND o.customer_id = d.customer_id
WHERE d.arm IS NOT NULL
"""


def _make_ids_and_days(context: Context, specs: Mapping[str, Spec]) -> None:
    """Make `made`: each order's id, its due day, and for treated ones the day planned for it."""
    engine, dispatch_on = context.engine, context.dispatch_on
    rows = engine.rows("SELECT list, customer_id, listed_due_on FROM decided WHERE arm IS NOT NULL")
    engine.register(
        "order_id", order_ids(context.settings.key, context.month, rows, context.occasion)
    )
    engine.register("due", due_dates(context.calendar, context.month, dispatch_on, specs, rows))
    treated = engine.rows(
        "SELECT d.list, d.customer_id, COALESCE(d.manager_id, d.branch_id, '') AS desk, u.due_on, f.place, d.rank "
        "FROM decided AS d JOIN due AS u ON u.list = d.list AND u.customer_id = d.customer_id "
        "JOIN list_fact AS f ON f.list = d.list WHERE d.arm = 'treated'"
    )
    engine.register("planned", plan_days(context.calendar, dispatch_on, treated))
    # One table before the orders' own join: of four tables the engine may join two by their list alone.
    keys = "USING (list, customer_id)"
    engine.table("made", f"SELECT * FROM order_id JOIN due {keys} LEFT JOIN planned {keys}")


def write_why_not(context: Context) -> None:
    """Write `dispatch_why_not`; `detail` is the list that has him, the day he was last called, or whose customer he is."""
    context.write(
        "dispatch_why_not",
        """
        SELECT $month AS month, list, customer_id, why_not AS reason,
            CASE why_not WHEN 'other_list' THEN ordered_on WHEN 'cool_down' THEN CAST(cooling_since AS VARCHAR)
                WHEN 'no_manager' THEN owner_id WHEN 'capacity' THEN COALESCE(manager_id, branch_id) END AS detail
        FROM decided WHERE why_not IS NOT NULL
        """,
        ["list", "customer_id"],
        {"month": str(context.month)},
    )


def write_candidates(context: Context) -> None:
    """Write `dispatch_candidate`: everybody on a list, ordered or not, with what put him there."""
    context.write(
        "dispatch_candidate",
        "SELECT $month AS month, list, customer_id, service_id, rank, rank_value, amount, reason_codes, "
        "evidence, expected_value FROM decided",
        ["list", "rank"],
        {"month": str(context.month)},
    )


def write_lists(context: Context, states: Sequence[Mapping[str, Any]]) -> None:
    """Write `dispatch_list`: each list's state and counts."""
    context.engine.register("state", pa.Table.from_pylist(list(states), schema=_STATE))
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


_STATE = pa.schema(
    [
        ("list", pa.string()),
        ("priority", pa.int32()),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)


def remember(context: Context, names: Sequence[str]) -> None:
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
