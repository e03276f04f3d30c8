"""What people call things: an expectation by its title, a column by its header, a KPI's variant."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.catalogue.contract_texts import load_contract_texts
from pipelines.catalogue.expectations import BETWEEN, Expectation
from pipelines.catalogue.outputs import load_kpis
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


def name_column(table: str, column: str, language: str) -> str:
    """Name a column of the contract with the header that its file has: `due_on (缴费截止日)`."""
    text = load_contract_texts()[table].columns.get(column)
    if text is None:
        return column
    return fill_label(language, "intake.column", column=column, header=text.header)


def name_columns(table: str, columns: Iterable[str], language: str) -> str:
    """Name columns of a contract table with their headers, one behind the other."""
    return " ".join(name_column(table, column, language) for column in columns)


def name_variants(language: str) -> dict[tuple[str, str], str]:
    """Return what each KPI's variant counts over what, in words, by KPI and variant."""
    words = {}
    for kpi in load_kpis():
        for variant, meaning in kpi.spec.meta["variants"].items():
            words[kpi.name, variant] = str(meaning[language])
    return words
