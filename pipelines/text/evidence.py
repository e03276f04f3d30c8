"""What a list says of a customer: its front matter's templates, filled with the facts of a row.

A place is `{name}` or `{name:.1%}`. A part in brackets is left out when one of its own facts is not
known; brackets nest. The code of a reason is a place that prints nothing: it keeps its part for the
rows that have this reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pipelines.catalogue.spec import Spec
from pipelines.core.month import Month
from pipelines.text.texts import load_labels

UNKNOWN = "–"
FIXED = ("service_id", "amount", "rank", "rank_value")
_PLACE = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
_TOKEN = re.compile(r"[\[\]]|[^\[\]]+")

OrderCells = Mapping[str, object]
"""A row of `dispatch_order` or `dispatch_candidate`."""


def write_evidence(spec: Spec, language: str, row: OrderCells) -> str:
    """Return the sentence that says why a row of orders or candidates is on its list."""
    template = spec.meta["evidence"][language]
    return fill_template(template, read_facts(row), language)


def write_script(spec: Spec, language: str, row: OrderCells) -> str:
    """Return what to say to the customer of a row."""
    template = spec.meta["script"][language]
    return fill_template(template, read_facts(row), language)


def read_facts(row: OrderCells) -> dict[str, str]:
    """Return the facts of a row as text: its own columns, its evidence, its month, its reasons.

    A fact that is not known is left out. Of the same name a later one counts, in this order.
    """
    facts: dict[str, object] = {name: row[name] for name in FIXED}

    evidence = str(row.get("evidence") or "{}")
    facts.update(json.loads(evidence))

    month = str(row["month"])
    facts["month"] = month
    facts["last_day"] = Month.parse(month).last_day

    reasons = str(row["reason_codes"] or "")
    for reason in reasons.split(";"):
        facts[reason] = ""

    known = {}
    for name, value in facts.items():
        if value is not None:
            known[name] = str(value)
    return known


@dataclass
class _Part:
    """A part of a template in brackets, or the whole: what is filled in so far."""

    texts: list[str] = field(default_factory=list)
    is_known: bool = True

    def write(self) -> str:
        """The part as it is printed: nothing where a fact of its own is not known."""
        if self.is_known:
            return "".join(self.texts)
        return ""


def fill_template(template: str, facts: Mapping[str, str], language: str) -> str:
    """Fill a template; what is not known is a dash, or takes its bracketed part with it."""
    whole = _Part()
    open_parts = [whole]
    for token in _TOKEN.findall(template):
        if token == "[":
            open_parts.append(_Part())
        elif token == "]":
            closed = open_parts.pop()
            around = open_parts[-1]
            around.texts.append(closed.write())
        else:
            part = open_parts[-1]
            if not find_places(token) <= facts.keys():
                part.is_known = False
            part.texts.append(_fill_places(token, facts, language))

    return "".join(whole.texts).strip()


def find_places(template: str) -> set[str]:
    """Return the names of a template's places."""
    return {name for name, _ in _PLACE.findall(template)}


def _fill_places(text: str, facts: Mapping[str, str], language: str) -> str:
    """Fill the places of a text without brackets: by their form, or by the words of a code."""

    def fill_place(place: re.Match[str]) -> str:
        name, form = place.groups()
        value = facts.get(name)
        if value is None:
            return UNKNOWN
        if form:
            return format(Decimal(value), form)
        return load_labels(language).get(f"{name}.{value}", value)

    return _PLACE.sub(fill_place, text)
