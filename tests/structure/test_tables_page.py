"""The page of tables says what they declare."""

from __future__ import annotations

from pipelines import ROOMS
from pipelines.catalogue.tables import load_tables
from tests.structure.tables_page import OTHERS, PAGE, make_page


def test_the_page_is_made_of_the_declarations() -> None:
    assert PAGE.read_text("utf-8") == make_page(), (
        "run python -m tests.structure.tables_page"
    )


def test_no_table_is_left_out() -> None:
    assert {table.room for table in load_tables().values()} <= {*ROOMS, *OTHERS}
    page = make_page()
    for name, table in load_tables().items():
        is_shown = f"### {name}\n" in page
        is_copy = table.is_open or name.endswith("_rejected")
        assert is_shown != is_copy, name
