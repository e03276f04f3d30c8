"""A month of retention work in nine rooms, one word each.

extract   what the operator delivered, as it is
snapshot  typed, one row a key, the bad rows apart
validate  the gate: Great Expectations over the snapshot; which outputs may be used
feedback  what managers did with the orders of the month before
features  what is known of each service and customer at the cut-off
score     who will leave, who will not pay
dispatch  lists into orders: consent, hold-out, priority, capacity
kpi       numerators and denominators at every level
report    the month's pages and documents
"""

from pipelines.core.precision import keep_all_digits

keep_all_digits()

ROOMS = (
    "extract",
    "snapshot",
    "validate",
    "feedback",
    "features",
    "score",
    "dispatch",
    "kpi",
    "report",
)
