"""What a text means in SQL is what it was, whatever is in it."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.quoting import quote_text


@pytest.mark.parametrize("text", ["", "\0", "a\0", "\0'b'\0\0", "';--", "经理\0"])
def test_a_quoted_text_is_the_text(text: str) -> None:
    assert duckdb.sql(f"SELECT {quote_text(text)}").fetchall() == [(text,)]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_a_text_holds_it_stays_one_value(text: str) -> None:
    found = duckdb.sql(
        f"SELECT 1 WHERE {quote_text(text)} = $text", params={"text": text}
    )
    assert found.fetchall() == [(1,)]
