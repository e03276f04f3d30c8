"""What a rule of the snapshot or the gate says, what it allows, and what a row is shown by: in words."""

from __future__ import annotations

from pipelines.catalogue.expectations import Expectation, load_suite
from pipelines.core.contract import Column, contract
from pipelines.core.errors import Phrase
from pipelines.core.month import Month
from pipelines.text.masking import mask_value
from pipelines.text.texts import LANGUAGES, label, labels
from pipelines.text.titles import title

NOTHING = "–"


def rule_phrase(table: str, rule: str, month: Month) -> Phrase:
    """Say what a row in quarantine broke, in every language."""
    if f"rule.{rule}" in labels(LANGUAGES[0]):
        return Phrase(f"rule.{rule}")
    found = next((e for e in load_suite(table, month) if e.name == rule), None)
    if found is None:
        return Phrase(rule, texts=dict.fromkeys(LANGUAGES, rule))
    return Phrase(rule, texts={language: title(found, language) for language in LANGUAGES})


def show_value(table: str, column: str | None, value: object) -> str:
    """The value of a cell as an answer may show it: masked where it tells who somebody is."""
    known = contract()[table].column(column) if column and table in contract() else None
    if value is None:
        return NOTHING
    if known is not None and known.personal:
        return str(value) if str(value).endswith("***") else f"{str(value)[:1]}***"
    return mask_value(column or "", value)


def allowed_in_words(expectation: Expectation, language: str) -> str:
    """What a rule allows: the values or limits it has, or the form that its column has in the contract."""
    kwargs = expectation.kwargs
    if "value_set" in kwargs:
        return ", ".join(map(str, kwargs["value_set"]))
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None and high is not None:
        return f"{low} … {high}"
    if low is not None or high is not None:
        return f"≥ {low}" if low is not None else f"≤ {high}"
    columns = [contract()[expectation.table].column(name) for name in expectation.columns]
    if (
        expectation.type == "expect_column_values_to_not_be_null"
        and columns
        and columns[0] is not None
    ):
        return form_in_words(columns[0], language)
    return title(expectation, language)


def form_in_words(column: Column, language: str) -> str:
    """What may stand in a column of the contract."""
    if column.values:
        return ", ".join(column.values)
    return label(language, f"allowed.{column.kind}")
