"""The effect of the lists, added up month after month; what does harm is paused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.judging.sequences import Arm, orders_needed, revenue_effect
from pipelines.rooms.dispatch import find_paused
from pipelines.rooms.feedback.effect import write_effect
from pipelines.rooms.made_rows import find_schema, make_schema
from tests.support.small import Row, read, room_context

_ARM = make_schema(
    list="VARCHAR",
    arm="VARCHAR",
    order_count="BIGINT",
    kept_count="BIGINT",
    revenue_sum="DECIMAL(28,2)",
    revenue_square_sum="DECIMAL(38,4)",
)
_EFFECT = find_schema("feedback_effect")


def arms(*rows: tuple[str, str, int, int]) -> pa.Table:
    """Arms of (list, arm, orders, kept); everybody who stayed pays a hundred."""
    made = [
        {"list": name, "arm": arm, "order_count": n, "kept_count": k, "revenue_sum": Decimal(100 * k),
         "revenue_square_sum": Decimal(10_000 * k)}
        for name, arm, n, k in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(made, schema=_ARM)


def effects(folder: Path, months: Sequence[pa.Table]) -> dict[str, Row]:
    """Run month after month and return the last one's rows by list."""
    before: dict[str, pa.Table] = {}
    for place, month in enumerate(months):
        there = folder / str(place)
        there.mkdir()
        with room_context(there, {"feedback_arm": month, **before}) as context:
            write_effect(context)
        before = {
            "prior.feedback_effect": pq.read_table(there / "feedback_effect.parquet")
        }
    return {row["list"]: row for row in read(there, "feedback_effect")}


def test_months_add_up(tmp_path: Path) -> None:
    month = arms(
        ("churn_risk", "treated", 100, 90),
        ("churn_risk", "holdout", 20, 16),
        ("arrears", "treated", 50, 50),
    )
    found = effects(tmp_path, [month, month])
    assert set(found) == {"churn_risk", "overall"}  # debt is never held out
    row = found["churn_risk"]
    assert (
        row["treated_order_count"],
        row["holdout_kept_count"],
        row["month_count"],
    ) == (
        200,
        32,
        2,
    )
    assert (
        row["effect"] == pytest.approx(0.1)
        and row["effect_low"] < 0.1 < row["effect_high"]
    )
    assert row["revenue_kept"] == pytest.approx(200 * 10.0) and row["state"] == "open"
    assert (
        found["overall"]["effect"] == pytest.approx(0.1)
        and found["overall"]["treated_order_count"] == 200
    )


def test_too_few_say_nothing(tmp_path: Path) -> None:
    found = effects(
        tmp_path,
        [arms(("renewal", "treated", 100, 90), ("renewal", "holdout", 29, 20))],
    )
    assert (found["renewal"]["state"], found["renewal"]["effect"]) == ("too_few", None)
    assert found["overall"]["revenue_kept"] is None


# Churn: 30 of 60 stayed against none of 30, who came a month later. Renewal: 6 of 60 against 20 of 40 over both months.
# Down-migration has been a list for a month only.
FIRST = arms(
    ("churn_risk", "treated", 60, 30),
    ("renewal", "treated", 40, 0),
    ("renewal", "holdout", 20, 10),
)
SECOND = arms(
    ("churn_risk", "holdout", 30, 0),
    ("renewal", "treated", 20, 6),
    ("renewal", "holdout", 20, 10),
    ("down_migration", "treated", 10, 10),
)


def sums_of(row: Row, arm: str) -> tuple[object, ...]:
    """Orders, who stayed, what they pay and its square."""
    names = ("order_count", "kept_count", "revenue_sum", "revenue_square_sum")
    return tuple(row[f"{arm}_{name}"] for name in names)


def test_an_arm_that_was_empty_for_a_month_is_added_up_as_the_other_is(
    tmp_path: Path,
) -> None:
    found = effects(tmp_path, [FIRST, SECOND])
    assert sums_of(found["churn_risk"], "treated") == (60, 30, 3_000, 300_000)
    assert sums_of(found["churn_risk"], "holdout") == (30, 0, 0, 0)
    assert sums_of(found["renewal"], "treated") == (60, 6, 600, 60_000)
    assert sums_of(found["renewal"], "holdout") == (40, 20, 2_000, 200_000)
    assert sums_of(found["down_migration"], "holdout") == (0, 0, 0, 0)
    months = {name: row["month_count"] for name, row in found.items()}
    assert months == {"churn_risk": 2, "down_migration": 1, "overall": 2, "renewal": 2}


