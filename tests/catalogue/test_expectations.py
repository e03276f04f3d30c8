"""Expectation files: each loads, speaks of columns the contract knows, and its row rules are SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from sqlglot import exp

from pipelines.catalogue import expectations
from pipelines.catalogue.expectations import SEVERITIES, Expectation, load_suite
from pipelines.core.contract import load_contract, snapshot_columns
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS
from pipelines.core.values import SQL_TYPES
from pipelines.text.texts import LANGUAGES
from pipelines.text.titles import write_title

MONTH = Month.parse("2026-08")
SUITES = {table: load_suite(table, MONTH) for table in load_contract()}
ALL = [e for suite in SUITES.values() for e in suite]
ROW_RULES = [e for e in ALL if e.takes_rows]
PLAUSIBLE = {
    "min_value",
    "max_value",
    "mostly",
    "value_set",
    "column",
    "column_A",
    "column_B",
    "column_list",
}


def test_every_file_is_of_a_table_of_the_contract() -> None:
    assert {p.stem for p in EXPECTATIONS.glob("*.yml")} <= set(load_contract()) and len(
        ALL
    ) > 100


@pytest.mark.parametrize("table", sorted(SUITES))
def test_a_suite_is_in_order(table: str) -> None:
    known = {c.name for c in snapshot_columns(table)} | {
        c.name for c in load_contract()[table].columns
    }
    for e in SUITES[table]:
        assert e.severity in SEVERITIES and set(e.columns) <= known, e.name
    names = [e.name for e in SUITES[table]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("table", [t for t in sorted(SUITES) if SUITES[t]])
def test_keys_are_judged(table: str) -> None:
    unique = [e for e in SUITES[table] if e.type.endswith("unique")]
    assert [set(e.columns) for e in unique] == [
        set(load_contract()[table].key)
    ] and unique[0].severity == "critical"


def test_queries_read_only_what_the_gate_binds() -> None:
    for e in ALL:
        query = e.kwargs.get("unexpected_rows_query", "").replace("{batch}", "batch")
        read = (
            {
                t.name
                for t in sqlglot.parse_one(query, read="duckdb").find_all(exp.Table)
            }
            if query
            else set()
        )
        ctes = {f"delivered_{t}" for t in ("customer", "service", "bill")}
        needed = {
            n
            if "_" in n and n.split("_")[0] in ("previous", "validate")
            else f"delivered_{n.split('.')[0]}"
            for n in e.meta.get("needs", ())
        }
        assert read <= {"batch", "intake", f"previous_{e.table}", *ctes, *needed}, (
            e.name
        )


def test_queries_are_filled_with_the_month_s_days() -> None:
    assert all(
        not {"{month}", "{first_day}", "{last_day}"} & set(str(e.kwargs).split())
        for e in ALL
    )
    rule = next(
        e for e in SUITES["service"] if e.name == "activated_on_not_after_cut_off"
    )
    assert rule.bad_row() == "activated_on > CAST('2026-08-31' AS DATE)"


def empty_table(table: str) -> duckdb.DuckDBPyConnection:
    """A database with the table as it is when rows are set aside."""
    connection = duckdb.connect()
    days = [
        c
        for c in snapshot_columns(table)
        if load_contract()[table].column(c.name) is None
    ]
    columns = ", ".join(
        f'"{c.name}" {SQL_TYPES[c.kind]}'
        for c in (*load_contract()[table].columns, *days)
    )
    connection.execute(f"CREATE TABLE typed ({columns})")
    return connection


@pytest.mark.parametrize("rule", ROW_RULES, ids=lambda e: f"{e.table}-{e.name}")
def test_a_row_rule_is_sql_and_spares_empty_cells(rule: Expectation) -> None:
    connection = empty_table(rule.table)
    connection.execute(
        "INSERT INTO typed BY NAME (SELECT NULL AS "
        + '"'
        + load_contract()[rule.table].columns[0].name
        + '")'
    )
    assert connection.execute(
        f"SELECT COUNT(*) FROM typed WHERE {rule.bad_row()}"
    ).fetchone() == (0,)


def rule(kind: str, **kwargs: Any) -> str:
    return Expectation(
        "bill", kind, kwargs, "warning", {"rows": "quarantine"}
    ).bad_row()


def test_row_rules_by_hand() -> None:
    assert (
        rule("expect_column_values_to_be_between", column="n", min_value=0, max_value=5)
        == '"n" < 0 OR "n" > 5'
    )
    assert (
        rule("expect_column_values_to_be_between", column="n", max_value=0) == '"n" > 0'
    )
    pair = {"column_A": "b", "column_B": "a"}
    assert (
        rule("expect_column_pair_values_a_to_be_greater_than_b", **pair) == '"b" <= "a"'
    )
    assert (
        rule("expect_column_pair_values_a_to_be_greater_than_b", or_equal=True, **pair)
        == '"b" < "a"'
    )
    assert (
        rule(
            "unexpected_rows_expectation",
            unexpected_rows_query="SELECT * FROM {batch} WHERE n < 0",
        )
        == "n < 0"
    )


@pytest.mark.parametrize(
    "kind", ["expect_column_values_to_be_unique", "unexpected_rows_expectation"]
)
def test_what_is_no_row_rule_says_so(kind: str) -> None:
    with pytest.raises(SpecError, match="no_row_rule"):
        rule(kind, column="n", unexpected_rows_query="SELECT COUNT(*) FROM {batch}")


NOT_NULL = "expect_column_values_to_not_be_null"


@pytest.mark.parametrize(
    "row",
    [
        {"kwargs": {}},
        {"type": "expect_x", "severity": "warning"},
        {"type": NOT_NULL, "severity": "fatal", "kwargs": {"column": "bill_id"}},
        {"type": NOT_NULL, "kwargs": {"column": "no_such"}},
        {"type": NOT_NULL, "kwargs": {}},
        {"type": NOT_NULL, "kwargs": {"column": "bill_id", "most": 0.9}},
        {"type": NOT_NULL, "kwargs": {"column": "bill_id"}, "meta": {"ownr": "data"}},
        {
            "type": "expect_column_values_to_be_unique",
            "kwargs": {"column": "bill_id"},
            "meta": {"rows": "quarantine"},
        },
    ],
)
def test_a_bad_row_of_a_file_is_a_spec_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: dict[str, Any]
) -> None:
    (tmp_path / "bill.yml").write_text(yaml.safe_dump([row]))
    monkeypatch.setattr(expectations, "EXPECTATIONS", tmp_path)
    with pytest.raises(SpecError, match="written.bad") as caught:
        load_suite("bill", MONTH)
    assert (
        caught.value.facts["file"] == "expectations/bill.yml"
        and int(str(caught.value.facts["line"])) >= 1
    )
    assert load_suite("usage", MONTH) == []


@pytest.mark.parametrize("text", ["- {", "type: x", "- text"])
def test_a_file_that_is_no_list_is_a_spec_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "bill.yml").write_text(text)
    monkeypatch.setattr(expectations, "EXPECTATIONS", tmp_path)
    with pytest.raises(SpecError):
        load_suite("bill", MONTH)


# -- in words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_is_said_in_words(language: str) -> None:
    said = {e.finding: write_title(e, language) for e in ALL}
    assert not [
        f
        for f, text in said.items()
        if text.startswith("check.") or "?" in text or "{" in text
    ]
    within = [(e.table, said[e.finding]) for e in ALL]
    assert len(set(within)) == len(within)  # no two rules of a table read the same


def test_words_name_the_columns_and_the_limits() -> None:
    found = {e.finding: write_title(e, "en") for e in ALL}
    assert (
        found["usage.column_values_to_be_between:active_days"]
        == "active_days lies between 0 and 31"
    )
    assert (
        found["usage.column_values_to_be_between:voice_calls"]
        == "voice_calls is 0 or more"
    )
    assert (
        found["service.activated_on_not_after_cut_off"]
        == "activated_on is not after the cut-off"
    )
    assert (
        found["organisation.parent_unknown"] == "Every parent_id names an organisation"
    )
