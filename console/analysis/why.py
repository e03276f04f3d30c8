"""Why a customer is on a list, and why not: the rule, the rank, and the place that was missed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from console.figures.waiting import CAPACITY, WHY_NOT, want_waiting
from pipelines.catalogue.outputs import load_lists, name_lists
from pipelines.catalogue.spec import Spec
from pipelines.documents.dispatch_view import (
    CustomerList,
    CustomerOrder,
    find_customer_lists,
    read_capacity_rule,
)
from pipelines.sources.office.changes import read_changes
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label, say_reasons


class Explained(NamedTuple):
    """A list that a customer is on: the rule and the rank, and what came of it, in sentences."""

    title: str
    has_order: bool
    sentences: list[str]


def explain_customer(
    version: Version, customer_id: str, office: str, language: str
) -> list[Explained]:
    """Return what the month says of a customer, list by list; of nobody's name or number."""
    changes = read_changes(office, version.month)
    found = find_customer_lists(
        version, customer_id, language, changes, has_numbers=False
    )
    specs = {spec.name: spec for spec in load_lists()}
    sizes = {
        row["list"]: row["candidate_count"]
        for row in version.read_rows("dispatch_list", ["list", "candidate_count"])
    }
    is_first = True
    explained = []
    for one in found:
        sentences = [_cite_rule(one, specs[one["list"]], sizes.get(one["list"], 0))]
        order = one["order"]
        if order is not None:
            sentences += _describe_order(one, order, language)
        else:
            sentences.append(_explain_left_out(one, language))
            if one["why_not"] == CAPACITY:
                missed = _find_missed_place(
                    version, customer_id, one, is_first, language
                )
                sentences.append(missed)
                is_first = False
        explained.append(Explained(one["title"], order is not None, sentences))
    return explained


def _cite_rule(one: CustomerList, spec: Spec, size: int) -> str:
    """Why somebody is on a list at all, and at which rank."""
    said: str = _(
        "On the list by its rule (%(file)s): %(evidence)s. Rank %(rank)s of %(count)s."
    )
    return said % {
        "file": spec.where,
        "evidence": one["evidence"].rstrip("。."),
        "rank": one["rank"],
        "count": size,
    }


def _describe_order(
    one: CustomerList, order: CustomerOrder, language: str
) -> list[str]:
    desk = order["manager_id"] or order["branch_id"]
    sentences = [fill_label(language, "asked.treated", **order, desk=desk)]
    for change in one["changes"]:
        sentences.append(fill_label(language, f"asked.{change['kind']}", **change))
    return sentences


def _explain_left_out(one: CustomerList, language: str) -> str:
    reason = say_reasons(language, one["why_not"])
    said = fill_label(language, "asked.left", reason=reason)
    if one["detail"]:
        said += fill_label(language, "asked.detail", detail=one["detail"])
    return said


# -- the place that was missed ---------------------------------------------------------------------


def _find_missed_place(
    version: Version,
    customer_id: str,
    one: CustomerList,
    is_first: bool,
    language: str,
) -> str:
    """Say by how many places a customer missed one; each waits for one on the first list alone."""
    desk = one["detail"] or ""
    if not is_first:
        return str(
            _("The customer waits for a place on the list named before this one.")
        )
    if read_capacity_rule(version) == "value":
        return _find_missed_worth(version, customer_id, desk)
    last = _find_last_served(version, desk)
    if last is None:
        return _say_no_place(desk)
    titles = name_lists(language)
    ahead = _count_ahead(version, one, desk)
    said: str = _(
        "The last place of %(desk)s went to rank %(rank)s of “%(list)s”; %(ahead)s "
        "wait before this customer, so %(missing)s places more were missing."
    )
    return said % {
        "desk": desk,
        "list": titles[last["list"]],
        "rank": last["rank"],
        "ahead": ahead,
        "missing": ahead + 1,
    }


def _say_no_place(desk: str) -> str:
    said: str = _("%(desk)s had no place for anybody.")
    return said % {"desk": desk}


def _find_missed_worth(version: Version, customer_id: str, desk: str) -> str:
    """Say what the places went for, and how many who wait are worth more."""
    wanted = {"manager_id": desk, "arm": "treated"}
    orders = version.read_rows("dispatch_order", ["expected_value"], wanted)
    if not orders:
        return _say_no_place(desk)
    least = min(row["expected_value"] or Decimal(0) for row in orders)
    worth = _read_waiting_worth(version, desk)
    own = worth[customer_id]
    ahead = sum(other > own for other in worth.values())
    said: str = _(
        "The places of %(desk)s went by value, the least of them to an order worth "
        "¥%(least)s; this one is worth ¥%(own)s, and %(ahead)s who wait are worth more."
    )
    return said % {
        "desk": desk,
        "least": f"{least:,.2f}",
        "own": f"{own:,.2f}",
        "ahead": ahead,
    }


def _read_waiting_worth(version: Version, desk: str) -> dict[str, Decimal]:
    """What an order to each customer who waits for a desk is worth, on the list they wait on."""
    worth: dict[str, Decimal] = {}
    for spec in load_lists():
        where = want_waiting(version, spec.name, desk)
        columns = ["customer_id", "expected_value"]
        for row in version.read_rows("dispatch_candidate", columns, where):
            worth.setdefault(row["customer_id"], row["expected_value"] or Decimal(0))
    return worth


def _find_last_served(version: Version, desk: str) -> dict[str, Any] | None:
    """The list and the rank of who got the last place of a desk, in the order of the lists."""
    wanted = {"manager_id": desk, "arm": "treated"}
    orders = version.read_rows("dispatch_order", ["list", "rank"], wanted)
    places = {spec.name: place for place, spec in enumerate(load_lists())}
    if not orders:
        return None
    return max(orders, key=lambda order: (places[order["list"]], order["rank"]))


def _count_ahead(version: Version, one: CustomerList, desk: str) -> int:
    """How many wait for the same desk on earlier lists, or on this one at a better rank."""
    waits = {"reason": CAPACITY, "detail": desk}
    before: set[str] = set()
    for spec in load_lists():
        if spec.name == one["list"]:
            rows = version.read_first(
                "dispatch_candidate",
                ["customer_id", "rank"],
                ("rank",),
                one["rank"],
                where=want_waiting(version, spec.name, desk),
            )
            before |= {row["customer_id"] for row in rows if row["rank"] < one["rank"]}
            break
        of_list = {**waits, "list": spec.name}
        rows = version.read_rows(WHY_NOT, ["customer_id"], of_list)
        before |= {row["customer_id"] for row in rows}
    return len(before)
