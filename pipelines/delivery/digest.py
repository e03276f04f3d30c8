"""What a group may read of a released version: counts, and the few lines that say them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple, TypedDict

from pipelines.documents.month_view import summarise_outcome
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label


class DigestCounts(TypedDict):
    """Treated orders, counted by list and by due day (ISO).

    Beside them the managers who have them, and how many outputs were withheld.
    """

    occasion: str
    version: int
    orders: int
    managers: int
    lists: dict[str, int]
    due: dict[str, int]
    withheld: int


class _Order(NamedTuple):
    list: str
    manager_id: str | None
    due_on: date
    arm: str


def count_orders(version: Version) -> DigestCounts:
    """Count what a group may read of a version.

    Orders by list and by due day, managers, what was withheld.

    As it was released: a robot says a month once, whatever is reassigned later. No customer, no
    manager, no amount.
    """
    orders = version.read_as(_Order, "dispatch_order")
    treated = [order for order in orders if order.arm == "treated"]
    by_list = Counter(order.list for order in treated)
    by_due_day = Counter(order.due_on for order in treated)
    managers = {order.manager_id for order in treated if order.manager_id}
    return {
        "occasion": version.occasion,
        "version": version.number,
        "orders": len(treated),
        "managers": len(managers),
        "lists": dict(sorted(by_list.items())),
        "due": {str(day): count for day, count in sorted(by_due_day.items())},
        "withheld": _count_withheld(version),
    }


def _count_withheld(version: Version) -> int:
    """Count what was withheld of a month; a day has no figures to withhold."""
    is_month = version.occasion == str(version.month)
    if not is_month:
        return 0
    return len(summarise_outcome(version)["withheld"])


def draw_digest(
    counts: DigestCounts, titles: Mapping[str, str], language: str, link: str | None
) -> str:
    """Put the counts into a few lines.

    `titles` are of the lists, `link` comes last where there is one.
    """
    head = fill_label(
        language,
        "digest.head",
        occasion=counts["occasion"],
        version=counts["version"],
        orders=counts["orders"],
        managers=counts["managers"],
    )
    lines = [head]
    for name, count in counts["lists"].items():
        lines.append(
            fill_label(language, "digest.list", title=titles.get(name, name), n=count)
        )
    for day, count in counts["due"].items():
        lines.append(fill_label(language, "digest.due", day=day, n=count))
    if counts["withheld"]:
        lines.append(fill_label(language, "digest.withheld", n=counts["withheld"]))
    if link:
        lines.append(link)
    return "\n".join(lines)
