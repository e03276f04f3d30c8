"""Rules of the gate that have a case: small tables in, the rows that break the rule out (`tests/checks/<table>.<rule>.yml`)."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml

from pipelines.catalogue.check_rules import check_rules, make_empty_tables
from pipelines.catalogue.expectations import Expectation, load_suites
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.jobs.new_files import CHECK_CASES
from tests.cases.form import differences, read_grid

MONTH = Month.parse("2026-10")
RULES = {rule.finding: rule for suite in load_suites(MONTH).values() for rule in suite}
CASES = sorted(CHECK_CASES.glob("*.yml"))


def broken_by(rule: Expectation, given: dict[str, str]) -> list[dict[str, object]]:
    """The rows that break a rule, of tables written as text."""
    with duckdb.connect() as connection:
        make_empty_tables(connection)
        for table, text in given.items():
            grid = read_grid(text)
            names = ", ".join(f'"{name}"' for name in grid.columns)
            marks = ", ".join("?" for _ in grid.columns)
            for row in grid.rows:
                cells = [cell or None for cell in row]
                connection.execute(
                    f"INSERT INTO {table} ({names}) VALUES ({marks})", cells
                )
        rows: list[dict[str, object]] = (
            connection.execute(rule.offending()).to_arrow_table().to_pylist()
        )
    return rows


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_rule_finds_what_its_case_says(path: Path) -> None:
    assert path.stem in RULES, "a case of no rule"
    for case in yaml.safe_load(path.read_text(encoding="utf-8")):
        expect = read_grid(case["expect"])
        rows = broken_by(RULES[path.stem], case["given"])
        assert differences(expect, rows) == [], case["name"]


def test_every_rule_can_be_asked() -> None:
    check_rules.__wrapped__(None)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT no_such FROM {batch}", "no_such"),
        ("SELECT 1 FROM delivered_nothing", "delivered_nothing"),
        ("SELEC 1", "SELEC"),
        ("SELECT 1 AS a; SELECT 2 AS a", "one SELECT"),
    ],
)
def test_a_rule_that_cannot_be_asked_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, why: str
) -> None:
    rows = [
        {
            "type": "unexpected_rows_expectation",
            "kwargs": {"unexpected_rows_query": query},
            "meta": {"id": "x"},
        }
    ]
    (tmp_path / "bill.yml").write_text("# bill\n" + yaml.safe_dump(rows))
    monkeypatch.setattr("pipelines.catalogue.expectations.EXPECTATIONS", tmp_path)
    monkeypatch.setattr("pipelines.catalogue.check_rules.EXPECTATIONS", tmp_path)
    with pytest.raises(SpecError) as caught:
        check_rules.__wrapped__(None)
    assert why in str(caught.value.facts["why"])
    assert (
        caught.value.facts["file"] == "expectations/bill.yml"
        and caught.value.facts["line"] == 3
    )
