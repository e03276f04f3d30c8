"""Physical types: each is carried exactly, written as text, or refused by name; nothing is rounded on the way."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.core.contract import load_contract
from pipelines.sources.operator.batches.part import Part
from pipelines.sources.operator.batches.physical_types import find_way
from pipelines.sources.operator.batches.typed_batches import spool_rows
from pipelines.sources.operator.batches.writer import write_parts
from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.parquet_file import open_parquet
from pipelines.sources.operator.staging import Staged

PAYMENT = load_contract()["payment"]
AMOUNT = Decimal("6.84")
AT = datetime(2026, 8, 15, 1, 2, 3)

# How a column of each type arrives: the type in the raw table and the value.
WAYS: list[tuple[pa.Array, str, Any]] = [
    (pa.array([AMOUNT], pa.decimal256(60, 2)), "VARCHAR", "6.84"),
    (pa.array([AMOUNT], pa.decimal256(38, 2)), "DECIMAL(38,2)", AMOUNT),
    (pa.array([AMOUNT], pa.decimal128(38, 2)), "DECIMAL(38,2)", AMOUNT),
    (pa.array([AMOUNT], pa.decimal64(18, 2)), "DECIMAL(18,2)", AMOUNT),
    (pa.array([AMOUNT], pa.decimal32(9, 2)), "DECIMAL(9,2)", AMOUNT),
    (pa.array([6.84], pa.float16()), "VARCHAR", "6.84"),
    (pa.array([6.84], pa.float32()), "FLOAT", pytest.approx(6.84, rel=1e-6)),
    (pa.array([6.84], pa.float64()), "DOUBLE", 6.84),
    (pa.array([2**64 - 1], pa.uint64()), "UBIGINT", 2**64 - 1),
    (pa.array([-(2**63)], pa.int64()), "BIGINT", -(2**63)),
    (pa.array([-128], pa.int8()), "TINYINT", -128),
    (pa.array([True]), "BOOLEAN", True),
    (pa.array(["6.84"], pa.large_string()), "VARCHAR", "6.84"),
    (pa.array(["6.84"], pa.string_view()), "VARCHAR", "6.84"),
    (pa.array(["6.84"]).dictionary_encode(), "VARCHAR", "6.84"),
    (pa.array([b"6.84"]), "VARCHAR", "6.84"),
    (pa.array([b"6.84"], pa.binary(4)), "VARCHAR", "6.84"),
    (pa.array([b"\xff"]), "VARCHAR", "\ufffd"),
    (pa.array([uuid.UUID(int=7).bytes], pa.uuid()), "VARCHAR", str(uuid.UUID(int=7))),
    (pa.array([date(2026, 8, 15)], pa.date64()), "DATE", date(2026, 8, 15)),
    (pa.array([AT], pa.timestamp("ms")), "TIMESTAMP", AT),
    (pa.array([AT], pa.timestamp("ns")), "TIMESTAMP_NS", AT),
    (
        pa.array([AT], pa.timestamp("us", "America/New_York")),
        "TIMESTAMP WITH TIME ZONE",
        AT,
    ),
    (pa.nulls(1), "VARCHAR", None),
]


def arrive(
    tmp_path: Path, *columns: pa.Array, name: str = "amount", **options: Any
) -> tuple[str, Any]:
    """Deliver a payment a column, each in a file of its own; return the raw column's type and its last value."""
    parts = [
        deliver(tmp_path, f"{n}.parquet", column, name, **options)
        for n, column in enumerate(columns)
    ]
    raw = tmp_path / "raw.parquet"
    write_parts(PAYMENT, parts, raw)
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        relation = engine.execute(
            f'SELECT "{name}" FROM read_parquet($raw) ORDER BY _file', {"raw": str(raw)}
        )
        kind, cells = str(relation.description[0][1]), relation.fetchall()
    value = cells[-1][0]
    return kind, value.astimezone(UTC).replace(tzinfo=None) if isinstance(
        value, datetime
    ) and value.tzinfo else value


def deliver(
    tmp_path: Path, file: str, column: pa.Array, name: str, **options: Any
) -> Part:
    cells: dict[str, pa.Array] = {
        c.name: pa.array(["x"] * len(column))
        for c in PAYMENT.columns
        if c.required and c.name != name
    }
    pq.write_table(pa.table(cells | {name: column}), tmp_path / file, **options)
    staged = Staged(
        file, "parquet", tmp_path / file, file, (tmp_path / file).stat().st_size
    )
    return open_parquet(staged, PAYMENT, Limits())


@pytest.mark.parametrize(
    ("column", "kind", "value"),
    WAYS,
    ids=lambda given: str(getattr(given, "type", given)),
)
def test_every_type_arrives_as_it_was_sent(
    tmp_path: Path, column: pa.Array, kind: str, value: object
) -> None:
    assert arrive(tmp_path, column) == (kind, value)