def test_a_list_shows_what_is_kept_within_bounds_and_how_many_orders_are_lacking(
    tmp_path: Path,
) -> None:
    row = effects(tmp_path, [FIRST, SECOND])["renewal"]
    treated, holdout = Arm(60, 6, 600, 60_000), Arm(40, 20, 2_000, 200_000)
    kept = revenue_effect(treated, holdout)
    assert kept is not None and row["revenue_kept"] == pytest.approx(60 * (10 - 50))
    assert row["revenue_kept_low"] == pytest.approx(kept.low)
    assert row["revenue_kept_high"] == pytest.approx(kept.high)
    assert row["needed_order_count"] == orders_needed(treated, holdout, 0.02)


def test_over_all_lists_what_was_kept_is_added_up_and_nothing_is_paused(
    tmp_path: Path,
) -> None:
    row = effects(tmp_path, [FIRST, SECOND])["overall"]
    assert sums_of(row, "treated") == (130, 46, 4_600, 460_000)
    assert sums_of(row, "holdout") == (70, 20, 2_000, 200_000)
    assert row["effect"] == pytest.approx((0.5 - 0.4) / 2)
    assert row["revenue_kept"] == pytest.approx(60 * 50 - 60 * 40)
    assert (row["state"], row["is_paused"]) == ("open", False)
    assert row["needed_order_count"] is row["revenue_kept_low"] is None


def test_only_lists_that_hold_somebody_out_now_are_added_to(tmp_path: Path) -> None:
    with room_context(tmp_path, {"feedback_arm": FIRST}) as context:
        write_effect(context, [])
    [row] = read(tmp_path, "feedback_effect")
    assert (row["list"], row["month_count"]) == ("overall", 0)


def test_a_month_without_orders_adds_nothing_and_forgets_nothing(
    tmp_path: Path,
) -> None:
    month = arms(("churn_risk", "treated", 100, 90), ("churn_risk", "holdout", 40, 32))
    first = effects(tmp_path, [month])
    table = pa.Table.from_pylist(list(first.values()), schema=_EFFECT)
    (tmp_path / "later").mkdir()
    given = {"feedback_arm": "not dispatched: 2026-07", "prior.feedback_effect": table}
    with room_context(tmp_path / "later", given) as context:
        write_effect(context)
    assert {
        row["list"]: row for row in read(tmp_path / "later", "feedback_effect")
    } == first


def test_what_does_harm_is_paused_and_nothing_else(tmp_path: Path) -> None:
    rows = [
        *(("churn_risk", "treated", 900, 700), ("churn_risk", "holdout", 200, 195)),
        *(("renewal", "treated", 900, 890), ("renewal", "holdout", 200, 150)),
        *(
            ("down_migration", "treated", 900, 850),
            ("down_migration", "holdout", 200, 190),
        ),
    ]
    found = effects(tmp_path, [arms(*rows)])
    states = {name: row["state"] for name, row in found.items() if name != "overall"}
    assert states == {
        "churn_risk": "harms",
        "renewal": "helps",
        "down_migration": "open",
    }
    (tmp_path / "dispatch").mkdir()
    with room_context(
        tmp_path / "dispatch",
        {"feedback_effect": pa.Table.from_pylist([*found.values()], _EFFECT)},
    ) as c:
        assert find_paused(c) == {"churn_risk"}


def test_before_any_order_it_is_not_computed_and_says_why(tmp_path: Path) -> None:
    with room_context(tmp_path, {"feedback_arm": "not held: 2026-07"}) as context:
        write_effect(context)
        assert context.entries["feedback_effect"].to_json()["reasons"] == [
            "not held: 2026-07"
        ]


def test_what_nobody_has_heard_of_is_absent(tmp_path: Path) -> None:
    with room_context(tmp_path, {}) as context:
        write_effect(context)
        assert context.entries["feedback_effect"].to_json()["reasons"] == [
            "absent: feedback_arm"
        ]
