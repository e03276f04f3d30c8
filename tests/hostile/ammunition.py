"""Physical types and extreme values of each, to be thrown at a column; and what a sound column looks like as one."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.core.contract import Column

TEXTS = (
    "", " ", "\u3000", "x" * 64, "x" * 65, "x" * 99_999, "9" * 30, "-" + "9" * 19, "1e400", "1E5", "1.38E+10", "NaN",
    "inf", "-infinity", "infinity", "null", "\\N", "-", "unclaimed", "company", "Company", "ｃｏｍｐａｎｙ",
    "9999999999999999.99", "999999999999.99", "-999999999999.99", "1000000000000", "0.001", ".50", "-.25", "(.5)",
    "999999999", "1000000000", "2147483648", "1900-01-01", "1899-12-31", "2199-12-31", "2200-01-01", "9999-12-31",
    "0001-01-01", "2026-02-30", "2026/8/15 0:00", "2026-08-14T16:00:00Z", "2199-12-31 23:59:59", "31/12/2199",
    "9999-12-31T23:59:59Z", "2026-08", "202608", "true", "是", "=1+1", "@SUM(A1)", "../../../etc/passwd", "a/b\\c",
    'x"; DROP TABLE typed; --', "x'; SELECT 1; --", "$month", "{month}", "%s", "{{ 7*7 }}", "<b>&\"'", "#set page()",
    "a\r\nBcc: x@example.com", "a\x00b", "\x07", "\x85", "\ufffd", "\ue000", "\ue00146326", "\ue002", "\u202e", "😀" * 40,
    "ﬀ", "İ", "١٢٣", "0", "-0", "00", "1", "5", "100", "合计", "total", "nan", "CON", "aux.txt", "~", "..", ".", "-rf",
)  # fmt: skip
_FAR = 2**62


@dataclass(frozen=True)
class Shell:
    """A physical type and the values at its ends."""

    name: str
    kind: pa.DataType
    values: tuple[Any, ...]

    def array(self, cells: Sequence[Any]) -> pa.Array:
        """The cells as a column of the type."""
        if (
            pa.types.is_date64(self.kind)
            or pa.types.is_timestamp(self.kind)
            or pa.types.is_date32(self.kind)
        ):
            raw = pa.int32() if pa.types.is_date32(self.kind) else pa.int64()
            return pa.array(cells, raw).view(self.kind)
        if isinstance(self.kind, pa.BaseExtensionType):
            return pa.ExtensionArray.from_storage(
                self.kind, pa.array(cells, self.kind.storage_type)
            )
        if pa.types.is_decimal(
            self.kind
        ):  # Arrow takes the digits of all from the first
            return pa.concat_arrays(
                [_decimal(cell, self.kind) for cell in cells]
                or [pa.array([], self.kind)]
            )
        return pa.array(cells, self.kind)


def _decimal(cell: Any, kind: pa.DataType) -> pa.Array:
    try:
        return pa.array([cell], kind)
    except pa.ArrowInvalid:  # it does not fit
        return pa.nulls(1, kind)


def shells() -> list[Shell]:
    """Every physical type that a Parquet file can hold."""
    return [
        *_whole_numbers(),
        *_fractions(),
        *_instants(),
        *_texts(),
        *_without_a_way(),
    ]


def _whole_numbers() -> list[Shell]:
    found = [Shell("bool", pa.bool_(), (True, False))]
    for bits in (8, 16, 32, 64):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        ends = tuple(
            v
            for v in (
                low,
                high,
                0,
                -1,
                1,
                5,
                202_608,
                20_260_815,
                10**9 - 1,
                10**12 - 1,
            )
            if low <= v <= high
        )
        found.append(Shell(f"int{bits}", getattr(pa, f"int{bits}")(), ends))
        found.append(
            Shell(f"uint{bits}", getattr(pa, f"uint{bits}")(), (0, 1, 2**bits - 1))
        )
    return found


def _fractions() -> list[Shell]:
    odd = (
        float("nan"),
        float("inf"),
        float("-inf"),
        -0.0,
        1.5,
        0.1,
        13812345601.0,
        5e-324,
        1.7e308,
        1e15 + 0.5,
        1e12,
    )
    found = [
        Shell("float64", pa.float64(), odd),
        Shell("float32", pa.float32(), (*odd[:6], 3e38, 1e-45)),
    ]
    found.append(Shell("float16", pa.float16(), (*odd[:6], 65504.0)))
    makers = {
        "32": (pa.decimal32, 9),
        "64": (pa.decimal64, 18),
        "128": (pa.decimal128, 38),
        "256": (pa.decimal256, 76),
    }
    for bits, (maker, widest) in makers.items():
        for digits, scale in (
            (widest, 0),
            (widest, 2),
            (widest, widest),
            (max(widest - 16, 3), 2),
            (widest, 6),
        ):
            nines = Decimal("9" * digits).scaleb(-scale)
            values = (
                nines,
                -nines,
                Decimal(1).scaleb(-scale),
                Decimal(0).scaleb(-scale),
            )
            found.append(
                Shell(f"decimal{bits}({digits},{scale})", maker(digits, scale), values)
            )
    return found


def _instants() -> list[Shell]:
    days = (
        2**31 - 1,
        -(2**31) + 1,
        -(2**31),
        0,
        2_932_896,
        84_005,
        84_006,
        -25_567,
        -25_568,
        20_680,
    )
    found = [Shell("date32", pa.date32(), days)]
    found.append(
        Shell(
            "date64",
            pa.date64(),
            (*(d * 86_400_000 for d in days), 20_680 * 86_400_000 + 5),
        )
    )
    for unit, scale in (("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        ticks = (
            *(s * scale for s in (0, 1_786_000_000, -2_208_988_800)),
            _FAR,
            -_FAR,
            2**63 - 1,
            -(2**63),
        )
        for zone in (None, "UTC", "Asia/Shanghai", "America/New_York"):
            found.append(
                Shell(f"timestamp({unit},{zone})", pa.timestamp(unit, zone), ticks)
            )
    return found


def _texts() -> list[Shell]:
    found = [
        Shell(name, getattr(pa, name)(), TEXTS)
        for name in ("string", "large_string", "string_view")
    ]
    found.append(Shell("dictionary", pa.dictionary(pa.int32(), pa.string()), TEXTS))
    bytes_ = (
        b"",
        b"abc",
        b"\xff\xfe",
        b"\x00",
        "中".encode("gb18030"),
        b"5",
        b"2026-08-15",
    )
    found += [
        Shell(name, getattr(pa, name)(), bytes_)
        for name in ("binary", "large_binary", "binary_view")
    ]
    found.append(
        Shell("binary(3)", pa.binary(3), (b"abc", b"\xff\xfe\xfd", b"\x00\x00\x00"))
    )
    found.append(
        Shell("uuid", pa.uuid(), (uuid.UUID(int=7).bytes, uuid.UUID(int=0).bytes))
    )
    found.append(Shell("null", pa.null(), (None,)))
    return found


def _without_a_way() -> list[Shell]:
    return [
        Shell("time32", pa.time32("ms"), (0, 86_399_999)),
        Shell("time64", pa.time64("us"), (0, 86_399_999_999)),
        Shell("duration", pa.duration("us"), (0, _FAR)),
        Shell("list", pa.list_(pa.int32()), ([1, 2], [])),
        Shell("struct", pa.struct([("a", pa.int32())]), ({"a": 1},)),
        Shell("map", pa.map_(pa.string(), pa.int32()), ([("a", 1)],)),
    ]


def database_values(draw: random.Random) -> Any:
    """A value as a database without strict types may hold it in any cell."""
    return draw.choice(
        [
            draw.choice(TEXTS), 0, -1, 2**63 - 1, -(2**63), 10**12, 10**9 - 1, 1.5, -0.0, 1e308, 5e-324, float("inf"),
            b"\xff", b"5", b"", None, 20_260_815, 202_608, 13_812_345_601.0, 1,
        ]
    )  # fmt: skip


def edges(column: Column) -> list[str]:
    """The last values that a column of the contract still takes, as text: every room must carry them."""
    return {
        "money": ["999999999999.99", "-999999999999.99", "0.01"],
        "quantity": ["999999999.999999", "-999999999.999999", "0.000001"],
        "integer": ["999999999", "-999999999", "0"],
        "date": ["1900-01-01", "2199-12-31", "9999-12-31"],
        "timestamp": ["1900-01-01 00:00:00", "2199-12-31 23:59:59"],
        "id": [
            "x" * 64,
            "../x",
            "a b/c\\d",
            "客户" * 32,
            "=1+1",
            "Company",
            "CON",
            "1E5",
            '"',
            "'",
            "%s",
            "{}",
        ],
        "text": [
            "x" * 5_000,
            "=1+1",
            "<b>",
            "\u202etxt",
            '"',
            "a\nb",
            "{{ 7*7 }}",
            "😀",
        ],
        "phone": ["1" * 200, "+86 13812345601", "请勿致电"],
        "year": ["1900", "2100"],
        "bool": ["true", "false"],
        "month": ["1900-01", "2199-12"],
        "enum": list(column.values),
    }[column.kind]


def sound_value(column: Column, kind: pa.DataType, text: str | None) -> Any:
    """A sound cell as a value of a type; None where the type cannot say it."""
    if not text:
        return None
    try:
        return _converted(kind, text)
    except (ValueError, ArithmeticError, OverflowError):
        return None


def _converted(kind: pa.DataType, text: str) -> Any:
    types = pa.types
    if types.is_boolean(kind):
        return (
            {"true": True, "false": False}[text] if text in ("true", "false") else None
        )
    if types.is_integer(kind):
        value = int(text)
        return value if pa.array([value], kind) is not None else None
    if types.is_floating(kind):
        return float(text)
    if types.is_decimal(kind):
        amount = Decimal(text)
        return amount if pa.array([amount], kind) is not None else None
    if types.is_date32(kind) or types.is_date64(kind):
        days = (date.fromisoformat(text) - date(1970, 1, 1)).days
        return days if types.is_date32(kind) else days * 86_400_000
    if types.is_timestamp(kind):
        return _ticks(kind, text)
    if (
        types.is_dictionary(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
    ):
        return text
    if (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
    ):
        return text.encode()
    return None


def _ticks(kind: Any, text: str) -> int:
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    microseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return {
        "s": microseconds // 10**6,
        "ms": microseconds // 1000,
        "us": microseconds,
        "ns": microseconds * 1000,
    }[kind.unit]
