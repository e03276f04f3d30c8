"""Changes to SQL: each kind is made, and what a case must notice it does."""

from __future__ import annotations

import pytest

from pipelines.core.paths import SQL
from tests.mutation.sql_changes import change_select
from tests.mutation.sql_files import list_files, try_file


@pytest.mark.parametrize(
    ("sql", "changed"),
    [
        ("SELECT a FROM t WHERE a < 1", "SELECT a FROM t WHERE a <= 1"),
        ("SELECT a FROM t WHERE a < 1", "SELECT a FROM t WHERE a < 2"),
        ("SELECT a FROM t WHERE a < 1", "SELECT a FROM t"),
        ("SELECT a FROM t WHERE b AND c", "SELECT a FROM t WHERE b OR c"),
        ("SELECT a FROM t WHERE b AND c", "SELECT a FROM t WHERE c"),
        ("SELECT a FROM t WHERE NOT b", "SELECT a FROM t WHERE b"),
        ("SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE NOT b IS NULL"),
        ("SELECT a + b FROM t", "SELECT a - b FROM t"),
        ("SELECT COALESCE(a, b) FROM t", "SELECT a FROM t"),
        ("SELECT DISTINCT a FROM t", "SELECT a FROM t"),
        ("SELECT COUNT(DISTINCT a) FROM t", "SELECT COUNT(a) FROM t"),
        ("SELECT MIN(a) FROM t", "SELECT MAX(a) FROM t"),
        ("SELECT a IN ('x', 'y') FROM t", "SELECT a IN ('y') FROM t"),
        ("SELECT a FROM t JOIN u ON t.b = u.b", "SELECT a FROM t LEFT JOIN u ON t.b = u.b"),
        ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
    ],
)  # fmt: skip
def test_a_select_is_changed_in_each_of_these_ways(sql: str, changed: str) -> None:
    made = [tree.sql("duckdb") for tree in change_select(sql)]
    assert changed in made
    assert sql not in made


def test_how_many_digits_a_number_may_have_is_no_decision() -> None:
    assert list(change_select("SELECT CAST(a AS DECIMAL(18, 2)) FROM t")) == []


def test_files_are_named_alone_and_by_folder() -> None:
    assert list(list_files(["kpi/arrears_rate"])) == [SQL / "kpi/arrears_rate.sql"]
    folder = list(list_files(["kpi"]))
    assert len(folder) > 20 and {path.parent for path in folder} == {SQL / "kpi"}


@pytest.mark.parametrize("name", ["kpi/arrears_rate", "features/owner"])
def test_no_change_of_these_is_past_their_cases(name: str) -> None:
    outcome = try_file(SQL / f"{name}.sql")
    assert outcome.tried > 5 and outcome.survivors == []
