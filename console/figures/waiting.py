"""Who waits for a place: the customers of a list for whom no desk had one."""

from __future__ import annotations

from pipelines.store.lake import Version
from pipelines.store.versions import Wanted

WHY_NOT, CAPACITY = "dispatch_why_not", "capacity"


def want_waiting(
    version: Version, list_name: str, desks: str | tuple[str, ...]
) -> Wanted:
    """Return what is wanted of a list's candidates to have those who wait for some desks."""
    waits = {"reason": CAPACITY, "detail": desks, "list": list_name}
    customers = version.among(WHY_NOT, "customer_id", waits)
    return {"list": list_name, "customer_id": customers}
