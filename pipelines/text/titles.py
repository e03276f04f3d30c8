"""What an expectation says in words: its own title, else the text that rules of its kind share."""

from __future__ import annotations

from pipelines.catalogue.expectations import BETWEEN, Expectation
from pipelines.text.texts import fill_label


def write_title(expectation: Expectation, language: str) -> str:
    """Say in a language what must hold."""
    own = expectation.meta.get("title")
    if own:
        return str(own[language])
    columns = ", ".join(expectation.columns)
    facts = expectation.kwargs | {"columns": columns}
    return fill_label(language, f"check.{_name_kind(expectation)}", **facts)


def _name_kind(expectation: Expectation) -> str:
    """The rule's name without the column in front of it, or its type with the limits it has."""
    if "id" in expectation.meta:
        column_names = "_".join(expectation.columns)
        return expectation.name.removeprefix(f"{column_names}_")

    if expectation.type != BETWEEN:
        return expectation.type

    has_low = "min_value" in expectation.kwargs
    has_high = "max_value" in expectation.kwargs
    if has_low == has_high:
        return "between"
    if has_low:
        return "at_least"
    return "at_most"
