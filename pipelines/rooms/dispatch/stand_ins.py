"""Empty tables where one that the room's steps read was not computed.

Each step can do without any of them.
"""

from __future__ import annotations

from pipelines.catalogue.spec import TableName
from pipelines.rooms.context import Context, find_declared

_MAY_BE_MISSING = (
    TableName("features_complaint"),
    TableName("features_owner"),
    TableName("features_manager"),
    TableName("features_ending"),
    TableName("features_high_value"),
    TableName("features_service"),
    TableName("features_trailing_mean"),
    TableName("features_contract"),
    TableName("feedback_persuasion"),
    TableName("feedback_promise"),
    TableName("dispatch_segment"),
    TableName("score_churn"),
    TableName("score_uplift"),
    TableName("extract_outcome"),
    TableName("extract_promise"),
    TableName("feedback_order"),
    TableName("feedback_order", "m1"),
    TableName("feedback_outcome"),
    TableName("feedback_outcome", "m1"),
    TableName("dispatch_order", "m1"),
    TableName("dispatch_order", "m2"),
    TableName("dispatch_listed", "prior"),
    TableName("dispatch_ending", "prior"),
    TableName("dispatch_holdout", "prior"),
)


def bind_stand_ins(context: Context) -> None:
    """Put an empty table where one that the room's steps read is missing this month."""
    for table in _MAY_BE_MISSING:
        if not context.is_computed(table.name, table.era):
            context.engine.bind_empty(table, find_declared(table.name).types)
