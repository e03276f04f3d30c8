"""Sentences of evidence: filled from the row, optional parts left out whole, nothing left open on any real row."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from pipelines.catalogue.outputs import load_lists
from pipelines.text.evidence import (
    UNKNOWN,
    Sentence,
    fill_template,
    find_bare_places,
    find_places,
    list_facts_needed,
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
        "service_id": "S1",
        "amount": yuan("1.50"),
        "rank": 2,
        "rank_value": None,
        "month": "2026-08",
    }
    row |= {"evidence": '{"age_days":"31","oldest_due_on":null}', "reason_codes": "a;b"}
    expected = {
        "service_id": "S1",
        "amount": "1.50",
        "rank": "2",
        "age_days": "31",
        "month": "2026-08",
        "last_day": "2026-08-31",
    }
    assert read_facts(row, "en") == expected | {"a": "", "b": ""}
    bare = read_facts(row | {"evidence": None, "reason_codes": None}, "en")
    assert bare.keys() == expected.keys() - {"age_days"} | {""}
    ordered = read_facts(row | {"manager_id": "M1"}, "en", {"S1": "13800000001"})
    assert (ordered["manager_id"], ordered["number"]) == ("M1", "13800000001")
    assert find_places("{a} {b:.1%}") == {"a", "b"}
    assert find_bare_places("{a}[ {b}[ {c}]] {d}") == {"a", "d"}


def test_lines_are_named_by_their_numbers_or_by_what_they_are() -> None:
    lines = "\x1e".join(
        ["S1\x1fmobile\x1f2026-11-20\x1f40.00", "S;2\x1fbroadband\x1f2026-12-10"]
    )
    row: Row = dict.fromkeys(("service_id", "amount", "rank", "rank_value"))
    row |= {"month": "2026-10", "reason_codes": "promotion_end"}
    row["evidence"] = json.dumps({"promotion_lines": lines, "contract_lines": None})
    numbers = {"S1": "13800000001"}
    facts = read_facts(row, "en", numbers)
    assert facts["promotion_lines"] == (
        "13800000001 (2026-11-20, then 40.00 yuan more a month), broadband line (2026-12-10)"
    )
    assert "contract_lines" not in facts
    assert read_facts(row, "zh")["promotion_lines"] == (
        "手机（2026-11-20，届时每月多付 40.00 元）、宽带（2026-12-10）"
    )


def test_a_sentence_is_said_where_all_it_is_true_by_is_known() -> None:
    script = [
        {"zh": "甲 {amount}。", "en": "A {amount}."},
        {"zh": "乙。", "en": "B.", "by": ["manager_id"]},
        {"zh": "丙 {nothing}。", "en": "C {nothing}."},
        {"zh": "丁[ {nothing}]？", "en": "D[ {nothing}]?"},
    ]
    spec = replace(load_lists()[0], meta={"script": script})
    row: Row = dict.fromkeys(("service_id", "rank", "rank_value", "reason_codes"))
    row |= {"month": "2026-10", "amount": yuan("1.50")}
    assert write_script(spec, "en", row) == "A 1.50. D?"
    ordered = row | {"manager_id": "M1"}
    assert write_script(spec, "zh", ordered) == "甲 1.50。乙。丁？"


def _list_claims(sentence: Sentence) -> set[str]:
    """The facts that a sentence is true by; none of one that asks."""
    return list_facts_needed(sentence, "zh") | list_facts_needed(sentence, "en")


def test_every_sentence_of_every_script_is_true_by_facts_or_asks() -> None:
    sentences = [
        (spec.name, sentence)
        for spec in load_lists()
        for sentence in spec.meta["script"]
    ]
    untraced = [
        (name, sentence["zh"])
        for name, sentence in sentences
        if not _list_claims(sentence)
        and not (sentence["zh"].endswith("？") and sentence["en"].endswith("?"))
    ]
    for _, sentence in sentences:
        for language in LANGUAGES:
            ends = re.findall(r"[。？！]|[.?!](?= |$)", str(sentence[language]))
            assert len(ends) == 1, "one sentence at a time, so that each has its facts"
    assert not untraced and len(sentences) > 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_said_on_a_real_row_is_traced_to_facts_of_that_row(
    language: str,
) -> None:
    """Whatever a script says to a customer stands in the row's facts, and nothing else is said."""
    specs = {spec.name: spec for spec in load_lists()}
    version = twin_operator().version
    rows = read(version, "dispatch_order")
    assert len({row["list"] for row in rows}) > 8
    said_count = fact_count = 0
    numbers: dict[str, str | None] = {row["service_id"]: "1540001" for row in rows}
    for row in rows:
        facts = read_facts(row, language, numbers)
        said = write_script(specs[row["list"]], language, row, numbers)
        left = said
        for sentence in specs[row["list"]].meta["script"]:
            claims = list_facts_needed(sentence, language)
            text = fill_template(sentence[language], facts, language)
            if claims <= facts.keys():
                assert left.startswith(text)
                left = left.removeprefix(text).lstrip()
                said_count += 1
                fact_count += len(claims)
        assert said and not left, (row["list"], left)
        assert row["service_id"] is None or row["service_id"] not in said
    assert said_count > len(rows) and fact_count > len(rows)


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
