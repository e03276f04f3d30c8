"""Why the system put a customer on a list, or left them out: in plain words, for the customer.

The facts are those of `retention why`; no model is asked, and no name is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.utils.translation import gettext as _

from console.figures.months import list_released_versions
from pipelines.catalogue.outputs import load_lists
from pipelines.documents.dispatch_view import CustomerList, find_customer_lists
from pipelines.sources.office.changes import WITHDRAWN, Change
from pipelines.store.lake import Version
from pipelines.text.texts import say_reasons

_MOST_MONTHS = 3
_NEEDED = ("dispatch_candidate", "dispatch_why_not", "dispatch_order")


@dataclass(frozen=True)
class Explanation:
    """A month's decision about one list: on what it rests, how it was made, what came of it."""

    month: str
    title: str
    because: str
    how: str
    outcome: str


def explain_decisions(
    home: Path,
    customer_id: str,
    language: str,
    changes: Mapping[str, tuple[Change, ...]],
) -> list[Explanation]:
    """Return what was decided about a customer in the newest released months, the newest first.

    `changes` are what became of the customer's orders since, by order.
    """
    explanations: list[Explanation] = []
    for version in islice(list_released_versions(home), _MOST_MONTHS):
        explanations.extend(explain_month(version, customer_id, language, changes))
    return explanations


def explain_month(
    version: Version,
    customer_id: str,
    language: str,
    changes: Mapping[str, tuple[Change, ...]],
) -> list[Explanation]:
    """Return what a month decided about a customer; nothing where they are on no list."""
    if not all(version.is_computed(table) for table in _NEEDED):
        return []
    scored = {spec.name for spec in load_lists() if spec.meta.get("scored")}
    return [
        Explanation(
            month=str(version.month),
            title=one["title"],
            because=one["evidence"],
            how=_say_how(one, one["list"] in scored),
            outcome=_say_outcome(one, language),
        )
        for one in find_customer_lists(version, customer_id, language, changes)
    ]


def _say_how(one: CustomerList, is_scored: bool) -> str:
    """By a rule, or by a rule and a score; and the place it came to."""
    if is_scored:
        text = _(
            "By a rule and a score: a model estimates from past use and bills how likely "
            "somebody is to leave. Place %(rank)s of this list."
        )
    else:
        text = _(
            "By a rule alone, the same for everybody; no score takes part. "
            "Place %(rank)s of this list."
        )
    return str(text % {"rank": one["rank"]})


def _say_outcome(one: CustomerList, language: str) -> str:
    order = one["order"]
    if order is None:
        reason = say_reasons(language, one["why_not"])
        text = _("Nobody was asked to get in touch: %(reason)s.") % {"reason": reason}
    elif one["changes"] and one["changes"][-1]["kind"] == WITHDRAWN:
        text = _("Somebody was asked to get in touch, and it was taken back.")
    else:
        text = _(
            "A manager was asked to get in touch by %(day)s. What is offered or said, "
            "a person decides."
        ) % {"day": order["due_on"]}
    return str(text)
