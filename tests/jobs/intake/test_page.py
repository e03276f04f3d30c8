"""The pages about deliveries are drawn from the contract, and the contract's texts cover it."""

from __future__ import annotations

import pytest

from pipelines.catalogue.contract_texts import load_contract_texts
from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.core.contract import load_contract
from pipelines.jobs.intake.needs import find_needs
from tests.jobs.intake.page import PATHS, draw


@pytest.mark.parametrize("language", sorted(PATHS))
def test_the_page_is_up_to_date(language: str) -> None:
    assert PATHS[language].read_text(encoding="utf-8") == draw(language), (
        "run: python -m tests.jobs.intake.page"
    )


@pytest.mark.parametrize("table", list(load_contract()))
def test_every_column_has_a_meaning_and_two_examples(table: str) -> None:
    said = load_contract_texts()[table]
    for column in load_contract()[table].columns:
        text = said.columns[column.name]
        assert text.header and all(text.meaning.values()) and len(text.examples) == 2
        assert all(text.examples) or not column.required
        if column.values:
            assert set(text.examples) <= {*column.values, ""}
    headers = [text.header for text in said.columns.values()]
    assert len(set(headers)) == len(headers)


def test_what_needs_a_table_is_found_by_the_lineage_of_the_sql_files() -> None:
    needs = {
        name: {output.name for output in outputs}
        for name, outputs in find_needs().items()
    }
    assert (
        "arrears" in needs["receivable"]
        and "arrears_rate.t1_amount" in needs["receivable"]
    )
    known = {spec.name for spec in load_lists()} | {
        f"{kpi.name}.{v}" for kpi in load_kpis() for v in kpi.variants
    }
    assert all(outputs <= known for outputs in needs.values())
    tables = {name.partition(".")[0] for name in needs}
    assert tables <= set(load_contract()) and not {"customer", "service", "bill"} & set(
        needs
    )
