"""What a list says of a customer: the templates of its front matter, filled with the facts of his row.

A place is `{name}` or `{name:.1%}`. A part in brackets is left out when one of its own facts is not known; brackets
nest. The code of a reason is a place that prints nothing: it keeps its part for the rows that have this reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pipelines.catalogue.spec import Spec
from pipelines.core.month import Month
from pipelines.text.texts import labels

UNKNOWN = "–"
FIXED = ("service_id", "amount", "rank", "rank_value")
_PLACE = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
_TOKEN = re.compile(r"[\[\]]|[^\[\]]+")


def evidence_in_words(spec: Spec, language: str, row: Mapping[str, Any]) -> str:
    """Return the sentence that says why a row of `dispatch_order` or `dispatch_candidate` is on its list."""
    return fill(spec.meta["evidence"][language], facts_of(row), language)


def script_in_words(spec: Spec, language: str, row: Mapping[str, Any]) -> str:
    """Return what to say to the customer of a row."""
    return fill(spec.meta["script"][language], facts_of(row), language)


def facts_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The facts of a row as text: its own columns, its evidence, its month, its reasons."""
    known = {name: row[name] for name in FIXED} | json.loads(row.get("evidence") or "{}")
    known |= {"month": row["month"], "last_day": Month.parse(row["month"]).last_day}
    known |= dict.fromkeys((row["reason_codes"] or "").split(";"), "")
    return {name: str(value) for name, value in known.items() if value is not None}


def fill(template: str, facts: Mapping[str, str], language: str) -> str:
    """Fill a template; what is not known is a dash, or takes its bracketed part with it."""
    stack: list[list[str]] = [[]]
    is_whole = [True]
    for token in _TOKEN.findall(template):
        if token == "[":
            stack.append([])
            is_whole.append(True)
        elif token == "]":
            part, whole = "".join(stack.pop()), is_whole.pop()
            stack[-1].append(part if whole else "")
        else:
            is_whole[-1] &= all(name in facts for name, _ in _PLACE.findall(token))
            stack[-1].append(_PLACE.sub(lambda place: _one(place, facts, language), token))
    return "".join(stack[0]).strip()


def places(template: str) -> set[str]:
    """The names of a template's places."""
    return {name for name, _ in _PLACE.findall(template)}


def _one(place: re.Match[str], facts: Mapping[str, str], language: str) -> str:
    name, form = place.groups()
    value = facts.get(name)
    if value is None:
        return UNKNOWN
    return format(Decimal(value), form) if form else labels(language).get(f"{name}.{value}", value)
