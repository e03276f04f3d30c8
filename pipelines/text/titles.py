"""What an expectation says in words: its own title, else the text that rules of its kind share."""

from __future__ import annotations

from pipelines.catalogue.expectations import Expectation
from pipelines.text.texts import label


def title(expectation: Expectation, language: str) -> str:
    """Say in a language what must hold."""
    own = expectation.meta.get("title")
    if own:
        return str(own[language])
    columns = ", ".join(expectation.columns)
    return label(
        language, f"check.{_kind(expectation)}", **expectation.kwargs | {"columns": columns}
    )


def _kind(expectation: Expectation) -> str:
    """The rule's name without the column in front of it, or its type with the limits it has."""
    if "id" in expectation.meta:
        return expectation.name.removeprefix(f"{'_'.join(expectation.columns)}_")
    if expectation.type != "expect_column_values_to_be_between":
        return expectation.type
    limits = {"min_value", "max_value"} & set(expectation.kwargs)
    return (
        {"min_value": "at_least", "max_value": "at_most"}[limits.pop()]
        if len(limits) == 1
        else "between"
    )
