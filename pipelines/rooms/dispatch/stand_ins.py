"""Empty tables where one that the room's steps read was not computed.

Each step can do without any of them.
"""

from __future__ import annotations

from pipelines.catalogue.spec import TableName
from pipelines.rooms.context import Context

_ORDER_BEFORE = {
    "list": "VARCHAR",
    "customer_id": "VARCHAR",
    "manager_id": "VARCHAR",
    "purpose": "VARCHAR",
    "arm": "VARCHAR",
    "dispatched_on": "DATE",
}
_STAND_INS = {
    TableName("features_complaint"): {"customer_id": "VARCHAR"},
    TableName("features_owner"): {
        "customer_id": "VARCHAR",
        "branch_id": "VARCHAR",
        "unit_id": "VARCHAR",
        "manager_id": "VARCHAR",
    },
    TableName("features_manager"): {
        "manager_id": "VARCHAR",
        "branch_id": "VARCHAR",
        "capacity": "INTEGER",
    },
    TableName("features_high_value"): {
        "customer_id": "VARCHAR",
        "value_at_risk": "DECIMAL(18,2)",
    },
    TableName("score_churn"): {"customer_id": "VARCHAR", "p_voluntary": "DOUBLE"},
    TableName("score_uplift"): {"customer_id": "VARCHAR", "uplift": "DOUBLE"},
    TableName("dispatch_order", "m1"): _ORDER_BEFORE,
    TableName("dispatch_order", "m2"): _ORDER_BEFORE,
    TableName("dispatch_listed", "prior"): {
        "list": "VARCHAR",
        "customer_id": "VARCHAR",
        "first_month": "VARCHAR",
    },
}


def bind_stand_ins(context: Context) -> None:
    """Put an empty table where one that the room's steps read is missing this month."""
    for table, columns in _STAND_INS.items():
        if not context.is_computed(table.name, table.era):
            context.engine.bind_empty(table, columns)
