"""What a list says of a customer: its front matter's templates, filled with the facts of a row.

A place is `{name}` or `{name:.1%}`. A part in brackets is left out when one of its own facts is not
known; brackets nest. The code of a reason is a place that prints nothing: it keeps its part for the
rows that have this reason.

A script is sentences. Each is said only where all facts it names are known: those that it prints,
and those that it is true `by`. Whatever the list, an offer that goes out with an order is told at
the end of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict

from pipelines.catalogue.spec import Spec
from pipelines.core.month import Month
from pipelines.text.texts import fill_label, load_labels

UNKNOWN = "–"
FIXED = ("service_id", "amount", "rank", "rank_value")
# What a row has besides, where it has it: an order its manager, a line the number it is called by.
OFTEN = ("manager_id", "number")
# A fact of this ending is lines, each a service, its type, a day and perhaps an amount: ids hold no
# control characters.
_LINES = "_lines"
_BETWEEN_LINES = "\x1e"
_WITHIN_A_LINE = "\x1f"
# Only an order that an offer goes out with has this fact.
_OFFER = "offer_name"
_BETWEEN_SENTENCES = {"zh": ""}
_PLACE = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
_INNERMOST = re.compile(r"\[[^\[\]]*\]")
_TOKEN = re.compile(r"[\[\]]|[^\[\]]+")

OrderCells = Mapping[str, object]
"""A row of `dispatch_order` or `dispatch_candidate`."""

Numbers = Mapping[str, str | None]
"""What customers call their lines, by service id, as the reader may see them."""

_NO_NUMBERS: Numbers = {}


class Sentence(TypedDict, total=False):
    """A sentence of a script in every language, and the facts it is true by."""

    zh: str
    en: str
    by: Sequence[str]


def write_evidence(
    spec: Spec, language: str, row: OrderCells, numbers: Numbers = _NO_NUMBERS
) -> str:
    """Return the sentence that says why a row of orders or candidates is on its list."""
    facts = read_facts(row, language, numbers)
    template = spec.meta["evidence"][language]
    filled = fill_template(template, facts, language)
    said = filled.lstrip("；; ")
    if _OFFER not in facts:
        return said
    offer = fill_label(language, "offer.evidence", **facts)
    return said + offer


def write_script(
    spec: Spec, language: str, row: OrderCells, numbers: Numbers = _NO_NUMBERS
) -> str:
    """Return what to say to the customer of a row."""
    facts = read_facts(row, language, numbers)
    said = []
    for sentence in spec.meta["script"]:
        needed = list_facts_needed(sentence, language)
        if needed <= facts.keys():
            template = sentence[language]
            filled = fill_template(template, facts, language)
            said.append(filled)
    if _OFFER in facts:
        offer = fill_label(language, "offer.script", **facts)
        said.append(offer)
    between = _BETWEEN_SENTENCES.get(language, " ")
    return between.join(said)


def list_facts_needed(sentence: Sentence, language: str) -> set[str]:
    """Return the facts without which a sentence is not said: all but those in brackets."""
    text: str = sentence[language]  # type: ignore[literal-required]
    by = sentence.get("by", ())
    printed = find_bare_places(text)
    return printed.union(by)


def read_facts(
    row: OrderCells, language: str, numbers: Numbers = _NO_NUMBERS
) -> dict[str, str]:
    """Return the facts of a row as text: its own columns, its evidence, its month, its reasons.

    A fact that is not known is left out. Of the same name a later one counts, in this order.
    """
    facts: dict[str, object] = {name: row[name] for name in FIXED}
    facts["manager_id"] = row.get("manager_id")
    service_id = str(row["service_id"])
    facts["number"] = numbers.get(service_id)

    evidence = str(row.get("evidence") or "{}")
    for name, value in json.loads(evidence).items():
        facts[name] = value
        if value is not None and name.endswith(_LINES):
            facts[name] = _name_lines(value, language, numbers)

    month = str(row["month"])
    facts["month"] = month
    order_month = Month.parse(month)
    facts["last_day"] = order_month.last_day

    reasons = str(row["reason_codes"] or "")
    for reason in reasons.split(";"):
        facts[reason] = ""

    known = {}
    for name, value in facts.items():
        if value is not None:
            known[name] = str(value)
    return known


def _name_lines(text: str, language: str, numbers: Numbers) -> str:
    """Name lines, one after the other."""
    named = []
    for line in text.split(_BETWEEN_LINES):
        name = _name_line(line, language, numbers)
        named.append(name)
    between = fill_label(language, "intake.comma")
    return between.join(named)


def _name_line(line: str, language: str, numbers: Numbers) -> str:
    """Name a line by its number, or else by what it is, with its day and amount."""
    service_id, service_type, day, *amounts = line.split(_WITHIN_A_LINE)
    name = numbers.get(service_id)
    if name is None:
        name = fill_label(language, f"service_type.{service_type}")
    if not amounts:
        return fill_label(language, "line.with_day", line=name, day=day)
    return fill_label(
        language,
        "line.with_amount",
        line=name,
        day=day,
        amount=amounts[0],
    )


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


def find_bare_places(template: str) -> set[str]:
    """Return the names of the places that stand in no bracket."""
    bare = template
    while "[" in bare:
        without_innermost = _INNERMOST.sub("", bare)
        bare = without_innermost
    return find_places(bare)


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
