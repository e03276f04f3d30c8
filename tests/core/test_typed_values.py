"""Values that come typed: read exactly, or told from what is not of their kind."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from pipelines.core.contract import Column
from pipelines.core.values import write_broken_rule
from tests.core.parsing import engine, take


@pytest.mark.parametrize(
    ("kind", "physical", "value", "expected"),
    [
        ("money", "DOUBLE", "86.5", Decimal("86.50")),
        ("money", "FLOAT", "86.1", Decimal("86.10")),
        ("money", "DOUBLE", "0.1::DOUBLE + 0.2::DOUBLE", None),  # 0.30000000000000004
        ("money", "DOUBLE", "'nan'", None),
        ("money", "DOUBLE", "1e16", None),
        ("money", "DECIMAL(18,4)", "86.5", Decimal("86.50")),
        ("money", "DECIMAL(18,4)", "86.505", None),
        ("money", "BIGINT", "86", Decimal("86.00")),
        ("integer", "DOUBLE", "5.0", 5),
        ("integer", "DOUBLE", "5.6", None),
        ("integer", "UBIGINT", "18446744073709551615", None),
        ("quantity", "DOUBLE", "'inf'", None),
        ("quantity", "DOUBLE", "12.5", Decimal("12.5")),
        ("id", "BIGINT", "12345", "12345"),
        ("id", "DOUBLE", "123456789012345680", None),
        ("date", "TIMESTAMP", "'2026-10-31 00:00:00'", date(2026, 10, 31)),
        ("date", "TIMESTAMP", "'2026-10-31 12:00:00'", None),
        ("date", "BIGINT", "20261031", date(2026, 10, 31)),
        (
            "timestamp",
            "TIMESTAMP",
            "'2026-10-31 23:30:00'",
            datetime(2026, 10, 31, 15, 30),
        ),
        (
            "timestamp",
            "TIMESTAMP WITH TIME ZONE",
            "'2026-10-31 23:30:00+08'",
            datetime(2026, 10, 31, 15, 30),
        ),
        ("bool", "BIGINT", "1", True),
        ("bool", "BIGINT", "2", None),
        ("year", "INTEGER", "1987", 1987),
        ("month", "DATE", "'2026-10-01'", "2026-10"),
        ("date", "DATE", "DATE '1970-01-01' + 2147000000", None),
        ("date", "DATE", "'-infinity'", None),
        ("date", "DATE", "'9999-12-31'", date(9999, 12, 31)),
        (
            "date",
            "TIMESTAMP WITH TIME ZONE",
            "'2026-10-30 20:00:00+00'",
            date(2026, 10, 31),
        ),
        ("timestamp", "TIMESTAMP", "'infinity'", None),
        ("timestamp", "TIMESTAMP", "'290000-01-01'", None),
        ("timestamp", "TIMESTAMP_S", "'290000-01-01'", None),
        (
            "timestamp",
            "TIMESTAMP_NS",
            "'2026-10-31 23:30:00'",
            datetime(2026, 10, 31, 15, 30),
        ),
        ("integer", "BIGINT", "1000000000", None),
        ("integer", "BIGINT", "-9223372036854775808", None),
        ("money", "BIGINT", "1000000000000", None),
        ("money", "DECIMAL(38,2)", "99999999999999999999999999999999999.99", None),
        ("money", "DECIMAL(38,0)", "-999999999999", Decimal(-999999999999)),
        ("money", "HUGEINT", "170141183460469231731687303715884105727", None),
        ("quantity", "DOUBLE", "1e300", None),
        ("quantity", "DOUBLE", "1e9", None),
        ("quantity", "DOUBLE", "'nan'", None),
        ("id", "DATE", "'2026-10-31'", None),
        ("id", "BOOLEAN", "true", None),
        ("id", "TIMESTAMP", "'2026-10-31'", None),
    ],
)
def test_typed_columns_are_read_exactly(
    kind: str, physical: str, value: str, expected: object
) -> None:
    assert take(kind, physical, value) == (expected, False)


@pytest.mark.parametrize(
    ("kind", "physical", "value", "rule"),
    [
        ("money", "VARCHAR", "'9999999999999999.99'", "out_of_range"),
        ("money", "DECIMAL(38,2)", "1000000000000", "out_of_range"),
        ("money", "VARCHAR", "'12a'", "not_a_money"),
        ("integer", "INTEGER", "2147483647", "out_of_range"),
        ("integer", "VARCHAR", "'5.6'", "not_a_integer"),
        ("date", "DATE", "DATE '1970-01-01' + 2147000000", "out_of_range"),
        ("date", "VARCHAR", "'2200/1/1'", "out_of_range"),
        ("date", "VARCHAR", "'2026-02-30'", "not_a_date"),
        ("timestamp", "TIMESTAMP", "'infinity'", "out_of_range"),
        ("id", "VARCHAR", "repeat('x', 65)", "out_of_range"),
        ("id", "VARCHAR", "'unclaimed'", "reserved_word"),
        ("id", "VARCHAR", "chr(7) || 'x'", "not_a_id"),
    ],
)
def test_what_is_beyond_the_range_is_told_from_what_is_not_of_the_kind(
    kind: str, physical: str, value: str, rule: str
) -> None:
    text = f"CAST(CAST({value} AS {physical}) AS VARCHAR)"
    assert take(kind, physical, value) == (None, False)
    assert engine.execute(
        f"SELECT {write_broken_rule(Column('x', kind), text)}"
    ).fetchone() == (rule,)


@pytest.mark.parametrize(("value", "expected"), [("18", None), ("99999", None)])
def test_a_year_is_held_to_its_range_however_it_comes(
    value: str, expected: None
) -> None:
    assert take("year", "INTEGER", value) == (expected, False)
