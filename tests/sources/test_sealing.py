"""What stands in a raw table in place of names and numbers, and what can be opened again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.operator.sealing import seal_table
from pipelines.store.persons.keys import PersonKeys
from pipelines.store.persons.vault import find_file, read_delivered

CUSTOMER = ("customer_id", "name", "phone", "_extra_1")
SERVICE = ("service_id", "customer_id", "number")
USAGE = ("service_id", "sms_count", "_extra_1")

Row = Sequence[str | None]


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A draft in a home."""
    folder = tmp_path / "home" / "months" / "2026-08" / "draft"
    folder.mkdir(parents=True)
    return folder


def seal(
    draft: Path, table: str, names: Sequence[str], rows: Sequence[Row]
) -> list[Row]:
    """Seal a raw table of those rows; return what stands in it afterwards."""
    path = draft / f"extract_{table}.parquet"
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, names=list(names)), path)
    assert seal_table(table, draft, PersonKeys(draft.parents[2]))
    sealed = pq.read_table(path)
    return list(zip(*(column.to_pylist() for column in sealed.columns), strict=True))


def test_a_cell_becomes_its_number_and_its_form_or_what_was_wrong_with_it(
    draft: Path,
) -> None:
    rows = [
        ("ann", "安", "13812345678", None),
        ("bob", None, "１３８１２３４５６７８", "a note"),
        ("cat", "", "1.38E+10", ""),
        ("dan", "丹\ufffd", "138-1234-5678", None),
    ]
    assert seal(draft, "customer", CUSTOMER, rows) == [
        ("ann", "sealed:1", "sealed:1", None),
        ("bob", None, "sealed:1:full_width_or_invisible", "sealed:0"),
        ("cat", "sealed::other", "sealed::scientific_notation", "sealed:0"),
        ("dan", "sealed:!not_a_text", "sealed:1:other", None),
    ]
    opened = dict(read_delivered(draft, "customer", ("ann", "bob", "cat", "dan")))
    assert opened == {
        "ann": {"name": "安", "phone": "13812345678"},
        "bob": {"phone": "13812345678", "_extra_1": "a note"},
        "cat": {"_extra_1": ""},
        "dan": {"phone": "13812345678"},
    }


def test_of_several_rows_each_says_which_of_them_said_it_first(draft: Path) -> None:
    rows = [
        ("ann", "安", "13812345678", None),
        ("bob", "伯", "13812345670", None),
        ("ann", "安", "13812345679", None),
        ("ann", "安娜", "13812345678", None),
    ]
    told = seal(draft, "customer", CUSTOMER, rows)
    assert [row[1:3] for row in told] == [
        ("sealed:1", "sealed:1"),
        ("sealed:1", "sealed:1"),
        ("sealed:1", "sealed:2"),
        ("sealed:3", "sealed:1"),
    ]
    assert [
        cells["phone"][-1] for _, cells in read_delivered(draft, "customer", ("ann",))
    ] == list("898")


def test_a_row_of_nobody_or_of_a_deleted_customer_is_kept_nowhere(draft: Path) -> None:
    PersonKeys(draft.parents[2]).destroy(["dan"], "2026-08-01")
    rows = [
        (None, "甲", "13812345678", None),
        ("dan", "丹", "13812345678", None),
        ("ann", None, None, None),
    ]
    told = seal(draft, "customer", CUSTOMER, rows)
    assert [row[1:3] for row in told] == [
        ("sealed:0", "sealed:0"),
        ("sealed:1", "sealed:1"),
        (None, None),
    ]
    assert pq.read_table(find_file(draft, "customer")).num_rows == 0


def test_what_is_said_of_a_line_is_sealed_under_its_owners_key(draft: Path) -> None:
    lines = [
        ("s1", "ann", "13812345678"),
        ("s2", None, "13812345670"),
        ("s1", "bob", "x1"),
    ]
    told = seal(draft, "service", SERVICE, lines)
    assert [row[2] for row in told] == ["sealed:1", "sealed:0", "sealed:2"]
    usage = [
        ("s1", "3", "a note"),
        ("s2", "4", "another"),
        ("s3", "5", None),
        ("s1", "6", "一"),
    ]
    assert [row[2] for row in seal(draft, "usage", USAGE, usage)] == [
        "sealed:0",
        "sealed:0",
        None,
        "sealed:0",
    ]
    kept = pq.read_table(find_file(draft, "usage")).select(
        ["subject", "ordinal", "owner"]
    )
    # The last row of a line says whose it is.
    assert kept.to_pylist() == [
        {"subject": "s1", "ordinal": 1, "owner": "bob"},
        {"subject": "s1", "ordinal": 2, "owner": "bob"},
    ]
    assert [cells for _, cells in read_delivered(draft, "usage", ("s1",))] == [
        {"_extra_1": "a note"},
        {"_extra_1": "一"},
    ]
