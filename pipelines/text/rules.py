"""What a rule of the snapshot or the gate says, what it allows, and what a row is shown by."""

from __future__ import annotations

from pipelines.catalogue.expectations import NOT_NULL, Expectation, load_suite
from pipelines.core.contract import Column, load_contract
from pipelines.core.errors import Phrase
from pipelines.core.month import Month
from pipelines.text.masking import mask_value
from pipelines.text.texts import LANGUAGES, fill_label, load_labels
from pipelines.text.titles import write_title

NOTHING = "–"
_HIDDEN = "***"  # behind the first character of a personal text


def find_rule_phrase(table: str, rule: str, month: Month) -> Phrase:
    """Say what a row in quarantine broke, in every language."""
    key = f"rule.{rule}"
    if key in load_labels(LANGUAGES[0]):
        return Phrase(key)

    titles = dict.fromkeys(LANGUAGES, rule)
    for expectation in load_suite(table, month):
        if expectation.name == rule:
            for language in LANGUAGES:
                titles[language] = write_title(expectation, language)
            break
    return Phrase(rule, texts=titles)


def show_value(table: str, column: str | None, value: object) -> str:
    """Return the value of a cell as an answer may show it: masked where it says who somebody is."""
    if value is None:
        return NOTHING
    if not _is_personal(table, column):
        return mask_value(column or "", value)

    text = str(value)
    if text.endswith(_HIDDEN):
        return text
    return f"{text[:1]}{_HIDDEN}"


def _is_personal(table: str, column: str | None) -> bool:
    """Whether the contract says of a column that it tells who somebody is."""
    if not column or table not in load_contract():
        return False
    known = load_contract()[table].column(column)
    return known is not None and known.personal


def describe_allowed(expectation: Expectation, language: str) -> str:
    """Say what a rule allows: its values or limits, or the form of its column in the contract."""
    if "value_set" in expectation.kwargs:
        values = expectation.kwargs["value_set"]
        return ", ".join(map(str, values))

    limits = _say_limits(expectation)
    if limits is not None:
        return limits

    column = _find_first_column(expectation)
    is_about_presence = expectation.type == NOT_NULL
    if is_about_presence and column is not None:
        return describe_form(column, language)
    return write_title(expectation, language)


def _say_limits(expectation: Expectation) -> str | None:
    """The limits of a rule's values; None where it has none."""
    low = expectation.kwargs.get("min_value")
    high = expectation.kwargs.get("max_value")
    if low is None and high is None:
        return None
    if high is None:
        return f"≥ {low}"
    if low is None:
        return f"≤ {high}"
    return f"{low} … {high}"


def _find_first_column(expectation: Expectation) -> Column | None:
    """The first column that a rule is about; None of a rule about the whole table."""
    if not expectation.columns:
        return None
    table = load_contract()[expectation.table]
    return table.column(expectation.columns[0])


def describe_form(column: Column, language: str) -> str:
    """Say what may stand in a column of the contract."""
    if column.values:
        return ", ".join(column.values)
    return fill_label(language, f"allowed.{column.kind}")
