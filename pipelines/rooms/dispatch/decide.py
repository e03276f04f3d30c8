"""May we, and who works it: every customer of every list, the first list that may have him, and the why-nots.

Nothing here counts capacity. `ask` gathers the facts, `wants` is the order each customer would get if there were room,
`capacity` chooses among those, and `settle` says of every (list, customer) what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipelines.catalogue.spec import Spec, TableName
from pipelines.rooms.context import Context

_NEEDED = {
    "features_complaint": {"customer_id": "VARCHAR"},
    "features_owner": dict.fromkeys(
        ("customer_id", "branch_id", "unit_id", "manager_id"), "VARCHAR"
    ),
    "features_manager": {"manager_id": "VARCHAR", "branch_id": "VARCHAR", "capacity": "INTEGER"},
    "features_high_value": {"customer_id": "VARCHAR", "value_at_risk": "DECIMAL(18,2)"},
    "score_churn": {"customer_id": "VARCHAR", "p_voluntary": "DOUBLE"},
    "score_uplift": {"customer_id": "VARCHAR", "uplift": "DOUBLE"},
}
_LIST = pa.schema(
    [
        *(
            ("list", pa.string()),
            ("place", pa.int32()),
            ("purpose", pa.string()),
            ("assign", pa.string()),
        ),
        *(
            (name, pa.bool_())
            for name in (
                "is_scored",
                "stops_on_complaint",
                "is_held_out",
                "cools_down",
                "is_minimum",
            )
        ),
        *(("probability", pa.float64()), ("persuadability", pa.float64())),
    ]
)


def ask(context: Context, specs: Sequence[Spec]) -> None:
    """Make `asked`, a row a list and customer with every fact that decides, and `wants`: the first list that may."""
    engine = context.engine
    for name, columns in _NEEDED.items():
        if not context.is_computed(name):
            engine.bind_empty(TableName(name), columns)
    _recent_orders(context)
    engine.register(
        "list_fact", pa.Table.from_pylist([_facts(p, s) for p, s in enumerate(specs)], schema=_LIST)
    )
    settings = context.settings
    money = {"horizon": settings.value_horizon_months, "cost": settings.contact_cost}
    engine.table("asked", _ASKED, money)
    engine.table("wants", _WANTS)


def _facts(place: int, spec: Spec) -> dict[str, Any]:
    """What a list's front matter says of who may be asked and what an order is worth."""
    meta, prior = spec.meta, spec.meta.get("prior", {})
    return {
        "list": spec.name,
        "place": place,
        "purpose": meta["purpose"],
        "assign": meta.get("assign", "manager"),
        "is_scored": bool(meta.get("scored", False)),
        "stops_on_complaint": meta["purpose"] in ("marketing", "debt"),
        "is_held_out": bool(meta["holdout"]),
        "cools_down": meta["purpose"] != "debt",
        "is_minimum": bool(meta.get("minimum", False)),
        "probability": float(prior.get("probability", 1)),
        "persuadability": float(prior.get("persuadability", 1)),
    }


def _recent_orders(context: Context) -> None:
    """Who had an order of which purpose within the cool-down, and whom he was proposed to."""
    eras = [era for era in ("m1", "m2") if context.is_computed("dispatch_order", era)]
    recent = [
        f"SELECT customer_id, purpose, dispatched_on FROM {era}.dispatch_order WHERE arm = 'treated'"
        for era in eras
    ]
    nothing = "SELECT NULL::VARCHAR AS customer_id, NULL::VARCHAR AS purpose, NULL::DATE AS dispatched_on WHERE FALSE"
    context.engine.table(
        "recent_order",
        "SELECT customer_id, purpose, MAX(dispatched_on) AS dispatched_on "
        f"FROM ({' UNION ALL '.join(recent) or nothing}) "
        "WHERE purpose <> 'debt' AND DATE_DIFF('day', dispatched_on, $dispatch_on) <= $days GROUP BY customer_id, purpose",
        {"dispatch_on": context.dispatch_on, "days": context.settings.cool_down_days},
    )


