"""Rows read for the screen are those that Arrow reads, in their order; a file that cannot be read has an error."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.errors import StorageError
from pipelines.store.rows import (
    BATCH_ROWS,
    Among,
    count_by,
    count_rows,
    list_columns,
    read_batches,
    read_first,
    read_rows,
)

SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("amount", pa.decimal128(18, 2)),
        ("share", pa.decimal128(28, 12)),
        ("count", pa.int64()),
        ("small", pa.int32()),
        ("value", pa.float64()),
        ("on", pa.date32()),
        ("at", pa.timestamp("us")),
        ("is_it", pa.bool_()),
    ]
)
CELLS = st.fixed_dictionaries(
    {
        "name": st.none()
        | st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
            max_size=12,
        ),
        "amount": st.none() | st.decimals(-(10**15), 10**15, places=2),
        "share": st.none() | st.decimals(-(10**15), 10**15, places=12),
        "count": st.none() | st.integers(-(2**63), 2**63 - 1),
        "small": st.none() | st.integers(-(2**31), 2**31 - 1),
        "value": st.none() | st.floats(allow_nan=False),
        "on": st.none() | st.dates(date(1900, 1, 1), date(9999, 12, 31)),
        "at": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 31)),
        "is_it": st.none() | st.booleans(),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, max_size=30))
def test_rows_are_those_that_arrow_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "some.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    assert repr(read_rows(path)) == repr(pq.read_table(path).to_pylist())
    assert list_columns(path) == SCHEMA.names and count_rows(path) == len(rows)


@pytest.mark.parametrize(
    "name", ["ann", "o'neill", 'a"b', "'; DROP TABLE held; --", "赵", ""]
)
def test_rows_and_columns_wanted_are_found_whatever_their_words(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "it's.parquet"
    table = pa.table(
        {"name": ["other", name, None, name], 'odd "column"': [1, 2, 3, 4]}
    )
    pq.write_table(table, path)
    assert read_rows(path, ['odd "column"'], name=name) == [
        {'odd "column"': 2},
        {'odd "column"': 4},
    ]


def test_many_rows_come_in_parts_and_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    count = 2 * BATCH_ROWS + 1
    pq.write_table(pa.table({"number": range(count)}), path, row_group_size=7_000)
    batches = list(read_batches(path))
    assert len(batches) > 1
    assert [row["number"] for batch in batches for row in batch] == list(range(count))


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    path = tmp_path / "env=prod" / "some.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"name": ["ann"]}), path)
    assert read_rows(path) == [{"name": "ann"}] and list_columns(path) == ["name"]


def test_money_keeps_its_decimals(tmp_path: Path) -> None:
    path = tmp_path / "money.parquet"
    pq.write_table(
        pa.table({"amount": pa.array([Decimal("89.00")], pa.decimal128(18, 2))}), path
    )
    assert str(read_rows(path)[0]["amount"]) == "89.00"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a table at all", None])
def test_a_file_that_cannot_be_read_has_an_error(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "broken.parquet"
    if content is not None:
        path.write_bytes(content)
    for ask in (read_rows, list_columns, count_rows):
        with pytest.raises(StorageError) as error:
            ask(path)
        assert (
            error.value.key == "storage.unreadable"
            and error.value.facts["where"] == path
        )


# -- the first of them, how many, and those that another table has -----------------------------------------------


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.parquet"
    names = ["d", "a", "c", "b", "it's", None]
    lists = ["x", "x", "y", "x", "y", "y"]
    pq.write_table(pa.table({"name": names, "list": lists, "rank": range(6)}), path)
    return path


def test_the_first_rows_are_in_order_and_no_more(orders: Path) -> None:
    found = read_first(orders, ["name"], ("name",), 2, list="x")
    assert found == [{"name": "a"}, {"name": "b"}]
    assert read_first(orders, ["rank"], ("rank",), 0) == []
    assert len(read_first(orders, ["rank"], ("rank",), 99)) == 6


def test_rows_are_counted_by_their_values(orders: Path) -> None:
    assert count_by(orders, ["list"]) == [
        {"list": "x", "count": 3},
        {"list": "y", "count": 3},
    ]
    assert count_by(orders, ["list"], name=("a", "it's")) == [
        {"list": "x", "count": 1},
        {"list": "y", "count": 1},
    ]
    assert count_by(orders, ["list"], name="nobody") == []


def test_a_value_is_wanted_that_another_table_has(orders: Path, tmp_path: Path) -> None:
    other = tmp_path / "wanted.parquet"
    rows = {"who": ["a", "it's", "c", None], "why": ["full", "full", "late", "full"]}
    pq.write_table(pa.table(rows), other)
    full = Among(other, "who", {"why": "full"})
    assert [row["name"] for row in read_rows(orders, name=full)] == ["a", "it's"]
    assert read_rows(orders, name=full, list="x") == [
        {"name": "a", "list": "x", "rank": 1}
    ]
    assert read_rows(orders, name=Among(other, "who", {"why": "none"})) == []
