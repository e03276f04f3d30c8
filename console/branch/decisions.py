"""What heads said of the lists of their branches: approved, or returned and why; only added to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max

from console.models import AuditEntry, ListDecision
from pipelines.catalogue.outputs import load_lists
from pipelines.store.lake import Version

APPROVED, RETURNED = "approved", "returned"
_ORDERS = "dispatch_order"
_WHY_NOT = "dispatch_why_not"


@dataclass(frozen=True)
class BranchList:
    """A list of a branch in a month: its counts, and what was said of it last.

    `is_of_another_version`: what was said was said of other orders than the month has by now.
    """

    name: str
    title: str
    treated_count: int
    holdout_count: int
    waiting_count: int
    decision: ListDecision | None
    is_of_another_version: bool


def list_branch_lists(
    version: Version, branch_id: str, managers: Iterable[str], language: str
) -> list[BranchList]:
    """Return the lists that have somebody of a branch on them, in their order."""
    arms: dict[str, dict[str, int]] = defaultdict(dict)
    for row in version.count_by(_ORDERS, ["list", "arm"], {"branch_id": branch_id}):
        arms[row["list"]][row["arm"]] = row["count"]
    waits: dict[str, str | tuple[str, ...]] = {
        "reason": "capacity",
        "detail": (branch_id, *managers),
    }
    waiting = {
        row["list"]: row["count"] for row in version.count_by(_WHY_NOT, ["list"], waits)
    }
    said = find_last_decisions(str(version.month), branch_id)
    found = []
    for spec in load_lists():
        if spec.name not in arms and spec.name not in waiting:
            continue
        decision = said.get(ListOfBranch(branch_id, spec.name))
        one = BranchList(
            name=spec.name,
            title=spec.title(language),
            treated_count=arms[spec.name].get("treated", 0),
            holdout_count=arms[spec.name].get("holdout", 0),
            waiting_count=waiting.get(spec.name, 0),
            decision=decision,
            is_of_another_version=_is_of_another(decision, version),
        )
        found.append(one)
    return found


def count_unsaid(version: Version, branch_id: str) -> int:
    """Return how many lists with orders of a branch wait for a word about this very version."""
    if not version.is_computed(_ORDERS):
        return 0
    counted = version.count_by(_ORDERS, ["list"], {"branch_id": branch_id})
    said = find_last_decisions(str(version.month), branch_id)
    decided = {
        of_branch.list
        for of_branch, decision in said.items()
        if decision.version == version.number
    }
    return len({row["list"] for row in counted} - decided)


def _is_of_another(decision: ListDecision | None, version: Version) -> bool:
    return decision is not None and bool(decision.version != version.number)


class ListOfBranch(NamedTuple):
    """A list of a branch."""

    branch_id: str
    list: str


def find_last_decisions(
    month: str, branch_id: str | None = None
) -> dict[ListOfBranch, ListDecision]:
    """Return what was said last of each list of a month, in one branch or in all."""
    decisions = ListDecision.objects.filter(month=month)
    if branch_id is not None:
        decisions = decisions.filter(branch_id=branch_id)
    newest = decisions.values("branch_id", "list").annotate(last=Max("pk"))
    said = ListDecision.objects.filter(pk__in=newest.values("last")).order_by("pk")
    return {
        ListOfBranch(decision.branch_id, decision.list): decision for decision in said
    }


def count_decisions(month: str) -> dict[str, int]:
    """Count the lists of a month whose last decision approves, and those whose returns."""
    kinds = [decision.kind for decision in find_last_decisions(month).values()]
    return {kind: kinds.count(kind) for kind in (APPROVED, RETURNED)}


def record_decisions(
    version: Version,
    branch_id: str,
    lists: Sequence[str],
    kind: str,
    why: str,
    actor: str,
) -> None:
    """Add one decision a list, all or none."""
    month = str(version.month)
    with transaction.atomic():
        for name in lists:
            ListDecision.objects.create(
                month=month,
                version=version.number,
                branch_id=branch_id,
                list=name,
                kind=kind,
                why=why,
                actor=actor,
            )
            detail = {"list": name, "version": version.number, "why": why}
            AuditEntry.objects.create(
                actor=actor,
                action=f"list_{kind}",
                subject=f"{month} {branch_id}",
                detail=detail,
            )
