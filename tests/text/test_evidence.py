"""Sentences of evidence: filled from the row, optional parts left out whole, nothing left open on any real row."""

from __future__ import annotations

import pytest

from pipelines.catalogue.outputs import load_lists
from pipelines.text.evidence import (
    UNKNOWN,
    fill_template,
    find_places,
    read_facts,
    write_evidence,
    write_script,
)
from pipelines.text.texts import LANGUAGES
from tests.support.small import Row, read, twin_operator, yuan


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("owes {amount} yuan", "owes 50.00 yuan"),
        ("owes {nothing} yuan", f"owes {UNKNOWN} yuan"),
        ("a[, since {nothing}][, since {oldest_due_on}]", "a, since 2026-08-01"),
        ("a[b {amount}[c {nothing}]d]", "ab 50.00d"),
        ("a[b {nothing}[c {amount}]d]", "a"),
        ("{p_voluntary:.1%}", "12.3%"),
        ("new[ here{newly_qualified}][ alone{no_manager}]", "new here"),
        ("{tier}", "gold"),
    ],
)
def test_a_template_is_filled(template: str, text: str) -> None:
    facts = {
        "amount": "50.00",
        "oldest_due_on": "2026-08-01",
        "p_voluntary": "0.1234",
        "newly_qualified": "",
    }
    assert fill_template(template, facts | {"tier": "gold"}, "en") == text


def test_the_facts_of_a_row_are_its_columns_its_evidence_its_month_and_its_reasons() -> (
    None
):
    row: Row = {
        "service_id": None,
        "amount": yuan("1.50"),
        "rank": 2,
        "rank_value": None,
        "month": "2026-08",
    }
    row |= {"evidence": '{"age_days":"31","oldest_due_on":null}', "reason_codes": "a;b"}
    expected = {
        "amount": "1.50",
        "rank": "2",
        "age_days": "31",
        "month": "2026-08",
        "last_day": "2026-08-31",
    }
    assert read_facts(row) == expected | {"a": "", "b": ""}
    assert read_facts(
        row | {"evidence": None, "reason_codes": None}
    ).keys() == expected.keys() - {"age_days"} | {""}
    assert find_places("{a} {b:.1%}") == {"a", "b"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_of_the_real_lists_has_a_whole_sentence(language: str) -> None:
    specs = {spec.name: spec for spec in load_lists()}
    rows = read(twin_operator().version, "dispatch_candidate")
    assert len({row["list"] for row in rows}) > 8
    for row in rows:
        said = write_evidence(specs[row["list"]], language, row)
        for text in (said, write_script(specs[row["list"]], language, row)):
            assert text and not set("{}[]") & set(text) and UNKNOWN not in text, (
                row["list"],
                text,
            )
        assert any(letter.isdigit() for letter in said)