# A group is worth what its members are: that is the listed amount. A debt is worth what is owed, once; all else what
# the customer pays a month, over the horizon. On lists that hold somebody out a measured effect, where there is a model of
# it, is probability and persuadability in one; a group is not measured by a line of its own, nor who opted out of scores.
_ASKED = """
WITH score AS (SELECT customer_id, MAX(p_voluntary) AS p_voluntary FROM score_churn GROUP BY customer_id)
SELECT
    l.*, f.place, f.assign, f.purpose, f.is_minimum, o.branch_id, o.manager_id AS owner_id,
    CASE WHEN f.assign = 'branch' THEN NULL ELSE o.manager_id END AS manager_id,
    m.manager_id IS NOT NULL AS can_work,
    f.assign = 'branch' OR m.manager_id IS NOT NULL OR (f.assign = 'allocate' AND b.branch_id IS NOT NULL)
        AS has_manager,
    COALESCE(c.is_do_not_contact, FALSE) AS is_do_not_contact,
    COALESCE(c.is_wrong_number, FALSE) AS is_wrong_number,
    f.is_scored AND COALESCE(c.is_opted_out, FALSE) AS is_opted_out,
    f.stops_on_complaint AND k.customer_id IS NOT NULL AS is_complaining,
    f.is_held_out AND COALESCE(h.is_drawn, FALSE) AS is_drawn,
    f.cools_down AND r.customer_id IS NOT NULL AS is_cooling,
    r.dispatched_on AS cooling_since,
    CAST(ROUND(
        CASE
            WHEN f.purpose = 'debt' THEN CAST(COALESCE(l.amount, v.value_at_risk, 0) AS DOUBLE)
            WHEN p.customer_type = 'group' THEN CAST(COALESCE(l.amount, v.value_at_risk, 0) AS DOUBLE) * $horizon
            ELSE CAST(COALESCE(v.value_at_risk, l.amount, 0) AS DOUBLE) * $horizon
        END
        * CASE WHEN f.purpose = 'debt' OR COALESCE(c.is_opted_out, FALSE) THEN f.probability
            WHEN f.is_held_out THEN COALESCE(u.uplift, s.p_voluntary, f.probability)
            ELSE COALESCE(s.p_voluntary, f.probability) END
        * CASE WHEN f.is_held_out AND u.uplift IS NOT NULL AND NOT COALESCE(c.is_opted_out, FALSE) THEN 1
            ELSE f.persuadability END - CAST($cost AS DOUBLE), 2
    ) AS DECIMAL(18,2)) AS expected_value,
    p.group_customer_id
FROM candidate AS l
JOIN list_fact AS f ON f.list = l.list
LEFT JOIN features_owner AS o ON o.customer_id = l.customer_id
LEFT JOIN features_manager AS m ON m.manager_id = o.manager_id
LEFT JOIN (SELECT DISTINCT branch_id FROM features_manager) AS b ON b.branch_id = o.branch_id
LEFT JOIN features_consent AS c ON c.customer_id = l.customer_id
LEFT JOIN features_complaint AS k ON k.customer_id = l.customer_id
LEFT JOIN dispatch_holdout AS h ON h.customer_id = l.customer_id
LEFT JOIN recent_order AS r ON r.customer_id = l.customer_id AND r.purpose = f.purpose
LEFT JOIN features_high_value AS v ON v.customer_id = l.customer_id
LEFT JOIN snapshot_customer AS p ON p.customer_id = l.customer_id
LEFT JOIN score AS s ON s.customer_id = l.customer_id
LEFT JOIN score_uplift AS u ON u.customer_id = l.customer_id AND p.customer_type IS DISTINCT FROM 'group'
"""

_MAY = "NOT (is_do_not_contact OR is_wrong_number OR is_opted_out OR is_complaining OR is_cooling) AND has_manager"
_WANTS = f"""
SELECT * FROM asked WHERE {_MAY} AND NOT is_drawn
QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY place) = 1
"""

# -- what became of it -------------------------------------------------------------------------------------------


