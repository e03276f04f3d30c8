"""What is learnt of a contact, month after month: sums that add up, and bounds that close in."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.holdout.effects import learn_effects
from pipelines.catalogue.outputs import load_lists
from pipelines.rooms.dispatch import find_paused
from pipelines.rooms.feedback.persuasion import write_persuasion
from pipelines.rooms.made_rows import find_schema
from tests.support.small import Row, read, room_context

_SEGMENT = find_schema("feedback_segment")
_LEARNT = find_schema("feedback_persuasion")
LISTS = {spec.name: spec for spec in load_lists() if spec.meta["holdout"]}
PRIORS = {name: spec.meta["prior"]["persuadability"] for name, spec in LISTS.items()}


def arms(*rows: tuple[str, str, str, int, int, str]) -> pa.Table:
    """Arms of (list, segment, arm, orders, lost, foreseen)."""
    made = []
    for name, segment, arm, orders, lost, foreseen in rows:
        values = (name, segment, arm, orders, lost, lost, Decimal(foreseen))
        made.append(dict(zip(_SEGMENT.names, values, strict=True)))
    return pa.Table.from_pylist(made, schema=_SEGMENT)


MONTH = arms(
    ("churn_risk", "new", "treated", 100, 4, "5"),
    ("churn_risk", "new", "holdout", 12, 1, "0.6"),
    ("churn_risk", "old", "treated", 200, 3, "6"),
    ("card_issue", "old", "treated", 50, 2, "1"),
)


def learn(folder: Path, months: Sequence[pa.Table]) -> dict[tuple[str, str], Row]:
    """Run month after month and return the last one's rows by list and segment."""
    before: dict[str, pa.Table] = {}
    for place, month in enumerate(months):
        there = folder / str(place)
        there.mkdir()
        with room_context(there, {"feedback_segment": month, **before}) as context:
            write_persuasion(context)
        path = there / "feedback_persuasion.parquet"
        before = {"prior.feedback_persuasion": pq.read_table(path)}
    rows = read(there, "feedback_persuasion")
    return {(row["list"], row["segment"]): row for row in rows}


def test_months_add_up_by_segment_and_over_the_list(tmp_path: Path) -> None:
    found = learn(tmp_path, [MONTH, MONTH, MONTH])
    new, whole = found["churn_risk", "new"], found["churn_risk", "all"]
    assert (new["month_count"], whole["month_count"]) == (3, 3)
    assert (new["treated_order_count"], new["holdout_lost_count"]) == (300, 3)
    assert whole["treated_order_count"] == 900 and whole["treated_lost_count"] == 21
    assert whole["treated_foreseen_sum"] == Decimal(33)
    assert whole["holdout_foreseen_sum"] == Decimal("1.8")


def test_every_list_that_holds_somebody_out_has_a_row_and_no_other(
    tmp_path: Path,
) -> None:
    found = learn(tmp_path, [MONTH])
    assert {name for name, segment in found if segment == "all"} == set(LISTS)
    assert ("card_issue", "old") not in found
    for name, prior in PRIORS.items():
        assert found[name, "all"]["prior"] == prior


def test_a_segment_without_a_hold_out_is_held_to_be_as_its_list(tmp_path: Path) -> None:
    found = learn(tmp_path, [MONTH])
    old, whole = found["churn_risk", "old"], found["churn_risk", "all"]
    for column in ("persuadability", "persuadability_low", "persuadability_high"):
        assert old[column] == whole[column]


def test_bounds_close_in_with_the_months(tmp_path: Path) -> None:
    month = arms(
        ("churn_risk", "new", "treated", 100, 4, "5"),
        ("churn_risk", "new", "holdout", 12, 1, "1"),
    )
    before = learn_effects(PRIORS, {})["churn_risk"].whole
    width = before.high - before.low
    for months in (1, 6, 24):
        folder = tmp_path / str(months)
        folder.mkdir()
        row = learn(folder, [month] * months)["churn_risk", "all"]
        now = row["persuadability_high"] - row["persuadability_low"]
        assert now < width
        width = now


def test_a_month_without_orders_changes_nothing(tmp_path: Path) -> None:
    first = learn(tmp_path, [MONTH])
    table = pa.Table.from_pylist(list(first.values()), schema=_LEARNT)
    there = tmp_path / "later"
    there.mkdir()
    given = {
        "feedback_segment": "not dispatched: 2026-07",
        "prior.feedback_persuasion": table,
    }
    with room_context(there, given) as context:
        write_persuasion(context)
    assert read(there, "feedback_persuasion") == list(first.values())


def test_before_any_order_it_is_not_computed_and_says_why(tmp_path: Path) -> None:
    with room_context(tmp_path, {"feedback_segment": "not held: 2026-07"}) as context:
        write_persuasion(context)
        entry = context.entries["feedback_persuasion"].to_json()
    assert entry["reasons"] == ["not held: 2026-07"]


@pytest.mark.parametrize("lost", [4, 60])
def test_what_drives_customers_away_is_paused(tmp_path: Path, lost: int) -> None:
    month = arms(
        ("churn_risk", "new", "treated", 1000, 10 * lost, "40"),
        ("churn_risk", "new", "holdout", 1000, 40, "40"),
    )
    found = learn(tmp_path, [month])
    (tmp_path / "dispatch").mkdir()
    table = pa.Table.from_pylist(list(found.values()), schema=_LEARNT)
    given = {"feedback_persuasion": table}
    with room_context(tmp_path / "dispatch", given) as context:
        paused = "churn_risk" in find_paused(context)
    assert paused == found["churn_risk", "all"]["is_harmful"] == (lost == 60)
