"""Why a customer is on a list, and why not: the rule, the rank, and the place that was missed."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext as _

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

_CAPACITY = "capacity"


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
            if one["why_not"] == _CAPACITY:
                sentences.append(_find_missed_place(version, one, is_first, language))
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
    version: Version, one: CustomerList, is_first: bool, language: str
) -> str:
    """Say by how many places a customer missed one; each waits for one on the first list alone."""
    desk = one["detail"] or ""
    if not is_first:
        return str(
            _("The customer waits for a place on the list named before this one.")
        )
    last = _find_last_served(version, desk)
    if last is None:
        return str(_("%(desk)s had no place for anybody.") % {"desk": desk})
    titles = name_lists(language)
    ahead = _count_ahead(version, one, desk)
    facts = {
        "desk": desk,
        "list": titles[last["list"]],
        "rank": last["rank"],
        "ahead": ahead,
        "missing": ahead + 1,
    }
    if read_capacity_rule(version) == "value":
        said: str = _(
            "The places of %(desk)s went by value, the last one on the lists to rank "
            "%(rank)s of “%(list)s”; before this customer wait %(ahead)s."
        )
    else:
        said = _(
            "The last place of %(desk)s went to rank %(rank)s of “%(list)s”; %(ahead)s "
            "wait before this customer, so %(missing)s places more were missing."
        )
    return said % facts


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
    waits = {"reason": _CAPACITY, "detail": desk}
    before: set[str] = set()
    for spec in load_lists():
        of_list = {**waits, "list": spec.name}
        if spec.name == one["list"]:
            among = version.among("dispatch_why_not", "customer_id", of_list)
            rows = version.read_first(
                "dispatch_candidate",
                ["customer_id", "rank"],
                ("rank",),
                one["rank"],
                where={"list": spec.name, "customer_id": among},
            )
            before |= {row["customer_id"] for row in rows if row["rank"] < one["rank"]}
            break
        rows = version.read_rows("dispatch_why_not", ["customer_id"], of_list)
        before |= {row["customer_id"] for row in rows}
    return len(before)
