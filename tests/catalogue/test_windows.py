"""Windows: columns over the last months of a history, as they are declared."""

from __future__ import annotations

import duckdb
import pytest
from pydantic import ValidationError
from sqlglot import exp

from pipelines.catalogue.front_matter import Windows
from pipelines.catalogue.windows import list_window_columns

DECLARED = {
    "sum": {"months": [2, 3], "of": {"paid": "DECIMAL(18, 2)"}},
    "known": {"months": [3], "of": {"paid_known": "paid"}},
    "slope": {"months": [3], "of": ["paid"]},
    "streak": {"months": 3, "of": {"idle_streak": "is_idle"}},
}


def work_out(months: str) -> dict[str, object]:
    """The declared columns of one row, whose months are given as SQL."""
    columns = list_window_columns(Windows.model_validate(DECLARED))
    sql = exp.select(*columns).from_("history").sql("duckdb")
    with duckdb.connect() as connection:
        history = f"CREATE TABLE history AS SELECT {months}"
        connection.execute(history)
        rows = connection.execute(sql).to_arrow_table().to_pylist()
    (row,) = rows
    return {
        name: float(value) if name.startswith("paid_s") and value is not None else value
        for name, value in row.items()
    }


def test_every_month_known() -> None:
    found = work_out(
        "8.00 AS paid_0, 4.00 AS paid_1, 2.00 AS paid_2, "
        "TRUE AS is_idle_0, TRUE AS is_idle_1, FALSE AS is_idle_2"
    )
    assert found == {
        "paid_sum_2": 12.0,
        "paid_sum_3": 14.0,
        "paid_known_3": 3,
        "paid_slope_3": 3.0,
        "idle_streak": 2,
    }


def test_a_month_that_is_not_known_adds_nothing_has_no_slope_and_ends_a_streak() -> (
    None
):
    found = work_out(
        "8.00 AS paid_0, CAST(NULL AS DECIMAL(18, 2)) AS paid_1, 2.00 AS paid_2, "
        "TRUE AS is_idle_0, CAST(NULL AS BOOLEAN) AS is_idle_1, TRUE AS is_idle_2"
    )
    assert found == {
        "paid_sum_2": 8.0,
        "paid_sum_3": 10.0,
        "paid_known_3": 2,
        "paid_slope_3": None,
        "idle_streak": 1,
    }


def test_a_window_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match="median"):
        Windows.model_validate(DECLARED | {"median": {"months": [3], "of": ["paid"]}})