def settle(context: Context) -> None:
    """Make `decided` out of `placed`: for every (list, customer) an arm, a why-not, or both for the held-out."""
    engine = context.engine
    engine.execute(_CLAIMS)
    by_value = context.settings.capacity_rule == "value"
    engine.table("held", _HELD.format(has_room=_ROOM_BY_VALUE if by_value else _ROOM_BY_PRIORITY))
    engine.table("decided", _DECIDED)


# A branch claims without limit: also whom no manager has room for, where a later list gives him to the branch.
_CLAIMS = f"""
INSERT INTO placed
SELECT a.list, a.customer_id, CAST(NULL AS VARCHAR) AS manager_id
FROM asked AS a LEFT JOIN placed AS p ON p.customer_id = a.customer_id
WHERE {_MAY} AND NOT is_drawn AND a.assign = 'branch' AND p.customer_id IS NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY a.customer_id ORDER BY a.place) = 1
"""

# A customer of the hold-out gets his arm only where a treated one of his rank would have got the order. Whom something
# else would have stopped, or whom an earlier list calls anyway, is no fair comparison, so he is in neither arm.
_HELD = f"""
WITH drawn AS (SELECT * FROM asked WHERE is_drawn AND {_MAY}),
line AS (
    SELECT a.customer_id, a.list, p.manager_id, a.place, a.rank, 1 AS n
    FROM placed AS p JOIN asked AS a ON a.list = p.list AND a.customer_id = p.customer_id
    UNION ALL
    SELECT customer_id, list, manager_id, place, rank, 0 AS n FROM drawn
),
counted AS (
    SELECT customer_id, list, n,
        SUM(n) OVER (PARTITION BY manager_id ORDER BY place, rank) AS before,
        SUM(n) OVER (PARTITION BY manager_id) AS used,
        SUM(n) OVER (PARTITION BY manager_id, place) - SUM(n) OVER (PARTITION BY manager_id, place ORDER BY rank)
            AS behind
    FROM line
)
SELECT d.list, d.customer_id
FROM drawn AS d
JOIN counted AS t ON t.list = d.list AND t.customer_id = d.customer_id AND t.n = 0
LEFT JOIN features_manager AS m ON m.manager_id = d.manager_id
LEFT JOIN (SELECT p.customer_id, f.place FROM placed AS p JOIN list_fact AS f ON f.list = p.list) AS q
    ON q.customer_id = d.customer_id AND q.place < d.place
WHERE q.customer_id IS NULL AND (d.assign = 'branch' OR (d.can_work AND {{has_room}}))
QUALIFY ROW_NUMBER() OVER (PARTITION BY d.customer_id ORDER BY d.place) = 1
"""
_ROOM_BY_PRIORITY = "t.before < m.capacity"
_ROOM_BY_VALUE = "(t.used < m.capacity OR t.behind > 0)"

_DECIDED = """
SELECT
    a.list, a.customer_id, a.service_id, a.branch_id, COALESCE(p.manager_id, a.manager_id) AS manager_id, a.rank,
    a.rank_value, a.amount, a.reason_codes, a.purpose, a.listed_due_on, a.evidence, a.expected_value,
    CASE WHEN p.list = a.list THEN NULL
        WHEN a.is_do_not_contact THEN 'do_not_contact' WHEN a.is_wrong_number THEN 'wrong_number'
        WHEN a.is_opted_out THEN 'opted_out'
        WHEN a.is_complaining THEN 'complaint' WHEN a.is_drawn THEN 'holdout'
        WHEN p.place < a.place THEN 'other_list' WHEN a.is_cooling THEN 'cool_down'
        WHEN NOT a.has_manager THEN 'no_manager' ELSE 'capacity' END AS why_not,
    CASE WHEN p.list = a.list THEN 'treated' WHEN h.list IS NOT NULL THEN 'holdout' END AS arm,
    p.list AS ordered_on, a.cooling_since, a.owner_id
FROM asked AS a
LEFT JOIN (SELECT p.*, f.place FROM placed AS p JOIN list_fact AS f ON f.list = p.list) AS p
    ON p.customer_id = a.customer_id
LEFT JOIN held AS h ON h.list = a.list AND h.customer_id = a.customer_id
"""
