"""Every SQL file on every engine, against tables worked out by hand from the definitions (`tests/cases`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.settings import ENGINES
from tests.cases.bench import run_case
from tests.cases.form import Case, differences, load_cases, read_grid
from tests.support.spark import needs_spark


def _parameters() -> list[object]:
    ends = {"duckdb": "", "spark": " on spark"}
    marks: dict[str, Any] = {"duckdb": (), "spark": needs_spark}
    return [
        pytest.param(engine, case, id=f"{case}{ends[engine]}", marks=marks[engine])
        for case in load_cases()
        for engine in ENGINES
    ]


@pytest.mark.parametrize(("engine", "case"), _parameters())
def test_case(engine: str, case: Case, tmp_path: Path) -> None:
    rows = run_case(engine, case, tmp_path)
    if found := differences(case.expect, rows):
        pytest.fail(
            "\n".join(
                [f"{case}", f"            {' | '.join(case.expect.columns)}", *found]
            ),
            pytrace=False,
        )


def test_differences_are_seen_in_any_order() -> None:
    expect = read_grid("a | b\n1 | 2.50\n  | x\n")
    assert differences(expect, [{"a": None, "b": "x"}, {"a": 1, "b": 2.5}]) == []
    assert differences(expect, [{"a": None, "b": "x"}]) == ["missing:    1 | 2.50"]
    assert (
        differences(expect, [{"a": None, "b": "x"}, {"a": 1, "b": 2.5}] * 2)[0]
        == "unexpected:  | x"
    )


def test_differences_are_seen_in_the_order_that_is_asked_for() -> None:
    expect = replace(read_grid("a\n1\n2\n"), in_order=True)
    assert differences(expect, [{"a": 1}, {"a": 2}]) == []
    assert differences(expect, [{"a": 2}, {"a": 1}]) == ["row 1: 2", "row 2: 1"]
    assert differences(expect, [{"a": 2}]) == ["missing:    1"]


def test_a_yes_is_not_a_one() -> None:
    assert differences(read_grid("a\n1\n"), [{"a": True}]) == [
        "missing:    1",
        "unexpected: true",
    ]


def test_a_column_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    case = next(c for c in load_cases() if c.room == "features" and c.stem == "usage")
    table = next(iter(case.given))
    wrong = Case(
        case.path,
        "",
        case.month,
        case.prior,
        {table: read_grid("service_idd\nS1\n")},
        case.expect,
    )
    with pytest.raises(ValueError, match="service_idd"):
        run_case("duckdb", wrong, tmp_path)
