"""What is written in any form of a kind is read as what it was: parse(format(x)) == x."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.values import SQL_TYPES
from tests.core.parsing import SERIAL, many, parse_all, quick

amounts = st.decimals("-999999999999.99", "999999999999.99", places=2)
days = st.dates(date(1900, 1, 1), date(2199, 12, 31))


def written_amounts(value: Decimal) -> Iterator[str]:
    plain, grouped = f"{value:f}", f"{value:,.2f}"
    yield from (
        plain,
        grouped,
        f"￥{grouped}",
        f" {plain} ",
        plain.translate(str.maketrans("0123456789.-", "０１２３４５６７８９．－")),
    )
    if value < 0:
        yield from (f"({abs(value):,.2f})", f"{abs(value)}-")


def written_days(day: date) -> list[str]:
    serial = (day - date(1899, 12, 30)).days
    plain = [
        f"{day}",
        f"{day:%Y/%m/%d}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%d/%m/%Y}",
    ]
    return [*plain, f"{SERIAL}{serial}"]


def written_instants(at: datetime) -> list[str]:
    local, west = at + timedelta(hours=8), at - timedelta(hours=3)
    return [
        f"{local}",
        f"{local.isoformat()}+08:00",
        f"{at.isoformat()}Z",
        f"{west.isoformat()}-03:00",
    ]


@quick
@given(many(amounts))
def test_any_amount_comes_back(values: list[Decimal]) -> None:
    pairs = [(text, value) for value in values for text in written_amounts(value)]
    assert parse_all("money", [text for text, _ in pairs]) == [
        value for _, value in pairs
    ]


@quick
@given(many(days))
def test_any_day_comes_back(values: list[date]) -> None:
    pairs = [(text, day) for day in values for text in written_days(day)]
    assert parse_all("date", [text for text, _ in pairs]) == [day for _, day in pairs]


@quick
@given(st.lists(st.integers(-(10**9) + 1, 10**9 - 1)))
def test_any_count_comes_back(values: list[int]) -> None:
    pairs = [
        (text, value)
        for value in values
        for text in (str(value), f"{value:,}", f"{value}.0")
    ]
    assert parse_all("integer", [text for text, _ in pairs]) == [
        value for _, value in pairs
    ]


@quick
@given(
    many(
        st.from_regex(
            r"[0-9]{1,18}|[A-Za-z][A-Za-z0-9_-]{0,20}[A-Z0-9]", fullmatch=True
        )
    )
)
def test_any_id_comes_back(values: list[str]) -> None:
    wanted = [
        None if value.lower() in ("nan", "none", "null", "inf") else value
        for value in values
    ]
    assert (
        parse_all("id", values)
        == wanted
        == parse_all("id", [f" {value}\u3000" for value in values])
    )


@quick
@given(
    many(
        st.datetimes(datetime(1992, 1, 1), datetime(2199, 12, 30)).map(
            lambda t: t.replace(microsecond=0)
        )
    )
)
def test_any_instant_comes_back(values: list[datetime]) -> None:
    pairs = [(text, at) for at in values for text in written_instants(at)]
    assert parse_all("timestamp", [text for text, _ in pairs]) == [
        at for _, at in pairs
    ]


@quick
@given(
    many(
        st.text(
            st.characters(exclude_characters="\x00", exclude_categories=["Cs"]),
            max_size=20,
        )
    )
)
def test_any_text_is_read_or_unknown_and_never_a_crash(texts: list[str]) -> None:
    for kind in SQL_TYPES:
        if kind != "enum":
            assert len(parse_all(kind, texts)) == len(texts)