def test_every_type_that_arrow_names_is_on_the_list_or_refused() -> None:
    simple = [
        getattr(pa, name)()
        for name in (
            "null",
            "bool_",
            "date32",
            "date64",
            "float16",
            "float32",
            "float64",
        )
    ]
    simple += [
        getattr(pa, f"{sign}int{bits}")()
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    ]
    simple += [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.binary_view(),
    ]
    carried = [
        *simple,
        *(
            pa.timestamp(unit, zone)
            for unit in ("s", "ms", "us", "ns")
            for zone in (None, "UTC")
        ),
    ]
    assert all(find_way(kind) for kind in carried)
    refused = [
        pa.list_(pa.int8()),
        pa.struct([("a", pa.int8())]),
        pa.map_(pa.string(), pa.string()),
    ]
    refused += [
        pa.duration("us"),
        pa.time32("s"),
        pa.time64("us"),
        pa.month_day_nano_interval(),
    ]
    assert not any(find_way(kind) for kind in refused)


@pytest.mark.parametrize(
    ("column", "key"),
    [
        (pa.array([[1]]), "source.nested_column"),
        (pa.array([{"a": 1}]), "source.nested_column"),
        (pa.array([1], pa.duration("us")), "source.unknown_type"),
        (pa.array([1], pa.time64("us")), "source.unknown_type"),
    ],
    ids=["list", "struct", "duration", "time"],
)
def test_a_type_without_a_way_is_refused_by_name_and_kept_where_nobody_reads_it(
    tmp_path: Path, column: pa.Array, key: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        arrive(tmp_path, column)
    assert refused.value.key == key and refused.value.facts["columns"] == "amount"
    assert arrive(tmp_path, column, name="remark")[0] == "VARCHAR"


@pytest.mark.parametrize("kind", [pa.decimal128(38, 20), pa.decimal256(50, 2)])
def test_parts_whose_decimals_do_not_fit_together_become_text(
    tmp_path: Path, kind: pa.DataType
) -> None:
    wide = pa.array([Decimal("123456789012345678.25")], pa.decimal128(38, 2))
    assert arrive(tmp_path, wide, pa.array([AMOUNT], kind))[0] == "VARCHAR"
    assert Decimal(arrive(tmp_path, wide, pa.array([AMOUNT], kind))[1]) == AMOUNT
    assert (
        arrive(tmp_path, pa.array([AMOUNT], kind), wide)[1] == "123456789012345678.25"
    )


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_a_float_beside_text_is_its_shortest_decimal(
    tmp_path: Path, kind: pa.DataType
) -> None:
    assert arrive(tmp_path, pa.array(["x"]), pa.array([86.1], kind)) == (
        "VARCHAR",
        "86.1",
    )


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("tick", [2**63 - 1, -(2**63) + 1])
def test_an_instant_beyond_all_days_stays_beyond_all_days(
    tmp_path: Path, unit: str, tick: int
) -> None:
    kind = pa.timestamp(unit)
    way = find_way(kind)
    assert way is not None
    carried = way.convert(pa.array([tick, None, 0], pa.int64()).cast(kind))
    ticks = carried.cast(pa.int64()).to_pylist()
    a_second, years = {"us": (10**6, 100_000), "ns": (10**9, 290)}.get(
        unit, (1000, 100_000)
    )
    assert ticks[1:] == [None, 0]
    assert abs(ticks[0]) > a_second * 86_400 * 365 * years and (ticks[0] > 0) == (
        tick > 0
    )
    pq.write_table(pa.table({"x": carried}), tmp_path / "x.parquet")
    with duckdb.connect() as engine:
        texts = engine.execute(
            "SELECT CAST(x AS VARCHAR) FROM read_parquet($f)",
            {"f": str(tmp_path / "x.parquet")},
        )
        assert len(texts.fetchall()) == 3


def test_the_old_instant_of_96_bits_keeps_a_day_without_end(tmp_path: Path) -> None:
    end = pa.array([datetime(9999, 12, 31)], pa.timestamp("us"))
    assert arrive(tmp_path, end, use_deprecated_int96_timestamps=True) == (
        "TIMESTAMP",
        datetime(9999, 12, 31),
    )


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (
            [datetime(2026, 8, 1), datetime(2026, 8, 1, tzinfo=UTC)],
            ["2026-08-01 00:00:00", "2026-08-01 00:00:00+00:00"],
        ),
        (
            [date(2026, 8, 1), datetime(2026, 8, 2, 12)],
            ["2026-08-01", "2026-08-02 12:00:00"],
        ),
        ([2**53 + 1, 2.5], [str(2**53 + 1), "2.5"]),
        ([True, 1], ["true", "1"]),
        ([Decimal("1E+5"), 2], ["100000", "2"]),
        ([Decimal("NaN"), Decimal(1)], ["NaN", "1"]),
        ([Decimal("1E-60")], ["0." + "0" * 59 + "1"]),
        ([b"\xff", "x"], ["\ufffd", "x"]),
    ],
)
def test_values_of_several_kinds_in_a_column_of_a_database_are_each_written(
    tmp_path: Path, values: list[object], texts: list[str]
) -> None:
    parts = spool_rows("q", ["amount"], [[(value,) for value in values]], tmp_path)
    assert [
        cell
        for part in parts
        for batch in part.read()
        for cell in batch.column(0).to_pylist()
    ] == texts
