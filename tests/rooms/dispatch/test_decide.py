"""What the front matter of a list decides: who may be asked, and what an order of it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.catalogue.spec import Spec
from pipelines.rooms.dispatch.decide import take_list_facts
from tests.cases.bench import make_context, open_engine
from tests.support.dispatched import a_list
from tests.support.small import MONTH, Row

USUAL = {
    "list": "usual", "place": 0, "purpose": "service", "assign": "manager", "is_scored": False,
    "stops_on_complaint": False, "is_held_out": False, "cools_down": True, "is_minimum": False,
    "is_remembered": False, "is_paused": False, "probability": 1.0, "persuadability": 1.0, "renewal": 0.0,
}  # fmt: skip


def take(folder: Path, *lists: Spec, paused: tuple[str, ...] = ()) -> list[Row]:
    """The facts of lists as the room takes them in, in the order of their places."""
    with open_engine("duckdb", folder) as engine:
        context = make_context(MONTH, engine, folder, {})
        facts = take_list_facts(context, lists, paused)
        rows: list[Row] = engine.rows(f"SELECT * FROM {facts.name} ORDER BY place")
        return rows


def test_what_a_list_does_not_say_is_the_usual(tmp_path: Path) -> None:
    assert take(tmp_path, a_list("usual", ["ann"])) == [USUAL]


@pytest.mark.parametrize(
    ("meta", "changed"),
    [
        (
            {"purpose": "marketing"},
            {"purpose": "marketing", "stops_on_complaint": True},
        ),
        (
            {"purpose": "debt"},
            {"purpose": "debt", "stops_on_complaint": True, "cools_down": False},
        ),
        ({"assign": "allocate"}, {"assign": "allocate"}),
        ({"scored": True}, {"is_scored": True}),
        ({"holdout": True}, {"is_held_out": True}),
        ({"minimum": True}, {"is_minimum": True}),
        ({"remember": ["customer_id"]}, {"is_remembered": True}),
        (
            {"prior": {"probability": 0.3, "persuadability": 0.2, "renewal": 0.1}},
            {"probability": 0.3, "persuadability": 0.2, "renewal": 0.1},
        ),
    ],
)
def test_what_it_says_changes_that_and_nothing_else(
    tmp_path: Path, meta: dict[str, Any], changed: Row
) -> None:
    assert take(tmp_path, a_list("usual", ["ann"], **meta)) == [{**USUAL, **changed}]


def test_lists_take_their_turn_as_they_stand_and_only_the_named_are_paused(
    tmp_path: Path,
) -> None:
    lists = [a_list(name, ["ann"]) for name in ("b", "a", "c")]
    taken = take(tmp_path, *lists, paused=("a",))
    assert [(row["list"], row["place"], row["is_paused"]) for row in taken] == [
        ("b", 0, False),
        ("a", 1, True),
        ("c", 2, False),
    ]
